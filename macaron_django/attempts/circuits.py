"""Stops calls to something that doesn't answer, so that callers don't queue behind it.

A circuit opens after some failures in a row. After a pause it lets one call through, the trial, whose outcome closes it
or begins the next pause. While it is closed, it costs two comparisons.

Libraries don't fit: pybreaker holds a lock as long as a call takes, and knows Tornado's coroutines only; circuitbreaker
has no lock, and lets every call through after the pause.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

__all__ = ["Circuit", "CircuitOpenError", "CircuitRules"]

#: A pause is at most so many times the first one, which keeps the number finite.
_MOST_TIMES: Final = 2.0**60


class CircuitRules(NamedTuple):
    """When a circuit opens, and for how long. Times are in seconds."""

    #: Failures in a row that open it; None: none do.
    failures: int | None
    #: From a failure to the trial. Each further pause is twice the one before.
    first_pause: float
    longest_pause: float
    #: How long other calls wait for a trial's outcome; then one of them is the trial.
    patience: float


class CircuitOpenError(Exception):
    """A call must not be made: ``failures`` calls in a row failed, and the next trial is in ``seconds``."""

    def __init__(self, failures: int, seconds: float) -> None:
        super().__init__(f"{failures} calls in a row failed; the next one can be made in {seconds:.1f} s")
        self.failures, self.seconds = failures, seconds


class Circuit:
    """What calls to one server have shown. Threads and event loops share it: it never waits while it has its lock.

    Each call begins with ``enter`` and ends with ``succeeded``, ``failed`` or, where its outcome says nothing about the
    server, ``given_up``. The caller decides what a failure is. ``clock`` returns seconds.

    >>> rules = CircuitRules(failures=1, first_pause=600, longest_pause=600, patience=60)
    >>> circuit = Circuit()
    >>> circuit.failed(rules, circuit.enter(rules))
    >>> circuit.enter(rules)
    Traceback (most recent call last):
    macaron_django.attempts.circuits.CircuitOpenError: 1 calls in a row failed; the next one can be made in 600.0 s
    """

    __slots__ = ("_clock", "_lock", "_since", "_times", "_trial", "_trials", "failures", "is_closed")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        #: In a row, up to now.
        self.failures = 0
        self.is_closed = True
        #: When the pause or the trial began, and how many times the first pause this one is.
        self._since, self._times = 0.0, 1.0
        #: The number of the trial whose outcome is awaited, 0 for none; and of the last one.
        self._trial = self._trials = 0

    def enter(self, rules: CircuitRules) -> int:
        """Lets a call through: returns its number if it is a trial, else 0.

        Raises ``CircuitOpenError`` if the call mustn't be made.
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
        """Closes the circuit: a call was answered."""
        if self.failures or not self.is_closed:
            with self._lock:
                self.failures, self.is_closed, self._trial = 0, True, 0

    def failed(self, rules: CircuitRules, trial: int = 0) -> None:
        """Counts a call that wasn't answered; ``trial`` is what ``enter`` has returned for it."""
        with self._lock:
            self.failures += 1
            if trial and trial == self._trial:
                self._times = min(2 * self._times, _MOST_TIMES)
            elif not self.is_closed or rules.failures is None or self.failures < rules.failures:
                return  # calls that were under way when it opened fail one after the other
            else:
                self._times = 1.0
            self.is_closed, self._trial, self._since = False, 0, self._clock()

    def given_up(self, trial: int) -> None:
        """Lets the next call through: this one has no outcome, for example because its client disconnected."""
        with self._lock:
            if trial and trial == self._trial:
                self._trial, self._since = 0, float("-inf")

    def _pause(self, rules: CircuitRules) -> float:
        return rules.patience if self._trial else min(self._times * rules.first_pause, rules.longest_pause)
