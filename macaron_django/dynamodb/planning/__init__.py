"""Turns conditions and an order into a plan: which call answers a query, and what is left to check afterwards.

``conditions`` is the tree of lookups, which also judges single items; ``planner`` chooses; ``query_plans`` has what
it returns. Open ``selectivity`` for which index is read, ``key_conditions`` for what a Query takes on its range key,
and ``criteria`` for the messages about what DynamoDB can't do. Nothing here reads settings or sends anything.
"""
