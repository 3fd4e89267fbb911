"""A schema in, a compiled :class:`Validator` out: is this instance valid, and if not, every reason why.

jsonschema-rs decides; around it stands what it doesn't do. It recurses natively, so nesting is checked before
every validation. It takes NaN for null and knows only JSON's own types, so both are checked too. Patterns run on
its linear-time engine; one that this refuses (look-around, backreferences) runs on the backtracking engine with a
limit, and leaves a :class:`Note`. Nothing is ever fetched from a network or a disk.

:func:`validator_for` adds what a *document's* schema needs: compiled once, readOnly properties dropped from
requests, defaults applied (``cleaning``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from macaron_django.exceptions import ValidationFailed

from .cleaning import cleaner_for
from .compilation import ENGINES, Dialect, Direction, compiled, formats_in, in_engine_dialect, prepared_bundle
from .discriminators import Discriminate, discriminator_in, discriminator_of
from .formats import formats_version
from .instances import JSON_ONLY, MAX_DEPTH, holds_json_only, is_large, is_plain, json_only
from .preparation import Note, SchemaError, prepared
from .violations import Violation, violations_of

if TYPE_CHECKING:
    from macaron_django.spec import Schema

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

#: Violations that an exception carries at most.
MAX_VIOLATIONS = 1000

_dumps = orjson.dumps


def compile_schema(
    schema: Mapping[str, Any] | bool,
    dialect: Dialect = "2020-12",
    *,
    remotes: Mapping[str, Any] | None = None,
    validate_formats: bool = True,
) -> Validator:
    """Compile ``schema``, written in ``dialect``, into a :class:`Validator`.

    ``remotes`` holds the other schemas that it may refer to, by URI; no URI is ever fetched.
    ``validate_formats=False`` makes ``format`` a mere annotation, as JSON Schema 2020-12 has it by default.
    Raises :class:`SchemaError` if the schema is none, or refers to what isn't there.

    >>> validator = compile_schema({"type": "object", "required": ["name"]})
    >>> [(violation.pointer, violation.message) for violation in validator.iter_errors({})]
    [('/name', 'is required')]
    """
    if dialect not in ENGINES:
        raise ValueError(f"unknown dialect {dialect!r}: use one of {', '.join(map(repr, ENGINES))}")
    plain = in_engine_dialect(prepared(schema), dialect)
    resources = {uri.rstrip("#"): prepared(remote) for uri, remote in (remotes or {}).items()}
    formats = formats_in(plain, resources) if validate_formats else None
    native, notes = compiled(plain, ENGINES[dialect], resources, formats, lenient=False)
    return Validator(native, plain, notes)


class Validator:
    """A compiled schema. ``notes`` say what its author should know."""

    def __init__(self, native: jsonschema_rs.Validator, schema: Any, notes: tuple[Note, ...] = ()) -> None:
        self._native = native
        self._is_valid = native.is_valid
        self._schema = schema
        self.notes = notes

    def is_valid(self, instance: Any) -> bool:
        """Whether ``instance`` is valid; False as well for what is no JSON value or nested too deeply."""
        try:
            # As is_plain, whose call would be a third of the work.
            if _dumps(instance, None, JSON_ONLY).rfind(b"null") < 0 or holds_json_only(instance):
                return self._is_valid(instance)
        except (TypeError, ValueError):  # what orjson takes for JSON and jsonschema-rs does not: an Enum, a UUID
            pass
        problem, plain = json_only(instance)
        return problem is None and self._is_valid(plain)

    def iter_errors(self, instance: Any) -> Iterator[Violation]:
        """Yield every violation, each once; of an instance over 1 MB or 20,000 members only the first."""
        if not self.is_valid(instance):  # a tenth of the work of looking for what isn't there
            yield from self._violations(instance)

    def _violations(self, instance: Any) -> Iterator[Violation]:
        problem, plain = json_only(instance)
        if problem is not None:
            yield problem
            return
        seen: set[Violation] = set()
        for error in self._errors(plain):
            for violation in violations_of(error, self._schema, self._discriminator(plain)):
                if violation not in seen:
                    seen.add(violation)
                    yield violation

    def _discriminator(self, instance: Any) -> Discriminate:
        return partial(discriminator_in, self._schema)

    def _errors(self, instance: Any) -> Iterator[jsonschema_rs.ValidationError]:
        if not is_large(instance):
            yield from self._native.iter_errors(instance)
            return
        try:
            self._native.validate(instance)
        except jsonschema_rs.ValidationError as error:
            yield error

    def validate(self, instance: Any) -> None:
        """Raise :class:`~macaron_django.exceptions.ValidationFailed` with every violation, if there is one."""
        if not self.is_valid(instance):
            raise ValidationFailed(violations=list(islice(self._violations(instance), MAX_VIOLATIONS)))


class SchemaValidator(Validator):
    """The validator of a document's schema in one direction."""

    def __init__(
        self,
        native: jsonschema_rs.Validator,
        schema: Any,
        notes: tuple[Note, ...],
        source: Schema,
        direction: Direction | None,
    ) -> None:
        super().__init__(native, schema, notes)
        self._source = source
        self._cleaner = cleaner_for(source)
        self._direction = direction

    def _discriminator(self, instance: Any) -> Discriminate:
        return partial(discriminator_of, self._source, instance)

    def clean(self, instance: Any, *, defaults: bool = True) -> Any:
        """Return ``instance`` with defaults applied and, of a request, without readOnly properties.

        The instance itself is never changed; where nothing has to be, it is returned as it is. Raises
        :class:`~macaron_django.exceptions.ValidationFailed` if it isn't valid.
        """
        if is_plain(instance):
            return self.clean_plain(instance, defaults=defaults)
        problem, plain = json_only(instance)
        if problem is not None:
            raise ValidationFailed(violations=[problem])
        return self.clean_plain(plain, defaults=defaults)

    def clean_plain(self, instance: Any, *, defaults: bool = True) -> Any:
        """As :meth:`clean`, of an instance in JSON's own types and of allowed depth (``is_plain``)."""
        is_request = self._direction == "request"
        if is_request:
            instance = self._cleaner.without_read_only(instance)
        if not self._accepts(instance):
            self.validate(instance)  # says why; or judges what only looked like JSON
        return self._cleaner.with_defaults(instance, skip_read_only=is_request) if defaults else instance

    def _accepts(self, plain: Any) -> bool:
        try:
            return self._is_valid(plain)
        except (TypeError, ValueError):  # see Validator.is_valid
            return False


def validator_for(schema: Schema, direction: Direction | None = None) -> SchemaValidator:
    """Return the validator of ``schema``, compiled at first use and kept with its document.

    A keyword that can't be compiled is left out, with a note: real documents have faults. Raises
    :class:`SchemaError` where that isn't enough.
    """
    kept: dict[Any, SchemaValidator] = schema.document.__dict__.setdefault("_validators", {})
    key = (schema, direction, formats_version())
    validator = kept.get(key)
    if validator is None:
        plain, formats = prepared_bundle(schema, direction)
        native, notes = compiled(plain, ENGINES["2020-12"], {}, formats, lenient=True)
        validator = kept[key] = SchemaValidator(native, plain, notes, schema, direction)
    return validator
