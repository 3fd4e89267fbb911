"""Measures items by AWS's rule, and refuses items that are too large."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import orjson

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.formats.schema_codecs import CODECS
from macaron_django.exceptions import ItemTooLarge

__all__ = ["MAX_ITEM_SIZE", "check_item_size", "item_size"]

# AWS: "Service, account, and table quotas in Amazon DynamoDB".
MAX_ITEM_SIZE: Final = 400 * 1024


def item_size(item: AttributeMap) -> int:
    """Returns the size of an item in bytes, by AWS's rule ("DynamoDB item sizes and formats")."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def check_item_size(item: AttributeMap) -> None:
    """Raises ItemTooLarge if the item is larger than DynamoDB permits. The message names the largest attributes."""
    # An item's JSON is longer than the item's size, because of quotes, types and brackets.
    try:
        if len(orjson.dumps(item)) <= MAX_ITEM_SIZE:
            return
    except TypeError:  # the item has bytes, or half a surrogate pair
        pass
    size = item_size(item)
    if size <= MAX_ITEM_SIZE:
        return
    largest = sorted(item, key=lambda name: _value_size(item[name]), reverse=True)[:3]
    raise ItemTooLarge(
        f"The item has {size} bytes, more than DynamoDB's limit of {MAX_ITEM_SIZE}. "
        f"The largest attributes: {', '.join(f'{name} ({_value_size(item[name])})' for name in largest)}."
    )


#: The functions that measure content, by DynamoDB's type. NULL isn't included; its size is one byte.
_SIZES: Final[Mapping[str | None, Callable[..., int]]] = {codec.attr_type: codec.size for codec in CODECS}


def _value_size(value: AttributeValue) -> int:
    ((tag, content),) = value.items()
    if tag in {"SS", "NS", "BS"}:
        return sum(_value_size({tag[0]: member}) for member in content)
    return 1 if tag == "NULL" else _SIZES[tag](content, _value_size)
