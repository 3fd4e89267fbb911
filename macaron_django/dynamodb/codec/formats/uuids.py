"""The format of UUIDs: S as given. Keys and indexes store UUIDs in lower case, so that case doesn't matter."""

from __future__ import annotations

import re
from typing import Any, Final

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, SortedValue
from macaron_django.dynamodb.codec.formats.base import UnusualValue, ValuePlacer
from macaron_django.dynamodb.codec.formats.text import TextCodec
from macaron_django.dynamodb.codec.roles import Role
from macaron_django.openapi import Schema
from macaron_django.schemas.values.conversions import Conversion

__all__ = ["UUIDCodec"]

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class UUIDCodec(TextCodec):
    """UUIDs. RFC 9562, section 4: output is in lower case, and input may be in any case."""

    @classmethod
    def fits(cls, schema: Schema, types: frozenset[str]) -> bool:
        return super().fits(schema, types) and schema.format == "uuid"

    def sorted_form(self, given: AttributeValue, role: Role, pointer: str) -> AttributeValue:
        text = given.get("S")
        if role.ttl or text is None or not _UUID.fullmatch(text):
            return given
        lower = text.lower()
        return given if lower == text else SortedValue({"S": lower}, given)

    def key_placer(self, conversion: Conversion, role: Role, name: str, given_name: str) -> ValuePlacer | None:
        if role.ttl:
            return None

        def place(value: Any, item: AttributeMap) -> None:
            if type(value) is not str or not _UUID.fullmatch(value):
                raise UnusualValue
            lower = value.lower()
            item[name] = {"S": lower}
            if lower != value:
                item[given_name] = {"S": value}

        return place
