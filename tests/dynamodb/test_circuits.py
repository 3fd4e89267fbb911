"""Requests don't queue behind a DynamoDB that doesn't answer, and go on when it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from django.test.utils import override_settings

from macaron_django.attempts import Circuit, CircuitRules
from macaron_django.checks import check_settings
from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls import clients as made_clients
from macaron_django.dynamodb.calls.call_attempts import _CallAttempt
from macaron_django.dynamodb.calls.clients import clients, reset
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import EngineUnavailable, PyMacaronException, WriteOutcomeUnknown
from macaron_django.testing import Fault, FaultProxy
from tests.dynamodb.test_deadlines import http_request


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
    return clients.current().circuit


def rules() -> CircuitRules:
    found = clients.current().circuit_rules
    assert found is not None
    return found


def end_pause(circuit: Circuit) -> None:
    circuit._since = float("-inf")


def opened() -> Circuit:
    """The circuit of the client, open, with its pause over."""
    circuit = present_circuit()
    for _ in range(4):
        circuit.failed(rules())
    assert not circuit.is_closed
    end_pause(circuit)
    return circuit


def test_requests_are_refused_at_once_while_the_engine_fails_and_answered_when_it_is_back(
    rows: Any, embedded: engines.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = str(embedded.endpoint_url)
    monkeypatch.setattr(made_clients, "_FIRST_PAUSE", 600.0)
    monkeypatch.setattr(made_clients, "_LONGEST_PAUSE", 600.0)
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
        end_pause(present_circuit())
        with http_request():
            assert rows.get(pk="a").age == 1
            assert rows.get(pk="a").age == 1
        assert present_circuit().is_closed
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
    circuit = opened()

    async def leave() -> None:
        asked = asyncio.create_task(Hanging("GetItem", {}, None, 60.0, None).wait())
        while not circuit._trial:
            await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(leave())
    with http_request():
        assert rows.get(pk="a").age == 1
    assert circuit.is_closed


class NeverSent(_CallAttempt):
    def _block(self, made: Any) -> Any:
        raise NoCredentialsError


@pytest.mark.parametrize("failures", [3, 4])
def test_a_call_that_is_never_sent_says_nothing_of_the_engine(rows: Any, failures: int) -> None:
    circuit = present_circuit()
    for _ in range(failures):
        circuit.failed(rules())
    end_pause(circuit)
    with pytest.raises(NoCredentialsError):
        NeverSent("GetItem", {}, None, 60.0, None).block()
    assert (circuit.failures, circuit.is_closed) == (failures, failures < 4)
    assert bool(circuit.enter(rules())) == (failures == 4)


def test_an_answer_that_refuses_a_call_is_an_answer(rows: Any) -> None:
    with http_request():
        present_circuit().failed(rules())
        with pytest.raises(rows.model.DoesNotExist):
            rows.get(pk="nobody")
        assert present_circuit().failures == 0
        present_circuit().failed(rules())
        with pytest.raises(PyMacaronException):
            rows.create(profile_id="a")  # its condition fails
        assert present_circuit().failures == 0


def test_a_write_that_may_have_been_applied_is_unknown_though_the_next_attempt_is_refused(
    rows: Any, embedded: engines.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, faults = str(embedded.endpoint_url), [Fault.DROP_AFTER] * 4
    with FaultProxy(target, faults, operations={"PutItem"}) as proxy, engines.use(EndpointEngine(proxy.url)):
        reset()
        monkeypatch.setattr(clients, "_made", clients.current()._replace(circuit_rules=rules()._replace(failures=1)))
        assert isinstance(failure(lambda: rows.create(profile_id="b")), WriteOutcomeUnknown)
    reset()


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", True])
def test_a_number_of_failures_that_means_nothing_is_an_error(value: object) -> None:
    with override_settings(MACARON={"DYNAMODB": {"CIRCUIT_FAILURES": value}}):
        (error,) = check_settings(None)
        assert error.id == "macaron_django.E102"
    with override_settings(MACARON={"DYNAMODB": {"CIRCUIT_FAILURES": None}}):
        assert check_settings(None) == []
