"""Stops calls to a host that fails repeatedly, and limits its retries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from macaron_django.exceptions import CircuitOpen

__all__ = ["HostState"]

#: Retries that a host gets before its budget counts.
_FIRST_RETRIES = 10.0


class HostState:
    """How one host has answered recently. Threads and event loops share it.

    After ``failures`` failed calls in a row its circuit is open: calls are refused for ``seconds``. Then one call is
    let through, and its outcome decides. ``clock`` returns seconds.
    """

    def __init__(self, host: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.host, self._clock = host, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened: float | None = None
        self._retries = _FIRST_RETRIES

    def admit(self, seconds: float) -> None:
        """Raises ``CircuitOpen`` while the circuit is open; it stays open for ``seconds``, and while one call is
        tried.
        """
        with self._lock:
            if self._opened is None:
                return
            left = self._opened + seconds - self._clock()
            if left <= 0:
                self._opened = self._clock()  # others wait as long for the call that is tried
                return
        error = CircuitOpen(f"{self.host} failed {self._failed} times in a row: nothing is sent to it for a while.")
        error.headers = {"Retry-After": str(max(1, round(left)))}
        raise error

    def succeeded(self) -> None:
        """Closes the circuit."""
        with self._lock:
            self._failed, self._opened = 0, None

    def failed(self, failures: int | None) -> None:
        """Counts a failed call; ``failures`` in a row open the circuit, None never does."""
        with self._lock:
            self._failed += 1
            if failures is not None and self._failed >= failures:
                self._opened = self._clock()

    def earn(self, budget: float) -> None:
        """Adds one call's share to the budget for retries."""
        with self._lock:
            self._retries = min(self._retries + budget, _FIRST_RETRIES)

    def may_retry(self) -> bool:
        """Takes one retry from the budget; returns False if none is left."""
        with self._lock:
            if self._retries < 1:
                return False
            self._retries -= 1
            return True
