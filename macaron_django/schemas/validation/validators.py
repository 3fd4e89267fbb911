"""Validates instances against compiled schemas, and reports every violation.

jsonschema-rs decides what is valid. This module adds limits. Nesting is checked before every validation, because
jsonschema-rs recurses natively. Instances must be JSON, because jsonschema-rs treats NaN as null. Patterns run on the
linear-time engine of jsonschema-rs. If this engine refuses a pattern, for example because of look-around or
backreferences, the backtracking engine runs the pattern. Then a limit applies, and a :class:`Note` reports this.
Nothing is ever fetched from a network or a disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import Direction, Schema
from macaron_django.schemas.document_memos import DocumentMemo
from macaron_django.schemas.formats.format_checks import formats_version
from macaron_django.schemas.validation.compilable_schemas import Note, SchemaError, compilable_schema
from macaron_django.schemas.validation.defaults import cleaner_for
from macaron_django.schemas.validation.json_instances import MAX_DEPTH, is_plain, json_only
from macaron_django.schemas.validation.schema_compiler import (
    ENGINES,
    CompiledSchema,
    Dialect,
    compile_native,
    compiled_bundle,
    formats_in,
    normalised_schema,
)
from macaron_django.schemas.validation.subschemas import Subschemas
from macaron_django.schemas.validation.violation_search import MAX_VIOLATIONS, violations_of
from macaron_django.schemas.validation.violations import Violation

__all__ = [
    "MAX_DEPTH",
    "MAX_VIOLATIONS",
    "Note",
    "SchemaError",
    "SchemaValidator",
    "Validator",
    "Violation",
    "compile_schema",
    "validator_for",
]


def compile_schema(
    schema: Mapping[str, Any] | bool,
    dialect: Dialect = "2020-12",
    *,
    remotes: Mapping[str, Any] | None = None,
    validate_formats: bool = True,
) -> Validator:
    """Compiles ``schema``, written in ``dialect``, into a :class:`Validator`.

    ``remotes`` maps URIs to the other schemas that ``schema`` can refer to. No URI is ever fetched. If
    ``validate_formats`` is False, ``format`` is only an annotation. This is the default in JSON Schema 2020-12. If the
    schema refers to other resources or contains resources, :meth:`Validator.iter_errors` says only that an instance is
    invalid, but not why. Raises :class:`SchemaError` if the schema isn't valid, or if the target of a reference doesn't
    exist.

    >>> validator = compile_schema({"type": "object", "required": ["name"]})
    >>> [(violation.pointer, violation.message) for violation in validator.iter_errors({})]
    [('/name', 'is required')]
    """
    if dialect not in ENGINES:
        raise ValueError(f"unknown dialect {dialect!r}: use one of {', '.join(map(repr, ENGINES))}")
    plain = normalised_schema(compilable_schema(schema), dialect)
    resources = {uri.rstrip("#"): compilable_schema(remote) for uri, remote in (remotes or {}).items()}
    formats = formats_in(plain, resources) if validate_formats else None
    return Validator(plain, *compile_native(plain, ENGINES[dialect], resources, formats, lenient=False))


class Validator(CompiledSchema):
    """A compiled schema that reports every violation of an instance."""

    def iter_errors(self, instance: Any) -> Iterator[Violation]:
        """Yields every violation of the schema once.

        The search has a time limit, and stops after a maximum number of violations. If the search ends early, the last
        violation has the keyword "more".
        """
        if not self.is_valid(instance):
            yield from self._violations(instance)

    def _violations(self, instance: Any) -> Iterator[Violation]:
        problem, plain = (None, instance) if is_plain(instance) else json_only(instance)
        if problem is not None:
            yield problem
        elif not self._is_valid(plain):
            yield from violations_of(plain, self._parts)

    @cached_property
    def _parts(self) -> Subschemas:
        return Subschemas(self._schema, self._compiler)

    def validate(self, instance: Any) -> None:
        """Checks ``instance``.

        Raises :class:`~macaron_django.exceptions.ValidationFailed`, with the violations, if ``instance`` isn't valid.
        """
        if not self.is_valid(instance):
            raise ValidationFailed(violations=list(self._violations(instance)))


class SchemaValidator(Validator):
    """The validator of a document's schema for one direction: "request", "response", or None for neither."""

    def __init__(self, compiled: CompiledSchema, source: Schema, direction: Direction | None) -> None:
        super().__init__(compiled._schema, compiled._compiler, compiled._native, compiled.notes)
        #: The schema from which the validator was compiled.
        self.source = source
        self._cleaner = cleaner_for(source)
        self._direction = direction

    def clean(self, instance: Any, *, defaults: bool = True) -> Any:
        """Returns ``instance`` with the defaults added. For a request, readOnly properties are left out.

        If there is nothing to change, returns ``instance`` itself. Never changes ``instance``. Raises
        :class:`~macaron_django.exceptions.ValidationFailed` if ``instance`` isn't valid.
        """
        if type(instance) is str and instance.isascii() and self._is_valid(instance):
            return instance  # a string has no properties or defaults
        if is_plain(instance):
            return self.clean_plain(instance, defaults=defaults)
        problem, plain = json_only(instance)
        if problem is not None:
            raise ValidationFailed(violations=[problem])
        return self.clean_plain(plain, defaults=defaults)

    def clean_plain(self, instance: Any, *, defaults: bool = True) -> Any:
        """Does the same as :meth:`clean`, for an instance that has only JSON's own types and isn't nested too deeply.

        ``is_plain`` checks these two conditions.
        """
        is_request = self._direction == "request"
        try:
            if is_request:
                instance = self._cleaner.without_read_only(instance)
            if not self._accepts(instance):
                self.validate(instance)  # raises an exception, or accepts values such as an Enum
            return self._cleaner.with_defaults(instance, skip_read_only=is_request) if defaults else instance
        except RecursionError:  # setting defaults needs several calls for each level
            raise ValidationFailed(violations=[Violation("is nested too deeply", "", "", "depth")]) from None

    def _accepts(self, plain: Any) -> bool:
        try:
            return self._is_valid(plain)
        except (TypeError, ValueError):  # see CompiledSchema.is_valid
            return False


_VALIDATORS: DocumentMemo[tuple[Schema, Direction | None, int], SchemaValidator] = DocumentMemo()


def validator_for(schema: Schema, direction: Direction | None = None) -> SchemaValidator:
    """Returns the validator of ``schema``. It is compiled at first use and stored with the schema's document.

    A keyword that can't be compiled is left out, with a note, because real documents have faults. If compilation still
    fails, :class:`SchemaError` is raised.
    """
    return _VALIDATORS.get(
        schema.document,
        (schema, direction, formats_version()),
        lambda: SchemaValidator(compiled_bundle(schema, direction), schema, direction),
    )
