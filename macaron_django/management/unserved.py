"""A Document in; the webhooks, callbacks and links that it describes out: kept in the document, not served.

A server sends webhooks and callbacks, it doesn't answer them; links tell a client where an answer leads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from macaron_django.spec import Document, Operation

__all__ = ["Unserved", "unserved"]


@dataclass(frozen=True)
class Unserved:
    """Names; of callbacks and links, the operation comes first: ``POST /orders: paid``."""

    webhooks: tuple[str, ...]
    callbacks: tuple[str, ...]
    links: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.webhooks or self.callbacks or self.links)


def unserved(document: Document) -> Unserved:
    """What a document describes beside the operations that are served."""
    webhooks = tuple(name for name, _ in document._root.child("webhooks").children() if not name.startswith("x-"))
    operations = document.operations if document.dialect != "2.0" else ()
    callbacks = tuple(name for operation in operations for name in _callbacks(operation))
    links = tuple(name for operation in operations for name in _links(operation))
    return Unserved(webhooks, callbacks, links)


def _callbacks(operation: Operation) -> Iterator[str]:
    for name, _ in operation.node.child("callbacks").children():
        if not name.startswith("x-"):
            yield f"{_called(operation)}: {name}"


def _links(operation: Operation) -> Iterator[str]:
    for _, child in operation.node.child("responses").children():
        response = operation.document._follow(child)
        for name, _ in response.child("links").children() if response is not None else ():
            if not name.startswith("x-"):
                yield f"{_called(operation)}: {name}"


def _called(operation: Operation) -> str:
    return f"{operation.method.upper()} {operation.path}"
