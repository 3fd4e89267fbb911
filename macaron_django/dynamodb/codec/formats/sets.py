"""The format of arrays that ``x-persist`` lists in ``sets``. DynamoDB stores such an array as a set (SS, NS or BS),
which has no order and no duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeValue
from macaron_django.dynamodb.codec.formats.base import (
    Alternative,
    Codec,
    CodecOf,
    TypeBuilder,
    UnusualValue,
    ValueReader,
    ValueWriter,
    WriterOf,
)
from macaron_django.dynamodb.codec.formats.numbers import NumberCodec
from macaron_django.exceptions import UnstorableValue
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["SET_ORDER", "SetCodec", "set_of"]

#: The types of sets, and the sort keys for their members, because DynamoDB's sets have no order.
SET_ORDER: Final[Mapping[str, Callable[[Any], Any]]] = {"SS": str, "NS": Decimal, "BS": bytes}


class SetCodec(Codec):
    """Arrays that are stored as sets. DynamoDB has no empty set, so an empty list is stored instead."""

    items: Codec

    def __init__(self, schema: Schema, codec_of: CodecOf) -> None:
        super().__init__(schema, codec_of)
        self.items = codec_of(schema.items)
        self.attr_type = f"{self.items.attr_type}S" if self.items.attr_type in {"S", "N", "B"} else None

    def encode(self, value: Any, pointer: str = "", depth: int = 0) -> AttributeValue:
        if not isinstance(value, list | tuple | AbstractSet):
            return self.by_json_type.encode(value, pointer, depth)
        encode = self.items.encode
        return set_of([encode(item, f"{pointer}/{place}", depth + 1) for place, item in enumerate(value)], pointer)

    def decode(self, value: AttributeValue) -> Any:
        for tag, order in SET_ORDER.items():
            if tag in value:
                return [self.items.decode({tag[0]: member}) for member in sorted(value[tag], key=order)]
        if "L" in value:
            return [self.items.decode(element) for element in value["L"]]
        return self.by_json_type.decode(value)

    def _is_of_scalars(self, conversion: Conversion) -> bool:
        """Returns whether the members are numbers or plain text. Such members are equal in Python if they are equal in
        DynamoDB.
        """
        if conversion.elements is None:
            return False
        return isinstance(self.items, NumberCodec) or self.items.is_plain_text(conversion.elements())

    def reader_in_steps(self, conversion: Conversion) -> ValueReader:
        decode, to_python = self.decode, conversion.to_python
        return lambda value: _as_set(to_python(decode(value)))

    def reader(self, conversion: Conversion) -> ValueReader:
        in_steps, tag = self.reader_in_steps(conversion), self.attr_type
        if conversion.elements is None or tag is None or not self._is_of_scalars(conversion):
            return in_steps
        element = conversion.elements()
        if self.items.is_plain_text(element):
            return lambda value: set(value["SS"]) if "SS" in value else in_steps(value)
        read_one = self.items.reader(element)
        return lambda value: {read_one({"N": text}) for text in value["NS"]} if "NS" in value else in_steps(value)

    def json_reader(self, conversion: Conversion) -> ValueReader:
        in_steps = self.json_reader_in_steps(conversion)
        if conversion.elements is None or not self._is_of_scalars(conversion):
            return in_steps
        element = conversion.elements()
        if self.items.is_plain_text(element):
            return lambda value: sorted(value["SS"]) if "SS" in value else in_steps(value)
        read_one = self.items.json_reader(element)
        return lambda value: sorted(read_one({"N": text}) for text in value["NS"]) if "NS" in value else in_steps(value)

    def json_expression(self, conversion: Conversion, otherwise: str) -> str:
        if conversion.elements is not None and self.items.is_plain_text(conversion.elements()):
            return f"sorted(value['SS']) if 'SS' in value else {otherwise}"
        return otherwise

    def alternatives(self, conversion: Conversion, held: str, types: TypeBuilder) -> Sequence[Alternative] | None:
        if self.attr_type not in {"SS", "NS"} or conversion.elements is None:
            return None
        members = self.alternative(self.attr_type, list[str], conversion, held, types)
        if self.items.is_plain_text(conversion.elements()):
            members = members._replace(expression=f"sorted({held}.SS)")
        element, _ = types.value(self.items, conversion.elements(), "element")
        listed: Any = list[element]  # type: ignore[valid-type]
        return [Alternative("L", listed, f"{types.function(_no_members)}({held}.L)"), members]

    def direct_writer(self, conversion: Conversion, in_steps: ValueWriter, writer_of: WriterOf) -> ValueWriter:
        if conversion.elements is None:
            return in_steps
        write_element, is_of_scalars = writer_of(self.items, conversion.elements()), self._is_of_scalars(conversion)

        def write(value: Any, depth: int) -> AttributeValue:
            if type(value) is set and is_of_scalars:
                try:
                    value = sorted(value)
                except TypeError:  # the members have several types
                    return in_steps(value, depth)
            elif type(value) is not list:
                return in_steps(value, depth)
            inner = depth + 1
            try:
                return set_of([write_element(element, inner) for element in value], "")
            except UnstorableValue:
                raise UnusualValue from None

        return write


def set_of(members: Sequence[AttributeValue], pointer: str) -> AttributeValue:
    """Returns a DynamoDB set of ``members``, which are attribute values. If there are no members, returns an empty
    list. Raises UnstorableValue if DynamoDB can't store such a set.
    """
    if not members:
        return {"L": []}
    tags = {tag for member in members for tag in member}
    if len(tags) > 1 or not tags <= {"S", "N", "B"}:
        raise UnstorableValue("a DynamoDB set holds only strings, only numbers or only bytes", pointer)
    (tag,) = tags
    contents = [member[tag] for member in members]
    if len(set(map(Decimal, contents) if tag == "N" else contents)) < len(contents):
        raise UnstorableValue("a set can't hold the same value twice", pointer)
    return {f"{tag}S": contents}


def _no_members(elements: list[Any]) -> list[Any]:
    """Returns the JSON of an empty set, which is stored as an empty list.

    Raises KeyError if the list has elements, because then another program has written the list.
    """
    if elements:
        raise KeyError("L")
    return []


def _as_set(value: Any) -> Any:
    """Returns the set of a list's elements. A list of lists or maps is returned unchanged, because it can't be
    a set.
    """
    if not isinstance(value, list):
        return value
    try:
        return set(value)
    except TypeError:
        return value
