"""The format for properties whose values can have any type. Each value's JSON type determines its type in DynamoDB."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeValue
from macaron_django.dynamodb.codec.formats.arrays import encode_list
from macaron_django.dynamodb.codec.formats.base import MAX_NESTED, Codec, ValueReader, ValueWriter
from macaron_django.dynamodb.codec.formats.numbers import decode_number, encode_number
from macaron_django.dynamodb.codec.formats.objects import encode_map
from macaron_django.dynamodb.codec.formats.sets import SET_ORDER, set_of
from macaron_django.dynamodb.codec.formats.text import checked_text
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["ANYTHING", "AnythingCodec"]


class AnythingCodec(Codec):
    """Values without a schema, and values whose schema has several types or no type."""

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if isinstance(value, str):
            return {"S": checked_text(value, pointer)}
        if value is None:
            return {"NULL": True}
        if isinstance(value, bool):
            return {"BOOL": value}
        if isinstance(value, int | float | Decimal):
            return {"N": encode_number(value, pointer)}
        if isinstance(value, bytes | bytearray | memoryview):
            return {"B": bytes(value)}
        if isinstance(value, Mapping):
            return encode_map(value, pointer, depth, lambda _name: self.encode)
        if isinstance(value, list | tuple):
            return encode_list(value, pointer, depth, self.encode)
        if isinstance(value, AbstractSet):
            members = [self.encode(member, f"{pointer}/{place}", depth + 1) for place, member in enumerate(value)]
            return set_of(members, pointer)
        raise UnstorableValue(f"DynamoDB has no type for a {type(value).__name__}; pass its JSON form", pointer)

    def decode(self, value: AttributeValue) -> Any:
        return _decoded(value)

    def json_reader(self, conversion: Conversion) -> ValueReader:
        return _decoded if conversion.unchanged else self.json_reader_in_steps(conversion)

    def writer(self, conversion: Conversion) -> ValueWriter:
        return _direct(self.writer_in_steps(conversion)) if conversion.unchanged else self.writer_in_steps(conversion)

    def json_writer(self, conversion: Conversion) -> ValueWriter:
        return self.writer(conversion) if conversion.unchanged else self.json_writer_in_steps(conversion)


def _any_codec(_schema: Schema | None) -> Codec:
    return ANYTHING


#: The codec of values that no schema describes.
ANYTHING: Final = AnythingCodec(None, _any_codec)
#: Integers below this one have at most 38 digits.
_SHORT: Final = 10**38


def _decoded(value: AttributeValue) -> Any:
    ((tag, content),) = value.items()
    if tag == "S" or tag == "BOOL":
        return content
    if tag == "N":
        return int(content) if len(content) <= 16 and content.isdecimal() else decode_number(content)
    if tag == "L":
        return [_decoded(element) for element in content]
    if tag == "M":
        return {name: _decoded(member) for name, member in content.items()}
    if tag == "NULL":
        return None
    if tag == "B":
        return b64encode(bytes(content)).decode()
    return [_decoded({tag[0]: member}) for member in sorted(content, key=SET_ORDER[tag])]


def _direct(in_steps: ValueWriter) -> ValueWriter:
    """Returns a writer of usual JSON values; ``in_steps`` writes the others."""

    def write(value: Any, depth: int) -> AttributeValue:
        kind = type(value)
        if kind is str and value.isascii():
            return {"S": value}
        if kind is int and -_SHORT < value < _SHORT:
            return {"N": str(value)}
        if kind is bool:
            return {"BOOL": value}
        if depth < MAX_NESTED:
            inner = depth + 1
            if kind is list:
                return {"L": [write(element, inner) for element in value]}
            if kind is dict and all(type(name) is str and name and name.isascii() for name in value):
                return {"M": {name: write(member, inner) for name, member in value.items()}}
        return in_steps(value, depth)

    return write
