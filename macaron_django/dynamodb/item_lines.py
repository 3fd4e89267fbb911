"""Items ↔ lines of JSON: DynamoDB's own form, which loses nothing, and the plain one that people read.

In goes an item or a line's text; out comes the other. ``{"Item": {"id": {"S": "7"}}}`` is what AWS's exports to S3
hold, too. Apart from dumping and loading, which read and write tables and files and look into no item.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from macaron_django.dynamodb.attribute_values import AttributeMap, AttributeValue, Format, pointer_to
from macaron_django.dynamodb.item_sizes import check_item_size
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas.conversions import UNSET
from macaron_django.schemas.json_text import JSONTextError, dump_json, exact_json
from macaron_django.schemas.validators import validator_for

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["Form", "LineError", "from_dynamodb_json", "item_in", "line_of", "to_dynamodb_json"]

Form: TypeAlias = Literal["dynamodb", "plain"]

_SETS: Final = {"SS": "S", "NS": "N", "BS": "B"}


class LineError(ValueError):
    """A line that holds no item of this table."""


def line_of(persistence: Persistence, item: AttributeMap, form: Form) -> bytes:
    """The line of an item, with its end."""
    json = {"Item": to_dynamodb_json(item)} if form == "dynamodb" else _plain(persistence, item)
    return dump_json(json) + b"\n"


def item_in(persistence: Persistence, line: bytes, form: Form | None = None) -> AttributeMap:
    """The item of a line, whole and storable; LineError says what is wrong with it.

    Without ``form``, an object whose one member is ``Item`` is DynamoDB's form, anything else the plain one. A plain
    item has to be valid by its schema; in DynamoDB's own form items may be older than that.
    """
    try:
        json = exact_json(line)
    except JSONTextError as error:
        raise LineError(f"this is no JSON: {error}") from None
    if not isinstance(json, dict):
        raise LineError("a line has to be a JSON object")
    if "NewImage" in json or "OldImage" in json:
        raise LineError("this is an incremental export: only full exports can be loaded")
    if form is None:
        form = "dynamodb" if json.keys() == {"Item"} and isinstance(json["Item"], dict) else "plain"
    try:
        item = from_dynamodb_json(json.get("Item", json)) if form == "dynamodb" else _from_plain(persistence, json)
        for name in persistence.key_names:
            if name not in item:
                raise LineError(f"/{name}: the key is missing")
            persistence.table.attribute(name)._check_key(item[name])
        check_item_size(item)
    except PyMacaronException as error:
        raise LineError(str(error)) from error
    return item


def to_dynamodb_json(item: AttributeMap) -> dict[str, Any]:
    """An attribute map as JSON writes it: binary as base64."""
    return {name: _value_to_json(value) for name, value in item.items()}


def from_dynamodb_json(json: Any) -> AttributeMap:
    """The attribute map that JSON describes; LineError with a pointer where it describes none."""
    return _map_from_json(json, "")


def _value_to_json(value: AttributeValue) -> dict[str, Any]:
    ((tag, content),) = value.items()
    match tag:
        case "B":
            return {"B": b64encode(bytes(content)).decode()}
        case "BS":
            return {"BS": [b64encode(bytes(octets)).decode() for octets in content]}
        case "M":
            return {"M": to_dynamodb_json(content)}
        case "L":
            return {"L": [_value_to_json(member) for member in content]}
    return {tag: content}


def _map_from_json(json: Any, pointer: str) -> AttributeMap:
    if not isinstance(json, dict):
        raise LineError(f"{pointer or '/'}: not an object of attributes")
    return {name: _value_from_json(value, pointer_to(name, pointer)) for name, value in json.items()}


def _value_from_json(json: Any, pointer: str) -> AttributeValue:
    if not isinstance(json, dict) or len(json) != 1:
        raise LineError(f'{pointer}: not a value in DynamoDB\'s form, such as {{"S": "text"}}')
    ((tag, content),) = json.items()
    if tag in _SETS:
        if not isinstance(content, list) or not content:
            raise LineError(f"{pointer}: a set has members")
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
    raise LineError(f"{pointer}: {content!r} is no {tag} of DynamoDB's")


def _plain(persistence: Persistence, item: AttributeMap) -> dict[str, Any]:
    attributes = persistence.table.attributes_by_name()
    known = {name: attribute.json_in(item) for name, attribute in attributes.items()}
    twins = {attribute.given_name for attribute in attributes.values() if attribute.keeps_given}
    others = {name: Format().decode(item[name]) for name in item if name not in known and name not in twins}
    return {name: value for name, value in known.items() if value is not UNSET} | others


def _from_plain(persistence: Persistence, json: Mapping[str, Any]) -> AttributeMap:
    validator_for(persistence.schema).validate(json)
    attributes = persistence.table.attributes_by_name()
    item: AttributeMap = {}
    for name, value in json.items():
        if name in attributes:
            item |= attributes[name].attributes_of(attributes[name].conversion.to_python(value))
        else:
            item[name] = Format().encode(value, pointer_to(name))
    return item
