"""The admin's read-only pages: an item, the tables of an API, and the engine in use.

Each page is a template with data from DynamoDB. The modules:

- ``item_pages``: the page of an item
- ``table_pages``: the pages about tables
- ``environments``: what the pages show about the engine
"""
