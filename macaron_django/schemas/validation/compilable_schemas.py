"""Copies a JSON Schema into a form that jsonschema-rs can compile.

jsonschema-rs compiles recursively in native code, and doesn't support number formats. So this module copies a schema
iteratively, with limits on nesting and size. In the copy, ``int32``, ``int64``, ``float`` and ``double`` become bounds,
and patterns that repeat a character thousands of times become limits on length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from macaron_django.openapi.dialects.schema_dialects import NUMBER_FORMATS
from macaron_django.openapi.keywords import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS
from macaron_django.schemas.validation.patterns import bounded_pattern

__all__ = ["MAX_SCHEMA_DEPTH", "MAX_SCHEMA_NODES", "Note", "SchemaError", "compilable_schema"]

#: How many levels of arrays and objects a schema may have. At compilation, each level uses native stack.
MAX_SCHEMA_DEPTH = 250
#: How many values a schema may have. A YAML alias counts each time it is used.
MAX_SCHEMA_NODES = 5_000_000

# In addition to the keywords of 2020-12: ``items`` and ``dependencies`` of draft 4, and OpenAPI's ``components``.
_LISTS = SCHEMA_LISTS | {"items"}
_MAPS = SCHEMA_MAPS | {"dependencies", "schemas"}
_MAPPINGS = (dict, Mapping)  # dict first: nearly all are dictionaries, and checking for them is faster
_SCHEMA, _SCHEMAS, _DATA = "schema", "schemas", "data"


class SchemaError(ValueError):
    """A schema can't be compiled. ``pointer`` is the JSON pointer to the fault in the schema."""

    message: str
    pointer: str

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"{pointer or '/'}: {message}")
        self.message, self.pointer = message, pointer


@dataclass(frozen=True)
class Note:
    """A remark for the author of a compiled schema, about an ignored keyword or a slow pattern."""

    message: str
    pointer: str


def compilable_schema(schema: Mapping[str, Any] | bool) -> Any:
    """Returns a compilable copy of ``schema`` in plain dictionaries and lists.

    Raises :class:`SchemaError` if ``schema`` isn't JSON.
    """
    root: list[Any] = [None]
    todo: list[tuple[Any, Any, Any, int, str]] = [(schema, root, 0, 0, _SCHEMA)]
    nodes = 0
    while todo:
        value, holder, key, depth, role = todo.pop()
        nodes += 1
        if depth > MAX_SCHEMA_DEPTH:
            raise SchemaError(f"the schema is nested deeper than {MAX_SCHEMA_DEPTH} levels")
        if nodes > MAX_SCHEMA_NODES:
            raise SchemaError(f"the schema has more than {MAX_SCHEMA_NODES:,} values")
        if isinstance(value, _MAPPINGS):
            holder[key] = copy = _completed(value) if role == _SCHEMA else dict.fromkeys(map(_name, value))
            todo.extend((copy[name], copy, name, depth + 1, kind) for name, kind in _members(copy, value, role))
        elif isinstance(value, (list, tuple)):
            holder[key] = copied = list(value)
            inner = _SCHEMA if role == _SCHEMAS else _DATA
            todo.extend((item, copied, index, depth + 1, inner) for index, item in enumerate(value))
        else:
            holder[key] = _scalar(value)
    return root[0]


def _members(copy: dict[str, Any], value: Mapping[Any, Any], role: str) -> Iterator[tuple[str, str]]:
    if role == _SCHEMA:
        for name, member in copy.items():
            if name in SCHEMA_KEYWORDS and isinstance(member, _MAPPINGS):
                yield name, _SCHEMA
            elif (name in _LISTS and isinstance(member, (list, tuple))) or (
                name in _MAPS and isinstance(member, _MAPPINGS)
            ):
                yield name, _SCHEMAS
            else:
                yield name, _DATA
        return
    for given in value:
        copy[_name(given)] = value[given]
        yield _name(given), _SCHEMA if role == _SCHEMAS and isinstance(value[given], _MAPPINGS) else _DATA


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise SchemaError(f"the key {key!r} is not a string")
    return str(key)


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (float, Decimal)) and not math.isfinite(value):
        raise SchemaError(f"{value} is not a JSON number")
    if value is None or isinstance(value, (bool, int, float, Decimal)):
        return value
    raise SchemaError(f"a {type(value).__name__} is not a JSON value")


def _completed(schema: Mapping[Any, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = {_name(key): value for key, value in schema.items()}
    if copy.get("additionalProperties") is False and "patternProperties" not in copy:
        copy.setdefault("properties", {})  # otherwise jsonschema-rs doesn't name the additional properties
    if isinstance(copy.get("pattern"), str):
        _bound_length(copy)
    bounds = NUMBER_FORMATS.get(copy["format"]) if isinstance(copy.get("format"), str) else None
    if bounds is None:
        return copy
    for keyword, exclusive, bound, sign in (
        ("minimum", "exclusiveMinimum", bounds[0], 1),
        ("maximum", "exclusiveMaximum", bounds[1], -1),
    ):
        given = [copy[name] for name in (keyword, exclusive) if _is_number(copy.get(name))]
        if all(sign * number < sign * bound for number in given):  # no given bound is tighter
            copy[keyword] = bound
            copy.pop(exclusive, None)  # in draft 4, this boolean would exclude the bound
    return copy


def _bound_length(schema: dict[str, Any]) -> None:
    """If a pattern only repeats one character, moves its large bounds to ``minLength`` and ``maxLength``."""
    found = bounded_pattern(schema["pattern"])
    lengths = [schema.get(keyword) for keyword in ("minLength", "maxLength")]
    if found is None or not all(length is None or _is_number(length) for length in lengths):
        return
    schema["pattern"], (shortest, longest) = found.pattern, lengths
    if found.least:
        schema["minLength"] = found.least if shortest is None else max(shortest, found.least)
    if found.most is not None:
        schema["maxLength"] = found.most if longest is None else min(longest, found.most)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
