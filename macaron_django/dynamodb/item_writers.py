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

from macaron_django.dynamodb.attribute_values import (
    MAX_NESTED,
    ArrayFormat,
    AttributeMap,
    AttributeValue,
    BinaryFormat,
    BooleanFormat,
    DateTimeFormat,
    Format,
    NumberFormat,
    ObjectFormat,
    StringFormat,
)
from macaron_django.dynamodb.attributes import PropertyAttribute
from macaron_django.dynamodb.row_building import has_listeners, is_ordinary
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.conversions import Conversion
from macaron_django.schemas.models import Row
from macaron_django.schemas.objects import Value

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["ItemOfJSON", "has_save_listeners", "is_saved_ordinarily", "item_writer"]

ItemOfJSON: TypeAlias = Callable[[Mapping[str, Any]], AttributeMap]
#: JSON value, levels above it → attribute value.
_Writer: TypeAlias = Callable[[Any, int], AttributeValue]

#: Integers of up to 38 digits, and floats that are none of these beyond doubt.
_INTEGERS = 10**38
_LARGE, _SMALL = 1e38, 1e-100


class _UnusualError(Exception):
    """The value isn't one that is written straight."""


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

    return write if is_ordinary(model) and _has_methods_of(Row, model, _ROW_METHODS) else of_row


def is_saved_ordinarily(model: Any) -> bool:
    """Whether making and saving a row runs this package's code only, apart from receivers of signals."""
    return is_ordinary(model) and _has_methods_of(Row, model, (*_ROW_METHODS, *_SAVING_METHODS))


def has_save_listeners(model: Any) -> bool:
    """Whether somebody is told of each row that is made or saved."""
    return has_listeners(model) or (
        bool(pre_save.receivers or post_save.receivers)
        and (pre_save.has_listeners(model) or post_save.has_listeners(model))
    )


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
        except (_UnusualError, RecursionError):
            in_steps(value, item)

    return straight


def _straight(attribute: PropertyAttribute) -> _Writer | None:
    """What writes a property's one attribute; None where it may have two, or values need a look of their own."""
    form, role = attribute.form, attribute.role
    write = _writer(form, attribute.conversion)
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
            raise _UnusualError
        return write(value, depth)

    return write_key


def _number_key(write: _Writer) -> _Writer:
    def write_key(value: Any, depth: int) -> AttributeValue:
        written = write(value, depth)
        if "N" not in written:
            raise _UnusualError
        return written

    return write_key


def _writer(form: Format, conversion: Conversion) -> _Writer:
    """What writes a JSON value as ``form.encode(to_json(to_python(value)))`` does, or raises _UnusualError."""
    make = _MAKERS.get(type(form), _in_steps)
    return make(form, conversion)


def _in_steps(form: Format, conversion: Conversion) -> _Writer:
    encode, to_python, to_json = form.encode, conversion.to_python, conversion.to_json

    def write(value: Any, depth: int) -> AttributeValue:
        try:
            return encode(to_json(to_python(value)), "", depth)
        except UnstorableValue:  # its pointer is known above
            raise _UnusualError from None

    return write


def _text(_form: Format, _conversion: Conversion) -> _Writer:
    # Whatever Python value a text has: ``conversions`` gives it back as it was.
    def write(value: Any, _depth: int) -> AttributeValue:
        if type(value) is str:
            if not value.isascii():
                _check_text(value)
            return {"S": value}
        if value is None:
            return {"NULL": True}
        raise _UnusualError

    return write


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _UnusualError from None


def _binary(form: Format, conversion: Conversion) -> _Writer:
    encode, in_steps = form.encode, _in_steps(form, conversion)

    def write(value: Any, depth: int) -> AttributeValue:
        if type(value) is str and value.isascii():
            return encode(value, "", depth)
        return in_steps(value, depth)

    return write


def _boolean(form: Format, conversion: Conversion) -> _Writer:
    in_steps = _in_steps(form, conversion)

    def write(value: Any, depth: int) -> AttributeValue:
        return {"BOOL": value} if value is True or value is False else in_steps(value, depth)

    return write


def _number(form: Format, conversion: Conversion) -> _Writer:
    in_steps = _in_steps(form, conversion)

    def write(value: Any, depth: int) -> AttributeValue:
        kind = type(value)
        if kind is int:
            if -_INTEGERS < value < _INTEGERS:
                return {"N": str(value)}
        elif kind is float and -_LARGE < value < _LARGE:
            if value.is_integer():
                return {"N": str(int(value))}
            if not -_SMALL < value < _SMALL:
                return {"N": repr(value)}
        return in_steps(value, depth)

    return write


def _array(form: Format, conversion: Conversion) -> _Writer:
    assert isinstance(form, ArrayFormat)  # noqa: S101 (by the table below)
    elements, array, in_steps = conversion.elements, form, _in_steps(form, conversion)
    if elements is None:
        return in_steps
    of_element: _Writer | None = None

    def write(value: Any, depth: int) -> AttributeValue:
        nonlocal of_element  # not before its first use: an array may hold arrays of itself
        if type(value) is not list or depth >= MAX_NESTED:
            return in_steps(value, depth)
        if of_element is None:
            of_element = _writer(array.items, elements())
        inner, write_element = depth + 1, of_element
        return {"L": [write_element(element, inner) for element in value]}

    return write


def _object(form: Format, conversion: Conversion) -> _Writer:
    assert isinstance(form, ObjectFormat)  # noqa: S101 (by the table below)
    object_class, shape, in_steps = conversion.object_class, form, _in_steps(form, conversion)
    if object_class is None:
        return in_steps
    members: dict[str, _Writer] | None = None

    def write(value: Any, depth: int) -> AttributeValue:
        nonlocal members  # not before its first use: an object may hold objects of its own schema
        if members is None:
            members = _members(shape, object_class())
        if type(value) is not dict or depth >= MAX_NESTED or not members.keys() >= value.keys():
            return in_steps(value, depth)
        inner, of_members = depth + 1, members
        return {"M": {name: of_members[name](member, inner) for name, member in value.items()}}

    return write


def _members(form: ObjectFormat, kind: type[Any]) -> dict[str, _Writer]:
    """By property name; none where the class could show its properties in a way of its own."""
    if not _has_methods_of(Value, kind, _VALUE_METHODS):
        return {}
    spec = kind._spec
    return {
        name: _writer(form.properties.get(name, form.others), spec.conversion(name))
        for name in spec.properties
        if name and name.isascii()
    }


def _has_methods_of(own: type[Any], kind: Any, names: tuple[str, ...]) -> bool:
    """Whether a class, which a user's may be a base of, has these methods from this package."""
    methods = ((getattr(own, name), getattr(kind, name)) for name in names)
    return all(getattr(mine, "__func__", mine) is getattr(theirs, "__func__", theirs) for mine, theirs in methods)


#: What makes a value, stores its properties and tells them.
_VALUE_METHODS = ("__new__", "__iter__", "__getitem__", "_additional", "_from_properties", "_store", "to_json")
#: The same of a row, whose making ``is_ordinary`` knows.
_ROW_METHODS = ("__setitem__", "_additional", "_store")
_SAVING_METHODS = ("__getitem__", "__iter__", "_generated", "_refusal", "_violations", "save", "to_json")

_MAKERS: dict[type[Format], Callable[[Format, Conversion], _Writer]] = {
    StringFormat: _text,
    DateTimeFormat: _text,
    BinaryFormat: _binary,
    BooleanFormat: _boolean,
    NumberFormat: _number,
    ArrayFormat: _array,
    ObjectFormat: _object,
}
