"""The formats of RFC 3339: ``date-time``, ``date`` and ``time`` (section 5.6), and ``duration`` (appendix A)."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from typing import Any

from macaron_django.conf import under_compat
from macaron_django.schemas.formats.string_format import StringFormat
from macaron_django.schemas.formats.verbatim_values import (
    VerbatimDatetime,
    VerbatimTime,
    VerbatimTimedelta,
    remembered_text,
    with_text,
)

__all__ = ["DateFormat", "DateTimeFormat", "DurationFormat", "TimeFormat", "with_z"]

#: The grammar of times, also used in date-times. It allows any number of fractional digits, and "z" in either case.
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)"
_DATE_TIME = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt]" + _TIME, re.ASCII)
#: The text that HTML's ``datetime-local`` control sends. It has no offset.
_LOCAL_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_FULL_TIME = re.compile(_TIME, re.ASCII)
_LOCAL_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W|(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?)",
    re.ASCII,
)


class DateTimeFormat(StringFormat):
    """A date-time. A value with a leap second, the year 0 or an offset of 24 hours stays a string in Python."""

    name = "date-time"
    description = "a date and time with its offset, such as 2026-01-31T12:00:00Z"
    python_types = (dt.datetime,)
    is_default_for_types = True
    serializer_field_class = "DateTimeField"
    model_field_class = "DateTimeField"

    def read(self, text: str) -> dt.datetime | str:
        if text[-1:] == "Z":
            # Most texts are exactly what Python writes. Reading such a text takes a tenth of the time.
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
            value = dt.datetime(*day, *_clock_of(match), tzinfo=_zone_of(match))
            if self.write(value) == text:
                return value
            return with_text(VerbatimDatetime(*day, *_clock_of(match), tzinfo=value.tzinfo), text)
        except ValueError:
            return text

    def adopted(self, value: Any) -> Any:
        """If ``MACARON["COMPAT"]`` is on, a naive datetime becomes UTC, as in PyMacaron."""
        if isinstance(value, dt.datetime) and value.tzinfo is None and under_compat():
            message = f"The datetime {value.isoformat()} has no time zone, so it is taken as UTC: make it aware."
            warnings.warn(message, RuntimeWarning, stacklevel=2)
            return value.replace(tzinfo=dt.timezone.utc)
        return value

    def write(self, value: dt.datetime) -> str:
        if type(value) is dt.datetime and value.tzinfo is dt.timezone.utc:
            return f"{value.isoformat()[:-6]}Z"
        text = remembered_text(value)
        if text:
            return text
        offset = value.utcoffset()
        if offset is not None and offset % dt.timedelta(minutes=1):  # local mean time; RFC 3339 can't express it
            value = value.astimezone(dt.timezone.utc)
        return with_z(value.isoformat())

    def from_html(self, text: str) -> str:
        """Adds seconds, and the offset of the current time zone, because ``datetime-local`` leaves these out."""
        from django.utils import timezone

        if not _LOCAL_DATE_TIME.fullmatch(text):
            return text
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            return text
        return with_z((timezone.make_aware(moment) if timezone.is_naive(moment) else moment).isoformat())

    def to_html(self, text: str) -> str | None:
        """Shows a date-time in the current time zone, because ``datetime-local`` drops the offset."""
        from django.utils import timezone

        try:
            moment = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:  # an invalid text, or a notation of RFC 3339 that Python can't read
            return text if _LOCAL_DATE_TIME.fullmatch(text) else None
        return timezone.localtime(moment).isoformat() if timezone.is_aware(moment) else text

    def from_form(self, value: Any) -> Any:
        """Makes a naive datetime aware. If USE_TZ is off, forms return naive datetimes."""
        from django.utils import timezone

        is_naive = isinstance(value, dt.datetime) and timezone.is_naive(value)
        return timezone.make_aware(value) if is_naive else value


class DateFormat(StringFormat):
    """A date. A date in the year 0 stays a string in Python."""

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


class TimeFormat(StringFormat):
    """A time with an offset. A time with a leap second or an offset of 24 hours stays a string in Python."""

    name = "time"
    description = "a time with its offset, such as 12:00:00Z"
    python_types = (dt.time,)
    is_default_for_types = True
    serializer_field_class = "TimeField"
    serializer_options = {"style": {"input_type": "text"}}  # HTML's control for times has no offset
    model_field_class = "TimeField"

    def read(self, text: str) -> dt.time | str:
        match = _FULL_TIME.fullmatch(text)
        if match is None:
            return text
        try:
            value = dt.time(*_clock_of(match), tzinfo=_zone_of(match))
            if self.write(value) == text:
                return value
            return with_text(VerbatimTime(*_clock_of(match), tzinfo=value.tzinfo), text)
        except ValueError:
            return text

    def write(self, value: dt.time) -> str:
        return remembered_text(value) or with_z(value.isoformat())

    def from_html(self, text: str) -> str:
        """Completes a time without an offset: adds UTC as the offset, and seconds if the time has none."""
        if not _LOCAL_TIME.fullmatch(text):
            return text
        return f"{text if text.count(':') == 2 else text + ':00'}Z"


class DurationFormat(StringFormat):
    """A duration. A duration with years or months stays a string in Python, because their length varies."""

    name = "duration"
    description = "an ISO 8601 duration such as P1DT12H"
    python_types = (dt.timedelta,)
    is_default_for_types = True
    serializer_field_class = "CharField"  # DRF's DurationField reads Django's notation, not ISO 8601
    model_field_class = "DurationField"

    def read(self, text: str) -> dt.timedelta | str:
        match = _DURATION.fullmatch(text)
        try:
            parts = {unit: int(number) for unit, number in match.groupdict().items() if number} if match else {}
            if not parts or text[-1] == "T":
                return text
            value = dt.timedelta(**parts)
            return value if self.write(value) == text else with_text(VerbatimTimedelta(**parts), text)
        except (OverflowError, ValueError):  # more days than a timedelta can hold, or more digits than Python can read
            return text

    def write(self, value: dt.timedelta) -> str:
        """Returns text such as "P1DT2H0M5S". RFC 3339, appendix A, requires the minutes between hours and seconds."""
        text = remembered_text(value)
        if text:
            return text
        if value < dt.timedelta(0):
            return f"-{self.write(-value)}"  # invalid: validation reports it
        minutes, seconds = divmod(value.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        second = f"{seconds}.{value.microseconds:06d}" if value.microseconds else str(seconds)
        has_second = second != "0"
        clock = f"{hours}H" if hours else ""
        if minutes or (hours and has_second):
            clock += f"{minutes}M"
        if has_second or not (value.days or clock):
            clock += f"{second}S"
        return "P" + (f"{value.days}D" if value.days else "") + (f"T{clock}" if clock else "")


def _clock_of(match: re.Match[str]) -> tuple[int, int, int, int]:
    """Returns the hour, minute, second and microsecond of a matched text. Further digits are cut off."""
    fraction = ((match["fraction"] or "") + "000000")[:6]
    return int(match["hour"]), int(match["minute"]), int(match["second"]), int(fraction)


def _zone_of(match: re.Match[str]) -> dt.timezone:
    """Returns the offset of a matched text. Raises ValueError for an offset of 24 hours or more."""
    text = match["zone"]
    if text in "Zz":
        return dt.timezone.utc
    offset = dt.timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return dt.timezone(-offset if text[0] == "-" else offset)


def with_z(text: str) -> str:
    """Returns the text of a time with "Z" instead of "+00:00"."""
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
