"""Keeps the caller's database connections open while the caller's own thread serves a call.

Django closes a thread's old connections before and after each request. That would end the caller's transaction.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

__all__ = ["KeptConnections"]

#: The connection's method that Django calls before and after a request.
_CLOSES = "close_if_unusable_or_obsolete"


class _LeftOpen:
    """Replaces the method with which Django closes a database connection, while calls need the connection.

    ``calls`` is the number of these calls.
    """

    calls = 0

    def __call__(self) -> None:
        """Does nothing."""


class KeptConnections:
    """The connections that are open in the thread that calls ``keep()``.

    ``release()`` must be called in the same thread.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[Any, _LeftOpen]] = []

    def keep(self) -> None:
        """Prevents Django from closing this thread's open connections until ``release()``."""
        for connection in connections.all(initialized_only=True):
            if connection.connection is not None:
                kept = vars(connection).setdefault(_CLOSES, _LeftOpen())
                if isinstance(kept, _LeftOpen):
                    kept.calls += 1
                    self._kept.append((connection, kept))

    def release(self) -> None:
        """Lets Django close the connections again, unless another call in this thread still needs them."""
        while self._kept:
            connection, kept = self._kept.pop()
            kept.calls -= 1
            if not kept.calls:
                vars(connection).pop(_CLOSES, None)
