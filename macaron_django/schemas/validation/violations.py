"""Describes where an instance violates its schema: each violation has its place, and a message for the client.

Messages never quote the instance, because a value may be secret, or megabytes long. They quote property names, and
parts of the schema (a limit, a pattern, the allowed values), up to :data:`MAX_QUOTE` characters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from macaron_django.schemas.formats.known_formats import STRING_FORMATS

__all__ = ["MAX_QUOTE", "Violation", "one_of", "sentence", "wrong_type"]

#: How many characters of a schema's value or a property's name a message quotes.
MAX_QUOTE = 80


@dataclass(frozen=True)
class Violation:
    """A fault in an instance: it violates a keyword of its schema.

    ``pointer`` is a JSON pointer into the instance, and ``schema_pointer`` is a JSON pointer into the schema. For a
    missing property, ``pointer`` leads to the property, not to the object that lacks it. ``location`` is the part of
    the request: "body", "query", "path", "header" or "cookie".
    """

    message: str
    pointer: str
    schema_pointer: str
    keyword: str
    location: str = "body"


def sentence(keyword: str, value: Any, instance: Any) -> str:
    """Returns the message for an ``instance`` that violates ``keyword`` with the given ``value``.

    >>> sentence("minLength", 1, ""), sentence("type", ["string", "null"], [])
    ('must not be empty', 'must be null or a string, not an array')
    """
    if keyword == "type":
        return wrong_type([value] if isinstance(value, str) else sorted(value, key=_TYPES.index), instance)
    writer = _SENTENCES.get(keyword)
    return writer(value) if writer else "is not valid"


def wrong_type(types: Sequence[str], instance: Any) -> str:
    """Returns the message for an ``instance`` that has none of the ``types``.

    >>> wrong_type(["object"], 5)
    'must be an object, not an integer'
    """
    wanted = " or ".join(_ARTICLED.get(name, name) for name in types)
    return f"must be {wanted}, not {_type_of(instance)}"


def one_of(values: Sequence[Any]) -> str:
    """Returns text that lists ``values``. In a message, the text follows the words "must be".

    >>> one_of(["cat", "dog"])
    'one of "cat", "dog"'
    """
    if len(values) == 1:
        return _quoted(values[0])
    text = ", ".join(_quoted(value) for value in values[:20])
    cut = len(values) > 20 or len(text) > MAX_QUOTE
    return f"one of {text[:MAX_QUOTE].rstrip(', ')}{'…' if cut else ''}"


_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_ARTICLED = {
    **{name: f"a {name}" for name in ("boolean", "number", "string")},
    **{name: f"an {name}" for name in ("array", "integer", "object")},
}


def _quoted(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except ValueError:
        text = str(value)
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_QUOTE else f"{text[: MAX_QUOTE - 1]}…"


def _type_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "a boolean"
    for kind, name in ((str, "string"), (int, "integer"), (Mapping, "object"), ((list, tuple), "array")):
        if isinstance(value, kind):
            return _ARTICLED[name]
    return "a number"


def _plural(limit: Any, one: str, many: str) -> str:
    return f"{int(limit)} {one if limit == 1 else many}"  # 2.0 is an integer in JSON Schema


def _format(name: Any) -> str:
    known = STRING_FORMATS.get(name)
    return f"must be {known.description if known and known.description else f'in the format {_quoted(name)}'}"


def _min_length(limit: Any) -> str:
    if limit == 1:
        return "must not be empty"
    return f"must have at least {_plural(limit, 'character', 'characters')}"


_SENTENCES: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "additionalItems": lambda limit: f"must not have more than {_plural(limit, 'item', 'items')}",
        "anyOf": lambda branches: f"matches none of the {len(branches)} schemas allowed here",
        "const": lambda expected: f"must be {_quoted(expected)}",
        "contains": lambda _: "lacks a required kind of item",
        "enum": lambda options: f"must be {one_of(options)}",
        "exclusiveMaximum": lambda limit: f"must be less than {limit}",
        "exclusiveMinimum": lambda limit: f"must be more than {limit}",
        "format": _format,
        "maxContains": lambda _: "has too many items of one kind",
        "maxItems": lambda limit: f"must not have more than {_plural(limit, 'item', 'items')}",
        "maxLength": lambda limit: f"must not be longer than {_plural(limit, 'character', 'characters')}",
        "maxProperties": lambda limit: f"must not have more than {_plural(limit, 'property', 'properties')}",
        "maximum": lambda limit: f"must be at most {limit}",
        "minItems": lambda limit: f"must have at least {_plural(limit, 'item', 'items')}",
        "minLength": _min_length,
        "minProperties": lambda limit: f"must have at least {_plural(limit, 'property', 'properties')}",
        "minimum": lambda limit: f"must be at least {limit}",
        "multipleOf": lambda factor: f"must be a multiple of {factor}",
        "not": lambda _: "matches a schema that it must not match",
        "oneOf": lambda branches: f"matches none of the {len(branches)} schemas allowed here",
        "pattern": lambda pattern: f"does not match the pattern {_cut(pattern)}",
        "required": lambda _: "is required",
        "unevaluatedItems": lambda _: "holds items that are not allowed here",
        "uniqueItems": lambda _: "must not hold the same item twice",
    }
)
