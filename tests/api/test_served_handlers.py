"""Handlers over HTTP, on gunicorn, granian and uvicorn: everything that one may take, return and be decorated with."""

from __future__ import annotations

import httpx
import pytest


@pytest.fixture(scope="module", params=["wsgi", "asgi", "granian"])
def client(request, case_server) -> httpx.Client:
    return case_server("handlers", request.param)


@pytest.mark.parametrize(
    ("method", "path", "status", "answer"),
    [
        ("GET", "/api-object", 200, {"name": "thing"}),
        ("GET", "/mapping", 200, {"name": "thing"}),
        ("GET", "/model-instance", 200, {"name": "group", "id": 7}),
        ("GET", "/array", 200, [{"name": "thing"}, {"name": "thing"}]),
        ("POST", "/pair", 201, {"name": "made"}),
        ("GET", "/drf-response", 202, {"name": "drf"}),
        ("GET", "/later", 200, {"name": "later"}),
        ("GET", "/numbers", 200, [{"n": 0}, {"n": 1}, {"n": 2}]),
        ("GET", "/numbers-later", 200, [{"n": 0}, {"n": 1}, {"n": 2}]),
        ("GET", "/decorated", 200, {"name": "outer(inner(thing))"}),
        ("GET", "/dotted", 200, {"name": "thing"}),
    ],
)
def test_what_a_handler_returns_is_answered(client, method, path, status, answer):
    found = client.request(method, path)
    assert (found.status_code, found.json()) == (status, answer)
    assert found.headers["Content-Type"] == "application/json"


def test_headers_bytes_pages_and_nothing(client):
    triple = client.post("/triple")
    assert (triple.headers["X-Trace"], triple.headers["Location"]) == ("t", "/things/1")
    octets = client.get("/octets")
    assert (octets.content, octets.headers["Content-Type"]) == (b"\x00\xff", "image/x-tiny")
    page = client.get("/django-response", headers={"Accept": "text/html"})
    assert (page.text, page.headers["Content-Type"]) == ("<b>django</b>", "text/html")
    nothing = client.delete("/nothing")
    assert (nothing.status_code, nothing.content) == (204, b"")


@pytest.mark.parametrize("path", ["/numbers/lines", "/numbers-later/lines"])
def test_iterators_are_streamed(client, path):
    with client.stream("GET", path) as answer:
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        assert "Content-Length" not in answer.headers
        assert list(answer.iter_lines()) == ['{"n":0}', '{"n":1}', '{"n":2}']


def test_a_handler_is_given_what_its_signature_asks_for(client):
    answer = client.post("/takes/7?tags=a&tags=b&since=2026-02-28", json={"name": "n"}, headers={"X-Trace": "3"})
    assert answer.json() == {
        "thing": "Thing",
        "name": "n",
        "thing_id": 7,
        "x_trace": 3,
        "tags": ["a", "b"],
        "since": "date",
        "method": "POST",
        "user": "AnonymousUser",
    }
    bare = client.post("/takes/7", json={"name": "n"}).json()
    assert (bare["tags"], bare["x_trace"], bare["since"]) == ([], None, "NoneType")
    assert client.post("/takes-later/7", json={"name": "n"}).json() == {"name": "n", "thing_id": 7}
    assert client.post("/takes/x", json={"name": "n"}).status_code == 400
    assert client.post("/takes/7", json={}).status_code == 400


def test_what_isnt_answered_by_a_handler(client):
    refused = client.get("/refuses")
    assert (refused.status_code, refused.json()["error"]) == (418, "OUT_OF_TEA")
    assert client.get("/unbound").status_code == 501
    assert client.get("/elsewhere").status_code == 404
