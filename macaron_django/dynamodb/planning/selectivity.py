"""Uses the schema's information about the keys to estimate the share of a table that a Query must read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from macaron_django.dynamodb.planning.query_plans import QueryPlan, TableKeySchema

__all__ = ["reason", "share"]

#: The assumed share of a table's items that have the same hash key. The three numbers are for a key that groups items,
#: for a key about which nothing is known, and for a key that identifies an item. They matter only in comparison with
#: each other, and with the share 1/n of a key that has n listed values.
_GROUP: Final = 1e-3
_ANY: Final = 1e-4
_ITEM: Final = 1e-6
#: The assumed share of these items that also meet a condition on the range key.
_EQUAL: Final = 1e-3
_BETWEEN: Final = 1e-1
_BEYOND: Final = 1 / 3


def share(plan: QueryPlan) -> float:
    """Returns the estimated share of the table that a Query reads."""
    return len(plan.partitions) * _hash_share(plan.table, plan.hash_key) * _range_share(plan)


def _hash_share(table: TableKeySchema, name: str) -> float:
    if name in table.listed:
        return max(1 / table.listed[name], _ANY)
    if name in table.identifiers:
        return _ITEM
    return _GROUP if name == table.hash_key and table.range_key in table.identifiers else _ANY


def _range_share(plan: QueryPlan) -> float:
    condition = plan.range_condition
    if condition is None:
        return 1
    if condition.operator == "exact":
        name = str(condition.path[0])
        return max(1 / plan.table.listed[name], _EQUAL) if name in plan.table.listed else _EQUAL
    return _BETWEEN if condition.operator in {"range", "startswith"} else _BEYOND


def reason(chosen: QueryPlan, better: Sequence[QueryPlan], worse: Sequence[QueryPlan]) -> str:
    """Returns the reason why a Query was chosen.

    The plans in ``better`` would read less than the chosen plan, but can't return items in the required order. The
    plans in ``worse`` would read at least as much as the chosen plan.
    """
    if better:
        return f"{_place(better[0])} can't return items in this order"
    other = worse[0]
    if share(chosen) == share(other):
        return f"the schema doesn't show that a Query on {_place(other)} would read less"
    return (
        f"a Query on {_place(other)} would probably read more, because in that Query, {_words(other)}, whereas in "
        f"this Query, {_words(chosen)}"
    )


def _place(plan: QueryPlan) -> str:
    return f"index {plan.index.name}" if plan.index else "the table"


def _words(plan: QueryPlan) -> str:
    table, name = plan.table, plan.hash_key
    if name in table.listed:
        words = f"{name} has {table.listed[name]} values"
    elif name in table.identifiers:
        words = f"{name} identifies an item"
    elif _hash_share(table, name) == _GROUP:
        words = f"one {name} has several items, each identified by {table.range_key}"
    else:
        words = f"{name} can have any value"
    condition = plan.range_condition
    if condition is None:
        return words
    if condition.operator == "exact":
        return f"{words}, and the filter gives a value for {condition.path[0]}"
    return f"{words}, and the filter limits {condition.path[0]} to a range"
