"""Combines the lookups on a range key into one condition, because a Query accepts only one on its range key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key

from macaron_django.dynamodb.codec.attribute_values import AttributeValue, compare, same
from macaron_django.dynamodb.codec.roles import MAX_HASH_KEY, MAX_RANGE_KEY
from macaron_django.dynamodb.planning.conditions import Bound, Lookup, bounds

__all__ = ["impossible_key", "range_condition"]


def impossible_key(value: AttributeValue, *, is_range_key: bool) -> bool:
    """Returns True if no item can have this key. DynamoDB would answer a query for such a key with an error, not with
    an empty list.
    """
    ((kind, content),) = value.items()
    size = len(content.encode("utf-8", "surrogatepass")) if kind == "S" else len(content) if kind == "B" else 0
    return kind != "N" and not 0 < size <= (MAX_RANGE_KEY if is_range_key else MAX_HASH_KEY)


def range_condition(lookups: Sequence[Lookup]) -> tuple[Lookup | None, list[Lookup]]:
    """Returns one condition on the range key, because a Query accepts only one. Also returns the lookups that this
    condition covers completely.

    ``gt`` and ``lt`` together become BETWEEN, which includes both bounds. This package later drops the items whose key
    equals a bound. If a value can't be a key, it isn't sent, because DynamoDB refuses such a value even as a bound.
    """
    for operator in ("exact", "startswith"):
        exactly = next((one for one in lookups if one.operator == operator and not _unsendable(one.values[0])), None)
        if exactly is not None:
            return exactly, [exactly]
    listed = next((one for one in lookups if one.operator == "in"), None)
    if listed is not None:
        return _spanning(listed), []
    lowers, uppers = ([one for one in side if not _unsendable(one[0])] for side in bounds(lookups))
    lower = max(lowers, key=cmp_to_key(_lower_order), default=None)
    upper = min(uppers, key=cmp_to_key(_upper_order), default=None)
    if lower and upper:
        chosen = Lookup(lookups[0].path, "range", (lower[0], upper[0]))
    elif lower:
        chosen = Lookup(lookups[0].path, "gt" if lower[1] else "gte", (lower[0],))
    elif upper:
        chosen = Lookup(lookups[0].path, "lt" if upper[1] else "lte", (upper[0],))
    else:
        return None, []
    said = [one for one in lookups if _implies(chosen, one)]
    if lower and upper and same(lower[0], upper[0]):
        chosen = Lookup(chosen.path, "exact", (lower[0],))
    return chosen, said


def _unsendable(value: AttributeValue) -> bool:
    return impossible_key(value, is_range_key=True)


def _order(left: AttributeValue, right: AttributeValue) -> int:
    return compare(left, right) or 0


# If two bounds have the same value, the bound that excludes its value is tighter.
def _lower_order(left: Bound, right: Bound) -> int:
    return _order(left[0], right[0]) or left[1] - right[1]


def _upper_order(left: Bound, right: Bound) -> int:
    return _order(left[0], right[0]) or right[1] - left[1]


def _spanning(listed: Lookup) -> Lookup | None:
    if any(_unsendable(value) or compare(listed.values[0], value) is None for value in listed.values):
        return None
    ascending = sorted(listed.values, key=cmp_to_key(_order))
    return Lookup(listed.path, "range", (ascending[0], ascending[-1]))


def _implies(chosen: Lookup, other: Lookup) -> bool:
    """Returns whether all values that satisfy ``chosen`` also satisfy ``other``. Both are bounds on the same
    attribute.
    """
    (their_lowers, their_uppers), (lowers, uppers) = bounds([other]), bounds([chosen])
    if not their_lowers and not their_uppers:
        return False

    def tighter(ours: list[Bound], theirs: list[Bound], sign: int) -> bool:
        for value, strict in theirs:
            if not ours:
                return False
            order = compare(ours[0][0], value)
            if order is None or order * sign < 0 or (order == 0 and strict and not ours[0][1]):
                return False
        return True

    return tighter(lowers, their_lowers, 1) and tighter(uppers, their_uppers, -1)
