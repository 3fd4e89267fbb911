"""The format ``date-time`` (RFC 3339, section 5.6): aware datetimes."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from typing import Any

from macaron_django.conf import under_compat
from macaron_django.schemas.formats.rfc3339 import TIME, clock_of, with_z, zone_of
from macaron_django.schemas.formats.string_format import StringFormat
from macaron_django.schemas.formats.verbatim_values import VerbatimDatetime, remembered_text, with_text

__all__ = ["DateTimeFormat"]

_DATE_TIME = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt]" + TIME, re.ASCII)
#: What HTML's ``datetime-local`` sends: it knows no offset.
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")


class DateTimeFormat(StringFormat):
    """A leap second, the year 0 and an offset of 24 hours stay text."""

    name = "date-time"
    description = "a date and time with its offset, such as 2026-01-31T12:00:00Z"
    python_types = (dt.datetime,)
    is_default_for_types = True
    serializer_field_class = "DateTimeField"
    model_field_class = "DateTimeField"

    def read(self, text: str) -> dt.datetime | str:
        if text[-1:] == "Z":
            # Most texts are as Python writes them; reading those is a tenth of the work.
            isoformat = f"{text[:-1]}+00:00"
            try:
                usual = dt.datetime.fromisoformat(isoformat)
            except ValueError:
                return self._read_unusual(text)
            if usual.isoformat() == isoformat:
                return usual
        return self._read_unusual(text)

    def _read_unusual(self, text: str) -> dt.datetime | str:
        match = _DATE_TIME.fullmatch(text)
        if match is None:
            return text
        day = int(match["year"]), int(match["month"]), int(match["day"])
        try:
            value = dt.datetime(*day, *clock_of(match), tzinfo=zone_of(match))
            if self.write(value) == text:
                return value
            return with_text(VerbatimDatetime(*day, *clock_of(match), tzinfo=value.tzinfo), text)
        except ValueError:
            return text

    def adopted(self, value: Any) -> Any:
        """Take a naive datetime as UTC, as PyMacaron does, if ``MACARON["COMPAT"]`` is on."""
        if isinstance(value, dt.datetime) and value.tzinfo is None and under_compat():
            message = f"The datetime {value.isoformat()} has no time zone, so it is taken as UTC: make it aware."
            warnings.warn(message, RuntimeWarning, stacklevel=2)
            return value.replace(tzinfo=dt.timezone.utc)
        return value

    def write(self, value: dt.datetime) -> str:
        text = remembered_text(value)
        if text:
            return text
        offset = value.utcoffset()
        if offset is not None and offset % dt.timedelta(minutes=1):  # local mean time, which RFC 3339 can't write
            value = value.astimezone(dt.timezone.utc)
        return with_z(value.isoformat())

    def from_html(self, text: str) -> str:
        """Add what ``datetime-local`` leaves out: seconds, and the offset of the current time zone."""
        from django.utils import timezone

        if not _LOCAL.fullmatch(text):
            return text
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            return text
        return with_z((timezone.make_aware(moment) if timezone.is_naive(moment) else moment).isoformat())

    def to_html(self, text: str) -> str | None:
        """Show a date-time in the current time zone, because ``datetime-local`` drops the offset."""
        from django.utils import timezone

        try:
            moment = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:  # an invalid input, or a form of RFC 3339 that Python doesn't read
            return text if _LOCAL.fullmatch(text) else None
        return timezone.localtime(moment).isoformat() if timezone.is_aware(moment) else text

    def from_form(self, value: Any) -> Any:
        """Make naive datetimes aware, which forms return if USE_TZ is off."""
        from django.utils import timezone

        is_naive = isinstance(value, dt.datetime) and timezone.is_naive(value)
        return timezone.make_aware(value) if is_naive else value
