"""Reads and writes the items of a table: by key, by query plan, in pages, in batches and in transactions.

``item_operations`` has DynamoDB's operations on attribute maps, and ``persistence`` has operations on rows.
``identity`` finds a row's key and version. ``plan_reader`` executes query plans, and ``cursor_pages`` reads pages of
lists. ``transactions`` has the context manager ``transaction()``. ``latency`` measures how fast the engine answers.
``write_conditions`` has the conditions of writes, and the exceptions for conditions that fail. ``expressions`` and
``pynamodb_conditions`` write expressions as text.
"""
