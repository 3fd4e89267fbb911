"""Settings say which backends are subscribed, and what isn't named is neither imported nor asked."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.test import override_settings

from macaron_django import events
from macaron_django.observability import backends
from macaron_django.observability.backends import BACKENDS, follow_settings, missing_distributions

START = """
import sys
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["macaron_django"], MACARON={"APIS": {}, "OBSERVABILITY": {"BACKENDS": sys.argv[1:]}}
)
import django
django.setup()
wanted = ("macaron_django.observability", "prometheus_client", "pythonjsonlogger")
print(*(name for name in wanted if name in sys.modules))
"""


def imported(*named: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", START, *named], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_backend_that_is_not_named_is_not_imported() -> None:
    assert imported() == []
    assert imported("prometheus") == ["macaron_django.observability", "prometheus_client"]
    assert imported("emf") == ["macaron_django.observability"]


def kinds_told() -> set[str]:
    known = (events.OPERATIONS, events.DYNAMODB_CALLS, events.CLIENT_CALLS, events.TASKS, events.BLOCKS)
    return {kind.method for kind in known if kind.subscribers}


@pytest.fixture(autouse=True)
def _as_set() -> None:
    """Stop what an earlier test of PyMacaron's old names has started."""
    follow_settings()


def test_backends_follow_the_settings() -> None:
    assert kinds_told() == set()
    with override_settings(MACARON={"OBSERVABILITY": {"BACKENDS": ["emf"]}}):
        assert kinds_told() == {"operation", "dynamodb_call"}
        with override_settings(MACARON={"OBSERVABILITY": {"BACKENDS": ["json_logs"]}}):
            assert kinds_told() == set()
    assert kinds_told() == set()


def test_slow_calls_are_reported_under_compat_as_pymacaron_does() -> None:
    with override_settings(MACARON={"COMPAT": True}):
        assert backends.slow_call_ms() == 1000
        assert kinds_told() == {"operation"}
    assert backends.slow_call_ms() is None


def test_what_is_not_installed_or_not_known_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"gone": backends.Backend("no.such.Subscriber", "no_such_module", "gone")}
    monkeypatch.setattr(backends, "BACKENDS", {**BACKENDS, **gone})
    with override_settings(MACARON={"OBSERVABILITY": {"BACKENDS": ["gone", "unknown"]}}):
        follow_settings()
        assert missing_distributions() == {"gone": "gone"}
        assert kinds_told() == set()
