"""Converts the hash key and range key of an item to one string, its primary key in Django, and back.

The string is the compact JSON array of both keys, in Base64url without padding. The same item always gets the same
string: each number has only one spelling, and date-times are written as in DynamoDB keys, in UTC with six fractional
digits.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from decimal import Decimal
from typing import Any

from macaron_django.schemas.values.conversions import json_value
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

__all__ = ["keys_from_pk", "pk_for"]


def pk_for(hash_key: Any, range_key: Any) -> str:
    """Returns the primary key of an item, from the Python or JSON values of its keys.

    >>> pk_for("ada", 7)
    'WyJhZGEiLDdd'
    """
    text = f"[{_json_text(hash_key)},{_json_text(range_key)}]"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")


def keys_from_pk(pk: str) -> tuple[Any, Any]:
    """Returns the JSON values of the hash key and the range key that the primary key ``pk`` contains.

    Raises ``ValueError`` if ``pk`` isn't the primary key of an item that has a hash key and a range key.

    >>> keys_from_pk("WyJhZGEiLDdd")
    ('ada', 7)
    """
    try:
        keys = exact_json(base64.b64decode(pk + "=" * (-len(pk) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, JSONTextError, TypeError, ValueError) as error:
        raise ValueError("this isn't the primary key of an item that has a hash key and a range key") from error
    if not (
        isinstance(keys, list) and len(keys) == 2 and all(isinstance(key, (str, int, float, Decimal)) for key in keys)
    ):
        raise ValueError("this isn't the primary key of an item that has a hash key and a range key")
    return keys[0], keys[1]


def _json_text(key: Any) -> str:
    if isinstance(key, dt.datetime) and key.tzinfo is not None:
        key = key.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    value = json_value(key)
    if isinstance(value, (float, Decimal)):
        return _number_text(Decimal(repr(value)) if isinstance(value, float) else value)
    return json.dumps(value, ensure_ascii=False)


def _number_text(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
