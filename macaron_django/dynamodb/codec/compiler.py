"""Compiles the codecs of a schema into functions that convert between items, rows and JSON.

The functions usually convert an item to JSON, and JSON to an item, without making a row. They make a row only if the
project's code could notice that the row is missing: if the row's class overrides certain methods, or if Django's
signals ``pre_init`` or ``post_init`` have receivers (see ``row_overrides``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models.base import ModelState

from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.codec.formats.base import OTHER_TYPE, UnusualValue
from macaron_django.dynamodb.codec.formats.objects import Member, map_reader
from macaron_django.dynamodb.codec.item_shapes import ItemReader, ItemShape, ItemWriter, JSONReader, JSONWriter
from macaron_django.dynamodb.codec.refreshed_rows import RowRefresher, row_refresher
from macaron_django.dynamodb.codec.row_overrides import (
    has_init_receivers,
    is_loaded_plainly,
    is_shown_plainly,
    is_stored_plainly,
)
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.values.conversions import UNSET

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.typed_items import TypedItems

__all__ = ["ItemCodec"]


class ItemCodec:
    """The compiled functions of one schema. Each function is made when it is first used. The docstrings describe the
    functions.
    """

    @cached_property
    def shape(self) -> ItemShape:
        """The description of the schema's items, from which the functions are compiled."""
        raise NotImplementedError

    @cached_property
    def decode(self) -> ItemReader:
        """Returns the row of an item."""
        return _item_reader(self.shape)

    @cached_property
    def encode(self) -> ItemWriter:
        """Returns the complete item of a row. Attributes of the loaded item that the schema doesn't describe are
        included.
        """
        return _item_writer(self.shape)

    @cached_property
    def refresh(self) -> RowRefresher:
        """Sets a saved row's properties to the values in its item. Doesn't change additional properties."""
        return row_refresher(self.shape, self.json_of)

    @cached_property
    def json_of(self) -> JSONReader:
        """Returns the JSON object of an item, as ``decode(item).to_json()`` does, usually without making the row."""
        return _json_reader(self.shape, self.decode)

    @cached_property
    def item_of_json(self) -> JSONWriter:
        """Returns the item of a new row from valid JSON, usually without making the row. Raises UnstorableValue."""
        return _json_writer(self.shape, self.encode)

    @cached_property
    def typed_items(self) -> TypedItems | None:
        """Reads a whole page of items at once, and converts the items to JSON. None if rows are needed, or if msgspec
        doesn't accept a property's name.
        """
        # Imported here, because only lists need msgspec, and not every process serves lists.
        from macaron_django.dynamodb.codec.typed_items import typed_items

        return typed_items(self.shape, self.json_of)


# -- rows --------------------------------------------------------------------------------------


def _item_reader(shape: ItemShape) -> ItemReader:
    build, additional = _row_builder(shape), shape.additional
    known, load = additional.known, additional.load

    def decode(item: AttributeMap) -> Any:
        row = build(item)
        if not known.issuperset(item):
            load(row, item)
        return row

    return decode


def _row_builder(shape: ItemShape) -> ItemReader:
    """Returns a function that makes rows faster than Django's ``from_db``. For example, the function doesn't set fields
    through descriptors.
    """
    model, names = shape.model, shape.model._spec.property_names
    fields = [field.attname for field in model._meta.concrete_fields]
    attributes = [shape.attributes[names[field]] if field in names else None for field in fields]

    def from_db(item: AttributeMap) -> Any:
        values = [UNSET if attribute is None else attribute.value_in(item) for attribute in attributes]
        row = model.from_db(DEFAULT_DB_ALIAS, fields, values)
        row._state.item = item
        return row

    if not is_loaded_plainly(model):
        return from_db
    places = [(field, attribute) for field, attribute in zip(fields, attributes, strict=True) if attribute is not None]
    plain = [(field, one.attr_name, one.decode, one.is_text) for field, one in places if not one.has_twin]
    with_twins = [(field, one.value_in) for field, one in places if one.has_twin]

    def build(item: AttributeMap) -> Any:
        if has_init_receivers(model):
            return from_db(item)
        row = model.__new__(model)
        state = ModelState()
        state.adding = False
        state.db = DEFAULT_DB_ALIAS
        state.item = item  # type: ignore[attr-defined]  # the attribute map last read or written
        values = row.__dict__
        values["_state"] = state
        for field, value_in in with_twins:
            values[field] = value_in(item)
        for field, name, decode, is_text in plain:
            held = item.get(name)
            if held is None:
                values[field] = UNSET
            else:
                values[field] = held["S"] if is_text and "S" in held else decode(held)
        return row

    return build


def _item_writer(shape: ItemShape) -> ItemWriter:
    additional = shape.additional
    known, hidden, encode_additional = additional.known, additional.hidden, additional.encode
    attributes = [(place.field, place.attribute) for place in shape.places]
    places = [  # the name is None if there may be a twin
        (field, None if one.keeps_given else one.attr_name, one, one.write) for field, one in attributes
    ]

    def encode(row: Any) -> AttributeMap:
        stored, values = row._state.__dict__.get("item"), row.__dict__
        item = {} if stored is None or known.issuperset(stored) else hidden(stored)
        for field, name, attribute, write in places:
            value = values.get(field, UNSET)
            if value is UNSET:
                continue
            if name is None:
                item |= attribute.attributes_of(value)
                continue
            try:
                item[name] = write(value, 0)
            except (UnusualValue, RecursionError):
                item[name] = attribute.given(value)
        return item | encode_additional(row) if row._additional else item

    return encode


# -- JSON --------------------------------------------------------------------------------------


def _json_reader(shape: ItemShape, decode: ItemReader) -> JSONReader:
    model, additional = shape.model, shape.additional
    attributes = {name: attribute for name, _, attribute in shape.places}
    readers = {name: one.codec.json_reader(one.conversion) for name, one in attributes.items()}
    read_map = map_reader({name: Member(one.codec, one.conversion) for name, one in attributes.items()})
    twins = frozenset(one.given_name for one in attributes.values() if one.has_twin)

    def of_row(item: AttributeMap) -> dict[str, Any]:
        row_json: dict[str, Any] = decode(item).to_json()
        return row_json

    def read(item: AttributeMap) -> dict[str, Any]:
        if has_init_receivers(model):
            return of_row(item)
        try:
            shown = read_map(item)
        except OTHER_TYPE:
            shown = one_by_one(item)
        if len(shown) == len(item):
            return shown
        if not twins.isdisjoint(item):
            shown = one_by_one(item)
        return shown | additional.json_in(item)

    def one_by_one(item: AttributeMap) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, attribute in attributes.items():
            held = attribute.held_in(item)
            if held is not None:
                try:
                    shown[name] = readers[name](held)
                except OTHER_TYPE:
                    shown[name] = attribute.conversion.to_json(attribute.decode(held))
        return shown

    return read if is_shown_plainly(model) else of_row


def _json_writer(shape: ItemShape, encode: ItemWriter) -> JSONWriter:
    model, of_row = shape.model, _row_writer(shape.model, encode)
    if not is_stored_plainly(model):
        return of_row
    properties, additional = model._spec.properties, shape.additional
    placers = {name: attribute.json_placer() for name, _, attribute in shape.places}
    defaults = [(name, prop.schema.default) for name, prop in properties.items() if prop.schema.has_default]

    def write(values: Mapping[str, Any]) -> AttributeMap:
        if has_init_receivers(model):
            return of_row(values)
        item: AttributeMap = {}
        try:
            for name, value in values.items():
                try:
                    place = placers[name]
                except KeyError:  # noqa: PERF203 (cheaper than looking up each name beforehand)
                    item[name] = additional.write_json(name, value)
                else:
                    place(value, item)
            for name, default in defaults:
                if name not in values:
                    placers[name](default, item)
        except (UnusualValue, UnstorableValue, RecursionError):  # the row's encoding raises the exact error
            return of_row(values)
        return item

    return write


def _row_writer(model: Any, encode: ItemWriter) -> JSONWriter:
    fields, properties = model._spec.field_names, model._spec.properties

    def write(values: Mapping[str, Any]) -> AttributeMap:
        row = model(**{field: values[name] for name, field in fields.items() if name in values})
        for name in values:
            if name not in properties:
                row[name] = values[name]
        return encode(row)

    return write
