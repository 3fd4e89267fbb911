"""Remembers how calls to a host went: whether no calls are made for a while, and how many retries are left."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from macaron_django.attempts import Circuit, CircuitOpenError, CircuitRules
from macaron_django.exceptions import CircuitOpen

__all__ = ["HostState"]

#: Retries that a host gets before its budget counts.
_FIRST_RETRIES = 10.0


class HostState:
    """How one host has answered recently. Threads and event loops share it. ``clock`` returns seconds."""

    def __init__(self, host: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.host, self.circuit = host, Circuit(clock)
        self._lock = threading.Lock()
        self._retries = _FIRST_RETRIES

    def admit(self, rules: CircuitRules) -> int:
        """Returns what the circuit's ``enter`` returns; raises ``CircuitOpen`` while the circuit is open."""
        try:
            return self.circuit.enter(rules)
        except CircuitOpenError as refused:
            message = f"{self.host} failed {refused.failures} times in a row: nothing is sent to it for a while."
            error = CircuitOpen(message)
            error.headers = {"Retry-After": str(math.ceil(refused.seconds))}
            raise error from refused

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
