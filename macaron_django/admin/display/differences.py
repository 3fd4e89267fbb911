"""Finds the places where two JSON values differ.

The item's history, edit conflicts and import previews show these places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from macaron_django.openapi import json_pointers
from macaron_django.schemas.values.conversions import UNSET

__all__ = ["Difference", "differences", "same_json"]


@dataclass(frozen=True)
class Difference:
    """A place where two values differ; UNSET means that the value is missing."""

    pointer: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: tuple[str | int, ...] = ()) -> Iterator[Difference]:
    """Yields the innermost places where ``after`` differs from ``before``.

    If two arrays have different lengths, yields the two arrays as one difference.

    >>> [each.pointer for each in differences({"name": "Ada", "tags": [1, 2]}, {"name": "Eve", "tags": [1, 3]})]
    ['/name', '/tags/1']
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from differences(before.get(name, UNSET), after.get(name, UNSET), (*path, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, (*path, place))
    elif not same_json(before, after):
        yield Difference(json_pointers.join(path), before, after)


def same_json(one: Any, other: Any) -> bool:
    """Returns whether two JSON values are equal. As in DynamoDB, 1 equals 1.0. Unlike in Python, 1 doesn't equal true.

    >>> same_json([1, {"a": 1.0}], [1.0, {"a": 1}]), same_json(1, True)
    (True, False)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(_exact(one) == _exact(other))


def _exact(value: Any) -> Any:
    # A float is compared as the decimal number that ``repr`` prints.
    return Decimal(repr(value)) if isinstance(value, float) else value
