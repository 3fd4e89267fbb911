"""What the planner is told and what it decides: a table's keys and indexes, an order, and the ``Plan``.

In go names and conditions; out come values that compare and print themselves (``summary``, ``explain``). They are
apart from the planner because whoever runs a plan needs these and not the choosing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from macaron_django.dynamodb.comparisons import AttributeMap, AttributeValue
from macaron_django.dynamodb.lookups import ALL, Both, Condition, Keys, Lookup, describe

__all__ = ["IndexKeys", "Order", "Plan", "TableKeys"]


@dataclass(frozen=True)
class IndexKeys:
    """A secondary index: its keys, and what it holds ("all", "keys" or the names of attributes)."""

    name: str
    hash_key: str
    range_key: str | None = None
    projection: str | tuple[str, ...] = "all"
    local: bool = False


@dataclass(frozen=True)
class TableKeys:
    """What the planner knows of a table; names are attribute names.

    ``required``: the attributes that each item has. ``scan``: the schema's policy for filtered scans;
    ``scan_limit``: how many items a capped one may read.
    """

    table: str
    hash_key: str
    range_key: str | None = None
    indexes: tuple[IndexKeys, ...] = ()
    required: frozenset[str] = frozenset()
    scan: str = "forbidden"
    scan_limit: int = 1000

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        return (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)


@dataclass(frozen=True)
class Order:
    """One term of an ordering; None is the primary key, over which DynamoDB has no order: any satisfies it."""

    attribute: str | None
    descending: bool = False


Kind: TypeAlias = Literal["empty", "get", "batch_get", "query", "scan"]


@dataclass(frozen=True)
class Plan:
    """What will be sent to DynamoDB, and what is checked here afterwards.

    ``keys``: what GetItem or BatchGetItem ask for. ``partitions``: the hash key values of a Query, one call after
    the other. ``range_condition``: the one condition on the range key that a Query can take. ``filter``: what
    DynamoDB checks after reading. ``remainder``: what it can't, checked here. ``fetch``: an index lacks attributes
    that are wanted, so its keys are read first and the items after that. ``read_limit``: where a capped scan stops.
    """

    kind: Kind
    table: TableKeys
    index: IndexKeys | None = None
    keys: tuple[AttributeMap, ...] = ()
    partitions: tuple[AttributeValue, ...] = ()
    range_condition: Lookup | None = None
    filter: Condition = ALL
    remainder: Condition = ALL
    forward: bool = True
    ordered_by: str | None = None
    fetch: bool = False
    read_limit: int | None = None

    @property
    def hash_key(self) -> str:
        return self.index.hash_key if self.index else self.table.hash_key

    @property
    def position_names(self) -> tuple[str, ...]:
        """The attributes that say where in the list an item stands: the table's keys and the index's."""
        names = list(self.table.key_names)
        if self.index:
            names += [self.index.hash_key, *([self.index.range_key] if self.index.range_key else [])]
        return tuple(dict.fromkeys(names))

    def summary(self) -> str:
        """One line: the call.

        >>> Plan("scan", TableKeys("profiles", "profile_id"), read_limit=1000).summary()
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
        """The decision, a line for each part of it."""
        lines = [self.summary()]
        if self.keys:
            lines.append(f"key: {describe(Keys(self.keys[:5]))}{' …' if len(self.keys) > 5 else ''}")
        if self.partitions:
            condition: Condition = Lookup(
                (self.hash_key,), "in" if len(self.partitions) > 1 else "exact", self.partitions
            )
            if self.range_condition:
                condition = Both((condition, self.range_condition))
            lines.append(f"key: {describe(condition)}")
        if self.filter != ALL:
            lines.append(f"filter, by DynamoDB after reading: {describe(self.filter)}")
        if self.ordered_by:
            lines.append(f"order: {self.ordered_by}, {'ascending' if self.forward else 'descending'}")
        if self.fetch and self.index:
            lines.append(
                f"then BatchGetItem of the items found: index {self.index.name} doesn't hold all that is wanted"
            )
        if self.remainder != ALL:
            lines.append(f"filter, here after the answer: {describe(self.remainder)}")
        return "\n  ".join(lines)
