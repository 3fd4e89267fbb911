"""The format of integers and numbers: N, with up to 38 digits."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.formats.base import (
    Codec,
    CodecOf,
    SizeOf,
    UnusualValue,
    ValuePlacer,
    ValueReader,
    ValueWriter,
    WriterOf,
)
from macaron_django.dynamodb.codec.roles import Role
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["NumberCodec", "decode_number", "encode_number"]

# AWS: "Service, account, and table quotas in Amazon DynamoDB".
_MAX_DIGITS: Final = 38
_MAX_EXPONENT: Final = 125
_MIN_EXPONENT: Final = -130
#: The smallest integer with more digits than DynamoDB allows.
_LONGER: Final = 10**_MAX_DIGITS
#: A float between these numbers is certainly in DynamoDB's range if it isn't an integer.
_LARGE, _SMALL = 1e38, 1e-100


class NumberCodec(Codec):
    """Integers and numbers. If ``schema`` is None, the values are integers."""

    attr_type = "N"
    spelled_in_one_way = True
    json_source = "int(text) if len(text := {content}) <= 16 and text.isdecimal() else {otherwise}"

    def __init__(self, schema: Schema | None, codec_of: CodecOf) -> None:
        super().__init__(schema, codec_of)
        self.integer = schema is None or set(schema.types) == {"integer"}

    @classmethod
    def fits(cls, schema: Schema, types: frozenset[str]) -> bool:
        return bool(types) and types <= {"integer", "number"}

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return {"N": encode_number(value, pointer, integer=self.integer)}
        return self.by_json_type.encode(value, pointer, depth)

    def decode(self, value: AttributeValue) -> Any:
        return decode_number(value["N"], integer=self.integer) if "N" in value else self.by_json_type.decode(value)

    @staticmethod
    def size(content: Any, size_of: SizeOf) -> int:
        sign, digits, exponent = _significant_digits(Decimal(content))
        # One byte for two digits, in pairs aligned to the decimal point, plus one byte for the exponent and one for a
        # minus sign.
        return 1 + (len(digits) + (exponent % 2) + 1) // 2 + bool(sign)

    def reader(self, conversion: Conversion) -> ValueReader:
        in_steps, to_python, integer = self.reader_in_steps(conversion), conversion.to_python, self.integer

        def read(value: AttributeValue) -> Any:
            return to_python(decode_number(value["N"], integer=integer)) if "N" in value else in_steps(value)

        return read

    def json_reader(self, conversion: Conversion) -> ValueReader:
        to_python, integer = conversion.to_python, self.integer

        def read(value: AttributeValue) -> Any:
            text: str = value["N"]
            if len(text) <= 16 and text.isdecimal():
                return int(text)
            return to_python(decode_number(text, integer=integer))

        return read

    def direct_writer(self, conversion: Conversion, in_steps: ValueWriter, writer_of: WriterOf) -> ValueWriter:
        def write(value: Any, depth: int) -> AttributeValue:
            kind = type(value)
            if kind is int:
                if -_LONGER < value < _LONGER:
                    return {"N": str(value)}
            elif kind is float and -_LARGE < value < _LARGE:
                if value.is_integer():
                    return {"N": str(int(value))}
                if not -_SMALL < value < _SMALL:
                    return {"N": repr(value)}
            return in_steps(value, depth)

        return write

    def key_placer(self, conversion: Conversion, role: Role, name: str, given_name: str) -> ValuePlacer:
        write = self.json_writer(conversion)

        def place(value: Any, item: AttributeMap) -> None:
            written = write(value, 0)
            if "N" not in written:
                raise UnusualValue
            item[name] = written

        return place


def encode_number(value: float | Decimal, pointer: str = "", *, integer: bool = False) -> str:
    """Returns a number as text. ``decode_number`` turns this text into an equal number. Raises UnstorableValue if
    DynamoDB can't store the number.

    A float is usually written as its shortest repr. But the repr of a float that is a whole number can have a different
    value than the float. For example, the float with the repr ``1e+23`` isn't equal to 10**23. So a
    whole-number float is written with all its digits if its absolute value is below 1e38, or if ``integer`` is true.
    """
    if isinstance(value, float) and math.isfinite(value) and value.is_integer() and (integer or abs(value) < 1e38):
        value = int(value)
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        raise UnstorableValue(f"{number} isn't a number that DynamoDB can hold", pointer)
    sign, digits, exponent = _significant_digits(number)
    if len(digits) > _MAX_DIGITS:
        raise UnstorableValue(f"{len(digits)} digits are more than DynamoDB's limit of {_MAX_DIGITS}", pointer)
    if not _MIN_EXPONENT <= exponent + len(digits) - 1 <= _MAX_EXPONENT and digits != "0":
        raise UnstorableValue("outside DynamoDB's range of 1E-130 to 9.99…E+125", pointer)
    # An integer with more than 38 digits and no declared type might be read as a float with the same repr.
    if isinstance(value, int) and not integer and abs(value) >= _LONGER and decode_number(str(value)) != value:
        raise UnstorableValue("an integer with over 38 digits needs `type: integer` in its schema", pointer)
    if isinstance(value, int):
        return str(value)
    return f"{sign}{digits}E{exponent}" if isinstance(value, Decimal) else repr(value)


def decode_number(text: str, *, integer: bool = False) -> int | float | Decimal:
    """Returns the number in a text: an ``int`` for an integer, a ``float`` if the float's repr has the same digits as
    the text, or else a ``Decimal``.
    """
    if len(text) <= 16:
        if text.isdigit():
            return int(text)
        if text.removeprefix("-").replace(".", "", 1).isdigit():
            # A float has the same digits as any number of up to 15 digits.
            near = float(text)
            return int(near) if near.is_integer() else near
    number = Decimal(text)
    if number == number.to_integral_value():
        whole = int(number)
        if integer or abs(whole) < _LONGER or Decimal(repr(float(whole))) != number:
            return whole
        return float(whole)
    nearest = float(number)
    return nearest if Decimal(repr(nearest)) == number else number


def _significant_digits(number: Decimal) -> tuple[str, str, int]:
    """Returns the sign ("" or "-"), the digits without zeros at either end, and the exponent of the last digit."""
    # Decimal.normalize() isn't used, because it rounds to the context's precision.
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 (the callers have checked that it is finite)
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return "", "0", 0
    return "-" if sign else "", stripped, exponent + len(text) - len(stripped)
