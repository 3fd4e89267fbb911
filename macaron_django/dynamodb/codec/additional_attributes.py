"""Reads and writes the item attributes that don't belong to any property of the schema.

If the schema allows additional properties, these attributes are the item's additional properties. Otherwise the
attributes stay in the item, but aren't shown. The names of these attributes aren't known in advance, so the table's
model doesn't define them.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, same
from macaron_django.dynamodb.codec.formats.base import OTHER_TYPE, UnusualValue, ValueReader, ValueWriter
from macaron_django.dynamodb.codec.formats.objects import Member, ObjectCodec, additional_member
from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import json_pointers
from macaron_django.schemas.values.api_objects import ObjectSpec

__all__ = ["AdditionalAttributes"]

#: Attributes that pymacaron-dynamodb adds. They stay in the item, and are never shown.
_NOTES: Final = frozenset({"__persistence_class__"})


class AdditionalAttributes:
    """The additional attributes of one schema's items.

    ``known`` contains the names of the attributes that aren't additional. These attributes store the schema's own
    properties, the twins of these properties (see ``attributes``), and the version.
    """

    def __init__(self, known: frozenset[str], spec: ObjectSpec) -> None:
        self.known = known
        self._spec = spec
        self._never_shown = known | _NOTES

    @cached_property
    def _member(self) -> Member:
        return additional_member(self._spec, ObjectCodec(self._spec.schema, codec_of).others)

    @cached_property
    def _read(self) -> ValueReader:
        return self._member.codec.reader(self._member.conversion)

    @cached_property
    def _write(self) -> ValueWriter:
        return self._member.codec.writer(self._member.conversion)

    @cached_property
    def _json_reader(self) -> ValueReader:
        return self._member.codec.json_reader(self._member.conversion)

    @cached_property
    def _json_writer(self) -> ValueWriter:
        return self._member.codec.json_writer(self._member.conversion)

    def shown(self, item: AttributeMap) -> set[str]:
        """Returns the names of the item's attributes that are additional properties."""
        return set(item.keys() - self._never_shown) if self._spec.is_open else set()

    def hidden(self, item: AttributeMap) -> AttributeMap:
        """Returns the item's attributes that aren't properties. They stay in the item when it is written."""
        return {name: item[name] for name in item.keys() - self.known - self.shown(item)}

    def json_in(self, item: AttributeMap) -> dict[str, Any]:
        """Returns the JSON of an item's additional properties, in the order of the item."""
        if not self._spec.is_open:
            return {}
        others = {name: value for name, value in item.items() if name not in self._never_shown}
        read = self._json_reader
        try:
            return {name: read(value) for name, value in others.items()}
        except OTHER_TYPE:
            return {name: self._json_of(value) for name, value in others.items()}

    def _json_of(self, value: AttributeValue) -> Any:
        try:
            return self._json_reader(value)
        except OTHER_TYPE:
            return self._member.conversion.to_json(self._read(value))

    def write_json(self, name: str, value: Any) -> AttributeValue:
        """Returns the attribute value for a property's value in JSON form.

        Raises UnusualValue if this method can't convert the value. Then the caller must call ``encode``, which either
        converts the value or raises UnstorableValue.
        """
        if not name or name in self.known:
            raise UnusualValue
        return self._json_writer(value, 0)

    def encode(self, row: Any) -> AttributeMap:
        """Returns the attributes of a row's additional properties. Raises UnstorableValue."""
        codec, conversion = self._member
        found: AttributeMap = {}
        for name, value in row._additional.items():
            pointer = json_pointers.child("", name)
            if not name or name in self.known:
                raise UnstorableValue("this name can't be an additional property here", pointer)
            try:
                found[name] = self._write(value, 0)
            except UnusualValue:
                found[name] = codec.encode(conversion.to_json(value), pointer)
        return found

    def load(self, row: Any, item: AttributeMap) -> None:
        """Sets a row's additional properties from ``item``."""
        row.__dict__.pop("_additional_properties", None)
        if self.known.issuperset(item):
            return
        shown, read = self.shown(item), self._read
        for name in (name for name in item if name in shown):
            row._store(name, read(item[name]))

    def changes(
        self, held: AttributeMap, wanted: AttributeMap, rewritten: Collection[str] = ()
    ) -> tuple[AttributeMap, set[str]]:
        """Returns the attributes to set, and the names of the attributes to remove.

        After these changes, the item ``held`` has the same additional properties as ``wanted``. Attributes in
        ``rewritten`` are set even if the item already has the same value.
        """
        # JSON has no types for sets and bytes. If the item has a set or bytes, a list or text with the same meaning
        # doesn't replace it.
        set_ = {
            name: value
            for name, value in wanted.items()
            if name not in self.known and (name in rewritten or name not in held or not self._holds(held[name], value))
        }
        return set_, self.shown(held) - wanted.keys()

    def _holds(self, held: AttributeValue, wanted: AttributeValue) -> bool:
        if same(held, wanted):
            return True
        codec = self._member.codec
        try:
            return same(codec.encode(codec.decode(held)), wanted)
        except UnstorableValue:
            return False
