"""JSON values ↔ DynamoDB's attribute values: ``{"S": …}``, ``{"N": …}`` and so on, as a schema says.

In goes a value in its JSON form (numbers may be ``int``, ``float`` or ``Decimal``, binary may be
``bytes``) with the format of its schema; out comes what DynamoDB holds, and back. What can't be held
without loss is refused here, with its JSON pointer, before anything is sent. Separate from
``attributes`` because nothing in here knows PynamoDB, keys or Python types such as ``datetime``.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from macaron_django.dynamodb.comparisons import same
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.json_text import JSONTextError, exact_json

if TYPE_CHECKING:
    from macaron_django.spec import Schema

__all__ = [
    "MAX_NESTED",
    "AttributeMap",
    "AttributeValue",
    "Format",
    "decode_number",
    "encode_number",
    "format_of",
    "same_items",
    "significant_digits",
]

AttributeValue = dict[str, Any]
AttributeMap = dict[str, AttributeValue]

# AWS: "Service, account, and table quotas in Amazon DynamoDB".
_MAX_DIGITS: Final = 38
_MAX_EXPONENT: Final = 125
_MIN_EXPONENT: Final = -130
#: Lists and maps inside one another. The quota of 32 levels counts the item itself.
MAX_NESTED: Final = 31
#: The same in JSON text that another program has stored: what requests may have, too.
_MAX_TEXT_DEPTH: Final = 100


def format_of(schema: Schema, *, as_set: bool = False) -> Format:
    """The format that values of ``schema`` are held in; ``as_set`` where ``x-persist`` lists it in ``sets``."""
    if as_set:
        return SetFormat(format_of(schema.items) if schema.items is not None else Format())
    types = set(schema.types)
    if types in ({"integer"}, {"number"}, {"integer", "number"}):
        return NumberFormat(integer=types == {"integer"})
    if len(types) != 1:
        return Format()
    (only,) = types
    if only == "string":
        return _string_format(schema)
    make = _FORMATS.get(only)
    return Format() if make is None else make(schema)


class Format:
    """Values of any type, each held by its JSON type; the base of the typed formats.

    ``attr_type`` is DynamoDB's type, or None where it depends on the value. A typed format given
    something else holds that by its JSON type, too: a schema's `type` isn't all that validates it.
    """

    attr_type: str | None = None

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        """The attribute value of ``value``; UnstorableValue with ``pointer`` if it can't be held."""
        return _encode_any(value, pointer, depth)

    def decode(self, value: AttributeValue) -> Any:
        """The JSON form of an attribute value, whoever wrote it."""
        return _decode_any(value)


class StringFormat(Format):
    attr_type = "S"


class DateTimeFormat(Format):
    """A string; read as well as PynamoDB's ``UTCDateTimeAttribute`` and ``TTLAttribute`` write it."""

    attr_type = "S"

    def decode(self, value: AttributeValue) -> Any:
        if "S" in value:
            text: str = value["S"]
            return f"{text[:-5]}Z" if text.endswith("+0000") else text
        if "N" in value:
            try:
                return epoch_to_text(value["N"])
            except OverflowError:  # milliseconds, or no time at all: shown as the number that it is
                return _decode_any(value)
        return _decode_any(value)


class BinaryFormat(Format):
    """Base64 in JSON, bytes in DynamoDB; text that isn't canonical base64 is kept as text."""

    attr_type = "B"

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if isinstance(value, str):
            try:
                octets = b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                return {"S": _checked_text(value, pointer)}
            if b64encode(octets).decode() == value:
                return {"B": octets}
        return _encode_any(value, pointer, depth)


@dataclass(frozen=True)
class NumberFormat(Format):
    integer: bool

    attr_type = "N"

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return {"N": encode_number(value, pointer, integer=self.integer)}
        return _encode_any(value, pointer, depth)

    def decode(self, value: AttributeValue) -> Any:
        return decode_number(value["N"], integer=self.integer) if "N" in value else _decode_any(value)


class BooleanFormat(Format):
    """BOOL; PynamoDB before 3.0 and others wrote the numbers 1 and 0."""

    attr_type = "BOOL"

    def decode(self, value: AttributeValue) -> Any:
        return Decimal(value["N"]) != 0 if "N" in value else _decode_any(value)


@dataclass(frozen=True)
class ArrayFormat(Format):
    schema: Schema

    attr_type = "L"

    @cached_property
    def items(self) -> Format:
        # A tuple's places have schemas of their own: each is held by its JSON type.
        if self.schema.items is None or self.schema.keyword("prefixItems"):
            return Format()
        return format_of(self.schema.items)

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if not isinstance(value, list | tuple):
            return _encode_any(value, pointer, depth)
        return _encode_list(value, pointer, depth, self.items.encode)

    def decode(self, value: AttributeValue) -> Any:
        if "L" in value:
            decode = self.items.decode
            return [decode(item) for item in value["L"]]
        if "S" in value:
            return _decode_json_text(value["S"], list)
        return [self.items.decode({tag[0]: item}) for tag in ("SS", "NS", "BS") for item in value.get(tag, ())] or (
            _decode_any(value)
        )


@dataclass(frozen=True)
class SetFormat(Format):
    """An array held as a set: no order, no duplicates. DynamoDB knows no empty set: that is an empty list."""

    items: Format

    @property
    def attr_type(self) -> str | None:  # type: ignore[override]
        return f"{self.items.attr_type}S" if self.items.attr_type in {"S", "N", "B"} else None

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if not isinstance(value, list | tuple | AbstractSet):
            return _encode_any(value, pointer, depth)
        members = [self.items.encode(item, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value)]
        if not members:
            return {"L": []}
        tags = {tag for member in members for tag in member}
        if len(tags) > 1 or not tags <= {"S", "N", "B"}:
            raise UnstorableValue("a DynamoDB set holds only strings, only numbers or only bytes", pointer)
        (tag,) = tags
        texts = [member[tag] for member in members]
        if len({_number_key(text) for text in texts} if tag == "N" else set(texts)) < len(texts):
            raise UnstorableValue("a set holds no value twice", pointer)
        return {f"{tag}S": texts}

    def decode(self, value: AttributeValue) -> Any:
        for tag in ("SS", "NS", "BS"):
            if tag in value:
                return [self.items.decode({tag[0]: item}) for item in sorted(value[tag], key=_SET_ORDER[tag])]
        if "L" in value:
            return [self.items.decode(item) for item in value["L"]]
        return _decode_any(value)


@dataclass(frozen=True)
class ObjectFormat(Format):
    schema: Schema

    attr_type = "M"

    @cached_property
    def properties(self) -> Mapping[str, Format]:
        return {name: format_of(described.schema) for name, described in self.schema.properties.items()}

    @cached_property
    def others(self) -> Format:
        additional = self.schema.additional_properties
        # `patternProperties` may describe the same names differently, so they are held by their JSON type.
        if isinstance(additional, bool) or additional is None or self.schema.keyword("patternProperties"):
            return Format()
        return format_of(additional)

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if not isinstance(value, Mapping):
            return _encode_any(value, pointer, depth)
        formats, others = self.properties, self.others
        return _encode_map(value, pointer, depth, lambda name: formats.get(name, others).encode)

    def decode(self, value: AttributeValue) -> Any:
        if "M" in value:
            formats, others = self.properties, self.others
            return {name: formats.get(name, others).decode(member) for name, member in value["M"].items()}
        if "S" in value:
            return _decode_json_text(value["S"], dict)
        return _decode_any(value)


def _string_format(schema: Schema) -> Format:
    if schema.format in {"byte", "binary"} or schema.keyword("contentEncoding") == "base64":
        return BinaryFormat()
    return DateTimeFormat() if schema.format == "date-time" else StringFormat()


_FORMATS: Final[Mapping[str, Callable[[Schema], Format]]] = {
    "boolean": lambda _schema: BooleanFormat(),
    "array": ArrayFormat,
    "object": ObjectFormat,
}


def _encode_any(value: Any, pointer: str, depth: int) -> AttributeValue:
    if isinstance(value, str):
        return {"S": _checked_text(value, pointer)}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float | Decimal):
        return {"N": encode_number(value, pointer)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"B": bytes(value)}
    if isinstance(value, Mapping):
        return _encode_map(value, pointer, depth, lambda _name: _encode_any)
    if isinstance(value, list | tuple):
        return _encode_list(value, pointer, depth, _encode_any)
    if isinstance(value, AbstractSet):
        return SetFormat(Format()).encode(value, pointer, depth)
    raise UnstorableValue(f"DynamoDB has no type for a {type(value).__name__}; pass its JSON form", pointer)


def _encode_list(
    values: Sequence[Any], pointer: str, depth: int, encode: Callable[[Any, str, int], AttributeValue]
) -> AttributeValue:
    _check_depth(depth, pointer)
    return {"L": [encode(value, f"{pointer}/{index}", depth + 1) for index, value in enumerate(values)]}


def _encode_map(
    values: Mapping[Any, Any],
    pointer: str,
    depth: int,
    encoder: Callable[[str], Callable[[Any, str, int], AttributeValue]],
) -> AttributeValue:
    _check_depth(depth, pointer)
    encoded: AttributeMap = {}
    for name, value in values.items():
        if not isinstance(name, str):
            raise UnstorableValue(f"a name must be a string, not {name!r}", pointer)
        inner = pointer_to(name, pointer)
        if not name:
            raise UnstorableValue("DynamoDB takes no attribute without a name", inner)
        encoded[_checked_text(name, inner)] = encoder(name)(value, inner, depth + 1)
    return {"M": encoded}


def pointer_to(name: str, parent: str = "") -> str:
    """RFC 6901: the pointer of the member ``name``."""
    return f"{parent}/{name.replace('~', '~0').replace('/', '~1')}"


def _check_depth(depth: int, pointer: str) -> None:
    if depth >= MAX_NESTED:
        raise UnstorableValue("nested deeper than DynamoDB's 32 levels", pointer)


def _checked_text(text: str, pointer: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UnstorableValue("half of a surrogate pair: not text that UTF-8 can carry", pointer) from None
    return text


def encode_number(value: float | Decimal, pointer: str = "", *, integer: bool = False) -> str:
    """The text of a number that comes back equal.

    A float keeps its shortest repr, unless that names another integer: 1e23 isn't 10**23, so its own
    digits are written.
    """
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and (integer or abs(value) < 1e38):
        value = int(value)
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        raise UnstorableValue(f"{number} isn't a number that DynamoDB can hold", pointer)
    sign, digits, exponent = significant_digits(number)
    if len(digits) > _MAX_DIGITS:
        raise UnstorableValue(f"{len(digits)} digits are more than DynamoDB's {_MAX_DIGITS}", pointer)
    if not _MIN_EXPONENT <= exponent + len(digits) - 1 <= _MAX_EXPONENT and digits != "0":
        raise UnstorableValue("outside DynamoDB's range of 1E-130 to 9.99…E+125", pointer)
    # Beyond 38 digits an integer without a declared type might be read as the float of the same repr.
    if isinstance(value, int) and not integer and abs(value) >= 10**38 and decode_number(str(value)) != value:
        raise UnstorableValue("over 38 digits; give its schema `type: integer`", pointer)
    if isinstance(value, int):
        return str(value)
    return f"{sign}{digits}E{exponent}" if isinstance(value, Decimal) else repr(value)


def significant_digits(number: Decimal) -> tuple[str, str, int]:
    """Sign ("" or "-"), digits without zeros at either end, and the exponent of the last of them."""
    # By hand: Decimal.normalize() would round to the context's precision.
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 (finite, as encode_number has checked)
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return "", "0", 0
    return "-" if sign else "", stripped, exponent + len(text) - len(stripped)


def decode_number(text: str, *, integer: bool = False) -> int | float | Decimal:
    """The number of an attribute value: an ``int``, a ``float`` whose digits are the number's, else a ``Decimal``."""
    if len(text) <= 16:
        if text.isdigit():
            return int(text)
        if text.removeprefix("-").replace(".", "", 1).isdigit():
            # Up to 15 digits a float has the number's own.
            near = float(text)
            return int(near) if near.is_integer() else near
    number = Decimal(text)
    if number == number.to_integral_value():
        whole = int(number)
        if integer or abs(whole) < 10**38 or Decimal(repr(float(whole))) != number:
            return whole
        return float(whole)
    nearest = float(number)
    return nearest if Decimal(repr(nearest)) == number else number


def _decode_any(value: AttributeValue) -> Any:
    ((tag, content),) = value.items()
    if tag == "N":
        return decode_number(content)
    if tag == "NULL":
        return None
    if tag == "B":
        return b64encode(bytes(content)).decode()
    if tag == "M":
        return {name: _decode_any(member) for name, member in content.items()}
    if tag == "L":
        return [_decode_any(member) for member in content]
    if tag in _SET_ORDER:
        return [_decode_any({tag[0]: member}) for member in sorted(content, key=_SET_ORDER[tag])]
    return content  # S, BOOL


def _decode_json_text(text: str, expected: type) -> Any:
    # PynamoDB's JSONAttribute keeps objects and arrays as JSON text. Other text is shown as it is.
    try:
        parsed = exact_json(text, max_depth=_MAX_TEXT_DEPTH)
    except JSONTextError:
        return text
    return parsed if isinstance(parsed, expected) else text


def epoch_to_text(seconds: str) -> str:
    """RFC 3339 text of Unix seconds, in UTC, with a fraction only where there is one; OverflowError out of range."""
    from datetime import datetime, timedelta, timezone

    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=int(Decimal(seconds) * 1_000_000))
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def _number_key(text: str) -> Decimal:
    return Decimal(text)


_SET_ORDER: Final[Mapping[str, Callable[[Any], Any]]] = {"SS": str, "NS": _number_key, "BS": bytes}


def same_items(one: AttributeMap, other: AttributeMap) -> bool:
    """Whether DynamoDB holds the same for both: numbers by value, sets without order."""
    return same({"M": one}, {"M": other})
