"""Reads one page of a list, and says where the next page begins."""

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

#: An item in our answer may be this many times as long as in DynamoDB's: 1E+125 as a whole number is nine times as
#: long.
_GROWTH: Final = 16


@dataclass(frozen=True)
class CursorPage:
    """Rows, the cursor of the rows after them (None at the end), and what they cost.

    ``read``: items that DynamoDB read, including those that a filter dropped; ``capacity``: the read units that it
    charged for all calls, None if an engine doesn't say.
    """

    rows: list[Any]
    next_cursor: str | None
    read: int = 0
    capacity: float | None = None


@dataclass(frozen=True)
class MatchPage:
    """A page like ``CursorPage``, before its items become rows and its position becomes a cursor."""

    found: Sequence[Match]
    next: AttributeMap | None
    read: int


class PageLength:
    """Adds up the bytes of a page's items as JSON. A page may have ``most`` bytes.

    ``length_of`` is called only if the answers from DynamoDB are long enough for it to matter.
    """

    def __init__(self, most: int, length_of: Callable[[Any], int]) -> None:
        self._most, self._length_of = most, length_of
        self._sent: float = 0
        self._count = 0
        self._sum = 1  # with the brackets, and a comma after each item but one

    def fitting(self, found: Sequence[Match], sent: int | None) -> int:
        """Returns how many of ``found`` fit, at least one. ``found``: all matches so far; ``sent``: the bytes of the
        last answer.
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
    """Reads until ``limit`` items matched and it is known whether another one follows.

    DynamoDB's own LastEvaluatedKey doesn't say that: it is also there if the last item has just been read.
    A page ends before that, perhaps with no item, where the plan's ``read_limit`` or ``length`` is reached.
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
    # Something is left only where the reader had to stop.
    return MatchPage(found, last, read)


def list_scope(persistence: Persistence, plan: QueryPlan) -> str:
    """Returns what a cursor is bound to: API, schema, table, index, filters and direction."""
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
