"""JSON merge patches (RFC 7386), and JSON without the properties that no answer shows.

In: JSON values and the schema that says what is writeOnly. Out: new JSON values; nothing given is
changed. Pure, and apart from ``serializers`` so that it can be tested against the RFC's own table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macaron_django.schemas.text_values import property_schema
from macaron_django.spec import Schema

__all__ = ["hides_write_only", "merge_patch", "without_write_only"]


def merge_patch(target: Any, patch: Any) -> Any:
    """``target`` with ``patch`` merged into it: null removes, objects merge, everything else replaces.

    >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 4}})
    {'b': {'c': 4, 'd': 3}}
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def without_write_only(schema: Schema, value: Any) -> Any:
    """``value`` without its writeOnly properties, at any depth; those of branches are hidden whichever applies."""
    return _without(schema, value) if hides_write_only(schema) else value


def hides_write_only(schema: Schema) -> bool:
    """Whether anything that ``schema`` leads to is writeOnly; found out once."""
    hiding: dict[Schema, bool] = schema.document.__dict__.setdefault("_hiding", {})
    hides = hiding.get(schema)
    if hides is None:
        hides = hiding[schema] = _hides(schema)
    return hides


def _hides(schema: Schema) -> bool:
    seen: set[Schema] = set()
    todo = [schema]
    while todo:
        schema = todo.pop()
        if schema in seen:
            continue
        seen.add(schema)
        if any(prop.write_only for prop in schema.properties.values()):
            return True
        below = [*(prop.schema for prop in schema.properties.values()), *schema.one_of, *schema.any_of]
        todo += [*below, *(each for each in (schema.items, schema.additional_properties) if isinstance(each, Schema))]
    return False


def _without(schema: Schema, value: Any) -> Any:
    # Follows what is there, not the schema: a recursive schema ends where its value does.
    if isinstance(value, list) and schema.items is not None:
        return [_without(schema.items, element) for element in value]
    if not isinstance(value, Mapping):
        return value
    shown = {}
    for name, member in value.items():
        inner = property_schema(schema, name)
        if inner is not None and inner.keyword("writeOnly") is True:
            continue
        shown[name] = _without(inner, member) if inner is not None and isinstance(member, (dict, list)) else member
    return shown
