"""The planner's input (key schemas and order terms), and the plan that the planner returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.planning.conditions import ALL, And, Condition, KeyIn, Lookup, describe

__all__ = ["IndexKeySchema", "OrderTerm", "QueryPlan", "TableKeySchema"]


@dataclass(frozen=True)
class IndexKeySchema:
    """A secondary index: its keys, and the attributes that are projected into it ("all", "keys" or their names)."""

    name: str
    hash_key: str
    range_key: str | None = None
    projection: str | tuple[str, ...] = "all"
    local: bool = False


@dataclass(frozen=True)
class TableKeySchema:
    """Describes a table for the planner. The names in this class are attribute names.

    ``required`` has the attributes that each item has besides its keys. ``scan`` is the schema's policy for filtered
    scans. A capped scan reads at most ``scan_limit`` items. If the schema limits the values of an attribute, ``listed``
    has the number of possible values. Each attribute in ``identifiers`` is enough to identify an item.
    """

    table: str
    hash_key: str
    range_key: str | None = None
    indexes: tuple[IndexKeySchema, ...] = ()
    required: frozenset[str] = frozenset()
    scan: str = "forbidden"
    scan_limit: int = 1000
    listed: Mapping[str, int] = field(default_factory=dict, hash=False)
    identifiers: frozenset[str] = frozenset()

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """The hash key and, if there is one, the range key."""
        return (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)


@dataclass(frozen=True)
class OrderTerm:
    """One term of a sort order. If ``attribute`` is None, the term means the primary key. Such a term has an
    effect only if a Query reads the items of one hash key from the table: these items are sorted by the range key. In
    all other cases, the items can be in any order.
    """

    attribute: str | None
    descending: bool = False


Kind: TypeAlias = Literal["empty", "get", "batch_get", "query", "scan"]


@dataclass(frozen=True)
class QueryPlan:
    """The calls to DynamoDB for a query, and the conditions that are checked afterwards.

    ``keys`` are the keys for GetItem or BatchGetItem. ``partitions`` are values of the hash key. For each value, there
    is one Query, and the Queries run one after another. ``range_condition`` is the Query's condition on the range key.
    ``filter`` is the condition that DynamoDB checks after reading. ``remainder`` is the condition that this package
    checks, because DynamoDB can't check it.

    If ``fetch`` is True, the index doesn't have all the attributes that the query needs. In this case, the query reads
    keys from the index, and then reads the items with these keys from the table. Reading stops after ``read_limit``
    items, as in a capped scan. If there were several possible plans, ``reason`` explains in words why this plan was
    chosen. ``hidden`` is the condition that hides expired items. This condition is a part of the filter or of the
    remainder, and depends on the current time.
    """

    kind: Kind
    table: TableKeySchema
    index: IndexKeySchema | None = None
    keys: tuple[AttributeMap, ...] = ()
    partitions: tuple[AttributeValue, ...] = ()
    range_condition: Lookup | None = None
    filter: Condition = ALL
    remainder: Condition = ALL
    forward: bool = True
    ordered_by: str | None = None
    fetch: bool = False
    read_limit: int | None = None
    reason: str = field(default="", compare=False)
    hidden: Condition = ALL

    @property
    def hash_key(self) -> str:
        """The hash key of the index, or of the table if no index is used."""
        return self.index.hash_key if self.index else self.table.hash_key

    @property
    def position_names(self) -> tuple[str, ...]:
        """The attributes that determine an item's position in the list: the keys of the table and of the index."""
        names = list(self.table.key_names)
        if self.index:
            names += [self.index.hash_key, *([self.index.range_key] if self.index.range_key else [])]
        return tuple(dict.fromkeys(names))

    def summary(self) -> str:
        """Returns the call in one line.

        >>> QueryPlan("scan", TableKeySchema("profiles", "profile_id"), read_limit=1000).summary()
        'Scan of profiles, at most 1,000 items read'
        """
        if self.kind == "empty":
            return "No call: nothing can match"
        if self.kind == "get":
            return f"GetItem from {self.table.table}"
        if self.kind == "batch_get":
            return f"BatchGetItem of {len(self.keys)} keys from {self.table.table}"
        target = f"index {self.index.name} of {self.table.table}" if self.index else self.table.table
        if self.kind == "scan":
            cap = f", at most {self.read_limit:,} items read" if self.read_limit is not None else ""
            return f"Scan of {target}{cap}"
        times = f"{len(self.partitions)} Queries" if len(self.partitions) > 1 else "Query"
        return f"{times} on {target}"

    def explain(self) -> str:
        """Returns the plan in words, with one line for each part."""
        lines = [self.summary()]
        if self.keys:
            lines.append(f"key: {describe(KeyIn(self.keys[:5]))}{' …' if len(self.keys) > 5 else ''}")
        if self.partitions:
            condition: Condition = Lookup(
                (self.hash_key,), "in" if len(self.partitions) > 1 else "exact", self.partitions
            )
            if self.range_condition:
                condition = And((condition, self.range_condition))
            lines.append(f"key: {describe(condition)}")
        if self.reason:
            lines.append(f"why: {self.reason}")
        if self.filter != ALL:
            lines.append(f"filter in DynamoDB, after reading: {describe(self.filter)}")
        if self.ordered_by:
            lines.append(f"order: {self.ordered_by}, {'ascending' if self.forward else 'descending'}")
        if self.fetch and self.index:
            lines.append(
                f"then BatchGetItem for the items found, because index {self.index.name} doesn't have all the required "
                "attributes"
            )
        if self.remainder != ALL:
            lines.append(f"filter in this process, after DynamoDB's response: {describe(self.remainder)}")
        return "\n  ".join(lines)
