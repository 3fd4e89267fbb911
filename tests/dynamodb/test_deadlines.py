"""What a request waits for DynamoDB is bounded; what commands and streamed answers wait isn't."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.db.models import Q
from django.test.utils import override_settings

from macaron_django import openapi
from macaron_django.admin.import_export.export_pages import ExportMixin
from macaron_django.api.answers.error_descriptions import describe
from macaron_django.api.answers.handler_results import respond
from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import EngineUnavailable, Throttled, WriteOutcomeUnknown
from macaron_django.schemas import Classes
from macaron_django.testing import Fault, FaultProxy

MakePersistence = Callable[..., Persistence]

#: Without a deadline, what hangs here takes at least ten minutes.
DEADLINE = 0.25
PATIENCE = 600.0
#: A deadline that a call meets on a busy machine, too.
LATER = 4.0


@pytest.fixture(params=["fast lane", "botocore", "event loop"])
def rows(request: pytest.FixtureRequest, embedded: engines.Engine, make_rows: MakePersistence) -> Iterator[Any]:
    """The manager of a table with an item, over patient settings."""
    given = {
        "TABLE_PREFIX": settings.DYNAMODB.TABLE_PREFIX,
        "FAST_LANE": request.param != "botocore",
        "READ_TIMEOUT": PATIENCE,
        "REQUEST_DEADLINE": DEADLINE,
    }
    if request.param == "event loop":
        request.getfixturevalue("event_loop_driver")
    with override_settings(MACARON={"DYNAMODB": given}):
        model = make_rows(scan="allowed").model
        model.objects.create(profile_id="a", age=1)
        yield model.objects
    reset()


@contextmanager
def quiet_signals() -> Iterator[None]:
    """Leave the test's database connection open, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@contextmanager
def http_request() -> Iterator[None]:
    """What Django's handlers say before and after a request."""
    with quiet_signals():
        request_started.send(sender=None, environ={})
        try:
            yield
        finally:
            request_finished.send(sender=None)


@contextmanager
def faulty(delay: float = PATIENCE, operations: set[str] | None = None) -> Iterator[FaultProxy]:
    """The engine behind a proxy, over a connection that is open already."""
    url = engines.current().endpoint_url
    assert url is not None
    with FaultProxy(url, delay=delay, operations=operations) as proxy, engines.use(EndpointEngine(proxy.url)):
        reset()
        yield proxy


@contextmanager
def soon() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < PATIENCE / 10


def test_a_read_that_nobody_answers_is_504(rows: Any) -> None:
    with faulty() as proxy:
        rows.get(profile_id="a")
        proxy.inject([Fault.DELAY] * 9)
        with soon(), http_request(), pytest.raises(EngineUnavailable) as refused:
            rows.get(profile_id="a")
    assert describe(refused.value).status == 504


@pytest.mark.parametrize(
    ("write", "operation"),
    [
        (lambda rows: rows.filter(profile_id="a").update(age=2), "UpdateItem"),
        (lambda rows: rows.create(profile_id="b"), "PutItem"),
        (lambda rows: rows.get(profile_id="a").delete(), "DeleteItem"),
        (lambda rows: rows.bulk_create([rows.model(profile_id="b")], update_conflicts=True), "BatchWriteItem"),
        (lambda rows: rows.bulk_create([rows.model(profile_id="b")]), "TransactWriteItems"),
    ],
)
def test_a_write_that_nobody_answers_is_of_unknown_outcome(
    rows: Any, write: Callable[[Any], Any], operation: str
) -> None:
    with faulty(operations={operation}) as proxy:
        rows.get(profile_id="a")
        proxy.inject([Fault.DELAY] * 9)
        with soon(), http_request(), pytest.raises(WriteOutcomeUnknown):
            write(rows)


def test_a_request_on_an_event_loop_is_bounded_too(rows: Any) -> None:
    async def answer(proxy: FaultProxy) -> None:
        async with ThreadSensitiveContext():  # as Django's ASGI handler
            await request_started.asend(sender=None, scope={})
            await rows.aget(profile_id="a")
            proxy.inject([Fault.DELAY] * 9)
            with pytest.raises(EngineUnavailable) as refused:
                await rows.aget(profile_id="a")
            assert describe(refused.value).status == 504
            await request_finished.asend(sender=None)

    given = {**_given(), "REQUEST_DEADLINE": LATER}
    with override_settings(MACARON={"DYNAMODB": given}), faulty() as proxy, quiet_signals():
        rows.get(profile_id="a")  # making a client takes a while
        with soon():
            async_to_sync(answer)(proxy)


def test_pauses_count_and_the_next_call_is_not_sent(rows: Any) -> None:
    with faulty() as proxy, http_request():
        proxy.inject([Fault.DELAY] * 9)
        with pytest.raises(EngineUnavailable):
            rows.get(profile_id="a")
        proxy.inject([])
        before = len(proxy.exchanges)
        for call in (lambda: rows.get(profile_id="a"), lambda: rows.create(profile_id="c")):
            with pytest.raises(EngineUnavailable, match="REQUEST_DEADLINE") as refused:
                call()
            assert describe(refused.value).status == 504
        assert len(proxy.exchanges) == before
    assert rows.filter(profile_id="c").count() == 0


@pytest.mark.parametrize("attempts", [1000])
def test_throttling_is_waited_out_no_longer_than_the_deadline(rows: Any, attempts: int) -> None:
    given = {**_given(), "MAX_ATTEMPTS": attempts}
    with override_settings(MACARON={"DYNAMODB": given}), faulty() as proxy:
        proxy.inject([Fault.THROTTLED] * attempts)
        with http_request(), pytest.raises(EngineUnavailable) as refused:
            rows.get(profile_id="a")
        assert describe(refused.value).status == 504
        with http_request(), pytest.raises(Throttled):
            rows.create(profile_id="b")
        assert len(proxy.exchanges) < attempts / 50


def test_many_calls_share_the_deadline_of_their_request(rows: Any) -> None:
    with faulty(delay=DEADLINE / 2) as proxy, http_request():
        proxy.inject([Fault.DELAY] * 99)
        with pytest.raises(EngineUnavailable):
            list(map(rows.get, [Q(profile_id="a")] * 99))
    assert len(proxy.exchanges) <= 4


def test_commands_are_not_bounded(rows: Any) -> None:
    with faulty(delay=2 * DEADLINE) as proxy:
        proxy.inject([Fault.DELAY] * 2)
        assert [rows.get(profile_id="a").age for _ in range(2)] == [1, 1]


STREAMING = {
    "openapi": "3.1.0",
    "info": {"title": "Export", "version": "1"},
    "paths": {"/ages": {"get": {"responses": {"200": {"description": "", "content": {"application/jsonl": {}}}}}}},
}


def test_streamed_answers_are_not_bounded(rows: Any) -> None:
    document = openapi.load(STREAMING)
    (operation,) = document.operations

    def ages() -> Iterator[int]:
        for _ in range(2):
            yield rows.get(profile_id="a").age

    with faulty(delay=2 * DEADLINE) as proxy, http_request():
        proxy.inject([Fault.DELAY] * 2)
        response: Any = respond(ages(), operation, Classes("export", document))
        assert b"".join(response.streaming_content) == b"1\n1\n"


def test_the_admins_exports_are_not_bounded(rows: Any) -> None:
    with faulty(delay=2 * DEADLINE) as proxy, http_request():
        proxy.inject([Fault.DELAY] * 2)
        page: Any = type("Page", (ExportMixin,), {"model": rows.model, "opts": rows.model._meta})
        answer = page._export(page.__new__(page), None, rows.iterator(), "jsonl")
        assert b"".join(answer.streaming_content) == b'{"profile_id":"a","age":1}\n'


def test_a_connection_has_its_own_timeout_again_after_a_short_one(rows: Any) -> None:
    given = {**_given(), "REQUEST_DEADLINE": LATER}
    with override_settings(MACARON={"DYNAMODB": given}), faulty(delay=LATER + 1) as proxy:
        assert rows.get(profile_id="a").age == 1  # making a client takes a while
        with http_request():
            assert rows.get(profile_id="a").age == 1
        proxy.inject([Fault.DELAY])
        assert rows.get(profile_id="a").age == 1
    assert [exchange.fault for exchange in proxy.exchanges] == [None, None, Fault.DELAY]


def _given() -> dict[str, Any]:
    names = ("TABLE_PREFIX", "FAST_LANE", "READ_TIMEOUT", "REQUEST_DEADLINE")
    return {name: getattr(settings.DYNAMODB, name) for name in names}
