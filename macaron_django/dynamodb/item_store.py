"""Stores the objects of a schema with ``x-persist`` in DynamoDB, for the operations of the API.

Converts the JSON of requests to items, and items to the JSON of responses, usually without rows.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.db import router
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from macaron_django.drivers import Steps
from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, key_as_given
from macaron_django.dynamodb.codec.item_sizes import check_item_size
from macaron_django.dynamodb.codec.row_overrides import (
    ROW_METHODS,
    has_init_receivers,
    is_saved_plainly,
    is_shown_plainly,
)
from macaron_django.dynamodb.items.pending_writes import gathering
from macaron_django.dynamodb.items.persistence import MOST_PLACES, Persistence
from macaron_django.dynamodb.querysets.manager import ItemManager
from macaron_django.dynamodb.querysets.queryset import ItemQuerySet
from macaron_django.dynamodb.querysets.writes import condition_failed
from macaron_django.exceptions import StaleItem, UnstorableValue, ValidationFailed
from macaron_django.overrides import overrides
from macaron_django.schemas.formats.format_checks import formats_version
from macaron_django.schemas.models.row_bindings import RowBinding
from macaron_django.schemas.models.row_models import Row
from macaron_django.schemas.models.stores import Store, Stored
from macaron_django.schemas.validation.defaults import cleaner_for
from macaron_django.schemas.validation.validators import SchemaValidator, validator_for
from macaron_django.schemas.values.conversions import json_value
from macaron_django.schemas.values.generated_values import Makers, generated_values, makers_of
from macaron_django.schemas.values.merge_patches import merge_patch, with_defaults_for_nulls
from macaron_django.schemas.values.request_violations import blamed

__all__ = ["ItemStore"]


class ItemStore(Store):
    """Reads and writes the items of one table. A request makes only the necessary calls: one to read, one to write.

    Rows are made only if receivers of signals or an open transaction need them.
    """

    is_row = True
    #: The query set that the items must be in. None means all items of the table.
    _within: ItemQuerySet | None = None
    #: The version of the formats, and the validators of properties that were made for this version.
    _known_judges: tuple[int, Mapping[str, SchemaValidator] | None] = (-1, None)

    @cached_property
    def persistence(self) -> Persistence:
        manager: Any = self.model._default_manager
        persistence: Persistence = manager.persistence
        return persistence

    @property
    def keys_from(self) -> Mapping[str, str]:  # type: ignore[override]  # never changes
        return self.persistence.options.keys_from

    def hooks(self) -> object:
        return _METHODS(self.model)

    def serves(self, action: str) -> bool:
        manager: Any = self.model._default_manager
        is_plain = (
            type(manager) is ItemManager
            and manager._queryset_class is ItemQuerySet
            and type(manager.persistence) is Persistence
            and is_saved_plainly(self.model)
            and not (action == "destroy" and overrides(self.model, ("delete",), Row))
        )
        return is_plain and (action != "replace" or (self._is_judged_by_request and len(self._places) <= MOST_PLACES))

    def shows(self) -> bool:
        return is_shown_plainly(self.model)

    def waits_in_steps(self, action: str) -> bool:
        if action == "destroy":
            return not _is_deletion_told(self.model) and gathering() is None
        # Receivers of signals are the project's code, which may block.
        return action == "retrieve" or not (self._wants_rows() or self._is_told())

    def queryset(self) -> ItemQuerySet:
        items: ItemQuerySet = self.model._default_manager.all()
        return items

    def narrowed(self, queryset: Any) -> ItemStore | None:
        if type(queryset) is not ItemQuerySet or queryset.model is not self.model or not queryset.is_narrowed_only:
            return None
        if queryset.matches_nothing:
            return _NoItems(self.schema, self.model, self.classes)
        narrowed = copy.copy(self)
        narrowed._within = queryset
        return narrowed

    def keys(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.persistence.key_names, ()

    def version(self, instance: Any) -> Any:
        return self._version_in(getattr(instance._state, "item", None) or {})

    # -- operations ----------------------------------------------------------------------------

    def read(self, key: Mapping[str, Any]) -> Steps[Stored | None]:
        item_key = self._key(key)
        if item_key is None:
            return None
        item = yield from self.persistence.get_item_steps(item_key)
        return None if item is None or not self._holds(item) else self._stored(item)

    def create(self, body: Any, key: Mapping[str, Any], request: Any) -> Steps[Stored]:
        is_object = type(body) is dict or isinstance(body, Mapping)
        made: dict[str, Any] = {}
        for name, make in self._makers:
            if not (is_object and name in body and name not in self._read_only):
                value = make(request)
                if value is not None:
                    made[name] = value
        if is_object and not made.keys() <= self._read_only:
            # A value that the server makes is added before validation if the schema may require it from clients.
            # readOnly values are added later.
            body = {**body, **{name: value for name, value in made.items() if name not in self._read_only}}
        clean = self.valid(body)
        values = {**made, **clean, **self.as_json(key)} if key else {**made, **clean}
        if self._wants_rows():
            row = self._row_of(values)
            try:
                row.save(force_insert=True)
            except ValidationFailed as failure:
                raise blamed(failure, self.schema, values, made) from None
            return self._shown(row)
        item = self.persistence.item_of_json(values)
        if self._version is not None:
            item[self._version] = {"N": "1"}
        for name in self._key_names:
            if name not in item:
                raise UnstorableValue("a key must have a value", f"/{name}")
        stored = self._stored(item)
        if not self._stays_valid(clean, stored.json):
            try:
                self.validator().validate(stored.json)
            except ValidationFailed as failure:
                raise blamed(failure, self.schema, values, made) from None
        yield from self.persistence.put_item_steps(item, condition="absent")
        return self._told(item, created=True) if self._is_told() else stored

    def _stays_valid(self, clean: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
        """Returns whether the object ``shown`` is certainly valid. ``clean`` is the valid request body, which has most
        of the object's properties.

        Only the properties that differ from ``clean`` are validated, one by one. Returns False if the schema has
        keywords that validate several properties together.
        """
        judges = self._judges
        if judges is None or not self._required <= shown.keys():
            return False
        for name, value in shown.items():
            if name in clean and clean[name] == value and type(clean[name]) is type(value):
                continue
            judge = judges.get(name)
            if judge is None or not judge.is_valid(value):
                return False
        return True

    def replace(self, key: Mapping[str, Any], body: Any) -> Steps[Stored | None]:
        clean = self.valid(body)
        if self._wants_rows():
            item = yield from self._item(self._key(key))
            if item is None:
                self.refuse_unstorable(clean)
                return None
            return self._saved_row(item, clean, self._writable | (clean.keys() - self.schema.properties.keys()))
        values = {name: value for name, value in clean.items() if name not in self._kept}
        if self._changes_with_updates:
            values |= generated_values(self.schema, values, False)
        set_ = self._attributes(values)
        item = yield from self._replaced(self._key(key), set_)
        return None if item is None else self._told(item, created=False)

    def refuse_unstorable(self, values: Any) -> None:
        if isinstance(values, Mapping):
            own = {name: value for name, value in values.items() if name in self._writable}
            known = self.schema.properties
            additional = {name: json_value(value) for name, value in values.items() if name not in known}
            check_item_size(self._attributes(self.as_json(own) | additional))

    def _replaced(self, key: AttributeMap | None, set_: AttributeMap) -> Steps[AttributeMap | None]:
        if key is None:
            return None
        item = yield from self._replaced_at(key, set_)
        if item is None and (as_given := key_as_given(key)) is not None:
            item = yield from self._replaced_at(as_given, set_)
        return item

    def _replaced_at(self, key: AttributeMap, set_: AttributeMap) -> Steps[AttributeMap | None]:
        check_item_size({**key, **set_})
        try:
            item = yield from self._update(key, set_, self._places - set_.keys())
        except StaleItem as error:
            if condition_failed(error):  # the item doesn't exist, or isn't in the query set
                return None
            raise
        return item

    def patch(self, key: Mapping[str, Any], patch: Any) -> Steps[Stored | None]:
        item_key = self._key(key)
        item = yield from self._item(item_key)
        if item_key is None or item is None:
            return None
        if not isinstance(patch, Mapping):
            self.valid(patch)  # raises ValidationFailed
        patch = cleaner_for(self.schema).without_read_only(patch)
        shown = self.persistence.json_of(item)
        merged = merge_patch(shown, with_defaults_for_nulls(self.schema, patch))
        clean = self.valid_patch(shown, merged)
        # A null for an attribute that clients don't see has no effect.
        names = (patch.keys() & {*self.schema.properties, *shown, *clean}) - self._kept
        merged = [name for name in names if isinstance(patch[name], Mapping)]
        if self._wants_rows():
            return self._saved_row(item, clean, names, merged)
        values = {name: value for name, value in clean.items() if name in names}
        if self._changes_with_updates:
            values |= generated_values(self.schema, values, False)
        set_ = self._attributes(values)
        remove = self._places_of(names) - set_.keys()
        if not (set_ or remove):
            return self._told(item, created=False)
        check_item_size({name: value for name, value in {**item, **set_}.items() if name not in remove})
        # If a patch changes some members of a nested object, the stored object must still have the value that was read.
        expected = {name: item.get(name) for name in merged}
        if self._version is not None:
            expected[self._version] = item.get(self._version)
        item = yield from self._update(self.persistence.key_in(item), set_, remove, expected)
        return self._told(item, created=False)

    def delete(self, key: Mapping[str, Any]) -> Steps[bool]:
        item_key = self._key(key)
        if item_key is None:
            return False
        if not _is_deletion_told(self.model) and gathering() is None:
            is_deleted = yield from self._deleted(item_key)
            if not is_deleted and (as_given := key_as_given(item_key)) is not None:
                is_deleted = yield from self._deleted(as_given)
            return is_deleted
        item = yield from self._item(item_key)
        if item is None:
            return False
        self.persistence.decode(item).delete()
        return True

    def _deleted(self, key: AttributeMap) -> Steps[bool]:
        if self._demand == "present":
            return (yield from self.persistence.delete_item_steps(key))
        try:
            return (yield from self.persistence.delete_item_steps(key, condition=self._demand))
        except StaleItem as error:
            if condition_failed(error):
                return False
            raise

    # -- items ---------------------------------------------------------------------------------

    def _item(self, key: AttributeMap | None) -> Steps[AttributeMap | None]:
        """Returns the current item for a change; None if it doesn't exist, or isn't in the query set."""
        if key is None:
            return None
        item = yield from self.persistence.get_item_steps(key, consistent=True)
        return None if item is None or not self._holds(item) else item

    def _holds(self, item: AttributeMap) -> bool:
        return self._within.holds(item) if self._within is not None else not self.persistence.is_hidden(item)

    @property
    def _demand(self) -> Any:
        """Returns the condition that the existing item must meet for a change."""
        if self._within is None and self.persistence.hides_expired_by is None:
            return "present"
        items = self.queryset() if self._within is None else self._within
        return items.write_demand(any_key=True)

    def _stored(self, item: AttributeMap) -> Stored:
        return Stored(self.persistence.json_of(item), self._version_in(item))

    def _shown(self, row: Any) -> Stored:
        """Returns the JSON and the version of a saved row."""
        return Stored(row.to_json(), self._version_in(row._state.item))

    def _update(
        self,
        key: AttributeMap,
        set_: AttributeMap,
        remove: Iterable[str],
        expected: Mapping[str, AttributeValue | None] | None = None,
    ) -> Steps[AttributeMap]:
        add = None if self._version is None else {self._version: {"N": "1"}}
        return self.persistence.update_item_steps(key, set_, remove, add, condition=self._demand, expected=expected)

    def _version_in(self, item: AttributeMap) -> str | None:
        """Returns the version of an item: "0" if the item was written before its schema had ``version``."""
        return self.persistence.version_of(item)

    def _attributes(self, values: Mapping[str, Any]) -> AttributeMap:
        """Returns the attributes that store these JSON values. Leaves out the defaults of other properties."""
        item = self.persistence.item_of_json(values)
        if item.keys() == values.keys():
            return item
        places = self._places_of(values)
        return {name: value for name, value in item.items() if name in places}

    def _places_of(self, names: Iterable[str]) -> frozenset[str]:
        """Returns the names of the attributes that may store these properties."""
        attributes = self.persistence.attributes
        return frozenset(
            place for name in names for place in (attributes[name].names if name in attributes else (name,))
        )

    @cached_property
    def _places(self) -> frozenset[str]:
        """The names of the attributes that a replacement sets or removes."""
        return self._places_of(self._writable)

    # -- keys and properties -------------------------------------------------------------------

    @cached_property
    def _key_names(self) -> tuple[str, ...]:
        return self.persistence.key_names

    @cached_property
    def _version(self) -> str | None:
        return self.persistence.options.version

    @cached_property
    def _kept(self) -> frozenset[str]:
        """The properties that never change: the keys and the version."""
        return frozenset(filter(None, (*self._key_names, self._version)))

    @cached_property
    def _makers(self) -> Makers:
        """The functions that make the values of properties that the server sets in a new object."""
        return makers_of(self.schema, True, self._key_names)

    @property
    def _judges(self) -> Mapping[str, SchemaValidator] | None:
        """The validators of the properties. None if the schema has keywords that validate several properties
        together.
        """
        version, judges = self._known_judges
        if version != formats_version():
            json, below = self.schema.json, cleaner_for(self.schema).below
            each_alone = isinstance(json, Mapping) and all(map(_judges_each_alone, json))
            # A request lacks the readOnly members of nested objects, so a property with such members can't be validated
            # separately.
            if each_alone and not any(cleaner.has_read_only for cleaner in below):
                judges = {name: validator_for(prop.schema) for name, prop in self.schema.properties.items()}
            self._known_judges = formats_version(), judges
        return judges

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(self.schema.required)

    @cached_property
    def _changes_with_updates(self) -> bool:
        """Whether an update sets a property that the request doesn't have, as with ``x-generated: now-on-update``."""
        return bool(makers_of(self.schema, False))

    @cached_property
    def _read_only(self) -> frozenset[str]:
        return frozenset(name for name, prop in self.schema.properties.items() if prop.read_only)

    @cached_property
    def _writable(self) -> frozenset[str]:
        return frozenset(self.schema.properties) - self._read_only - self._kept

    def _key(self, key: Mapping[str, Any]) -> AttributeMap | None:
        """Returns the key in DynamoDB's form; None if no item can have this key."""
        try:
            return self.persistence.key(*[key[name] for name in self._key_names])
        except UnstorableValue:
            return None

    @cached_property
    def _is_judged_by_request(self) -> bool:
        """Whether every valid body leads to a valid item, regardless of the values of readOnly properties."""
        stays = any(prop.read_only for prop in self.schema.properties.values())
        json = self.schema.json
        return not stays or (isinstance(json, Mapping) and all(map(_judges_each_alone, json)))

    # -- rows ----------------------------------------------------------------------------------

    def _wants_rows(self) -> bool:
        return _is_told_before(self.model) or gathering() is not None

    def _is_told(self) -> bool:
        return bool(post_save.receivers) and post_save.has_listeners(self.model)

    def _told(self, item: AttributeMap, *, created: bool) -> Stored:
        """Sends ``post_save`` if it has receivers, as a row's ``save()`` does. Returns the JSON and the version for the
        response.
        """
        if not self._is_told():
            return self._stored(item)
        row = self.persistence.decode(item)
        using = router.db_for_write(self.model, instance=row)
        signal = {"instance": row, "raw": False, "using": using, "update_fields": None}
        post_save.send(sender=self.model, created=created, **signal)
        return self._shown(row)

    def _row_of(self, values: Mapping[str, Any]) -> Any:
        names = self.model._spec.field_names  # type: ignore[attr-defined]  # a row
        row: Any = self.model(**{names[name]: value for name, value in values.items() if name in names})
        for name, value in values.items():
            if name not in names:
                row[name] = value
        return row

    def _saved_row(
        self, item: AttributeMap, clean: Mapping[str, Any], names: Collection[str], merged: Collection[str] = ()
    ) -> Stored:
        """Sets the properties ``names`` of the item's row to their values in ``clean``, and saves the row."""
        row = self.persistence.decode(item)
        values = {name: value for name, value in clean.items() if name in names}
        own = {name: value for name, value in values.items() if name in self.schema.properties}
        made = generated_values(self.schema, own, False)
        additional = values.keys() - own.keys() - made.keys()
        try:
            removed = sorted(set(names) - values.keys())
            self._binding.update(row, {**values, **own, **made}, removed, additional, merged)
        except ValidationFailed as failure:
            raise blamed(failure, self.schema, values, made) from None
        return self._shown(row)

    @cached_property
    def _binding(self) -> RowBinding:
        return RowBinding(self.model, self.schema, self.classes)


class _NoItems(ItemStore):
    """The store for a query set that matches nothing. It makes no calls."""

    def _key(self, key: Mapping[str, Any]) -> None:
        return None


def _is_told_before(model: Any) -> bool:
    """Returns whether a signal's receiver gets rows before they are saved."""
    return has_init_receivers(model) or (bool(pre_save.receivers) and pre_save.has_listeners(model))


def _is_deletion_told(model: Any) -> bool:
    return pre_delete.has_listeners(model) or post_delete.has_listeners(model) or has_init_receivers(model)


def _judges_each_alone(keyword: str) -> bool:
    """Returns whether a keyword validates each property separately, or validates nothing."""
    return keyword in _OF_EACH or keyword.startswith("x-")


_OF_EACH = frozenset(
    {"type", "properties", "required", "additionalProperties", "title", "description", "default", "example", "examples"}
    | {"deprecated", "externalDocs", "xml", "$comment"}
)
#: The methods of rows that this store doesn't call.
_METHODS = attrgetter(*ROW_METHODS, "delete")
