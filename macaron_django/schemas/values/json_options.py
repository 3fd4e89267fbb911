"""Converts API objects to JSON with PyMacaron's options for datetimes and nulls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from macaron_django.openapi import Schema
from macaron_django.openapi.schema import reachable_schemas
from macaron_django.schemas.document_memos import DocumentMemo
from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.validation.branches import branch_for, branches_beside_null
from macaron_django.schemas.values.conversions import Conversion, json_value

__all__ = ["JSONOptions", "with_datetimes", "with_nulls", "without_nulls"]


@dataclass(frozen=True)
class JSONOptions:
    """The options of ``to_json()``. They also apply to nested objects."""

    keep_datetime: bool = False
    keep_nullable: bool = False
    datetime_encoder: Callable[[dt.datetime], Any] | None = None
    exclude_unset: bool = True
    exclude_none: bool = False

    def written(self, value: Any) -> dict[str, Any]:
        """Returns the JSON form of an API object: its properties in schema order, then the additional properties."""
        spec = value._spec
        found: dict[str, Any] = {}
        for name, prop in spec.properties.items():
            if name in value:
                found[name] = self._member(value[name], spec.conversion(name))
            elif self.keep_nullable and prop.extensions.nullable:
                found[name] = None
            elif not self.exclude_unset:
                found[name] = self._member(spec.defaults.get(name), spec.conversion(name))
        for name in value:
            if name not in spec.properties:
                found[name] = self._member(value[name], spec.conversion(name))
        return self._without_nulls(found)

    def _member(self, value: Any, conversion: Conversion | None) -> Any:
        if isinstance(value, dt.datetime) and self.datetime_encoder is not None and not self.keep_datetime:
            return self.datetime_encoder(value)
        if isinstance(value, dt.date) and self.keep_datetime:
            return value
        if hasattr(value, "_json_with"):
            return value._json_with(self)
        if isinstance(value, (list, tuple)):
            elements = conversion.elements() if conversion is not None and conversion.elements is not None else None
            return [self._member(each, elements) for each in value]
        if isinstance(value, Mapping):
            return self._without_nulls({name: self._member(each, None) for name, each in value.items()})
        return json_value(value) if conversion is None else conversion.to_json(value)

    def _without_nulls(self, members: dict[str, Any]) -> dict[str, Any]:
        return {name: each for name, each in members.items() if each is not None} if self.exclude_none else members


def without_nulls(json: Any) -> Any:
    """Returns a copy of a JSON value in which objects have no null properties, at any depth. Nulls in arrays stay.

    >>> without_nulls({"name": None, "tags": [None, {"id": 1, "label": None}]})
    {'tags': [None, {'id': 1}]}
    """
    if isinstance(json, Mapping):
        return {name: without_nulls(each) for name, each in json.items() if each is not None}
    if isinstance(json, (list, tuple)):
        return [without_nulls(each) for each in json]
    return json


#: Whether a schema has properties with ``x-nullable``, at any depth.
_HAS_NULLABLE: DocumentMemo[Schema, bool] = DocumentMemo()


def with_nulls(schema: Schema, json: Any) -> Any:
    """Returns ``json`` with a null for each missing property that has ``x-nullable`` in ``schema``."""
    has_nullable = _HAS_NULLABLE.get(schema.document, schema, lambda: _has_nullable(schema))
    return _changed(schema, json, _filled) if has_nullable else json


def with_datetimes(schema: Schema, json: Any, encoder: Callable[[dt.datetime], Any]) -> Any:
    """Returns the JSON form of a value of ``schema``. ``encoder`` encodes each date-time in the value."""
    date_times = STRING_FORMATS["date-time"]

    def encoded(each: Schema, value: Any) -> Any:
        if each.format == "date-time":
            if isinstance(value, str):
                value = date_times.read(value)
            if isinstance(value, dt.datetime):
                return encoder(value)
        return value

    return _changed(schema, json, encoded)


def _has_nullable(schema: Schema) -> bool:
    return any(prop.extensions.nullable for each in reachable_schemas([schema]) for prop in each.properties.values())


def _filled(schema: Schema, json: Any) -> Any:
    """Returns an object with null for each missing ``x-nullable`` property. Other values are returned unchanged."""
    if isinstance(json, Mapping):
        nullable = (
            name for name, prop in schema.properties.items() if prop.extensions.nullable and not prop.write_only
        )
        return {**json, **{name: None for name in nullable if name not in json}}
    return json


def _changed(schema: Schema, json: Any, change: Callable[[Schema, Any], Any]) -> Any:
    """Returns a copy of ``json``. ``change`` replaces each scalar and object in it, beginning with the innermost."""
    schema = schema.resolved
    branches = branches_beside_null(schema)
    if len(branches) == 1 and not schema.properties:
        return _changed(branches[0], json, change)
    if isinstance(json, list):
        return json if schema.items is None else [_changed(schema.items, each, change) for each in json]
    if not isinstance(json, Mapping):
        return change(schema, json)
    if schema.discriminator is not None:
        branch = branch_for(schema, json)
        if branch is not None and branch.resolved != schema:
            return _changed(branch, json, change)
    properties = schema.properties
    members = {
        name: _changed(properties[name].schema, each, change) if name in properties else each
        for name, each in json.items()
    }
    return change(schema, members)


def prune_none(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Removes each member whose value is None from a dictionary, at any depth. Returns the dictionary, as in PyMacaron.

    The function changes the given dictionary. Instead of a dictionary, you can pass its members, as keyword arguments
    or pairs.

    >>> prune_none(name="Ada", born=None, pets=[{"name": None}])
    {'name': 'Ada', 'pets': [{}]}
    """
    if len(args) == 1 and not isinstance(args[0], dict):
        raise TypeError(f"prune_none takes a dictionary, not {type(args[0]).__name__}")
    members: dict[str, Any] = args[0] if len(args) == 1 else {**dict(args), **kwargs}
    pruned = without_nulls(members)
    members.clear()
    members.update(pruned)
    return members
