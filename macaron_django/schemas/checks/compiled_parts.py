"""Compiles the schemas of a document for its checks. The time grows only with the document's size.

When a server first uses a schema, it compiles this schema together with all schemas that the schema refers to. The
checks would be slow if they did this for each schema: if many schemas refer to many others, the time would grow with
the square of the number of schemas. So this module first compiles each schema separately, to find faults. Then it
compiles all schemas together, once, to validate examples.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from macaron_django.openapi import Direction, Document, Schema
from macaron_django.openapi.references.bundling import DefinitionPart, reference_to
from macaron_django.schemas.validation.compilable_schemas import Note, compilable_schema
from macaron_django.schemas.validation.schema_compiler import ENGINES, compile_native, formats_in
from macaron_django.schemas.validation.validators import Validator
from macaron_django.schemas.validation.violations import Violation

__all__ = ["CompiledPart", "CompiledParts"]


class CompiledPart(NamedTuple):
    """The result of compiling one schema: notes for the schema's author, or the error."""

    schema: Schema
    notes: tuple[Note, ...]
    error: Exception | None = None


class CompiledParts:
    """The compiled schemas of a document, by direction (request or response)."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._definitions: dict[Direction | None, dict[str, Any]] = {}
        self._latest: dict[str, tuple[dict[str, Any], _Compiled]] = {}
        self._validators: dict[Direction | None, Validator] = {}

    def add(self, schemas: Iterable[Schema], direction: Direction | None) -> list[CompiledPart]:
        """Compiles schemas, and the schemas that they refer to. Each schema is compiled once and separately."""
        definitions = self._definitions.setdefault(direction, {})
        self._validators.pop(direction, None)
        found = []
        for part in self.document.parts(schemas, direction):
            if part.name not in definitions:
                compiled = self._compiled(part)
                definitions[part.name] = compiled.json
                found.append(CompiledPart(part.schema, compiled.notes, compiled.error))
        return found

    def _compiled(self, part: DefinitionPart) -> _Compiled:
        """Compiles a part. If a part has the same JSON in both directions, it is compiled only once."""
        latest = self._latest.get(part.name)
        if latest is None or latest[0] != part.json:
            latest = self._latest[part.name] = (part.json, _compiled(part.json))
        return latest[1]

    def is_valid(self, schema: Schema, direction: Direction, value: Any) -> bool:
        """Returns whether an added schema accepts a value.

        Raises SchemaError if the added schemas can't be compiled.
        """
        return self._together(direction).is_valid({self.document.part_name(schema, direction): value})

    def violation(self, schema: Schema, direction: Direction, value: Any) -> Violation:
        """Returns the first violation in a value that an added schema rejects."""
        instance = {self.document.part_name(schema, direction): value}
        violation = next(self._together(direction).iter_errors(instance))
        _, slash, rest = violation.pointer[1:].partition("/")
        return replace(violation, pointer=slash + rest)

    def _together(self, direction: Direction) -> Validator:
        """Returns a single validator for all added schemas.

        It validates ``{name: value}``: ``name`` is the name of a schema, and ``value`` is the value to validate.
        """
        found = self._validators.get(direction)
        if found is None:
            definitions = self._definitions[direction]
            whole = {
                "properties": {name: {"$ref": reference_to(name)} for name in definitions},
                "$defs": definitions,
            }
            compiled = compile_native(whole, ENGINES["2020-12"], {}, formats_in(whole), lenient=True)
            found = self._validators[direction] = Validator(whole, *compiled)
        return found


class _Compiled(NamedTuple):
    """A part in compilable form, without the schemas that it refers to, and the compiler's notes or error."""

    json: Any
    notes: tuple[Note, ...]
    error: Exception | None = None


def _compiled(json: dict[str, Any]) -> _Compiled:
    try:
        plain = compilable_schema(json)
        notes = compile_native(plain, ENGINES["2020-12"], {}, formats_in(plain), lenient=True)[2]
    except Exception as error:  # noqa: BLE001 (any failure is a finding about the document)
        return _Compiled(True, (), error)
    plain.pop("$defs", None)
    plain.pop("$schema", None)
    return _Compiled(plain, notes)
