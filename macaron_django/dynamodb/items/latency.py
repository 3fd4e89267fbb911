"""Measures how long the engine takes to answer, for ``manage.py check --deploy``."""

from __future__ import annotations

import time
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from macaron_django.dynamodb import engines
from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.items.item_operations import Items
from macaron_django.exceptions import PyMacaronException

__all__ = ["measured_latency"]

_CALLS: Final = 5
#: A key value for each type of key. Usually no item has this key, and reading an item does no harm.
_KEYS: Final = {"S": "macaron_django", "N": "0", "B": "AA=="}


def measured_latency(items: Items) -> float | None:
    """Returns how many seconds it takes to read an item.

    Measures five calls and returns the shortest time, because the first call opens a connection. Returns None if the
    engine can't be reached, or refuses the call: the machine that checks a deployment might not have access to the
    engine.
    """
    if not engines.current().running:
        return None
    types = {
        each["AttributeName"]: each["AttributeType"] for each in items.table._get_schema()["attribute_definitions"]
    }
    key: AttributeMap = {name: {types[name]: _KEYS[types[name]]} for name in items.key_names}
    taken = []
    try:
        for _ in range(_CALLS):
            began = time.perf_counter()
            items.get_item(key)
            taken.append(time.perf_counter() - began)
    except (BotoCoreError, ClientError, PyMacaronException, OSError):
        return None
    return min(taken)
