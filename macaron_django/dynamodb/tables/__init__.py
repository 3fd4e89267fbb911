"""Makes the DynamoDB table of a persisted schema, compares it with the schema, and brings it up to date.

``persist_options`` merges what ``x-persist`` and its class say, and ``table_models`` makes the PynamoDB model of it.
Open ``syncing`` for creating, comparing and changing tables, ``table_safeguards`` for backups, deletion protection and
tags, ``table_descriptions`` for what the admin shows, and ``table_accesses`` for which permissions a call needs.
"""
