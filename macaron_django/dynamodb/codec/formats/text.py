"""The format of strings: S, as given."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
from macaron_django.dynamodb.codec.formats.base import (
    Codec,
    SizeOf,
    UnusualValue,
    ValuePlacer,
    ValueReader,
    ValueWriter,
    WriterOf,
)
from macaron_django.dynamodb.codec.roles import Role
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["TextCodec", "checked_text"]

#: The most bytes of a character in UTF-8.
_WIDEST = 4


class TextCodec(Codec):
    """Strings that are stored as given: strings without a format, or with a format such as date, time or decimal."""

    json_types = {"string"}
    attr_type = "S"
    spelled_in_one_way = True
    shows_text = True
    json_source = "{content}"

    @staticmethod
    def size(content: Any, size_of: SizeOf) -> int:
        return len(content) if content.isascii() else len(content.encode())

    def is_plain_text(self, conversion: Conversion) -> bool:
        return conversion.unchanged

    def reader(self, conversion: Conversion) -> ValueReader:
        in_steps, to_python = self.reader_in_steps(conversion), conversion.to_python
        if conversion.unchanged:
            return lambda value: value["S"] if "S" in value else in_steps(value)
        return lambda value: to_python(value["S"]) if "S" in value else in_steps(value)

    def json_reader(self, conversion: Conversion) -> ValueReader:
        return itemgetter("S")  # the JSON of a Python value has the original spelling

    def direct_writer(self, conversion: Conversion, in_steps: ValueWriter, writer_of: WriterOf) -> ValueWriter:
        def write(value: Any, depth: int) -> AttributeValue:
            if type(value) is str:
                if not value.isascii():
                    try:
                        value.encode()
                    except UnicodeEncodeError:
                        raise UnusualValue from None
                return {"S": value}
            return {"NULL": True} if value is None else in_steps(value, depth)

        return write

    def key_placer(self, conversion: Conversion, role: Role, name: str, given_name: str) -> ValuePlacer | None:
        if role.ttl:
            return None
        write, longest = self.json_writer(conversion), role.size_limit // _WIDEST

        def place(value: Any, item: AttributeMap) -> None:
            if type(value) is not str or not 0 < len(value) <= longest:
                raise UnusualValue
            item[name] = write(value, 0)

        return place


def checked_text(text: str, pointer: str) -> str:
    """Returns ``text``. Raises UnstorableValue if the text can't be encoded as UTF-8."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UnstorableValue("half of a surrogate pair, which UTF-8 can't encode", pointer) from None
    return text
