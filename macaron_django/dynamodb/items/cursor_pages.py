"""Reads one page of a list, and returns the position of the next page."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.items.plan_reader import Match, PlanReader
from macaron_django.dynamodb.planning.conditions import conjuncts
from macaron_django.dynamodb.planning.query_plans import QueryPlan

__all__ = ["CursorPage", "MatchPage", "PageLength", "list_scope", "read_page"]

#: An item's JSON is at most this many times as long as the item in DynamoDB's response. For example, the number 1E+125
#: becomes 126 digits, which is nine times as long as ``{"N":"1E+125"}``.
_GROWTH: Final = 16


@dataclass(frozen=True)
class CursorPage:
    """A page of rows. ``next_cursor`` is the cursor of the next page; None for the last page.

    ``read`` is the number of items that DynamoDB has read, including items that the filter dropped. ``capacity`` is the
    total number of read units that the calls consumed; None if the engine doesn't report read units.
    """

    rows: list[Any]
    next_cursor: str | None
    read: int = 0
    capacity: float | None = None


@dataclass(frozen=True)
class MatchPage:
    """A page of items. It becomes a ``CursorPage``: the items become rows, and ``next`` becomes a cursor."""

    found: Sequence[Match]
    next: AttributeMap | None
    read: int


class PageLength:
    """Adds up the bytes that a page's items need as JSON. A page can have at most ``most`` bytes.

    ``length_of`` returns the number of bytes in an item's JSON. This function is called only if DynamoDB's responses
    are so long that the page might exceed the limit.
    """

    def __init__(self, most: int, length_of: Callable[[Any], int]) -> None:
        self._most, self._length_of = most, length_of
        self._sent: float = 0
        self._count = 0
        self._sum = 1  # two brackets, minus the comma that one item doesn't need

    def fitting(self, found: Sequence[Match], sent: int | None) -> int:
        """Returns the number of matches that fit into the page. At least one match always fits.

        ``found`` has all matches so far. ``sent`` is the length of DynamoDB's last response.
        """
        self._sent += math.inf if sent is None else sent
        if self._sent * _GROWTH > self._most:
            for match in found[self._count :]:
                self._sum += self._length_of(match.item) + 1
                if self._sum > self._most and self._count:
                    return self._count
                self._count += 1
        return len(found)


def read_page(
    reader: PlanReader, limit: int, start: AttributeMap | None = None, length: PageLength | None = None
) -> MatchPage:
    """Reads until ``limit`` items have matched. Continues until it is known whether there is another match.

    LastEvaluatedKey doesn't show whether another match follows, because DynamoDB also sends LastEvaluatedKey if it has
    just read the last item.

    Stops earlier if the plan's ``read_limit`` or the page's ``length`` is reached. The page then has fewer items, or
    none.
    """
    found: list[Match] = []
    last: AttributeMap | None = None
    read = 0
    for batch in reader.batches(start, limit + 1):
        found += batch.found
        read += batch.read
        most = limit if length is None else length.fitting(found[:limit], batch.length)
        if len(found) > most:
            return MatchPage(found[:most], found[most - 1].position, read)
        last = batch.last
    # If ``last`` isn't None, the reader has stopped at ``read_limit``.
    return MatchPage(found, last, read)


def list_scope(persistence: Persistence, plan: QueryPlan) -> str:
    """Returns a string that identifies a list by its API, schema, table, index, filters and direction.

    A cursor is valid only for its list.
    """
    told = [
        plan.kind,
        plan.index.name if plan.index else "",
        repr(plan.partitions or plan.keys),
        repr(plan.range_condition),
        *sorted(repr(part) for part in conjuncts(plan.filter) if part != plan.hidden),
        "remainder",
        *sorted(repr(part) for part in conjuncts(plan.remainder) if part != plan.hidden),
        "forward" if plan.forward else "backward",
    ]
    digest = hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{persistence.api}/{persistence.schema.name}/{plan.table.table}/{digest}"
