"""Items → rows: a model's instance as Django would load it, without what loading does for models in general.

In goes a ``Persistence`` with its model; out comes a function from item to row. Django's own way
(``Model.from_db``) sets each value through its field's descriptor, which converts it once more; it is taken where
a class between ``Row`` and the model, or a receiver of ``pre_init`` or ``post_init``, could tell the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.signals import post_init, pre_init

from macaron_django.dynamodb.attribute_values import AttributeMap
from macaron_django.dynamodb.attributes import PropertyAttribute
from macaron_django.schemas.conversions import UNSET
from macaron_django.schemas.model_fields import RowAttribute
from macaron_django.schemas.models import Row

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["has_listeners", "is_ordinary", "row_builder"]


def row_builder(persistence: Persistence) -> Callable[[AttributeMap], Any]:
    """What makes the row of an item; properties that the schema doesn't name are the caller's."""
    model = persistence.model
    names = model._spec.property_names
    fields = [field.attname for field in model._meta.concrete_fields]
    attributes = [persistence.table.attribute(names[field]) if field in names else None for field in fields]

    def load(item: AttributeMap) -> Any:
        values = [UNSET if attribute is None else attribute.value_in(item) for attribute in attributes]
        row = model.from_db(DEFAULT_DB_ALIAS, fields, values)
        row._state.item = item
        return row

    if not is_ordinary(model):
        return load
    readers = [(field, attribute) for field, attribute in zip(fields, attributes, strict=True) if attribute is not None]
    return _direct(model, readers, load)


def is_ordinary(model: Any) -> bool:
    """Whether a row is made by Django's and this package's code only, and holds its values as this package does."""
    makers = ("__init__", "__new__", "__setattr__")
    return (
        all(getattr(model, name) is getattr(Row if name == "__init__" else Model, name) for name in makers)
        and getattr(model.from_db, "__func__", None) is Model.from_db.__func__  # type: ignore[attr-defined]
        and all(isinstance(getattr(model, field), RowAttribute) for field in model._spec.property_names)
    )


def has_listeners(model: Any) -> bool:
    """Whether somebody is told of each row that is made."""
    return bool(pre_init.receivers or post_init.receivers) and (
        pre_init.has_listeners(model) or post_init.has_listeners(model)
    )


def _direct(
    model: Any, readers: list[tuple[str, PropertyAttribute]], load: Callable[[AttributeMap], Any]
) -> Callable[[AttributeMap], Any]:
    plain = [(field, one.attr_name, one.decode, one.is_text) for field, one in readers if not one.has_twin]
    with_twins = [(field, one.value_in) for field, one in readers if one.has_twin]

    def build(item: AttributeMap) -> Any:
        if has_listeners(model):
            return load(item)
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
