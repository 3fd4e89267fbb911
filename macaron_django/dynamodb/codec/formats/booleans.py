"""The format of booleans: BOOL."""

from __future__ import annotations

from decimal import Decimal
from operator import itemgetter
from typing import Any

from macaron_django.dynamodb.codec.attribute_values import AttributeValue
from macaron_django.dynamodb.codec.formats.base import Codec, ValueReader, ValueWriter, WriterOf
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["BooleanCodec"]


class BooleanCodec(Codec):
    """Booleans. The codec also reads the numbers 1 and 0, because some programs store booleans as numbers: for example,
    PynamoDB before version 3.0.
    """

    json_types = {"boolean"}
    attr_type = "BOOL"
    spelled_in_one_way = True
    json_source = "{content}"
    content = bool

    def decode(self, value: AttributeValue) -> Any:
        return Decimal(value["N"]) != 0 if "N" in value else self.by_json_type.decode(value)

    def reader(self, conversion: Conversion) -> ValueReader:
        in_steps = self.reader_in_steps(conversion)
        if not conversion.unchanged:
            return in_steps
        return lambda value: value["BOOL"] if "BOOL" in value else in_steps(value)

    def json_reader(self, conversion: Conversion) -> ValueReader:
        return itemgetter("BOOL")

    def direct_writer(self, conversion: Conversion, in_steps: ValueWriter, writer_of: WriterOf) -> ValueWriter:
        def write(value: Any, depth: int) -> AttributeValue:
            return {"BOOL": value} if value is True or value is False else in_steps(value, depth)

        return write
