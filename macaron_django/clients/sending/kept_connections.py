"""Keeps the caller's connections to databases open while an API of this process answers in the same thread.

Django closes a thread's old connections before and after each request, which would end the caller's transaction.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

__all__ = ["KeptConnections"]

#: What Django calls before and after a request.
_CLOSES = "close_if_unusable_or_obsolete"


class _LeftOpen:
    """Replaces a method of a connection while ``calls`` are answered in the connection's thread."""

    calls = 0

    def __call__(self) -> None:
        """Does nothing."""


class KeptConnections:
    """The connections that are open in the thread of ``keep()``. ``release()`` must be called in the same thread."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, _LeftOpen]] = []

    def keep(self) -> None:
        """Keeps this thread's open connections open until ``release()``."""
        for connection in connections.all(initialized_only=True):
            if connection.connection is not None:
                kept = vars(connection).setdefault(_CLOSES, _LeftOpen())
                if isinstance(kept, _LeftOpen):
                    kept.calls += 1
                    self._kept.append((connection, kept))

    def release(self) -> None:
        """Gives the connections back to Django when the last of several calls ends."""
        while self._kept:
            connection, kept = self._kept.pop()
            kept.calls -= 1
            if not kept.calls:
                vars(connection).pop(_CLOSES, None)
