"""Refuses a request's calls at once while DynamoDB doesn't answer, so that requests don't queue behind it.

A circuit opens after some failures in a row, lets one call through after a pause, and closes again when that is
answered. While it is closed, it costs one comparison. (A general library would take a lock for each call.)
"""

from __future__ import annotations

import threading
import time
from typing import Final

from botocore.exceptions import BotoCoreError

__all__ = ["Circuit", "CircuitOpenError"]

#: Seconds: the first pause, and the longest, as each is twice the one before.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0


class CircuitOpenError(BotoCoreError):
    """A call that wasn't sent, because those before it weren't answered. ``seconds``: until one is sent again."""

    fmt = "{failures} calls in a row got no answer, so this one wasn't sent; the next attempt is in {seconds:.1f} s"

    def __init__(self, failures: int, seconds: float) -> None:
        super().__init__(failures=failures, seconds=seconds)
        self.seconds = seconds


class Circuit:
    """The circuit of a client, which ``limit`` failures in a row open. ``patience``: seconds that one call may take."""

    __slots__ = ("_is_trying", "_limit", "_lock", "_patience", "_pause", "failures", "until")

    def __init__(self, limit: int, patience: float) -> None:
        self._limit, self._patience, self._lock = limit, patience, threading.Lock()
        self._pause, self._is_trying = _FIRST_PAUSE, False
        #: In a row, up to now.
        self.failures = 0
        #: When the next call may be tried, by the monotonic clock; 0 while the circuit is closed.
        self.until = 0.0

    def enter(self) -> None:
        """Lets a call through if one is due; others raise ``CircuitOpenError`` until that one has an outcome."""
        with self._lock:
            seconds = self.until - time.monotonic()
            if self.until and seconds > 0:
                raise CircuitOpenError(self.failures, seconds)
            self.until, self._is_trying = time.monotonic() + self._patience, True

    def given_up(self) -> None:
        """Lets the next call through: the call that was tried has no outcome, for example because its client
        disconnected.
        """
        with self._lock:
            if self._is_trying:
                self.until, self._is_trying = time.monotonic(), False

    def failed(self) -> None:
        """Counts a call that wasn't answered."""
        with self._lock:
            self.failures += 1
            if self._is_trying:
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            elif self.until or self.failures < self._limit:
                return  # calls that were under way when it opened fail one after the other
            self.until, self._is_trying = time.monotonic() + self._pause, False

    def succeeded(self) -> None:
        """Closes the circuit: a call was answered."""
        with self._lock:
            self.failures, self.until, self._pause, self._is_trying = 0, 0.0, _FIRST_PAUSE, False
