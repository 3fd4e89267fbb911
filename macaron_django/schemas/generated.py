"""Which properties of an object the server makes up when it is saved, and with what values.

``x-generated`` says so; besides, a readOnly ``format: uuid`` key that is lacking is a new UUID. Pure but for the
clock and the dice: what is there goes in, what is to be added comes out. What a schema demands is looked up once.
"""

from __future__ import annotations

from collections.abc import Collection, Container
from typing import TYPE_CHECKING, Any, TypeAlias

from .generated_values import Maker, generates_on_create, generates_on_update, maker_of

if TYPE_CHECKING:
    from macaron_django.spec import Schema

__all__ = ["Makers", "generated_values", "makers_of"]

#: Property name and what makes its value, in the schema's order.
Makers: TypeAlias = tuple[tuple[str, Maker], ...]


def generated_values(
    schema: Schema,
    existing: Container[str],
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
    values: dict[str, Any] = {}
    for name, make in makers_of(schema, creating, keys):
        if not (creating and name in existing):
            value = make(user)
            if value is not None:
                values[name] = value
    return values


def makers_of(schema: Schema, creating: bool, keys: Collection[str] | None = None) -> Makers:
    """What makes up values of ``schema``, on creation or on an update; ``keys`` as in :func:`generated_values`."""
    kept: dict[Any, Makers] = schema.document.__dict__.setdefault("_makers", {})
    known_by = schema, creating, keys if keys is None else tuple(keys)
    makers = kept.get(known_by)
    if makers is None:
        makers = kept[known_by] = _makers(schema, creating, _keys_of(schema) if keys is None else keys)
    return makers


def _makers(schema: Schema, creating: bool, keys: Collection[str]) -> Makers:
    kinds = {
        name: generates_on_create(prop, is_key=name in keys) if creating else generates_on_update(prop)
        for name, prop in schema.properties.items()
    }
    return tuple((name, maker_of(kind, schema.properties[name])) for name, kind in kinds.items() if kind is not None)


def _keys_of(schema: Schema) -> Collection[str]:
    persist = schema.extensions.persist
    return () if persist is None else tuple(filter(None, (persist.hash_key, persist.range_key)))
