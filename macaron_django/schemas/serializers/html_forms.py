"""Translates between JSON values and the HTML forms of the browsable API.

HTML controls send values in their own notations: an unticked checkbox sends nothing, ``datetime-local`` sends no UTC
offset, and an empty text field sends "" even if it is optional.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.utils.html import is_html_input
from rest_framework.utils.serializer_helpers import BoundField, JSONBoundField, NestedBoundField

from macaron_django.openapi import Schema
from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.values.text_values import array_items, schema_types, value_of_text

__all__ = ["bound_field", "form_value"]


def form_value(field: Any, schema: Schema | None, value: Any) -> Any:
    """Returns the JSON value that a form sent for ``field``; DRF's ``empty`` if the field was blank."""
    if is_html_input(value):
        filled = any(text for _, texts in value.lists() for text in texts)
        return field.json_of_form(value) if filled or field.required else empty
    if isinstance(value, list):
        items = array_items(schema) if schema is not None else None
        child = getattr(field, "child", field)
        return [element for element in (form_value(child, items, one) for one in value) if element is not empty]
    if not isinstance(value, str) or schema is None:
        return value
    if value == "" and not field.required and not field.allow_null:
        return empty
    return _text_value(schema, value)


def _text_value(schema: Schema, text: str) -> Any:
    string_format = STRING_FORMATS.get(schema.resolved.format or "")
    completed = text if string_format is None else string_format.from_html(text)
    if completed != text:
        return completed
    if text == "on" and "boolean" in schema_types(schema):
        return True
    return value_of_text(schema, text)


class _NestedBoundField(NestedBoundField):
    def as_form_field(self) -> NestedBoundField:
        return self  # __getitem__ then converts its fields to text, one by one

    def __getitem__(self, key: str) -> BoundField:
        value = self.value.get(key) if self.value else None
        errors = self.errors.get(key) if isinstance(self.errors, Mapping) else None
        return bound_field(self.fields[key], value, errors, f"{self.name}.")


def bound_field(field: Any, value: Any, errors: Any, prefix: str = "") -> BoundField:
    """Returns DRF's bound field, which shows a field's value and errors. It shows JSON if no HTML control matches."""
    if getattr(field, "_is_jsonfield", False):
        # An unset value stays blank. Otherwise the form would send "null", which is correct only if the value is null.
        is_there = value is not None or (field.allow_null and field.root.instance is not None)
        return (JSONBoundField if is_there else BoundField)(field, value, errors, prefix)
    if isinstance(field, serializers.DateTimeField):
        value = STRING_FORMATS["date-time"].to_html(value) if isinstance(value, str) else value
    kind = _NestedBoundField if isinstance(field, serializers.Serializer) else BoundField
    return kind(field, value, errors, prefix)
