"""PyMacaron's functions that convert between aware datetimes in UTC and whole seconds since 1970."""

from __future__ import annotations

from datetime import date, datetime, time, timezone

from django.utils.dateparse import parse_date, parse_datetime

__all__ = ["timenow", "to_datetime", "to_epoch"]


def timenow() -> datetime:
    """Returns the current time, in UTC."""
    return datetime.now(timezone.utc)


def to_epoch(t: datetime | str) -> int:
    """Converts a datetime, or text in ISO 8601, to whole seconds since 1970.

    If ``t`` has no offset, it is read as UTC. Fractions of a second are dropped. Raises ValueError for text that isn't
    a date or date-time.

    >>> to_epoch("2022-10-01T12:00:00+02:00")
    1664618400
    """
    point = _parsed(t) if isinstance(t, str) else t
    if point.utcoffset() is None:
        point = point.replace(tzinfo=timezone.utc)
    return int(point.timestamp())


def to_datetime(e: float) -> datetime:
    """Returns a number of seconds since 1970 as a datetime in UTC.

    >>> to_datetime(1664618400).isoformat()
    '2022-10-01T10:00:00+00:00'
    """
    return datetime.fromtimestamp(e, timezone.utc)


def _parsed(text: str) -> datetime:
    point = parse_datetime(text)
    if point is not None:
        return point
    day: date | None = parse_date(text)
    if day is None:
        raise ValueError(f"{text!r} isn't a date-time in ISO 8601, such as 2022-10-01T12:00:00+02:00.")
    return datetime.combine(day, time())
