"""Secrets taken out of an item's JSON, and put back into what somebody made of the rest.

In goes JSON with its schema; out comes the JSON that may be shown, or, of what somebody typed, the JSON that may be
stored: what wasn't shown and wasn't typed stays what it is. Apart from ``secrets``, which masks what is only shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from macaron_django.admin.differences import same_json
from macaron_django.admin.secrets import is_secret
from macaron_django.dynamodb.attribute_values import Format
from macaron_django.dynamodb.attributes import GIVEN
from macaron_django.schemas.conversions import branch_for

if TYPE_CHECKING:
    from macaron_django.dynamodb.attribute_values import AttributeMap, AttributeValue
    from macaron_django.spec import Schema

__all__ = ["with_secrets", "without_secret_attributes", "without_secrets"]


def without_secrets(schema: Schema, json: Any) -> Any:
    """A copy of ``json`` that may be shown."""
    schema = _meant(schema, json)
    if isinstance(json, Mapping):
        return {
            name: without_secrets(inner, value) if (inner := _member(schema, name)) is not None else value
            for name, value in json.items()
            if not _hides(schema, name)
        }
    if isinstance(json, list) and schema.items is not None:
        return [without_secrets(schema.items, element) for element in json]
    return json


def without_secret_attributes(schema: Schema, item: AttributeMap) -> AttributeMap:
    """As ``without_secrets``, of an item in DynamoDB's own form."""
    return {
        name: value if (inner := _member(schema, name)) is None else _without(inner, value)
        for name, value in item.items()
        if not _hides(schema, name.removesuffix(GIVEN))
    }


def _without(schema: Schema, value: AttributeValue) -> AttributeValue:
    ((tag, content),) = value.items()
    if tag == "M":
        return {"M": without_secret_attributes(_meant(schema, Format().decode(value)), content)}
    if tag == "L" and schema.items is not None:
        return {"L": [_without(schema.items, element) for element in content]}
    return value


def with_secrets(schema: Schema, json: Any, stored: Any) -> Any:
    """A copy of ``json`` with the secrets of ``stored`` where it has none of its own."""
    schema = _meant(schema, stored)
    if isinstance(json, Mapping) and isinstance(stored, Mapping):
        kept = {name: value for name, value in stored.items() if _hides(schema, name) and name not in json}
        inner = {
            name: with_secrets(member, value, stored[name])
            if name in stored and (member := _member(schema, name)) is not None
            else value
            for name, value in json.items()
        }
        return {**inner, **kept}
    if isinstance(json, list) and isinstance(stored, list) and schema.items is not None:
        return [_element(schema.items, element, place, json, stored) for place, element in enumerate(json)]
    return json


def _element(items: Schema, element: Any, place: int, json: list[Any], stored: list[Any]) -> Any:
    """An element may have moved: it is the one that looks the same, else the one at its place, if none was moved."""
    for candidate in stored[place : place + 1] + stored:
        if same_json(without_secrets(items, candidate), element):
            return candidate
    return with_secrets(items, element, stored[place]) if len(json) == len(stored) else element


def _hides(schema: Schema, name: str) -> bool:
    return name in schema.properties and is_secret(schema.properties[name])


def _member(schema: Schema, name: str) -> Schema | None:
    if name in schema.properties:
        return schema.properties[name].schema
    return None if isinstance(schema.additional_properties, bool) else schema.additional_properties


def _meant(schema: Schema, json: Any) -> Schema:
    """The branch that a value is of, where there are several."""
    if isinstance(json, (Mapping, list)) and (schema.one_of or schema.any_of) and not schema.properties:
        return branch_for(schema, json) or schema
    return schema
