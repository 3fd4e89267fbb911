"""Derives the names of a client's operations from ``x-bind-client``, or else from operationId."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from keyword import iskeyword

from macaron_django.openapi import Document, Operation

__all__ = ["client_names", "shared_names", "unnamed_operations"]


def client_names(document: Document) -> Mapping[str, Operation]:
    """Returns a document's operations, keyed by their names in Python.

    If several operations have the same name, the result contains only the first one.

    If an operationId is a dotted path, the name is its last part. Any other operationId is turned into an identifier:
    ``users/get-by-name`` becomes ``users_get_by_name``. Operations with neither ``x-bind-client`` nor operationId are
    left out.
    """
    return {name: found[0] for name, found in _by_name(document).items()}


def shared_names(document: Document) -> Mapping[str, list[Operation]]:
    """Returns each name that several operations share, with these operations."""
    return {name: found for name, found in _by_name(document).items() if len(found) > 1}


def unnamed_operations(document: Document) -> list[Operation]:
    """Returns the operations that have no name."""
    return [operation for operation in document.operations if _name(operation) is None]


def _by_name(document: Document) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = defaultdict(list)
    for operation in document.operations:
        name = _name(operation)
        if name is not None:
            found[name].append(operation)
    return found


def _name(operation: Operation) -> str | None:
    given = operation.extensions.bind_client or operation.operation_id
    if given is None:
        return None
    if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", given):
        given = given.rpartition(".")[2]
    name = re.sub(r"\W+", "_", given).strip("_")
    if not name:
        return None
    if not name.isidentifier():
        name = f"call_{name}"
    return f"{name}_" if iskeyword(name) else name
