"""Reading, listing, creating and replacing items → the answer, from and to what DynamoDB holds, with no row in between.

In go a generated operation and where its items are kept; out comes what answers its common request, or None for an
operation whose items somebody wants to see as rows: a class with methods of its own, a version, additional properties.
Each answer is what the viewset's action would say; whatever it can't be sure of, it leaves to that (None). What goes
wrong beyond that is raised.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.http import HttpRequest
from rest_framework.response import Response

from macaron_django.api.contents import success_status
from macaron_django.api.lookups import Store, Unmatched
from macaron_django.api.resources import GeneratedOperation
from macaron_django.api.straight_answers import StraightAnswer, StraightBody, StraightCreation, StraightPage
from macaron_django.api.straight_gate import Answer, Context, Gate
from macaron_django.api.viewsets import Served
from macaron_django.dynamodb.attribute_values import AttributeMap
from macaron_django.dynamodb.gathered_writes import gathering
from macaron_django.dynamodb.item_sizes import check_item_size
from macaron_django.dynamodb.item_writers import has_save_listeners, is_saved_ordinarily
from macaron_django.dynamodb.manager import ItemManager
from macaron_django.dynamodb.persistence import Persistence
from macaron_django.dynamodb.queryset import ItemQuerySet
from macaron_django.exceptions import (
    InvalidCursor,
    PyMacaronException,
    ScanForbidden,
    StaleItem,
    UnsupportedQuery,
    ValidationFailed,
)
from macaron_django.schemas import converter, validator_for
from macaron_django.schemas.generated import generated_values, makers_of

__all__ = ["item_answer"]

Key = tuple[AttributeMap, Mapping[str, Any]]  # as DynamoDB has it, and the Python values of its properties


def item_answer(
    served: Served, store: Store, item: GeneratedOperation | None, gate: Gate, context: Context
) -> Answer | None:
    """What answers the operation from its items; None where its rows have to be asked.

    ``item`` is an operation on one item's path, where a new item will be found.
    """
    generated = served.generated
    kind = _ANSWERS.get(generated.action) if generated is not None else None
    if kind is None or not (store.is_row and _is_kept_plainly(store.model)):
        return None
    made = kind(served, store, item, gate, context)
    return made.answer if made.is_possible() else None


def _is_kept_plainly(model: Any) -> bool:
    """Whether rows are found and saved by this package's classes alone."""
    manager: Any = model._default_manager
    return (
        type(manager) is ItemManager
        and manager._queryset_class is ItemQuerySet
        and type(manager.persistence) is Persistence
        and manager.persistence.options.version is None
        and is_saved_ordinarily(model)
    )


class _Straight(StraightAnswer):
    """What the four kinds have in common: where items are kept."""

    def __init__(
        self, served: Served, store: Store, item: GeneratedOperation | None, gate: Gate, context: Context
    ) -> None:
        super().__init__(served, store, item, gate, context)
        self.persistence: Persistence = self.model._default_manager.persistence
        self.methods = _METHODS(self.model)

    def is_unusual(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> bool:
        """The same, and whether a row's methods were patched."""
        return self.methods != _METHODS(self.model) or super().is_unusual(request, kwargs)

    # -- the path's key

    @cached_property
    def names_key(self) -> bool:
        return set(self.generated.keys.values()) == set(self.persistence.key_names)

    def key(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Key | None:
        """The key that the path names; None if the action has to say what is wrong with it."""
        sent = self.parameters(request, kwargs)
        if sent is None:
            return None
        try:
            values = {
                name: self.store.python_value([name], sent["path", parameter])
                for parameter, name in self.generated.keys.items()
            }
            key = self.persistence.key(*(values[name] for name in self.persistence.key_names))
        except (Unmatched, PyMacaronException):
            return None
        return key, values


class _Retrieve(_Straight):
    def is_possible(self) -> bool:
        return super().is_possible() and self.names_key

    def answer(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
        key = None if self.is_unusual(request, kwargs) else self.key(request, kwargs)
        item = None if key is None else self.persistence.get_item(key[0])
        if item is None:
            return None
        return self.answered(request, kwargs, self.shown(self.persistence.json_of(item)))


class _List(StraightPage, _Straight):
    """A page of all items."""

    @cached_property
    def items(self) -> ItemQuerySet:
        items: ItemQuerySet = self.model._default_manager.all().as_json()
        return items

    def answer(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
        asked = None if self.methods != _METHODS(self.model) else self.asked(request, kwargs)
        if asked is None:
            return None
        try:
            page = self.items.page(*asked)
        except (InvalidCursor, ScanForbidden, UnsupportedQuery):
            return None
        return self.page(request, kwargs, page.rows, page.next_cursor)


class _Written(StraightBody, _Straight):
    """What is written from a body."""

    def is_possible(self) -> bool:
        attributes = self.persistence.table.attributes_by_name()
        # The members of a set come back in another order than that in which they were sent.
        has_sets = any(attributes[name].attr_type in _SETS for name in self.store.schema.properties)
        return super().is_possible() and self.store.schema.additional_properties is False and not has_sets

    def is_unusual(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> bool:
        """The same, and whether somebody is told of what is saved, or gathers it."""
        return super().is_unusual(request, kwargs) or has_save_listeners(self.model) or gathering() is not None

    def clean(self, value: Mapping[str, Any]) -> dict[str, Any] | None:
        """The valid object that is meant, with its defaults and without what is readOnly.

        None if it isn't valid, or says a number in a way that DynamoDB doesn't: the answer repeats what was sent.
        """
        try:
            clean: dict[str, Any] = validator_for(self.store.schema, "request").clean(value)
        except ValidationFailed:
            return None
        return clean if _comes_back(clean) else None

    def generated_values(self, existing: Container[str], *, creating: bool, user: Any) -> dict[str, Any]:
        keys = self.persistence.key_names
        return generated_values(self.store.schema, existing, creating, user, keys=keys)


class _Create(_Written, StraightCreation):
    def created(self, value: dict[str, Any], user: Any) -> Mapping[str, Any] | None:
        # What is readOnly isn't a client's to say.
        made = self.generated_values(value.keys() - self.read_only, creating=True, user=user)
        # What the schema may require of a client comes before it is judged; what is readOnly, after.
        clean = self.clean({**value, **{name: made[name] for name in made if name not in self.read_only}})
        if clean is None:
            return None
        item = self.persistence.item_of_json({**made, **clean})
        is_whole = all(name in item for name in self.persistence.key_names)
        as_json = self.persistence.json_of(item)
        if not (is_whole and validator_for(self.store.schema).is_valid(as_json)):
            return None
        self.persistence.put_item(item, condition="absent")
        return as_json


class _Replace(_Written):
    @cached_property
    def status(self) -> int:  # type: ignore[override]
        return success_status(self.operation, 200, 204)

    def is_possible(self) -> bool:
        return super().is_possible() and self.names_key and self.is_judged_by_request and len(self.places) <= _PLACES

    @cached_property
    def is_judged_by_request(self) -> bool:
        """Whether a body that is valid makes the item valid, whatever is readOnly in it and stays."""
        schema = self.store.schema
        stays = any(prop.read_only for prop in schema.properties.values())
        return not stays or (isinstance(schema.json, Mapping) and all(_says_nothing(name) for name in schema.json))

    @cached_property
    def places(self) -> frozenset[str]:
        """The attributes that a replacement sets or removes."""
        attributes = self.persistence.table.attributes_by_name()
        changed = [
            attributes[name]
            for name, prop in self.store.schema.properties.items()
            if not prop.read_only and name not in self.persistence.key_names
        ]
        twins = (each.given_name for each in changed if each.keeps_given)
        return frozenset({*(each.attr_name for each in changed), *twins})

    @cached_property
    def renewed(self) -> frozenset[str]:
        """The attributes that the server makes up again with each change."""
        attributes = self.persistence.table.attributes_by_name()
        made = [attributes[name] for name, _ in makers_of(self.store.schema, False, self.persistence.key_names)]
        return frozenset(each.attr_name for each in made)

    @cached_property
    def keys_of_body(self) -> Mapping[str, tuple[bool, Any]]:
        """The keys that a body may repeat: whether it may leave them out as well, and their JSON form."""
        properties, required = self.store.schema.properties, self.store.schema.required
        return {
            name: (name not in required, converter(properties[name].schema, self.store.classes).to_json)
            for name in self.persistence.key_names
            if not properties[name].read_only
        }

    def with_key(self, value: dict[str, Any], key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The body with what the path says; None if it says something else, or in another way."""
        for name, (may_lack, to_json) in self.keys_of_body.items():
            as_json = to_json(key[name])
            if may_lack:
                value.setdefault(name, as_json)
            if name in value and (type(value[name]) is not type(as_json) or value[name] != as_json):
                return None
        return value

    def answer(self, request: HttpRequest, kwargs: Mapping[str, Any]) -> Response | None:
        key = None if self.is_unusual(request, kwargs) else self.key(request, kwargs)
        value = None if key is None else self.sent(request)
        value = None if key is None or value is None else self.with_key(value, key[1])
        clean = None if value is None else self.clean(value)
        if key is None or clean is None:
            return None
        values = {**clean, **self.generated_values(clean, creating=False, user=None)}
        set_ = self.persistence.item_of_json(values)
        set_ = {name: set_[name] for name in set_ if name in self.places or name in self.renewed}
        check_item_size({**key[0], **set_})
        try:
            item = self.persistence.update_item(key[0], set_, self.places - set_.keys(), condition="present")
        except StaleItem:  # there is none
            return None
        return self.answered(request, kwargs, self.shown(self.persistence.json_of(item)))


def _comes_back(value: Any) -> bool:
    """Whether DynamoDB gives a JSON value back as it is written here: 1.0 becomes 1, and 1e22 gets all its digits."""
    kind = type(value)
    if kind is dict:
        return all(map(_comes_back, value.values()))
    if kind is list:
        return all(map(_comes_back, value))
    if kind is float:
        return not value.is_integer() and "e" not in repr(value)
    return kind in _UNCHANGED


def _says_nothing(keyword: str) -> bool:
    """Whether a schema's keyword judges each property alone, or nothing."""
    return keyword in _OF_EACH or keyword.startswith("x-")


_OF_EACH = frozenset(
    {"type", "properties", "required", "additionalProperties", "title", "description", "default", "example", "examples"}
    | {"deprecated", "externalDocs", "xml", "$comment"}
)
#: The methods of rows that are passed by.
_METHODS = attrgetter(
    *("__getitem__", "__init__", "__iter__", "__setattr__", "__setitem__", "_additional", "_generated", "_check"),
    *("_store", "_violations", "from_db", "save", "to_json"),
)
_UNCHANGED = frozenset({str, int, bool, type(None)})
_SETS = frozenset({"SS", "NS", "BS"})
#: Attributes of a replacement at most: an update expression has 4 KB (AWS: "Expression size").
_PLACES = 100
_ANSWERS: Mapping[str, type[_Straight]] = {"retrieve": _Retrieve, "list": _List, "create": _Create, "replace": _Replace}
