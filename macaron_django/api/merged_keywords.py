"""Keywords of schemas that hold together → one object of keywords: the intersection that ``allOf`` means.

Apart from ``samples``, which builds values of what comes out. ``pattern`` becomes ``patterns``, a list; where two
schemas hold for the same part of a value, that part gets an ``allOf`` of both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

__all__ = ["TYPES", "bounds", "merge", "multiple"]

#: JSON Schema's types, the more telling ones first.
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")


def merge(merged: dict[str, Any], keywords: Mapping[str, Any]) -> None:
    """Add keywords that hold as well as those that are there."""
    for name, value in keywords.items():
        if name == "pattern":
            merged.setdefault("patterns", []).append(value)
        elif name not in merged:
            merged[name] = dict(value) if isinstance(value, Mapping) else value
        elif name in _TOGETHER:
            merged[name] = _TOGETHER[name](merged[name], value)


def _types_in_both(one: Any, other: Any) -> list[str]:
    sets = [set(each) if isinstance(each, list) else {each} for each in (one, other)]
    sets = [each | {"integer"} if "number" in each else each for each in sets]
    both = sets[0] & sets[1]
    return [kind for kind in TYPES if kind in both and not (kind == "integer" and "number" in both)]


def _each_in_both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    shared = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}
    return {**one, **other, **shared}


def _of_both(one: Any, other: Any) -> Any:
    return False if one is False or other is False else {"allOf": [one, other]}


_TOGETHER: Mapping[str, Any] = {
    "type": _types_in_both,
    "enum": lambda one, other: [value for value in one if value in other],
    "required": lambda one, other: [*one, *other],
    "properties": _each_in_both,
    "patternProperties": _each_in_both,
    "dependentRequired": lambda one, other: {**one, **other},
    "items": _of_both,
    "additionalProperties": _of_both,
    "propertyNames": _of_both,
    "uniqueItems": lambda one, other: one or other,
    "multipleOf": lambda one, other: _least_common(Fraction(str(one)), Fraction(str(other))),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}


def _least_common(one: Fraction, other: Fraction) -> Fraction:
    return Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))


def multiple(merged: Mapping[str, Any], whole: Fraction | None) -> Fraction | None:
    """What a number has to be a multiple of; ``whole`` is 1 for an integer, None for another number."""
    step = merged.get("multipleOf")
    if step is None:
        return whole
    found = Fraction(str(step))
    return found if whole is None else _least_common(found, whole)


def bounds(merged: Mapping[str, Any]) -> tuple[Fraction | None, Fraction | None]:
    """The least and the greatest number, either of them None where there is none."""
    lows = [Fraction(str(merged[name])) for name in ("minimum", "exclusiveMinimum") if name in merged]
    highs = [Fraction(str(merged[name])) for name in ("maximum", "exclusiveMaximum") if name in merged]
    low, high = max(lows, default=None), min(highs, default=None)
    if low is not None and high is not None and low <= 1 < high:
        low = Fraction(1)  # 1 reads better than the least number of 64 bits
    return low, high
