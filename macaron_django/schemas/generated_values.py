"""``x-generated``: the values that the server makes up, as JSON.

In: what the attribute says. Out: what makes such a value, given who asks, as JSON holds it. Apart from
``serializers`` because rows made without a request need the same values.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

from macaron_django.spec import Property

__all__ = ["Maker", "generates_on_create", "generates_on_update", "maker_of", "uuid7"]

#: The user who asks, or None → a new value; None where there is nothing to make up.
Maker: TypeAlias = Callable[[Any], Any]


def generates_on_create(prop: Property, *, is_key: bool = False) -> str | None:
    """The kind of value that a new object gets; a readOnly uuid key gets one unasked."""
    if prop.extensions.generated:
        return prop.extensions.generated
    return "uuid4" if is_key and prop.read_only and prop.schema.resolved.format == "uuid" else None


def generates_on_update(prop: Property) -> str | None:
    """The kind of value that an object gets anew each time it is changed."""
    return prop.extensions.generated if prop.extensions.generated == "now-on-update" else None


def maker_of(kind: str, prop: Property) -> Maker:
    """What makes values of a kind: "uuid4", "uuid7", "now", "now-on-update", or "user".

    "now" is seconds since 1970 where the schema wants a number, a date where its format is date. "user" is the
    primary key of an authenticated user, else None.
    """
    schema = prop.schema.resolved
    types = schema.types
    if kind == "uuid4":
        return lambda _user: str(uuid.uuid4())
    if kind == "uuid7":
        return lambda _user: str(uuid7())
    if kind == "user":
        return lambda user: _user_key(user, types)
    if "string" not in types and types:
        return (lambda _user: int(time.time())) if "integer" in types else (lambda _user: time.time())
    return _today if schema.format == "date" else _now


def _now(_user: Any) -> str:
    return f"{dt.datetime.now(dt.timezone.utc).isoformat(timespec='microseconds')[:-6]}Z"


def _today(_user: Any) -> str:
    return dt.datetime.now(dt.timezone.utc).date().isoformat()


def _user_key(user: Any, types: tuple[str, ...]) -> Any:
    if user is None or not getattr(user, "is_authenticated", False):
        return None
    key = user.pk
    return str(key) if "string" in types or not isinstance(key, int) else key


def uuid7() -> uuid.UUID:
    """A UUID that sorts by the time it was made (RFC 9562, section 5.7); Python has it from 3.14 on."""
    milliseconds = time.time_ns() // 1_000_000
    number = (
        (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    )
    return uuid.UUID(int=number)
