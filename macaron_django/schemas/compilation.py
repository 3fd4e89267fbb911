"""A prepared JSON Schema in, a native validator out, with notes on what had to be mended on the way.

jsonschema-rs stops at the first fault of a schema. This tries again: a pattern is respelled, or moved to the
backtracking engine; of a document's schema, what can't be compiled is left out, because real documents have faults.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import jsonschema_rs

from macaron_django.spec.dialects import normalise_schema

from .formats import LATER_FORMATS, custom_formats
from .preparation import MAX_SCHEMA_DEPTH, Note, SchemaError, prepared, respelled
from .violations import pointer_to, violations_of

if TYPE_CHECKING:
    from macaron_django.spec import Schema

__all__ = ["ENGINES", "Dialect", "Direction", "compiled", "formats_in", "in_engine_dialect", "prepared_bundle"]

Dialect = Literal["2020-12", "draft4", "openapi-3.0", "swagger-2.0"]
Direction = Literal["request", "response"]

#: Steps after which the backtracking engine gives up, and the pattern counts as not matched.
BACKTRACK_LIMIT = 100_000
ENGINES: dict[str, type[jsonschema_rs.Validator]] = {
    "2020-12": jsonschema_rs.Draft202012Validator,
    "draft4": jsonschema_rs.Draft4Validator,
    "openapi-3.0": jsonschema_rs.Draft202012Validator,
    "swagger-2.0": jsonschema_rs.Draft202012Validator,
}


def in_engine_dialect(schema: Any, dialect: str) -> Any:
    """The schema in the dialect that its engine reads; an OpenAPI schema may bring its own definitions."""
    if dialect not in ("openapi-3.0", "swagger-2.0") or not isinstance(schema, dict):
        return schema
    version = dialect.rpartition("-")[2]
    try:
        modern = normalise_schema(schema, version, max_depth=MAX_SCHEMA_DEPTH)
        for keyword in ("definitions", "$defs", "components"):  # a $ref beside them leaves them out
            named = schema.get(keyword)
            schemas = named.get("schemas") if keyword == "components" and isinstance(named, dict) else named
            if isinstance(schemas, dict) and isinstance(modern, dict):
                normal = {
                    name: normalise_schema(each, version, max_depth=MAX_SCHEMA_DEPTH) for name, each in schemas.items()
                }
                modern[keyword] = {"schemas": normal} if keyword == "components" else normal
                if keyword == "definitions" and version == "2.0":  # where Swagger's references lead after reading
                    modern["components"] = {"schemas": normal}
    except ValueError as error:
        raise SchemaError(str(error)) from error
    return modern


def prepared_bundle(schema: Schema, direction: Direction | None) -> tuple[Any, set[str]]:
    """The schema's bundle, prepared, and the formats in it.

    An entry of ``$defs`` is prepared once for all bundles that hold it: a giant's schemas share most of theirs. So
    is what `compiled` mends in one; its note stays with the validator that was compiled first.
    """
    kept: dict[Any, tuple[Any, set[str]]] = schema.document.__dict__.setdefault("_definitions", {})
    bundle = dict(schema.bundle(direction))
    definitions = bundle.pop("$defs", {})
    plain = prepared(bundle)
    formats = formats_in(plain)
    if definitions:
        plain["$defs"] = {}
    for name, definition in definitions.items():
        key = (name, direction)
        if key not in kept:
            copied = prepared(definition)
            kept[key] = copied, formats_in(copied)
        plain["$defs"][name], mentioned = kept[key]
        formats |= mentioned
    return plain, formats


def compiled(
    schema: Any,
    engine: type[jsonschema_rs.Validator],
    remotes: Mapping[str, Any],
    formats: Collection[str] | None,
    *,
    lenient: bool,
) -> tuple[jsonschema_rs.Validator, tuple[Note, ...]]:
    """Compile ``schema``, which is changed in place where it must be respelled or, if ``lenient``, cut.

    ``formats`` are those it mentions; None leaves them unchecked.
    """

    def retrieve(uri: str) -> Any:
        return remotes[uri.rstrip("#")]

    # jsonschema-rs is slower with formats of ours, used or not.
    known = {**(LATER_FORMATS if engine is jsonschema_rs.Draft4Validator else {}), **custom_formats()}
    custom = {name: check for name, check in known.items() if name in (formats or ())}
    notes: list[Note] = []
    patterns: jsonschema_rs.PatternOptionsType = _LINEAR
    for _ in range(1000):
        try:
            native = engine(
                schema,
                formats=custom,
                validate_formats=formats is not None,
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


def formats_in(*values: Any) -> set[str]:
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
_BACKTRACKING = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT)


def _reason(error: jsonschema_rs.ValidationError) -> str:
    violation = next(violations_of(error, None, lambda error: None))
    return f"the value of {violation.pointer.rpartition('/')[2] or 'the schema'!r} {violation.message}"


@lru_cache(maxsize=1024)  # documents repeat their patterns, and one with large bounds takes 10 ms to compile
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
                        f"an instance that takes it more than {BACKTRACK_LIMIT:,} steps counts as not matching",
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
