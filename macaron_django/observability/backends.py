"""Subscribes backends to events. The setting ``OBSERVABILITY["BACKENDS"]`` names these backends.

Other backends aren't imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django.utils.module_loading import import_string

from macaron_django import events
from macaron_django.conf import settings, under_compat
from macaron_django.observability.event_backend import EventBackend

__all__ = ["BACKENDS", "Backend", "follow_settings", "is_subscriber", "missing_distributions", "slow_call_ms"]


class Backend(NamedTuple):
    """A backend: its subscriber, the library that the subscriber imports, and the extra that installs this library."""

    subscriber: str
    module: str | None = None
    extra: str = ""


_ROOM: Final = "macaron_django.observability"
_METRICS: Final = f"{_ROOM}.metrics"
#: The backends by the names that the setting gives them.
BACKENDS: Final[Mapping[str, Backend]] = MappingProxyType(
    {
        "emf": Backend(f"{_METRICS}.emf_lines.EMFLines"),
        "json_logs": Backend(f"{_ROOM}.json_logs.JSONLogs", "pythonjsonlogger", "logs"),
        "opentelemetry": Backend(f"{_ROOM}.opentelemetry_spans.OpenTelemetrySpans", "opentelemetry.trace", "otel"),
        "prometheus": Backend(f"{_METRICS}.prometheus_metrics.PrometheusMetrics", "prometheus_client", "prometheus"),
        "sentry": Backend(f"{_ROOM}.sentry_reports.SentryReports", "sentry_sdk", "sentry"),
    }
)
_SLOW_CALLS: Final = "slow calls"
#: PyMacaron's ``report_call_exceeding_ms``.
_PYMACARONS: Final = 1000


def missing_distributions() -> dict[str, str]:
    """Returns the named backends that can't be imported, with the extra to install for each."""
    named = [each for each in settings.OBSERVABILITY.BACKENDS if each in BACKENDS]
    return {each: BACKENDS[each].extra for each in named if not _is_installed(BACKENDS[each])}


def slow_call_ms() -> int | None:
    """Returns the milliseconds above which an operation is reported as slow, or None if slow operations aren't
    reported.
    """
    chosen: int | None = settings.OBSERVABILITY.REPORT_CALL_EXCEEDING_MS
    return _PYMACARONS if chosen is None and under_compat() else chosen


class _Subscribed:
    """The subscribers of this process, by the names of their backends."""

    def __init__(self) -> None:
        self._subscribers: dict[str, Any] = {}

    def be(self, wanted: Mapping[str, str]) -> None:
        """Stops subscribers that aren't in ``wanted``, and starts new ones.

        ``wanted`` maps the name of each backend to the dotted path of its subscriber.
        """
        for name in [each for each in self._subscribers if each not in wanted]:
            subscriber = self._subscribers.pop(name)
            events.unsubscribe(subscriber)
            if isinstance(subscriber, EventBackend):
                subscriber.stop()
        for name, dotted in wanted.items():
            if name not in self._subscribers:
                subscriber = self._subscribers[name] = import_string(dotted)()
                if isinstance(subscriber, EventBackend):
                    subscriber.start()
                events.subscribe(subscriber)


_subscribed = _Subscribed()


def follow_settings() -> None:
    """Subscribes the backends that are currently in the setting. ``check`` reports backends that can't be imported."""
    named = settings.OBSERVABILITY.BACKENDS
    wanted = {}
    for each in () if isinstance(named, str) else named:
        if each in BACKENDS:
            if _is_installed(BACKENDS[each]):
                wanted[each] = BACKENDS[each].subscriber
        elif is_subscriber(each):
            wanted[each] = each
    if slow_call_ms() is not None:
        wanted[_SLOW_CALLS] = f"{_ROOM}.slow_calls.SlowCalls"
    _subscribed.be(wanted)


def is_subscriber(dotted: Any) -> bool:
    """Returns whether a dotted path is the path of a subclass of Subscriber."""
    try:
        found = import_string(dotted)
    except (ImportError, AttributeError, TypeError):
        return False
    return isinstance(found, type) and issubclass(found, events.Subscriber)


def _is_installed(backend: Backend) -> bool:
    if backend.module is None:
        return True
    try:
        return find_spec(backend.module) is not None
    except ModuleNotFoundError:  # its parent package isn't installed
        return False
