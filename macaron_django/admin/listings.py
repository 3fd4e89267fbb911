"""All that a search lists, in pages, however many they are: for exports and for deleting many.

In goes a query set, which may be limited to so many items of a scan for each page; out come its rows, one after the
other. Apart from the list, which shows one page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import Model

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["persistence_of", "rows_of"]


def rows_of(queryset: Any, page_size: int = 500) -> Iterator[Any]:
    """Every row of ``queryset``; PyMacaronException where DynamoDB can't answer it."""
    cursor: str | None = None
    while True:
        page = queryset.page(limit=page_size, cursor=cursor)
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return


def persistence_of(model: type[Model]) -> Persistence:
    """What keeps a model's rows."""
    persistence: Persistence = model.objects.persistence  # type: ignore[attr-defined]
    return persistence
