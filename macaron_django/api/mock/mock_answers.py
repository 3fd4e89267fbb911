"""Finds an example of an operation's response: the spec's example of the whole response, or else a generated value.

A generated value is valid for its schema. If parts of the schema have examples or defaults, the value includes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from macaron_django.api.answers.response_validation import declared_response
from macaron_django.api.mock.samples import NoSample, sample_of
from macaron_django.api.rules.operation_schemas import success_status
from macaron_django.exceptions import PyMacaronException
from macaron_django.openapi import MediaType, Operation, Schema
from macaron_django.openapi.operations.media_types import allows_json
from macaron_django.schemas import SchemaError, Validator, validator_for

__all__ = ["NoExample", "example_answer", "example_of"]

_MISSING = object()


class NoExample(PyMacaronException):
    """``MOCK`` is on, but the spec has no example, and no value was found that satisfies the response's schema."""

    code = "NOT_IMPLEMENTED"
    status = 501


def example_answer(operation: Operation) -> tuple[Any, int]:
    """Returns ``(value, status)`` for the first declared 2xx response. Can raise NoExample.

    The value is always the same for the same operation.
    """
    status = success_status(operation, 200)
    declared = declared_response(operation, status)
    if declared is None or not declared.content:
        return None, status
    name, media = next(
        ((name, media) for name, media in declared.content.items() if allows_json(name)),
        next(iter(declared.content.items())),
    )
    found = _written(media)
    if found is not _MISSING:
        return found, status
    if media.schema is None:
        return ({} if allows_json(name) else ""), status
    try:
        return example_of(media.schema), status
    except (NoSample, SchemaError) as error:
        raise NoExample(
            f"{operation.method.upper()} {operation.path} is mocked, but its response has no example, and no value "
            f"was found that satisfies the response's schema ({media.schema.location})."
        ) from error


def _written(media: MediaType) -> Any:
    for example in media.examples.values():
        return example["value"] if isinstance(example, Mapping) and "value" in example else example
    return _MISSING if media.schema is None else _explicit(media.schema)


def _explicit(schema: Schema) -> Any:
    """Returns a schema's first example, or its default, or _MISSING."""
    examples = schema.keyword("examples")
    if isinstance(examples, list) and examples:
        return examples[0]
    for keyword in ("example", "default"):
        if (found := schema.keyword(keyword, _MISSING)) is not _MISSING:
            return found
    return _MISSING


def example_of(schema: Schema) -> Any:
    """Returns a value that is valid in responses. Can raise NoSample.

    The value includes the examples of the schema's parts, except for examples that would make it invalid.
    """
    validator = validator_for(schema, "response")
    value = sample_of(validator)
    for steps, example in list(_examples_in(schema, value)):
        value = _with(value, steps, example, validator)
    return value


def _examples_in(schema: Schema, value: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Yields each place in ``value`` whose schema has an example, with the example. Skips places inside examples."""
    if len(steps) > 40:
        return
    example = _explicit(schema) if steps else _MISSING
    if example is not _MISSING:
        yield steps, example
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if name in schema.properties:
                yield from _examples_in(schema.properties[name].schema, member, (*steps, name))
    elif isinstance(value, list) and schema.items is not None:
        for index, member in enumerate(value):
            yield from _examples_in(schema.items, member, (*steps, index))


def _with(value: Any, steps: tuple[Any, ...], example: Any, validator: Validator) -> Any:
    """Returns a copy of ``value`` that has ``example`` at the place ``steps``. If the copy isn't valid, returns
    ``value`` itself.
    """
    changed = deepcopy(value)
    place = changed
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = deepcopy(example)
    return changed if validator.is_valid(changed) else value
