"""Lists a document's webhooks, callbacks and links. This package reads these parts, but doesn't serve them.

Webhooks and callbacks are requests that a server sends. Links are for clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from macaron_django.openapi import Document, Operation

__all__ = ["UnservedParts", "unserved_parts"]


@dataclass(frozen=True)
class UnservedParts:
    """The names of the webhooks, callbacks and links of a document.

    The name of a callback or a link starts with the operation that declares it: ``POST /orders: paid``.
    """

    webhooks: tuple[str, ...]
    callbacks: tuple[str, ...]
    links: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.webhooks or self.callbacks or self.links)


def unserved_parts(document: Document) -> UnservedParts:
    """Returns the webhooks, callbacks and links of a document."""
    webhooks = tuple(name for name, _ in document.root_node.child("webhooks").children() if not name.startswith("x-"))
    operations = document.operations if document.dialect != "2.0" else ()
    callbacks = tuple(name for operation in operations for name in _callbacks(operation))
    links = tuple(name for operation in operations for name in _links(operation))
    return UnservedParts(webhooks, callbacks, links)


def _callbacks(operation: Operation) -> Iterator[str]:
    for name, _ in operation.node.child("callbacks").children():
        if not name.startswith("x-"):
            yield f"{_operation_name(operation)}: {name}"


def _links(operation: Operation) -> Iterator[str]:
    for _, child in operation.node.child("responses").children():
        response = operation.document.follow(child)
        for name, _ in response.child("links").children() if response is not None else ():
            if not name.startswith("x-"):
                yield f"{_operation_name(operation)}: {name}"


def _operation_name(operation: Operation) -> str:
    return f"{operation.method.upper()} {operation.path}"
