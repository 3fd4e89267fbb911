"""Reads the text of parameters and form fields as JSON values. ``"42"`` becomes 42 if the schema requires an integer.

If a text can't be converted, it stays a string, and the schema's validator reports it. This module is used for
parameters, urlencoded bodies and the browsable API's forms.
"""

from __future__ import annotations

import re
from typing import Any

from macaron_django.openapi import Schema
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

__all__ = ["array_items", "property_schema", "schema_types", "value_of_text"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False}


def schema_types(schema: Schema) -> frozenset[str]:
    """Returns the JSON types that ``schema`` allows, including "null".

    Returns an empty set if the schema names no types.
    """
    return frozenset((*schema.types, "null") if schema.types and schema.nullable else schema.types)


def value_of_text(schema: Schema, text: str) -> Any:
    """Returns ``text`` as a value of the schema's type. Numbers and booleans must be written as in JSON.

    If a schema allows several types, the function tries them in this order, and uses the first type that fits: null,
    boolean, number, array or object (as JSON text), string. ``""`` is null if the schema allows null but not strings.
    """
    types = schema_types(schema)
    if not types or types == {"string"}:
        return text
    if "null" in types and "string" not in types and text in ("", "null"):
        return None
    if "boolean" in types and text in _WORDS:
        return _WORDS[text]
    if ("integer" in types or "number" in types) and _NUMBER.fullmatch(text):
        return _json_or_text(text)
    if ("object" in types and text.startswith("{")) or ("array" in types and text.startswith("[")):
        return _json_or_text(text)
    return text


def _json_or_text(text: str) -> Any:
    try:
        return exact_json(text)
    except JSONTextError:
        return text


def array_items(schema: Schema) -> Schema | None:
    """Returns the schema of an array's elements, even if only a branch of oneOf or anyOf describes them."""
    if schema.items is not None:
        return schema.items
    branches = (*schema.one_of, *schema.any_of)
    return next((branch.items for branch in branches if branch.items is not None), None)


def property_schema(schema: Schema, name: str) -> Schema | None:
    """Returns the schema of an object's property, even if only a branch or ``additionalProperties`` defines it."""
    for described in (schema, *schema.one_of, *schema.any_of):
        if name in described.properties:
            return described.properties[name].schema
    additional = schema.additional_properties
    return None if isinstance(additional, bool) else additional
