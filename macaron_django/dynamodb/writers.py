"""Format and conversion of a schema → functions to an attribute value, from a Python value and from its JSON form.

In go what ``conversions`` and ``attribute_values`` say of a schema, each in a step over JSON; out comes a closure that
takes both at once for values of the usual kinds, and raises :class:`UnusualValue` for all others: then the steps
themselves say what is held, or why it can't be. Made once a schema, so that writing costs what the values cost. The
mirror of ``readers``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from macaron_django.dynamodb.attribute_values import (
    MAX_NESTED,
    ArrayFormat,
    AttributeValue,
    BinaryFormat,
    BooleanFormat,
    DateTimeFormat,
    Format,
    NumberFormat,
    ObjectFormat,
    StringFormat,
)
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.conversions import UNSET, Conversion
from macaron_django.schemas.objects import Value

__all__ = ["UnusualValue", "Writer", "has_methods_of", "is_ordinary_value", "json_writer", "writer"]

#: A value and the levels of arrays and objects around it → its attribute value.
Writer: TypeAlias = Callable[[Any, int], AttributeValue]
#: Makes the writer of another schema that takes values in the same form.
_Make: TypeAlias = Callable[[Format, Conversion], Writer]

#: Integers of up to 38 digits, and floats that are none of these beyond doubt.
_INTEGERS = 10**38
_LARGE, _SMALL = 1e38, 1e-100


class UnusualValue(Exception):  # noqa: N818 (no error: it is met by taking the steps)
    """The value isn't one that is written straight."""


def writer(form: Format, conversion: Conversion) -> Writer:
    """What writes Python values as ``form.encode(conversion.to_json(value))`` does.

    >>> from macaron_django.schemas.conversions import json_value
    >>> writer(NumberFormat(integer=True), Conversion(int, json_value))(7, 0)
    {'N': '7'}
    """
    return _MAKERS.get(type(form), _in_steps)(form, conversion, _steps(form, conversion), writer)


def json_writer(form: Format, conversion: Conversion) -> Writer:
    """What writes JSON values as ``form.encode(conversion.to_json(conversion.to_python(value)))`` does."""
    return _JSON_MAKERS.get(type(form), _in_steps)(form, conversion, _json_steps(form, conversion), json_writer)


def has_methods_of(own: type[Any], kind: Any, names: tuple[str, ...]) -> bool:
    """Whether a class, which one of a user's may be a base of, has these methods from this package."""
    methods = ((getattr(own, name), getattr(kind, name)) for name in names)
    return all(getattr(mine, "__func__", mine) is getattr(theirs, "__func__", theirs) for mine, theirs in methods)


def is_ordinary_value(kind: type[Any]) -> bool:
    """Whether objects of a class are made, kept and shown by this package's code only."""
    return has_methods_of(Value, kind, _VALUE_METHODS)


def _steps(form: Format, conversion: Conversion) -> Writer:
    encode, to_json = form.encode, conversion.to_json

    def write(value: Any, depth: int) -> AttributeValue:
        try:
            return encode(to_json(value), "", depth)
        except UnstorableValue:  # its pointer is known above
            raise UnusualValue from None

    return write


def _json_steps(form: Format, conversion: Conversion) -> Writer:
    write_python, to_python = _steps(form, conversion), conversion.to_python
    return lambda value, depth: write_python(to_python(value), depth)


def _in_steps(_form: Format, _conversion: Conversion, steps: Writer, _make: _Make) -> Writer:
    return steps


def _text(_form: Format, _conversion: Conversion, steps: Writer, _make: _Make) -> Writer:
    # Whatever Python value a text has, ``conversions`` gives it back as it was.
    def write(value: Any, depth: int) -> AttributeValue:
        if type(value) is str:
            if not value.isascii():
                try:
                    value.encode()
                except UnicodeEncodeError:
                    raise UnusualValue from None
            return {"S": value}
        return {"NULL": True} if value is None else steps(value, depth)

    return write


def _binary(form: Format, _conversion: Conversion, steps: Writer, _make: _Make) -> Writer:
    encode = form.encode

    def write(value: Any, depth: int) -> AttributeValue:
        return encode(value, "", depth) if type(value) is str and value.isascii() else steps(value, depth)

    return write


def _boolean(_form: Format, _conversion: Conversion, steps: Writer, _make: _Make) -> Writer:
    def write(value: Any, depth: int) -> AttributeValue:
        return {"BOOL": value} if value is True or value is False else steps(value, depth)

    return write


def _number(_form: Format, _conversion: Conversion, steps: Writer, _make: _Make) -> Writer:
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
        return steps(value, depth)

    return write


def _array(form: Format, conversion: Conversion, steps: Writer, make: _Make) -> Writer:
    assert isinstance(form, ArrayFormat)  # noqa: S101 (by the table below)
    elements, array = conversion.elements, form
    if elements is None:
        return steps
    of_element: Writer | None = None

    def write(value: Any, depth: int) -> AttributeValue:
        nonlocal of_element  # not before its first use: an array may hold arrays of itself
        if type(value) is not list or depth >= MAX_NESTED:
            return steps(value, depth)
        if of_element is None:
            of_element = make(array.items, elements())
        inner, write_element = depth + 1, of_element
        return {"L": [write_element(element, inner) for element in value]}

    return write


def _object(form: Format, conversion: Conversion, steps: Writer, make: _Make) -> Writer:
    """Of API objects."""
    assert isinstance(form, ObjectFormat)  # noqa: S101 (by the table below)
    object_class, shape = conversion.object_class, form
    if object_class is None:
        return steps
    known: tuple[type[Any], list[tuple[str, str, Writer]]] | None = None

    def write(value: Any, depth: int) -> AttributeValue:
        nonlocal known  # not before its first use: an object may hold objects of its own schema
        if known is None:
            kind = object_class()
            names = kind._spec.field_names
            known = kind, [(name, names[name], each) for name, each in _members(shape, kind, make).items()]
        values = value.__dict__ if type(value) is known[0] else None
        if values is None or not known[1] or depth >= MAX_NESTED or values.get("_additional_properties"):
            return steps(value, depth)
        inner = depth + 1
        return {
            "M": {
                name: write_member(member, inner)
                for name, field, write_member in known[1]
                if (member := values.get(field, UNSET)) is not UNSET
            }
        }

    return write


def _json_object(form: Format, conversion: Conversion, steps: Writer, make: _Make) -> Writer:
    assert isinstance(form, ObjectFormat)  # noqa: S101 (by the table below)
    object_class, shape = conversion.object_class, form
    if object_class is None:
        return steps
    known: dict[str, Writer] | None = None

    def write(value: Any, depth: int) -> AttributeValue:
        nonlocal known  # as above
        if known is None:
            known = _members(shape, object_class(), make)
        if type(value) is not dict or depth >= MAX_NESTED or not known.keys() >= value.keys():
            return steps(value, depth)
        inner, of_members = depth + 1, known
        return {"M": {name: of_members[name](member, inner) for name, member in value.items()}}

    return write


def _members(form: ObjectFormat, kind: type[Any], make: _Make) -> dict[str, Writer]:
    """By property name; none where the class may store or show its properties in a way of its own."""
    spec = kind._spec
    if not is_ordinary_value(kind) or not all(name.isascii() and name for name in spec.properties):
        return {}
    return {name: make(form.properties.get(name, form.others), spec.conversion(name)) for name in spec.properties}


#: What makes a value, stores its properties and tells them.
_VALUE_METHODS = ("__new__", "__iter__", "__getitem__", "_additional", "_from_properties", "_store", "to_json")

_MAKERS: dict[type[Format], Callable[[Format, Conversion, Writer, _Make], Writer]] = {
    StringFormat: _text,
    DateTimeFormat: _text,
    BinaryFormat: _in_steps,
    BooleanFormat: _boolean,
    NumberFormat: _number,
    ArrayFormat: _array,
    ObjectFormat: _object,
}
_JSON_MAKERS = {**_MAKERS, BinaryFormat: _binary, ObjectFormat: _json_object}
