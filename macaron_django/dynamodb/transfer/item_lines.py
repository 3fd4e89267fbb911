"""Converts items to lines of JSON and back. A line has one of two forms: a plain form, or DynamoDB's own form, which is
lossless.

``{"Item": {"id": {"S": "7"}}}`` is a line in DynamoDB's form. AWS's exports to S3 have the same form.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.item_sizes import check_item_size
from macaron_django.dynamodb.codec.wire import with_base64
from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.exceptions import PyMacaronException
from macaron_django.openapi import json_pointers
from macaron_django.schemas.validation.validators import validator_for
from macaron_django.schemas.values.json_text import JSONTextError, dump_json, exact_json

__all__ = ["Form", "LineError", "from_dynamodb_json", "item_in", "line_of", "to_dynamodb_json"]

Form: TypeAlias = Literal["dynamodb", "plain"]

_SETS: Final = {"SS": "S", "NS": "N", "BS": "B"}


class LineError(ValueError):
    """A line doesn't contain an item of this table."""


def line_of(persistence: Persistence, item: AttributeMap, form: Form) -> bytes:
    """Returns the line of an item, including the line break."""
    json = {"Item": to_dynamodb_json(item)} if form == "dynamodb" else persistence.json_of_all(item)
    return dump_json(json) + b"\n"


def item_in(persistence: Persistence, line: bytes, form: Form | None = None) -> AttributeMap:
    """Returns the item that a line contains. The item can be stored without changes. Raises LineError, with the
    reason, if the line doesn't contain an item that can be stored.

    If ``form`` is None, an object whose only member is ``Item`` is in DynamoDB's form, and any other object is in the
    plain form. An item in the plain form must match the schema. An item in DynamoDB's form isn't validated, because it
    may be older than the schema.
    """
    try:
        json = exact_json(line)
    except JSONTextError as error:
        raise LineError(f"this isn't JSON: {error}") from None
    if not isinstance(json, dict):
        raise LineError("a line must be a JSON object")
    if "NewImage" in json or "OldImage" in json:
        raise LineError("this is an incremental export: only full exports can be loaded")
    if form is None:
        form = "dynamodb" if json.keys() == {"Item"} and isinstance(json["Item"], dict) else "plain"
    try:
        if form == "dynamodb":
            item = from_dynamodb_json(json.get("Item", json))
        else:
            validator_for(persistence.schema).validate(json)
            item = persistence.item_of_all(json)
        for name in persistence.key_names:
            if name not in item:
                raise LineError(f"/{name}: the key is missing")
            persistence.attributes[name].check_key(item[name])
        check_item_size(item)
    except PyMacaronException as error:
        raise LineError(str(error)) from error
    return item


def to_dynamodb_json(item: AttributeMap) -> dict[str, Any]:
    """Returns ``item`` in DynamoDB's JSON form. Binary values become Base64."""
    made: dict[str, Any] = with_base64(item)
    return made


def from_dynamodb_json(json: Any) -> AttributeMap:
    """Converts ``json`` from DynamoDB's JSON form to an attribute map. Raises LineError, with a pointer, if ``json``
    isn't in this form.
    """
    return _map_from_json(json, "")


def _map_from_json(json: Any, pointer: str) -> AttributeMap:
    if not isinstance(json, dict):
        raise LineError(f"{pointer or '/'}: must be an object of attributes")
    return {name: _value_from_json(value, json_pointers.child(pointer, name)) for name, value in json.items()}


def _value_from_json(json: Any, pointer: str) -> AttributeValue:
    if not isinstance(json, dict) or len(json) != 1:
        raise LineError(f'{pointer}: must be a value in DynamoDB\'s form, such as {{"S": "text"}}')
    ((tag, content),) = json.items()
    if tag in _SETS:
        if not isinstance(content, list) or not content:
            raise LineError(f"{pointer}: a set can't be empty")
        return {tag: [_scalar(_SETS[tag], member, pointer) for member in content]}
    if tag == "M":
        return {"M": _map_from_json(content, pointer)}
    if tag == "L" and isinstance(content, list):
        return {"L": [_value_from_json(member, f"{pointer}/{place}") for place, member in enumerate(content)]}
    return {tag: _scalar(tag, content, pointer)}


def _scalar(tag: str, content: Any, pointer: str) -> Any:
    try:
        if tag == "S" and isinstance(content, str):
            return content
        if tag == "N" and isinstance(content, str) and Decimal(content).is_finite():
            return content
        if tag == "B" and isinstance(content, str):
            return b64decode(content, validate=True)
    except (InvalidOperation, binascii.Error):
        pass
    else:
        if (tag == "BOOL" and isinstance(content, bool)) or (tag == "NULL" and content is True):
            return content
    raise LineError(f"{pointer}: {content!r} isn't of DynamoDB's type {tag}")
