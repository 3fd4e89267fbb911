"""The same requests on gunicorn, granian and uvicorn, connections as they come, and a reload."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPResponse, RemoteDisconnected
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.conftest import PATIENCE

GUNICORN = (
    sys.executable,
    "-m",
    "gunicorn",
    "--chdir=example_project",
    "--bind=127.0.0.1:{port}",
    "--workers=2",
    "--graceful-timeout=120",
    "config.wsgi:application",
)
GRANIAN = (
    sys.executable,
    "-m",
    "granian",
    "--interface=wsgi",
    "--working-dir=example_project",
    "--host=127.0.0.1",
    "--port={port}",
    "--workers=2",
    "--blocking-threads=4",
    "--workers-kill-timeout=120",
    "config.wsgi:application",
)
UVICORN = (
    sys.executable,
    "-m",
    "uvicorn",
    "--app-dir=example_project",
    "--host=127.0.0.1",
    "--port={port}",
    "--lifespan=off",
    "config.asgi:application",
)


def conversation(client: httpx.Client) -> list[tuple[str, int, str | None, object]]:
    """Requests to every corner of the two APIs; what was answered, without what differs each time."""
    merge_patch = {"Content-Type": "application/merge-patch+json"}
    book = {"isbn": "9780262510875", "title": "Structure and Interpretation of Computer Programs"}
    requests = [
        ("GET", "/ping", {}),
        ("GET", "/version", {}),
        ("GET", "/auth/version", {"headers": {"Authorization": "Bearer no.token.here"}}),
        (
            "POST",
            "/profiles",
            {"json": {"profile_id": "zoe", "name": "Zoë", "tags": ["a", "ü"], "view_count": 2**53 + 1}},
        ),
        ("POST", "/profiles", {"json": {"profile_id": "zoe", "name": "Another"}}),
        ("GET", "/profiles/zoe", {}),
        ("HEAD", "/profiles/zoe", {}),
        ("OPTIONS", "/profiles/zoe", {}),
        ("PATCH", "/profiles/zoe", {"json": {"age": 41}, "headers": merge_patch}),
        ("POST", "/profiles/zoe/view", {}),
        ("PUT", "/profiles/zoe", {"json": {"name": "Zoe"}}),
        (
            "PUT",
            "/profiles/zoe",
            {"content": b'{"name": "a", "name": "b"}', "headers": {"Content-Type": "application/json"}},
        ),
        # A body that is refused unread: some servers then close the connection, some a moment after the answer.
        (
            "PUT",
            "/profiles/zoe",
            {"content": b"<a/>", "headers": {"Content-Type": "application/xml", "Connection": "close"}},
        ),
        ("POST", "/profiles", {"json": {"profile_id": "bad", "age": -1, "tags": [1]}}),
        ("POST", "/profiles", {"content": b"[" * 200_000, "headers": {"Content-Type": "application/json"}}),
        ("GET", "/profiles/nobody", {}),
        ("GET", "/profiles/%00", {}),
        ("GET", "/profiles/a%2Fb", {}),
        ("GET", "/profiles?limit=0", {}),
        ("GET", "/profiles?cursor=nonsense", {}),
        ("TRACE", "/profiles", {}),
        ("POST", "/library/books", {"json": book}),
        ("POST", "/library/books", {"json": book}),
        ("GET", f"/library/books/{book['isbn']}", {"headers": {"Accept": "application/xml"}}),
        ("DELETE", f"/library/books/{book['isbn']}", {}),
        ("DELETE", "/profiles/zoe", {}),
        ("DELETE", "/profiles/zoe", {}),
        ("GET", "/openapi/library.json", {}),
    ]
    answers = []
    for method, path, more in requests:
        answer = client.request(method, path, **more)
        is_json = answer.headers.get("Content-Type", "").partition(";")[0].endswith("json")
        body = answer.json() if answer.content and is_json else None
        if isinstance(body, dict):
            for changing in ("error_id", "created"):
                body.pop(changing, None)
        answers.append((f"{method} {path}", answer.status_code, answer.headers.get("Allow"), body))
    return answers


def test_gunicorn_granian_and_uvicorn_answer_as_runserver_does(example):
    expected = conversation(example.serve())
    assert [status for _, status, _, _ in expected] == [
        200, 200, 401, 201, 409, 200, 200, 200, 200, 200, 200, 400, 415, 400, 400, 404, 400, 404, 400, 400, 405,
        201, 409, 406, 204, 204, 404, 200,
    ]  # fmt: skip
    for command in (GUNICORN, GRANIAN, UVICORN):
        for told, answered in zip(expected, conversation(example.serve(*command)), strict=True):
            assert answered == told, command
        example.kill(how=signal.SIGTERM)


class Writer(threading.Thread):
    """Somebody who creates profiles for as long as it is asked to, each request on a connection of its own."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.stopping = url, threading.Event()
        self.acknowledged: set[str] = set()
        self.failures: list[str] = []

    def run(self) -> None:
        client = httpx.Client(base_url=self.url, timeout=PATIENCE, headers={"Connection": "close"})
        while not self.stopping.is_set():
            try:
                answer = client.post("/profiles", json={"name": "Somebody"})
            except httpx.HTTPError as error:
                self.failures.append(repr(error))
                continue
            if answer.status_code == 201:
                self.acknowledged.add(answer.json()["profile_id"])
            else:
                self.failures.append(f"{answer.status_code}: {answer.text}")
        client.close()


#: How a client sees a connection end that waited for granian's old worker, or that it had accepted and read nothing
#: from. Each worker of granian listens for itself, so what waits for one ends with it; gunicorn's share a socket.
UNREAD = ("RemoteProtocolError", "ReadError", "WriteError", "ConnectError")


@pytest.mark.parametrize(("command", "excused"), [(GUNICORN, ()), (GRANIAN, UNREAD)], ids=["gunicorn", "granian"])
def test_a_graceful_reload_loses_no_request_that_was_read(example, command, excused):
    client = example.serve(*command)
    before = workers(example)
    writers = [Writer(str(client.base_url)) for _ in range(4)]
    for writer in writers:
        writer.start()
    wait_until(lambda: acknowledged(writers) > 20)
    os.kill(example.servers[-1].pid, signal.SIGHUP)
    wait_until(lambda: len(workers(example)) == 2 and not workers(example) & before)
    after = acknowledged(writers)
    wait_until(lambda: acknowledged(writers) > after + 20)
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join(PATIENCE)
    failures = [failure for writer in writers for failure in writer.failures]
    assert [failure for failure in failures if not failure.startswith(excused)] == []
    made = {UUID(each) for writer in writers for each in writer.acknowledged}
    assert [each for each in made if client.get(f"/profiles/{each}").status_code != 200] == []


def acknowledged(writers: list[Writer]) -> int:
    return sum(len(writer.acknowledged) for writer in writers)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what the test waits for did not come about within minutes")
        time.sleep(0.1)


def workers(example) -> set[int]:
    """The process IDs of the running server's workers."""
    server = example.servers[-1].pid
    children = Path(f"/proc/{server}/task/{server}/children").read_text("ascii").split()
    found = set()
    for each in children:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            if re.search(rb"gunicorn|granian", Path(f"/proc/{each}/cmdline").read_bytes()):
                found.add(int(each))
    return found


class Connection:
    """A connection as a client's socket has it."""

    def __init__(self, url: httpx.URL) -> None:
        self.socket = socket.create_connection((url.host, url.port), 60)

    def send(self, *lines: str, body: bytes = b"") -> None:
        self.socket.sendall("\r\n".join([*lines, "Host: localhost", "", ""]).encode() + body)

    def answer(self) -> tuple[int, bytes]:
        """The status and body of the next answer; 0 where the connection was closed instead."""
        response = HTTPResponse(self.socket)
        try:
            response.begin()
            return response.status, response.read()
        except RemoteDisconnected:
            return 0, b""
        finally:
            response.close()

    def close(self) -> None:
        self.socket.close()


NOTE = b'{"text": "a"}'
POST = ("POST /json HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(NOTE)}")


@pytest.fixture(scope="module", params=["wsgi", "granian", "asgi"], ids=["gunicorn", "granian", "uvicorn"])
def served(request, case_project):
    """The fixture project `bodies`, whose POST /json tells what it was sent; the name of its server, and the URL."""
    project = case_project("bodies")
    return project, request.param, project.serve_by(request.param).base_url


@pytest.fixture
def connect(served):
    """Connect to the server, or to another URL."""
    opened = []

    def connect(url: httpx.URL = served[2]) -> Connection:
        opened.append(Connection(url))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def test_a_connection_is_kept_whatever_was_answered(connect):
    connection = connect()
    statuses = []
    for body, path in ((NOTE, "/json"), (b"{", "/json"), (NOTE, "/nowhere"), (b"[]", "/json"), (NOTE, "/json")):
        lines = (f"POST {path} HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}")
        connection.send(*lines, body=body)
        statuses.append(connection.answer()[0])
    assert statuses == [200, 400, 404, 400, 200]


def test_a_client_that_waits_is_told_to_go_on(connect):
    """RFC 9110, 10.1.1."""
    connection = connect()
    connection.send(*POST, "Expect: 100-continue")
    assert connection.socket.recv(1024).startswith(b"HTTP/1.1 100 ")
    connection.socket.sendall(NOTE)
    status, body = connection.answer()
    assert status == 200
    assert b'"text":"a"' in body


def test_clients_that_leave_take_nobody_with_them(served, connect):
    for _ in range(8):  # twice as many as there are threads
        leaving = connect()
        leaving.send(*POST, body=NOTE[:5])
        leaving.close()
    staying = connect()
    staying.send(*POST, body=NOTE)
    assert staying.answer()[0] == 200
    assert "Traceback" not in served[0].log()


def test_a_body_over_the_limit_is_refused_and_the_server_goes_on(connect):
    large = connect()
    try:
        large.send(POST[0], POST[1], f"Content-Length: {11 * 1024 * 1024}", body=b" " * 11 * 1024 * 1024)
        status = large.answer()[0]
    except ConnectionError:  # the server needn't read what it refuses
        status = 0
    assert status in (413, 0)
    small = connect()
    small.send(*POST, body=NOTE)
    assert small.answer()[0] == 200


def test_what_is_under_way_is_answered_before_the_server_ends(served, connect):
    project, name, _ = served
    url = project.serve_by(name).base_url
    idle, busy = connect(url), connect(url)
    for connection in (idle, busy):
        connection.send(*POST, body=NOTE)
        assert connection.answer()[0] == 200
    busy.send(*POST, "Expect: 100-continue", body=NOTE[:5])
    assert busy.socket.recv(1024).startswith(b"HTTP/1.1 100 ")  # it is being read
    server = project.servers[-1]
    server.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    busy.socket.sendall(NOTE[5:])
    assert busy.answer()[0] == 200
    assert idle.answer()[0] == 0
    busy.close()
    server.wait(PATIENCE)


@pytest.mark.parametrize("server", ["wsgi", "granian"], ids=["gunicorn", "granian"])
def test_a_worker_that_dies_is_replaced(case_project, server):
    project = case_project("bodies")
    client = project.serve_by(server)
    (before,) = workers(project)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: workers(project) - {before})
    wait_until(lambda: answers(client))


def answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/ping").status_code == 200
    return False
