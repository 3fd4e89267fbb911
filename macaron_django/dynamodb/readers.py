"""Format and conversion of a schema → one function from attribute value to Python value.

In go what ``attribute_values`` and ``conversions`` say of a schema, each in two steps over JSON; out comes a closure
that takes both at once for what this package writes, and the two steps for everything else. Made once a schema, so
that a list of items costs what its values cost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, TypeAlias

from macaron_django.dynamodb.attribute_values import (
    ArrayFormat,
    AttributeValue,
    BooleanFormat,
    DateTimeFormat,
    Format,
    NumberFormat,
    ObjectFormat,
    SetFormat,
    StringFormat,
    decode_number,
)
from macaron_django.schemas.conversions import Conversion
from macaron_django.schemas.objects import APIObject

__all__ = ["Reader", "reader", "reads_as_it_stands"]

Reader: TypeAlias = Callable[[AttributeValue], Any]


def reader(form: Format, conversion: Conversion) -> Reader:
    """What reads attribute values of this format as ``conversion.to_python(form.decode(value))`` does.

    >>> from macaron_django.schemas.conversions import json_value
    >>> reader(NumberFormat(integer=True), Conversion(int, json_value))({"N": "7"})
    7
    """
    make = _MAKERS.get(type(form), _in_two_steps)
    return make(form, conversion)


def reads_as_it_stands(form: Format, conversion: Conversion) -> bool:
    """Whether what stands under "S" is the Python value, so that a loop can do without a call."""
    return conversion.unchanged and type(form) is StringFormat


def _in_two_steps(form: Format, conversion: Conversion) -> Reader:
    decode, to_python = form.decode, conversion.to_python
    if isinstance(form, SetFormat):
        return lambda value: _as_set(to_python(decode(value)))
    if conversion.unchanged:
        return decode
    return lambda value: to_python(decode(value))


def _as_set(value: Any) -> Any:
    """A set, of a list that can be one: a list of lists or maps can't."""
    if not isinstance(value, list):
        return value
    try:
        return set(value)
    except TypeError:
        return value


def _text(form: Format, conversion: Conversion) -> Reader:
    otherwise, to_python = _in_two_steps(form, conversion), conversion.to_python
    if conversion.unchanged:

        def read(value: AttributeValue) -> Any:
            return value["S"] if "S" in value else otherwise(value)
    else:

        def read(value: AttributeValue) -> Any:
            return to_python(value["S"]) if "S" in value else otherwise(value)

    return read


def _date_time(form: Format, conversion: Conversion) -> Reader:
    otherwise, to_python = _in_two_steps(form, conversion), conversion.to_python
    of_utc = to_python("2000-01-01T00:00:00Z") == datetime(2000, 1, 1, tzinfo=timezone.utc)
    from_iso = datetime.fromisoformat

    def read(value: AttributeValue) -> Any:
        text = value.get("S")
        if text is None or text[-1:] != "Z":
            return otherwise(value)
        spelled = f"{text[:-1]}+00:00"
        try:
            moment = from_iso(spelled)
        except ValueError:  # or what older Pythons don't read
            return to_python(text)
        # Any other spelling of the moment is remembered with it.
        return moment if of_utc and moment.isoformat() == spelled else to_python(text)

    return read


def _boolean(form: Format, conversion: Conversion) -> Reader:
    otherwise = _in_two_steps(form, conversion)
    if not conversion.unchanged:
        return otherwise
    return lambda value: value["BOOL"] if "BOOL" in value else otherwise(value)


def _number(form: Format, conversion: Conversion) -> Reader:
    assert isinstance(form, NumberFormat)  # noqa: S101 (by the table below)
    otherwise, to_python, integer = _in_two_steps(form, conversion), conversion.to_python, form.integer

    def read(value: AttributeValue) -> Any:
        return to_python(decode_number(value["N"], integer=integer)) if "N" in value else otherwise(value)

    return read


def _array(form: Format, conversion: Conversion) -> Reader:
    assert isinstance(form, ArrayFormat)  # noqa: S101 (by the table below)
    otherwise, elements, array = _in_two_steps(form, conversion), conversion.elements, form
    if elements is None:
        return otherwise
    of_elements: Reader | None = None
    plain_text = False

    def read(value: AttributeValue) -> Any:
        nonlocal of_elements, plain_text  # not before its first use: an array may hold arrays of itself
        listed = value.get("L")
        if listed is None:
            return otherwise(value)
        if of_elements is None:
            element = elements()
            plain_text = reads_as_it_stands(array.items, element)
            of_elements = reader(array.items, element)
        if plain_text:
            try:
                return [element["S"] for element in listed]
            except KeyError:  # not text only
                pass
        return [of_elements(element) for element in listed]

    return read


def _object(form: Format, conversion: Conversion) -> Reader:
    assert isinstance(form, ObjectFormat)  # noqa: S101 (by the table below)
    otherwise, object_class, shape = _in_two_steps(form, conversion), conversion.object_class, form
    if object_class is None:
        return otherwise
    known_class: tuple[Any, dict[str, tuple[str, Reader, bool]]] | None = None

    def read(value: AttributeValue) -> Any:
        nonlocal known_class  # not before its first use: an object may hold objects of its own schema
        members = value.get("M")
        if members is None:
            return otherwise(value)
        if known_class is None:
            its_class = object_class()
            known_class = its_class, _members(shape, its_class)
        kind, made_of = known_class
        made = kind.__new__(kind)
        fields = made.__dict__
        for name, member in members.items():
            known = made_of.get(name)
            if known is None:  # a property that the schema allows without naming it
                made._store(name, kind._spec.conversion(name).to_python(shape.others.decode(member)))
            else:
                field, read_member, is_text = known
                fields[field] = member["S"] if is_text and "S" in member else read_member(member)
        return made

    return read


def _members(form: ObjectFormat, kind: type[APIObject]) -> dict[str, tuple[str, Reader, bool]]:
    """By property name: the field, and how it is read."""
    made_of = {}
    for name, field in kind._spec.field_names.items():
        inner, conversion = form.properties.get(name, form.others), kind._spec.conversion(name)
        made_of[name] = field, reader(inner, conversion), reads_as_it_stands(inner, conversion)
    return made_of


_MAKERS: dict[type[Format], Callable[[Format, Conversion], Reader]] = {
    StringFormat: _text,
    DateTimeFormat: _date_time,
    BooleanFormat: _boolean,
    NumberFormat: _number,
    ArrayFormat: _array,
    ObjectFormat: _object,
}
