"""Parses the items in a response to a Query or Scan, using the types in the schema, and converts the items to JSON.

For each attribute value, msgspec makes a small object instead of a dictionary. It also detects values that
don't have the schema's type. If a response has such a value, or an additional attribute, all of the response's items
are read as attribute maps.
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
    """An item that has one object for each attribute value. The object's member is named after the value's type:
    ``item.m0.S``.
    """

    def as_map(self) -> AttributeMap:
        """Returns the attribute map that DynamoDB has sent."""
        return _as_map(self)


class TypedItems:
    """Reads the items of one schema from responses, and converts them to JSON."""

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
        """Does what ``response_members`` does. If all values have the types that the schema declares, each item
        becomes a ``TypedItem``.
        """
        if has_init_receivers(self._model) or (self._holds_anything and has_nulls(body)):
            return response_members(body, known)
        try:
            members: dict[str, Any] = self._decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):  # another type, not JSON or UTF-8, or too deep
            return response_members(body, known)
        return members

    def json_of(self, item: AttributeMap | TypedItem) -> dict[str, Any]:
        """Returns the JSON object of an attribute map or a ``TypedItem``."""
        if type(item) is dict:
            return self._json_of(item)
        try:
            return self._shown(item)
        except OTHER_TYPE:
            return self._json_of(item.as_map())  # type: ignore[union-attr]  # not a dict here


class _KeyValue(TypedDict, total=False):
    S: str
    N: str
    B: bytes


def _answer(item_type: Any) -> Any:
    """Returns the type of a response to a Query or Scan. Members that the type doesn't have are ignored."""
    members = {
        "Items": list[item_type],
        "Count": int,
        "ScannedCount": int,
        "LastEvaluatedKey": dict[str, _KeyValue],
        "ConsumedCapacity": dict[str, Any],
    }
    return TypedDict("Answer", members, total=False)  # type: ignore[operator]


class _Twin(Struct, gc=False, forbid_unknown_fields=True):
    """The twin of a key attribute (see ``attributes``).

    The twin stores the given value if the key attribute has another spelling of it, or can't store it (null).
    """

    S: str | UnsetType = UNSET
    NULL: bool | UnsetType = UNSET


class _Hidden(Struct, gc=False, forbid_unknown_fields=True):
    """A version that the schema has no property for."""

    N: str


class _TypedMember(NamedTuple):
    """A property or an element, and the codec and conversion of its values."""

    name: str
    codec: Codec
    conversion: Conversion
    attribute: PropertyAttribute | None = None  # the property's attribute, if it has a twin

    @classmethod
    def of(cls, name: str, attribute: PropertyAttribute) -> _TypedMember:
        return cls(name, attribute.codec, attribute.conversion, attribute if attribute.has_twin else None)


#: The type with which msgspec reads a value, and an expression for the JSON of such a value.
_Typed: TypeAlias = tuple[Any, str]


class _UntypedError(Exception):
    """A property's name has characters that msgspec doesn't accept: quotes, control characters or half a surrogate
    pair.
    """


class _Types:
    """Builds the types of one schema's attribute values, and the functions that convert them to JSON.

    The object is the ``TypeBuilder`` for the codecs.
    """

    def __init__(self) -> None:
        self.holds_anything = False  # whether there are values whose type isn't known in advance
        self._functions: dict[str, Any] = {"UNSET": UNSET, "null": _null}
        self._known: dict[Any, type] = {}  # the key has the tags and the types of their contents
        self._objects: dict[Schema, tuple[type, str]] = {}  # each object's type, and the name of its function
        self._around: list[Schema] = []  # the objects that the current member is inside

    def structure(
        self, members: Sequence[_TypedMember], base: type, hidden: Sequence[str] = ()
    ) -> tuple[type, Callable[[Any], dict[str, Any]]]:
        """Returns the type with which msgspec reads a map of attribute values, and a function that converts such a map
        to a JSON object.

        The function raises one of the exceptions in ``OTHER_TYPE`` if a value doesn't have the type that the schema
        declares. The JSON doesn't have the ``hidden`` attributes.
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
        exec("\n".join([*lines, " return shown"]), self._functions)  # noqa: S102 (made above: places, quoted names)
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
        """Returns the type of an attribute value, and the expression for its JSON.

        The value can have any of the DynamoDB types in ``alternatives``. The expression uses the alternative with the
        value's tag. If no alternative has this tag, the expression raises one of the exceptions in ``OTHER_TYPE``.
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
    """Returns a function for a property with a twin. The function returns a dict with the property's JSON, or {} if the
    item lacks the property.
    """
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
    """Returns None, because DynamoDB's NULL is null in JSON. Raises KeyError if ``is_null`` isn't True."""
    if is_null is not True:
        raise KeyError("NULL")


def typed_items(shape: ItemShape, json_of: JSONReader) -> TypedItems | None:
    """Returns the TypedItems for items of this shape. Returns None if the model changes how rows are created or
    converted to JSON, or if msgspec doesn't accept a property's name.

    ``json_of`` returns the JSON of an item that was read as an attribute map.
    """
    if not is_shown_plainly(shape.model):
        return None
    try:
        return TypedItems(shape, json_of)
    except _UntypedError:
        return None
