"""Records whether calls to a host succeed.

After too many failures, calls to the host pause: the circuit is open. The module also counts the retries that are left.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from macaron_django.attempts import Circuit, CircuitOpenError, CircuitRules
from macaron_django.exceptions import CircuitOpen

__all__ = ["HostState"]

#: The retries that a host has at the start. Further retries depend on the budget.
_FIRST_RETRIES = 10.0


class HostState:
    """The recent state of one host. Threads and event loops share this object. ``clock`` returns seconds."""

    def __init__(self, host: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.host, self.circuit = host, Circuit(clock)
        self._lock = threading.Lock()
        self._retries = _FIRST_RETRIES

    def admit(self, rules: CircuitRules) -> int:
        """Returns the result of the circuit's ``enter``. Raises ``CircuitOpen`` while the circuit is open."""
        try:
            return self.circuit.enter(rules)
        except CircuitOpenError as refused:
            message = f"{self.host} failed {refused.failures} times in a row: nothing is sent to it for a while."
            error = CircuitOpen(message)
            error.headers = {"Retry-After": str(math.ceil(refused.seconds))}
            raise error from refused

    def earn(self, budget: float) -> None:
        """Adds ``budget`` to the number of retries that are left. Each call earns this number of retries."""
        with self._lock:
            self._retries = min(self._retries + budget, _FIRST_RETRIES)

    def may_retry(self) -> bool:
        """Uses up one retry and returns True. Returns False if no retry is left."""
        with self._lock:
            if self._retries < 1:
                return False
            self._retries -= 1
            return True
