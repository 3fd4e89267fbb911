"""Converts between attribute values, boto3's Python values, and the JSON of a Swagger 2.0 schema."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.exceptions import UnstorableValue

__all__ = [
    "attribute_value",
    "normalized_dict",
    "normalized_item",
    "normalized_list",
    "normalized_object",
    "python_item",
]

logger = logging.getLogger("macaron_django.dynamodb")

_SETS: Final = {str: "SS", bytes: "BS", Decimal: "NS", int: "NS", float: "NS"}


def python_item(item: AttributeMap) -> dict[str, Any]:
    """Returns an item with the values that boto3's ``Table`` returns: Decimals for numbers, Python sets for sets,
    and bytes for binary values.

    >>> python_item({"id": {"S": "a"}, "size": {"N": "1.5"}, "tags": {"SS": ["x"]}})
    {'id': 'a', 'size': Decimal('1.5'), 'tags': {'x'}}
    """
    return {name: _python(value) for name, value in item.items()}


def _python(value: AttributeValue) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        return Decimal(content)
    if kind == "M":
        return python_item(content)
    if kind == "L":
        return [_python(each) for each in content]
    if kind == "NULL":
        return None
    if kind in ("SS", "NS", "BS"):
        return {_python({kind[0]: each}) for each in content}
    return content


def attribute_value(value: Any, pointer: str = "") -> AttributeValue:
    """Returns the attribute value for a Python value that boto3 uses, or for a JSON value. Raises ``UnstorableValue``.

    >>> attribute_value([True, None, {"n": Decimal("1.50")}])
    {'L': [{'BOOL': True}, {'NULL': True}, {'M': {'n': {'N': '1.50'}}}]}
    """
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, (int, float, Decimal)):
        return {"N": _number(value, pointer)}
    if isinstance(value, (bytes, bytearray)):
        return {"B": bytes(value)}
    if isinstance(value, Mapping):
        return {"M": {name: attribute_value(each, f"{pointer}/{name}") for name, each in value.items()}}
    if isinstance(value, (set, frozenset)) and value:
        kinds = {_SETS.get(type(each)) for each in value}
        if len(kinds) == 1 and (kind := kinds.pop()) is not None:
            return {kind: [attribute_value(each, pointer)[kind[0]] for each in value]}
    if isinstance(value, (list, tuple)):
        return {"L": [attribute_value(each, f"{pointer}/{place}") for place, each in enumerate(value)]}
    raise UnstorableValue(f"DynamoDB has no type for a {type(value).__name__}", pointer)


def _number(value: float | Decimal, pointer: str) -> str:
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise UnstorableValue(f"{value} isn't a number that DynamoDB can hold", pointer)
    return str(number)


# The conversions of pymacaron_dynamodb: from boto3's items to JSON, by the definitions of a Swagger 2.0 document


def normalized_item(schema: Mapping[str, Any], value: Any) -> Any:
    """Returns a scalar in its schema's type: an int for an integer, a float for a number, a bool for a boolean.

    A Decimal with too many digits for a float is returned unchanged.

    >>> normalized_item({"type": "integer"}, Decimal("3")), normalized_item({"type": "number"}, Decimal("1.5"))
    (3, 1.5)
    """
    kind = str(schema.get("type", "")).lower()
    if kind == "boolean":
        return bool(value)
    if kind == "integer" and isinstance(value, (Decimal, float)) and value == int(value):
        return int(value)
    if kind == "number" and isinstance(value, (Decimal, int)):
        return float(value) if Decimal(repr(float(value))) == value else value
    return value


def normalized_object(api: Any, definitions: Mapping[str, Any], reference: str, value: Mapping[str, Any]) -> Any:
    """Returns an object whose values are converted as the definition at ``reference`` requires."""
    properties = definitions[reference.rpartition("/")[2]].get("properties", {})
    return normalized_dict(api, definitions, properties, value)


def normalized_list(api: Any, definitions: Mapping[str, Any], items: Mapping[str, Any], value: Sequence[Any]) -> Any:
    """Returns a list whose elements are converted as the schema ``items`` requires. Unlike PyMacaron, this function
    also converts elements that are numbers or lists.
    """
    return [_normalized(api, definitions, items, each) for each in value]


def normalized_dict(
    api: Any, definitions: Mapping[str, Any], properties: Mapping[str, Any], value: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns an object whose values are converted as the schemas in ``properties`` require. If no property describes
    an attribute, the attribute is returned unchanged, and a warning is logged.
    """
    found = dict(value)
    for name, member in found.items():
        if name in properties:
            found[name] = _normalized(api, definitions, properties[name], member)
        else:
            logger.warning("No property describes the attribute %s of an item: the attribute is left unchanged.", name)
    return found


def _normalized(api: Any, definitions: Mapping[str, Any], schema: Mapping[str, Any], value: Any) -> Any:
    if "$ref" in schema and isinstance(value, Mapping):
        return normalized_object(api, definitions, str(schema["$ref"]), value)
    if isinstance(value, (list, tuple, set)) and isinstance(schema.get("items"), Mapping):
        return normalized_list(api, definitions, schema["items"], list(value))
    if isinstance(value, Mapping) and "properties" in schema:
        return normalized_dict(api, definitions, schema["properties"], value)
    return value if value is None else normalized_item(schema, value)
