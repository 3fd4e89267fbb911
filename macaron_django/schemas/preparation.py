"""A JSON Schema in, a private copy that jsonschema-rs can compile out, with notes on what had to be changed.

jsonschema-rs compiles natively and recursively, refuses a schema over one bad keyword, and knows no number
formats. So before it sees a schema: the copy is made iteratively, with limits on nesting and size; ``int32``,
``int64``, ``float`` and ``double`` become bounds; patterns that ECMA-262 allows in web browsers and Rust's
``regex`` does not are respelled, and those that repeat a character thousands of times are shortened. Separate from
``validators`` because it is pure: Python data to Python data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from macaron_django.spec.dialects import NUMBER_FORMATS

from .pattern_bounds import bounded

__all__ = ["MAX_SCHEMA_DEPTH", "MAX_SCHEMA_NODES", "Note", "SchemaError", "prepared", "respelled"]

#: Levels of arrays and objects that a schema may have; each costs native stack when it is compiled.
MAX_SCHEMA_DEPTH = 250
#: Values that a schema may have, aliases counted each time they are used.
MAX_SCHEMA_NODES = 5_000_000

_SUBSCHEMA = frozenset(
    "additionalItems additionalProperties contains contentSchema else if items not propertyNames then "  # noqa: SIM905
    "unevaluatedItems unevaluatedProperties".split()
)
_SUBSCHEMA_LIST = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_SUBSCHEMA_MAP = frozenset(
    {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties", "schemas"}
)
_SCHEMA, _SCHEMAS, _DATA = "schema", "schemas", "data"


class SchemaError(ValueError):
    """A schema that no validator can be compiled from. ``pointer`` is the JSON pointer of the culprit in it."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"{pointer or '/'}: {message}")
        self.message, self.pointer = message, pointer


@dataclass(frozen=True)
class Note:
    """Something about a schema that its author should know, though a validator could be compiled."""

    message: str
    pointer: str


def prepared(schema: Mapping[str, Any] | bool) -> Any:
    """Return a copy of ``schema`` made of plain dictionaries and lists; raise :class:`SchemaError` if it is no JSON."""
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
        if isinstance(value, Mapping):
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
            if name in _SUBSCHEMA and isinstance(member, Mapping):
                yield name, _SCHEMA
            elif (name in _SUBSCHEMA_LIST and isinstance(member, (list, tuple))) or (
                name in _SUBSCHEMA_MAP and isinstance(member, Mapping)
            ):
                yield name, _SCHEMAS
            else:
                yield name, _DATA
        return
    for given in value:
        copy[_name(given)] = value[given]
        yield _name(given), _SCHEMA if role == _SCHEMAS and isinstance(value[given], Mapping) else _DATA


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
        copy.setdefault("properties", {})  # without it, jsonschema-rs doesn't say which ones are additional
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
        if all(sign * number < sign * bound for number in given):  # none is tighter
            copy[keyword] = bound
            copy.pop(exclusive, None)  # in draft 4 it is a boolean that would exclude the bound
    return copy


def _bound_length(schema: dict[str, Any]) -> None:
    """Say by ``minLength`` and ``maxLength`` what the pattern says by repeating one character, where that is much."""
    found = bounded(schema["pattern"])
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


_CLASS = re.compile(r"\\.|\[\^?\]?|\]", re.DOTALL)


def respelled(pattern: str) -> str:
    r"""Return ``pattern`` with what browsers allow beyond ECMA-262's strict grammar spelled strictly.

    A ``-`` next to a class such as ``\w`` is escaped; ``[^]`` is any character.

    >>> respelled(r"^[\w-.]+@[^]$")
    '^[\\w\\-.]+@[\\s\\S]$'
    """
    pattern = pattern.replace("[^]", r"[\s\S]")
    spelled, inside, after_class, position = "", False, False, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            token = pattern[position : position + 2]
            if (
                inside
                and spelled.endswith("-")
                and token[1:] in tuple("dDwWsS")
                and not spelled.endswith(("\\-", "[-", "[^-"))
            ):
                spelled = f"{spelled[:-1]}\\-"
            after_class = inside and token[1:] in tuple("dDwWsS")
        elif inside and char == "-" and after_class and pattern[position + 1 : position + 2] != "]":
            token, after_class = r"\-", False
            spelled += token
            position += 1
            continue
        else:
            token, after_class = char, False
            inside = char == "[" or (inside and char != "]")
        spelled += token
        position += len(token)
    return spelled
