"""Finds every schema of a document once: in components and operations, in other schemas, and behind references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from macaron_django.openapi.keywords import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS

if TYPE_CHECKING:
    from macaron_django.openapi import Direction, Document, Header, MediaType, Operation, Schema

__all__ = ["Use", "all_schemas", "uses"]


class Use(NamedTuple):
    """A schema, and the direction in which its instances are sent.

    The direction is ``"request"`` or ``"response"``. None means that both directions are possible.
    """

    schema: Schema
    direction: Direction | None


def uses(document: Document) -> Iterator[Use]:
    """Yields the components, then every body, parameter and header of the operations."""
    for name in document.schemas:
        yield Use(document.schemas[name], "request")
    for operation in document.operations:
        yield from _uses_of(operation)


def _uses_of(operation: Operation) -> Iterator[Use]:
    for parameter in operation.parameters:
        yield Use(parameter.schema, None)
    if operation.request_body is not None:
        yield from _media(operation.request_body.content.values(), "request")
    for response in operation.responses.values():
        yield from _media(response.content.values(), "response")
        yield from _headers(response.headers.values())


def _media(media: Iterable[MediaType], direction: Direction) -> Iterator[Use]:
    for each in media:
        for schema in (each.schema, each.item_schema):
            if schema is not None:
                yield Use(schema, direction)
        for encoding in each.encoding.values():
            yield from _headers(encoding.headers.values())


def _headers(headers: Iterable[Header]) -> Iterator[Use]:
    return (Use(header.schema, None) for header in headers)


def all_schemas(roots: Iterable[Schema]) -> Iterator[Schema]:
    """Yields the roots, their subschemas at any depth, and the targets of references.

    Each is yielded once, parents first.
    """
    seen: set[Schema] = set()
    todo = list(reversed(list(roots)))
    while todo:
        schema = todo.pop()
        if schema in seen:
            continue
        seen.add(schema)
        yield schema
        if schema.target is not None:
            todo.append(schema.target)
        todo += reversed(list(_subschemas(schema)))


def _subschemas(schema: Schema) -> Iterator[Schema]:
    json = schema.json
    if isinstance(json, bool):
        return
    for keyword, value in json.items():
        if keyword in SCHEMA_MAPS and isinstance(value, dict):
            yield from (schema.subschema(keyword, name) for name in value)
        elif keyword in SCHEMA_LISTS and isinstance(value, list):
            yield from (schema.subschema(keyword, str(index)) for index in range(len(value)))
        elif keyword in SCHEMA_KEYWORDS and isinstance(value, dict):
            yield schema.subschema(keyword)
