"""The format of binary strings: base64 in JSON, B in DynamoDB."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import Any

from macaron_django.dynamodb.codec.attribute_values import AttributeValue
from macaron_django.dynamodb.codec.formats.base import Codec, SizeOf, ValueWriter
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["BinaryCodec"]


class BinaryCodec(Codec):
    """Base64 strings. A string that isn't canonical base64 is stored as S."""

    json_types = {"string"}
    attr_type = "B"

    @classmethod
    def fits(cls, schema: Schema, types: frozenset[str]) -> bool:
        return super().fits(schema, types) and schema.format in {"byte", "binary"}

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if isinstance(value, str):
            try:
                octets = b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                octets = b""
            if b64encode(octets).decode() == value:
                return {"B": octets}
        return self.by_json_type.encode(value, pointer, depth)

    @staticmethod
    def size(content: Any, size_of: SizeOf) -> int:
        return len(content)

    def json_writer(self, conversion: Conversion) -> ValueWriter:
        encode, in_steps = self.encode, self.json_writer_in_steps(conversion)

        def write(value: Any, depth: int) -> AttributeValue:
            return encode(value, "", depth) if type(value) is str and value.isascii() else in_steps(value, depth)

        return write
