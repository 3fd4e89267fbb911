"""The format ``duration`` (RFC 3339, appendix A): timedeltas."""

from __future__ import annotations

import datetime as dt
import re

from macaron_django.schemas.formats.string_format import StringFormat
from macaron_django.schemas.formats.verbatim_values import VerbatimTimedelta, remembered_text, with_text

__all__ = ["DurationFormat"]

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W|(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?)",
    re.ASCII,
)


class DurationFormat(StringFormat):
    """Years and months have no fixed length: durations with them stay text."""

    name = "duration"
    description = "an ISO 8601 duration such as P1DT12H"
    python_types = (dt.timedelta,)
    is_default_for_types = True
    serializer_field_class = "CharField"  # DurationField reads Django's notation, not ISO 8601
    model_field_class = "DurationField"

    def read(self, text: str) -> dt.timedelta | str:
        match = _DURATION.fullmatch(text)
        try:
            parts = {unit: int(number) for unit, number in match.groupdict().items() if number} if match else {}
            if not parts or text[-1] == "T":
                return text
            value = dt.timedelta(**parts)
            return value if self.write(value) == text else with_text(VerbatimTimedelta(**parts), text)
        except (OverflowError, ValueError):  # more days than a timedelta holds, or more digits than Python reads
            return text

    def write(self, value: dt.timedelta) -> str:
        """Write days, hours, minutes and seconds, nested as in RFC 3339, appendix A."""
        text = remembered_text(value)
        if text:
            return text
        if value < dt.timedelta(0):
            return f"-{self.write(-value)}"  # not valid: the schema's check reports it
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
