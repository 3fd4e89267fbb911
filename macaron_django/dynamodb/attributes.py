"""Property → PynamoDB attribute: how a property of a persisted schema stands in its item.

In goes a property, the role it plays in the table and the API's classes; out comes a real PynamoDB
attribute that also encodes and decodes by itself. The format of values is ``attribute_values``'; what is
here besides PynamoDB's side of it is what only a top-level attribute has: keys and time to live.

In keys and index keys a date-time is held in UTC with six fractional digits, so that DynamoDB sorts it by
time. What was given stays beside it, in ``<property>#given``, where it differs; so does a null or a value
that an index can't hold as its key.
"""

from __future__ import annotations

import re
from calendar import timegm
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pynamodb.attributes import Attribute, VersionAttribute
from pynamodb.expressions.condition import BeginsWith, Between, Comparison, Condition, Contains, In
from pynamodb.expressions.operand import Path, Value, _Operand
from pynamodb.expressions.update import AddAction, DeleteAction, RemoveAction, SetAction

from macaron_django.dynamodb.attribute_values import (
    AttributeMap,
    AttributeValue,
    DateTimeFormat,
    Format,
    NumberFormat,
    format_of,
    pointer_to,
)
from macaron_django.dynamodb.comparisons import same
from macaron_django.dynamodb.readers import reader, reads_as_it_stands
from macaron_django.dynamodb.writers import UnusualValue, writer
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.conversions import UNSET, Conversion, converter

if TYPE_CHECKING:
    from macaron_django.schemas import Classes
    from macaron_django.spec import Property, Schema

__all__ = ["GIVEN", "PropertyAttribute", "Role", "VersionPropertyAttribute", "build_attribute", "utc_text"]

#: Ends the name of the attribute that keeps what was given, beside the one that DynamoDB sorts.
GIVEN: Final = "#given"

_KEY_TYPES: Final = {"S", "N", "B"}
_SORTED_LENGTH: Final = len("2026-01-01T00:00:00.000000Z")
_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):([0-5]\d|60)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


@dataclass(frozen=True)
class Role:
    """What an attribute is for its table."""

    hash_key: bool = False
    range_key: bool = False
    index_hash_key: bool = False
    index_range_key: bool = False
    ttl: bool = False

    @property
    def in_table_key(self) -> bool:
        return self.hash_key or self.range_key

    @property
    def only_in_table_key(self) -> bool:
        return self in _ONLY_TABLE_KEYS

    @property
    def in_key(self) -> bool:
        return self.in_table_key or self.index_hash_key or self.index_range_key

    @property
    def size_limit(self) -> int:
        """Bytes that AWS allows."""
        return 1024 if self.range_key or self.index_range_key else 2048


NO_ROLE: Final = Role()
_ONLY_TABLE_KEYS: Final = frozenset({Role(hash_key=True), Role(range_key=True)})


class _Tagged(dict[str, Any]):
    """A whole attribute value, where PynamoDB passes around only what stands under its type."""


class PropertyAttribute(Attribute[Any]):
    """A PynamoDB attribute that holds the values of one property.

    Conditions and actions take the property's Python values: ``table.created_at > datetime(…)``.
    """

    null = True

    def __init__(self, name: str, form: Format, conversion: Conversion, role: Role = NO_ROLE) -> None:
        super().__init__(attr_name=name, hash_key=role.hash_key, range_key=role.range_key)
        self.role = role
        self.form = form
        self.conversion = conversion
        self.pointer = pointer_to(name)
        #: The Python value of what DynamoDB holds, whoever wrote it.
        self.decode = reader(form, conversion)
        self.is_text = reads_as_it_stands(form, conversion)
        #: Whether a twin attribute may keep what was given.
        self.keeps_given = role != NO_ROLE
        # Text as the table's own key is never held in another spelling than was given.
        self.has_twin = self.keeps_given and not (self.is_text and role.only_in_table_key)
        self._name, self._given_name = name, name + GIVEN
        self._write = writer(form, conversion)

    @property
    def attr_type(self) -> str | None:  # type: ignore[override]
        """DynamoDB's type; None where it depends on the value."""
        return "N" if self.role.ttl else self.form.attr_type

    @property
    def given_name(self) -> str:
        return self.attr_name + GIVEN

    # -- one value -----------------------------------------------------------------------------

    def encode(self, value: Any) -> AttributeValue:
        """What DynamoDB holds for a Python value, in keys and indexes as they sort it."""
        return self._sortable(self.given(value))

    def encode_json(self, value: Any) -> AttributeValue:
        """As ``encode``, from the value's JSON form."""
        return self._sortable(self.form.encode(value, self.pointer))

    def decode_json(self, value: AttributeValue) -> Any:
        """As ``decode``, to the value's JSON form."""
        return self.form.decode(value)

    # -- its place in an item ------------------------------------------------------------------

    def attributes_of(self, value: Any) -> AttributeMap:
        """The attributes that hold ``value`` in an item: none if it is unset, two where the spelling is kept."""
        if value is UNSET:
            return {}
        given = self.given(value)
        if not self.keeps_given:
            return {self._name: given}
        if "NULL" in given and not self.role.in_table_key:
            if not self.role.in_key:
                return {self.attr_name: given}
            return {self.given_name: given}  # an index leaves out the item, as it does one without the attribute
        held = self._sortable(given)
        if self.role.in_key:
            self._check_key(held)
        if same(self._restored(held), given):
            return {self.attr_name: held}
        return {self.attr_name: held, self.given_name: given}

    def given(self, value: Any) -> AttributeValue:
        """What DynamoDB holds for a Python value outside of keys and indexes."""
        try:
            return self._write(value, 0)
        except (UnusualValue, RecursionError):
            return self._given_in_steps(value)

    def _given_in_steps(self, value: Any) -> AttributeValue:
        try:
            return self.form.encode(self.conversion.to_json(value), self.pointer)
        except RecursionError:
            raise UnstorableValue("nested deeper than DynamoDB's 32 levels, or within itself", self.pointer) from None

    def value_in(self, item: AttributeMap) -> Any:
        """The Python value of the property in ``item``, UNSET if it isn't there."""
        held = item.get(self._name)
        if self.has_twin and self._given_name in item:
            given = item[self._given_name]
            if self._stands_for(given, held):
                return self.decode(given)
        return UNSET if held is None else self.decode(held)

    def json_in(self, item: AttributeMap) -> Any:
        """As ``value_in``, in JSON form."""
        held = item.get(self._name)
        if self.has_twin and self._given_name in item:
            given = item[self._given_name]
            if self._stands_for(given, held):
                return self.form.decode(given)
        return UNSET if held is None else self.form.decode(held)

    def _stands_for(self, given: AttributeValue, held: AttributeValue | None) -> bool:
        # Whoever else writes the key doesn't know of its twin: then the twin is out of date.
        if held is None:
            return "NULL" in given
        try:
            return "NULL" not in given and same(self._sortable(given), held)
        except UnstorableValue:  # nothing that was written here
            return False

    def _sortable(self, value: AttributeValue) -> AttributeValue:
        if not self.keeps_given or "S" not in value or not isinstance(self.form, DateTimeFormat):
            return value
        text = utc_text(value["S"])
        if text is None:
            if self.role.ttl:
                raise UnstorableValue(f"{value['S']!r} isn't a date-time of RFC 3339", self.pointer)
            return value
        if self.role.ttl:
            return {"N": str(_epoch(text))}
        if self.role.in_table_key and len(text) > _SORTED_LENGTH:
            raise UnstorableValue("a key holds a date-time to the microsecond, no finer", self.pointer)
        return {"S": text[:26] + "Z"}

    def _restored(self, held: AttributeValue) -> AttributeValue:
        """What ``held`` is read as, where nothing is kept beside it."""
        text = self.form.decode(held) if self.role.ttl and isinstance(self.form, DateTimeFormat) else None
        return {"S": text} if isinstance(text, str) else held

    def _check_key(self, value: AttributeValue) -> None:
        ((tag, content),) = value.items()
        if tag != self.attr_type:
            raise UnstorableValue(f"a key of type {self.attr_type} can't hold a value of type {tag}", self.pointer)
        if tag in {"S", "B"}:
            size = len(content.encode() if tag == "S" else content)
            if size == 0:
                raise UnstorableValue("a key can't be empty", self.pointer)
            if size > (limit := self.role.size_limit):
                raise UnstorableValue(f"{size} bytes are more than the {limit} of a key", self.pointer)

    # -- PynamoDB's side -----------------------------------------------------------------------

    def serialize(self, value: Any) -> Any:
        ((_, content),) = self.encode(value).items()
        return content

    def deserialize(self, value: Any) -> Any:
        return self.decode(value if isinstance(value, _Tagged) or self.attr_type is None else {self.attr_type: value})

    def get_value(self, value: AttributeValue) -> Any:
        return value[self.attr_type] if self.attr_type in value else _Tagged(value)

    def operand(self, value: Any) -> _Operand:
        """An operand of an expression: another attribute, an attribute value, or a Python value."""
        if isinstance(value, _Operand):
            return value
        if isinstance(value, Attribute):
            return Path(value)
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _TAGS:
            return Value(value)
        return Value(self.encode(value))

    def __eq__(self, other: object) -> Comparison:  # type: ignore[override]
        return Path(self) == self.operand(other)

    def __ne__(self, other: object) -> Comparison:  # type: ignore[override]
        return Path(self) != self.operand(other)

    def __lt__(self, other: Any) -> Comparison:
        return Path(self) < self.operand(other)

    def __le__(self, other: Any) -> Comparison:
        return Path(self) <= self.operand(other)

    def __gt__(self, other: Any) -> Comparison:
        return Path(self) > self.operand(other)

    def __ge__(self, other: Any) -> Comparison:
        return Path(self) >= self.operand(other)

    __hash__ = None  # type: ignore[assignment]

    def between(self, lower: Any, upper: Any) -> Between:
        return Path(self).between(self.operand(lower), self.operand(upper))

    def is_in(self, *values: Any) -> In:
        return Path(self).is_in(*map(self.operand, values))

    def startswith(self, prefix: str) -> BeginsWith:
        return Path(self.attr_path).startswith(prefix)

    def contains(self, item: Any) -> Contains:
        path = Path(self.attr_path)  # without the attribute: PynamoDB would make a set of the item
        if isinstance(item, _Operand | Attribute):
            return path.contains(self.operand(item))
        members: Format = getattr(self.form, "items", None) or Format()
        return path.contains(Value(members.encode(item, self.pointer)))

    def is_type(self) -> Condition:
        if self.attr_type is None:
            raise ValueError(f"{self.attr_name} holds values of several types")
        return Path(self).is_type(self.attr_type)

    def set(self, value: Any) -> SetAction | RemoveAction:
        return Path(self).set(self.operand(value))

    def add(self, *values: Any) -> AddAction:
        return Path(self).add(self._members(values))

    def delete(self, *values: Any) -> DeleteAction:
        return Path(self).delete(self._members(values))

    def _members(self, values: tuple[Any, ...]) -> _Operand:
        """The operand of ADD and DELETE: a number, or members of a set, alone or in a collection."""
        if len(values) == 1 and (self.attr_type == "N" or isinstance(values[0], _COLLECTIONS)):
            return self.operand(values[0])
        return self.operand(set(values))

    def __add__(self, other: Any) -> Any:
        return Path(self) + self.operand(other)

    def __sub__(self, other: Any) -> Any:
        return Path(self) - self.operand(other)

    def __or__(self, other: Any) -> Any:
        return Path(self) | self.operand(other)

    def append(self, other: Any) -> Any:
        return Path(self).append(self.operand(other))

    def prepend(self, other: Any) -> Any:
        return Path(self).prepend(self.operand(other))


class VersionPropertyAttribute(PropertyAttribute, VersionAttribute):  # type: ignore[misc]
    """The attribute of the optimistic lock, which PynamoDB's own ``save()`` keeps, too."""

    @classmethod
    def unlisted(cls, name: str) -> VersionPropertyAttribute:
        """For a version that the schema has no property for."""
        return cls(name, NumberFormat(integer=True), Conversion(_unchanged, _unchanged))


def build_attribute(
    described: Property, classes: Classes, *, role: Role = NO_ROLE, as_set: bool = False, version: bool = False
) -> PropertyAttribute:
    """The attribute of a property; ``as_set`` where ``sets`` lists it, ``version`` for the optimistic lock."""
    schema: Schema = described.schema
    kind = VersionPropertyAttribute if version else PropertyAttribute
    attribute = kind(described.name, format_of(schema, as_set=as_set), converter(schema, classes), role)
    if role.in_key and attribute.attr_type not in _KEY_TYPES:
        raise ValueError(
            f"{schema.location}: {described.name} can't be a key of a table or an index: "
            "give it one `type`, out of string, integer and number"
        )
    return attribute


def utc_text(text: str) -> str | None:
    """An RFC 3339 date-time in UTC with six fractional digits, or more where they aren't zero; None if it is none.

    >>> utc_text("2026-03-01T01:30:00+02:00")
    '2026-02-28T23:30:00.000000Z'
    >>> utc_text("2016-12-31t23:59:60.5z")
    '2016-12-31T23:59:60.500000Z'
    """
    if len(text) == _SORTED_LENGTH and text[-1] == "Z" and _is_spelled_by_python(text):
        return text
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    day, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime.strptime(f"{day} {minute}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 (the zone follows)
        if zone not in "Zz":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
            moment = moment + offset if zone[0] == "-" else moment - offset
    except (ValueError, OverflowError):
        return None
    # A leap second has no datetime, but sorts between its neighbours as it stands.
    return f"{moment.isoformat()[:16]}:{second}.{(fraction or '').rstrip('0').ljust(6, '0')}Z"


def _is_spelled_by_python(text: str) -> bool:
    """Whether a text that ends in Z is what Python writes of the time that it reads there."""
    try:
        return datetime.fromisoformat(text[:-1]).isoformat(timespec="microseconds") == text[:-1]
    except ValueError:
        return False


def _epoch(utc: str) -> int:
    whole = datetime.strptime(utc[:16], "%Y-%m-%dT%H:%M")  # noqa: DTZ007 (UTC by its maker)
    return timegm(whole.timetuple()) + int(utc[17:19])


def _unchanged(value: Any) -> Any:
    return value


_COLLECTIONS: Final = (list, set, frozenset, dict, _Operand, Attribute)
_TAGS: Final = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})
