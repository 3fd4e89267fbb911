"""The same requests on gunicorn and on uvicorn, and a reload that loses none of them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import httpx

GUNICORN = (
    sys.executable,
    "-m",
    "gunicorn",
    "--chdir=example_project",
    "--bind=127.0.0.1:{port}",
    "--workers=2",
    "--graceful-timeout=20",
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
        ("PUT", "/profiles/zoe", {"content": b"<a/>", "headers": {"Content-Type": "application/xml"}}),
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


def test_gunicorn_and_uvicorn_answer_as_runserver_does(example):
    expected = conversation(example.serve())
    assert [status for _, status, _, _ in expected] == [
        200, 200, 401, 201, 409, 200, 200, 200, 200, 200, 200, 400, 415, 400, 400, 404, 400, 404, 400, 400, 405,
        201, 409, 406, 204, 204, 404, 200,
    ]  # fmt: skip
    for command in (GUNICORN, UVICORN):
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
        client = httpx.Client(base_url=self.url, timeout=60, headers={"Connection": "close"})
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


def test_a_graceful_reload_of_gunicorn_loses_no_request(example):
    client = example.serve(*GUNICORN)
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
        writer.join(60)
    assert [failure for writer in writers for failure in writer.failures] == []
    made = {UUID(each) for writer in writers for each in writer.acknowledged}
    assert [each for each in made if client.get(f"/profiles/{each}").status_code != 200] == []


def acknowledged(writers: list[Writer]) -> int:
    return sum(len(writer.acknowledged) for writer in writers)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what the test waits for did not come about within a minute")
        time.sleep(0.1)


def workers(example) -> set[int]:
    """The process IDs of the running server's workers."""
    server = example.servers[-1].pid
    children = Path(f"/proc/{server}/task/{server}/children").read_text("ascii").split()
    found = set()
    for each in children:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            if b"gunicorn" in Path(f"/proc/{each}/cmdline").read_bytes():
                found.add(int(each))
    return found
