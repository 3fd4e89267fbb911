"""Defines the PynamoDB attribute of a property. The attribute also reads and writes the property in items.

The class adds three features to PynamoDB's attribute: keys, time to live, and twins. Keys of tables and indexes store
date-times in UTC with six fractional digits, and UUIDs in lower case. If the value was given in another spelling, a
second attribute, ``<property>#given``, stores it as given. This attribute is called the twin. The twin also stores
null, because the key of an index can't be null.
"""

from __future__ import annotations

from typing import Any, Final

from pynamodb.attributes import Attribute, VersionAttribute
from pynamodb.expressions.condition import BeginsWith, Condition, Contains
from pynamodb.expressions.operand import Path, Value, _Operand
from pynamodb.expressions.update import AddAction, DeleteAction

from macaron_django.dynamodb.codec.attribute_values import TYPES, AttributeMap, AttributeValue, same
from macaron_django.dynamodb.codec.formats.anything import ANYTHING
from macaron_django.dynamodb.codec.formats.base import UNCHANGED, Codec, UnusualValue, ValuePlacer
from macaron_django.dynamodb.codec.formats.numbers import NumberCodec
from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of
from macaron_django.dynamodb.codec.roles import NO_ROLE, Role
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import Property, Schema, json_pointers
from macaron_django.schemas import Classes
from macaron_django.schemas.values.conversions import UNSET, Conversion, converter

__all__ = ["GIVEN", "PropertyAttribute", "VersionPropertyAttribute", "build_attribute"]

#: The end of the twin's name. The attribute without this end has the value that DynamoDB sorts.
GIVEN: Final = "#given"

_KEY_TYPES: Final = {"S", "N", "B"}


class _Tagged(dict[str, Any]):
    """An attribute value with its type, such as ``{"S": "ada"}``. PynamoDB itself would pass on only ``"ada"``."""


def _operation(name: str) -> Any:
    """Returns an attribute's method that builds a condition or an action. The method accepts each value that
    ``operand`` accepts.
    """

    def method(self: PropertyAttribute, *operands: Any) -> Any:
        return getattr(Path(self), name)(*map(self.operand, operands))

    method.__name__ = method.__qualname__ = name
    return method


class PropertyAttribute(Attribute[Any]):
    """A PynamoDB attribute that holds the values of one property.

    Conditions and actions accept the property's Python values: ``table.created_at > datetime(…)``.
    """

    null = True

    def __init__(self, name: str, codec: Codec, conversion: Conversion, role: Role = NO_ROLE) -> None:
        super().__init__(attr_name=name, hash_key=role.hash_key, range_key=role.range_key)
        self.role = role
        self.codec = codec
        self.conversion = conversion
        self.pointer = json_pointers.child("", name)
        #: Returns the Python value of an attribute value, whatever program wrote it.
        self.decode = codec.reader(conversion)
        self.is_text = codec.is_plain_text(conversion)
        #: Whether the value as given may be stored in a twin.
        self.keeps_given = role != NO_ROLE
        # If a table's key is text, it is stored as given, and needs no twin.
        self.has_twin = self.keeps_given and not (self.is_text and role.only_in_table_key)
        self._name = name
        #: The name of the twin attribute.
        self.given_name = name + GIVEN
        #: The names of all attributes that may hold the property.
        self.names = (name, self.given_name) if self.keeps_given else (name,)
        #: Does what ``given`` does, for usual Python values, with the depth 0. Raises UnusualValue or RecursionError
        #: for others.
        self.write = codec.writer(conversion)

    @property
    def attr_type(self) -> str | None:  # type: ignore[override]
        """DynamoDB's type; None if it depends on the value."""
        return "N" if self.role.ttl else self.codec.attr_type

    # -- one value -----------------------------------------------------------------------------

    def encode(self, value: Any) -> AttributeValue:
        """Converts a Python value to an attribute value. For keys and indexes, uses a form that DynamoDB can sort."""
        return self._sortable(self.given(value))

    def encode_json(self, value: Any) -> AttributeValue:
        """Does the same as ``encode``, for a value in JSON form."""
        return self._sortable(self.codec.encode(value, self.pointer))

    # -- its place in an item ------------------------------------------------------------------

    def attributes_of(self, value: Any) -> AttributeMap:
        """Returns the attributes that store ``value`` in an item: none if it is unset, two if it needs a twin."""
        if value is UNSET:
            return {}
        given = self.given(value)
        if not self.keeps_given:
            return {self._name: given}
        if "NULL" in given and not self.role.in_table_key:
            # The index then leaves out the item, because the item lacks the index's key.
            return {self.given_name if self.role.in_key else self._name: given}
        held = self._sortable(given)
        if self.role.in_key:
            self.check_key(held)
        if same(self.codec.restored(held, self.role), given):
            return {self._name: held}
        return {self._name: held, self.given_name: given}

    def given(self, value: Any) -> AttributeValue:
        """Converts a Python value to an attribute value, and keeps the spelling of ``value``.

        For keys and indexes, ``encode`` can return a different form.
        """
        try:
            return self.write(value, 0)
        except (UnusualValue, RecursionError):
            return self._given_in_steps(value)

    def _given_in_steps(self, value: Any) -> AttributeValue:
        try:
            return self.codec.encode(self.conversion.to_json(value), self.pointer)
        except RecursionError:
            raise UnstorableValue(
                "nested deeper than DynamoDB's 32 levels, or nested in itself", self.pointer
            ) from None

    def placer(self) -> ValuePlacer:
        """Returns a function that puts the attributes of a Python value into an item. It raises UnstorableValue."""
        if self.conversion.unchanged:
            return self.json_placer()
        to_python, attributes_of = self.conversion.to_python, self.attributes_of

        def place(value: Any, item: AttributeMap) -> None:
            item.update(attributes_of(to_python(value)))

        return place

    def json_placer(self) -> ValuePlacer:
        """Returns a function that puts the attributes of a JSON value into an item. It raises UnstorableValue."""
        name, to_python, attributes_of = self._name, self.conversion.to_python, self.attributes_of

        def place_in_steps(value: Any, item: AttributeMap) -> None:
            item.update(attributes_of(to_python(value)))

        if not self.keeps_given:
            write = self.codec.json_writer(self.conversion)

            def place(value: Any, item: AttributeMap) -> None:
                try:
                    item[name] = write(value, 0)
                except (UnusualValue, RecursionError):
                    place_in_steps(value, item)

            return place

        place_usual = self.codec.key_placer(self.conversion, self.role, name, self.given_name)
        if place_usual is None:
            return place_in_steps

        def place_key(value: Any, item: AttributeMap) -> None:
            try:
                place_usual(value, item)
            except (UnusualValue, RecursionError):
                place_in_steps(value, item)

        return place_key

    def held_in(self, item: AttributeMap) -> AttributeValue | None:
        """Returns the property's attribute value in ``item``, in its original spelling; None if ``item`` has none."""
        held = item.get(self._name)
        if self.has_twin and self.given_name in item:
            given = item[self.given_name]
            if self._is_twin(given, held):
                return given
        return held

    def value_in(self, item: AttributeMap) -> Any:
        """Returns the Python value of the property in ``item``; UNSET if the item lacks it."""
        held = self.held_in(item)
        return UNSET if held is None else self.decode(held)

    def json_in(self, item: AttributeMap) -> Any:
        """Returns the JSON form of the property in ``item``; UNSET if the item lacks it."""
        held = self.held_in(item)
        return UNSET if held is None else self.codec.decode(held)

    def means_the_same(self, held: AttributeMap, wanted: AttributeMap) -> bool:
        """Returns whether the property has the same value in two attribute maps. The spellings may differ."""
        if not (held and wanted):
            return False
        if self.codec.spelled_in_one_way and not self.keeps_given:
            tag, one, other = self.codec.attr_type, held[self._name], wanted[self._name]
            if tag in one and tag in other:
                return same(one, other)  # comparing the Python values would have the same result
        if same({"M": held}, {"M": wanted}):
            return True
        value = self.value_in(held)
        if value is UNSET:
            return False
        try:
            return same({"M": self.attributes_of(value)}, {"M": wanted})
        except UnstorableValue:
            return False

    def _is_twin(self, given: AttributeValue, held: AttributeValue | None) -> bool:
        # Another program may have changed the key without its twin. The twin is then outdated.
        if held is None:
            return "NULL" in given
        try:
            return "NULL" not in given and same(self._sortable(given), held)
        except UnstorableValue:  # not written by this package
            return False

    def _sortable(self, value: AttributeValue) -> AttributeValue:
        return self.codec.sorted_form(value, self.role, self.pointer) if self.keeps_given else value

    def check_key(self, value: AttributeValue) -> None:
        """Raises UnstorableValue for an attribute value that a key can't have."""
        ((tag, content),) = value.items()
        if tag != self.attr_type:
            raise UnstorableValue(f"a key of type {self.attr_type} can't hold a value of type {tag}", self.pointer)
        if tag in {"S", "B"}:
            size = len(content.encode() if tag == "S" else content)
            if size == 0:
                raise UnstorableValue("a key can't be empty", self.pointer)
            if size > (limit := self.role.size_limit):
                raise UnstorableValue(f"it has {size} bytes, more than the {limit} allowed in a key", self.pointer)

    # -- PynamoDB's side -----------------------------------------------------------------------

    def serialize(self, value: Any) -> Any:
        ((_, content),) = self.encode(value).items()
        return content

    def deserialize(self, value: Any) -> Any:
        return self.decode(value if isinstance(value, _Tagged) or self.attr_type is None else {self.attr_type: value})

    def get_value(self, value: AttributeValue) -> Any:
        return value[self.attr_type] if self.attr_type in value else _Tagged(value)

    def operand(self, value: Any) -> _Operand:
        """Returns an operand of an expression. ``value`` is an operand, attribute, attribute value or Python value."""
        if isinstance(value, _Operand):
            return value
        if isinstance(value, Attribute):
            return Path(value)
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in TYPES:
            return Value(value)
        return Value(self.encode(value))

    __eq__ = _operation("__eq__")
    __ne__ = _operation("__ne__")
    __lt__ = _operation("__lt__")
    __le__ = _operation("__le__")
    __gt__ = _operation("__gt__")
    __ge__ = _operation("__ge__")
    __hash__ = None  # type: ignore[assignment]
    __add__ = _operation("__add__")
    __sub__ = _operation("__sub__")
    __or__ = _operation("__or__")
    between = _operation("between")
    is_in = _operation("is_in")
    set = _operation("set")
    append = _operation("append")
    prepend = _operation("prepend")

    def startswith(self, prefix: str) -> BeginsWith:
        return Path(self.attr_path).startswith(prefix)

    def contains(self, item: Any) -> Contains:
        path = Path(self.attr_path)  # for an attribute, PynamoDB would convert ``item`` to a set
        if isinstance(item, _Operand | Attribute):
            return path.contains(self.operand(item))
        return path.contains(Value((self.codec.items or ANYTHING).encode(item, self.pointer)))

    def is_type(self) -> Condition:
        if self.attr_type is None:
            raise ValueError(f"{self.attr_name} has values of several types")
        return Path(self).is_type(self.attr_type)

    def add(self, *values: Any) -> AddAction:
        return Path(self).add(self._members(values))

    def delete(self, *values: Any) -> DeleteAction:
        return Path(self).delete(self._members(values))

    def _members(self, values: tuple[Any, ...]) -> _Operand:
        """Returns the operand of ADD or DELETE: a number, or a set of one or more members."""
        if len(values) == 1 and (self.attr_type == "N" or isinstance(values[0], _COLLECTIONS)):
            return self.operand(values[0])
        return self.operand(set(values))


class VersionPropertyAttribute(PropertyAttribute, VersionAttribute):  # type: ignore[misc]
    """The attribute with the version for the optimistic lock. PynamoDB's own ``save()`` uses it, too."""

    @classmethod
    def unlisted(cls, name: str) -> VersionPropertyAttribute:
        """Returns the attribute for a version that isn't a property of the schema."""
        return cls(name, NumberCodec(None, codec_of), UNCHANGED)


def build_attribute(
    described: Property, classes: Classes, *, role: Role = NO_ROLE, as_set: bool = False, version: bool = False
) -> PropertyAttribute:
    """Returns the attribute of a property.

    Raises ValueError if ``role`` is a key, but the type of the property isn't allowed for keys.

    ``as_set`` means that ``x-persist`` lists the property in ``sets``. ``version`` means that the property is the
    version for the optimistic lock.
    """
    schema: Schema = described.schema
    kind = VersionPropertyAttribute if version else PropertyAttribute
    attribute = kind(described.name, codec_of(schema, as_set=as_set), converter(schema, classes), role)
    if role.in_key and attribute.attr_type not in _KEY_TYPES:
        raise ValueError(
            f"{schema.location}: {described.name} can't be a key of a table or an index: "
            "give it a single `type`: string, integer or number"
        )
    return attribute


_COLLECTIONS: Final = (list, set, frozenset, dict, _Operand, Attribute)
