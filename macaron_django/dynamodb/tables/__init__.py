"""Creates the DynamoDB table of a persisted schema, compares the table with the schema, and updates the table.

``persist_options`` merges the options of ``x-persist`` with the options of the class that ``x-persist`` refers to.
``table_models`` builds the PynamoDB model of a table. ``syncing`` creates, compares and changes tables.
``table_safeguards`` handles backups, deletion protection and tags. ``table_descriptions`` describes tables for the
admin, and ``table_accesses`` finds the permissions that a call needs.
"""
