"""The JSON of an answer → its items, read by the types of their schema → the JSON objects that a list shows of them.

In goes what keeps a schema's items; out comes what reads a Query's or a Scan's answer with a decoder made for the
schema: an attribute value becomes one small object instead of a dictionary, and what isn't of its schema's type is
noticed on the way. An answer that holds something else (an attribute that the schema doesn't name, a value of another
type) is read as any answer is, so that its items are attribute maps. Apart from ``item_json``, which shows those,
because msgspec is asked here, and by lists only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypedDict

import msgspec
from msgspec import UNSET, Struct, UnsetType, defstruct, field

from macaron_django.dynamodb.attribute_values import (
    ArrayFormat,
    AttributeMap,
    BooleanFormat,
    DateTimeFormat,
    Format,
    NumberFormat,
    ObjectFormat,
    StringFormat,
)
from macaron_django.dynamodb.item_json import DATE_TIME_JSON, NUMBER_JSON, OTHER_TYPE, is_shown_ordinarily, value_json
from macaron_django.dynamodb.row_building import has_listeners
from macaron_django.dynamodb.wire import has_nulls, response_members, with_bytes
from macaron_django.dynamodb.writers import is_ordinary_value
from macaron_django.schemas.conversions import Conversion

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence
    from macaron_django.spec import Schema

__all__ = ["TypedItem", "TypedItems", "typed_items"]


class TypedItem(Struct, gc=False, forbid_unknown_fields=True):
    """An item with an object for each attribute value, whose one member is named after its type: ``item.m0.S``."""

    def as_map(self) -> AttributeMap:
        """The attribute map that DynamoDB has sent."""
        item: AttributeMap = with_bytes(msgspec.to_builtins(self))
        return item


class TypedItems:
    """How the items of one schema are read from answers, and shown."""

    def __init__(self, persistence: Persistence) -> None:
        self._model = persistence.model
        self._json_of = persistence.json_of
        types = _Types()
        properties, attributes = persistence.schema.properties, persistence.table.attributes_by_name()
        item_type, self._shown = types.structure(
            [
                _Member(name, attributes[name].form, attributes[name].conversion, properties[name].schema)
                for name in self._model._spec.field_names
            ],
            TypedItem,
        )
        self._holds_anything = types.holds_anything
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(_answer(item_type)).decode

    def members(self, body: bytes, known: AbstractSet[str]) -> dict[str, Any] | None:
        """As ``response_members``, but with a ``TypedItem`` for each item where all of them can be one."""
        if has_listeners(self._model) or (self._holds_anything and has_nulls(body)):
            return response_members(body, known)
        try:
            members: dict[str, Any] = self._decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):  # another type, no JSON, no text, too deep
            return response_members(body, known)
        return members

    def json_of(self, item: Any) -> dict[str, Any]:
        """What an item's row says in ``to_json()``, however the item was read."""
        if type(item) is dict:
            return self._json_of(item)
        try:
            return self._shown(item)
        except OTHER_TYPE:
            return self._json_of(item.as_map())


class _Capacity(TypedDict, total=False):
    CapacityUnits: float


class _KeyValue(TypedDict, total=False):
    S: str
    N: str
    B: bytes


def _answer(item_type: Any) -> Any:
    """The type of a page, read into a dictionary; other members are left out."""
    members = {
        "Items": list[item_type],
        "Count": int,
        "ScannedCount": int,
        "LastEvaluatedKey": dict[str, _KeyValue],
        "ConsumedCapacity": _Capacity,
    }
    return TypedDict("Answer", members, total=False)  # type: ignore[operator]


class _Member(NamedTuple):
    """A property or an element: how DynamoDB holds it, how that is read, and what its schema says."""

    name: str
    form: Format
    conversion: Conversion
    schema: Schema


#: Arrays within one another that one expression reads: CPython 3.12 and 3.13 crash on twenty comprehensions in one.
_NESTED_ARRAYS: Final = 8
#: A type that msgspec reads a value as, and the expression for the JSON of such a value.
_Typed: TypeAlias = tuple[Any, str]


class _UntypedError(Exception):
    """A property has a name that msgspec doesn't take: with quotes, control characters, half a surrogate pair."""


class _Types:
    """The types of one schema's attribute values, and the functions that show them, written out as a person would."""

    def __init__(self) -> None:
        self.holds_anything = False  # values whose type isn't known beforehand
        self._functions: dict[str, Any] = {"UNSET": UNSET, "null": _null}
        self._known: dict[Any, type] = {}  # by tags and the types of their contents
        self._objects: dict[Schema, tuple[type, str]] = {}  # the type of each, and what shows it
        self._around: list[Schema] = []  # the objects that the present member is in

    def structure(self, members: Sequence[_Member], base: type) -> tuple[type, Callable[[Any], dict[str, Any]]]:
        """The type of a map of attribute values with these names, and the function from one to its JSON object.

        The function raises one of ``OTHER_TYPE`` where a value isn't what its schema lets expect.
        """
        fields: list[Any] = []
        lines = ["def show(held):", " shown = {}"]
        for place, member in enumerate(members):
            kind, text = self._value(member, "value")
            fields.append((f"m{place}", kind | UnsetType, field(default=UNSET, name=member.name)))
            lines += [f" value = held.m{place}", f" if value is not UNSET: shown[{member.name!r}] = {text}"]
        exec("\n".join([*lines, " return shown"]), self._functions)  # noqa: S102 (written above: places, names in quotes)
        try:
            made = defstruct("Attributes", fields, bases=(base,), gc=False, forbid_unknown_fields=True)
        except ValueError as error:
            raise _UntypedError from error
        return made, self._functions.pop("show")

    def _value(self, member: _Member, held: str) -> _Typed:
        make = _MAKERS.get(type(member.form))
        typed = None if make is None else make(self, member, held)
        return self._anything(member, held) if typed is None else typed

    def _anything(self, member: _Member, held: str) -> _Typed:
        self.holds_anything = True
        read = value_json(member.form, member.conversion)
        return dict[str, Any], f"{self._named(lambda value: read(with_bytes(value)))}({held})"

    def _text(self, member: _Member, held: str) -> _Typed:
        return self._tagged(member, held, ("S", str, f"{held}.S"))

    def _boolean(self, member: _Member, held: str) -> _Typed:
        return self._tagged(member, held, ("BOOL", bool, f"{held}.BOOL"))

    def _date_time(self, member: _Member, held: str) -> _Typed:
        spelled = DATE_TIME_JSON.format(text=f"{held}.S", otherwise=f"{self._reads('S', member)}({held}.S)")
        return self._tagged(member, held, ("S", str, spelled), ("N", str, f"{self._reads('N', member)}({held}.N)"))

    def _number(self, member: _Member, held: str) -> _Typed:
        number = NUMBER_JSON.format(text=f"{held}.N", otherwise=f"{self._reads('N', member)}({held}.N)")
        return self._tagged(member, held, ("N", str, number))

    def _array(self, member: _Member, held: str) -> _Typed | None:
        assert isinstance(member.form, ArrayFormat)  # noqa: S101 (by the table below)
        form, elements = member.form, member.conversion.elements
        schema = form.schema.items
        inner = f"in_{held}"
        if elements is None or schema is None or inner.count("in_") > _NESTED_ARRAYS:
            return None
        element, text = self._value(_Member("", form.items, elements(), schema), inner)
        listed: Any = list[element]  # type: ignore[valid-type]
        return self._tagged(member, held, ("L", listed, f"[{text} for {inner} in {held}.L]"))

    def _object(self, member: _Member, held: str) -> _Typed | None:
        assert isinstance(member.form, ObjectFormat)  # noqa: S101 (by the table below)
        form, object_class = member.form, member.conversion.object_class
        if object_class is None or not form.properties or form.schema in self._around:
            return None
        if form.schema not in self._objects:
            object_type = object_class()
            if not is_ordinary_value(object_type):
                return None
            spec = object_type._spec
            self._around.append(form.schema)
            members = [
                _Member(name, form.properties[name], spec.conversion(name), form.schema.properties[name].schema)
                for name in spec.field_names
            ]
            kind, show = self.structure(members, Struct)
            self._around.pop()
            self._objects[form.schema] = kind, self._named(show)
        kind, show_name = self._objects[form.schema]
        return self._tagged(member, held, ("M", kind, f"{show_name}({held}.M)"))

    def _tagged(self, member: _Member, held: str, *kinds: tuple[str, Any, str]) -> _Typed:
        """The type of an attribute value with one of these tags, each with its content's type and its expression.

        Where a schema lets a value be null, that is one of them, too. The last expression is evaluated where no tag is
        there, and raises one of ``OTHER_TYPE`` then.
        """
        if member.schema.nullable:
            kinds = (*kinds, ("NULL", bool, f"null({held}.NULL)"))
        key = tuple((tag, content) for tag, content, _ in kinds)
        *before, (_, _, text) = kinds
        for tag, _, expression in reversed(before):
            text = f"({expression}) if {held}.{tag} is not UNSET else {text}"
        if key not in self._known:
            tags: list[Any] = [(tag, content | UnsetType, UNSET) for tag, content in key] if before else [*key]
            self._known[key] = defstruct("Value", tags, gc=False, forbid_unknown_fields=True)
        return self._known[key], f"({text})"

    def _reads(self, tag: str, member: _Member) -> str:
        """The name of a function from an attribute value's content to its JSON."""
        read = value_json(member.form, member.conversion)
        return self._named(lambda content: read({tag: content}))

    def _named(self, function: Callable[[Any], Any]) -> str:
        name = f"function_{len(self._functions)}"
        self._functions[name] = function
        return name


def _null(is_null: Any) -> None:
    """KeyError if a value is no null after all."""
    if is_null is not True:
        raise KeyError("NULL")


_MAKERS: Final[dict[type[Format], Callable[[_Types, _Member, str], _Typed | None]]] = {
    StringFormat: _Types._text,
    DateTimeFormat: _Types._date_time,
    BooleanFormat: _Types._boolean,
    NumberFormat: _Types._number,
    ArrayFormat: _Types._array,
    ObjectFormat: _Types._object,
}


def typed_items(persistence: Persistence) -> TypedItems | None:
    """What reads and shows the items of this schema; None where a class shows its rows in a way of its own."""
    if not is_shown_ordinarily(persistence.model):
        return None
    try:
        return TypedItems(persistence)
    except _UntypedError:
        return None
