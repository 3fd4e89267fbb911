"""Stores what is made from a document's schemas, once for each key, as long as the document lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from macaron_django.openapi.schema import SchemaDocument

__all__ = ["DocumentMemo"]

Key = TypeVar("Key")
Made = TypeVar("Made")


class DocumentMemo(Generic[Key, Made]):
    """A memo of one kind of thing, such as validators. The document stores its contents, so both are freed together.

    Two threads may make the same thing at once; each then uses its own. If clients choose the keys,
    ``most`` limits how many things a document stores; any further thing is made anew at each use.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most

    def get(self, document: SchemaDocument, key: Key, make: Callable[[], Made]) -> Made:
        """Returns what is stored for ``document`` and ``key``; if nothing is, ``make`` makes it."""
        made = document.memos.get(self)
        if made is None:
            made = self.of(document)
        found: Made | None = made.get(key)
        if found is None:
            found = make()
            if self._most is None or len(made) < self._most:
                made[key] = found
        return found

    def of(self, document: SchemaDocument) -> dict[Key, Made]:
        """Returns all that is stored for ``document``, by key."""
        made: dict[Key, Made] = document.memos.setdefault(self, {})
        return made
