"""Every status in every body format, through whole requests."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest
from rest_framework import exceptions as drf

from macaron_django.api.requests.preconditions import PreconditionFailed, PreconditionRequired
from macaron_django.auth import generate_token
from macaron_django.exceptions import ItemExists, StaleItem, Throttled

JWT = {"SECRET": "a secret of the test suite, long enough"}
RAISED = {
    "404": drf.NotFound(),
    "409": ItemExists("There is one already."),
    "stale": StaleItem("Somebody else was faster."),
    "412": PreconditionFailed("It has changed."),
    "428": PreconditionRequired("Send If-Match."),
    "429": drf.Throttled(wait=2.5),
    "500": RuntimeError("hunter2"),
    "503": Throttled("table prod-shop"),
    "504": TimeoutError("10.0.0.7"),
}


def raises(why):
    raise RAISED[why]


def takes(body):
    return body


JSON = "application/json"
#: status → method, path and what is sent with it; and a code, where it isn't HTTP's own phrase.
REQUESTS = {
    400: ("post", "/items", {"data": '{"age": -1, "tags": [1]}', "content_type": JSON}),
    401: ("get", "/guarded", {}),
    403: ("get", "/guarded", {"scope": "none"}),
    **{int(status): ("get", f"/raise/{status}", {}) for status in RAISED if status.isdigit()},
    405: ("put", "/items", {}),
    406: ("get", "/raise/404", {"headers": {"Accept": "image/png"}}),
    413: ("post", "/items", {"data": json.dumps({"name": "x" * 5000}), "content_type": JSON}),
    415: ("post", "/items", {"data": "<a/>", "content_type": "application/xml"}),
    501: ("get", "/unbound", {}),
}


@pytest.fixture
def client(document, serve):
    item = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "age": {"type": "integer", "minimum": 0},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    }
    good = {"200": {"description": "Good.", "content": {JSON: {"schema": {}}}}}
    why = {"name": "why", "in": "path", "required": True, "schema": {"type": "string"}}
    handled = {"x-bind-server": f"{__name__}.raises", "responses": good}
    body = {"required": True, "content": {JSON: {"schema": item}}}
    paths = {
        "/items": {"post": {"x-bind-server": f"{__name__}.takes", "requestBody": body, "responses": good}},
        "/raise/{why}": {"get": {**handled, "parameters": [why]}},
        "/guarded": {"get": {"responses": good, "security": [{"oauth": ["admin"]}]}},
        "/unbound": {"get": {"responses": good}},
    }
    flows = {"clientCredentials": {"tokenUrl": "https://example.com/", "scopes": {"admin": "All."}}}
    schemes = {"securitySchemes": {"oauth": {"type": "oauth2", "flows": flows}}}

    def make(body_format):
        return serve(
            document(paths, components=schemes, security=[]),
            MACARON={"JWT": JWT, "ERROR_FORMAT": body_format, "MAX_BODY_SIZE": 4096},
        )

    return make


def ask(client, status):
    method, path, sent = REQUESTS[status]
    sent = dict(sent)
    if scope := sent.pop("scope", None):
        sent["headers"] = {"Authorization": f"Bearer {generate_token('ada', data={'scope': scope})}"}
    answer = getattr(client, method)(path, **sent)
    assert answer.status_code == status, answer.content
    for secret in (b"hunter2", b"prod-shop", b"10.0.0.7"):
        assert secret not in answer.content
    if status in (429, 503):
        assert int(answer["Retry-After"]) >= 1
    if status in (401, 403):
        assert answer["WWW-Authenticate"].startswith("Bearer")
    if status == 405:
        assert "POST" in answer["Allow"]
    return answer


POINTERS = {"/age", "/name", "/tags/0"}


@pytest.mark.parametrize("status", REQUESTS)
def test_pymacarons_format(client, status):
    answer = ask(client("pymacaron"), status)
    body = answer.json()
    assert answer["Content-Type"] == JSON
    assert body["status"] == status
    assert body["error"].isupper()
    assert body["error_description"]
    assert body["error_id"]
    if status == 400:
        assert {error["pointer"] for error in body["errors"]} == POINTERS
        assert {error["location"] for error in body["errors"]} == {"body"}
        assert {error["keyword"] for error in body["errors"]} == {"minimum", "required", "type"}


@pytest.mark.parametrize("status", REQUESTS)
def test_problem_details(client, status):
    answer = ask(client("problem"), status)
    body = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (body["type"], body["title"], body["status"]) == ("about:blank", HTTPStatus(status).phrase, status)
    assert body["detail"]
    assert body["error_id"]
    if status == 400:
        assert {error["pointer"] for error in body["errors"]} == POINTERS


@pytest.mark.parametrize("status", REQUESTS)
def test_drfs_format(client, status):
    answer = ask(client("drf"), status)
    body = answer.json()
    assert answer["Content-Type"] == JSON
    if status == 400:
        assert set(body) == {"age", "name", "tags"}
    else:
        assert isinstance(body["detail"], str)
    assert ("error_id" in body) == (status >= 500)


@pytest.mark.parametrize("body_format", ["pymacaron", "problem", "drf"])
def test_the_error_id_of_a_500_is_that_of_the_log(client, body_format, caplog):
    error_id = ask(client(body_format), 500).json()["error_id"]
    (record,) = (record for record in caplog.records if getattr(record, "error_id", None))
    assert record.error_id == error_id
    assert "hunter2" in caplog.text


def test_a_stale_item_is_a_conflict(client):
    answer = client("pymacaron").get("/raise/stale")
    assert (answer.status_code, answer.json()["error"]) == (409, "STALE_ITEM")
