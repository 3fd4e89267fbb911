"""A Schema in, a :class:`Conversion` out: two functions between a JSON value and its Python value.

Strings with a format become dates, UUIDs, Decimals or bytes; objects with properties become API objects; a
number becomes an ``int``, a ``float`` where the float's own digits are the number's, else a ``Decimal``. Both
directions are lossless and neither judges: what they don't recognise passes through unchanged, and the
validator says what is wrong with it. ``to_python`` takes both forms, so that a datetime stays one.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, final
from uuid import UUID

from .spellings import SPELLINGS, Spelling

if TYPE_CHECKING:
    from macaron_django.spec import Schema

    from .classes import Classes
    from .objects import APIObject

__all__ = ["UNSET", "Conversion", "Unset", "branch_for", "converter", "json_value"]


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
        return "UNSET"

    def __copy__(self) -> Unset:
        return self

    def __deepcopy__(self, memo: object) -> Unset:
        return self


#: A property that isn't there, as opposed to one that is null.
UNSET: Final = Unset()


@dataclass(frozen=True)
class Conversion:
    """``to_python(value)`` and ``to_json(value)`` of one schema.

    The rest tells who reads values from elsewhere than JSON what ``to_python`` does, so that they can do it on the way:
    ``unchanged``: nothing; ``elements``: it converts each element of an array so; ``object_class``: it makes one of
    these of an object, property by property.
    """

    to_python: Callable[[Any], Any]
    to_json: Callable[[Any], Any]
    unchanged: bool = False
    elements: Callable[[], Conversion] | None = None
    object_class: Callable[[], type[APIObject]] | None = None


def converter(schema: Schema, classes: Classes) -> Conversion:
    """Return the conversion of ``schema``, made once for each set of classes."""
    known = classes.conversions.get(schema)
    if known is None:
        known = classes.conversions[schema] = _build(schema.resolved, classes)
    return known


def json_value(value: Any) -> Any:
    """Return ``value`` as JSON holds it, by its Python type alone.

    >>> json_value({"at": dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), "tags": ("a", "b")})
    {'at': '2026-01-01T00:00:00Z', 'tags': ['a', 'b']}
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {name: json_value(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [json_value(item) for item in value]
    return _json_of_special(value)


def branch_for(schema: Schema, value: Any) -> Schema | None:
    """Return the ``oneOf`` or ``anyOf`` branch that ``value`` (JSON) is meant for, if that is certain.

    The discriminator decides; without one, the only branch that isn't ``null``; else the only valid one.
    """
    from .validators import validator_for  # it needs this module for its defaults

    if schema.discriminator is not None and isinstance(value, Mapping):
        name = value.get(schema.discriminator.property_name)
        return schema.discriminator.mapping.get(name) if isinstance(name, str) else None
    branches = [branch for branch in schema.one_of or schema.any_of if not _is_null(branch)]
    if len(branches) <= 1:
        return branches[0] if branches else None
    valid = [branch for branch in branches if validator_for(branch).is_valid(value)]
    return valid[0] if len(valid) == 1 or (valid and schema.any_of) else None


_PLAIN = frozenset({str, int, float, bool, type(None), Decimal, Unset})
_BY_TYPE: tuple[tuple[type | tuple[type, ...], Spelling], ...] = (
    (dt.datetime, SPELLINGS["date-time"]),  # before date, which it is a subclass of
    (dt.date, SPELLINGS["date"]),
    (dt.time, SPELLINGS["time"]),
    (dt.timedelta, SPELLINGS["duration"]),
    (UUID, SPELLINGS["uuid"]),
    (SPELLINGS["byte"].kinds, SPELLINGS["byte"]),
)


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
    for kinds, spelling in _BY_TYPE:
        if isinstance(value, kinds):
            return spelling.write(value)
    if isinstance(value, str):
        return str(value)
    return value


def _ordered(items: Iterable[Any]) -> list[Any]:
    """A set's order differs from process to process: sort what can be sorted."""
    listed = list(items)
    try:
        return sorted(listed)
    except TypeError:
        return listed


def _build(schema: Schema, classes: Classes) -> Conversion:
    branches = [branch for branch in schema.one_of or schema.any_of if not _is_null(branch)]
    if schema.discriminator is not None or (len(branches) > 1 and not schema.properties):
        return _choice(schema, classes)
    if len(branches) == 1 and not schema.properties:
        return converter(branches[0], classes)
    types = schema.types
    if schema.is_object:
        return _object(schema, classes)
    if types == ("array",) and schema.items is not None and not schema.keyword("prefixItems"):
        return _array(schema.items, classes)
    if types == ("string",) and schema.format is not None and schema.format in SPELLINGS:
        return _string(SPELLINGS[schema.format])
    if types == ("integer",):
        return Conversion(_integer, json_value)
    if types and set(types) <= {"number", "integer"}:
        return Conversion(_number, json_value)
    return Conversion(_as_it_is, json_value, unchanged=True)


def _as_it_is(value: Any) -> Any:
    return value


def _string(spelling: Spelling) -> Conversion:
    read, write, kinds = spelling.read, spelling.write, spelling.kinds

    def to_python(value: Any) -> Any:
        return read(value) if isinstance(value, str) else value

    def to_json(value: Any) -> Any:
        return write(value) if isinstance(value, kinds) else json_value(value)

    return Conversion(to_python, to_json)


def _integer(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() <= 4300 and value == int(value):
        return int(value)
    return value


def _number(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite() and Decimal(repr(float(value))) == value:
        return float(value)
    return value


def _array(items: Schema, classes: Classes) -> Conversion:
    element: Conversion | None = None

    def of_items() -> Conversion:
        nonlocal element  # not before its first use: an array may hold arrays of itself
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
            return [convert(item) for item in value]
        if isinstance(value, (set, frozenset)):
            return _ordered(convert(item) for item in value)
        return json_value(value)

    return Conversion(to_python, to_json, elements=of_items)


def _object(schema: Schema, classes: Classes) -> Conversion:
    if schema.properties:

        def to_api_object(value: Any) -> Any:
            kind = classes.for_schema(schema)
            if isinstance(value, kind):
                return value
            if hasattr(value, "to_json"):  # a row, or a value of another schema, is embedded by value
                value = value.to_json()
            return kind._from_properties(value) if isinstance(value, Mapping) else value

        return Conversion(to_api_object, json_value, object_class=lambda: classes.for_schema(schema))
    if isinstance(schema.additional_properties, bool) or schema.additional_properties.json is True:
        return Conversion(_as_it_is, json_value, unchanged=True)
    return _dictionary(schema.additional_properties, classes)


def _dictionary(members: Schema, classes: Classes) -> Conversion:
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


def _choice(schema: Schema, classes: Classes) -> Conversion:
    """Of several schemas, or of a base schema whose discriminator tells its heirs apart (Swagger 2.0)."""

    def to_python(value: Any) -> Any:
        if hasattr(value, "to_json") and hasattr(value, "pk"):  # a row is embedded by value
            value = value.to_json()
        if not isinstance(value, (Mapping, list, tuple)):
            return value  # one text can mean several formats: it stays text
        branch = branch_for(schema, json_value(value))
        if branch is not None and branch.resolved != schema:
            return converter(branch, classes).to_python(value)
        return _object(schema, classes).to_python(value) if schema.is_object else value

    return Conversion(to_python, json_value)


def _is_null(branch: Schema) -> bool:
    return isinstance(branch.json, Mapping) and branch.json.get("type") in ("null", ["null"])
