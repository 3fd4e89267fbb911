"""Turns conditions and an order into a plan: which call answers a query, and what must be checked afterwards.

``conditions`` is the tree of lookups, which also judges single items; ``planner`` chooses; ``query_plans`` has what
it returns. Open ``selectivity`` for which index is read, ``key_conditions`` for the conditions that a Query accepts on
its range key, and ``criteria`` for the messages about what DynamoDB can't do. Nothing here reads settings or sends
anything.
"""
