"""Finds operations whose URLs share a name, so that ``reverse()`` finds only one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from macaron_django.api.routing.argument_names import path_arguments
from macaron_django.api.routing.routers import url_name
from macaron_django.api.rules.resources import described
from macaron_django.openapi import Finding, Operation

__all__ = ["shared_url_names"]


def shared_url_names(operations: Iterable[Operation]) -> Iterator[Finding]:
    """Yields a warning for each operation that shares its URL name and arguments with another path."""
    first: dict[tuple[str, frozenset[str]], Operation] = {}
    for operation in operations:
        name = url_name(operation)
        other = first.setdefault((name, frozenset(path_arguments(operation.path).values())), operation)
        if other.path != operation.path and (
            other.operation_id != operation.operation_id or not operation.operation_id
        ):
            yield Finding(
                id="W311",
                level="warning",
                message=f"The URLs of {described(operation)} and {described(other)} have the same name: {name!r}.",
                hint="Give each operation a different operationId, so that reverse() can find both URLs.",
                location=operation.location,
            )
