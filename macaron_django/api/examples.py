"""The mock's answers: an operation goes in, the spec's own example of a good answer comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macaron_django.api.contents import is_json, success_status
from macaron_django.api.responses import declared_response
from macaron_django.exceptions import PyMacaronException
from macaron_django.spec import MediaType, Operation, Schema

__all__ = ["NoExample", "example_answer", "example_of"]

_MISSING = object()


class NoExample(PyMacaronException):
    """``MOCK`` is on, and the spec gives no example to answer with."""

    code = "NOT_IMPLEMENTED"
    status = 501


def example_answer(operation: Operation) -> tuple[Any, int]:
    """``(value, status)`` of the first 2xx answer, from its examples, or its schema's."""
    status = success_status(operation, 200)
    declared = declared_response(operation, status)
    if declared is None or not declared.content:
        return None, status
    media = next((m for name, m in declared.content.items() if is_json(name)), next(iter(declared.content.values())))
    found = _of_media(media)
    if found is _MISSING:
        raise NoExample(f"{operation.method.upper()} {operation.path} is mocked, but its answer has no example.")
    return found, status


def _of_media(media: MediaType) -> Any:
    for example in media.examples.values():
        return example["value"] if isinstance(example, Mapping) and "value" in example else example
    return _MISSING if media.schema is None else example_of(media.schema)


def example_of(schema: Schema, depth: int = 0) -> Any:
    """A schema's example, default, constant or first choice; of an object or array, made of its parts'."""
    examples = schema.keyword("examples")
    if isinstance(examples, list) and examples:
        return examples[0]
    for keyword in ("example", "default", "const"):
        if (found := schema.keyword(keyword, _MISSING)) is not _MISSING:
            return found
    if schema.enum:
        return schema.enum[0]
    if depth > 8:
        return _MISSING
    if schema.is_object:
        parts = {name: example_of(prop.schema, depth + 1) for name, prop in schema.properties.items()}
        if any(parts[name] is _MISSING for name in schema.required if name in parts):
            return _MISSING
        return {name: part for name, part in parts.items() if part is not _MISSING}
    if schema.items is not None:
        part = example_of(schema.items, depth + 1)
        return [] if part is _MISSING else [part]
    return _MISSING
