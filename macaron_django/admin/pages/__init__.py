"""The admin's read-only pages: an item, the tables of an API, and the engine in use.

Each page is a template with data from DynamoDB. Open ``item_pages`` or ``table_pages`` to change a page. Open
``environments`` to change what the pages say about the engine.
"""
