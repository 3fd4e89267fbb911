"""Implements ``expired: hidden`` in ``x-persist``: adds a condition to a query plan, so that expired items are hidden.

An item expires at its time to live, but it can take DynamoDB days to delete the item. The schema's ``scan`` policy
doesn't apply to this condition.
"""

from __future__ import annotations

from dataclasses import replace

from macaron_django.dynamodb.planning.conditions import And, Condition, Lookup, Not, simplify
from macaron_django.dynamodb.planning.query_plans import QueryPlan

__all__ = ["expired", "without_expired"]


def expired(ttl: str, now: int) -> Condition:
    """Returns a condition that only expired items meet. ``now`` is in seconds since 1970."""
    return Lookup((ttl,), "lte", ({"N": str(now)},))


def without_expired(plan: QueryPlan, ttl: str, now: int) -> QueryPlan:
    """Returns ``plan`` with a condition that hides expired items. The plan must read the attribute ``ttl``.

    >>> from macaron_django.dynamodb.planning.query_plans import TableKeySchema
    >>> print(without_expired(QueryPlan("scan", TableKeySchema("sessions", "id")), "ends", 1767225600).explain())
    Scan of sessions
      filter in DynamoDB, after reading: not (ends <= 1767225600)
    """
    if plan.kind == "empty":
        return plan
    hidden = simplify(Not(expired(ttl, now)))
    if plan.kind in {"query", "scan"} and not plan.fetch and ttl not in _queried_by(plan):
        return replace(plan, filter=simplify(And((plan.filter, hidden))), hidden=hidden)
    return replace(plan, remainder=simplify(And((plan.remainder, hidden))), hidden=hidden)


def _queried_by(plan: QueryPlan) -> frozenset[str | None]:
    """Returns the attributes that DynamoDB doesn't allow in the filter. For a Query, these are the key attributes."""
    if plan.kind == "scan":
        return frozenset()
    keys = plan.index or plan.table
    return frozenset({keys.hash_key, keys.range_key})
