"""How large an item is, by AWS's rule, and the refusal of one that is too large.

In goes an attribute map; out comes its size in bytes. Apart from ``attribute_values`` because it converts nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import orjson

from macaron_django.dynamodb.attribute_values import AttributeMap, AttributeValue, significant_digits
from macaron_django.exceptions import ItemTooLarge

__all__ = ["MAX_ITEM_SIZE", "check_item_size", "item_size"]

# AWS: "Service, account, and table quotas in Amazon DynamoDB".
MAX_ITEM_SIZE: Final = 400 * 1024
#: Of a number of 38 digits.
_NUMBER_SIZE: Final = 22


def item_size(item: AttributeMap) -> int:
    """Bytes of an item by AWS's rule ("DynamoDB item sizes and formats")."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def check_item_size(item: AttributeMap) -> None:
    """Raise ItemTooLarge for an item that DynamoDB would refuse, naming its largest attributes."""
    # As JSON, each name and value is longer: by its quotes, its type and its brackets.
    try:
        if len(orjson.dumps(item)) <= MAX_ITEM_SIZE:
            return
    except TypeError:  # bytes, or half a surrogate pair
        pass
    size = item_size(item)
    if size <= MAX_ITEM_SIZE:
        return
    largest = sorted(item, key=lambda name: _value_size(item[name]), reverse=True)[:3]
    raise ItemTooLarge(
        f"The item has {size} bytes, more than DynamoDB's {MAX_ITEM_SIZE}. "
        f"The largest attributes: {', '.join(f'{name} ({_value_size(item[name])})' for name in largest)}."
    )


def _value_size(value: AttributeValue) -> int:
    ((tag, content),) = value.items()
    if tag == "S":
        return len(content) if content.isascii() else len(content.encode())
    if tag == "N":
        return _number_size(content)
    if tag == "B":
        return len(content)
    if tag in {"SS", "NS", "BS"}:
        return sum(_value_size({tag[0]: member}) for member in content)
    if tag == "L":
        return 3 + sum(1 + _value_size(member) for member in content)
    if tag == "M":
        return 3 + len(content) + item_size(content)
    return 1  # BOOL, NULL


def _number_size(text: str) -> int:
    sign, digits, exponent = significant_digits(Decimal(text))
    # Two digits a byte, in pairs aligned to the decimal point, one more for the exponent, one for a sign.
    return 1 + (len(digits) + (exponent % 2) + 1) // 2 + bool(sign)
