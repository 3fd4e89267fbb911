"""Decides whether this package must make rows and API objects. This is necessary if a project's class overrides certain
methods, or if certain signals have receivers.

A method counts as overridden if the class's method isn't defined by this package or by Django.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Model
from django.db.models.signals import post_init, pre_init

from macaron_django.overrides import overrides
from macaron_django.schemas.models.model_fields import RowAttribute
from macaron_django.schemas.models.row_models import Row
from macaron_django.schemas.values.api_objects import Value

__all__ = [
    "ROW_METHODS",
    "has_init_receivers",
    "is_loaded_plainly",
    "is_plain_value",
    "is_saved_plainly",
    "is_shown_plainly",
    "is_stored_plainly",
]

#: The methods that make a row from an item.
_LOADING: Final = ("__getattribute__", "__init__", "__new__", "__setattr__", "from_db")
#: The methods that return a row's properties.
_SHOWING: Final = ("__getitem__", "__iter__", "_additional", "to_json")
#: The methods that set a row's properties.
_STORING: Final = ("__setitem__", "_additional", "_store")
#: The methods that save a row.
_SAVING: Final = ("_check", "_generated", "_violations", "save")
#: The methods of a row that the compiled functions and the store don't call.
ROW_METHODS: Final = tuple(dict.fromkeys((*_LOADING, *_SHOWING, *_STORING, *_SAVING)))
#: The methods that make an API object, and that set and return its properties.
_VALUE_METHODS: Final = ("__getattribute__", "__new__", "_from_properties", "_store", *_SHOWING)


def is_loaded_plainly(model: Any) -> bool:
    """Returns whether rows are made from items entirely by Django and this package, not by code of the project."""
    return not overrides(model, _LOADING, Row, Model) and all(
        isinstance(getattr(model, field), RowAttribute) for field in model._spec.property_names
    )


def is_shown_plainly(model: Any) -> bool:
    """Returns whether rows are made and shown entirely by Django and this package. If so, an item can be converted to
    JSON without making a row.
    """
    return is_loaded_plainly(model) and not overrides(model, _SHOWING, Row, Model)


def is_stored_plainly(model: Any) -> bool:
    """Returns whether rows are made and filled entirely by Django and this package. If so, JSON can be converted to an
    item without making a row.
    """
    return is_loaded_plainly(model) and not overrides(model, _STORING, Row, Model)


def is_saved_plainly(model: Any) -> bool:
    """Returns whether rows are made, saved and shown entirely by Django and this package.

    Receivers of signals are ignored.
    """
    return is_loaded_plainly(model) and not overrides(model, ROW_METHODS, Row, Model)


def is_plain_value(kind: type[Any]) -> bool:
    """Returns whether the API objects of a class are made, filled and shown entirely by this package."""
    return not overrides(kind, _VALUE_METHODS, Value)


def has_init_receivers(model: Any) -> bool:
    """Returns whether ``pre_init`` or ``post_init`` has receivers for the model's rows."""
    return bool(pre_init.receivers or post_init.receivers) and (
        pre_init.has_listeners(model) or post_init.has_listeners(model)
    )
