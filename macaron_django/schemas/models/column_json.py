"""Copies values from the ORM's columns into JSON without converting the values.

This is possible if the column's value is already a JSON value of the type that the schema requires. For any other
value, the copying function returns ``OTHER``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from macaron_django.openapi import Schema
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import Conversion, converter

__all__ = ["OTHER", "json_copier", "plain_kinds"]

#: The result for a value that must be converted, or that has properties which its schema lacks.
OTHER: Final = object()
_KINDS: Final = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
}


def json_copier(schema: Schema, classes: Classes) -> Callable[[Any], Any]:
    """Returns a function that copies a value if ``to_json(to_python(value))`` equals ``value``.

    For any other value, the copying function returns ``OTHER``.
    """
    target = schema.resolved
    conversion = converter(target, classes)
    if conversion.elements is not None and target.items is not None:
        return _array(target.items, classes)
    if conversion.object_class is not None:
        return _object(conversion, classes)
    kinds = plain_kinds(target, classes)
    return lambda value: value if type(value) in kinds else OTHER


def plain_kinds(schema: Schema, classes: Classes) -> frozenset[type]:
    """Returns the Python types of the values that need no conversion.

    If a value has one of these types, ``to_json(to_python(value))`` equals ``value``.
    """
    target = schema.resolved
    is_changed = target.types == ("string",) and not converter(target, classes).unchanged
    return frozenset() if is_changed or len(target.types) != 1 else _KINDS.get(target.types[0], frozenset())


def _array(items: Schema, classes: Classes) -> Callable[[Any], Any]:
    of_items: Callable[[Any], Any] | None = None

    def copy(value: Any) -> Any:
        nonlocal of_items  # created at first use, because an array may contain arrays of its own schema
        if type(value) is not list:
            return OTHER
        if of_items is None:
            of_items = json_copier(items, classes)
        copied = []
        for element in value:
            shown = of_items(element)
            if shown is OTHER:
                return OTHER
            copied.append(shown)
        return copied

    return copy


def _object(conversion: Conversion, classes: Classes) -> Callable[[Any], Any]:
    members: list[tuple[str, Callable[[Any], Any]]] | None = None

    def copy(value: Any) -> Any:
        nonlocal members  # created at first use, because an object may contain objects of its own schema
        if type(value) is not dict:
            return OTHER
        if members is None:
            properties = conversion.object_class()._spec.properties  # type: ignore[misc]
            members = [(name, json_copier(prop.schema, classes)) for name, prop in properties.items()]
        copied = {}
        for name, of_member in members:
            if name in value:
                shown = of_member(value[name])
                if shown is OTHER:
                    return OTHER
                copied[name] = shown
        return copied if len(copied) == len(value) else OTHER

    return copy
