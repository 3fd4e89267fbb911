"""Retry policies: how many attempts, and which pauses before them."""

from __future__ import annotations

import itertools
import time

import pytest
from django.test.utils import override_settings

from macaron_django.dynamodb.calls import retries
from macaron_django.dynamodb.calls.retries import RetryPolicy


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses made, by a clock that they alone move."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(made))
    return made


def test_pauses_grow_to_the_longest_and_none_follows_the_last_attempt(pauses: list[float]) -> None:
    attempts = list(RetryPolicy(attempts=5, pause=1.0, factor=2.0, longest=3.0))
    assert [(attempt.number, attempt.is_last) for attempt in attempts] == [
        (1, False),
        (2, False),
        (3, False),
        (4, False),
        (5, True),
    ]
    assert pauses == [1.0, 2.0, 3.0, 3.0]
    assert [attempt.seconds for attempt in attempts] == [0.0, 1.0, 3.0, 6.0, 9.0]


def test_one_attempt_is_the_last_one(pauses: list[float]) -> None:
    assert [attempt.is_last for attempt in RetryPolicy(attempts=1, pause=1.0)] == [True]
    assert pauses == []


def test_jitter_takes_a_random_part_of_each_pause(pauses: list[float]) -> None:
    list(RetryPolicy(attempts=200, pause=1.0, factor=1.0, jitter=True))
    assert all(0 <= pause <= 1 for pause in pauses)
    assert max(pauses) - min(pauses) > 0.5


def test_after_its_patience_the_next_attempt_is_the_last_one(pauses: list[float]) -> None:
    assert len(list(RetryPolicy(pause=2.0, factor=1.0, patience=5.0))) == 4
    assert pauses == [2.0, 2.0, 2.0]


def test_without_a_limit_attempts_go_on(pauses: list[float]) -> None:
    endless = RetryPolicy(pause=0.0)
    assert not any(attempt.is_last for attempt in itertools.islice(endless, 1000))
    assert pauses == []


@pytest.mark.parametrize(("configured", "calls", "batches"), [(0, 1, 3), (1, 1, 3), (3, 3, 7), (9, 9, 8)])
def test_the_setting_limits_calls_and_batches(configured: int, calls: int, batches: int) -> None:
    with override_settings(MACARON={"DYNAMODB": {"MAX_ATTEMPTS": configured}}):
        assert retries.calls().attempts == calls
        assert retries.batches().attempts == batches
