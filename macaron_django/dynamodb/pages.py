"""One page of a list: its items, and where the next page begins.

In go a reader, a limit and a position; out come at most ``limit`` items and the position of the last of them, or
None if nothing follows. Apart from the query set because a page's edges are arithmetic that is tested by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from macaron_django.dynamodb.comparisons import AttributeMap
from macaron_django.dynamodb.lookups import conjuncts

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence
    from macaron_django.dynamodb.plans import Plan
    from macaron_django.dynamodb.reading import Found, Reader

__all__ = ["Page", "PageRead", "list_scope", "read_page"]


@dataclass(frozen=True)
class Page:
    """Rows, the cursor of the rows after them (None at the end), and what they cost.

    ``read``: items that DynamoDB read, those that a filter dropped among them; ``capacity``: the read units that it
    charged for all calls, None where an engine doesn't say.
    """

    rows: list[Any]
    next_cursor: str | None
    read: int = 0
    capacity: float | None = None


@dataclass(frozen=True)
class PageRead:
    """As ``Page``, before items become rows and the position a cursor."""

    found: Sequence[Found]
    next: AttributeMap | None
    read: int


def read_page(reader: Reader, limit: int, start: AttributeMap | None = None) -> PageRead:
    """Read until ``limit`` items matched and it is known whether there is another.

    DynamoDB's own LastEvaluatedKey doesn't say that: it is there, too, where the last item has just been read.
    """
    found: list[Found] = []
    last: AttributeMap | None = None
    read = 0
    for batch in reader.batches(start, limit + 1):
        found += batch.found
        read += batch.read
        if len(found) > limit:
            return PageRead(found[:limit], found[limit - 1].position, read)
        last = batch.last
    # Something is left only where a capped scan had to stop.
    return PageRead(found, last, read)


def list_scope(persistence: Persistence, plan: Plan) -> str:
    """What a cursor is bound to: API, schema, table, index, filters and direction."""
    told = [
        plan.kind,
        plan.index.name if plan.index else "",
        repr(plan.partitions or plan.keys),
        repr(plan.range_condition),
        *sorted(map(repr, conjuncts(plan.filter))),
        "remainder",
        *sorted(map(repr, conjuncts(plan.remainder))),
        "forward" if plan.forward else "backward",
    ]
    digest = hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{persistence.api}/{persistence.schema.name}/{plan.table.table}/{digest}"
