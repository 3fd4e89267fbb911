"""Stores objects that are built from a document's schemas, such as validators, until the document is freed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from macaron_django.openapi.schema import SchemaDocument

__all__ = ["DocumentMemo"]

Key = TypeVar("Key")
Made = TypeVar("Made")


class DocumentMemo(Generic[Key, Made]):
    """Stores one kind of object, such as validators, by document and key.

    The objects are stored in the document itself, so both are freed together.

    If two threads build the same object at the same time, each thread uses its own object. If clients choose the keys,
    ``most`` limits the number of stored objects per document. Objects above this limit aren't stored, but are
    built again at each use.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most

    def get(self, document: SchemaDocument, key: Key, make: Callable[[], Made]) -> Made:
        """Returns the object stored for ``document`` and ``key``. If there is no such object, ``make`` builds it."""
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
        """Returns all objects stored for ``document``, by key."""
        made: dict[Key, Made] = document.memos.setdefault(self, {})
        return made
