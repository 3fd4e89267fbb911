"""Which properties of an object the server makes up when it is saved, and with what values.

``x-generated`` says so; besides, a readOnly ``format: uuid`` key that is lacking is a new UUID. Pure but for the
clock and the dice: what is there goes in, what is to be added comes out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from .generated_values import generated_value, generates_on_create, generates_on_update

if TYPE_CHECKING:
    from macaron_django.spec import Schema

__all__ = ["generated_values"]


def generated_values(
    schema: Schema,
    existing: Mapping[str, Any],
    creating: bool,
    user: Any = None,
    *,
    keys: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return the properties to be set on an object that is saved, as JSON, by property name.

    ``existing`` are those it has. On creation every generated property that is lacking gets a value, except
    ``user`` without an authenticated user; on an update ``now-on-update`` does, whatever it was. ``keys`` are the
    properties that make up the key; without it, they are those of the schema's ``x-persist``.
    """
    if keys is None:
        persist = schema.extensions.persist
        keys = () if persist is None else tuple(filter(None, (persist.hash_key, persist.range_key)))
    values: dict[str, Any] = {}
    for name, prop in schema.properties.items():
        if creating:
            kind = generates_on_create(prop, is_key=name in keys) if name not in existing else None
        else:
            kind = generates_on_update(prop)
        value = None if kind is None else generated_value(kind, prop, user)
        if value is not None:
            values[name] = value
    return values
