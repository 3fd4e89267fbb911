"""Subscribers are told of each operation once, and the same by both fronts and both of Django's handlers."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.template.response import SimpleTemplateResponse
from django.test import override_settings
from django.urls import Resolver404, resolve
from rest_framework.response import Response

from macaron_django import events
from macaron_django import openapi as spec
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.front import ASGIFront, WSGIFront
from macaron_django.auth import get_userid
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas import Classes
from tests.api.hooks.project_settings import STARTPROJECT
from tests.api.hooks.test_asgi_front import ask, asked
from tests.api.hooks.wsgi_requests import send
from tests.recorded_events import RecordedEvents

HERE = __name__
WAYS = ("WSGI front", "WSGI handler", "ASGI front", "ASGI handler")
Way = Callable[..., int]


def ways() -> dict[str, Way]:
    """What answers a request with its status, under the settings of the moment."""

    def over_wsgi(application: Any) -> Way:
        return lambda *request: int(send(application, request, {"etag": '"3"'})[0][:3])

    def over_asgi(application: Any) -> Way:
        def answered(*request: Any) -> int:
            answer = asyncio.run(ask(application, *request))
            assert answer is not None
            return answer.status

        return answered

    made = {
        "WSGI front": over_wsgi(WSGIFront(get_wsgi_application())),
        "WSGI handler": over_wsgi(get_wsgi_application()),
        "ASGI front": over_asgi(ASGIFront(get_asgi_application())),
        "ASGI handler": over_asgi(get_asgi_application()),
    }
    assert tuple(made) == WAYS
    return made


def told(recorded: RecordedEvents, way: Way, *request: Any) -> tuple[int, list[Any]]:
    """The status of an answer, and what was said of its operation, but for what is never the same."""
    recorded.began.clear()
    recorded.ended.clear()
    status = way(*request)
    if recorded.open:
        gc.collect()  # a response that was replaced
    assert (recorded.open, recorded.entered) == (0, 0)
    calls = [(each.operation, each.tables, each.within is not None) for each in recorded.dynamodb_calls]
    for each in recorded.operations:
        assert each.duration > 0
        assert each.request.path
    operations = [(*each[:5], each.error_code, bool(each.error_id), each.user_id) for each in recorded.operations]
    return status, [*operations, *calls]


def leads_to_an_operation(line: str, *more: Any) -> bool:
    if more[1:] and (more[1] or {}).get("Host", "testserver") != "testserver":
        return False
    try:
        resolve(unquote(line.split(" ", 1)[1].partition("?")[0]))
    except Resolver404:
        return False
    return True


@pytest.mark.django_db
def test_each_operation_is_told_once_and_alike_whatever_answers_it(
    everything_api: Any, recorded: RecordedEvents
) -> None:
    side = everything_api.side()
    settings = {"MIDDLEWARE": STARTPROJECT, "DEBUG": False, "ALLOWED_HOSTS": ["testserver"]}
    requests = [one for one in asked() if "{etag}" not in str(one) and not any(isinstance(each, list) for each in one)]
    found: dict[str, list[Any]] = {}
    with override_settings(ROOT_URLCONF=side.urls, **settings):
        for name, way in ways().items():
            everything_api.tables.reset()
            found[name] = [told(recorded, way, *one) for one in requests]
        expected = [leads_to_an_operation(*one) for one in requests]
    for name in WAYS:
        for one, (status, said), first, is_operation in zip(
            requests, found[name], found[WAYS[0]], expected, strict=True
        ):
            operations = [each for each in said if len(each) > 3]
            assert len(operations) == is_operation, (name, str(one)[:200])
            assert all(each[4] == status for each in operations), (name, str(one)[:200])
            assert all(within for *_, within in (each for each in said if len(each) == 3))
            assert (status, said) == first, (name, str(one)[:200])
    statuses = {status for status, _ in found[WAYS[0]]}
    assert statuses >= {200, 201, 204, 304, 400, 401, 404, 405, 406, 415}
    said_of = {one[0]: said[0] for one, (_, said) in zip(requests, found[WAYS[0]], strict=True) if said}
    assert said_of["GET /v1/counters/404"][2:] == (*("GET", "/v1/counters/{number}", 404, "NOT_FOUND", True, ""),)
    assert {each[-1] for _, said in found[WAYS[0]] for each in said if len(each) > 3} == {"", "ada"}


@pytest.mark.django_db
def test_an_engine_that_does_not_answer_is_told_of_as_503(everything_api: Any, recorded: RecordedEvents) -> None:
    side = everything_api.side()
    macaron = {"DYNAMODB": {"MAX_ATTEMPTS": 1}}
    with override_settings(ROOT_URLCONF=side.urls, MIDDLEWARE=STARTPROJECT, DEBUG=False, MACARON=macaron):
        everything_api.tables.reset()
        for name, way in ways().items():
            with engines.use(EndpointEngine("http://127.0.0.1:9")):
                status, (operation, *calls) = told(recorded, way, "GET /v1/counters/1")
            reset()
            assert (status, operation[4:6]) == (503, (503, "DATABASE_UNAVAILABLE")), name
            assert len(calls) == 1, name
            (ended,) = recorded.operations
            assert type(ended.exception).__name__ == "EngineUnavailable", name
            assert recorded.dynamodb_calls[0].error_code == "EndpointConnectionError", name


# ------------------------------------------------------------------ handlers


def greet(name: str) -> dict[str, str]:
    return {"hello": name, "for": get_userid()}


async def greet_later(name: str) -> dict[str, str]:
    await asyncio.sleep(0)
    return {"hello": name}


def stream() -> StreamingHttpResponse:
    return StreamingHttpResponse(pieces())


def pieces() -> Iterator[bytes]:
    assert events.within() is None  # the view was left
    yield b"a"
    yield b"b"


def send_file() -> FileResponse:
    return FileResponse(io.BytesIO(b"content"), filename="a.txt")


def fail() -> None:
    raise ZeroDivisionError


def refuse() -> None:
    raise Refused("Not today.")


def refuse_by_returning() -> Exception:
    return Refused("Not today.")


def own_response() -> HttpResponse:
    return HttpResponse("teapot", status=418)


def unshowable() -> Response:
    return Response({"it": object()})


def unrendered() -> SimpleTemplateResponse:
    return SimpleTemplateResponse("no-such-template.html")


async def wait_forever() -> None:
    await asyncio.Event().wait()


def missing() -> None:
    raise Http404


class Refused(PyMacaronException):
    code = "REFUSED"
    status = 409


HANDLERS = {
    "/greetings/{name}": "greet",
    "/later/{name}": "greet_later",
    "/stream": "stream",
    "/file": "send_file",
    "/fail": "fail",
    "/refuse": "refuse",
    "/returned": "refuse_by_returning",
    "/teapot": "own_response",
    "/unshowable": "unshowable",
    "/unrendered": "unrendered",
    "/waiting": "wait_forever",
    "/missing": "missing",
    "/nobody": None,
}
EXPECTED = [
    ("GET /greetings/ada", "greet", "/greetings/{name}", 200, ""),
    ("HEAD /greetings/ada", "greet", "/greetings/{name}", 200, ""),
    ("GET /later/ada", "greet_later", "/later/{name}", 200, ""),
    ("GET /stream", "stream", "/stream", 200, ""),
    ("GET /file", "send_file", "/file", 200, ""),
    ("GET /fail", "fail", "/fail", 500, "SERVER_ERROR"),
    ("GET /refuse", "refuse", "/refuse", 409, "REFUSED"),
    ("GET /returned", "refuse_by_returning", "/returned", 409, "REFUSED"),
    ("GET /teapot", "own_response", "/teapot", 418, ""),
    ("GET /unshowable", "unshowable", "/unshowable", 500, "SERVER_ERROR"),
    ("GET /unrendered", "unrendered", "/unrendered", 500, ""),
    ("GET /missing", "missing", "/missing", 404, "NOT_FOUND"),
    ("GET /nobody", "nobody", "/nobody", 501, "NOT_IMPLEMENTED"),
    ("POST /fail", "", "/fail", 405, "METHOD_NOT_ALLOWED"),
    ("BREW /fail", "", "/fail", 405, "METHOD_NOT_ALLOWED"),
    ("OPTIONS /fail", "", "/fail", 200, ""),
]


@contextmanager
def handlers_served(**settings: Any) -> Iterator[dict[str, Way]]:
    def operation(path: str, handler: str | None) -> dict[str, Any]:
        bound = {} if handler is None else {"x-bind-server": f"{HERE}.{handler}"}
        named = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        schema: dict[str, Any] = {"content": {"application/json": {"schema": {"type": "object"}}}}
        answers = {"200": {"description": "Good.", **schema}}
        parameters = {"parameters": [named]} if "{" in path else {}
        return {
            "get": {"operationId": handler or "nobody", "responses": answers, "security": [], **bound, **parameters}
        }

    paths = {path: operation(path, handler) for path, handler in HANDLERS.items()}
    document = spec.load({"openapi": "3.1.0", "info": {"title": "Handlers", "version": "1"}, "paths": paths})
    viewsets = build_viewsets("handlers", document, Classes("handlers", document))
    urls = type("urls", (), {"urlpatterns": url_patterns("handlers", viewsets)})
    with override_settings(ROOT_URLCONF=urls, DEBUG=False, **{"MIDDLEWARE": STARTPROJECT, **settings}):
        yield ways()


@pytest.mark.django_db
@pytest.mark.parametrize("name", WAYS)
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators:Warning")
def test_handlers_errors_and_streamed_answers_are_told_once(name: str, recorded: RecordedEvents) -> None:
    with handlers_served() as served:
        for line, operation_id, route, status, code in EXPECTED:
            answered, said = told(recorded, served[name], line)
            method = line.split(" ")[0]
            method = "_OTHER" if method == "BREW" else method
            assert said == [("handlers", operation_id, method, route, status, code, bool(code), "")], line
            assert answered == status, line
            (ended,) = recorded.operations
            assert (ended.exception is not None) == (status in (500, 501)), line


@pytest.mark.django_db
@pytest.mark.parametrize("name", WAYS)
def test_a_subscriber_that_fails_changes_no_answer(
    name: str, recorded: RecordedEvents, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(events.Subscriber):
        def operation(self, began: events.OperationBegan) -> Any:
            raise ZeroDivisionError

    monkeypatch.setattr(events, "_logged", set())
    failing = Failing()
    events.subscribe(failing)
    try:
        with handlers_served() as served, caplog.at_level(logging.ERROR):
            assert [served[name]("GET /greetings/ada") for _ in range(3)] == [200] * 3
    finally:
        events.unsubscribe(failing)
    assert len(recorded.operations) == 3
    assert len(caplog.records) == 1


class Replacing:
    """A middleware that answers with something else than what the view has made, before that is rendered."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)

    def process_template_response(self, request: Any, response: Any) -> Any:
        return Own(status=418)


class Own(HttpResponse):
    def render(self) -> Own:
        return self


@pytest.mark.django_db
def test_an_answer_that_is_dropped_unrendered_is_told_as_it_was(recorded: RecordedEvents) -> None:
    with handlers_served(MIDDLEWARE=[f"{HERE}.Replacing"]) as served:
        status, said = told(recorded, served["WSGI handler"], "GET /refuse")
    assert status == 418
    assert [each[4] for each in said] == [409]


@pytest.mark.django_db
def test_a_client_that_goes_is_told_as_499(recorded: RecordedEvents) -> None:
    with handlers_served():
        application = ASGIFront(get_asgi_application())

        async def leave() -> Any:
            gone = asyncio.Event()
            gone.set()
            return await ask(application, "GET /waiting", gone=gone)

        assert asyncio.run(leave()) is None
    assert [each.status for each in recorded.operations] == [499]


@pytest.mark.django_db
def test_a_project_whose_exception_handler_leaves_errors_to_django_is_told_what_that_answers(
    recorded: RecordedEvents,
) -> None:
    rest = {"EXCEPTION_HANDLER": "tests.api.hooks.project_settings.reraising_handler"}
    with handlers_served(REST_FRAMEWORK=rest) as served:
        for name, way in served.items():
            for line, status in (("GET /fail", 500), ("GET /missing", 404)):
                answered, (said,) = told(recorded, way, line)
                assert (answered, said[4]) == (status, status), name


@pytest.mark.django_db
def test_plans_are_the_same_with_and_without_subscribers(everything_api: Any) -> None:
    with override_settings(ROOT_URLCONF=everything_api.side().urls, DEBUG=False):
        views = [resolve(path).func for path in ("/v1/counters/1", "/v1/counters", "/v1/settings/a")]

        def plans() -> list[Any]:
            made = [view.initkwargs["plans"].of(method) for view in views for method in ("GET", "PUT", "POST")]
            return [(plan, plan.steps, plan.on_loop, plan.is_direct) for plan in made]

        before = plans()
        record = RecordedEvents()
        events.subscribe(record)
        try:
            assert plans() == before  # the plans themselves: they aren't made again
        finally:
            events.unsubscribe(record)
    assert any(on_loop for _, _, on_loop, _ in before)
