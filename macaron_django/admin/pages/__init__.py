"""The admin's read-only pages: an item, the tables of an API, and the engine in use.

It takes a request and renders a template with data from DynamoDB. Open ``item_pages`` or ``table_pages`` to change a
page, and ``environments`` for what pages say about the engine.
"""
