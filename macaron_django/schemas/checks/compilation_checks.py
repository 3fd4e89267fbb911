"""Builds every validator, serializer and class that a document needs, and reports failures.

A server builds each of these objects when it first needs the object. ``manage.py checkspec`` builds all of them. So if
the command prints "ok", all of them can be built. A finding reports each object that can't be built, and each keyword
that is ignored. No exception is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from macaron_django.openapi import Direction, Document, Finding, Location, Schema
from macaron_django.openapi.findings import finding
from macaron_django.schemas.checks.annotation_checks import annotation_findings
from macaron_django.schemas.checks.compiled_parts import CompiledPart, CompiledParts
from macaron_django.schemas.checks.schema_traversal import Use, all_schemas, uses
from macaron_django.schemas.serializers.schema_serializers import SchemaSerializer, serializer_for
from macaron_django.schemas.validation.compilable_schemas import SchemaError
from macaron_django.schemas.values.classes import Classes

__all__ = ["Built", "build_all", "parent_findings"]

#: The limit on the properties (own and inherited) of all serializers together: a base, and an addition for each
#: property in the document.
_SERIALIZED, _SERIALIZED_EACH = 2_000, 8


@dataclass(frozen=True)
class Built:
    """The findings, and how many serializers and validators could be built."""

    serializers: int
    validators: int
    findings: tuple[Finding, ...]


def build_all(document: Document, classes: Classes | None = None) -> Built:
    """Builds all serializers, validators and classes. ``classes`` are the classes of the document's API, if it has one.

    >>> from macaron_django.openapi import load
    >>> schemas = {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}}
    >>> document = load({"openapi": "3.1.0", "info": {}, "paths": {}, "components": {"schemas": schemas}})
    >>> built = build_all(document)
    >>> built.serializers, built.validators, built.findings
    (1, 1, ())
    """
    classes = Classes("spec", document) if classes is None else classes
    used, parts = list(uses(document)), CompiledParts(document)
    schemas = list(all_schemas(use.schema for use in used))
    validators, compiled = _compile(used, parts)
    serializers, unmade = _serialize(_served(used, schemas), classes)
    found = [*compiled, *unmade, *annotation_findings(document, schemas, parts)]
    return Built(serializers, validators, tuple(dict.fromkeys(found)))


def parent_findings(classes: Classes) -> list[Finding]:
    """Returns a finding for each component with an ``x-parent`` that can't be imported."""
    schemas = [schema for schema in classes.document.schemas.values() if schema.extensions.parent]
    return [found for schema in schemas if isinstance(found := _make(schema, classes, {}), Finding)]


# Validators


def _compile(used: Iterable[Use], parts: CompiledParts) -> tuple[int, list[Finding]]:
    """Compiles the schemas in use. Returns the number of schemas that could be compiled, and the findings."""
    by_direction: dict[Direction | None, dict[Schema, None]] = {}
    known: set[Schema] = set()
    for schema, direction in used:
        if schema.resolved not in known:
            known.add(schema.resolved)
            by_direction.setdefault(direction, {})[schema.resolved] = None
    findings: list[Finding] = []
    for direction, schemas in by_direction.items():
        for part in parts.add(schemas, direction):
            if part.error is not None:
                known.discard(part.schema)
            findings += _told(part)
    return len(known), findings


def _told(part: CompiledPart) -> Iterator[Finding]:
    """Yields the findings about a part: an error, ignored keywords, and patterns that need a slower engine."""
    if part.error is not None:
        yield _uncompiled(part)
    for note in part.notes:
        location = _location(part.schema, note.pointer)
        keyword = note.pointer.rpartition("/")[2]
        if note.message.startswith("is ignored"):
            hint = "Correct the keyword: in its present form, it has no effect."
            yield finding("W202", location, f"{keyword} {note.message}.", hint)
        else:
            message = f"{note.message[0].upper()}{note.message[1:]}."
            hint = "Rewrite the pattern without look-around and backreferences if it must be fast on every string."
            yield finding("W201", location, message, hint)


def _uncompiled(part: CompiledPart) -> Finding:
    error = part.error
    location = _location(part.schema, error.pointer) if isinstance(error, SchemaError) else part.schema.location
    reason = error.message if isinstance(error, SchemaError) else _described(error)
    message = f"No validator can be compiled from the schema: {reason}."
    return finding("E201", location, message.replace("..", "."), "Correct the schema at this place.")


def _location(schema: Schema, pointer: str) -> Location:
    return schema.file.location(schema.source_pointer + pointer)


# Serializers


def _served(used: Iterable[Use], schemas: Collection[Schema]) -> Iterator[Schema]:
    """Yields the schemas that get their own serializer: bodies, and all object schemas with properties.

    If schemas inherit far more properties than the document contains, some schemas are left out.
    """
    bodies = {use.schema.resolved for use in used if use.direction is not None}
    written = {schema: _written(schema) for schema in schemas}
    left = _SERIALIZED + _SERIALIZED_EACH * sum(written.values())
    for schema in schemas:
        if left > 0 and schema.resolved is schema:
            left -= (width := sum([written[part] for part in schema.parts]))
            if schema in bodies or (width and schema.is_object):
                yield schema


def _written(schema: Schema) -> int:
    properties = schema.keywords.get("properties")
    return len(properties) if isinstance(properties, Mapping) else 0


def _serialize(served: Iterable[Schema], classes: Classes) -> tuple[int, list[Finding]]:
    made: set[type] = set()
    findings: list[Finding] = []
    nested: dict[Schema, SchemaSerializer] = {}
    for schema in served:
        found = _make(schema, classes, nested)
        if isinstance(found, Finding):
            findings.append(found)
        else:
            made.add(found)
    return len(made), findings


def _make(schema: Schema, classes: Classes, nested: dict[Schema, SchemaSerializer]) -> type | Finding:
    """Builds a schema's serializer, its fields, and the class of the schema's objects. Returns the serializer's class.

    If the serializer or the class can't be built, a finding with the reason is returned instead.

    ``nested`` holds serializers that were created as fields of other serializers, so that they aren't created twice.
    """
    try:
        serializer = nested.pop(schema, None) or serializer_for(schema, classes)()
        for field in getattr(serializer, "fields", {}).values():  # creates the fields
            inner = getattr(field, "child", field)
            if isinstance(inner, SchemaSerializer):
                inner.parent = None  # otherwise the serializer would search all its parents
                nested[inner.schema] = inner
        vars(serializer).pop("fields", None)  # breaks a reference cycle, because the garbage collector is paused
        if schema.is_object and (schema.name is not None or schema.extensions.parent):  # other classes can't fail
            classes.for_schema(schema)
        return type(serializer)
    except ImportError as error:
        message = str(error).removeprefix(f"{schema.location}: ")
        hint = "Correct the dotted path of x-parent, or the imports of the module."
        return finding("E203", schema.location, f"{message}.", hint)
    except Exception as error:  # noqa: BLE001 (any failure is a finding about the document)
        message = f"No serializer can be built from the schema: {_described(error)}."
        hint = "Simplify the schema at this place, and report the error as a bug in macaron_django."
        return finding("E202", schema.location, message, hint)


def _described(error: Exception | None) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}"
