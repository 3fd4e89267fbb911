"""Compiles the schemas of a document for its checks, at a cost that grows with the document's size.

A server compiles a schema with all that it refers to, at its first use. If many schemas lead to many others, doing that
for each would take time that grows with the square of their number. So this compiles each one by itself, to find what
can't be compiled, and then all together, once, to validate examples.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from macaron_django.openapi import Direction, Document, Schema
from macaron_django.openapi.references.bundling import reference_to
from macaron_django.schemas.validation.compilable_schemas import Note, compilable_schema
from macaron_django.schemas.validation.schema_compiler import ENGINES, compile_native, formats_in
from macaron_django.schemas.validation.validators import Validator
from macaron_django.schemas.validation.violations import Violation

__all__ = ["CompiledPart", "CompiledParts"]


class CompiledPart(NamedTuple):
    """The result of compiling a schema by itself: notes for its author, or why it can't be compiled."""

    schema: Schema
    notes: tuple[Note, ...]
    error: Exception | None = None


class CompiledParts:
    """The schemas of a document that have been compiled, by direction."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._definitions: dict[Direction | None, dict[str, Any]] = {}
        self._validators: dict[Direction | None, Validator] = {}

    def add(self, schemas: Iterable[Schema], direction: Direction | None) -> list[CompiledPart]:
        """Compile schemas, and all that they refer to, each by itself and once."""
        definitions = self._definitions.setdefault(direction, {})
        self._validators.pop(direction, None)
        found = []
        for part in self.document.parts(schemas, direction):
            if part.name not in definitions:
                json, notes, error = _compiled(part.json)
                definitions[part.name] = json
                found.append(CompiledPart(part.schema, notes, error))
        return found

    def violation(self, schema: Schema, direction: Direction, value: Any) -> Violation | None:
        """Return the first violation of a schema that was added, None if there is none; raises what compiling does."""
        together, instance = self._together(direction), {self.document.part_name(schema, direction): value}
        if together.is_valid(instance):
            return None
        violation = next(together.iter_errors(instance))
        _, slash, rest = violation.pointer[1:].partition("/")
        return replace(violation, pointer=slash + rest)

    def _together(self, direction: Direction) -> Validator:
        """The validator of all schemas: the name of an object's one property says which of them validates its value."""
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


def _compiled(json: dict[str, Any]) -> tuple[Any, tuple[Note, ...], Exception | None]:
    """Returns the part in its compilable form, without what it refers to, and the notes, or the error."""
    try:
        plain = compilable_schema(json)
        notes = compile_native(plain, ENGINES["2020-12"], {}, formats_in(plain), lenient=True)[2]
    except Exception as error:  # noqa: BLE001 (any failure is a finding about the document)
        return True, (), error
    plain.pop("$defs", None)
    plain.pop("$schema", None)
    return plain, notes, None
