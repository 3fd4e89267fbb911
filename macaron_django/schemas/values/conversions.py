"""Converts between JSON values and Python values, by a schema.

Strings with a format become dates, UUIDs, Decimals or bytes. Objects with properties become API objects. An integer
becomes an ``int``. Any other number becomes a ``float`` if Python writes the float with the same digits, otherwise a
``Decimal``. With ``x-decimal``, every number becomes a ``Decimal``.

Both directions are lossless, and neither validates: unexpected values stay unchanged, and the validator reports them.
``to_python`` also accepts values in Python form: a datetime stays a datetime.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol, final

from macaron_django.openapi import Schema
from macaron_django.schemas.formats.format_checks import string_format_of
from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.formats.string_format import StringFormat
from macaron_django.schemas.validation.branches import branch_for, branches_beside_null
from macaron_django.schemas.validation.json_instances import holds_json_only, is_plain

__all__ = ["PLAIN_TYPES", "UNSET", "Conversion", "ObjectClasses", "Unset", "converter", "json_value"]


@final
class Unset:
    """The type of :data:`UNSET`."""

    _only: Unset | None = None

    def __new__(cls) -> Unset:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"  # so that copies and pickles are the same object


#: The value of an unset property. It differs from null.
UNSET: Final = Unset()


@dataclass(frozen=True)
class Conversion:
    """The functions that convert the values of one schema: ``to_python(value)`` and ``to_json(value)``.

    The other fields describe ``to_python``. They are for code that gets its values from sources other than JSON.
    ``unchanged`` is true if ``to_python`` changes nothing. ``elements`` returns the ``Conversion`` for an array's
    elements. If ``to_python`` creates API objects, ``object_class`` returns their class.
    """

    to_python: Callable[[Any], Any]
    to_json: Callable[[Any], Any]
    unchanged: bool = False
    elements: Callable[[], Conversion] | None = None
    object_class: Callable[[], Any] | None = None


class ObjectClasses(Protocol):
    """The methods of ``values.classes.Classes`` that conversions need.

    ``Classes`` has the API object classes of one API.
    """

    #: The conversions created so far, by schema.
    conversions: dict[Schema, Conversion]

    def for_schema(self, schema: Schema, /) -> Any:
        """Returns the value class of an object schema."""

    def key_of(self, schema: Schema, /) -> str:
        """Returns a key for a schema. The key is valid in other processes, too."""

    def by_key(self, key: str, /) -> Any:
        """Returns the value class of the schema with this key."""


def converter(schema: Schema, classes: ObjectClasses) -> Conversion:
    """Returns the ``Conversion`` for ``schema``, which ``classes.conversions`` stores after the first call."""
    known = classes.conversions.get(schema)
    if known is None:
        known = classes.conversions[schema] = _build(schema, classes)
    return known


def json_value(value: Any) -> Any:
    """Returns the JSON of ``value``, converted only by its Python type, without a schema.

    >>> import datetime as dt
    >>> json_value({"at": dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), "tags": ("a", "b")})
    {'at': '2026-01-01T00:00:00Z', 'tags': ['a', 'b']}
    """
    kind = type(value)
    if kind in PLAIN_TYPES:
        return value
    if kind is dict:
        return {name: json_value(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [json_value(item) for item in value]
    return _json_of_special(value)


#: The types of values that :func:`json_value` returns unchanged.
PLAIN_TYPES: Final[frozenset[type]] = frozenset({str, int, float, bool, type(None), Decimal, Unset})
_BY_TYPE = tuple(each for each in STRING_FORMATS.values() if each.is_default_for_types)


def _json_of_special(value: Any) -> Any:
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, enum.Enum):
        return json_value(value.value)
    if isinstance(value, Mapping):
        return {name: json_value(item) for name, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return _ordered(json_value(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    for string_format in _BY_TYPE:
        if isinstance(value, string_format.python_types):
            return string_format.write(value)
    if isinstance(value, str):
        return str(value)
    return value


def _ordered(items: Iterable[Any]) -> list[Any]:
    """Returns a set's items, sorted if possible, because their order differs between processes."""
    listed = list(items)
    try:
        return sorted(listed)
    except TypeError:
        return listed


def _build(given: Schema, classes: ObjectClasses) -> Conversion:
    schema = given.resolved
    branches = branches_beside_null(schema)
    if schema.discriminator is not None or (len(branches) > 1 and not schema.properties):
        return _choice(schema, classes)
    if len(branches) == 1 and not schema.properties:
        return converter(branches[0], classes)
    types = schema.types
    if schema.is_object:
        return _object(schema, classes)
    if types == ("array",) and schema.items is not None and not schema.keyword("prefixItems"):
        return _array(schema.items, classes)
    if types == ("string",) and (string_format := string_format_of(schema.format)) is not None:
        return _string(string_format)
    if types == ("integer",):
        return Conversion(_integer, json_value)
    if types and set(types) <= {"number", "integer"}:
        return Conversion(_decimal if given.is_decimal else _number, json_value)
    return Conversion(_as_it_is, json_value, unchanged=True)


def _as_it_is(value: Any) -> Any:
    return value


def _string(string_format: StringFormat) -> Conversion:
    read, write, kinds = string_format.read, string_format.write, string_format.python_types
    adopted = string_format.adopted

    def to_python(value: Any) -> Any:
        return read(value) if isinstance(value, str) else adopted(value)

    def to_json(value: Any) -> Any:
        return write(value) if isinstance(value, kinds) else json_value(value)

    return Conversion(to_python, to_json)


def _integer(value: Any) -> Any:
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() <= 4300 and value == int(value):
        return int(value)
    return value


def _number(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite() and Decimal(repr(float(value))) == value:
        return float(value)
    return value


def _decimal(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return Decimal(repr(value)) if isinstance(value, float) and math.isfinite(value) else value


def _array(items: Schema, classes: ObjectClasses) -> Conversion:
    element: Conversion | None = None

    def of_items() -> Conversion:
        nonlocal element  # created at first use, because an array may contain arrays of its own schema
        if element is None:
            element = converter(items, classes)
        return element

    def to_python(value: Any) -> Any:
        convert = of_items().to_python
        if isinstance(value, (list, tuple)):
            return [convert(item) for item in value]
        return {convert(item) for item in value} if isinstance(value, (set, frozenset)) else value

    def to_json(value: Any) -> Any:
        convert = of_items().to_json
        if isinstance(value, (list, tuple)):
            if convert is json_value:
                return [item if type(item) in PLAIN_TYPES else json_value(item) for item in value]
            return [convert(item) for item in value]
        if isinstance(value, (set, frozenset)):
            return _ordered(convert(item) for item in value)
        return json_value(value)

    return Conversion(to_python, to_json, elements=of_items)


def _object(schema: Schema, classes: ObjectClasses) -> Conversion:
    if schema.properties:
        made: Any = None

        def object_class() -> Any:
            nonlocal made  # created at first use, because an object may contain objects of its own schema
            if made is None:
                made = classes.for_schema(schema)
            return made

        def to_api_object(value: Any) -> Any:
            kind = made or object_class()
            if type(value) is dict:
                return kind._from_properties(value)
            if isinstance(value, kind):
                return value
            if hasattr(value, "to_json"):  # a row, or an object of another schema, is copied by value
                value = value.to_json()
            return kind._from_properties(value) if isinstance(value, Mapping) else value

        def to_json(value: Any) -> Any:
            return value.to_json() if type(value) is made else json_value(value)

        return Conversion(to_api_object, to_json, object_class=object_class)
    if isinstance(schema.additional_properties, bool) or schema.additional_properties.json is True:
        return Conversion(_as_it_is, json_value, unchanged=True)
    return _dictionary(schema.additional_properties, classes)


def _dictionary(members: Schema, classes: ObjectClasses) -> Conversion:
    def to_python(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        convert = converter(members, classes).to_python
        return {name: convert(member) for name, member in value.items()}

    def to_json(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return json_value(value)
        convert = converter(members, classes).to_json
        return {name: convert(member) for name, member in value.items()}

    return Conversion(to_python, to_json)


#: Whether the value is part of JSON that has already been found valid. Then the value is valid, too. It isn't copied or
#: validated again at each level of a tree.
_is_of_valid_json: ContextVar[bool] = ContextVar("macaron_is_of_valid_json", default=False)


def _choice(schema: Schema, classes: ObjectClasses) -> Conversion:
    """Returns the conversion for a union, or for a base schema with a discriminator (Swagger 2.0)."""

    def to_python(value: Any) -> Any:
        if hasattr(value, "to_json") and hasattr(value, "pk"):  # a row is copied by value
            value = value.to_json()
        if not isinstance(value, (Mapping, list, tuple)):
            return value  # a string stays a string, because several formats may match it
        if schema.discriminator is not None and isinstance(value, Mapping):
            return in_branch(value, branch_for(schema, value), is_valid=False)
        if _is_of_valid_json.get():
            return in_branch(value, branch_for(schema, value, is_known_valid=True), is_valid=True)
        json, is_json = value, is_plain(value)
        if not is_json:
            json = json_value(value)
            is_json = holds_json_only(value)  # after json_value(), which raises an exception if a value contains itself
        return in_branch(value, branch_for(schema, json), is_valid=is_json and schema.discriminator is None)

    def in_branch(value: Any, branch: Schema | None, *, is_valid: bool) -> Any:
        if branch is None or branch.resolved == schema:
            return _object(schema, classes).to_python(value) if schema.is_object else value
        outer = _is_of_valid_json.set(is_valid)
        try:
            return converter(branch, classes).to_python(value)
        finally:
            _is_of_valid_json.reset(outer)

    return Conversion(to_python, json_value)
