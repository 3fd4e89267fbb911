"""PyMacaron's ``monitor``, and its reports of slow calls."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import override_settings
from prometheus_client import REGISTRY

from macaron_django.conf import get_config
from macaron_django.observability import monitor, monitor_init
from macaron_django.observability.slow_calls import report_slow
from tests.observability.conftest import WAYS
from tests.recorded_events import RecordedEvents


def test_a_block_is_told_with_how_it_ended(recorded: RecordedEvents) -> None:
    with monitor(kind="mail", method="send"):
        pass
    with pytest.raises(ZeroDivisionError), monitor(kind="mail"):
        raise ZeroDivisionError
    good, bad = recorded.ended
    assert good[:3] == ("mail", "send", None)
    assert (good.exception, type(bad.exception), bad.method) == (None, ZeroDivisionError, "Unknown")
    assert good.duration > 0
    assert recorded.open == recorded.entered == 0


def test_without_subscribers_a_block_only_runs() -> None:
    monitor_init(app=None, config=None, celery=True)
    with monitor():
        done = True
    assert done


def test_prometheus_measures_blocks() -> None:
    with override_settings(MACARON={"OBSERVABILITY": {"BACKENDS": ["prometheus"]}}):
        with monitor(kind="mail", method="send"):
            pass
        labels = {"kind": "mail", "method": "send", "outcome": "succeeded"}
        assert REGISTRY.get_sample_value("macaron_block_duration_seconds_count", labels) == 1
    assert REGISTRY.get_sample_value("macaron_block_duration_seconds_count", labels) is None


@pytest.mark.parametrize("way", WAYS)
def test_an_operation_that_takes_longer_than_the_setting_is_reported(way: str, notes: Any) -> None:
    told: list[Any] = []
    macaron = {
        "OBSERVABILITY": {"REPORT_CALL_EXCEEDING_MS": 0},
        "ERROR_REPORTER": lambda title, data, exception: told.append((title, data)),
    }
    answer = notes(way, settings={"MACARON": macaron})
    started = time.monotonic()
    while not told and time.monotonic() < started + 300:  # it takes more than half a millisecond at the latest once
        assert answer("GET /notes/a")[0] == 200
    title, data = told[0]
    assert title.startswith("readNote took ")
    assert data["slow_call"]["route"] == "/notes/{id}"
    assert data["is_fatal_error"] is False
    assert data["request"]["path"] == "/notes/a"


def test_fast_operations_are_not_reported(notes: Any) -> None:
    told: list[Any] = []
    macaron = {"OBSERVABILITY": {"REPORT_CALL_EXCEEDING_MS": 600_000}, "ERROR_REPORTER": lambda *_: told.append(_)}
    assert notes(settings={"MACARON": macaron})("GET /notes/a")[0] == 200
    assert told == []


def test_a_function_that_takes_long_is_reported_without_its_arguments() -> None:
    told: list[Any] = []

    @report_slow(max_ms=-1)
    def work(secret: str) -> str:
        return secret

    with override_settings(MACARON={"ERROR_REPORTER": lambda title, data, exception: told.append((title, data))}):
        assert work("hush") == "hush"
        assert report_slow()(work.__wrapped__)("hush") == "hush"  # type: ignore[attr-defined]
    ((title, data),) = told
    assert "work took" in title
    assert data["slow_call"]["milliseconds"] >= 0
    assert "hush" not in str(data)


def test_get_config_has_pymacarons_default_until_a_setting_says_otherwise() -> None:
    assert get_config().report_call_exceeding_ms == 1000
    with override_settings(MACARON={"OBSERVABILITY": {"REPORT_CALL_EXCEEDING_MS": 250}}):
        assert get_config().report_call_exceeding_ms == 250
