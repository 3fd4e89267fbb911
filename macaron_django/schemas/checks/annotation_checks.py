"""Checks annotations in a document's schemas: examples and defaults must be valid, and formats must be known.

All findings are warnings: an invalid example doesn't keep a server from working, and unknown formats aren't checked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from macaron_django.openapi import Finding
from macaron_django.openapi.dialects.schema_dialects import NUMBER_FORMATS
from macaron_django.openapi.findings import finding
from macaron_django.openapi.operations.media_types import is_json
from macaron_django.schemas.formats.format_checks import custom_formats
from macaron_django.schemas.formats.known_formats import STRING_FORMATS

if TYPE_CHECKING:
    from macaron_django.openapi import Direction, Document, Location, MediaType, Schema
    from macaron_django.schemas.checks.compiled_parts import CompiledParts

__all__ = ["annotation_findings"]

_WAYS: tuple[Direction, ...] = ("request", "response")


class _Example(NamedTuple):
    """An example or default, and its place. ``direction`` is None if it can be for either a request or a response."""

    schema: Schema
    direction: Direction | None
    value: Any
    finding_id: str
    label: str
    place: Location

    @property
    def judge(self) -> Schema:
        """The schema that validates the example: ``schema`` itself if it allows null, otherwise ``schema.resolved``."""
        return self.schema if self.schema.nullable else self.schema.resolved


def annotation_findings(document: Document, schemas: Iterable[Schema], parts: CompiledParts) -> Iterator[Finding]:
    """Yields the findings about a document's formats, defaults and examples.

    ``schemas`` are all schemas of ``document``.
    """
    schemas = list(schemas)
    yield from _unknown_formats(schemas)
    of_schemas = (example for schema in schemas for example in _examples_of_schema(schema))
    yield from _judged((*of_schemas, *_examples_of_operations(document)), parts)


# Formats


def _unknown_formats(schemas: Iterable[Schema]) -> Iterator[Finding]:
    """Yields a finding for each unknown format, located at its first use."""
    known = {*STRING_FORMATS, *NUMBER_FORMATS, *custom_formats()}
    places: dict[str, list[Schema]] = {}
    for schema in schemas:
        format_ = schema.json.get("format") if isinstance(schema.json, Mapping) else None
        if isinstance(format_, str) and format_ not in known:
            places.setdefault(format_, []).append(schema)
    for name, found in places.items():
        more = f" (here and in {len(found) - 1} more places)" if len(found) > 1 else ""
        message = f"The format {name!r} isn't known, so its values aren't checked{more}."
        hint = (
            "Register a check for the format with macaron_django.schemas.register_format. Or ignore this warning, if "
            "the format is only a note for people."
        )
        yield finding("W203", _below(found[0], "format"), message, hint)


# Examples and defaults


def _examples_of_schema(schema: Schema) -> Iterator[_Example]:
    json = schema.json
    if isinstance(json, bool):
        return
    if "default" in json:
        yield _Example(schema, None, json["default"], "W205", "default", _below(schema, "default"))
    if "example" in json:
        yield _Example(schema, None, json["example"], "W204", "example", _below(schema, "example"))
    examples = json.get("examples")
    for index, example in enumerate(examples if isinstance(examples, list) else ()):
        place = _below(schema, f"examples/{index}")
        yield _Example(schema, None, example, "W204", "example", place)


def _examples_of_operations(document: Document) -> Iterator[_Example]:
    seen: set[Any] = set()  # operations may share a component
    for operation in document.operations:
        for parameter in operation.parameters:
            if parameter.content_type is None and (parameter.schema, parameter.place) not in seen:
                seen.add((parameter.schema, parameter.place))
                for name, example in parameter.examples.items():
                    label = f"example of the parameter {parameter.name!r}" + _named(name)
                    yield _Example(parameter.schema, None, example, "W204", label, parameter.place)
        body = operation.request_body
        bodies: list[tuple[Mapping[str, MediaType], Direction]] = [(body.content if body else {}, "request")]
        bodies += [(response.content, "response") for response in operation.responses.values()]
        for content, direction in bodies:
            for media_type, media in content.items():
                if media.schema is None or not is_json(media_type):
                    continue
                for name, example in media.examples.items():
                    place = media.schema.location if media.schema.pointer.count("/") > 3 else operation.location
                    if (place, name) not in seen:
                        seen.add((place, name))
                        label = f"example of the {direction}{_named(name)}"
                        yield _Example(media.schema, direction, example, "W204", label, place)


def _named(name: str) -> str:
    return "" if name == "example" else f" named {name!r}"


def _below(schema: Schema, keys: str) -> Location:
    return schema.file.location(f"{schema.source_pointer}/{keys}")


def _judged(examples: Iterable[_Example], parts: CompiledParts) -> Iterator[Finding]:
    """Yields a finding for each example that is valid neither in requests nor in responses."""
    examples = list(examples)
    for way in _WAYS:
        parts.add((each.judge for each in examples if each.direction in (None, way)), way)
    for each in examples:
        # If the schema can't be compiled, another finding reports that. Other errors aren't faults of the document.
        with contextlib.suppress(Exception):
            yield from _judgement(each, parts)


def _judgement(example: _Example, parts: CompiledParts) -> Iterator[Finding]:
    ways = (example.direction,) if example.direction else _WAYS
    if any(parts.is_valid(example.judge, way, example.value) for way in ways):
        return
    violation = parts.violation(example.judge, ways[0], example.value)
    reason = f"{violation.pointer or 'it'} {violation.message}"
    message = f"The {example.label} isn't valid: {reason[:200]}."
    yield finding(example.finding_id, example.place, message, "Correct this value, or the schema.")
