"""Points in time: aware, in UTC, and the same on the way there and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macaron_django.schemas.formats.timestamps import timenow, to_datetime, to_epoch


def test_the_present_is_aware_whatever_use_tz_says(settings):
    settings.USE_TZ = False
    assert timenow().tzinfo is timezone.utc
    assert abs(datetime.now(timezone.utc) - timenow()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("point", "seconds"),
    [
        ("1970-01-01T00:00:00+00:00", 0),
        ("2022-10-01T12:00:00+02:00", 1664618400),
        ("2022-10-01T10:00:00Z", 1664618400),
        ("2022-10-01 10:00:00.999999", 1664618400),
        ("2022-10-01T05:00:00-05:00", 1664618400),  # PyMacaron appended +00:00 to it, and failed
        ("2022-10-01", 1664582400),
        (datetime(2022, 10, 1, 10), 1664618400),  # noqa: DTZ001 (without an offset on purpose)
        (datetime(2022, 10, 1, 12, tzinfo=timezone(timedelta(hours=2))), 1664618400),
    ],
)
def test_a_datetime_or_its_text_has_seconds_since_1970(point, seconds):
    assert to_epoch(point) == seconds


@pytest.mark.parametrize("text", ["", "yesterday", "2022-13-01", "2022-10-01T25:00:00", "1664618400"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError):
        to_epoch(text)


@given(st.integers(-(10**10), 10**11))
def test_seconds_come_back_from_a_datetime(seconds):
    assert to_epoch(to_datetime(seconds)) == seconds
    assert to_datetime(seconds).tzinfo is timezone.utc
