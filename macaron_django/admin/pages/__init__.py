"""The admin's read-only pages: an item, the tables of an API, and the engine in use.

Takes a request and renders a template with what DynamoDB holds. Open ``item_pages`` or ``table_pages`` to change a
page, and ``environments`` for what is said about the engine.
"""
