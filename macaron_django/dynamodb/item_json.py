"""Item → the JSON object that an answer shows of it, without a row in between.

In goes what keeps a schema's items; out comes one function, made once a schema, that says of an item what the row
made of it says in ``to_json()``: the same properties in the same order. What this package writes is read straight
from the attribute values; whatever else an item may hold takes the row's own way, property by property. Apart from
the rows because a page of items needs neither their Python values nor their methods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from macaron_django.dynamodb.attribute_values import (
    ArrayFormat,
    AttributeMap,
    AttributeValue,
    BooleanFormat,
    DateTimeFormat,
    Format,
    NumberFormat,
    ObjectFormat,
    StringFormat,
    decode_number,
)
from macaron_django.dynamodb.attributes import PropertyAttribute
from macaron_django.dynamodb.readers import reader
from macaron_django.dynamodb.row_building import has_listeners, is_ordinary
from macaron_django.dynamodb.writers import is_ordinary_value
from macaron_django.schemas.conversions import Conversion
from macaron_django.schemas.models import Row

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = [
    "DATE_TIME_JSON",
    "NUMBER_JSON",
    "OTHER_TYPE",
    "ItemJSON",
    "is_shown_ordinarily",
    "item_json",
    "value_json",
]

ItemJSON: TypeAlias = Callable[[AttributeMap], dict[str, Any]]
_ValueJSON: TypeAlias = Callable[[AttributeValue], Any]

#: What a reader meets where a value isn't of its schema's type.
OTHER_TYPE = (KeyError, TypeError, ValueError, ArithmeticError)


def item_json(persistence: Persistence) -> ItemJSON:
    """The function from an item of this schema to its JSON form."""
    model = persistence.model
    attributes = persistence.table.attributes_by_name()
    properties = [
        (name, value_json(attributes[name].form, attributes[name].conversion), _in_item(attributes[name]))
        for name in model._spec.field_names
    ]
    # Others are notes of how a key was spelled, or properties that the schema doesn't name.
    shown_alone = frozenset(name for name, _, _ in properties)
    straight = _written_out([(name, attributes[name].form, attributes[name].conversion) for name, _, _ in properties])

    def of_row(item: AttributeMap) -> dict[str, Any]:
        row_json: dict[str, Any] = persistence.decode(item).to_json()
        return row_json

    def read(item: AttributeMap) -> dict[str, Any]:
        if not shown_alone.issuperset(item) or has_listeners(model):
            return of_row(item)
        try:
            return straight(item)
        except OTHER_TYPE:
            return one_by_one(item)

    def one_by_one(item: AttributeMap) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, value_json, in_item in properties:
            value = item.get(name)
            if value is not None:
                try:
                    shown[name] = value_json(value)
                except OTHER_TYPE:
                    shown[name] = in_item(item)
        return shown

    return read if is_shown_ordinarily(model) else of_row


def is_shown_ordinarily(model: Any) -> bool:
    """Whether a row is made and shown by this package's code only."""
    return is_ordinary(model) and model.to_json is Row.to_json


def _written_out(members: Sequence[tuple[str, Format, Conversion]]) -> ItemJSON:
    """The function from a map of attribute values to its JSON, as a person would write it for these members.

    A loop over them costs half as much again. It knows names by their ``repr`` only, and raises ``OTHER_TYPE``.
    """
    readers: dict[str, Any] = {}
    lines = ["def read(held):", " shown = {}", " get = held.get"]
    for place, (name, form, conversion) in enumerate(members):
        text = _EXPRESSIONS.get(type(form), "read_{place}(value)")
        if isinstance(form, ArrayFormat) and conversion.elements is not None and type(form.items) is StringFormat:
            text = "[element['S'] for element in value['L']]"
        readers[f"read_{place}"] = value_json(form, conversion)
        lines += [
            f" value = get({name!r})",
            f" if value is not None: shown[{name!r}] = {text.format(place=place)}",
        ]
    exec("\n".join([*lines, " return shown"]), readers)  # noqa: S102 (written above: of names in quotes, and of places)
    written: ItemJSON = readers["read"]
    return written


#: The JSON of a date-time and of a number where they are what this package writes, for two expressions: that of what
#: stands under the type, and of what else may be meant.
DATE_TIME_JSON: Final = "text if (text := {text})[-5:] != '+0000' else {otherwise}"
NUMBER_JSON: Final = "int(text) if len(text := {text}) <= 16 and text.isdecimal() else {otherwise}"
#: How ``value`` is read where it is what this package writes.
_EXPRESSIONS: Final = {
    StringFormat: "value['S']",
    BooleanFormat: "value['BOOL']",
    DateTimeFormat: DATE_TIME_JSON.format(text="value.get('S', '+0000')", otherwise="read_{place}(value)"),
    NumberFormat: NUMBER_JSON.format(text="value['N']", otherwise="read_{place}(value)"),
}


def _in_item(attribute: PropertyAttribute) -> Callable[[AttributeMap], Any]:
    """The JSON form of a property as its row has it."""

    return lambda item: attribute.conversion.to_json(attribute.value_in(item))


def value_json(form: Format, conversion: Conversion) -> _ValueJSON:
    """What reads an attribute value of this format as ``to_json(to_python(form.decode(value)))`` does.

    It may raise one of ``OTHER_TYPE`` instead, where the value is of another type.
    """
    make = _MAKERS.get(type(form), _in_steps)
    return make(form, conversion)


def _in_steps(form: Format, conversion: Conversion) -> _ValueJSON:
    read, to_json = reader(form, conversion), conversion.to_json
    return lambda value: to_json(read(value))


def _text(_form: Format, _conversion: Conversion) -> _ValueJSON:
    return itemgetter("S")


def _date_time(form: Format, conversion: Conversion) -> _ValueJSON:
    in_steps = _in_steps(form, conversion)

    def read(value: AttributeValue) -> Any:
        text: str | None = value.get("S")
        if text is None:  # seconds, as DynamoDB's time to live is
            return in_steps(value)
        return f"{text[:-5]}Z" if text.endswith("+0000") else text

    return read


def _boolean(_form: Format, _conversion: Conversion) -> _ValueJSON:
    return itemgetter("BOOL")


def _number(form: Format, conversion: Conversion) -> _ValueJSON:
    assert isinstance(form, NumberFormat)  # noqa: S101 (by the table below)
    integer, to_python = form.integer, conversion.to_python

    def read(value: AttributeValue) -> Any:
        text: str = value["N"]
        if len(text) <= 16 and text.isdecimal():
            return int(text)
        return to_python(decode_number(text, integer=integer))

    return read


def _array(form: Format, conversion: Conversion) -> _ValueJSON:
    assert isinstance(form, ArrayFormat)  # noqa: S101 (by the table below)
    elements, array = conversion.elements, form
    if elements is None:
        return _in_steps(form, conversion)
    of_elements: _ValueJSON | None = None

    def read(value: AttributeValue) -> Any:
        nonlocal of_elements  # not before its first use: an array may hold arrays of itself
        if of_elements is None:
            of_elements = value_json(array.items, elements())
        return [of_elements(element) for element in value["L"]]

    return read


def _object(form: Format, conversion: Conversion) -> _ValueJSON:
    assert isinstance(form, ObjectFormat)  # noqa: S101 (by the table below)
    object_class, shape = conversion.object_class, form
    if object_class is None:
        return _in_steps(form, conversion)
    straight: ItemJSON | None = None
    in_steps = _in_steps(form, conversion)

    def read(value: AttributeValue) -> Any:
        nonlocal straight  # not before its first use: an object may hold objects of its own schema
        if straight is None:
            kind = object_class()
            spec = kind._spec
            # One that shows itself otherwise has none that can be read straight.
            names = spec.field_names if is_ordinary_value(kind) else ()
            straight = _written_out(
                [(name, shape.properties.get(name, shape.others), spec.conversion(name)) for name in names]
            )
        held = value["M"]
        shown = straight(held)
        return shown if shown and len(shown) == len(held) else in_steps(value)

    return read


_MAKERS: dict[type[Format], Callable[[Format, Conversion], _ValueJSON]] = {
    StringFormat: _text,
    DateTimeFormat: _date_time,
    BooleanFormat: _boolean,
    NumberFormat: _number,
    ArrayFormat: _array,
    ObjectFormat: _object,
}
