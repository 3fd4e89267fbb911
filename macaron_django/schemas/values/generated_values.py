"""Generates the values that the server sets on objects because of ``x-generated``: UUIDs, times, the caller.

A missing key property that is readOnly and has ``format: uuid`` is generated, too. Each schema is examined only once.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import time
import uuid
from collections.abc import Callable, Collection, Container, Mapping
from functools import partial
from typing import Any, TypeAlias

from macaron_django.exceptions import ClaimMissingError
from macaron_django.openapi import Property, Schema
from macaron_django.schemas.document_memos import DocumentMemo

__all__ = ["Maker", "Makers", "generated_values", "makers_of", "uuid4_text", "uuid7"]

#: The prefix before the name of a claim.
CLAIM = "claim:"
#: The most digits of a number in DynamoDB.
_WHOLE_NUMBER = r"-?[0-9]{1,38}"
#: Returns a new value, or None if there is none. The argument is the request, or None without a request.
Maker: TypeAlias = Callable[[Any], Any]
#: Property names, and the functions that generate their values, in the schema's order.
Makers: TypeAlias = tuple[tuple[str, Maker], ...]


def generated_values(
    schema: Schema,
    existing: Container[str],
    creating: bool,
    request: Any = None,
    *,
    keys: Collection[str] | None = None,
) -> dict[str, Any]:
    """Returns the values that the server sets when an object is saved: a mapping of property names to JSON values.

    ``existing`` contains the names of the properties that the object already has. On creation, every missing property
    with ``x-generated`` gets a value. But there is no value for ``user`` if the user isn't authenticated, or for
    ``claim:<name>`` if the credentials lack the claim. On an update, only ``now-on-update`` properties get a new value.
    ``keys`` contains the names of the key properties, by default those from the schema's ``x-persist``. Raises
    ``ClaimMissingError`` if the credentials of ``request`` lack the claim for a required property.
    """
    values: dict[str, Any] = {}
    for name, make in makers_of(schema, creating, keys):
        if not (creating and name in existing):
            value = make(request)
            if value is not None:
                values[name] = value
    return values


_MAKERS: DocumentMemo[tuple[Schema, bool, tuple[str, ...] | None], Makers] = DocumentMemo()


def makers_of(schema: Schema, creating: bool, keys: Collection[str] | None = None) -> Makers:
    """Returns the functions that generate values for ``schema``, on creation or on an update.

    ``keys`` has the same meaning as in :func:`generated_values`.
    """
    known_by = schema, creating, keys if keys is None else tuple(keys)
    return _MAKERS.get(
        schema.document, known_by, lambda: _makers(schema, creating, _keys_of(schema) if keys is None else keys)
    )


def _makers(schema: Schema, creating: bool, keys: Collection[str]) -> Makers:
    kinds = {
        name: _kind_on_create(prop, is_key=name in keys) if creating else _kind_on_update(prop)
        for name, prop in schema.properties.items()
    }
    return tuple((name, _maker_of(kind, schema.properties[name])) for name, kind in kinds.items() if kind is not None)


def _keys_of(schema: Schema) -> Collection[str]:
    persist = schema.extensions.persist
    return () if persist is None else tuple(filter(None, (persist.hash_key, persist.range_key)))


def _kind_on_create(prop: Property, *, is_key: bool = False) -> str | None:
    """Returns the kind of value that a property of a new object gets. By default, a readOnly uuid key gets a UUID."""
    if prop.extensions.generated:
        return prop.extensions.generated
    return "uuid4" if is_key and prop.read_only and prop.schema.resolved.format == "uuid" else None


def _kind_on_update(prop: Property) -> str | None:
    """Returns the kind of value that a property gets each time the object is changed."""
    return prop.extensions.generated if prop.extensions.generated == "now-on-update" else None


def _maker_of(kind: str, prop: Property) -> Maker:
    """Returns the function that generates values of a kind, such as "uuid4", "now", "user" or "claim:<name>".

    "now" is the time in seconds since 1970 if the property is a number, and a date if its format is date. "user" is the
    primary key of an authenticated user, otherwise None. "claim:<name>" is a claim of ``request.auth``.
    """
    schema = prop.schema.resolved
    types = schema.types
    if kind == "uuid4":
        return lambda _request: uuid4_text()
    if kind == "uuid7":
        return lambda _request: str(uuid7())
    if kind == "user":
        return lambda request: _user_key(getattr(request, "user", None), types)
    if kind.startswith(CLAIM):
        return partial(_claim, kind.removeprefix(CLAIM), prop, types)
    if "string" not in types and types:
        return (lambda _request: int(time.time())) if "integer" in types else (lambda _request: time.time())
    return _today if schema.format == "date" else _now


def _now(_request: Any) -> str:
    return f"{dt.datetime.now(dt.timezone.utc).isoformat(timespec='microseconds')[:-6]}Z"


def _today(_request: Any) -> str:
    return dt.datetime.now(dt.timezone.utc).date().isoformat()


def _user_key(user: Any, types: tuple[str, ...]) -> Any:
    if user is None or not getattr(user, "is_authenticated", False):
        return None
    key = user.pk
    return str(key) if "string" in types or not isinstance(key, int) else key


def _claim(name: str, prop: Property, types: tuple[str, ...], request: Any) -> Any:
    """Returns a claim as a string or an integer, depending on the property's type; None if the claim is neither."""
    claims = getattr(request, "auth", None)
    value = claims.get(name) if isinstance(claims, Mapping) else None
    found: str | int | None = None
    if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
        if not types or "string" in types:
            found = str(value)
        elif re.fullmatch(_WHOLE_NUMBER, str(value)):
            found = int(value)
    if found is None and prop.required and request is not None:
        raise ClaimMissingError(
            f"The credentials lack the claim {name} (a string or an integer), which {prop.name} needs."
        )
    return found


def uuid4_text() -> str:
    """Returns a random UUID (RFC 9562, section 5.4). The version and the variant replace six of 128 random bits."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def uuid7() -> uuid.UUID:
    """Returns a UUID that sorts by its time of creation (RFC 9562, section 5.7).

    Python has such a function from version 3.14 on.
    """
    milliseconds = time.time_ns() // 1_000_000
    number = (
        (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    )
    return uuid.UUID(int=number)
