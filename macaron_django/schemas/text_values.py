"""Text → JSON value, by what the schema says: ``"42"`` is 42 where an integer is wanted.

In: a schema and the text of a parameter, a form field or a form part. Out: the JSON value that the text stands
for, or the text itself where it stands for none, so that the schema's validator names what is wrong with it.
Parameters, urlencoded bodies and the browsable API's forms all read text; this is the one reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from macaron_django.schemas.json_text import JSONTextError, exact_json
from macaron_django.spec import Schema

__all__ = ["array_items", "property_schema", "schema_types", "value_of_text"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False}


def schema_types(schema: Schema) -> frozenset[str]:
    """The JSON types that a value may have, "null" among them; empty: nothing is said."""
    types = set(schema.types) or {_type_of(member) for member in schema.enum or () if member is not None}
    if types and schema.nullable:
        types.add("null")
    return frozenset(types)


def _type_of(value: Any) -> str:
    for types, name in _TYPE_NAMES:
        if isinstance(value, types):
            return name
    return "number"


_TYPE_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),  # before int, which it is
    (int, "integer"),
    (str, "string"),
    (Mapping, "object"),
    ((list, tuple), "array"),
)


def value_of_text(schema: Schema, text: str) -> Any:
    """Read ``text`` as the schema's type: numbers and booleans as JSON spells them, strings as they are.

    Where a schema allows several types the strictest that fits wins: null, boolean, number, array or object
    (as JSON text), string. ``""`` is null where null is allowed and a string is not.
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
    """The schema of an array's elements, also where only a branch of oneOf or anyOf has one."""
    if schema.items is not None:
        return schema.items
    branches = (*schema.one_of, *schema.any_of)
    return next((branch.items for branch in branches if branch.items is not None), None)


def property_schema(schema: Schema, name: str) -> Schema | None:
    """The schema of an object's property, also where only a branch or ``additionalProperties`` describes it."""
    for described in (schema, *schema.one_of, *schema.any_of):
        if name in described.properties:
            return described.properties[name].schema
    additional = schema.additional_properties
    return None if isinstance(additional, bool) else additional
