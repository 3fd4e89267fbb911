"""Finds the schemas of an operation's bodies. Finds out which of these schemas are persisted or bound to a model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from macaron_django.openapi import MediaType, Operation, Schema
from macaron_django.openapi.operations.media_types import allows_json

__all__ = [
    "AmbiguousOperation",
    "is_listed",
    "json_schema",
    "kept_schemas",
    "listed_schemas",
    "listing",
    "success_schemas",
    "success_status",
]


class AmbiguousOperation(Exception):  # noqa: N818 (an outcome of the rules, which becomes a finding)
    """It isn't clear what a generated operation should do. ``hint`` says how to remove the ambiguity."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def json_schema(content: Mapping[str, MediaType]) -> Schema | None:
    """Returns the schema of the first media type that allows JSON; None if no media type does."""
    return next((m.schema for name, m in content.items() if allows_json(name) and m.schema is not None), None)


def success_schemas(operation: Operation) -> list[Schema]:
    """Returns the JSON schemas of an operation's 2xx responses."""
    return [
        schema
        for status, response in operation.responses.items()
        if str(status).startswith("2")
        for schema in [json_schema(response.content)]
        if schema is not None
    ]


def kept_schemas(schema: Schema, names: Collection[str], depth: int = 0) -> set[str]:
    """If ``names`` contains the name of ``schema``, returns a set with only this name.

    Otherwise, calls itself for each schema in ``allOf``, and returns the union of the results.
    """
    for each in (schema, schema.resolved):
        if each.name in names:
            return {each.name}  # type: ignore[arg-type]  # None is in no mapping of names
    if depth > 16:  # an allOf that contains itself, which has a separate finding
        return set()
    return {name for part in schema.resolved.all_of for name in kept_schemas(part, names, depth + 1)}


def listed_schemas(schema: Schema, names: Collection[str]) -> set[str]:
    """If ``schema`` is an array, returns ``kept_schemas()`` of its items.

    If ``schema`` is an envelope, returns the union of the results for all of its properties that are arrays.
    """
    if is_listed(schema):
        return kept_schemas(schema.resolved.items, names) if schema.resolved.items is not None else set()
    if kept_schemas(schema, names):
        return set()
    return {
        name
        for each in schema.properties.values()
        if is_listed(each.schema)
        for name in listed_schemas(each.schema, names)
    }


def is_listed(schema: Schema) -> bool:
    """Returns whether a schema describes an array."""
    return schema.types == ("array",) or (not schema.types and schema.resolved.items is not None)


def success_status(operation: Operation, *wanted: int) -> int:
    """Returns the first status in ``wanted`` that the operation declares.

    If the operation declares none of them, returns the first status from 200 to 299 that it declares. If it declares no
    such status, or if it also declares ``2XX``, returns the first status in ``wanted``.
    """
    declared = [str(status).upper() for status in operation.responses]
    for status in wanted:
        if str(status) in declared:
            return status
    exact = next((int(s) for s in declared if s.startswith("2") and s.isdigit()), None)
    return wanted[0] if exact is None or "2XX" in declared else exact


def listing(names: Iterable[str]) -> str:
    """Returns the quoted names, sorted and separated by commas, as text for a message."""
    return ", ".join(repr(name) for name in sorted(names))
