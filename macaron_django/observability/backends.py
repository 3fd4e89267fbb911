"""Switches on the backends that the setting ``OBSERVABILITY`` names: each is imported then, and told what happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.module_loading import import_string

from macaron_django import events
from macaron_django.conf import settings

__all__ = ["BACKENDS", "Backends", "backends", "unusable_backends"]

#: Name → class of the subscriber, and the extra that installs what it imports.
BACKENDS: Final[Mapping[str, tuple[str, str]]] = {
    "opentelemetry": ("macaron_django.observability.opentelemetry_spans.OpenTelemetrySpans", "otel"),
    "sentry": ("macaron_django.observability.sentry_reports.SentryReports", "sentry"),
}


class Backends:
    """The backends of this process that are switched on, by name."""

    def __init__(self) -> None:
        self._made: dict[str, events.Subscriber] = {}
        self._on: list[str] = []

    def follow_settings(self) -> None:
        """Switches on what the settings name now, and off what they don't. Raises ``ImportError``."""
        wanted = [str(name) for name in settings.OBSERVABILITY or ()]
        for name in self._on:
            if name not in wanted:
                events.unsubscribe(self._made[name])
        self._on = []
        for name in wanted:
            if name not in self._made:
                self._made[name] = import_string(BACKENDS.get(name, (name, ""))[0])()
            events.subscribe(self._made[name])
            self._on.append(name)


backends = Backends()


def unusable_backends(names: Iterable[Any]) -> list[tuple[str, str]]:
    """Returns the names that lead to no subscriber, each with what to do."""
    found = []
    for name in names:
        dotted, extra = BACKENDS.get(name, (name, ""))
        try:
            subscriber = import_string(dotted)
        except (ImportError, AttributeError, TypeError):
            known = ", ".join(map(repr, BACKENDS))
            hint = (
                f"pip install 'macaron_django[{extra}]'" if extra else f"Name one of {known}, or a subscriber's class."
            )
            found.append((str(name), hint))
        else:
            if not (isinstance(subscriber, type) and issubclass(subscriber, events.Subscriber)):
                found.append((str(name), "Name a subclass of macaron_django.events.Subscriber."))
    return found
