"""Reads all items of a search, page by page, for exports and bulk deletion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import Model

if TYPE_CHECKING:
    from macaron_django.dynamodb.items.persistence import Persistence

__all__ = ["persistence_of", "rows_of"]


def rows_of(queryset: Any, page_size: int = 500) -> Iterator[Any]:
    """Yields every row of ``queryset``, read in pages. Raises PyMacaronException if a call to DynamoDB fails."""
    cursor: str | None = None
    while True:
        page = queryset.page(limit=page_size, cursor=cursor)
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return


def persistence_of(model: type[Model]) -> Persistence:
    """Returns the persistence of a model's rows."""
    persistence: Persistence = model.objects.persistence  # type: ignore[attr-defined]
    return persistence
