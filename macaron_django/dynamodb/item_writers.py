"""The JSON object that a request brings → the item that keeps it, without a row in between.

In goes what keeps a schema's items; out comes one function, made once a schema, from a valid JSON object (what a
validator's ``clean()`` returns, with what the server makes up) to the attribute map of the row made of it. Values
of the usual kinds are written straight; whatever is unusual takes the row's own steps: an odd value for its
property alone, an additional property or a class that makes its rows in a way of its own for all. The mirror of
``item_json``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.models.signals import post_save, pre_save

from macaron_django.dynamodb.attribute_values import AttributeMap, AttributeValue, NumberFormat, StringFormat
from macaron_django.dynamodb.attributes import PropertyAttribute
from macaron_django.dynamodb.row_building import has_listeners, is_ordinary
from macaron_django.dynamodb.writers import UnusualValue, Writer, has_methods_of, json_writer
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.models import Row

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["ItemOfJSON", "has_save_listeners", "is_saved_ordinarily", "item_writer"]

ItemOfJSON: TypeAlias = Callable[[Mapping[str, Any]], AttributeMap]


def item_writer(persistence: Persistence) -> ItemOfJSON:
    """The function from the JSON form of a new row to its item, as ``encode(model(**values))`` makes it.

    Raises what that raises: UnstorableValue with a pointer for what DynamoDB can't hold.
    """
    model = persistence.model
    spec = model._spec
    attributes = persistence.table.attributes_by_name()
    writers = {name: _property_writer(attributes[name]) for name in spec.properties}
    defaults = [(name, prop.schema.default) for name, prop in spec.properties.items() if prop.schema.has_default]

    def of_row(values: Mapping[str, Any]) -> AttributeMap:
        own = {field: values[name] for name, field in spec.field_names.items() if name in values}
        row = model(**own)
        for name in values:
            if name not in spec.properties:
                row[name] = values[name]
        return persistence.encode(row)

    def write(values: Mapping[str, Any]) -> AttributeMap:
        if has_listeners(model):
            return of_row(values)
        item: AttributeMap = {}
        try:
            for name, value in values.items():
                writers[name](value, item)
            for name, default in defaults:
                if name not in values:
                    writers[name](default, item)
        except (KeyError, UnstorableValue):  # a name that the schema doesn't know; or the row tells what is wrong first
            return of_row(values)
        return item

    return write if is_ordinary(model) and has_methods_of(Row, model, _ROW_METHODS) else of_row


def is_saved_ordinarily(model: Any) -> bool:
    """Whether making and saving a row runs this package's code only, apart from receivers of signals."""
    return is_ordinary(model) and has_methods_of(Row, model, (*_ROW_METHODS, *_SAVING_METHODS))


def has_save_listeners(model: Any) -> bool:
    """Whether somebody is told of each row that is made or saved."""
    return has_listeners(model) or (
        bool(pre_save.receivers or post_save.receivers)
        and (pre_save.has_listeners(model) or post_save.has_listeners(model))
    )


#: What a row stores its values with, beside its making, which ``is_ordinary`` knows.
_ROW_METHODS = ("__setitem__", "_additional", "_store")
_SAVING_METHODS = ("__getitem__", "__iter__", "_generated", "_check", "_violations", "save", "to_json")


def _property_writer(attribute: PropertyAttribute) -> Callable[[Any, AttributeMap], None]:
    """What puts the attributes of a property, given as JSON, into an item."""
    name, to_python, attributes_of = attribute.attr_name, attribute.conversion.to_python, attribute.attributes_of

    def in_steps(value: Any, item: AttributeMap) -> None:
        item.update(attributes_of(to_python(value)))

    write = _straight(attribute)
    if write is None:
        return in_steps

    def straight(value: Any, item: AttributeMap) -> None:
        try:
            item[name] = write(value, 0)
        except (UnusualValue, RecursionError):
            in_steps(value, item)

    return straight


def _straight(attribute: PropertyAttribute) -> Writer | None:
    """What writes a property's one attribute; None where it may have two, or values need a look of their own."""
    form, role = attribute.form, attribute.role
    write = json_writer(form, attribute.conversion)
    if not attribute.keeps_given:
        return write
    # A date-time is sorted by its time, a null of a key stands elsewhere: those go step by step.
    if type(form) is NumberFormat:
        return _number_key(write)
    if type(form) is not StringFormat or role.ttl:
        return None
    # A character has four bytes at most.
    longest = role.size_limit // 4

    def write_key(value: Any, depth: int) -> AttributeValue:
        if type(value) is not str or not 0 < len(value) <= longest:
            raise UnusualValue
        return write(value, depth)

    return write_key


def _number_key(write: Writer) -> Writer:
    def write_key(value: Any, depth: int) -> AttributeValue:
        written = write(value, depth)
        if "N" not in written:
            raise UnusualValue
        return written

    return write_key
