"""The format of arrays: L. Each element is in the format of its schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeValue
from macaron_django.dynamodb.codec.formats.base import (
    MAX_NESTED,
    Alternative,
    Codec,
    SizeOf,
    TypeBuilder,
    ValueReader,
    ValueWriter,
    WriterOf,
    check_depth,
    json_in_text,
)
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["ArrayCodec", "encode_list"]

#: The most levels of nested arrays that one expression reads. CPython 3.12 and 3.13 crash on twenty nested
#: comprehensions.
_NESTED_EXPRESSIONS: Final = 8
_SET_TAGS: Final = ("SS", "NS", "BS")


class ArrayCodec(Codec):
    """Arrays. The codec also reads what other programs store: sets, and strings that contain an array as JSON."""

    json_types = {"array"}
    attr_type = "L"
    schema: Schema

    @cached_property
    def items(self) -> Codec:  # type: ignore[override]  # an array may hold arrays of itself
        # With ``prefixItems``, elements have different schemas, so each element is stored by its JSON type.
        return self.codec_of(None if self.schema.keyword("prefixItems") else self.schema.items)

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if not isinstance(value, list | tuple):
            return self.by_json_type.encode(value, pointer, depth)
        return encode_list(value, pointer, depth, self.items.encode)

    def decode(self, value: AttributeValue) -> Any:
        if "L" in value:
            decode = self.items.decode
            return [decode(element) for element in value["L"]]
        if "S" in value:
            return json_in_text(value["S"], list)
        members = [self.items.decode({tag[0]: member}) for tag in _SET_TAGS for member in value.get(tag, ())]
        return members or self.by_json_type.decode(value)

    @staticmethod
    def size(content: Any, size_of: SizeOf) -> int:
        return 3 + sum(1 + size_of(element) for element in content)

    def reader(self, conversion: Conversion) -> ValueReader:
        in_steps, elements = self.reader_in_steps(conversion), conversion.elements
        if elements is None:
            return in_steps
        read_element: ValueReader | None = None
        is_plain_text = False

        def read(value: AttributeValue) -> Any:
            nonlocal read_element, is_plain_text  # set at the first use, because an array may hold arrays of itself
            listed = value.get("L")
            if listed is None:
                return in_steps(value)
            if read_element is None:
                element = elements()
                is_plain_text = self.items.is_plain_text(element)
                read_element = self.items.reader(element)
            if is_plain_text:
                try:
                    return [element["S"] for element in listed]
                except KeyError:  # not all elements are strings
                    pass
            return [read_element(element) for element in listed]

        return read

    def json_reader(self, conversion: Conversion) -> ValueReader:
        elements = conversion.elements
        if elements is None:
            return self.json_reader_in_steps(conversion)
        read_element: ValueReader | None = None

        def read(value: AttributeValue) -> Any:
            nonlocal read_element
            if read_element is None:
                read_element = self.items.json_reader(elements())
            return [read_element(element) for element in value["L"]]

        return read

    def json_expression(self, conversion: Conversion, otherwise: str) -> str:
        if conversion.elements is not None and self.items.shows_text:
            return "[element['S'] for element in value['L']]"
        return otherwise

    def alternatives(self, conversion: Conversion, held: str, types: TypeBuilder) -> Sequence[Alternative] | None:
        inner = f"in_{held}"
        if conversion.elements is None or self.schema.items is None or inner.count("in_") > _NESTED_EXPRESSIONS:
            return None
        element, expression = types.value(self.items, conversion.elements(), inner)
        listed: Any = list[element]  # type: ignore[valid-type]
        return [Alternative("L", listed, f"[{expression} for {inner} in {held}.L]")]

    def direct_writer(self, conversion: Conversion, in_steps: ValueWriter, writer_of: WriterOf) -> ValueWriter:
        elements = conversion.elements
        if elements is None:
            return in_steps
        write_element: ValueWriter | None = None

        def write(value: Any, depth: int) -> AttributeValue:
            nonlocal write_element
            if type(value) is not list or depth >= MAX_NESTED:
                return in_steps(value, depth)
            if write_element is None:
                write_element = writer_of(self.items, elements())
            inner, write_one = depth + 1, write_element
            return {"L": [write_one(element, inner) for element in value]}

        return write


def encode_list(
    values: Sequence[Any], pointer: str, depth: int, encode: Callable[[Any, str, int], AttributeValue]
) -> AttributeValue:
    """Returns the attribute value of a list. Raises UnstorableValue if the list is nested too deep."""
    check_depth(depth, pointer)
    return {"L": [encode(value, f"{pointer}/{place}", depth + 1) for place, value in enumerate(values)]}
