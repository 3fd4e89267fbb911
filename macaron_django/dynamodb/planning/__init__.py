"""Turns conditions and an order into a query plan: the DynamoDB call for a query, and the conditions to check
afterwards.

``conditions`` represents conditions as trees of lookups, and evaluates them for single items. ``planner`` chooses the
call, and returns one of the plans in ``query_plans``. ``selectivity`` estimates which index leaves the fewest items to
read. ``key_conditions`` combines the lookups on a range key into the one condition that a Query accepts. ``criteria``
has the messages for queries that DynamoDB can't execute. The modules read no settings, and send nothing.
"""
