"""Builds a JSON value that a schema accepts. The mock responds with this value if the spec has no example.

A value is built from the schema's main keywords, then validated. If the value isn't valid, the next attempt chooses
other branches, types and values.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import unquote

from macaron_django.api.mock.pattern_samples import texts_for
from macaron_django.openapi import json_pointers
from macaron_django.schemas import Validator, compile_schema

__all__ = ["NoSample", "sample_of"]

ATTEMPTS = 24
DEEPEST = 24
#: The number of schemas for one value after which only required members are built. A schema may contain itself.
ENOUGH = 400

FORMATS: Mapping[str, str] = {
    "binary": "text", "byte": "dGV4dA==", "base64url": "dGV4dA", "char": "a", "date": "2026-01-01",
    "date-time": "2026-01-31T12:00:00Z", "decimal": "1.5", "duration": "P1D", "email": "ada@example.com",
    "hostname": "example.com", "idn-email": "ada@example.com", "idn-hostname": "example.com", "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1", "iri": "https://example.com/", "iri-reference": "/example", "json-pointer": "/example",
    "password": "password", "regex": "^text$", "relative-json-pointer": "0/example", "time": "12:00:00Z",
    "uri": "https://example.com/", "uri-reference": "/example", "uri-template": "/example/{id}",
    "url": "https://example.com/", "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
}  # fmt: skip
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
#: If a schema has no ``type``, its keywords imply the type.
_IMPLIED = {
    "object": {"properties", "required", "additionalProperties", "minProperties", "maxProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"},
    "string": {"pattern", "format", "minLength", "maxLength"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}
_CHOICES = {"const", "enum"}
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_SCALAR_KEYWORDS = {"type", *_CHOICES, *_IMPLIED["string"], *_IMPLIED["number"]}

#: Schemas that apply to the same value.
Parts: TypeAlias = list[Mapping[str, Any]]


class NoSample(Exception):  # noqa: N818 (says what there isn't, not what went wrong)
    """No value was found that the schema accepts."""


class _DeadEnd(Exception):  # noqa: N818 (ends one attempt)
    """No value can be built this way."""


def sample_of(validator: Validator) -> Any:
    """Builds a JSON value that ``validator`` accepts. The same schema always gets the same value. Can raise NoSample.

    >>> sample_of(compile_schema({"type": "integer", "minimum": 7, "multipleOf": 5}))
    10
    """
    for attempt in range(ATTEMPTS):
        try:
            value = _SampleBuilder(validator._schema, attempt).value(validator._schema)
        except _DeadEnd:
            continue
        if validator.is_valid(value):
            return value
    raise NoSample("no value was found that the schema accepts")


class _SampleBuilder:
    """Builds a value of a schema. ``attempt`` chooses the branches, types and values."""

    def __init__(self, root: Any, attempt: int) -> None:
        self.root, self.attempt, self.visited = root, attempt, 0

    def value(self, schema: Any, depth: int = 0, turn: int = 0) -> Any:
        """Builds a value of ``schema``. If the schema allows several values, ``turn`` chooses one of them."""
        self.visited += 1
        if depth > DEEPEST or self.visited > 50 * ENOUGH:
            raise _DeadEnd
        parts = self.parts(schema, turn)
        kind = _turned(_types(parts), self.attempt // 4)
        choices = [[part["const"]] if "const" in part else part["enum"] for part in parts if part.keys() & _CHOICES]
        if kind in ("object", "array") and not choices:
            return (self.object if kind == "object" else self.array)(parts, depth, turn)
        keywords: Parts = [{name: part[name] for name in sorted(part.keys() & _SCALAR_KEYWORDS)} for part in parts]
        is_valid = _scalar_validator(json.dumps(keywords)).is_valid
        fitting = (value for value in _scalars(kind, choices, keywords, turn) if is_valid(value))
        turn += self.attempt // 4
        return deepcopy(_turned(list(islice(fitting, turn + 1)), turn))

    def parts(self, schema: Any, turn: int) -> Parts:
        """Returns the schemas that apply to one value. Follows references, and chooses one of several alternatives."""
        parts: list[Any] = [schema]
        for part in parts:  # the list grows in the loop
            if part is True:
                continue
            if not isinstance(part, Mapping) or len(parts) > 200:
                raise _DeadEnd
            if isinstance(part.get("$ref"), str):
                parts.append(reduce(json_pointers.step, json_pointers.split(unquote(part["$ref"])), self.root))
            parts += part.get("allOf", ())
            branches = [part[name] for name in ("oneOf", "anyOf") if part.get(name)]
            parts += [_turned(each, self.attempt + turn) for each in branches]
        return [part for part in parts if part is not True]

    def only_required(self, depth: int) -> bool:
        """Returns whether to leave out optional members.

        They are left out deep inside a value, in large values, and in some attempts.
        """
        return depth > 5 or self.visited > ENOUGH or (self.attempt % 4 == 3 and depth > 0) or self.attempt > 19

    def array(self, parts: Parts, depth: int, turn: int) -> list[Any]:
        """Builds as few elements as possible.

        If the schema describes elements, but requires none, builds one element.
        """
        least, most = _strictest(max, parts, "minItems", 0), _strictest(min, parts, "maxItems", math.inf)
        tuples = [part.get("prefixItems", ()) for part in parts]
        wanted = max(least, *map(len, tuples), any(isinstance(part.get("items"), Mapping) for part in parts))
        if least > 1000:
            raise _DeadEnd
        made: list[Any] = []
        while len(made) < min(least if self.only_required(depth) else wanted, most):
            place = len(made)
            schemas = [
                prefix[place] if place < len(prefix) else part.get("items", True)
                for part, prefix in zip(parts, tuples, strict=True)
            ]
            try:  # elements may have to be unique, so each one is built with a different turn
                made.append(self.value({"allOf": schemas}, depth + 1, turn + place))
            except _DeadEnd:
                if place < least:
                    raise
                break
        return made

    def object(self, parts: Parts, depth: int, turn: int) -> dict[str, Any]:
        """Builds the required properties, and the optional properties that the schema describes.

        ``maxProperties`` limits only the optional properties.
        """
        required = [name for part in parts for name in part.get("required", ())]
        named = [name for part in parts for name in part.get("properties", ())]
        least, most = _strictest(max, parts, "minProperties", 0), _strictest(min, parts, "maxProperties", math.inf)
        if not named and any(isinstance(part.get("additionalProperties"), Mapping) for part in parts):
            least = least or int(not self.only_required(depth))
        made: dict[str, Any] = {}
        for name in [*required, *named, *(f"property{number + 1}" for number in range(least))]:
            is_optional = name not in required
            is_enough = len(made) >= least and (self.only_required(depth) or name not in named)
            if name in made or (is_optional and (is_enough or len(made) >= most)):
                continue
            schemas = _schemas_of(name, parts)
            if is_optional and any(isinstance(each, Mapping) and each.get("writeOnly") is True for each in schemas):
                continue
            visited = self.visited
            try:
                made[name] = self.value({"allOf": schemas}, depth + 1, turn)
            except _DeadEnd:
                if not is_optional:
                    raise
                self.visited = visited
        return made


def _turned(choices: list[Any], turn: int) -> Any:
    if not choices:
        raise _DeadEnd
    return choices[turn % len(choices)]


def _types(parts: Parts) -> list[str]:
    """Returns the types that a value may have, the most informative ones first."""
    named = [part["type"] if isinstance(part["type"], list) else [part["type"]] for part in parts if "type" in part]
    if not named:
        implied = [kind for kind, keywords in _IMPLIED.items() if any(keywords & part.keys() for part in parts)]
        return implied or ["object"]
    types = [kind for kind in TYPES if all(kind in each or (kind == "integer" and "number" in each) for each in named)]
    return [kind for kind in types if kind != "integer" or "number" not in types]


def _schemas_of(name: str, parts: Parts) -> list[Any]:
    """Returns the schemas that apply to the property ``name``."""
    schemas: list[Any] = []
    for part in parts:
        own = [part["properties"][name]] if name in part.get("properties", {}) else []
        patterns = part.get("patternProperties", {}).items()
        own += [schema for pattern, schema in patterns if compile_schema({"pattern": pattern}).is_valid(name)]
        schemas += own or [part.get("additionalProperties", True)]
    return schemas


def _strictest(choose: Callable[..., Any], parts: Parts, name: str, otherwise: float) -> Any:
    return choose((part[name] for part in parts if name in part), default=otherwise)


@lru_cache(maxsize=4096)
def _scalar_validator(keywords: str) -> Validator:
    return compile_schema({"allOf": json.loads(keywords)})


def _scalars(kind: str, choices: list[list[Any]], keywords: Parts, turn: int) -> Iterable[Any]:
    """Returns values that may satisfy ``keywords``, the plainest first."""
    if choices:
        return sorted(choices[0], key=lambda value: value is None)
    if kind in ("boolean", "null"):
        return (True, False) if kind == "boolean" else (None,)
    return _texts(keywords, turn) if kind == "string" else dict.fromkeys(_numbers(keywords, turn))


def _numbers(keywords: Parts, turn: int) -> Iterator[int | float]:
    bounds = [Fraction(str(part[name])) for part in keywords for name in _BOUNDS if name in part]
    steps = [Fraction(str(part["multipleOf"])) for part in keywords if "multipleOf" in part]
    unit = max(steps, default=Fraction(1))
    for distance in range(turn + 3):
        for start in (Fraction(1), *bounds, sum(bounds, Fraction(0)) / max(1, len(bounds))):
            for value in (start, math.ceil(start / unit) * unit):
                for number in (value + distance * unit, value - distance * unit):
                    yield int(number) if number.denominator == 1 else float(number)


def _texts(keywords: Parts, turn: int) -> Iterator[str]:
    least, most = _strictest(max, keywords, "minLength", 0), _strictest(min, keywords, "maxLength", 1_000_000)
    text = next((FORMATS[part["format"]] for part in keywords if part.get("format") in FORMATS), "text")
    padding = "t" * (min(least, most) - len(text))
    for number in range(turn + 6):  # more texts of the same form
        other = re.sub(r"\d(?=\D*$)", lambda digit: str((int(digit[0]) + number) % 10), text)  # noqa: B023 (used here)
        other += str(number) if number and other == text else ""
        yield from dict.fromkeys((other, padding + other, other + padding, other[:most]))
    yield "dGV4" * math.ceil(len(padding) / 4 + 2)  # Base64
    for pattern in (part["pattern"] for part in keywords if "pattern" in part):
        yield from texts_for(pattern, least)
