"""The built-in string formats, by the value of ``format``.

Add a new format as a class in this folder, and list it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from macaron_django.schemas.formats.decimal_format import DecimalFormat
from macaron_django.schemas.formats.octet_formats import ByteFormat, OctetsFormat
from macaron_django.schemas.formats.rfc3339_formats import DateFormat, DateTimeFormat, DurationFormat, TimeFormat
from macaron_django.schemas.formats.string_format import StringFormat
from macaron_django.schemas.formats.text_formats import TEXT_FORMATS
from macaron_django.schemas.formats.uuid_format import UUIDFormat

__all__ = ["STRING_FORMATS"]

STRING_FORMATS: Mapping[str, StringFormat] = MappingProxyType(
    {
        each.name: each
        for each in (
            DateTimeFormat(),  # before DateFormat, because datetime is a subclass of date
            DateFormat(),
            TimeFormat(),
            DurationFormat(),
            UUIDFormat(),
            DecimalFormat(),
            ByteFormat(),
            OctetsFormat(),
            *TEXT_FORMATS,
        )
    }
)
