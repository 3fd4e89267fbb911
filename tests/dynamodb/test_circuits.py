"""Requests don't queue behind a DynamoDB that doesn't answer, and go on when it does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from django.test.utils import override_settings

from macaron_django.checks import check_settings
from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls import circuits
from macaron_django.dynamodb.calls.call_attempts import _CallAttempt
from macaron_django.dynamodb.calls.circuits import Circuit, CircuitOpenError
from macaron_django.dynamodb.calls.clients import clients, reset
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import EngineUnavailable, PyMacaronException, WriteOutcomeUnknown
from macaron_django.testing import Fault, FaultProxy
from tests.dynamodb.test_deadlines import http_request


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time by which circuits open and close: a list of one number."""
    now = [1000.0]
    monkeypatch.setattr(circuits.time, "monotonic", lambda: now[0])
    return now


def test_a_circuit_opens_tries_one_call_and_closes(clock: list[float]) -> None:
    circuit = Circuit(2, patience=8.0)
    circuit.failed()
    assert not circuit.until
    circuit.failed()
    assert circuit.until == 1001.0
    circuit.failed()  # it was under way
    with pytest.raises(CircuitOpenError) as refused:
        circuit.enter()
    assert refused.value.seconds == 1.0
    clock[0] += 1
    circuit.enter()
    with pytest.raises(CircuitOpenError):
        circuit.enter()
    circuit.failed()
    assert circuit.until == 1003.0
    clock[0] += 2
    circuit.enter()
    clock[0] += 8  # the call that was tried never came back
    circuit.enter()
    circuit.succeeded()
    assert (circuit.until, circuit.failures) == (0.0, 0)


def test_the_pauses_are_longer_each_time_up_to_a_bound(clock: list[float]) -> None:
    circuit = Circuit(1, patience=8.0)
    circuit.failed()
    pauses = []
    for _ in range(7):
        pauses.append(circuit.until - clock[0])
        clock[0] = circuit.until
        circuit.enter()
        circuit.failed()
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_a_call_that_says_nothing_lets_the_next_one_through(clock: list[float]) -> None:
    circuit = Circuit(1, patience=8.0)
    circuit.failed()
    clock[0] += 1
    circuit.enter()
    circuit.given_up()
    circuit.enter()
    with pytest.raises(CircuitOpenError):
        circuit.enter()
    circuit.failed()
    circuit.given_up()  # nothing is tried
    with pytest.raises(CircuitOpenError):
        circuit.enter()


def test_one_of_many_threads_is_let_through(clock: list[float]) -> None:
    circuit = Circuit(1, patience=8.0)
    circuit.failed()
    clock[0] += 1
    entered = []

    def enter() -> None:
        try:
            circuit.enter()
        except CircuitOpenError:
            return
        entered.append(True)

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entered == [True]


@pytest.fixture(params=["fast lane", "botocore", "event loop"])
def rows(
    request: pytest.FixtureRequest, embedded: engines.Engine, make_rows: Callable[..., Persistence]
) -> Iterator[Any]:
    """The manager of a table with an item."""
    given = {
        "TABLE_PREFIX": settings.DYNAMODB.TABLE_PREFIX,
        "FAST_LANE": request.param != "botocore",
        "MAX_ATTEMPTS": 2,
        "CIRCUIT_FAILURES": 4,
        "READ_TIMEOUT": 60.0,
        "REQUEST_DEADLINE": 60.0,
    }
    if request.param == "event loop":
        request.getfixturevalue("event_loop_driver")
    with override_settings(MACARON={"DYNAMODB": given}):
        model = make_rows().model
        model.objects.create(profile_id="a", age=1)
        yield model.objects
    reset()


def failure(ask: Callable[[], Any]) -> PyMacaronException:
    with http_request(), pytest.raises(PyMacaronException) as failed:
        ask()
    return failed.value


def present_circuit() -> Circuit:
    circuit = clients.current().circuit
    assert circuit is not None
    return circuit


def test_requests_are_refused_at_once_while_the_engine_fails_and_answered_when_it_is_back(
    rows: Any, embedded: engines.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = str(embedded.endpoint_url)
    monkeypatch.setattr(circuits, "_FIRST_PAUSE", 600.0)
    faults = [Fault.DROP_BEFORE] * 4
    with FaultProxy(target, faults, operations={"GetItem"}) as proxy, engines.use(EndpointEngine(proxy.url)):
        reset()
        for _ in range(2):
            assert failure(lambda: rows.get(pk="a")).headers == {"Retry-After": "1"}
        before = len(proxy.exchanges)
        refused = failure(lambda: rows.get(pk="a"))
        assert isinstance(refused, EngineUnavailable)
        assert (refused.status, refused.code) == (503, "DATABASE_UNAVAILABLE")
        assert 500 < int(refused.headers["Retry-After"]) <= 600
        assert isinstance(failure(lambda: rows.create(profile_id="b")), EngineUnavailable)
        assert len(proxy.exchanges) == before  # nothing was sent
        assert rows.get(pk="a").age == 1  # a command's call is
        present_circuit().until = 1.0  # the pause is over
        with http_request():
            assert rows.get(pk="a").age == 1
            assert rows.get(pk="a").age == 1
        assert present_circuit().until == 0.0
    reset()


def test_a_stopped_engine_opens_the_circuit(rows: Any, make_rows: Callable[..., Persistence]) -> None:
    from macaron_django.testing.isolation import engine_in_memory

    engine = engine_in_memory("embedded")
    engine.start()
    with engines.use(EndpointEngine(str(engine.endpoint_url))):
        reset()
        own = make_rows().model.objects
        own.create(profile_id="a")
        engine.shut_down()
        assert engine.wait_for_end(300)
        messages = [str(failure(lambda: own.get(pk="a"))) for _ in range(4)]
        assert "wasn't sent" not in messages[0]
        assert "wasn't sent" in messages[-1]
    reset()


def test_a_hung_engine_holds_no_more_requests(rows: Any, embedded: engines.Engine) -> None:
    """Without the circuit, each of them would wait for its deadline."""
    target, faults = str(embedded.endpoint_url), [Fault.DELAY] * 20
    given = {"TABLE_PREFIX": settings.DYNAMODB.TABLE_PREFIX, "FAST_LANE": settings.DYNAMODB.FAST_LANE}
    given |= {"REQUEST_DEADLINE": 0.25, "MAX_ATTEMPTS": 1, "CIRCUIT_FAILURES": 2}
    with (
        override_settings(MACARON={"DYNAMODB": given}),
        FaultProxy(target, faults, operations={"GetItem"}, delay=600.0) as proxy,
        engines.use(EndpointEngine(proxy.url)),
    ):
        reset()
        for _ in range(2):
            assert "wasn't sent" not in str(failure(lambda: rows.get(pk="a")))
        refused = failure(lambda: rows.get(pk="a"))
        assert (refused.status, "wasn't sent" in str(refused)) == (503, True)
    reset()


class Hanging(_CallAttempt):
    async def _wait(self, made: Any) -> Any:
        await asyncio.Event().wait()


def test_a_trial_whose_client_leaves_lets_the_next_one_through(rows: Any) -> None:
    circuit = present_circuit()
    circuit.failures, circuit.until = 4, 1.0  # the pause is over

    async def leave() -> None:
        asked = asyncio.create_task(Hanging("GetItem", {}, None, 60.0, None).wait())
        while not circuit._is_trying:
            await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(leave())
    with http_request():
        assert rows.get(pk="a").age == 1
    assert circuit.until == 0.0


class NeverSent(_CallAttempt):
    def _block(self, made: Any) -> Any:
        raise NoCredentialsError


@pytest.mark.parametrize("pause", [0.0, 1.0])
def test_a_call_that_is_never_sent_says_nothing_of_the_engine(rows: Any, pause: float) -> None:
    circuit = present_circuit()
    circuit.failures, circuit.until = 3, pause
    with pytest.raises(NoCredentialsError):
        NeverSent("GetItem", {}, None, 60.0, None).block()
    assert (circuit.failures, bool(circuit.until)) == (3, bool(pause))
    circuit.enter()


def test_an_answer_that_refuses_a_call_is_an_answer(rows: Any) -> None:
    with http_request():
        present_circuit().failed()
        with pytest.raises(rows.model.DoesNotExist):
            rows.get(pk="nobody")
        assert present_circuit().failures == 0
        present_circuit().failed()
        with pytest.raises(PyMacaronException):
            rows.create(profile_id="a")  # its condition fails
        assert present_circuit().failures == 0


def test_a_write_that_may_have_been_applied_is_unknown_though_the_next_attempt_is_refused(
    rows: Any, embedded: engines.Engine
) -> None:
    target, faults = str(embedded.endpoint_url), [Fault.DROP_AFTER] * 4
    with FaultProxy(target, faults, operations={"PutItem"}) as proxy, engines.use(EndpointEngine(proxy.url)):
        reset()
        present_circuit()._limit = 1
        assert isinstance(failure(lambda: rows.create(profile_id="b")), WriteOutcomeUnknown)
    reset()


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", True])
def test_a_number_of_failures_that_means_nothing_is_an_error(value: object) -> None:
    with override_settings(MACARON={"DYNAMODB": {"CIRCUIT_FAILURES": value}}):
        (error,) = check_settings(None)
        assert error.id == "macaron_django.E102"
    with override_settings(MACARON={"DYNAMODB": {"CIRCUIT_FAILURES": None}}):
        assert check_settings(None) == []
