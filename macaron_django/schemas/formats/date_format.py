"""The format ``date`` (RFC 3339, section 5.6): dates."""

from __future__ import annotations

import datetime as dt
import re

from macaron_django.schemas.formats.string_format import StringFormat

__all__ = ["DateFormat"]

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)


class DateFormat(StringFormat):
    """The year 0 stays text."""

    name = "date"
    description = "a date such as 2026-01-31"
    python_types = (dt.date,)
    is_default_for_types = True
    serializer_field_class = "DateField"
    model_field_class = "DateField"

    def read(self, text: str) -> dt.date | str:
        match = _DATE.fullmatch(text)
        try:
            return dt.date(*map(int, match.groups())) if match else text
        except ValueError:
            return text

    def write(self, value: dt.date) -> str:
        return value.isoformat()
