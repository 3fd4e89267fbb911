"""GET /ready says what a server lacks, within a time, and once to whoever reads the log."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from macaron_django.api import readiness
from macaron_django.api.builtin import NotReady
from macaron_django.checks import check_settings
from macaron_django.conf import settings as macaron
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.registry import registry
from tests.conftest import free_port

HERE = __name__
hanging = threading.Event()


def hangs() -> None:
    hanging.wait()


def lacks() -> str:
    return "the licence has ended"


def exits() -> None:
    raise SystemExit


@pytest.fixture
def ask(client: Any, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Asks GET /ready, under other settings; what `dynamodb` has changed outlives them."""
    opened = []

    def answer(**changed: Any) -> Any:
        section = {**django_macaron(), **changed}
        override = override_settings(MACARON=section)
        override.enable()
        opened.append(override)
        readiness.forget()
        return client.get("/ready")

    client.raise_request_exception = False
    monkeypatch.setattr(NotReady, "known", {})
    yield answer
    for each in reversed(opened):
        each.disable()
    readiness.forget()


def django_macaron() -> dict[str, Any]:
    from django.conf import settings

    return dict(settings.MACARON)


@pytest.fixture
def no_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_added", {})


def looking() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "macaron_django ready: DynamoDB"]


def description(answer: Any) -> str:
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer.json()["error"] == "NOT_READY"
    return str(answer.json()["error_description"])


@pytest.mark.django_db
def test_a_server_is_ready_once_its_tables_are_there(ask: Any, dynamodb: Any) -> None:
    answer = ask()
    assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.django_db
def test_a_table_that_is_not_there_is_named_and_found_again(ask: Any, dynamodb: Any) -> None:
    table = next(iter(registry["myserver"].persistences.values())).table
    name = table.Meta.table_name
    table._get_connection().connection.dispatch("DeleteTable", {"TableName": name})
    told = set()
    for _ in range(20):  # one of the tables that were there is looked at each time
        readiness.forget()
        answer = ask()
        if answer.status_code == 503:
            told.add(description(answer))
    assert told == {f"DynamoDB: the table {name} isn't there."}
    table.create_table(wait=True)
    assert ask().status_code == 200


@pytest.mark.django_db
def test_a_stopped_engine_is_missing_and_logged_once(ask: Any, dynamodb: Any, caplog: pytest.LogCaptureFixture) -> None:
    gone = EndpointEngine(f"http://127.0.0.1:{free_port()}")
    assert ask().status_code == 200
    with caplog.at_level(logging.WARNING), engines.use(gone):
        assert ask().status_code == 503
        told = [(each.name, each.levelname) for each in caplog.records]
        for _ in range(3):
            assert description(ask()) == "DynamoDB: failed with DATABASE_UNAVAILABLE."
    assert told == [("macaron_django", "WARNING"), ("macaron_django", "ERROR"), ("django.request", "ERROR")]
    assert [(each.name, each.levelname) for each in caplog.records] == told
    assert ask().status_code == 200


@pytest.mark.django_db
def test_an_engine_that_hangs_is_missing_within_the_time(ask: Any, dynamodb: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        hung = EndpointEngine(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with engines.use(hung):
            assert description(ask(READY_TIMEOUT=0.2)) == "DynamoDB: no result within 0.2 s."
            running = looking()
            assert ask().status_code == 503
            assert looking() == running  # it isn't started once more
    for each in running:
        each.join()


@pytest.mark.django_db
def test_an_identity_provider_whose_keys_cannot_be_fetched_is_missing(ask: Any, dynamodb: Any) -> None:
    url = f"http://127.0.0.1:{free_port()}/jwks.json"
    answer = ask(JWT={"JWKS_URL": url, "ALGORITHMS": ("RS256",)})
    assert description(answer) == "identity provider: failed with SIGNING_KEYS_UNAVAILABLE."


@pytest.mark.django_db
def test_functions_of_the_project_are_checks_too_and_one_that_hangs_holds_up_nothing(
    ask: Any, dynamodb: Any, no_added: None
) -> None:
    readiness.add_ready_check("broker", lambda: None)
    assert ask().status_code == 200
    try:
        answer = ask(READY_CHECKS=[f"{HERE}.hangs", f"{HERE}.lacks"], READY_TIMEOUT=0.3)
        assert description(answer) == f"{HERE}.hangs: no result within 0.3 s; {HERE}.lacks: the licence has ended."
    finally:
        hanging.set()

    def breaks() -> None:
        raise ValueError("password=hidden")

    readiness.add_ready_check("broker", breaks)
    assert description(ask(READY_CHECKS=[])) == "broker: failed with ValueError."
    with pytest.raises(TypeError, match="should be a function"):
        readiness.add_ready_check("broker", "broker")  # type: ignore[arg-type]


@pytest.mark.django_db
def test_an_answer_is_good_for_a_second(ask: Any, dynamodb: Any, client: Any, no_added: None) -> None:
    calls: list[float] = []
    readiness.add_ready_check("counted", lambda: calls.append(time.monotonic()))
    began = time.monotonic()
    ask()
    for _ in range(20):
        client.get("/ready")
    assert len(calls) <= 1 + (time.monotonic() - began) / readiness._GOOD_FOR


@pytest.mark.parametrize("value", [0, -1, "2", True, 61, None])
def test_a_time_that_is_none_is_an_error(value: Any) -> None:
    with override_settings(MACARON={**django_macaron(), "READY_TIMEOUT": value}):
        assert [each.id for each in check_settings(None)] == ["macaron_django.E102"]


@pytest.mark.parametrize("value", ["tests", ["tests.nowhere.check"], [3]])
def test_a_check_that_cannot_be_imported_is_an_error(value: Any) -> None:
    with override_settings(MACARON={**django_macaron(), "READY_CHECKS": value}):
        (error,) = check_settings(None)
    assert error.msg.startswith("MACARON['READY_CHECKS'] is ")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.django_db
def test_a_check_that_ends_its_thread_is_missing(ask: Any) -> None:
    assert description(ask(READY_CHECKS=[f"{HERE}.exits"])) == f"{HERE}.exits: ended without returning a result."


def test_the_defaults_have_no_check_of_a_projects() -> None:
    assert (macaron.READY_CHECKS, macaron.READY_TIMEOUT) == ((), 2.0)
