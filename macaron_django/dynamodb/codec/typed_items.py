"""Reads the items of a Query's or Scan's answer by the types of their schema, and shows them as JSON.

msgspec makes one small object for each attribute value instead of a dictionary, and detects values that aren't of their
schema's type. If an answer holds such a value, or an additional attribute, all of its items are read as attribute maps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeAlias, TypedDict

import msgspec
from msgspec import UNSET, Struct, UnsetType, defstruct, field

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.attributes import PropertyAttribute
from macaron_django.dynamodb.codec.formats.base import OTHER_TYPE, Alternative, Codec
from macaron_django.dynamodb.codec.formats.objects import ObjectCodec
from macaron_django.dynamodb.codec.item_shapes import ItemShape, JSONReader
from macaron_django.dynamodb.codec.row_overrides import has_init_receivers, is_plain_value, is_shown_plainly
from macaron_django.dynamodb.codec.wire import has_nulls, response_members, with_bytes
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["TypedItem", "TypedItems", "typed_items"]


class TypedItem(Struct, gc=False, forbid_unknown_fields=True):
    """An item with an object for each attribute value, whose one member is named after its type: ``item.m0.S``."""

    def as_map(self) -> AttributeMap:
        """Returns the attribute map that DynamoDB has sent."""
        return _as_map(self)


class TypedItems:
    """Reads the items of one schema from answers, and shows them."""

    def __init__(self, shape: ItemShape, json_of: JSONReader) -> None:
        self._model = shape.model
        self._json_of = json_of
        types = _Types()
        names = {name for name, _, _ in shape.places}
        item_type, self._shown = types.structure(
            [_TypedMember.of(name, attribute) for name, _, attribute in shape.places],
            TypedItem,
            hidden=[name for name in shape.attributes if name not in names],
        )
        self._holds_anything = types.holds_anything
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(_answer(item_type)).decode

    def members(self, body: bytes, known: AbstractSet[str]) -> dict[str, Any] | None:
        """Does what ``response_members`` does, but with a ``TypedItem`` for each item if all of them can be one."""
        if has_init_receivers(self._model) or (self._holds_anything and has_nulls(body)):
            return response_members(body, known)
        try:
            members: dict[str, Any] = self._decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):  # another type, no JSON, no text, too deep
            return response_members(body, known)
        return members

    def json_of(self, item: AttributeMap | TypedItem) -> dict[str, Any]:
        """Returns the JSON object of an item, however the item was read."""
        if type(item) is dict:
            return self._json_of(item)
        try:
            return self._shown(item)
        except OTHER_TYPE:
            return self._json_of(item.as_map())  # type: ignore[union-attr]  # a dict is a dict


class _KeyValue(TypedDict, total=False):
    S: str
    N: str
    B: bytes


def _answer(item_type: Any) -> Any:
    """Returns the type of a page, read into a dictionary; other members are left out."""
    members = {
        "Items": list[item_type],
        "Count": int,
        "ScannedCount": int,
        "LastEvaluatedKey": dict[str, _KeyValue],
        "ConsumedCapacity": dict[str, Any],
    }
    return TypedDict("Answer", members, total=False)  # type: ignore[operator]


class _Twin(Struct, gc=False, forbid_unknown_fields=True):
    """The value that was given for a key whose attribute holds another value or none."""

    S: str | UnsetType = UNSET
    NULL: bool | UnsetType = UNSET


class _Hidden(Struct, gc=False, forbid_unknown_fields=True):
    """A version that the schema has no property for."""

    N: str


class _TypedMember(NamedTuple):
    """A property or an element: how DynamoDB stores it, and how that is read."""

    name: str
    codec: Codec
    conversion: Conversion
    attribute: PropertyAttribute | None = None  # of an item, where it has a twin

    @classmethod
    def of(cls, name: str, attribute: PropertyAttribute) -> _TypedMember:
        return cls(name, attribute.codec, attribute.conversion, attribute if attribute.has_twin else None)


#: The type that msgspec reads a value as, and the expression for the JSON of such a value.
_Typed: TypeAlias = tuple[Any, str]


class _UntypedError(Exception):
    """A property has a name that msgspec doesn't accept: with quotes, control characters, half a surrogate pair."""


class _Types:
    """The types of one schema's attribute values, and the functions that show them, written for this schema.

    It is the ``TypeBuilder`` of the codecs.
    """

    def __init__(self) -> None:
        self.holds_anything = False  # values whose type isn't known beforehand
        self._functions: dict[str, Any] = {"UNSET": UNSET, "null": _null}
        self._known: dict[Any, type] = {}  # by tags and the types of their contents
        self._objects: dict[Schema, tuple[type, str]] = {}  # the type of each, and what shows it
        self._around: list[Schema] = []  # the objects that the present member is in

    def structure(
        self, members: Sequence[_TypedMember], base: type, hidden: Sequence[str] = ()
    ) -> tuple[type, Callable[[Any], dict[str, Any]]]:
        """Returns the type of a map of attribute values, and the function that makes the JSON object of such a map.

        The function raises one of ``OTHER_TYPE`` where a value isn't of its schema's type. ``hidden`` aren't shown.
        """
        fields: list[Any] = []
        lines = ["def show(held):", " shown = {}"]
        for place, member in enumerate(members):
            kind, expression = self.value(member.codec, member.conversion, "value")
            fields.append((f"m{place}", kind | UnsetType, field(default=UNSET, name=member.name)))
            lines += [f" value = held.m{place}"]
            if member.attribute is not None:
                twin = member.attribute.given_name
                fields.append((f"t{place}", _Twin | UnsetType, field(default=UNSET, name=twin)))
                read = self.function(_twin_reader(member.attribute))
                lines += [
                    f" if held.t{place} is not UNSET:",
                    f"  shown |= {read}(value, held.t{place})",
                    "  value = UNSET",
                ]
            lines += [f" if value is not UNSET: shown[{member.name!r}] = {expression}"]
        fields += [
            (f"h{place}", _Hidden | UnsetType, field(default=UNSET, name=name)) for place, name in enumerate(hidden)
        ]
        exec("\n".join([*lines, " return shown"]), self._functions)  # noqa: S102 (written above: places, names in quotes)
        try:
            made = defstruct("Attributes", fields, bases=(base,), gc=False, forbid_unknown_fields=True)
        except ValueError as error:
            raise _UntypedError from error
        return made, self._functions.pop("show")

    def value(self, codec: Codec, conversion: Conversion, held: str) -> _Typed:
        alternatives = codec.alternatives(conversion, held, self)
        if alternatives is not None:
            nullable = codec.schema is not None and codec.schema.nullable
            return self._tagged(alternatives, held, nullable=nullable)
        self.holds_anything = True
        read = codec.json_reader(conversion)
        return dict[str, Any], f"{self.function(lambda value: read(with_bytes(value)))}({held})"

    def object(self, codec: Codec, conversion: Conversion) -> tuple[Any, str] | None:
        object_class, schema = conversion.object_class, codec.schema
        if object_class is None or schema is None or not isinstance(codec, ObjectCodec):
            return None
        if not codec.properties or schema in self._around:
            return None
        if schema not in self._objects:
            object_type = object_class()
            if not is_plain_value(object_type):
                return None
            self._around.append(schema)
            members = [_TypedMember(name, *member) for name, member in codec.members(object_type._spec).items()]
            kind, show = self.structure(members, Struct)
            self._around.pop()
            self._objects[schema] = kind, self.function(show)
        return self._objects[schema]

    def function(self, read: Callable[..., Any]) -> str:
        name = f"function_{len(self._functions)}"
        self._functions[name] = read
        return name

    def _tagged(self, alternatives: Sequence[Alternative], held: str, *, nullable: bool) -> _Typed:
        """Returns the type of an attribute value that has one of these types, and the expression for its JSON.

        For a value of another type, the last alternative's expression raises one of ``OTHER_TYPE``.
        """
        if nullable:
            alternatives = [*alternatives, Alternative("NULL", bool, f"null({held}.NULL)")]
        *before, last = alternatives
        text = last.expression
        for tag, _, expression in reversed(before):
            text = f"({expression}) if {held}.{tag} is not UNSET else {text}"
        key = tuple((tag, content) for tag, content, _ in alternatives)
        if key not in self._known:
            tags: list[Any] = [(tag, content | UnsetType, UNSET) for tag, content in key] if before else [*key]
            self._known[key] = defstruct("Value", tags, gc=False, forbid_unknown_fields=True)
        return self._known[key], f"({text})"


def _twin_reader(attribute: PropertyAttribute) -> Callable[[Any, _Twin], dict[str, Any]]:
    """Returns the function that shows a property that has a twin, as an object: empty if the item lacks it."""
    name, read = attribute.attr_name, attribute.codec.json_reader(attribute.conversion)

    def show(value: Any, twin: _Twin) -> dict[str, Any]:
        item = {attribute.given_name: _as_map(twin)}
        if value is not UNSET:
            item[name] = _as_map(value)
        held: AttributeValue | None = attribute.held_in(item)
        return {} if held is None else {name: read(held)}

    return show


def _as_map(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = with_bytes(msgspec.to_builtins(value))
    return made


def _null(is_null: Any) -> None:
    """Raises KeyError if a value isn't null after all."""
    if is_null is not True:
        raise KeyError("NULL")


def typed_items(shape: ItemShape, json_of: JSONReader) -> TypedItems | None:
    """Returns what reads and shows the items of a shape; None if a class shows its rows in its own way.

    ``json_of`` returns the JSON of an item that can't be read by its type.
    """
    if not is_shown_plainly(shape.model):
        return None
    try:
        return TypedItems(shape, json_of)
    except _UntypedError:
        return None
