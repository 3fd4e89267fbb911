"""Removes secrets from items: properties that are ``writeOnly``, and passwords.

A read-only page shows a mask instead of each secret. A form gets the item without its secrets. Before the edited item
is stored, the stored secrets are added again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from macaron_django.admin.display.differences import same_json
from macaron_django.dynamodb.codec.attributes import GIVEN
from macaron_django.schemas.values.applied_schemas import AppliedSchemas, applied_schemas

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
    from macaron_django.openapi import Property, Schema

__all__ = ["MASK", "hidden_places", "is_secret", "with_secrets", "without_secret_attributes", "without_secrets"]

MASK = "••••••"


def is_secret(prop: Property) -> bool:
    """Returns whether a property is secret: ``writeOnly``, or a password."""
    return applied_schemas(prop.schema).is_secret


def without_secrets(schema: Schema, json: Any, *, mask: str | None = None) -> Any:
    """Returns a copy of a JSON value. Secrets at any depth are left out, or replaced with ``mask`` if it is given.

    If a value is secret in one branch of ``oneOf`` or ``anyOf``, it is secret in all branches.
    """
    return _without(applied_schemas(schema), json, mask)


def _without(applied: AppliedSchemas, json: Any, mask: str | None) -> Any:
    if isinstance(json, Mapping):
        members = {name: applied.member(name) for name in json}
        return {
            name: mask if members[name].is_secret else _without(members[name], value, mask)
            for name, value in json.items()
            if mask is not None or not members[name].is_secret
        }
    if isinstance(json, list):
        return [_without(applied.element, element, mask) for element in json]
    return json


def hidden_places(schema: Schema, json: Any) -> dict[str, Any]:
    """Returns the places of the secrets in a JSON value: ``{"token": true, "logins": {"0": {"key": true}}}``."""
    return _hidden_places(applied_schemas(schema), json)


def _hidden_places(applied: AppliedSchemas, json: Any) -> dict[str, Any]:
    if not applied.holds_secrets:
        return {}
    if isinstance(json, Mapping):
        inside = {name: (applied.member(name), value) for name, value in json.items()}
    elif isinstance(json, list):
        inside = {str(place): (applied.element, value) for place, value in enumerate(json)}
    else:
        return {}
    found = {name: True if inner.is_secret else _hidden_places(inner, value) for name, (inner, value) in inside.items()}
    return {name: places for name, places in found.items() if places}


def without_secret_attributes(schema: Schema, item: AttributeMap, *, mask: str | None = None) -> AttributeMap:
    """Returns an item without its secrets. The item and the result are in DynamoDB's own form.

    If ``mask`` is given, each secret is replaced with the mask, as an attribute of type S.
    """
    return _without_attributes(applied_schemas(schema), item, mask)


def _without_attributes(applied: AppliedSchemas, item: AttributeMap, mask: str | None) -> AttributeMap:
    shown: AttributeMap = {}
    for name, value in item.items():
        inner = applied.member(name)
        if not (inner.is_secret or (name.endswith(GIVEN) and applied.member(name.removesuffix(GIVEN)).is_secret)):
            shown[name] = _attribute_without_secrets(inner, value, mask)
        elif mask is not None:
            shown[name] = {"S": mask}
    return shown


def _attribute_without_secrets(applied: AppliedSchemas, value: AttributeValue, mask: str | None) -> AttributeValue:
    ((tag, content),) = value.items()
    if tag == "M":
        return {"M": _without_attributes(applied, content, mask)}
    if tag == "L":
        return {"L": [_attribute_without_secrets(applied.element, element, mask) for element in content]}
    return value


def with_secrets(schema: Schema, json: Any, stored: Any) -> Any:
    """Returns a copy of ``json`` with the secrets of ``stored`` added.

    Doesn't replace values that are already in ``json``.
    """
    return _with(applied_schemas(schema), json, stored)


def _with(applied: AppliedSchemas, json: Any, stored: Any) -> Any:
    if not applied.holds_secrets:
        return json
    if isinstance(json, Mapping) and isinstance(stored, Mapping):
        kept = {name: value for name, value in stored.items() if applied.member(name).is_secret and name not in json}
        inner = {
            name: _with(applied.member(name), value, stored[name]) if name in stored else value
            for name, value in json.items()
        }
        return {**inner, **kept}
    if isinstance(json, list) and isinstance(stored, list):
        inside = applied.element
        return [_element_with_secrets(inside, element, place, json, stored) for place, element in enumerate(json)]
    return json


def _element_with_secrets(applied: AppliedSchemas, element: Any, place: int, json: list[Any], stored: list[Any]) -> Any:
    """Returns an array's element with its stored secrets.

    The secrets come from the stored element that is equal to ``element`` apart from the secrets. If there is no such
    element and the arrays have the same length, the secrets come from the stored element at the same index.
    """
    for candidate in stored[place : place + 1] + stored:
        if same_json(_without(applied, candidate, None), element):
            return candidate
    return _with(applied, element, stored[place]) if len(json) == len(stored) else element
