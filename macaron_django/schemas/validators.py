"""A schema in, a compiled :class:`Validator` out: is this instance valid, and if not, every reason why.

jsonschema-rs decides; around it stands what it doesn't do. It recurses natively, so nesting is checked before
every validation. It takes NaN for null and knows only JSON's own types, so both are checked too. Patterns run on
its linear-time engine; one that this refuses (look-around, backreferences) runs on the backtracking engine with a
limit, and leaves a :class:`Note`. Nothing is ever fetched from a network or a disk.

:func:`validator_for` adds what a *document's* schema needs: compiled once, readOnly properties dropped from
requests, defaults applied (``cleaning``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import jsonschema_rs
import orjson

from macaron_django.exceptions import ValidationFailed
from macaron_django.spec.dialects import normalise_schema

from .cleaning import cleaner_for
from .discriminators import Discriminate, discriminator_in, discriminator_of
from .formats import custom_formats, formats_version
from .preparation import Note, SchemaError, prepared, respelled
from .violations import Violation, pointer_to, violations_of

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

Dialect = Literal["2020-12", "draft4", "openapi-3.0", "swagger-2.0"]
Direction = Literal["request", "response"]

#: Levels of arrays and objects that an instance may have: what orjson writes, well below what the stack holds.
MAX_DEPTH = 254
#: Violations that an exception carries at most.
MAX_VIOLATIONS = 1000
#: Steps after which the backtracking engine gives up, and the pattern counts as not matched.
_BACKTRACK_LIMIT = 100_000
# jsonschema-rs collects all errors, each with a copy of its instance, before it hands out the first: at 10 µs and
# 1.5 KB each, five million wrong numbers in a 10 MB body would take a minute and gigabytes.
_MANY_MEMBERS = 20_000
_LARGE = 1_000_000

_JSON_ONLY = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_dumps = orjson.dumps
_ENGINES: dict[str, type[jsonschema_rs.Validator]] = {
    "2020-12": jsonschema_rs.Draft202012Validator,
    "draft4": jsonschema_rs.Draft4Validator,
    "openapi-3.0": jsonschema_rs.Draft202012Validator,
    "swagger-2.0": jsonschema_rs.Draft202012Validator,
}


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
    if dialect not in _ENGINES:
        raise ValueError(f"unknown dialect {dialect!r}: use one of {', '.join(map(repr, _ENGINES))}")
    plain = _modern(prepared(schema), dialect)
    resources = {uri.rstrip("#"): prepared(remote) for uri, remote in (remotes or {}).items()}
    native, notes = _compiled(plain, _ENGINES[dialect], resources, validate_formats, lenient=False)
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
            # What orjson writes is JSON of allowed depth, apart from NaN, which it writes as null.
            if _dumps(instance, None, _JSON_ONLY).rfind(b"null") < 0:
                return self._is_valid(instance)
        except (TypeError, ValueError):  # what orjson takes for JSON and jsonschema-rs does not: an Enum, a UUID
            pass
        problem, plain = _json_only(instance)
        return problem is None and self._is_valid(plain)

    def iter_errors(self, instance: Any) -> Iterator[Violation]:
        """Yield every violation, each once; of an instance over 1 MB or 20,000 members only the first."""
        problem, plain = _json_only(instance)
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
        if not _is_large(instance):
            yield from self._native.iter_errors(instance)
            return
        try:
            self._native.validate(instance)
        except jsonschema_rs.ValidationError as error:
            yield error

    def validate(self, instance: Any) -> None:
        """Raise :class:`~macaron_django.exceptions.ValidationFailed` with every violation, if there is one."""
        if not self.is_valid(instance):
            raise ValidationFailed(violations=list(islice(self.iter_errors(instance), MAX_VIOLATIONS)))


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
        problem, plain = (None, instance) if _is_plain(instance) else _json_only(instance)
        if problem is not None:
            raise ValidationFailed(violations=[problem])
        if self._direction == "request":
            plain = self._cleaner.without_read_only(plain)
        self.validate(plain)
        return self._cleaner.with_defaults(plain, skip_read_only=self._direction == "request") if defaults else plain


def validator_for(schema: Schema, direction: Direction | None = None) -> SchemaValidator:
    """Return the validator of ``schema``, compiled at first use and kept with its document.

    A keyword that can't be compiled is left out, with a note: real documents have faults. Raises
    :class:`SchemaError` where that isn't enough.
    """
    kept: dict[Any, SchemaValidator] = schema.document.__dict__.setdefault("_validators", {})
    key = (schema, direction, formats_version())
    validator = kept.get(key)
    if validator is None:
        plain = prepared(schema.bundle(direction))
        native, notes = _compiled(plain, _ENGINES["2020-12"], {}, True, lenient=True)
        validator = kept[key] = SchemaValidator(native, plain, notes, schema, direction)
    return validator


# Compiling


def _modern(schema: Any, dialect: str) -> Any:
    """The schema in the dialect that its engine reads; an OpenAPI schema may bring its own definitions."""
    if dialect not in ("openapi-3.0", "swagger-2.0") or isinstance(schema, bool):
        return schema
    version = dialect.rpartition("-")[2]
    try:
        modern = normalise_schema(schema, version, max_depth=MAX_DEPTH)
        for keyword in ("definitions", "$defs", "components"):  # a $ref beside them leaves them out
            named = schema.get(keyword)
            if isinstance(named, dict) and isinstance(modern, dict):
                schemas = named.get("schemas", {}) if keyword == "components" else named
                normal = {name: normalise_schema(each, version, max_depth=MAX_DEPTH) for name, each in schemas.items()}
                modern[keyword] = {"schemas": normal} if keyword == "components" else normal
                if keyword == "definitions" and version == "2.0":  # where Swagger's references lead after reading
                    modern["components"] = {"schemas": normal}
    except ValueError as error:
        raise SchemaError(str(error)) from error
    return modern


def _compiled(
    schema: Any,
    engine: type[jsonschema_rs.Validator],
    remotes: Mapping[str, Any],
    validate_formats: bool,
    *,
    lenient: bool,
) -> tuple[jsonschema_rs.Validator, tuple[Note, ...]]:
    """Compile ``schema``, which is changed in place where it must be respelled or, if ``lenient``, cut."""

    def retrieve(uri: str) -> Any:
        return remotes[uri.rstrip("#")]

    # jsonschema-rs is slower with formats of ours, used or not.
    mentioned = _formats_in(schema, dict(remotes))
    formats = {name: check for name, check in custom_formats().items() if name in mentioned}
    notes: list[Note] = []
    patterns: jsonschema_rs.PatternOptionsType = _LINEAR
    for _ in range(1000):
        try:
            native = engine(
                schema,
                formats=formats,
                validate_formats=validate_formats,
                retriever=retrieve,  # having one, it never looks elsewhere
                mask="value",
                pattern_options=patterns,
                email_options=jsonschema_rs.EmailOptions(allow_display_text=False),
            )
        except jsonschema_rs.ValidationError as error:  # noqa: PERF203 (each round mends one fault)
            path = error.instance_path
            if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Format):
                if _respell(schema, path):
                    continue
                if patterns is _LINEAR and _is_backtracking(schema, path):
                    patterns = _BACKTRACKING
                    notes += _backtracking_notes(schema)
                    continue
            if not (lenient and _remove(schema, path)):
                raise SchemaError(_reason(error), pointer_to(path)) from error
            notes.append(Note(f"is ignored: {_reason(error)}", pointer_to(path)))
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise SchemaError(str(error)[:300]) from error
        else:
            return native, tuple(notes)
    raise SchemaError("the schema has more than a thousand faults")


def _formats_in(*values: Any) -> set[str]:
    """The formats that schemas mention anywhere."""
    found: set[str] = set()
    todo: list[Any] = list(values)
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if isinstance(value.get("format"), str):
                found.add(value["format"])
            todo += value.values()
        elif isinstance(value, list):
            todo += value
    return found


_LINEAR = jsonschema_rs.RegexOptions()
_BACKTRACKING = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACK_LIMIT)


def _reason(error: jsonschema_rs.ValidationError) -> str:
    violation = next(violations_of(error, None, lambda error: None))
    return f"the value of {violation.pointer.rpartition('/')[2] or 'the schema'!r} {violation.message}"


def _compiles(pattern: str, options: jsonschema_rs.PatternOptionsType) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except jsonschema_rs.ValidationError:
        return False
    return True


def _parent(schema: Any, path: list[str | int]) -> Any:
    for step in path[:-1]:
        schema = schema[step]
    return schema


def _pattern_at(schema: Any, path: list[str | int]) -> str | None:
    """The pattern that ``path`` leads to: a value of ``pattern``, or a name in ``patternProperties``."""
    if path[-1:] == ["pattern"]:
        return str(_parent(schema, path)["pattern"])
    return str(path[-1]) if path[-2:-1] == ["patternProperties"] else None


def _respell(schema: Any, path: list[str | int]) -> bool:
    pattern = _pattern_at(schema, path)
    spelled = None if pattern is None else respelled(pattern)
    if spelled is None or spelled == pattern or not _compiles(spelled, _BACKTRACKING):
        return False
    parent = _parent(schema, path)
    if path[-1] == "pattern" and isinstance(parent.get("pattern"), str):
        parent["pattern"] = spelled
    else:
        parent[spelled] = parent.pop(pattern)
    return True


def _is_backtracking(schema: Any, path: list[str | int]) -> bool:
    try:
        pattern = _pattern_at(schema, path)
    except (KeyError, IndexError, TypeError):  # it is in a remote schema
        return True
    return pattern is not None and _compiles(pattern, _BACKTRACKING)


def _backtracking_notes(schema: Any) -> Iterator[Note]:
    todo: list[tuple[Any, tuple[str | int, ...]]] = [(schema, ())]
    while todo:
        value, path = todo.pop()
        if isinstance(value, list):
            todo.extend((item, (*path, index)) for index, item in enumerate(value))
        elif isinstance(value, dict):
            todo.extend((member, (*path, name)) for name, member in value.items())
            named = value.get("patternProperties")
            patterns = [(value.get("pattern"), "pattern")]
            patterns += [(name, "patternProperties") for name in (named if isinstance(named, dict) else ())]
            for pattern, keyword in patterns:
                if isinstance(pattern, str) and not _compiles(pattern, _LINEAR) and _compiles(pattern, _BACKTRACKING):
                    yield Note(
                        "the pattern needs look-around or a backreference: it runs on the backtracking engine, and "
                        f"an instance that takes it more than {_BACKTRACK_LIMIT:,} steps counts as not matching",
                        pointer_to([*path, keyword]),
                    )


def _remove(schema: Any, path: list[str | int]) -> bool:
    if not path:
        return False
    try:
        del _parent(schema, path)[path[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True


# Instances


def _is_plain(instance: Any) -> bool:
    """Whether ``instance`` is JSON of allowed depth for certain."""
    try:
        return _dumps(instance, None, _JSON_ONLY).rfind(b"null") < 0
    except TypeError:
        return False


def _is_large(instance: Any) -> bool:
    try:
        text = orjson.dumps(instance, option=_JSON_ONLY)
    except TypeError:
        text = str(instance).encode("utf-8", "replace")  # numbers beyond 64 bits
    return len(text) > _LARGE or text.count(b",") > _MANY_MEMBERS


def _json_only(instance: Any) -> tuple[Violation | None, Any]:
    """The first reason why ``instance`` is no JSON value, and the instance in JSON's own types."""
    root: list[Any] = [None]
    todo: list[tuple[Any, Any, Any, int, Any]] = [(instance, root, 0, 0, None)]
    while todo:
        value, holder, key, depth, trail = todo.pop()
        kind = type(value)
        message = None
        if kind is dict or isinstance(value, Mapping):
            message = _mapping_problem(value, depth)
            if message is None:
                holder[key] = copied = dict.fromkeys(map(str, value))
                todo.extend((member, copied, str(name), depth + 1, (trail, name)) for name, member in value.items())
        elif kind is list or isinstance(value, (list, tuple)):
            if depth >= MAX_DEPTH:
                message = _TOO_DEEP
            else:
                holder[key] = listed = list(value)
                todo.extend((item, listed, index, depth + 1, (trail, index)) for index, item in enumerate(value))
        else:
            message = _scalar_problem(value)
            holder[key] = str(value) if isinstance(value, str) else value
        if message is not None:
            pointer = "" if message is _TOO_DEEP else pointer_to(_path(trail))
            return Violation(message, pointer, "", "depth" if message is _TOO_DEEP else "type"), None
    return None, root[0]


_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"


def _path(trail: Any) -> Iterable[str | int]:
    path: list[str | int] = []
    while trail is not None:
        trail, step = trail
        path.append(step)
    return reversed(path)


def _mapping_problem(value: Mapping[Any, Any], depth: int) -> str | None:
    if depth >= MAX_DEPTH:
        return _TOO_DEEP
    for name in value:
        if not isinstance(name, str):
            return f"has a property name that is no string but {type(name).__name__}"
        if not _is_text(name):
            return "has a property name with a lone surrogate, which no Unicode text holds"
    return None


def _scalar_problem(value: Any) -> str | None:
    if isinstance(value, str):
        return None if _is_text(value) else "holds a lone surrogate, which no Unicode text does"
    if value is None or isinstance(value, (bool, int)):
        return None
    if isinstance(value, (float, Decimal)):
        return None if math.isfinite(value) else "is not a finite number"
    return f"is no JSON value but {type(value).__name__}"


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
