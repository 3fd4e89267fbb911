"""Strings of a format ↔ Python values: date-time, date, time, duration, uuid, decimal, byte, binary.

In: the text that JSON holds. Out: the Python value for it, and the text back, character by character. A text
that isn't the one spelling we would write ourselves (``2026-01-01T01:00:00.50+01:00``, an upper-case UUID) becomes
a value of a subclass that remembers its text; arithmetic on it gives plain values, which are written canonically.
A text that Python has no value for (a leap second, a duration in months, the year 0) stays ``str``.

It knows no schema: ``conversions`` decides which format a value has.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

__all__ = [
    "SPELLINGS",
    "SpelledDatetime",
    "SpelledDecimal",
    "SpelledTime",
    "SpelledTimedelta",
    "SpelledUUID",
    "Spelling",
]

# RFC 3339, section 5.6 (any number of fractional digits, t and z in either case), and appendix A for durations.
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)"
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_FULL_TIME = re.compile(_TIME, re.ASCII)
_DATE_TIME = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt]" + _TIME, re.ASCII)
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W|(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?)",
    re.ASCII,
)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class SpelledDatetime(dt.datetime):
    """A datetime that remembers its text."""

    text: str | None = None

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _respell, (SpelledDatetime, dt.datetime.__reduce_ex__(self, protocol)[1], self.text)


class SpelledTime(dt.time):
    """A time that remembers its text."""

    text: str | None = None

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _respell, (SpelledTime, dt.time.__reduce_ex__(self, protocol)[1], self.text)


class SpelledTimedelta(dt.timedelta):
    """A timedelta that remembers its text."""

    text: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _respell, (SpelledTimedelta, (self.days, self.seconds, self.microseconds), self.text)


class SpelledDecimal(Decimal):
    """A Decimal that remembers its text."""

    text: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _respell, (SpelledDecimal, (str(self),), self.text)

    def __copy__(self) -> SpelledDecimal:
        return self

    def __deepcopy__(self, memo: object) -> SpelledDecimal:
        return self


class SpelledUUID(UUID):
    """A UUID that remembers its text."""

    __slots__ = ("text",)
    text: str | None

    def __init__(self, text: str) -> None:
        super().__init__(text)
        object.__setattr__(self, "text", text)  # UUID refuses assignment

    def __reduce__(self) -> tuple[Any, ...]:
        return SpelledUUID, (self.text,)


def _respell(kind: Callable[..., Any], arguments: tuple[Any, ...], text: str | None) -> Any:
    return _spelled(kind(*arguments), text)


def _spelled(value: Any, text: str | None) -> Any:
    value.text = text
    return value


@dataclass(frozen=True)
class Spelling:
    """How one format is read and written. ``read`` returns the text itself where Python has no value for it."""

    kinds: tuple[type, ...]
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def _zone(text: str) -> dt.timezone:
    if text in "Zz":
        return dt.timezone.utc
    offset = dt.timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return dt.timezone(-offset if text[0] == "-" else offset)


def _clock(match: re.Match[str]) -> tuple[int, int, int, int]:
    fraction = ((match["fraction"] or "") + "000000")[:6]  # Python has microseconds; the text keeps the rest
    return int(match["hour"]), int(match["minute"]), int(match["second"]), int(fraction)


def _read_datetime(text: str) -> dt.datetime | str:
    if text[-1:] == "Z":
        # Most texts are spelled as Python itself spells them, which is a tenth of the work.
        spelled = f"{text[:-1]}+00:00"
        try:
            usual = dt.datetime.fromisoformat(spelled)
        except ValueError:
            return _read_unusual_datetime(text)
        if usual.isoformat() == spelled:
            return usual
    return _read_unusual_datetime(text)


def _read_unusual_datetime(text: str) -> dt.datetime | str:
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return text
    day = int(match["year"]), int(match["month"]), int(match["day"])
    try:
        value = dt.datetime(*day, *_clock(match), tzinfo=_zone(match["zone"]))
        if _write_datetime(value) == text:
            return value
        return _spelled(SpelledDatetime(*day, *_clock(match), tzinfo=value.tzinfo), text)  # type: ignore[no-any-return]
    except ValueError:  # the year 0, a leap second, an offset of 24 hours
        return text


def _write_datetime(value: dt.datetime) -> str:
    text: str | None = getattr(value, "text", None)
    if text:
        return text
    offset = value.utcoffset()
    if offset is not None and offset % dt.timedelta(minutes=1):  # local mean time, which RFC 3339 can't write
        value = value.astimezone(dt.timezone.utc)
    return _with_z(value.isoformat())


def _read_time(text: str) -> dt.time | str:
    match = _FULL_TIME.fullmatch(text)
    if match is None:
        return text
    try:
        value = dt.time(*_clock(match), tzinfo=_zone(match["zone"]))
        if _write_time(value) == text:
            return value
        return _spelled(SpelledTime(*_clock(match), tzinfo=value.tzinfo), text)  # type: ignore[no-any-return]
    except ValueError:
        return text


def _write_time(value: dt.time) -> str:
    return getattr(value, "text", None) or _with_z(value.isoformat())


def _with_z(text: str) -> str:
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _read_date(text: str) -> dt.date | str:
    match = _DATE.fullmatch(text)
    try:
        return dt.date(*map(int, match.groups())) if match else text
    except ValueError:
        return text


def _read_duration(text: str) -> dt.timedelta | str:
    match = _DURATION.fullmatch(text)
    try:
        parts = {unit: int(number) for unit, number in match.groupdict().items() if number} if match else {}
        if not parts or text[-1] == "T":
            return text
        value = dt.timedelta(**parts)
        if _write_duration(value) == text:
            return value
        return _spelled(SpelledTimedelta(**parts), text)  # type: ignore[no-any-return]
    except (OverflowError, ValueError):  # more days than there are, or more digits than Python reads
        return text


def _write_duration(value: dt.timedelta) -> str:
    """Write ``value`` in days, hours, minutes and seconds, as RFC 3339, appendix A nests them."""
    text: str | None = getattr(value, "text", None)
    if text:
        return text
    if value < dt.timedelta(0):
        return f"-{_write_duration(-value)}"  # no such text is valid: the schema's check says so
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


def _read_uuid(text: str) -> UUID | str:
    if not _UUID.fullmatch(text):
        return text
    return UUID(text) if text == text.lower() else SpelledUUID(text)


def _write_uuid(value: UUID) -> str:
    return getattr(value, "text", None) or str(value)


def _read_decimal(text: str) -> Decimal | str:
    if not _DECIMAL.fullmatch(text):
        return text
    value = Decimal(text)
    return value if str(value) == text else _spelled(SpelledDecimal(text), text)


def _write_decimal(value: Decimal) -> str:
    return getattr(value, "text", None) or str(value)


def _read_base64(text: str) -> bytes | str:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
    return value if _write_base64(value) == text else text  # bits beyond the last byte would be lost


def _write_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _read_octets(text: str) -> bytes | str:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text


def _write_octets(value: bytes) -> str:
    return bytes(value).decode("latin-1")


_BYTES = (bytes, bytearray, memoryview)

#: By ``format``. ``binary`` is "any sequence of octets": in JSON, each octet is the character of that number.
SPELLINGS: Mapping[str, Spelling] = MappingProxyType(
    {
        "date-time": Spelling((dt.datetime,), _read_datetime, _write_datetime),
        "date": Spelling((dt.date,), _read_date, lambda value: value.isoformat()),
        "time": Spelling((dt.time,), _read_time, _write_time),
        "duration": Spelling((dt.timedelta,), _read_duration, _write_duration),
        "uuid": Spelling((UUID,), _read_uuid, _write_uuid),
        "decimal": Spelling((Decimal,), _read_decimal, _write_decimal),
        "byte": Spelling(_BYTES, _read_base64, _write_base64),
        "binary": Spelling(_BYTES, _read_octets, _write_octets),
    }
)
