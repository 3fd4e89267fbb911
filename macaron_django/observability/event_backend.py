"""The base class of this package's subscribers, which start and stop with the settings."""

from __future__ import annotations

from macaron_django import events

__all__ = ["EventBackend"]


class EventBackend(events.Subscriber):
    """A subscriber that the setting ``OBSERVABILITY["BACKENDS"]`` can name."""

    def start(self) -> None:
        """Prepares the subscriber, before it receives events."""

    def stop(self) -> None:
        """Ends the subscriber when it receives no more events, for example when a test changes settings."""
