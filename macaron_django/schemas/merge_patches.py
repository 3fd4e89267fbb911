"""JSON merge patches (RFC 7386), and JSON without the properties that a direction doesn't show.

In: JSON values and the schema that says what is readOnly or writeOnly. Out: new JSON values; nothing given is
changed. Pure, and apart from ``serializers`` so that it can be tested against the RFC's own table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from macaron_django.spec import Property, Schema

__all__ = ["merge_patch", "without_read_only", "without_write_only"]


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


def without_read_only(schema: Schema, value: Any) -> Any:
    """``value`` without its readOnly properties, at any depth."""
    return _without(schema, value, _is_read_only)


def without_write_only(schema: Schema, value: Any) -> Any:
    """``value`` without its writeOnly properties, at any depth."""
    return _without(schema, value, _is_write_only)


def _is_read_only(prop: Property) -> bool:
    return prop.read_only


def _is_write_only(prop: Property) -> bool:
    return prop.write_only


def _without(schema: Schema, value: Any, hidden: Callable[[Property], bool]) -> Any:
    # Follows what is there, not the schema: a recursive schema ends where its value does.
    if isinstance(value, Mapping):
        schema = schema.resolved
        properties = schema.properties
        additional = schema.additional_properties
        shown = {}
        for name, member in value.items():
            prop = properties.get(name)
            if prop is not None:
                if not hidden(prop):
                    shown[name] = _without(prop.schema, member, hidden) if type(member) in _CONTAINERS else member
            elif type(member) in _CONTAINERS and isinstance(additional, Schema):
                shown[name] = _without(additional, member, hidden)
            else:
                shown[name] = member
        return shown
    if isinstance(value, list) and schema.resolved.items is not None:
        items = schema.resolved.items
        return [_without(items, element, hidden) for element in value]
    return value


_CONTAINERS = (dict, list)
