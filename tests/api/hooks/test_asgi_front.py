"""The front on an event loop answers as Django's ASGI handler does, and only what may block runs in a thread."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.db import SessionStore
from django.core.asgi import get_asgi_application as djangos_application
from django.core.signals import request_finished, request_started
from django.db.models.signals import post_save
from django.test import override_settings

from macaron_django.api.answers.json_answers import JSONAnswer
from macaron_django.api.front import ASGIFront, asgi_front
from macaron_django.auth import generate_token
from macaron_django.auth.caller import get_userid
from macaron_django.dynamodb.calls import deadlines
from macaron_django.dynamodb.calls.clients import reset
from tests.api.hooks.item_requests import COMMON
from tests.api.hooks.item_seeds import READING
from tests.api.hooks.project_settings import STARTPROJECT

HERE = __name__


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status: int = messages[0]["status"]
        self.headers = sorted((name.decode().lower(), value.decode("latin1")) for name, value in messages[0]["headers"])
        self.body = b"".join(message.get("body", b"") for message in messages[1:])

    def json(self) -> Any:
        return json.loads(self.body)


def scope_of(
    line: str, body: Any = None, headers: dict[str, str] | None = None, more: Any = None
) -> tuple[Any, list[Any]]:
    """The scope of a request as tests of WSGI write it, and the messages of its body."""
    method, target = line.split(" ", 1)
    path, _, query = target.partition("?")
    given = {"host": "testserver", **{name.lower(): value for name, value in (headers or {}).items()}}
    pieces: list[bytes] = []
    if body is not None:
        given.setdefault("content-type", "application/json")
        pieces = body if isinstance(body, list) and body and isinstance(body[0], bytes) else []
        if not pieces:
            pieces = [body if isinstance(body, bytes) else json.dumps(body).encode()]
            given.setdefault("content-length", str(len(pieces[0])))
        else:
            given["transfer-encoding"] = "chunked"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin1")) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
    last = len(pieces) - 1
    messages = [
        {"type": "http.request", "body": piece, "more_body": number < last} for number, piece in enumerate(pieces)
    ]
    return scope, messages or [{"type": "http.request", "body": b"", "more_body": False}]


async def ask(application: Any, *request: Any, gone: asyncio.Event | None = None) -> Answer | None:
    """The answer to a request; ``gone``: when the client goes."""
    scope, messages = scope_of(*request)
    remaining, sent = iter(messages), []
    stays = asyncio.Event()

    async def receive() -> Any:
        for message in remaining:
            return message
        await (gone or stays).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return Answer(sent) if sent else None


@pytest.fixture
def served(everything_api: Any) -> Iterator[Callable[..., ASGIFront]]:
    """Serve the API by the front, under other settings if given."""
    side = everything_api.side()
    opened = []

    def serve(**settings: Any) -> ASGIFront:
        settings = {"MIDDLEWARE": STARTPROJECT, "DEBUG": False, **settings}
        override = override_settings(ROOT_URLCONF=side.urls, **settings)
        override.enable()
        opened.append(override)
        everything_api.tables.reset()
        return ASGIFront(djangos_application())

    yield serve
    for each in reversed(opened):
        each.disable()
    reset()


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where requests were answered: on the loop, in a thread, or by Django."""
    found: list[str] = []
    on_loop, in_thread = ASGIFront._on_loop, ASGIFront._in_thread

    async def noted_on_loop(self: Any, *arguments: Any) -> Any:
        found.append("loop")
        return await on_loop(self, *arguments)

    def noted_in_thread(self: Any, *arguments: Any) -> Any:
        found.append("thread")
        return in_thread(self, *arguments)

    monkeypatch.setattr(ASGIFront, "_on_loop", noted_on_loop)
    monkeypatch.setattr(ASGIFront, "_in_thread", noted_in_thread)
    return found


def asked() -> list[Any]:
    own = {"Authorization": f"Bearer {generate_token('ada')}"}
    return [
        *COMMON,
        ("GET /v1/settings/a", None, own),
        ("PUT /v1/settings/b", {"name": "b", "value": 2}, own),
        ("GET /v1/counters/2", None, {"Cookie": "sessionid=gone; csrftoken=short"}),
        ("GET /v1/counters/2", None, {"Host": "elsewhere.example"}),
        ("GET /v1/counters/1/",),
        ("GET /v1/counters/1%00",),
        ("GET /v1/parts/%C3%A9",),
        ("GET /nothing",),
        ("HEAD /v1/counters/2",),
        ("OPTIONS /v1/counters/2",),
        ("DELETE /v1/counters",),
        ("POST /v1/tickets", [b'{"title": ', b'"Chunked"}']),
        ("POST /v1/tickets", [b'{"title": "', b"x" * 1_500_000, b'"}']),
        ("POST /v1/tickets", b'{"title": "Cut'),
        ("POST /v1/tickets", {"title": "x" * 2_000_000}),
        ("POST /v1/tickets", b"title=Form", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("GET /v1/counters/2", None, {"Accept": "text/html"}),
        ("GET /v1/counters/2", None, {"Accept": "image/png"}),
        ("GET /v1/counters/1?format=json",),
        (f"GET {READING}", None, {"If-None-Match": '"1"'}),
    ]


@pytest.mark.django_db
def test_the_front_answers_as_djangos_handler_does(served: Any, everything_api: Any, places: list[str]) -> None:
    normal = everything_api.side().normal

    async def both() -> list[list[Any]]:
        found: list[list[Any]] = []
        for application in (front, front.application):
            everything_api.tables.reset()
            texts = normal()
            answers = []
            for request in asked():
                answer = await ask(application, *request)
                assert answer is not None
                headers = [(name, texts(value)) for name, value in answer.headers if name != "content-length"]
                answers.append((answer.status, headers, texts(answer.body.decode("latin1"))))
                answers[-1] = (*answers[-1], [*map(texts, everything_api.tables.changes())])
            found.append(answers)
        return found

    front = served(ALLOWED_HOSTS=["testserver"])
    by_front, by_django = asyncio.run(both())
    for request, one, other in zip(asked(), by_front, by_django, strict=True):
        assert one == other, str(request)[:200]
    assert {status for status, *_ in by_front} >= {200, 201, 204, 400, 404, 405, 406, 415}
    assert places.count("loop") > 20
    assert "thread" in places


def test_a_body_in_many_small_pieces_is_kept_as_one() -> None:
    pieces = 100_000

    async def receive() -> Any:
        nonlocal pieces
        pieces -= 1
        return {"type": "http.request", "body": b"x", "more_body": pieces > 0}

    tracemalloc.start()
    request = SimpleNamespace(META={}, method="POST", scope={})
    # Debugging keeps the source lines of tasks, which isn't what is measured.
    body, message = asyncio.run(asgi_front._body(request, receive), debug=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (body, message) == (b"x" * 100_000, None)
    assert peak < 1_000_000


@pytest.mark.parametrize(("version", "expected"), [("1.1", b""), ("2", b"{}"), ("3", b"{}")])
def test_http_2_needs_no_header_to_send_a_body(version: str, expected: bytes) -> None:
    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    request = SimpleNamespace(META={}, method="DELETE", scope={"http_version": version})
    assert asyncio.run(asgi_front._body(request, receive)) == (expected, None)


@pytest.mark.django_db
def test_what_may_block_has_a_thread(served: Any, places: list[str]) -> None:
    front = served()

    def answer(*request: Any) -> list[str]:
        places.clear()
        asyncio.run(ask(front, *request))
        return [*places]

    assert answer("GET /v1/counters/2") == ["loop"]
    assert answer("PUT /v1/counters/5", {"number": 5, "count": 3}) == ["loop"]
    assert answer("POST /v1/counters", {"number": 77}) == ["loop"]
    assert answer(f"DELETE {READING}") == ["loop"]
    assert answer("GET /v1/counters?limit=2") == ["thread"]  # a query set is read
    assert answer("GET /v1/counters/2", None, {"If-None-Match": '"1"'}) == ["thread"]  # a row is judged
    assert answer("GET /nothing") == []

    def told(**_: Any) -> None: ...

    post_save.connect(told)
    try:
        assert answer("POST /v1/counters", {"number": 78}) == ["thread"]  # a receiver may do anything
        assert answer("GET /v1/counters/2") == ["loop"]
    finally:
        post_save.disconnect(told)
    request_started.connect(told)
    try:
        assert answer("GET /v1/counters/2") == ["thread"]
    finally:
        request_started.disconnect(told)
    with override_settings(MACARON={"REQUIRE_IF_MATCH": True}):
        assert answer("PUT /v1/counters/5", {"number": 5, "count": 3}) == ["thread"]
    with override_settings(CSRF_USE_SESSIONS=True):
        assert answer("GET /v1/counters/2") == ["thread"]  # its secret is in the session


called_in: list[str] = []


def own_body(_: Any) -> dict[str, Any]:
    called_in.append(threading.current_thread().name)
    return {"own": True}


class NotingHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        called_in.append(threading.current_thread().name)


class NotingSession(SessionStore):
    def save(self, must_create: bool = False) -> None:
        called_in.append(threading.current_thread().name)


@pytest.mark.django_db
def test_functions_of_errors_logs_of_failures_and_sessions_that_are_saved_have_threads(
    served: Any, places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_threads(request: str, headers: dict[str, str] | None = None, **changed: Any) -> bool:
        places.clear()
        called_in.clear()
        asyncio.run(ask(served(**changed), request, None, headers))
        assert places == ["loop"]
        return bool(called_in) and all(name.startswith("macaron_django") for name in called_in)

    for setting in ("ERROR_CALLBACK", "ERROR_DECORATOR"):
        assert has_threads("GET /v1/counters/404", MACARON={**settings.MACARON, setting: f"{HERE}.own_body"})

    monkeypatch.setattr(db.SessionStore, "save", NotingSession.save)
    assert has_threads("GET /v1/counters/2", {"Cookie": "sessionid=" + "k" * 32}, SESSION_SAVE_EVERY_REQUEST=True)

    def fails(*_: Any) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(JSONAnswer, "__init__", fails)
    handler = NotingHandler()
    logging.getLogger("django.request").addHandler(handler)
    try:
        assert has_threads("GET /v1/counters/2")
    finally:
        logging.getLogger("django.request").removeHandler(handler)


class Unknown:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)


@pytest.mark.django_db
def test_an_unknown_middleware_and_a_tracer_leave_django_in_charge(
    served: Any, places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    front = served(MIDDLEWARE=[f"{HERE}.Unknown"])
    answer = asyncio.run(ask(front, "GET /v1/counters/2"))
    assert answer is not None
    assert (answer.status, places) == (200, [])
    call = asgi_front.ASGIHandler.__call__

    async def traced(*arguments: Any) -> None:
        await call(*arguments)

    monkeypatch.setattr(asgi_front.ASGIHandler, "__call__", traced)
    answer = asyncio.run(ask(served(), "GET /v1/counters/2"))
    assert answer is not None
    assert (answer.status, places) == (200, [])


@pytest.mark.django_db
def test_200_requests_at_once_are_each_their_own_callers(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines._RequestTime, "seconds", None)  # asyncio's debug mode takes its time
    front = served()
    users = [f"user-{number}" for number in range(200)]

    async def main() -> list[Answer | None]:
        tokens = [{"Authorization": f"Bearer {generate_token(user)}"} for user in users]
        return await asyncio.gather(
            *(
                ask(front, f"PUT /v1/settings/{user}", {"name": user, "value": number}, token)
                for number, (user, token) in enumerate(zip(users, tokens, strict=True))
            ),
        )

    for number, answer in enumerate(asyncio.run(main())):
        assert answer is not None
        assert answer.status in {200, 201, 404}, answer.body
        if answer.status < 300:
            assert answer.json()["value"] == number
    assert get_userid() == ""


@pytest.mark.django_db
def test_signals_are_sent_once_a_request_wherever_it_is_answered(served: Any) -> None:
    front = served()
    seen: list[str] = []

    def started(sender: Any, **_: Any) -> None:
        seen.append(f"started {sender.__name__}")

    def finished(sender: Any, **_: Any) -> None:
        seen.append(f"finished {sender.__name__}")

    request_started.connect(started)
    request_finished.connect(finished)
    try:
        asyncio.run(ask(front, "GET /v1/counters/2"))
        asyncio.run(ask(front, "GET /v1/counters?limit=2"))
    finally:
        request_started.disconnect(started)
        request_finished.disconnect(finished)
    assert seen == ["started ASGIHandler", "finished ASGIHandler"] * 2


def test_the_thread_of_the_loop_is_free_while_dynamodb_is_asked(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    loops_thread = threading.get_ident()
    sockets: list[int] = []
    import socket

    send = socket.socket.sendall

    def noted(*arguments: Any) -> Any:
        sockets.append(threading.get_ident())
        return send(*arguments)

    front = served()
    asyncio.run(ask(front, "GET /v1/counters/2"))
    monkeypatch.setattr(socket.socket, "sendall", noted)
    answer = asyncio.run(ask(front, "GET /v1/counters/2"))
    assert answer is not None
    assert answer.status == 200
    assert loops_thread not in sockets


def test_a_handler_whose_client_goes_is_cancelled_and_a_generated_operation_is_not() -> None:
    ended: list[str] = []

    async def answer(seconds: float) -> str:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "answered"

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def stays() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    def view(handler: Any) -> Any:
        return SimpleNamespace(served_here=SimpleNamespace(handler=handler))

    async def main() -> list[Any]:
        return [
            await ASGIFront._watched(answer(60), view(answer), gone),
            await ASGIFront._watched(answer(0), view(answer), stays),
            await ASGIFront._watched(answer(0), view(None), gone),
        ]

    assert asyncio.run(main()) == [None, "answered", "answered"]
    assert ended == ["cancelled"]
