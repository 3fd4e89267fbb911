"""Reads and writes the items of a table: by key, by plan, in pages, in batches and in transactions.

``item_operations`` has DynamoDB's operations on attribute maps, and ``persistence`` those on rows. Open ``identity``
for a row's key and version, ``plan_reader`` for how a query plan is carried out, ``cursor_pages`` for pages,
``transactions`` for ``with transaction():``, ``latency`` for how far away the engine is, ``write_conditions`` for what
a failed condition raises, and ``expressions`` or ``pynamodb_conditions`` for what is sent as text.
"""
