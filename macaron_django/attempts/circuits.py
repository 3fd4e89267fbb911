"""Stops calls to a server that doesn't answer, so that callers don't have to wait for it.

This module calls a circuit breaker a circuit. A circuit is closed while calls succeed, and lets all calls through. It
opens after some failures in a row, and refuses calls. After a pause, it lets one call through: the trial. If the trial
succeeds, the circuit closes. If the trial fails, the next pause begins. A closed circuit costs two comparisons for each
call.

The existing libraries aren't suitable. pybreaker holds a lock during a call, and supports only Tornado's coroutines.
circuitbreaker has no lock, and lets every call through after the pause.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

__all__ = ["Circuit", "CircuitOpenError", "CircuitRules"]

#: A pause is at most this many times the first pause, so that the number stays finite.
_MOST_TIMES: Final = 2.0**60


class CircuitRules(NamedTuple):
    """The conditions for opening a circuit, and the lengths of pauses. Times are in seconds."""

    #: The number of failures in a row that open the circuit. With None, it never opens.
    failures: int | None
    #: The time from a failure to the trial. Each further pause is twice as long as the pause before.
    first_pause: float
    longest_pause: float
    #: The longest wait for a trial's outcome. After it, the next call is a new trial.
    patience: float


class CircuitOpenError(Exception):
    """The circuit refuses a call, because the last ``failures`` calls failed.

    The next call can be made after ``seconds`` seconds.
    """

    def __init__(self, failures: int, seconds: float) -> None:
        super().__init__(f"failed calls in a row: {failures}; the next call can be made in {seconds:.1f} s")
        self.failures, self.seconds = failures, seconds


class Circuit:
    """The circuit breaker for calls to one server.

    Each call begins with ``enter`` and ends with ``succeeded`` or ``failed``. If the outcome of a call says nothing
    about the server, the call ends with ``given_up``. The caller decides what counts as a failure. ``clock`` returns
    seconds. Threads and event loops can share a circuit, because it never waits while it holds its lock.

    >>> rules = CircuitRules(failures=1, first_pause=600, longest_pause=600, patience=60)
    >>> circuit = Circuit()
    >>> circuit.failed(rules, circuit.enter(rules))
    >>> circuit.enter(rules)
    Traceback (most recent call last):
    macaron_django.attempts.circuits.CircuitOpenError: failed calls in a row: 1; the next call can be made in 600.0 s
    """

    __slots__ = ("_clock", "_lock", "_since", "_times", "_trial", "_trials", "failures", "is_closed")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        #: The number of failures in a row up to now.
        self.failures = 0
        self.is_closed = True
        #: When the pause or the trial began, and the length of the pause as a multiple of the first pause.
        self._since, self._times = 0.0, 1.0
        #: The number of the trial without an outcome (0 if there is none), and the number of the last trial.
        self._trial = self._trials = 0

    def enter(self, rules: CircuitRules) -> int:
        """Lets a call through. Returns the trial's number if the call is a trial, else 0.

        Raises ``CircuitOpenError`` if the call must not be made.
        """
        if self.is_closed:
            return 0
        with self._lock:
            if self.is_closed:
                return 0
            now = self._clock()
            seconds = self._since + self._pause(rules) - now
            if seconds > 0:
                raise CircuitOpenError(self.failures, seconds)
            self._since = now
            self._trials += 1
            self._trial = self._trials
            return self._trial

    def succeeded(self) -> None:
        """Closes the circuit after a successful call."""
        if self.failures or not self.is_closed:
            with self._lock:
                self.failures, self.is_closed, self._trial = 0, True, 0

    def failed(self, rules: CircuitRules, trial: int = 0) -> None:
        """Counts a failed call. ``trial`` is the number that ``enter`` has returned for the call."""
        with self._lock:
            self.failures += 1
            if trial and trial == self._trial:
                self._times = min(2 * self._times, _MOST_TIMES)
            elif not self.is_closed or rules.failures is None or self.failures < rules.failures:
                return  # the calls that were under way when the circuit opened fail one after the other
            else:
                self._times = 1.0
            self.is_closed, self._trial, self._since = False, 0, self._clock()

    def given_up(self, trial: int) -> None:
        """Ends a trial that neither succeeded nor failed, for example because its client disconnected.

        The next call is a new trial.
        """
        with self._lock:
            if trial and trial == self._trial:
                self._trial, self._since = 0, float("-inf")

    def _pause(self, rules: CircuitRules) -> float:
        return rules.patience if self._trial else min(self._times * rules.first_pause, rules.longest_pause)
