"""Finds the codec of a schema. To add a format, write a module in this folder, and add its class to ``CODECS``."""

from __future__ import annotations

from typing import Final

from macaron_django.dynamodb.codec.formats.anything import ANYTHING
from macaron_django.dynamodb.codec.formats.arrays import ArrayCodec
from macaron_django.dynamodb.codec.formats.base import Codec
from macaron_django.dynamodb.codec.formats.binary import BinaryCodec
from macaron_django.dynamodb.codec.formats.booleans import BooleanCodec
from macaron_django.dynamodb.codec.formats.date_times import DateTimeCodec
from macaron_django.dynamodb.codec.formats.numbers import NumberCodec
from macaron_django.dynamodb.codec.formats.objects import ObjectCodec
from macaron_django.dynamodb.codec.formats.sets import SetCodec
from macaron_django.dynamodb.codec.formats.text import TextCodec
from macaron_django.dynamodb.codec.formats.uuids import UUIDCodec
from macaron_django.openapi import Schema

__all__ = ["CODECS", "codec_of"]

#: The first codec that fits a schema is used.
CODECS: Final[tuple[type[Codec], ...]] = (
    DateTimeCodec,
    BinaryCodec,
    UUIDCodec,
    TextCodec,
    NumberCodec,
    BooleanCodec,
    ArrayCodec,
    ObjectCodec,
)


def codec_of(schema: Schema | None, *, as_set: bool = False) -> Codec:
    """Returns the codec of a schema. If the schema is None, returns a codec that accepts values of any type.

    ``as_set`` means that ``x-persist`` lists the property in ``sets``.
    """
    if schema is None:
        return ANYTHING
    if as_set:
        return SetCodec(schema, codec_of)
    types = frozenset(schema.types)
    kind = next((kind for kind in CODECS if kind.fits(schema, types)), None)
    return ANYTHING if kind is None else kind(schema, codec_of)
