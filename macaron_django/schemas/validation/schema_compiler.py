"""Compiles schemas with jsonschema-rs, even if they have some errors.

jsonschema-rs stops at the first error in a schema. If the error is in a pattern, this module rewrites the pattern, or
uses the backtracking engine, and compiles the schema again. If the error is in another keyword, this module leaves
out the keyword, because documents that are in use contain such errors. A ``Note`` reports each slow pattern and each
keyword that was left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, Literal

import jsonschema_rs
import orjson

from macaron_django.openapi import Direction, Schema, json_pointers
from macaron_django.openapi.dialects.schema_dialects import normalise_schema
from macaron_django.schemas.document_memos import DocumentMemo
from macaron_django.schemas.formats.format_checks import LATER_FORMATS, custom_formats, formats_version
from macaron_django.schemas.validation.compilable_schemas import MAX_SCHEMA_DEPTH, Note, SchemaError, compilable_schema
from macaron_django.schemas.validation.json_instances import JSON_ONLY, holds_json_only, json_only
from macaron_django.schemas.validation.patterns import strict_pattern
from macaron_django.schemas.validation.violations import sentence

__all__ = [
    "ENGINES",
    "CompiledSchema",
    "Compiler",
    "Dialect",
    "compile_native",
    "compiled_bundle",
    "formats_in",
    "normalised_schema",
]

Dialect = Literal["2020-12", "draft4", "openapi-3.0", "swagger-2.0"]

#: After this many steps, the backtracking engine stops. Then the string counts as not matching.
BACKTRACK_LIMIT = 100_000
ENGINES: dict[str, type[jsonschema_rs.Validator]] = {
    "2020-12": jsonschema_rs.Draft202012Validator,
    "draft4": jsonschema_rs.Draft4Validator,
    "openapi-3.0": jsonschema_rs.Draft202012Validator,
    "swagger-2.0": jsonschema_rs.Draft202012Validator,
}


def normalised_schema(schema: Any, dialect: str) -> Any:
    """Converts a schema and its definitions from ``dialect`` to the dialect that ``ENGINES[dialect]`` reads."""
    if dialect not in ("openapi-3.0", "swagger-2.0") or not isinstance(schema, dict):
        return schema
    version = dialect.rpartition("-")[2]
    try:
        modern = normalise_schema(schema, version, max_depth=MAX_SCHEMA_DEPTH)
        for keyword in ("definitions", "$defs", "components"):  # normalise_schema() drops them beside a $ref
            named = schema.get(keyword)
            schemas = named.get("schemas") if keyword == "components" and isinstance(named, dict) else named
            if isinstance(schemas, dict) and isinstance(modern, dict):
                normal = {
                    name: normalise_schema(each, version, max_depth=MAX_SCHEMA_DEPTH) for name, each in schemas.items()
                }
                modern[keyword] = {"schemas": normal} if keyword == "components" else normal
                if keyword == "definitions" and version == "2.0":  # normalised references lead there
                    modern["components"] = {"schemas": normal}
    except ValueError as error:
        raise SchemaError(str(error)) from error
    return modern


#: Compiles a schema in a fixed dialect, with fixed formats and options for patterns.
Compiler = partial[jsonschema_rs.Validator]


class CompiledSchema:
    """A compiled schema, which decides whether an instance is valid. ``notes`` are for the author of the schema."""

    def __init__(
        self, schema: Any, compiler: Compiler, native: jsonschema_rs.Validator, notes: tuple[Note, ...]
    ) -> None:
        self._schema, self._compiler = schema, compiler
        self._native = native
        self._is_valid = native.is_valid
        self.notes = notes

    def is_valid(self, instance: Any) -> bool:
        """Returns whether ``instance`` is valid. If ``instance`` isn't JSON or is nested too deeply, it is invalid."""
        try:
            # The same test as in json_instances.is_plain(). Calling that function would take a third of the time.
            if _dumps(instance, None, JSON_ONLY).rfind(b"null") < 0 or holds_json_only(instance):
                return self._is_valid(instance)
        except (TypeError, ValueError):  # orjson accepts an Enum or a UUID, and jsonschema-rs doesn't
            pass
        problem, plain = json_only(instance)
        return problem is None and self._is_valid(plain)

    def is_valid_json(self, instance: Any) -> bool:
        """Does the same as :meth:`is_valid`, for an instance that is known to be JSON of limited depth."""
        try:
            return self._is_valid(instance)
        except (TypeError, ValueError):
            return self.is_valid(instance)


_dumps = orjson.dumps
_BUNDLES: DocumentMemo[tuple[Schema, Direction | None, int], CompiledSchema] = DocumentMemo()
_DEFINITIONS: DocumentMemo[tuple[str, Direction | None], tuple[Any, set[str]]] = DocumentMemo()


def compiled_bundle(schema: Schema, direction: Direction | None = None) -> CompiledSchema:
    """Returns the compiled bundle of ``schema`` (see ``Schema.bundle``).

    A bundle is compiled once for each direction and stored with the document.

    A keyword that can't be compiled is left out, with a note. If compilation still fails, :class:`SchemaError` is
    raised.
    """

    def compiled() -> CompiledSchema:
        bundle, formats = _compilable_bundle(schema, direction)
        return CompiledSchema(bundle, *compile_native(bundle, ENGINES["2020-12"], {}, formats, lenient=True))

    return _BUNDLES.get(schema.document, (schema, direction, formats_version()), compiled)


def _compilable_bundle(schema: Schema, direction: Direction | None) -> tuple[Any, set[str]]:
    """Returns the schema's bundle in compilable form, and the formats in it.

    An entry of ``$defs`` is copied only once for all bundles, because the bundles of a giant document share most
    entries. So if ``compile_native`` changes an entry, all bundles get the change. But only the bundle that is compiled
    first gets the note.
    """
    made = _DEFINITIONS.of(schema.document)
    bundle = dict(schema.bundle(direction))
    definitions = bundle.pop("$defs", {})
    plain = compilable_schema(bundle)
    formats = formats_in(plain)
    if definitions:
        plain["$defs"] = {}
    for name, definition in definitions.items():
        key = (name, direction)
        if key not in made:
            copied = compilable_schema(definition)
            made[key] = copied, formats_in(copied)
        plain["$defs"][name], mentioned = made[key]
        formats |= mentioned
    return plain, formats


def compile_native(
    schema: Any,
    engine: type[jsonschema_rs.Validator],
    remotes: Mapping[str, Any],
    formats: Collection[str] | None,
    *,
    lenient: bool,
) -> tuple[Compiler, jsonschema_rs.Validator, tuple[Note, ...]]:
    """Compiles ``schema``. Returns three things: the compiler for the schema's parts, the validator, and the notes.

    Patterns are rewritten in place. If ``lenient`` is true, keywords that can't be compiled are removed. ``formats``
    are the formats in the schema. If ``formats`` is None, no format is checked. Raises SchemaError if the schema can't
    be compiled.
    """

    def retrieve(uri: str) -> Any:
        return remotes[uri.rstrip("#")]

    # Only the formats in the schema are passed, because every custom format makes jsonschema-rs slower.
    known = {**(LATER_FORMATS if engine is jsonschema_rs.Draft4Validator else {}), **custom_formats()}
    custom = {name: check for name, check in known.items() if name in (formats or ())}
    notes: list[Note] = []
    patterns: jsonschema_rs.PatternOptionsType = _LINEAR
    for _ in range(1000):
        compiler = partial(
            engine,
            formats=custom,
            validate_formats=formats is not None,
            retriever=retrieve,  # with a retriever, jsonschema-rs fetches nothing itself
            mask="value",
            pattern_options=patterns,
            email_options=jsonschema_rs.EmailOptions(allow_display_text=False),
        )
        try:
            native = compiler(schema)
        except jsonschema_rs.ValidationError as error:
            path = error.instance_path
            if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Format):
                if _rewrite_pattern(schema, path):
                    continue
                if patterns is _LINEAR and _is_backtracking(schema, path):
                    patterns = _BACKTRACKING
                    notes += _backtracking_notes(schema)
                    continue
            if not (lenient and _remove(schema, path)):
                raise SchemaError(_reason(error), json_pointers.join(path)) from error
            notes.append(Note(f"is ignored: {_reason(error)}", json_pointers.join(path)))
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise SchemaError(str(error)[:300]) from error
        else:
            return compiler, native, tuple(notes)
    raise SchemaError("the schema has more than a thousand errors")


def formats_in(*values: Any) -> set[str]:
    """Returns the names of all formats in the schemas ``values``, at any depth."""
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
    place = error.instance_path[-1] if error.instance_path else "the schema"
    while isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AnyOf):
        error = error.kind.context[0][0]
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        place = error.kind.property
    return f"the value of {str(place)!r} {sentence(error.kind.name, error.kind.value, error.instance)}"


@lru_cache(maxsize=1024)  # documents repeat patterns, and a pattern with large bounds takes 10 ms
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
    """Returns the pattern at ``path``: the value of ``pattern``, or a name in ``patternProperties``."""
    if path[-1:] == ["pattern"]:
        return str(_parent(schema, path)["pattern"])
    return str(path[-1]) if path[-2:-1] == ["patternProperties"] else None


def _rewrite_pattern(schema: Any, path: list[str | int]) -> bool:
    pattern = _pattern_at(schema, path)
    strict = None if pattern is None else strict_pattern(pattern)
    if strict is None or strict == pattern or not _compiles(strict, _BACKTRACKING):
        return False
    parent = _parent(schema, path)
    if path[-1] == "pattern" and isinstance(parent.get("pattern"), str):
        parent["pattern"] = strict
    else:
        parent[strict] = parent.pop(pattern)
    return True


def _is_backtracking(schema: Any, path: list[str | int]) -> bool:
    try:
        pattern = _pattern_at(schema, path)
    except (KeyError, IndexError, TypeError):  # the pattern is in a remote schema
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
                        "the pattern needs look-around or a backreference, so it runs on the backtracking engine: "
                        f"an instance that takes more than {BACKTRACK_LIMIT:,} steps counts as not matching",
                        json_pointers.join([*path, keyword]),
                    )


def _remove(schema: Any, path: list[str | int]) -> bool:
    if not path:
        return False
    try:
        del _parent(schema, path)[path[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True
