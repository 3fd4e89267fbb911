"""Finds the key of an item from a row, from the values of the key's properties, or from Django's primary key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeAlias

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.attributes import PropertyAttribute
from macaron_django.dynamodb.codec.formats.base import ValuePlacer
from macaron_django.dynamodb.items.item_operations import Items
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import Schema
from macaron_django.schemas.models.item_keys import keys_from_pk, pk_for
from macaron_django.schemas.values.conversions import UNSET

__all__ = ["Row", "RowKeys", "stored_item"]

Row: TypeAlias = Any  # a model built at run time, with fields for the schema's properties


class RowKeys(Items):
    """Makes the keys of a persisted schema's items."""

    schema: Schema

    def key(self, hash_value: Any, range_value: Any = None) -> AttributeMap:
        """Returns the key of an item, from the Python values of its properties."""
        values = (hash_value,) if self.range_key is None else (hash_value, range_value)
        key: AttributeMap = {}
        for place, value in zip(self._key_placers, values, strict=True):
            place(value, key)
        # The placers may also add twins, which don't belong to the key.
        return key if len(key) == len(values) else {name: key[name] for name in self.key_names}

    @cached_property
    def _key_placers(self) -> tuple[ValuePlacer, ...]:
        return tuple(self.attributes[name].placer() for name in self.key_names)

    def key_of(self, row: Row) -> AttributeMap:
        """Returns the key for a row's current values. Raises UnstorableValue if a property of the key isn't set."""
        stored = row._state.__dict__.get("item")
        key: AttributeMap = {}
        for name in self.key_names:
            attribute, value = self.attributes[name], self._value(row, name)
            if value is UNSET or value is None:
                raise UnstorableValue("a key must have a value", attribute.pointer)
            # Another program may have stored the same value in another spelling, which the key then keeps.
            is_stored = stored is not None and name in stored and attribute.value_in(stored) == value
            key[name] = stored[name] if is_stored else attribute.attributes_of(value)[name]
        return key

    def key_from_pk(self, pk: Any) -> AttributeMap:
        """Returns the key of the item whose primary key in Django is ``pk``.

        Raises ValueError if ``pk`` can't be a key.
        """
        try:
            if self.range_key is None:
                return self.key(self._from_text(self.hash_key, pk))
            pairs = zip(self.key_names, keys_from_pk(pk), strict=True)
            return {name: self._key_of_json(name, value) for name, value in pairs}
        except UnstorableValue as error:
            raise ValueError(f"{pk!r} isn't a key of {self.schema.name}: {error}") from error

    def _key_of_json(self, name: str, value: Any) -> AttributeValue:
        attribute = self.attributes[name]
        key = attribute.encode_json(value)
        attribute.check_key(key)
        return key

    def pk_of(self, item: AttributeMap) -> Any:
        """Returns Django's primary key of an item."""
        hash_attribute = self.attributes[self.hash_key]
        if self.range_key is None:
            return hash_attribute.value_in(item)
        return pk_for(hash_attribute.value_in(item), self.attributes[self.range_key].value_in(item))

    def _from_text(self, name: str, value: Any) -> Any:
        """Returns a number for text from a URL, if the key is a number. Returns other values unchanged."""
        if isinstance(value, str) and self.attributes[name].attr_type == "N":
            return int(value) if re.fullmatch(r"-?\d+", value, re.ASCII) else float(value)
        return value

    @cached_property
    def _properties(self) -> Mapping[str, PropertyAttribute]:
        attributes = self.attributes
        return {name: attributes[name] for name in self.schema.properties}

    def _value(self, row: Row, name: str) -> Any:
        return row.__dict__.get(row._spec.field_names[name], UNSET)


def stored_item(row: Row) -> AttributeMap | None:
    """Returns the item that a row was last read from or written to; None for a new row."""
    item: AttributeMap | None = row._state.__dict__.get("item")
    return item
