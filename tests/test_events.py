"""Subscribers learn what begins and ends, in the order in which spans nest, and can't break what they observe."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.test import RequestFactory

from macaron_django import events
from macaron_django.events import CLIENT_CALLS, DYNAMODB_CALLS, OPERATIONS, TASKS, TaskBegan, TaskEnded

BEGAN = TaskBegan("mail.send", "1", 1)
ENDED = TaskEnded("mail.send", "1", 1, 0.5, "succeeded", None)


class Recorder(events.Subscriber):
    """Keeps what it is told about tasks in a list, which several may share."""

    def __init__(self, name: str, told: list[Any]) -> None:
        self.name, self.told = name, told

    def task(self, began: TaskBegan) -> events.Observation[TaskEnded]:
        self.told.append((self.name, "began", began))
        return Recording(self)


class Recording(events.Observation[TaskEnded]):
    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def leave(self) -> None:
        self.recorder.told.append((self.recorder.name, "left", events.within()))

    def end(self, ended: TaskEnded) -> None:
        self.recorder.told.append((self.recorder.name, "ended", ended))


@pytest.fixture
def subscribed() -> Iterator[Any]:
    known: list[events.Subscriber] = []

    def add(subscriber: events.Subscriber) -> events.Subscriber:
        events.subscribe(subscriber)
        known.append(subscriber)
        return subscriber

    yield add
    for each in known:
        events.unsubscribe(each)


def happen() -> None:
    observed = TASKS.begin(BEGAN)
    observed.leave()
    observed.end(ENDED)


def test_what_began_first_ends_last_for_its_subscribers(subscribed: Any) -> None:
    told: list[Any] = []
    subscribed(Recorder("outer", told))
    subscribed(Recorder("inner", told))
    happen()
    assert told == [
        ("outer", "began", BEGAN),
        ("inner", "began", BEGAN),
        ("inner", "left", None),
        ("outer", "left", None),
        ("inner", "ended", ENDED),
        ("outer", "ended", ENDED),
    ]


def test_a_subscriber_is_told_only_of_the_kinds_whose_methods_it_overrides(subscribed: Any) -> None:
    subscribed(Recorder("only", []))
    assert len(TASKS.subscribers) == 1
    assert [kind.subscribers for kind in (OPERATIONS, DYNAMODB_CALLS, CLIENT_CALLS)] == [(), (), ()]


def test_subscribing_twice_is_as_once_and_unsubscribing_ends_it(subscribed: Any) -> None:
    told: list[Any] = []
    recorder = subscribed(Recorder("only", told))
    events.subscribe(recorder)
    happen()
    assert len(told) == 3
    events.unsubscribe(recorder)
    assert TASKS.subscribers == ()


def test_an_end_is_told_once(subscribed: Any) -> None:
    told: list[Any] = []
    subscribed(Recorder("only", told))
    observed = TASKS.begin(BEGAN)
    observed.leave()
    observed.end(ENDED)
    observed.end(ENDED)
    assert [what for _, what, _ in told] == ["began", "left", "ended"]
    assert observed.duration > 0


class Closing(events.Subscriber):
    """Wants to know of the ends of tasks only."""

    def __init__(self, told: list[Any]) -> None:
        self.told = told

    def task_ended(self, ended: TaskEnded) -> None:
        self.told.append(("closing", "ended", ended))


def test_a_subscriber_to_ends_is_told_after_those_that_observe(subscribed: Any) -> None:
    told: list[Any] = []
    closing = subscribed(Closing(told))
    events.subscribe(closing)
    subscribed(Recorder("observing", told))
    happen()
    assert [(who, what) for who, what, _ in told] == [
        ("observing", "began"),
        ("observing", "left"),
        ("observing", "ended"),
        ("closing", "ended"),
    ]
    assert told[-1][2] is ENDED


def test_what_has_begun_is_told_to_a_subscriber_to_ends_that_unsubscribes_before(subscribed: Any) -> None:
    told: list[Any] = []
    closing = subscribed(Closing(told))
    observed = TASKS.begin(BEGAN)
    events.unsubscribe(closing)
    assert TASKS.subscribers == ()
    observed.leave()
    observed.end(ENDED)
    happen()
    assert len(told) == 1


def test_code_learns_what_it_serves_until_that_is_left(subscribed: Any) -> None:
    subscribed(Recorder("only", []))
    assert events.within() is None
    observed = TASKS.begin(BEGAN)
    assert events.within() is BEGAN
    observed.leave()
    assert events.within() is None


class Failing(Recorder):
    def __init__(self, stage: str) -> None:
        super().__init__("failing", [])
        self.stage = stage

    def task(self, began: TaskBegan) -> events.Observation[TaskEnded]:
        if self.stage == "task":
            raise ZeroDivisionError
        return FailingLater(self)

    def task_ended(self, ended: TaskEnded) -> None:
        if self.stage == "task_ended":
            raise ZeroDivisionError


class FailingLater(Recording):
    def leave(self) -> None:
        self._fail("leave")

    def end(self, ended: TaskEnded) -> None:
        self._fail("end")

    def _fail(self, stage: str) -> None:
        assert isinstance(self.recorder, Failing)
        if self.recorder.stage == stage:
            raise ZeroDivisionError


class Mistaken(events.Subscriber):
    """Returns something that can be no observation."""

    def task(self, began: TaskBegan) -> Any:
        return True


class Borrowed(events.Subscriber):
    """Has a function without a name for a method."""

    task = staticmethod(partial(int, "no number"))


@pytest.mark.parametrize(("kind", "logged"), [(Mistaken, 2), (Borrowed, 1)])
def test_a_subscriber_that_is_wrongly_made_breaks_nothing_either(
    kind: type[events.Subscriber],
    logged: int,
    subscribed: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "_logged", set())
    told: list[Any] = []
    subscribed(kind())
    subscribed(Recorder("last", told))
    with caplog.at_level(logging.ERROR, "macaron_django"):
        happen()
        happen()
    assert len(told) == 6
    assert len(caplog.records) == logged


@pytest.mark.parametrize("stage", ["task", "leave", "end", "task_ended"])
def test_a_subscriber_that_fails_is_logged_once_and_changes_nothing_for_others(
    stage: str, subscribed: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_logged", set())
    told: list[Any] = []
    subscribed(Recorder("first", told))
    subscribed(Failing(stage))
    subscribed(Recorder("last", told))
    with caplog.at_level(logging.ERROR, "macaron_django"):
        happen()
        happen()
    assert len(told) == 12
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    assert f"{stage}, a subscriber" in record.getMessage()


def test_events_as_text_hold_nothing_that_may_be_secret() -> None:
    request = RequestFactory().get("/?token=hush")
    operation = events.OperationBegan("shop", "getOrder", "GET", "/orders/{id}", request)
    call = events.DynamoDBCallBegan("GetItem", ("orders",), "", operation, {"Key": {"id": {"S": "hush"}}})
    failed = events.TaskEnded("mail.send", "1", 1, 0.5, "failed", ValueError("hush"))
    for event in (operation, call, failed):
        assert "hush" not in repr(event)
    assert "route='/orders/{id}'" in repr(call)


def test_events_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        BEGAN.name = "other"  # type: ignore[misc]
