"""Each assertion against a server that answers as it is told: what it takes, what it fails on, and what it sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from macaron_django.testing.http_assertions import HTTPAssertions

JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
#: path: (status, content type, body)
ANSWERS = {
    "/ok": (200, JSON, "{}"),
    "/ada": (200, JSON, '{"name": "Ada", "born": 1815, "pets": null}'),
    "/list": (200, JSON, "[1, 2]"),
    "/made": (201, JSON, '{"id": 7}'),
    "/gone": (404, JSON, '{"status": 404, "error": "ITEM_NOT_FOUND", "error_description": "no"}'),
    "/page": (200, HTML, "<p>Grüße</p>"),
    "/shouting": (200, "Text/HTML; Charset=UTF-8", "<p>HELLO</p>"),
    "/latin": (200, "text/html; charset=latin-1", "<p>hello</p>"),
    "/text": (200, TEXT, "a secret of the server"),
    "/moved": (302, TEXT, "elsewhere"),
    "/forever": (301, TEXT, "elsewhere"),
}


@dataclass
class Recorder:
    """What the server was sent, and how often it answers too late."""

    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    late: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    recorder: ClassVar[Recorder]

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.recorder.requests.append((self.command, self.path, dict(self.headers.items()), body))
        if self.recorder.late:
            self.recorder.late -= 1
            self.recorder.over.wait(20)
            self.close_connection = True
            return
        status, media_type, text = ANSWERS[self.path]
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(text.encode())))
        if status in (301, 302):
            self.send_header("Location", "/page")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815

    def log_message(self, *_: object) -> None: ...


class Case(HTTPAssertions):
    def runTest(self) -> None: ...  # noqa: N802


@pytest.fixture
def served() -> Iterator[tuple[Any, Recorder]]:
    recorder = Recorder()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Handler,), {"recorder": recorder}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    case = Case()
    case.port = server.server_port
    yield case, recorder
    recorder.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


ADA = {"name": "Ada", "born": 1815, "pets": None}
GONE = json.loads(ANSWERS["/gone"][2])


@pytest.mark.parametrize(
    ("name", "arguments", "returned"),
    [
        ("assertGetReturnJson", ("ada",), ADA),
        ("assertGetReturnJson", ("/list", 200), [1, 2]),
        ("assertGetReturnJson", ("gone", 404), GONE),
        ("assertDeleteReturnJson", ("ada",), ADA),
        ("assertPostReturnJson", ("made", {"a": 1}, 201), {"id": 7}),
        ("assertGetReturnDict", ("ada", {"name": "Ada", "pets": None}), ADA),
        ("assertPostReturnDict", ("made", {}, {"id": 7}, 201), {"id": 7}),
        ("assertGetReturnOk", ("ok",), None),
        ("assertPostReturnOk", ("ok", {"a": 1}), None),
        ("assertGetReturnError", ("gone", 404, "ITEM_NOT_FOUND"), GONE),
        ("assertPostReturnError", ("gone", {}, 404, "ITEM_NOT_FOUND"), GONE),
        ("assertCallReturnJson", ("PUT", "made", {"a": 1}, None, 201), {"id": 7}),
        ("assertCallReturnDict", ("patch", "ada", {"born": 1815}), ADA),
        ("assertCallReturnOk", ("DELETE", "ok"), None),
        ("assertCallReturnError", ("DELETE", "gone", 404, "ITEM_NOT_FOUND"), GONE),
        ("assertCallReturnHtml", ("GET", "page"), "<p>Grüße</p>"),
        ("assertCallReturnHtml", ("GET", "shouting"), "<p>HELLO</p>"),
        ("assertCallReturnHtml", ("GET", "moved"), "<p>Grüße</p>"),
        ("assertCallReturnText", ("GET", "text"), "a secret of the server"),
    ],
)
def test_an_assertion_takes_the_answer_that_it_names_and_returns_it(served, name, arguments, returned):
    case, _ = served
    assert getattr(case, name)(*arguments) == returned


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        (
            "assertGetReturnJson",
            ("gone",),
            r"404 != 200 : GET http://127.0.0.1:\d+/gone answered 404: .*_FOUND",
        ),
        ("assertGetReturnJson", ("text",), "which isn't JSON"),
        ("assertDeleteReturnJson", ("ada", 204), "200 != 204"),
        ("assertPostReturnJson", ("made", {}), "201 != 200"),
        ("assertGetReturnDict", ("ada", {"name": "Eve"}), "member name"),
        ("assertGetReturnDict", ("ada", {"age": 36}), "'age' not found"),
        ("assertGetReturnDict", ("list", {}), "isn't an object"),
        ("assertGetReturnDict", ("ada", ["name"]), "must be a dictionary"),
        ("assertPostReturnDict", ("made", {}, {"id": 8}, 201), "7 != 8"),
        ("assertGetReturnOk", ("ada",), "!= {}"),
        ("assertPostReturnOk", ("made", {}), "201 != 200"),
        ("assertGetReturnError", ("gone", 404, "NOT_FOUND"), "'ITEM_NOT_FOUND' != 'NOT_FOUND'"),
        ("assertGetReturnError", ("gone", 404, 404), "must be text"),
        ("assertPostReturnError", ("gone", {}, 403, "ITEM_NOT_FOUND"), "404 != 403"),
        ("assertCallReturnJson", ("TRACE", "ada"), "must be an HTTP method"),
        ("assertCallReturnJson", ("GET", b"ada"), "must be text"),
        ("assertCallReturnJson", ("GET", "ada", None, None, "200"), "must be a number"),
        ("assertCallReturnError", ("GET", "ok", 200, "ITEM_NOT_FOUND"), "'status' not found"),
        ("assertCallReturnHtml", ("GET", "text"), "'text/plain; charset=utf-8' != 'text/html; charset=utf-8'"),
        ("assertCallReturnHtml", ("GET", "latin"), "latin-1"),
        ("assertCallReturnText", ("GET", "page"), "text/html"),
        ("assertCallReturnRedirect", ("GET", "moved", None, None, 301), "302 != 301"),
        ("assertCallReturnRedirect", ("GET", "page", None, None, 200), "which isn't a redirect"),
    ],
)
def test_an_assertion_fails_on_another_answer_and_says_why(served, name, arguments, complaint):
    case, _ = served
    with pytest.raises(AssertionError, match=complaint):
        getattr(case, name)(*arguments)


def test_a_redirect_returns_where_it_leads_to(served):
    case, recorder = served
    assert case.assertCallReturnRedirect("GET", "moved") == f"http://127.0.0.1:{case.port}/page"
    assert case.assertCallReturnRedirect("GET", "forever", status=301).endswith("/page")
    assert [path for _, path, _, _ in recorder.requests] == ["/moved", "/forever"]


def test_an_error_may_be_allowed_in_the_place_of_a_status(served):
    case, _ = served
    assert case.assertCallReturnJson("GET", "gone", allow_error=True) == GONE
    with pytest.raises(AssertionError):  # 200 is no error
        case.assertCallReturnJson("GET", "ok", status=201, allow_error=True)


def test_a_quiet_assertion_keeps_the_body_out_of_its_failure(served):
    case, _ = served
    with pytest.raises(AssertionError) as loud:
        case.assertCallReturnText("GET", "text", status=201)
    with pytest.raises(AssertionError) as quiet:
        case.assertCallReturnText("GET", "text", status=201, quiet=True)
    assert "a secret of the server" in str(loud.value)
    assert "a secret of the server" not in str(quiet.value)


def test_objects_and_arrays_are_sent_as_json_and_text_as_it_is(served):
    case, recorder = served
    case.assertPostReturnJson("ok", {"name": "Grüße"})
    case.assertPostReturnJson("ok", [1, None])
    case.assertPostReturnJson("ok", "{}")
    case.assertCallReturnJson("POST", "ok")
    assert [json.loads(body) for *_, body in recorder.requests[:3]] == [{"name": "Grüße"}, [1, None], {}]
    assert recorder.requests[3][3] == ""
    assert {headers["Content-Type"] for *_, headers, _ in recorder.requests} == {JSON}


def test_auth_is_the_authorization_header_and_no_failure_quotes_it(served):
    case, recorder = served
    with pytest.raises(AssertionError) as failure:
        case.assertGetReturnJson("gone", auth="Bearer a.b.c")
    assert recorder.requests[0][2]["Authorization"] == "Bearer a.b.c"
    assert "a.b.c" not in str(failure.value)
    case.assertGetReturnJson("ok", auth="")
    assert "Authorization" not in recorder.requests[1][2]


def test_a_get_is_sent_again_when_its_answer_is_late_and_a_post_isnt(served):
    import requests

    case, recorder = served
    case.timeout_read = 0.1  # five times that are waited for
    recorder.late = 1
    assert case.assertGetReturnJson("ok") == {}
    assert len(recorder.requests) == 2
    recorder.late = 1
    with pytest.raises(requests.ReadTimeout):
        case.assertPostReturnJson("ok", {})
    assert len(recorder.requests) == 3
    recorder.late = 3
    with pytest.raises(requests.ReadTimeout):
        case.assertGetReturnJson("ok")
    assert len(recorder.requests) == 6


def test_port_443_and_secure_targets_are_called_by_https():
    case = Case()
    assert case._url("/ping", None) == "http://127.0.0.1:8080/ping"
    assert case._url("/ping", 443) == "https://127.0.0.1:443/ping"
    case.secure = True
    assert case._url("ping", None) == "https://127.0.0.1:8080/ping"
    case.host = "::1"
    assert case._url("/ping", "8080") == "https://[::1]:8080/ping"
