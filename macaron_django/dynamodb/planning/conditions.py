"""Represents conditions on items as trees of lookups. Simplifies and evaluates these trees by DynamoDB's rules.

After GetItem, ``matches`` evaluates all conditions. It also evaluates conditions that DynamoDB can't check itself, such
as a filter on key attributes in a Query. ``simplify`` finds contradictions before a call is made.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from macaron_django.dynamodb.codec.attribute_values import (
    AttributeMap,
    AttributeValue,
    Path,
    compare,
    contains,
    equality_form,
    same,
    starts_with,
    value_at,
)

__all__ = [
    "ALL",
    "NOTHING",
    "And",
    "Bound",
    "Condition",
    "KeyIn",
    "Lookup",
    "Not",
    "Or",
    "bounds",
    "conjuncts",
    "describe",
    "matches",
    "paths",
    "simplify",
]

OPERATORS = ("exact", "in", "lt", "lte", "gt", "gte", "range", "startswith", "contains", "isnull")


@dataclass(frozen=True)
class Lookup:
    """One comparison: the attribute at ``path``, one of ``OPERATORS``, and the values to compare with.

    ``isnull`` has no values. It is true if the attribute is absent or NULL.
    """

    path: Path
    operator: str
    values: tuple[AttributeValue, ...] = ()


@dataclass(frozen=True)
class KeyIn:
    """Is true if the item's primary key is one of these keys."""

    keys: tuple[AttributeMap, ...]


@dataclass(frozen=True)
class And:
    """AND. If there are no children, it is true for every item."""

    children: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    """OR. If there are no children, it is false for every item."""

    children: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """NOT. It is also true if the attribute is missing."""

    child: Condition


Condition: TypeAlias = Lookup | KeyIn | And | Or | Not

ALL = And(())
NOTHING = Or(())


def holds(lookup: Lookup, value: AttributeValue | None) -> bool:
    """Returns whether ``lookup`` is true for an attribute with this value. None means that the attribute is absent."""
    if lookup.operator == "isnull":
        return value is None or "NULL" in value
    if value is None:
        return False
    values = lookup.values
    if lookup.operator in {"exact", "in"}:
        return any(same(value, wanted) for wanted in values)
    if lookup.operator == "contains":
        return contains(value, values[0])
    if lookup.operator == "startswith":
        return starts_with(value, values[0])
    return _in_order(lookup.operator, value, values)


def _in_order(operator: str, value: AttributeValue, values: Sequence[AttributeValue]) -> bool:
    order = compare(value, values[0])
    if order is None:
        return False
    if operator == "range":
        upper = compare(value, values[1])
        return order >= 0 and upper is not None and upper <= 0
    return {"lt": order < 0, "lte": order <= 0, "gt": order > 0, "gte": order >= 0}[operator]


def matches(condition: Condition, item: AttributeMap) -> bool:
    """Returns whether ``condition`` is true for ``item``, by the rules of DynamoDB's filter expressions."""
    match condition:
        case Lookup():
            return holds(condition, value_at(item, condition.path))
        case KeyIn():
            return any(all(name in item and same(item[name], key[name]) for name in key) for key in condition.keys)
        case And():
            return all(matches(child, item) for child in condition.children)
        case Or():
            return any(matches(child, item) for child in condition.children)
        case Not():
            return not matches(condition.child, item)


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """Returns the conditions that must all be true for ``condition`` to be true."""
    return condition.children if isinstance(condition, And) else (condition,)


def paths(condition: Condition) -> frozenset[Path]:
    """Returns the paths of all attributes in the condition."""
    match condition:
        case Lookup():
            return frozenset({condition.path})
        case KeyIn():
            return frozenset((name,) for key in condition.keys for name in key)
        case And() | Or():
            return frozenset().union(*(paths(child) for child in condition.children))
        case Not():
            return paths(condition.child)


def simplify(condition: Condition) -> Condition:
    """Returns an equivalent condition with fewer levels. A contradiction becomes ``NOTHING``.

    >>> a, b = ({"S": text} for text in "ab")
    >>> simplify(And((Lookup(("x",), "exact", (a,)), Lookup(("x",), "exact", (b,)))))
    Or(children=())
    >>> simplify(Or((Lookup(("x",), "exact", (a,)), Lookup(("x",), "exact", (b,))))).operator
    'in'
    """
    match condition:
        case Lookup():
            return _simplify_lookup(condition)
        case KeyIn():
            return condition if condition.keys else NOTHING
        case And():
            return _simplify_both(condition)
        case Or():
            return _simplify_either(condition)
        case Not():
            return _simplify_opposite(condition)


def _simplify_lookup(lookup: Lookup) -> Condition:
    if lookup.operator in {"in", "exact"}:
        distinct = tuple({equality_form(value): value for value in lookup.values}.values())
        if not distinct:
            return NOTHING
        return Lookup(lookup.path, "exact" if len(distinct) == 1 else "in", distinct)
    if lookup.operator == "range":
        order = compare(*lookup.values)
        if order == 0:
            return Lookup(lookup.path, "exact", lookup.values[:1])
        return NOTHING if order is None or order > 0 else lookup
    return lookup


def _flat(condition: And | Or) -> list[Condition]:
    flat: list[Condition] = []
    for child in map(simplify, condition.children):
        parts = child.children if isinstance(child, type(condition)) else (child,)
        flat.extend(part for part in parts if part not in flat)
    return flat


def _simplify_both(condition: And) -> Condition:
    parts = _flat(condition)
    if NOTHING in parts:
        return NOTHING
    lookups = [part for part in parts if isinstance(part, Lookup)]
    if any(_contradictory([one for one in lookups if one.path == path]) for path in {one.path for one in lookups}):
        return NOTHING
    return And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else ALL


def _simplify_either(condition: Or) -> Condition:
    parts = _flat(condition)
    if ALL in parts:
        return ALL
    merged: list[Condition] = []
    for part in parts:
        for place, other in enumerate(merged):
            if (both := _merged(other, part)) is not None:
                merged[place] = both
                break
        else:
            merged.append(part)
    return Or(tuple(merged)) if len(merged) > 1 else merged[0] if merged else NOTHING


def _merged(left: Condition, right: Condition) -> Condition | None:
    """Returns one condition for two parts of an OR, if both have primary keys, or both have values of the same
    attribute. Returns None otherwise.
    """
    match left, right:
        case KeyIn(keys), KeyIn(others):
            return KeyIn(keys + tuple(key for key in others if key not in keys))
        case Lookup(path, "exact" | "in", values), Lookup(other, "exact" | "in", more) if path == other:
            return _simplify_lookup(Lookup(path, "in", values + more))
    return None


def _simplify_opposite(condition: Not) -> Condition:
    child = simplify(condition.child)
    if child in (ALL, NOTHING):
        return NOTHING if child == ALL else ALL
    return child.child if isinstance(child, Not) else Not(child)


def _contradictory(lookups: Sequence[Lookup]) -> bool:
    """Returns whether lookups with the same path contradict each other: no attribute value can satisfy all of them."""
    if len(lookups) < 2:
        return False
    if any(one.operator == "isnull" for one in lookups):
        nulls = [{"NULL": True}]
        return not any(all(holds(one, value) for one in lookups) for value in [None, *nulls])
    candidates = next((one.values for one in lookups if one.operator in {"exact", "in"}), None)
    if candidates is not None:
        return not any(all(holds(one, value) for one in lookups) for value in candidates)
    lowers, uppers = bounds(lookups)
    for lower, lower_strict in lowers:
        for upper, upper_strict in uppers:
            order = compare(lower, upper)
            if order is None or order > 0 or (order == 0 and (lower_strict or upper_strict)):
                return True
    return False


Bound: TypeAlias = tuple[AttributeValue, bool]  # the value, and whether the value itself is excluded


def bounds(lookups: Sequence[Lookup]) -> tuple[list[Bound], list[Bound]]:
    """Returns two lists: the lower bounds that ``lookups`` set, and the upper bounds."""
    lowers: list[Bound] = []
    uppers: list[Bound] = []
    for one in lookups:
        if one.operator in {"gt", "gte"}:
            lowers.append((one.values[0], one.operator == "gt"))
        elif one.operator in {"lt", "lte"}:
            uppers.append((one.values[0], one.operator == "lt"))
        elif one.operator == "range":
            lowers.append((one.values[0], False))
            uppers.append((one.values[1], False))
    return lowers, uppers


SIGNS = {"exact": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def describe(condition: Condition) -> str:
    """Returns the condition in words.

    >>> describe(And((Lookup(("age",), "gte", ({"N": "3"},)), Not(Lookup(("a", "b"), "isnull")))))
    'age >= 3 and not (a.b is null)'
    """
    match condition:
        case Lookup():
            return _describe_lookup(condition)
        case KeyIn():
            return " or ".join(_describe_key(key) for key in condition.keys)
        case And():
            return " and ".join(_inside(child) for child in condition.children) or "everything"
        case Or():
            return " or ".join(_inside(child) for child in condition.children) or "nothing"
        case Not():
            return f"not ({describe(condition.child)})"


def _inside(condition: Condition) -> str:
    return f"({describe(condition)})" if isinstance(condition, And | Or) else describe(condition)


def _describe_key(key: AttributeMap) -> str:
    return " and ".join(f"{name} = {show(value)}" for name, value in key.items())


def _describe_lookup(lookup: Lookup) -> str:
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in lookup.path)[1:]
    values = [show(value) for value in lookup.values]
    if lookup.operator == "isnull":
        return f"{name} is null"
    if lookup.operator == "range":
        return f"{name} between {values[0]} and {values[1]}"
    if lookup.operator == "in":
        return f"{name} in ({_few(values)})"
    if lookup.operator == "startswith":
        return f"{name} begins with {values[0]}"
    return f"{name} {SIGNS.get(lookup.operator, lookup.operator)} {values[0]}"


def _few(values: Sequence[str]) -> str:
    return ", ".join(values[:5]) + (f", … {len(values)} values" if len(values) > 5 else "")


def show(value: AttributeValue) -> str:
    """Returns a value in readable form. Long values are shortened."""
    ((kind, content),) = value.items()
    if kind == "N":
        return str(content)
    if kind == "B":
        content = base64.b64encode(content).decode()
    text = repr(content)
    return text if len(text) <= 60 else text[:59] + "…"
