"""The early lane sends what the lane beside botocore's client sends, and leaves to botocore what isn't plain."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wrapt
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls.aws_sdk.botocore_clients import new_client
from macaron_django.dynamodb.calls.aws_sdk.botocore_sessions import new_session
from macaron_django.dynamodb.calls.client_configurations import Configuration
from macaron_django.dynamodb.calls.clients import clients, reset
from macaron_django.dynamodb.calls.fast_lane.early.early_lane import MEMBERS, PARAMETERS, ConnectionLimits, EarlyLane
from macaron_django.dynamodb.calls.fast_lane.early.early_places import EarlyPlace, early_place, is_untouched
from macaron_django.dynamodb.calls.fast_lane.http import HTTPAnswer
from macaron_django.dynamodb.calls.fast_lane.idle_connections import watched
from macaron_django.dynamodb.calls.fast_lane.lane import FastLane
from macaron_django.dynamodb.calls.fast_lane.lane_calls import OPERATIONS, DamagedAnswerError, Lane
from macaron_django.dynamodb.calls.fast_lane.loop_connections import _Pool
from macaron_django.testing import Fault, FaultProxy

MakePersistence = Callable[..., Persistence]

KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "to/ken="}
LIMITS = ConnectionLimits(10, 5, 5)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment as a function's on AWS Lambda, which has no files of AWS's."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO")) or name.lower().endswith("_proxy") or name == "REQUESTS_CA_BUNDLE":
            monkeypatch.delenv(name)
    for name, value in {**KEYS, "HOME": str(tmp_path), "AWS_LAMBDA_FUNCTION_NAME": "shop"}.items():
        monkeypatch.setenv(name, value)


def place_of(url: str | None, region: str = "eu-west-1") -> EarlyPlace | None:
    return early_place(url, region, None, is_local=False)


def early_lane(place: EarlyPlace | None, limits: ConnectionLimits = LIMITS) -> EarlyLane:
    from macaron_django.dynamodb.calls.clients import _read_by_botocore

    assert place is not None
    return EarlyLane(place, limits, _read_by_botocore)


def lane_beside_botocore(url: str | None, region: str = "eu-west-1") -> FastLane:
    lane = FastLane.beside(new_client(new_session(), Configuration(url, region, None, 5, 5, 10, fast_lane=True)))
    assert lane is not None
    return lane


def parameters_of(operation: str) -> dict[str, Any]:
    if operation.startswith("Batch"):
        return {"RequestItems": {"t": {}}}
    if operation.startswith("Transact"):
        return {"TransactItems": [{"Get": {"TableName": "t"}}]}
    return {"TableName": "t"}


def sent_by(lane: Lane, operation: str) -> tuple[Any, ...]:
    """What all requests of an operation have in common, and one of them; User-Agents aside."""
    template = lane._template(operation, parameters_of(operation))
    assert template is not None
    request = template.request(b"{}", "20260101T000000Z").decode()
    lines = [line for line in request.split("\r\n") if not line.startswith("User-Agent: ")]
    place = template.on_loops and template.on_loops.place
    assert place is not None
    return template.url.rstrip("/"), template.in_lambda, template.members, lines, place.host, place.port, place.most


@pytest.mark.parametrize(
    "url", [None, "http://localhost:8000", "http://127.0.0.1:8000/", "http://[::1]:4566", "http://engine.example"]
)
def test_its_requests_are_those_of_the_lane_beside_botocore(url: str | None) -> None:
    early, known = early_lane(place_of(url)), lane_beside_botocore(url)
    for operation in OPERATIONS:
        assert sent_by(early, operation) == sent_by(known, operation)
    ours, theirs = early._connections, known._template("GetItem", {"TableName": "t"}).on_loops.place  # type: ignore[union-attr]
    assert (ours.connect_timeout, ours.read_timeout) == (theirs.connect_timeout, theirs.read_timeout)
    assert list(ours.socket_options) == list(theirs.socket_options)
    if ours.tls is not None:
        assert (ours.tls.verify_mode, ours.tls.check_hostname) == (theirs.tls.verify_mode, theirs.tls.check_hostname)
        assert ours.tls.get_ca_certs() == theirs.tls.get_ca_certs()


def test_it_knows_each_operation_as_botocore_does() -> None:
    known = lane_beside_botocore("http://localhost:8000")
    assert PARAMETERS.keys() == MEMBERS.keys() == OPERATIONS
    for operation in OPERATIONS:
        template = known._template(operation, parameters_of(operation))
        assert template is not None
        assert template.parameters >= PARAMETERS[operation]
        assert template.members == MEMBERS[operation]


def test_it_goes_to_the_same_host_in_each_region_that_it_knows() -> None:
    session = new_session()
    regions = {each: session.get_available_regions("dynamodb", each) for each in session.get_available_partitions()}
    early = {region: place_of(None, region) for found in regions.values() for region in found}
    assert {region for region, place in early.items() if place} == {each for each in regions["aws"] if each != "local"}
    for region, place in early.items():
        if place is not None:
            assert place.url == new_client(session, Configuration(None, region, None, 5, 5, 1, True)).meta.endpoint_url


@pytest.mark.parametrize(
    "unusual",
    [
        {"AWS_PROFILE": "shop"},
        {"AWS_ACCOUNT_ID": "123456789012"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:1"},
        {"AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z"},
        {"AWS_CA_BUNDLE": "/etc/authorities.pem"},
        {"REQUESTS_CA_BUNDLE": "/etc/authorities.pem"},
        {"AWS_ACCESS_KEY_ID": ""},
        {"BOTOCORE_TCP_KEEPALIVE": "true"},
        {"https_proxy": "http://proxy.example:3128"},
    ],
    ids=lambda unusual: next(iter(unusual)),
)
def test_what_is_not_plain_is_botocores(unusual: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert place_of(None) is not None
    for name, value in unusual.items():
        monkeypatch.setenv(name, value)
    assert place_of(None) is None


def test_files_of_aws_and_other_places_are_botocores(tmp_path: Path) -> None:
    assert place_of("https://engine.example") is None  # botocore knows which authorities to trust
    assert place_of("http://engine.example/behind/a/path") is None
    assert place_of("http://user:password@engine.example") is None
    assert early_place("http://localhost:8000", "eu-west-1", None, is_local=True) is None
    (tmp_path / ".aws").mkdir()
    assert place_of(None) is None
    assert place_of("http://localhost:8000") is None
    # An engine on this machine has no use for the environment.
    local = early_place("http://localhost:8000", "eu-west-1", ("local", "local"), is_local=True)
    assert local == EarlyPlace("http://localhost:8000", "eu-west-1", "local", "local")


def test_a_home_that_cannot_be_searched_has_no_files_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", f"/{'a' * 300}")  # any OSError: root may search everything
    assert place_of(None) is not None


def test_no_text_of_it_has_secrets() -> None:
    place = place_of(None)
    template = early_lane(place)._template("GetItem", {"TableName": "t"})
    assert "AKID" in repr(place)
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in f"{place!r} {template!r}"
    assert KEYS["AWS_SESSION_TOKEN"] not in f"{place!r} {template!r}"


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process look like one that hasn't imported botocore's client, in which no tracer waits for that."""
    finders = [each for each in sys.meta_path if not type(each).__module__.startswith(("wrapt", "ddtrace"))]
    monkeypatch.setattr(sys, "meta_path", finders)
    for name in ("botocore.client", "botocore.endpoint", "botocore.parsers"):
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("untouched")
def test_a_process_is_untouched_until_botocore_is_imported_or_something_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert is_untouched()
    for name in ("botocore.client", "botocore.endpoint"):
        monkeypatch.setitem(sys.modules, name, sys)
        assert not is_untouched()
        monkeypatch.delitem(sys.modules, name)
    wrapt.register_post_import_hook(lambda _: None, "botocore.of_a_test")  # as tracers do
    assert not is_untouched()


# -- over connections ----------------------------------------------------------------------------------------------


@pytest.fixture
def lane(make_table: MakePersistence, embedded: engines.Engine) -> tuple[EarlyLane, str]:
    """An early lane to the engine, and the name of a table."""
    persistence = make_table()
    place = early_place(embedded.endpoint_url, embedded.region, ("local", "local"), is_local=True)
    return early_lane(place), persistence.table_name


def test_it_answers_in_threads_and_on_event_loops(lane: tuple[EarlyLane, str]) -> None:
    early, table = lane
    item = {"profile_id": {"S": "ada"}, "photo": {"B": b"\x00\xff"}}
    get = {"TableName": table, "Key": {"profile_id": {"S": "ada"}}, "ConsistentRead": True}
    assert early.answer("PutItem", {"TableName": table, "Item": item}) is not None
    for _ in range(2):  # over a new connection, and over the same
        answer = early.answer("GetItem", dict(get), timeout=5)
        assert answer is not None
        assert answer["Item"] == item
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert len(early._idle._idle) == 1
    answer = asyncio.run(early.answer_on_loop("GetItem", dict(get)))
    assert answer is not None
    assert answer["Item"] == item


def test_a_refusal_is_botocores_exception(lane: tuple[EarlyLane, str]) -> None:
    early, table = lane
    key = {"profile_id": {"S": "ada"}}
    with pytest.raises(ClientError) as refused:
        early.answer("DeleteItem", {"TableName": table, "Key": key, "ConditionExpression": "attribute_exists(age)"})
    assert type(refused.value).__name__ == "ConditionalCheckFailedException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.usefixtures("untouched")
def test_an_event_loop_does_not_wait_for_botocores_import(embedded: engines.Engine) -> None:
    readers: list[int] = []

    def read_refusal(_operation: str, _answer: HTTPAnswer) -> dict[str, Any]:
        readers.append(threading.get_ident())
        return {}

    place = early_place(embedded.endpoint_url, embedded.region, ("local", "local"), is_local=True)
    assert place is not None
    early = EarlyLane(place, LIMITS, read_refusal)
    wrong = {"TableName": "there-is-none", "Key": {"profile_id": {"S": "ada"}}}
    assert asyncio.run(early.answer_on_loop("GetItem", wrong)) == {}
    assert readers
    assert threading.get_ident() not in readers


def test_what_it_does_not_know_is_left_to_botocore(lane: tuple[EarlyLane, str]) -> None:
    early, table = lane
    assert early.answer("DescribeTable", {"TableName": table}) is None
    assert early.answer("Scan", {"TableName": table, "AttributesToGet": ["name"]}) is None
    assert early.answer("Scan", {"TableName": "arn:aws:dynamodb:eu-west-1:123456789012:table/t"}) is None


def test_connections_that_fail_are_botocores_errors() -> None:
    get: dict[str, Any] = {"TableName": "t", "Key": {}}
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = early_lane(place_of(f"http://127.0.0.1:{unused.getsockname()[1]}"))
        with pytest.raises(EndpointConnectionError):
            nowhere.answer("GetItem", get)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = place_of(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ReadTimeoutError):
            early_lane(place).answer("GetItem", get, timeout=0.05)
        with pytest.raises(ReadTimeoutError):
            early_lane(place, ConnectionLimits(1, 5, 0.05)).answer("GetItem", get)


def test_sockets_of_gevent_keep_their_own_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    green = type("socket", (socket.socket,), {"__module__": "gevent._socket3"})
    monkeypatch.setattr(socket, "socket", green)  # as its monkey patch does; it waits itself, and never in the kernel
    with green() as opened:
        watched(opened, opened, 5)
        assert opened.gettimeout() == 5


def test_nothing_is_sent_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    put: dict[str, Any] = {"TableName": "t", "Item": {}}
    with socket.create_server(("127.0.0.1", 0)) as server:
        early = early_lane(place_of(f"http://127.0.0.1:{server.getsockname()[1]}"))
        take, connected = early._idle.take, _Pool.connected

        def take_long(timeout: float | None) -> Any:
            taken = take(timeout)
            time.sleep(0.02)
            return taken

        async def connected_late(pool: Any, timeout: float | None) -> Any:
            connection = await connected(pool, timeout)
            time.sleep(0.02)
            return connection

        monkeypatch.setattr(early._idle, "take", take_long)
        monkeypatch.setattr(_Pool, "connected", connected_late)
        with pytest.raises(ConnectTimeoutError):
            early.answer("PutItem", put, timeout=0.02)
        with pytest.raises(ConnectTimeoutError):
            asyncio.run(early.answer_on_loop("PutItem", put, timeout=0.02))
        early._idle._idle.pop()[0].connection.close()
        for _ in range(2):
            with server.accept()[0] as accepted:
                assert accepted.recv(1) == b""


def test_its_connections_are_closed_with_its_last_reference() -> None:
    gc.disable()  # a forked process closes its parent's connections at once
    try:
        gone = weakref.ref(early_lane(place_of("http://localhost:8000")))
        assert gone() is None
    finally:
        gc.enable()


def test_a_broken_connection_and_a_damaged_answer_are_botocores_errors(
    make_table: MakePersistence, embedded: engines.Engine
) -> None:
    get = {"TableName": make_table().table_name, "Key": {"profile_id": {"S": "a"}}}
    with FaultProxy(str(embedded.endpoint_url), [Fault.DROP_AFTER, Fault.DAMAGE, Fault.SERVER_ERROR]) as proxy:
        early = early_lane(EarlyPlace(proxy.url, "eu-west-1", "local", "local"))
        for expected in (ConnectionClosedError, DamagedAnswerError, ClientError):
            with pytest.raises(expected):
                early.answer("GetItem", dict(get))
        assert early.answer("GetItem", dict(get)) is not None


@pytest.mark.usefixtures("embedded")
def test_botocores_client_takes_over_when_anyone_has_imported_it(
    make_rows: MakePersistence, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    persistence, module = make_rows(), sys.modules["botocore.client"]
    reset()
    request.getfixturevalue("untouched")
    row = persistence.model.objects.create(profile_id="ada", age=3)
    early = clients.present()
    assert early is not None
    assert isinstance(early.lane, EarlyLane)
    assert early.botocore_client is None
    monkeypatch.setitem(sys.modules, "botocore.client", module)
    assert clients.present() is None
    assert persistence.model.objects.get(profile_id="ada").age == row.age
    after = clients.present()
    assert after is not None
    assert isinstance(after.lane, FastLane)
    assert after.circuit is early.circuit
    reset()
