"""The grammar of times in RFC 3339, section 5.6, which date-times and times share."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["TIME", "clock_of", "with_z", "zone_of"]

#: Any number of fractional digits, and "z" in either case.
TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)"


def clock_of(match: re.Match[str]) -> tuple[int, int, int, int]:
    """Return hour, minute, second and microsecond of a match of :data:`TIME`; further digits are cut off."""
    fraction = ((match["fraction"] or "") + "000000")[:6]
    return int(match["hour"]), int(match["minute"]), int(match["second"]), int(fraction)


def zone_of(match: re.Match[str]) -> dt.timezone:
    """Return the offset of a match of :data:`TIME`; raises ValueError for 24 hours and more."""
    text = match["zone"]
    if text in "Zz":
        return dt.timezone.utc
    offset = dt.timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return dt.timezone(-offset if text[0] == "-" else offset)


def with_z(text: str) -> str:
    """Return the text of a time with "Z" for the offset zero."""
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
