"""Decides how often a call to DynamoDB is tried again, and how long to pause before each attempt.

This module has one policy for each kind of retry. ``call_attempts`` decides which calls can be repeated
without writing twice.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, NamedTuple

from macaron_django.conf import settings
from macaron_django.dynamodb.calls import deadlines

__all__ = ["BACKUPS_AVAILABLE", "TABLE_READY", "UPDATE_CONFLICTS", "Attempt", "RetryPolicy", "batches", "calls"]


class Attempt(NamedTuple):
    """One attempt: its number (from 1), whether it is the last one, and the seconds since the first attempt began."""

    number: int
    is_last: bool
    seconds: float


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff. There are at most ``attempts`` attempts, or any number if ``attempts`` is None.

    The first pause is ``pause`` seconds. Each later pause is ``factor`` times the previous one, up to ``longest``
    seconds. With ``jitter``, each pause is a random part of this time ("full jitter", as AWS recommends). If an
    attempt begins more than ``patience`` seconds after the first attempt, there are no further attempts.
    """

    attempts: int | None = None
    pause: float = 0.0
    factor: float = 2.0
    longest: float = float("inf")
    jitter: bool = False
    patience: float = float("inf")

    def __iter__(self) -> Iterator[Attempt]:
        """Pauses before each attempt, and yields the attempt. The caller leaves the loop when an attempt has succeeded.

        >>> [attempt.is_last for attempt in RetryPolicy(attempts=3)]
        [False, False, True]
        """
        started = time.monotonic()
        for number, pause in enumerate(self.pauses(), 1):
            if pause:
                deadlines.pause(pause)
            seconds = time.monotonic() - started
            is_last = number == self.attempts or seconds > self.patience
            yield Attempt(number, is_last, seconds)
            if is_last:
                return

    def pauses(self) -> Iterator[float]:
        """Yields how many seconds to pause before each attempt: 0 before the first one. The caller must pause.

        >>> list(RetryPolicy(attempts=4, pause=1.0, longest=3.0).pauses())
        [0.0, 1.0, 2.0, 3.0]
        """
        pause = self.pause
        yield 0.0
        for _ in count() if self.attempts is None else range(self.attempts - 1):
            yield random.uniform(0, pause) if self.jitter else pause  # noqa: S311 (not a secret)
            pause = min(pause * self.factor, self.longest)


_CALLS: Final = RetryPolicy(pause=0.05, longest=2.0, jitter=True)
_BATCHES: Final = RetryPolicy(pause=0.05, longest=3.2)

#: For an update that is computed from an item. If another writer changes the item meanwhile, the update is repeated.
UPDATE_CONFLICTS: Final = RetryPolicy(attempts=10)
#: For waiting until a table or an index is ready. A table needs seconds, and an index over many items may need hours.
TABLE_READY: Final = RetryPolicy(pause=0.05, factor=1.5, longest=5.0)
#: For a new table: AWS returns ContinuousBackupsUnavailable for a while after a table was created.
BACKUPS_AVAILABLE: Final = RetryPolicy(pause=2.0, factor=1.0, patience=120.0)


def calls() -> RetryPolicy:
    """Returns the policy for a call that was throttled, that conflicted with a transaction, or that got no response."""
    return replace(_CALLS, attempts=max(1, int(settings.DYNAMODB.MAX_ATTEMPTS)))


def batches() -> RetryPolicy:
    """Returns the policy for the unprocessed part of a batch.

    If ``MAX_ATTEMPTS`` is less than 8, this policy has more attempts than the policy for a single call, because each
    attempt usually completes part of the batch. The policy never has more than 8 attempts.
    """
    return replace(_BATCHES, attempts=min(8, 1 + max(2, 2 * int(settings.DYNAMODB.MAX_ATTEMPTS))))
