"""The format ``time`` (RFC 3339, section 5.6): times with an offset."""

from __future__ import annotations

import datetime as dt
import re

from macaron_django.schemas.formats.rfc3339 import TIME, clock_of, with_z, zone_of
from macaron_django.schemas.formats.string_format import StringFormat
from macaron_django.schemas.formats.verbatim_values import VerbatimTime, remembered_text, with_text

__all__ = ["TimeFormat"]

_FULL_TIME = re.compile(TIME, re.ASCII)
_WITHOUT_OFFSET = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")


class TimeFormat(StringFormat):
    """A leap second and an offset of 24 hours stay text."""

    name = "time"
    description = "a time with its offset, such as 12:00:00Z"
    python_types = (dt.time,)
    is_default_for_types = True
    serializer_field_class = "TimeField"
    serializer_options = {"style": {"input_type": "text"}}  # HTML's control for times knows no offset
    model_field_class = "TimeField"

    def read(self, text: str) -> dt.time | str:
        match = _FULL_TIME.fullmatch(text)
        if match is None:
            return text
        try:
            value = dt.time(*clock_of(match), tzinfo=zone_of(match))
            if self.write(value) == text:
                return value
            return with_text(VerbatimTime(*clock_of(match), tzinfo=value.tzinfo), text)
        except ValueError:
            return text

    def write(self, value: dt.time) -> str:
        return remembered_text(value) or with_z(value.isoformat())

    def from_html(self, text: str) -> str:
        """Add the seconds, and UTC as the offset, if they are left out."""
        if not _WITHOUT_OFFSET.fullmatch(text):
            return text
        return f"{text if text.count(':') == 2 else text + ':00'}Z"
