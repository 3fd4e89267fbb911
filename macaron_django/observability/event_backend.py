"""Defines the base class of this package's subscribers, which start and stop when the settings change."""

from __future__ import annotations

from macaron_django import events

__all__ = ["EventBackend"]


class EventBackend(events.Subscriber):
    """A subscriber that can be listed in the setting ``OBSERVABILITY["BACKENDS"]``."""

    def start(self) -> None:
        """Prepares the subscriber before it receives its first event."""

    def stop(self) -> None:
        """Releases the subscriber's resources after its last event, for example when a test changes settings."""
