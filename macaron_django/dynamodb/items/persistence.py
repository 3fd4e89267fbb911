"""Saves, deletes and refreshes the rows of a persisted schema (``x-persist``) in its DynamoDB table."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from macaron_django.dynamodb.codec.additional_attributes import AdditionalAttributes
from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, same_items
from macaron_django.dynamodb.codec.compiler import ItemCodec
from macaron_django.dynamodb.codec.formats.anything import ANYTHING
from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of
from macaron_django.dynamodb.codec.item_shapes import ItemShape, PropertyPlace
from macaron_django.dynamodb.codec.item_sizes import check_item_size
from macaron_django.dynamodb.items.expressions import Where
from macaron_django.dynamodb.items.identity import ItemVersions, Row, next_version, stored_item
from macaron_django.dynamodb.items.pending_writes import gathering, on_commit
from macaron_django.dynamodb.items.pynamodb_conditions import condition_expression
from macaron_django.dynamodb.items.write_conditions import Demand, describe_key
from macaron_django.dynamodb.planning.conditions import matches
from macaron_django.dynamodb.planning.expiry import expired
from macaron_django.dynamodb.tables.table_layouts import TableLayout, default_table_name
from macaron_django.exceptions import DynamoDBItemNotFound, ItemExists, UnstorableValue
from macaron_django.openapi import Persist, Schema, implied_hash_key, json_pointers
from macaron_django.schemas import Classes
from macaron_django.schemas.values.api_objects import ObjectSpec
from macaron_django.schemas.values.conversions import UNSET, converter

__all__ = ["MOST_PLACES", "Persistence"]

#: The most attributes that an update can rewrite. An update expression has at most 4 KB (AWS: "Expression size").
MOST_PLACES: Final = 100


class Persistence(ItemCodec, ItemVersions):
    """Reads and writes the rows of a persisted schema in its table.

    ``save_row`` follows Django's ``save()``:

    * The changes to a loaded row are written with one UpdateItem, on the condition that the item still exists. If
      nothing has changed, the item is read instead, to find out whether it still exists. With ``version``, the row is
      always written, and the version increases even if nothing else has changed.
    * A new row is stored with a conditional PutItem. If an item with its key exists, ``save()`` updates the item with
      the row's properties, as Django does for an existing primary key. With ``force_insert``, which ``create()`` uses,
      ``save()`` raises ItemExists instead.

    Saving a row never changes attributes that the schema doesn't allow. With ``version``, saving a row raises StaleItem
    if the item has been changed since it was loaded. ``row._state.expected`` can contain the values that the item's
    attributes must have when the row is next updated. If the item doesn't have these values, the update
    raises StaleItem, too. None means that the item must not have the attribute. The expected values stay set until the
    update is written, or the row is read again.

    After a save, the row has the same values as a row that has just been loaded. For example, numbers are written as
    DynamoDB writes them, lists may have become sets, and changes by other programs are included. With
    ``update_fields``, only these fields are refreshed. The next save still compares the other fields with the loaded
    values, and so doesn't undo changes by other programs.
    """

    options: Persist

    def __init__(self, api: str, schema: Schema, options: Persist, classes: Classes) -> None:
        self.api = api
        self.schema = schema
        self.options = with_defaults(api, schema, options)
        self.classes = classes
        super().__init__(TableLayout.of(schema, self.options, api, classes))
        self._model: type[Model] | None = None

    def __repr__(self) -> str:
        return f"<Persistence of {self.api}.{self.schema.name} in {self.options.table}>"

    @property
    def kind(self) -> str:
        return self.schema.name or "item"

    def bind(self, model: type[Model]) -> None:
        """Sets the class of the rows, and drops values that depend on the old class."""
        self._model = model
        for name in ("model", "_changeable", *vars(ItemCodec)):
            self.__dict__.pop(name, None)

    @cached_property
    def model(self) -> Any:
        """The class of the rows. Raises RuntimeError before ``bind``."""
        if self._model is None:
            raise RuntimeError(f"{self!r} has no model yet: call bind(model) first.")
        return self._model

    # -- values --------------------------------------------------------------------------------

    @cached_property
    def hides_expired_by(self) -> str | None:
        """The attribute with the time at which items expire; None if the schema doesn't hide expired items."""
        return self.options.ttl if self.options.expired == "hidden" else None

    def is_hidden(self, item: AttributeMap) -> bool:
        """Returns whether an item counts as absent, because it has expired and its schema hides expired items."""
        ttl = self.hides_expired_by
        return ttl is not None and matches(expired(ttl, int(time.time())), item)

    def replaceable(self) -> Where | None:
        ttl = self.hides_expired_by
        return None if ttl is None else condition_expression(expired(ttl, int(time.time())))

    def encode_value(self, path: str | Sequence[str | int], value: Any) -> AttributeValue:
        """Returns the attribute value for a Python value. ``path`` is the place of the value in the item: the name of a
        property, or the path to a part of a property's value.

        >>> persistence.encode_value(("address", "zip"), "1010")  # doctest: +SKIP
        {'S': '1010'}
        """
        names = (path,) if isinstance(path, str) else tuple(path)
        if len(names) == 1:
            return self.attributes[str(names[0])].encode(value)
        schema: Schema | None = self.schema.properties[str(names[0])].schema
        for step in names[1:]:
            if schema is not None:
                inner = schema.properties.get(str(step))
                schema = schema.items if isinstance(step, int) else inner.schema if inner else None
        if schema is None:
            raise KeyError(f"{self.schema.name} has no property {'.'.join(map(str, names))}")
        return codec_of(schema).encode(converter(schema, self.classes).to_json(value))

    # -- rows, items and JSON ------------------------------------------------------------------

    @cached_property
    def shape(self) -> ItemShape:
        return ItemShape(self.model, self.attributes, self.additional)

    def json_of_all(self, item: AttributeMap) -> dict[str, Any]:
        """Returns the JSON object of an item, including attributes that the schema doesn't describe."""
        attributes = self.attributes
        known = {name: attribute.json_in(item) for name, attribute in attributes.items()}
        others = {name: ANYTHING.decode(item[name]) for name in item if name not in self.additional.known}
        return {name: value for name, value in known.items() if value is not UNSET} | others

    def item_of_all(self, json: Mapping[str, Any]) -> AttributeMap:
        """Converts a JSON object from ``json_of_all`` back to an item. Raises UnstorableValue."""
        attributes = self.attributes
        item: AttributeMap = {}
        for name, value in json.items():
            if name in attributes:
                item |= attributes[name].attributes_of(attributes[name].conversion.to_python(value))
            else:
                item[name] = ANYTHING.encode(value, json_pointers.child("", name))
        return item

    @cached_property
    def additional(self) -> AdditionalAttributes:
        """Reads and writes attributes of an item that don't belong to any property of the schema."""
        attributes = self.attributes
        twins = {attribute.given_name for attribute in attributes.values() if attribute.keeps_given}
        return AdditionalAttributes(
            frozenset({*attributes, *twins}), ObjectSpec(self.api, self.schema.resolved, self.classes)
        )

    @cached_property
    def _changeable(self) -> tuple[PropertyPlace, ...]:
        """The properties that an update may change: all except the table's key and the version."""
        return tuple(
            place
            for place in self.shape.places
            if not place.attribute.role.in_table_key and place.name != self.options.version
        )

    def _set(self, row: Row, name: str, value: Any) -> None:
        setattr(row, row._spec.field_names[name], value)

    # -- writing -------------------------------------------------------------------------------

    def save_row(
        self,
        row: Row,
        *,
        force_insert: bool = False,
        force_update: bool = False,
        update_fields: Iterable[str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> bool:
        """Writes a row as the class's docstring describes. Afterwards, ``row._state.item`` is the item in the table.

        ``json`` is the row's JSON; None if the caller doesn't know it. Returns whether the item is new.
        """
        key = self.key_of(row)
        base = self._loaded(row, key)
        if update_fields is not None:
            self._update(row, key, base, {row._spec.property_names.get(name, name) for name in update_fields})
            return False
        if not force_insert and (force_update or base is not None):
            self._update(row, key, base, json=json)
            return False
        try:
            self._insert(row, key, json)
        except ItemExists:
            if force_insert:
                raise
            self._update(row, key, base, json=json)
            return False
        return True

    def rewrite(self, row: Row, names: Collection[str], merged: Iterable[str] = ()) -> None:
        """Ensures that the next update of a loaded row writes all properties in ``names``, including unchanged ones.

        So the written values don't depend on the item's current values. If ``names`` is empty, and the row hasn't
        changed, the update makes no call, except in a transaction. The new values of the ``merged`` properties contain
        parts of the old values. If one of these properties has changed in the item in the meantime, the update raises
        StaleItem.
        """
        stored = stored_item(row)
        if stored is None:
            return
        has_few = 2 * len(names) <= MOST_PLACES  # each property has one or two attributes
        row._state.rewritten = names if has_few or self._places_of(names) <= MOST_PLACES else None
        row._state.expected = row._state.__dict__.get("expected", {}) | {name: stored.get(name) for name in merged}

    def _places_of(self, names: Iterable[str]) -> int:
        return sum(len(self.attributes[name].names) if name in self.attributes else 1 for name in names)

    def delete_row(self, row: Row) -> bool:
        """Deletes the row's item. Returns whether the item existed. Raises StaleItem if the item's ``version`` has
        changed.

        In a transaction the item must exist, so that only one of two simultaneous deletions succeeds.
        """
        expected = self.expected_version(row)
        demand: Demand = None if gathering() is None else "present"
        return self.delete_item(self.key_of(row), condition=demand, expected=expected)

    @staticmethod
    def on_commit(function: Callable[[], object]) -> None:
        """Calls ``function`` after the write: immediately, or after the open transaction."""
        on_commit(function)

    def refresh_row(self, row: Row, fields: Collection[str] | None = None) -> None:
        """Reads the row's item consistently, and sets ``fields`` of the row. If ``fields`` is None, sets all fields.

        Raises DynamoDBItemNotFound.
        """
        key = self.key_of(row)
        item = self.get_item(key, consistent=True)
        if item is None or self.is_hidden(item):
            raise DynamoDBItemNotFound(f"There is no {self.schema.name} with {describe_key(key)} any more.")
        names = None if fields is None else {row._spec.property_names.get(name, name) for name in fields}
        loaded = self._loaded(row, key)
        for name, attribute in self._properties.items():
            if names is None or name in names:
                self._set(row, name, attribute.value_in(item))
        if names is None:
            self.additional.load(row, item)
            _taken(row)
        elif "expected" in row._state.__dict__:
            row._state.expected = {name: each for name, each in row._state.expected.items() if name not in names}
        row._state.item = item if names is None or loaded is None else self._partly_loaded(loaded, item, names)

    def _loaded(self, row: Row, key: AttributeMap) -> AttributeMap | None:
        """Returns the item that a row was loaded from. Returns None if the row is new, or if its key was changed. A
        changed key means another item, as with Django's models.
        """
        stored = stored_item(row)
        is_loaded = stored is not None and not row._state.adding and same_items(self.key_in(stored), key)
        return stored if is_loaded else None

    def _partly_loaded(self, loaded: AttributeMap, item: AttributeMap, names: Collection[str]) -> AttributeMap:
        """Combines two versions of an item. The properties in ``names`` come from ``item``. All other properties that
        an update may change come from ``loaded``. The row then counts as loaded from the result.
        """
        kept = self.additional.shown(loaded) | self.additional.shown(item)
        kept.update(*(place.attribute.names for place in self._changeable if place.name not in names))
        new = {name: value for name, value in item.items() if name not in kept}
        return new | {name: loaded[name] for name in kept if name in loaded}

    def _insert(self, row: Row, key: AttributeMap, json: Mapping[str, Any] | None) -> None:
        item = self.encode(row)
        if self.options.version:
            item[self.options.version] = {"N": "1"}
        self.put_item(item, condition="absent")
        self.written(row, key, item, json=json)

    def _update(
        self,
        row: Row,
        key: AttributeMap,
        base: AttributeMap | None,
        names: Collection[str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> None:
        """Updates the row's item. ``base`` is the item that the row was loaded from; None if the row wasn't loaded."""
        state = row._state.__dict__
        rewritten: Collection[str] | None = state.get("rewritten")
        set_, remove = self._changes(row, base, names, rewritten or ())
        expected = self.expected_version(row) if base is not None or self.options.version else {}
        expected |= state.get("expected", {})
        changes_nothing = base is not None and rewritten is not None and not (set_ or remove)
        if changes_nothing and gathering() is None:
            _taken(row)
            return
        if self.options.version and not changes_nothing:
            set_[self.options.version] = next_version(expected.get(self.options.version))
        foreseen = {name: value for name, value in {**(base or {}), **key, **set_}.items() if name not in remove}
        check_item_size(foreseen)
        item = self.update_item(key, set_, remove, condition="present", expected=expected)
        self.written(row, key, item or foreseen, names, base, json)

    def item_changes(
        self,
        stored: AttributeMap | None,
        wanted: AttributeMap,
        names: Collection[str] | None = None,
        rewritten: Collection[str] = (),
    ) -> tuple[AttributeMap, list[str]]:
        """Returns how to change an item so that it has the values of ``wanted``: the attributes to set, and the names
        of the attributes to remove.

        ``stored`` is the current item; None if that isn't known. With ``names``, only these properties change. The key
        and the version always stay the same, and so do attributes that the schema doesn't allow. If another program has
        written the same value in a different form, the value stays in that form, unless ``rewritten`` has the property.
        """
        set_: AttributeMap = {}
        remove: list[str] = []
        for name, _, attribute in self._changeable:
            if names is not None and name not in names:
                continue
            places, is_rewritten = attribute.names, name in rewritten
            if len(places) == 1:
                want_here = wanted.get(name)
                if is_rewritten:
                    if want_here is None:
                        remove.append(name)
                    else:
                        set_[name] = want_here
                    continue
                if stored is not None and stored.get(name) == want_here:
                    continue
            want = {place: wanted[place] for place in places if place in wanted}
            known = None if is_rewritten else stored
            held = None if known is None else {place: known[place] for place in places if place in known}
            if held is not None and (held == want or attribute.means_the_same(held, want)):
                continue
            set_ |= want
            remove += [place for place in places if place not in want and (held is None or place in held)]
        if names is None:
            added, removed = self.additional.changes(stored or {}, wanted, rewritten)
            set_ |= added
            remove += removed
        return set_, remove

    def _changes(
        self,
        row: Row,
        stored: AttributeMap | None,
        names: Collection[str] | None = None,
        rewritten: Collection[str] = (),
    ) -> tuple[AttributeMap, list[str]]:
        """Does what ``item_changes`` does, with the row's values as ``wanted``."""
        wanted: AttributeMap = {}
        values = row.__dict__
        for name, field, attribute in self._changeable:
            if names is not None and name not in names:
                continue
            value = values.get(field, UNSET)
            if value is UNSET:
                continue
            if stored is not None and attribute.is_text and stored.get(name) == {"S": value}:
                wanted[name] = stored[name]
                continue
            try:
                if attribute.keeps_given:
                    wanted |= attribute.attributes_of(value)
                else:
                    wanted[name] = attribute.given(value)
            except UnstorableValue:
                # Another program has stored this value. The value stays as it is until the row changes it.
                if stored is None or name in rewritten or attribute.value_in(stored) != value:
                    raise
                wanted |= {place: stored[place] for place in attribute.names if place in stored}
        if names is None and row._additional:
            wanted |= self.additional.encode(row)
        return self.item_changes(stored, wanted, names, rewritten)

    def written(
        self,
        row: Row,
        key: AttributeMap,
        item: AttributeMap,
        names: Collection[str] | None = None,
        base: AttributeMap | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> None:
        """Updates ``row`` after ``item`` has been written. ``key`` is the item's key.

        ``names`` has the names of the written properties (None: all). ``base`` is the item that the row was loaded
        from. ``json`` is the row's JSON; None if the caller doesn't know it.
        """
        self.note_written(key)
        transaction = gathering()
        if transaction is not None:
            transaction.on_abandon(self._unwritten(row))
        _taken(row)
        # Includes changes by other programs, which the next save would otherwise undo.
        self.refresh(row, item, names, json)
        if names is None or base is None:
            self.additional.load(row, item)
        else:
            item = self._partly_loaded(base, item, names)
        row._state.item = item
        row._state.adding = False
        row._state.db = DEFAULT_DB_ALIAS
        version = self.options.version
        if version is not None and version in self._properties:
            self._set(row, version, self.attributes[version].value_in(item))

    def _unwritten(self, row: Row) -> Callable[[], None]:
        """Returns a function that restores the row's current state, which is its state before the write."""
        state = {name: getattr(row._state, name, None) for name in ("adding", "db", "item")}
        state |= {name: row._state.__dict__[name] for name in _OF_THE_NEXT_UPDATE if name in row._state.__dict__}
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
    """Returns a copy of ``options`` in which the table's name and the hash key are set. If they are missing, they are
    derived from the schema. Raises ValueError if there is no hash key.
    """
    table = options.table or default_table_name(api, schema.name or "item")
    hash_key = options.hash_key or implied_hash_key(schema.name, schema.properties)
    if hash_key is None:
        raise ValueError(
            f"{options.location}: x-persist of {schema.name} needs a `hash_key` (or, on its class, a `primary_key`)"
        )
    return replace(options, table=table, hash_key=hash_key)


#: The attributes of a row's state that apply to its next update.
_OF_THE_NEXT_UPDATE = ("expected", "rewritten")


def _taken(row: Row) -> None:
    """Removes the attributes that apply to the next update. Called after this update has been written, or after the row
    has been read again.
    """
    for name in _OF_THE_NEXT_UPDATE:
        row._state.__dict__.pop(name, None)
