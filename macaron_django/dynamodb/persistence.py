"""The x-persist hook: rows ↔ items, and what saving, deleting and refreshing a row sends.

In goes a persisted schema with its options; out comes the ``Persistence`` behind its manager, which turns
rows into items and back and writes only what it knows. What a single operation looks like to DynamoDB is
``items``'; how a query is planned is the planner's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from macaron_django.dynamodb.additional_attributes import AdditionalAttributes
from macaron_django.dynamodb.attribute_values import (
    AttributeMap,
    AttributeValue,
    BooleanFormat,
    NumberFormat,
    StringFormat,
    format_of,
)
from macaron_django.dynamodb.attributes import PropertyAttribute
from macaron_django.dynamodb.comparisons import same
from macaron_django.dynamodb.gathered_writes import gathering
from macaron_django.dynamodb.item_json import ItemJSON, item_json
from macaron_django.dynamodb.item_sizes import check_item_size
from macaron_django.dynamodb.item_writers import ItemOfJSON, item_writer
from macaron_django.dynamodb.items import Items, describe_key
from macaron_django.dynamodb.row_building import row_builder
from macaron_django.dynamodb.table_models import build_table, default_table_name
from macaron_django.exceptions import DynamoDBItemNotFound, ItemExists, StaleItem, UnstorableValue
from macaron_django.schemas.conversions import UNSET, converter
from macaron_django.schemas.item_keys import keys_from_pk, pk_for
from macaron_django.spec import implied_hash_key

if TYPE_CHECKING:
    from macaron_django.dynamodb.typed_items import TypedItems
    from macaron_django.schemas import Classes
    from macaron_django.spec import Persist, Schema

__all__ = ["Persistence"]

#: Formats whose attribute values of the format's own type mean the same only where DynamoDB calls them equal.
_SPELLED_IN_ONE_WAY = frozenset({BooleanFormat, NumberFormat, StringFormat})

Row: TypeAlias = Any  # a model built at run time: its attributes are its schema's


class Persistence(Items):
    """A persisted schema and its table.

    ``save_row`` follows Django's ``save()``:

    * a row that was loaded is one UpdateItem of what has changed, made only where the item is still there;
    * a new one is a conditional put. If its key is taken, ``save()`` updates the item to the row's properties,
      as Django does for a primary key that exists; ``force_insert`` (so ``create()``) raises ItemExists.

    Attributes that the schema doesn't know are never touched. With ``version``, what somebody else has changed
    since the row was loaded raises StaleItem. So does any attribute that isn't what ``row._state.expected`` says
    (None: it isn't there), which whoever loads a row may set for its next update.
    """

    def __init__(self, api: str, schema: Schema, options: Persist, classes: Classes) -> None:
        self.api = api
        self.schema = schema
        self.options = with_defaults(api, schema, options)
        self.classes = classes
        super().__init__(build_table(schema, self.options, api, classes))
        self._model: type[Model] | None = None

    def __repr__(self) -> str:
        return f"<Persistence of {self.api}.{self.schema.name} in {self.options.table}>"

    @property
    def kind(self) -> str:
        return self.schema.name or "item"

    def bind(self, model: type[Model]) -> None:
        """Tell which class the rows are of."""
        self._model = model
        for name in ("model", "json_of", "typed_items", "item_of_json", "_build_row", "_changeable", "_places"):
            self.__dict__.pop(name, None)

    @cached_property
    def model(self) -> Any:
        if self._model is None:
            raise RuntimeError(f"{self!r} has no model yet: bind(model) comes first.")
        return self._model

    # -- values --------------------------------------------------------------------------------

    def encode_value(self, path: str | Sequence[str | int], value: Any) -> AttributeValue:
        """What DynamoDB holds for a value of a property, or of what ``path`` leads to inside one.

        >>> persistence.encode_value(("address", "zip"), "1010")  # doctest: +SKIP
        {'S': '1010'}
        """
        names = (path,) if isinstance(path, str) else tuple(path)
        if len(names) == 1:
            return self.table.attribute(str(names[0])).encode(value)
        schema: Schema | None = self.schema.properties[str(names[0])].schema
        for step in names[1:]:
            if schema is not None:
                inner = schema.properties.get(str(step))
                schema = schema.items if isinstance(step, int) else inner.schema if inner else None
        if schema is None:
            raise KeyError(f"{self.schema.name} has no property {'.'.join(map(str, names))}")
        return format_of(schema).encode(converter(schema, self.classes).to_json(value))

    # -- keys ----------------------------------------------------------------------------------

    def key(self, hash_value: Any, range_value: Any = None) -> AttributeMap:
        """The key of an item, from the Python values of its properties."""
        values = (hash_value,) if self.range_key is None else (hash_value, range_value)
        key = {}
        for name, value in zip(self.key_names, values, strict=True):
            attribute = self.table.attribute(name)
            key[name] = attribute.attributes_of(attribute.conversion.to_python(value))[name]
        return key

    def key_of(self, row: Row) -> AttributeMap:
        """The key that a row has now; UnstorableValue where a property of it isn't set."""
        stored = row._state.__dict__.get("item")
        key: AttributeMap = {}
        for name in self.key_names:
            attribute, value = self.table.attribute(name), self._value(row, name)
            if value is UNSET or value is None:
                raise UnstorableValue("a key must have a value", attribute.pointer)
            key |= {name: attribute.attributes_of(value)[name]}
            # What others have written may be spelled in a way of their own.
            if stored is not None and name in stored and attribute.value_in(stored) == value:
                key[name] = stored[name]
        return key

    def key_from_pk(self, pk: Any) -> AttributeMap:
        """The key that a primary key of Django's stands for; ValueError if it can't be one."""
        try:
            if self.range_key is None:
                return self.key(self._from_text(self.hash_key, pk))
            hash_json, range_json = keys_from_pk(pk)
            return {
                name: self.table.attribute(name).encode_json(value)
                for name, value in zip(self.key_names, (hash_json, range_json), strict=True)
            }
        except UnstorableValue as error:
            raise ValueError(f"{pk!r} is no key of {self.schema.name}: {error}") from error

    def pk_of(self, item: AttributeMap) -> Any:
        """Django's primary key of an item."""
        hash_attribute = self.table.attribute(self.hash_key)
        if self.range_key is None:
            return hash_attribute.value_in(item)
        return pk_for(hash_attribute.value_in(item), self.table.attribute(self.range_key).value_in(item))

    def _from_text(self, name: str, value: Any) -> Any:
        """A number where text from a URL stands for one."""
        if isinstance(value, str) and self.table.attribute(name).attr_type == "N":
            return int(value) if re.fullmatch(r"-?\d+", value, re.ASCII) else float(value)
        return value

    # -- rows ----------------------------------------------------------------------------------

    def encode(self, row: Row) -> AttributeMap:
        """The whole item of a row, with attributes that the schema doesn't know if it was loaded with some."""
        item, values = self.additional.strangers(row, _stored(row) or {}), row.__dict__
        for _, field, attribute in self._places:
            value = values.get(field, UNSET)
            if value is not UNSET:
                item |= attribute.attributes_of(value)
        return item | self.additional.encode(row) if row._additional else item

    def decode(self, item: AttributeMap) -> Row:
        """The row of an item."""
        row = self._build_row(item)
        if not item.keys() <= self.additional.known:
            self.additional.load(row, item)
        return row

    @cached_property
    def json_of(self) -> ItemJSON:
        """What an item's row says in ``to_json()``, without making the row."""
        return item_json(self)

    @cached_property
    def typed_items(self) -> TypedItems | None:
        """What reads and shows whole pages of items; None where rows are asked."""
        # With its library, which the first list needs: not each process does that starts.
        from macaron_django.dynamodb.typed_items import typed_items

        return typed_items(self)

    @cached_property
    def item_of_json(self) -> ItemOfJSON:
        """The item of a new row, from valid JSON values by property name, without making the row."""
        return item_writer(self)

    @cached_property
    def _build_row(self) -> Callable[[AttributeMap], Row]:
        return row_builder(self)

    @cached_property
    def _properties(self) -> Mapping[str, PropertyAttribute]:
        attributes = self.table.attributes_by_name()
        return {name: attributes[name] for name in self.schema.properties}

    @cached_property
    def _places(self) -> tuple[tuple[str, str, PropertyAttribute], ...]:
        """Of each property its name, the row's field and the item's attribute."""
        fields = self.model._spec.field_names
        return tuple((name, fields[name], attribute) for name, attribute in self._properties.items())

    @cached_property
    def _changeable(self) -> tuple[tuple[str, str, PropertyAttribute], ...]:
        """As ``_places``, without the table's key and the version."""
        return tuple(
            (name, field, attribute)
            for name, field, attribute in self._places
            if not attribute.role.in_table_key and name != self.options.version
        )

    def _value(self, row: Row, name: str) -> Any:
        return row.__dict__.get(row._spec.field_names[name], UNSET)

    def _set(self, row: Row, name: str, value: Any) -> None:
        setattr(row, row._spec.field_names[name], value)

    @cached_property
    def additional(self) -> AdditionalAttributes:
        """Everything in an item beside its schema's own properties."""
        names = {attribute.given_name for attribute in self._properties.values() if attribute.keeps_given}
        return AdditionalAttributes(frozenset({*self.table.attributes_by_name(), *names}))

    # -- writing -------------------------------------------------------------------------------

    def save_row(
        self,
        row: Row,
        *,
        force_insert: bool = False,
        force_update: bool = False,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Write a row, as the class says; afterwards ``row._state.item`` is what the table holds."""
        if update_fields is not None:
            names = {row._spec.property_names.get(name, name) for name in update_fields}
            self._update(row, self.key_of(row), names)
            return
        key, stored = self.key_of(row), _stored(row)
        # A row whose key was changed is another item, as with Django's models.
        is_new = row._state.adding or stored is None or not same({"M": self.key_in(stored)}, {"M": key})
        if force_insert:
            self._insert(row)
        elif force_update or not is_new:
            self._update(row, key)
        else:
            try:
                self._insert(row)
            except ItemExists:
                self._update(row, key)

    def delete_row(self, row: Row) -> bool:
        """Delete the row's item; whether there was one. StaleItem if its ``version`` is another by now."""
        expected = self._expected_version(row)
        return self.delete_item(self.key_of(row), expected=expected)

    def refresh_row(self, row: Row, fields: Collection[str] | None = None) -> None:
        """Read the row's item again, consistently, into ``fields`` (all if None); DynamoDBItemNotFound if gone."""
        key = self.key_of(row)
        item = self.get_item(key, consistent=True)
        if item is None:
            raise DynamoDBItemNotFound(f"There is no {self.schema.name} with {describe_key(key)} any more.")
        names = None if fields is None else {row._spec.property_names.get(name, name) for name in fields}
        for name, attribute in self._properties.items():
            if names is None or name in names:
                self._set(row, name, attribute.value_in(item))
        if names is None:
            self.additional.load(row, item)
        row._state.item = item

    def _insert(self, row: Row) -> None:
        item = self.encode(row)
        if self.options.version:
            item[self.options.version] = {"N": "1"}
        self.put_item(item, condition="absent")
        self._written(row, item)

    def _update(self, row: Row, key: AttributeMap, names: Collection[str] | None = None) -> None:
        stored = _stored(row)
        base = stored if stored is not None and not row._state.adding and self._is_at(stored, key) else None
        set_, remove = self._changes(row, base, names)
        expected = self._expected_version(row) if base is not None or self.options.version else {}
        expected |= row._state.__dict__.pop("expected", {})
        if self.options.version:
            set_[self.options.version] = _next_version(expected.get(self.options.version))
        foreseen = {name: value for name, value in {**(base or {}), **key, **set_}.items() if name not in remove}
        check_item_size(foreseen)
        item = self.update_item(key, set_, remove, condition="present", expected=expected)
        self._written(row, item or foreseen)

    def _is_at(self, stored: AttributeMap, key: AttributeMap) -> bool:
        return same({"M": self.key_in(stored)}, {"M": key})

    def _changes(
        self, row: Row, stored: AttributeMap | None, names: Collection[str] | None
    ) -> tuple[AttributeMap, list[str]]:
        """What to set and what to remove, so that the item says what the row says; ``stored`` None: unknown."""
        set_: AttributeMap = {}
        remove: list[str] = []
        values = row.__dict__
        for name, field, attribute in self._changeable:
            if names is not None and name not in names:
                continue
            value = values.get(field, UNSET)
            places = (attribute.attr_name, attribute.given_name) if attribute.keeps_given else (name,)
            held = None if stored is None else {place: stored[place] for place in places if place in stored}
            try:
                wanted = attribute.attributes_of(value)
            except UnstorableValue:
                # Another program has stored it: it stays as it is until somebody changes it.
                if held and attribute.value_in(held) == value:
                    continue
                raise
            # What another program spelled in its own way is left so while it means the same.
            if held is not None and (held == wanted or _means(attribute, held, wanted)):
                continue
            set_ |= wanted
            remove += [place for place in places if place not in wanted and (held is None or place in held)]
        if names is None:
            added, removed = self.additional.changes(row, stored or {})
            set_ |= added
            remove += removed
        return set_, remove

    def _expected_version(self, row: Row) -> dict[str, AttributeValue | None]:
        version = self.options.version
        if version is None:
            return {}
        stored = _stored(row)
        if stored is not None and not row._state.adding:
            return {version: stored.get(version)}
        given = self._value(row, version) if version in self._properties else UNSET
        if given is UNSET or given is None:
            raise StaleItem(
                f"{self.schema.name} with {describe_key(self.key_of(row))} is there already, with a version: "
                "load it, change it and save it."
            )
        return {version: self.table.attribute(version).encode(given)}

    def _written(self, row: Row, item: AttributeMap) -> None:
        transaction = gathering()
        if transaction is not None:
            transaction.on_abandon(self._unwritten(row))
        self.additional.load(row, item)  # what somebody else has added is shown, too, or the next save would remove it
        row._state.item = item
        row._state.adding = False
        row._state.db = DEFAULT_DB_ALIAS
        version = self.options.version
        if version is not None and version in self._properties:
            self._set(row, version, self.table.attribute(version).value_in(item))

    def _unwritten(self, row: Row) -> Callable[[], None]:
        """What makes the row say again that it isn't written as it is now."""
        state = {name: getattr(row._state, name, None) for name in ("adding", "db", "item")}
        version = self.options.version
        field = row._spec.field_names[version] if version is not None and version in self._properties else None
        held = row.__dict__.get(field, UNSET)

        def restore() -> None:
            for name, value in state.items():
                setattr(row._state, name, value)
            if field is not None:
                row.__dict__[field] = held

        return restore


def with_defaults(api: str, schema: Schema, options: Persist) -> Persist:
    """The options with everything that follows from the schema: its table's name, and ``id`` as its key."""
    table = options.table or default_table_name(api, schema.name or "item")
    hash_key = options.hash_key or implied_hash_key(schema)
    if hash_key is None:
        raise ValueError(
            f"{options.location}: x-persist of {schema.name} needs a `hash_key` (or, on its class, a `primary_key`)"
        )
    return replace(options, table=table, hash_key=hash_key)


def _stored(row: Row) -> AttributeMap | None:
    item: AttributeMap | None = row._state.__dict__.get("item")
    return item


def _next_version(value: AttributeValue | None) -> AttributeValue:
    return {"N": str(int(value["N"]) + 1)} if value is not None else {"N": "1"}


def _means(attribute: PropertyAttribute, held: AttributeMap, wanted: AttributeMap) -> bool:
    if not (held and wanted):
        return False
    if same({"M": held}, {"M": wanted}):
        return True
    if type(attribute.form) in _SPELLED_IN_ONE_WAY and not attribute.keeps_given:
        name, tag = attribute.attr_name, attribute.form.attr_type
        if tag in held[name] and tag in wanted[name]:
            return False  # as a look at its value would tell
    value = attribute.value_in(held)
    if value is UNSET:
        return False
    try:
        return same({"M": attribute.attributes_of(value)}, {"M": wanted})
    except UnstorableValue:
        return False
