"""Describes a query to the planner, and creates the messages for queries that DynamoDB can't execute."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from macaron_django.dynamodb.codec.attribute_values import AttributeValue, same
from macaron_django.dynamodb.planning.conditions import Condition, Lookup, Not, describe, paths
from macaron_django.dynamodb.planning.query_plans import IndexKeySchema, OrderTerm, TableKeySchema

__all__ = ["Criteria", "attributes_of", "cannot_order", "scan_forbidden"]


@dataclass(frozen=True)
class Criteria:
    """The conditions and the order of a query. All ``parts`` must be true.

    ``wanted`` contains the names of the attributes to read; None means all attributes.
    """

    table: TableKeySchema
    parts: tuple[Condition, ...]
    order: tuple[OrderTerm, ...]
    backward: bool
    wanted: frozenset[str] | None
    consistent: bool

    def lookups(self, attribute: str | None) -> list[Lookup]:
        """Returns the lookups on the attribute itself, but not the lookups on values inside it."""
        return [part for part in self.parts if isinstance(part, Lookup) and part.path == (attribute,)]

    def without(self, consumed: Iterable[Condition]) -> tuple[Condition, ...]:
        """Returns the parts that aren't in ``consumed``. Parts are compared by identity."""
        used = list(consumed)
        return tuple(part for part in self.parts if not any(part is one for one in used))

    def equal_values(self, attribute: str | None) -> tuple[tuple[AttributeValue, ...] | None, list[Lookup]]:
        """Finds the equality lookups on an attribute. Returns two results: the values that all these lookups allow, and
        a list of the lookups. If there are no equality lookups, returns (None, []).
        """
        pinning = [lookup for lookup in self.lookups(attribute) if lookup.operator in {"exact", "in"}]
        if not pinning:
            return None, []
        first, *others = pinning
        values = (v for v in first.values if all(any(same(v, w) for w in other.values) for other in others))
        return tuple(values), pinning

    def finds_all_in(self, index: IndexKeySchema) -> bool:
        """Returns whether the index contains all items that match. An index omits items that lack its range key."""
        name = index.range_key
        if name is None or name in self.table.required or name in self.table.key_names:
            return True
        present = Not(Lookup((name,), "isnull"))
        return any(lookup.operator != "isnull" for lookup in self.lookups(name)) or present in self.parts


def attributes_of(parts: Iterable[Condition]) -> frozenset[str]:
    """Returns the top-level attributes that these conditions use."""
    return frozenset(str(path[0]) for part in parts for path in paths(part))


def cannot_order(criteria: Criteria, term: OrderTerm, place: str) -> str:
    """Returns the message for a sort order that isn't possible.

    ``place`` says what DynamoDB can't sort, such as "a Scan".
    """
    name = term.attribute
    for index in criteria.table.indexes:
        values, _ = criteria.equal_values(index.hash_key)
        if index.range_key == name and values and len(values) == 1 and not criteria.finds_all_in(index):
            return (
                f"DynamoDB can't order {place} in {criteria.table.table} by {name!r}: index {index.name} finds only "
                f"items that have {name!r}. If you need only these items, add {name}__isnull=False or "
                f"using_index({index.name!r})."
            )
    keys = [(criteria.table.hash_key, criteria.table.range_key, "the table")]
    keys += [(index.hash_key, index.range_key, f"index {index.name}") for index in criteria.table.indexes]
    ways = [f"{hash_key} (in {where})" for hash_key, range_key, where in keys if range_key == term.attribute]
    remedy = (
        f"filter by one value of {' or '.join(ways)}"
        if ways
        else f"give an index the range key {term.attribute!r} and filter by its hash key, or sort in Python"
    )
    return f"DynamoDB can't order {place} in {criteria.table.table} by {term.attribute!r}: {remedy}."


def scan_forbidden(criteria: Criteria, condition: Condition) -> str:
    """Returns the message for a filtered scan that the schema doesn't permit."""
    table = criteria.table
    start = f"{describe(condition)} would read all of table {table.table}:"
    lookups = [part for part in criteria.parts if isinstance(part, Lookup) and len(part.path) == 1]
    equal = next((str(one.path[0]) for one in lookups if one.operator in {"exact", "in"}), None)
    if equal is None:
        return (
            f"{start} DynamoDB finds items by one value of a hash key, but none of these filters gives such a value. "
            "Add a filter that does, or permit the scan with `scan: capped` or `scan: allowed` in x-persist."
        )
    usable = {"lt", "lte", "gt", "gte", "range", "startswith"}
    ranged = next((str(one.path[0]) for one in lookups if one.operator in usable and one.path[0] != equal), None)
    keys = f"hash_key: {equal}" + (f", range_key: {ranged}" if ranged else "")
    existing = next((index for index in table.indexes if index.hash_key == equal and not index.local), None)
    if existing is not None and not criteria.consistent:
        return (
            f"{start} index {existing.name} finds only items that have {existing.range_key!r}. "
            f"If you need only these items, add {existing.range_key}__isnull=False or using_index({existing.name!r})."
        )
    if existing is not None:
        return (
            f"{start} index {existing.name} would find the items, but not with a consistent read: "
            "leave consistent() out."
        )
    return (
        f"{start} an index would find the items: add `indexes: {{by_{equal}: {{{keys}}}}}` to x-persist, "
        "or permit the scan with `scan: capped` or `scan: allowed` in x-persist."
    )
