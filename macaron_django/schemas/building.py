"""A Document in; every validator, serializer and class that it calls for made now, and what was found meanwhile.

A server makes them at first use. ``manage.py checkspec`` makes them all, so that its "ok" means that each can be
made. What can't, and what could only be made with a keyword left out, is a finding; nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from macaron_django.schemas.classes import Classes
from macaron_django.schemas.schema_walks import Use, all_schemas, uses
from macaron_django.schemas.serializers import serializer_for
from macaron_django.schemas.validators import SchemaError, validator_for
from macaron_django.schemas.value_checks import value_findings
from macaron_django.spec import Finding

if TYPE_CHECKING:
    from macaron_django.spec import Document, Location, Schema

__all__ = ["WORK", "Built", "build_all"]

#: Values of schemas, their references' included, that are compiled before a document counts as a giant. In one, a
#: schema that is part of a validator compiled already isn't compiled once more by itself: where each schema refers
#: to nearly all others, that takes time and memory with the square of their number, and can tell nothing new.
WORK = 300_000


@dataclass(frozen=True)
class Built:
    """How many serializers and validators were made, and what was found."""

    serializers: int
    validators: int
    findings: tuple[Finding, ...]


def build_all(document: Document, classes: Classes | None = None) -> Built:
    """Make everything; ``classes`` are those of the API, where there is one.

    >>> from macaron_django.spec import load
    >>> schemas = {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}}
    >>> document = load({"openapi": "3.1.0", "info": {}, "paths": {}, "components": {"schemas": schemas}})
    >>> built = build_all(document)
    >>> built.serializers, built.validators, built.findings
    (1, 1, ())
    """
    classes = Classes("spec", document) if classes is None else classes
    used = list(uses(document))
    schemas = list(all_schemas(use.schema for use in used))
    validators, broken = _compile(used)
    serializers, unmade = _serialize(_served(used, schemas), classes)
    notes = _notes(document)
    found = [*broken, *unmade, *notes, *value_findings(document, schemas)]
    return Built(serializers, validators, tuple(dict.fromkeys(found)))


# Validators


def _compile(used: Iterable[Use]) -> tuple[int, list[Finding]]:
    """Compile each schema in use, the largest first; the number of those that have a validator, and the others."""
    sizes: dict[int, int] = {}
    bundles: dict[Schema, tuple[int, Use]] = {}
    findings: list[Finding] = []
    for use in used:
        schema = use.schema.resolved
        if schema not in bundles:
            try:
                bundles[schema] = _bundle_size(schema, use, sizes), use
            except Exception as error:  # noqa: BLE001 (whatever a document does to us is a finding about it)
                bundles[schema] = 0, use
                findings.append(_uncompiled(schema.location, error))
    work, compiled = 0, set[str | None]()
    for schema, (size, use) in sorted(bundles.items(), key=lambda item: -item[1][0]):
        if work > WORK and schema.document._definition_names.get(schema) in compiled:
            continue
        work += size
        try:
            validator_for(schema, use.direction)
        except Exception as error:  # noqa: BLE001
            findings.append(_uncompiled(_place(schema, error), error))
        else:
            compiled.update(schema.bundle(use.direction).get("$defs", ()))
    return len(bundles) - len(findings), findings


def _bundle_size(schema: Schema, use: Use, sizes: dict[int, int]) -> int:
    bundle = schema.bundle(use.direction)
    definitions = bundle.get("$defs", {})
    own = {keyword: value for keyword, value in bundle.items() if keyword != "$defs"}
    for definition in definitions.values():  # each is shared by all bundles that hold it, and lives with the document
        if id(definition) not in sizes:
            sizes[id(definition)] = _size(definition)
    return _size(own) + sum(sizes[id(definition)] for definition in definitions.values())


def _size(value: Any) -> int:
    count, todo = 0, [value]
    while todo:
        value = todo.pop()
        count += 1
        if isinstance(value, dict):
            todo += value.values()
        elif isinstance(value, list):
            todo += value
    return count


def _place(schema: Schema, error: Exception) -> Location:
    return _location(schema, error.pointer) if isinstance(error, SchemaError) else schema.location


def _location(schema: Schema, pointer: str) -> Location:
    """Where in the document the pointer into a schema's bundle leads."""
    steps = pointer.split("/")[1:]
    if len(steps) > 1 and steps[0] == "$defs":
        name = steps[1].replace("~1", "/").replace("~0", "~").removesuffix(" (base)")
        names = schema.document._definition_names
        schema = next((each for each, known in names.items() if known == name), schema)
        steps = steps[2:]
    return schema.file.location("/".join([schema.source_pointer, *steps]))


def _uncompiled(location: Location, error: Exception) -> Finding:
    reason = error.message if isinstance(error, SchemaError) else _described(error)
    message = f"No validator can be compiled from the schema: {reason}."
    return Finding("E201", "error", message.replace("..", "."), "Correct the schema at this place.", location)


def _notes(document: Document) -> Iterator[Finding]:
    """What the compiler had to leave out or to run otherwise, once each, however many schemas refer to it."""
    compiled: dict[Any, Any] = document.__dict__.get("_validators", {})
    for (schema, *_), validator in compiled.items():
        for note in validator.notes:
            location = _location(schema, note.pointer)
            keyword = note.pointer.rpartition("/")[2]
            if note.message.startswith("is ignored"):
                hint = "Correct it: what it says isn't checked."
                yield Finding("W202", "warning", f"{keyword} {note.message}.", hint, location)
            else:
                message = f"{note.message[0].upper()}{note.message[1:]}."
                hint = "Write the pattern without, if it has to be fast on every text."
                yield Finding("W201", "warning", message, hint, location)


# Serializers


def _served(used: Iterable[Use], schemas: Iterable[Schema]) -> Iterator[Schema]:
    """What has a serializer of its own: components, bodies, and every object with properties below them."""
    bodies = {use.schema.resolved for use in used if use.direction is not None}
    for schema in schemas:
        if schema.resolved is schema and (schema in bodies or (schema.is_object and schema.properties)):
            yield schema


def _serialize(served: Iterable[Schema], classes: Classes) -> tuple[int, list[Finding]]:
    made: set[type] = set()
    findings: list[Finding] = []
    for schema in served:
        found = _make(schema, classes)
        if isinstance(found, Finding):
            findings.append(found)
        else:
            made.add(found)
    return len(made), findings


def _make(schema: Schema, classes: Classes) -> type | Finding:
    """The serializer of a schema, with its fields, and of an object the class of its values; or why they can't be."""
    try:
        serializer = serializer_for(schema, classes)
        getattr(serializer(), "fields", None)  # they are made when they are first asked for
        if schema.is_object:
            classes.for_schema(schema)
    except ImportError as error:
        message = str(error).removeprefix(f"{schema.location}: ")
        hint = "Correct the dotted path of x-parent, or what that module imports."
        return Finding("E203", "error", f"{message}.", hint, schema.location)
    except Exception as error:  # noqa: BLE001 (whatever a document does to us is a finding about it)
        message = f"No serializer can be made of the schema: {_described(error)}."
        hint = "Simplify the schema at this place; and report it, with the schema, as a fault of macaron_django."
        return Finding("E202", "error", message, hint, schema.location)
    return serializer


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}"
