"""The connection: late-bound, safe over threads and forks, and no write twice by accident."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test.utils import override_settings

from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import (
    EngineUnavailable,
    ItemExists,
    PersistenceError,
    StaleItem,
    Throttled,
    WriteOutcomeUnknown,
)
from macaron_django.testing import FaultProxy

MakePersistence = Callable[..., Persistence]


class FaultyEngine(ThreadingHTTPServer):
    """A proxy before an engine that does to the next calls what ``faults`` says, and lists what came through."""

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), FaultyHandler)
        self.target = urlsplit(target).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.faults: list[str] = []
        self.applied: list[str] = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()


class FaultyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyEngine

    def log_message(self, *_: Any) -> None: ...

    def do_POST(self) -> None:
        self.body = body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault == "drop before":
            self.drop()
        elif fault in REFUSALS:
            self.answer(400, {}, json.dumps({"__type": f"x#{REFUSALS[fault]}", "message": fault}).encode())
        else:
            self.pass_on(fault, *self.forward(body))

    def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = HTTPConnection(self.server.target)
        upstream.request("POST", "/", body, dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        self.server.applied.append(self.headers["X-Amz-Target"].rpartition(".")[2])
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def pass_on(self, fault: str, status: int, headers: dict[str, str], content: bytes) -> None:
        checksum = {name: value for name, value in headers.items() if name == "x-amz-crc32"}
        if fault == "drop after":
            self.drop()
        elif fault == "timeout":
            time.sleep(1.5)
            self.close_connection = True
        elif fault == "500":
            self.answer(500, {}, json.dumps({"__type": "InternalServerError", "message": "no"}).encode())
        elif fault == "unprocessed":
            left = {"UnprocessedItems": json.loads(self.body)["RequestItems"]}
            self.answer(200, {}, json.dumps(left).encode())
        elif fault.startswith("cut"):
            self.answer(status, {} if "no checksum" in fault else checksum, content[: len(content) // 2])
        else:
            self.answer(status, checksum, content)

    def drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


REFUSALS = {"throttle": "ThrottlingException", "expired": "ExpiredTokenException"}


@pytest.fixture
def faulty(driver: str, engine: engines.Engine) -> Iterator[FaultyEngine]:
    """A faulty way to the engine; the engine itself is used until `through()`."""
    proxy = FaultyEngine(engine.endpoint_url or "")
    with engines.use(EndpointEngine(proxy.url)):
        yield proxy
        reset()
    proxy.close()


@pytest.fixture
def persistence(faulty: FaultyEngine, make_rows: MakePersistence) -> Persistence:
    made = make_rows(version="version")
    faulty.applied.clear()
    return made


AMBIGUOUS = ["drop before", "drop after", "500"]


@pytest.mark.parametrize("fault", [*AMBIGUOUS, "cut", "cut, no checksum", "throttle", "expired"])
def test_reads_are_repeated(persistence: Persistence, faulty: FaultyEngine, fault: str) -> None:
    persistence.model(profile_id="a", name="Ada").save()
    faulty.faults = [fault, fault]
    item = persistence.get_item(persistence.key("a"))
    assert item is not None
    assert item["name"] == {"S": "Ada"}


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_a_conditional_put_is_repeated_and_recognises_its_own_item(
    persistence: Persistence, faulty: FaultyEngine, fault: str
) -> None:
    faulty.faults = [fault, fault]
    row = persistence.model(profile_id="a", name="Ada", score=1.50)
    row.save(force_insert=True)
    assert persistence.get_item(persistence.key("a"), consistent=True) == row._state.item


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_a_repeated_put_that_meets_another_item_says_that_nobody_knows(
    persistence: Persistence, faulty: FaultyEngine, fault: str
) -> None:
    persistence.model(profile_id="a", name="Grace").save()
    faulty.faults = [fault]
    with pytest.raises((WriteOutcomeUnknown, ItemExists)):
        persistence.model(profile_id="a", name="Ada").save(force_insert=True)
    assert (persistence.get_item(persistence.key("a")) or {})["name"] == {"S": "Grace"}


def test_a_taken_key_is_not_ours_even_if_the_items_are_equal(persistence: Persistence) -> None:
    persistence.model(profile_id="a", name="Ada").save()
    with pytest.raises(ItemExists):
        persistence.model(profile_id="a", name="Ada").save(force_insert=True)


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_an_update_under_a_version_is_applied_once(persistence: Persistence, faulty: FaultyEngine, fault: str) -> None:
    row = persistence.model(profile_id="a", name="Ada", email="x@y")
    row.save()
    row.name = "Grace"
    del row["email"]
    faulty.faults = [fault, fault]
    row.save()
    stored = persistence.get_item(persistence.key("a"), consistent=True)
    assert stored == row._state.item == {"profile_id": {"S": "a"}, "name": {"S": "Grace"}, "version": {"N": "2"}}


def test_a_stale_update_stays_stale_under_faults(persistence: Persistence, faulty: FaultyEngine) -> None:
    row = persistence.model(profile_id="a", name="Ada")
    row.save()
    persistence.update_item(persistence.key("a"), {"version": {"N": "9"}})
    row.name = "Grace"
    with pytest.raises(StaleItem):
        row.save()
    faulty.faults = ["drop before"]
    with pytest.raises((StaleItem, WriteOutcomeUnknown)):
        row.save()
    assert (persistence.get_item(persistence.key("a")) or {})["name"] == {"S": "Ada"}


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_what_cannot_be_repeated_safely_is_sent_once_and_its_outcome_is_unknown(
    persistence: Persistence, faulty: FaultyEngine, fault: str
) -> None:
    persistence.put_item({"profile_id": {"S": "a"}, "age": {"N": "1"}})
    key = persistence.key("a")
    for write in (
        lambda: persistence.update_item(key, add={"age": {"N": "1"}}),
        lambda: persistence.update_item(key, {"name": {"S": "x"}}, condition="present"),
        lambda: persistence.put_item({"profile_id": {"S": "a"}, "age": {"N": "2"}}),
        lambda: persistence.delete_item(key),
        lambda: persistence.batch_write(deletes=[key]),
    ):
        faulty.applied.clear()
        faulty.faults = [fault]
        with pytest.raises(WriteOutcomeUnknown) as unknown:
            write()
        assert unknown.value.status == 503
        assert len(faulty.applied) == (0 if fault == "drop before" else 1)


def test_writes_are_not_in_doubt_because_an_engine_has_just_restarted(
    engine: engines.Engine, make_rows: MakePersistence
) -> None:
    """Its end of each kept connection is closed: what is sent over one would get no answer."""
    with FaultProxy(engine.endpoint_url or "") as proxy, engines.use(EndpointEngine(proxy.url)):
        persistence = make_rows()
        persistence.put_item({"profile_id": {"S": "a"}, "age": {"N": "0"}})
        key = persistence.key("a")
        for _ in range(20):
            persistence.update_item(key, add={"age": {"N": "1"}})
            proxy.end_connections()
            persistence.update_item(key, add={"age": {"N": "1"}})
        assert (persistence.get_item(key, consistent=True) or {})["age"] == {"N": "40"}
        reset()


def test_a_transaction_is_repeated_under_its_token(
    persistence: Persistence, faulty: FaultyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    persistence.put_item({"profile_id": {"S": "a"}, "age": {"N": "1"}})
    update = {
        "TableName": persistence.table_name,
        "Key": persistence.key("a"),
        "UpdateExpression": "ADD age :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    faulty.faults = ["drop after", "500"]
    monkeypatch.setattr(EndpointEngine, "keeps_tokens", True)  # as Amazon does
    connection().dispatch("TransactWriteItems", {"TransactItems": [{"Update": update}]})
    assert (persistence.get_item(persistence.key("a"), consistent=True) or {})["age"] == {"N": "2"}


def test_pynamodbs_own_conditional_put_is_repeated_too(persistence: Persistence, faulty: FaultyEngine) -> None:
    table: Any = persistence.table
    faulty.faults = ["drop after"]
    table("a", name="Ada").save(condition=table.profile_id.does_not_exist(), add_version_condition=False)
    assert table.get("a").name == "Ada"


@pytest.mark.parametrize("write", [True, False])
def test_throttling_is_waited_out_and_then_said(persistence: Persistence, faulty: FaultyEngine, write: bool) -> None:
    def call() -> Any:
        if write:
            return persistence.update_item(persistence.key("a"), add={"age": {"N": "1"}})
        return persistence.get_item(persistence.key("a"))

    faulty.faults = ["throttle", "throttle"]
    call()
    faulty.faults = ["throttle"] * 3
    with pytest.raises(Throttled):
        call()


def test_what_a_batch_leaves_over_is_sent_again_and_then_named(persistence: Persistence, faulty: FaultyEngine) -> None:
    faulty.faults = ["unprocessed"] * 2
    persistence.batch_write(puts=[{"profile_id": {"S": "a"}}])
    assert faulty.applied == ["BatchWriteItem"] * 3
    faulty.faults = ["unprocessed"] * 7
    with pytest.raises(Throttled, match="left 1 items unprocessed after all retries: profile_id 'b'"):
        persistence.batch_write(puts=[{"profile_id": {"S": "b"}}])


def test_a_read_that_never_gets_an_answer_is_unavailable(persistence: Persistence, faulty: FaultyEngine) -> None:
    faulty.faults = ["drop before"] * 3
    with pytest.raises(EngineUnavailable, match=persistence.table_name):
        persistence.get_item(persistence.key("a"))


def test_an_answer_that_takes_too_long_leaves_a_write_unknown(persistence: Persistence, faulty: FaultyEngine) -> None:
    given = {"TABLE_PREFIX": settings.DYNAMODB.TABLE_PREFIX, "READ_TIMEOUT": 0.3}
    with override_settings(MACARON={"DYNAMODB": given}):
        faulty.faults = ["timeout"]
        with pytest.raises(WriteOutcomeUnknown):
            persistence.update_item(persistence.key("a"), add={"age": {"N": "1"}})


@pytest.mark.usefixtures("embedded")
def test_nobody_listening_means_that_nothing_was_written(make_persistence: MakePersistence) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    persistence = make_persistence()
    with engines.use(EndpointEngine(f"http://127.0.0.1:{port}")), pytest.raises(EngineUnavailable):
        persistence.put_item({"profile_id": {"S": "a"}})


@pytest.mark.usefixtures("embedded")
def test_what_dynamodb_refuses_is_one_of_our_errors(make_table: MakePersistence) -> None:
    with pytest.raises(PersistenceError, match="ValidationException"):
        make_table().put_item({"profile_id": {"N": "1"}})


def test_the_client_follows_engine_and_settings(embedded: engines.Engine) -> None:
    first = connection().client
    assert connection().client is first
    assert first.meta.endpoint_url == embedded.endpoint_url
    with engines.use(EndpointEngine("http://127.0.0.1:9")):
        assert connection().client.meta.endpoint_url == "http://127.0.0.1:9"
        assert (connection().host, connection().region) == ("http://127.0.0.1:9", embedded.region)
    with override_settings(MACARON={"DYNAMODB": {"READ_TIMEOUT": 1.25}}):
        assert connection().client.meta.config.read_timeout == 1.25


@pytest.mark.usefixtures("embedded")
def test_threads_share_one_client(make_table: MakePersistence) -> None:
    persistence = make_table()
    clients: set[int] = set()
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            clients.add(id(connection().client))
            for _ in range(20):
                persistence.update_item(persistence.key("a"), add={"age": {"N": "1"}})
        except Exception as error:  # noqa: BLE001 (shown by the assertion)
            failures.append(error)

    reset()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(clients) == 1
    assert (persistence.get_item(persistence.key("a"), consistent=True) or {})["age"] == {"N": "160"}


@pytest.mark.usefixtures("embedded")
def test_a_forked_process_has_a_client_of_its_own(make_table: MakePersistence) -> None:
    persistence = make_table()
    persistence.put_item({"profile_id": {"S": "parent"}})
    before = id(connection().client)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            persistence.put_item({"profile_id": {"S": "child"}})
            os.write(writer, b"same" if id(connection().client) == before else b"own")
        finally:
            os._exit(0)
    os.close(writer)
    said = os.read(reader, 10)
    os.close(reader)
    os.waitpid(child, 0)
    assert said == b"own"
    assert persistence.scan().count == 2
