"""What the ERROR_REPORTER is told about a request that failed: everything PyMacaron told it, and no secret."""

from __future__ import annotations

import json
import logging
from datetime import datetime

import pytest
from django.test import Client, RequestFactory

from macaron_django.api.answers.error_reports import report_warning
from macaron_django.auth import generate_token
from macaron_django.auth.caller import forget
from macaron_django.scrubbing import HIDDEN

SECRET = "a secret of the test suite, long enough"
REPORTS: list[tuple[str, dict, BaseException | None]] = []


def reporter(title, data, exception):
    REPORTS.append((title, data, exception))


def broken_reporter(title, data, exception):
    raise RuntimeError("the reporter itself")


def fails(body, login, **kwargs):
    raise RuntimeError(f"no such user: {body.name} with {body.pin}, {body.token}")


def warns(login):
    report_warning("Slow today", {"shop": "north", "password": "swordfish"}, ValueError("swordfish"))
    return {"login": login}


@pytest.fixture
def client(document, serve):
    ok = {"200": {"description": "Good."}}
    login = {"name": "login", "in": "path", "required": True, "schema": {"type": "string"}}
    code = {"name": "code", "in": "query", "schema": {"type": "string", "format": "password"}}
    user = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "pin": {"type": "integer", "writeOnly": True},
            "token": {"type": "string"},
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": user}}}
    described = document(
        {
            "/users/{login}": {
                "parameters": [login, code],
                "post": {"x-bind-server": f"{__name__}.fails", "requestBody": body, "responses": ok},
                "get": {"x-bind-server": f"{__name__}.warns", "responses": ok, "security": []},
            }
        },
        components={
            "securitySchemes": {
                "jwt": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "query", "name": "store"},
            }
        },
        security=[{"jwt": []}],
    )
    REPORTS.clear()
    return serve(
        described, MACARON={"JWT": {"SECRET": SECRET}, "ERROR_REPORTER": f"{__name__}.reporter"}, ALLOWED_HOSTS=["*"]
    )


def fail(client: Client, **sent):
    token = generate_token("ada", data={"email": "ada@example.com", "is_admin": True, "hobby": "engines"})
    client.cookies["token"] = "s3ss10n"
    return token, client.post(
        "/users/ada?store=key-of-the-shop&code=c0de-c0de&page=2",
        data=json.dumps({"name": "Ada", "pin": 471147, "token": token}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "X-Api-Key": "k3yk3y", "User-Agent": "curl", "Host": "shop:81"},
        **sent,
    )


def test_a_report_holds_what_pymacarons_held(client, caplog):
    _, answer = fail(client, REMOTE_ADDR="10.0.0.7")
    ((title, data, exception),) = REPORTS
    assert title == "SERVER_ERROR: RuntimeError"
    assert isinstance(exception, RuntimeError)
    assert data["error_id"] == answer.json()["error_id"] == caplog.records[0].error_id
    assert data["is_fatal_error"] is True
    assert data["response"]["status"] == 500
    assert data["response"]["error_code"] == "SERVER_ERROR"
    started, ended = (datetime.fromisoformat(data["time"][name]) for name in ("start", "end"))
    assert started <= ended
    assert abs((ended - started).total_seconds() * 1e6 - data["time"]["microsecs"]) < 5
    user = data["user"]
    assert (user["id"], user["is_auth"], user["ip"], user["user_agent"]) == ("ada", 1, "10.0.0.7", "curl")
    assert (user["email"], user["is_admin"]) == ("ada@example.com", True)
    assert "hobby" not in user
    server = data["server"]
    assert (server["fqdn"], server["port"], server["api_name"], server["api_version"]) == ("shop", "81", "test", "1")
    request = data["request"]
    assert (request["id"], request["path"], request["method"]) == ("POST /users/{login}", "/users/ada", "POST")
    assert request["url"].startswith("http://shop:81/users/ada?")
    assert request["request_query"]["page"] == ["2"]
    assert json.loads(request["request_body"])["name"] == "Ada"
    assert any("in fails" in line for line in data["trace"])
    json.dumps(data)


def test_a_report_holds_no_secret(client):
    token, _ = fail(client)
    ((title, data, _),) = REPORTS
    told = title + json.dumps(data)
    for secret in (token, *token.split("."), "key-of-the-shop", "c0de-c0de", "k3yk3y", "471147", "s3ss10n"):
        assert secret not in told
    assert data["request"]["headers"]["Authorization"] == HIDDEN
    assert json.loads(data["request"]["request_body"]) == {"name": "Ada", "pin": HIDDEN, "token": HIDDEN}
    assert data["response"]["error_description"] == f"no such user: Ada with {HIDDEN}, {HIDDEN}"


def test_a_body_that_was_not_read_is_only_counted(client):
    request = RequestFactory().post("/x", b'{"pin": 471147,', content_type="application/json")
    report_warning("Look", request=request)
    assert REPORTS[0][1]["request"]["request_body"] == "<15 bytes, not read>"


def test_a_reporter_that_fails_changes_no_answer(client, caplog, settings):
    settings.MACARON = {**settings.MACARON, "ERROR_REPORTER": f"{__name__}.broken_reporter"}
    _, answer = fail(client)
    assert answer.status_code == 500
    assert answer.json()["error"] == "SERVER_ERROR"
    assert f"failed on error_id {answer.json()['error_id']}" in caplog.text


def test_a_reporter_that_is_not_there_changes_no_answer(client, caplog, settings):
    settings.MACARON = {**settings.MACARON, "ERROR_REPORTER": "nowhere.to.be.found"}
    assert fail(client)[1].status_code == 500
    assert "ERROR_REPORTER" in caplog.text


def test_a_warning_is_logged_and_reported_and_changes_no_answer(client, caplog):
    with caplog.at_level(logging.WARNING, "macaron_django"):
        assert client.get("/users/ada").json() == {"login": "ada"}
    ((title, data, exception),) = REPORTS
    assert (title, data["is_fatal_error"], data["shop"]) == ("Slow today", False, "north")
    assert "swordfish" not in json.dumps(data)
    assert isinstance(exception, ValueError)
    assert data["request"]["id"] == "GET /users/{login}"
    (record,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert data["error_id"] == record.error_id
    assert record.error_id in record.getMessage()


def test_a_warning_needs_no_request(settings):
    settings.MACARON = {"ERROR_REPORTER": f"{__name__}.reporter"}
    forget()
    REPORTS.clear()
    error_id = report_warning("A task was slow", {"error_id": "mine"})
    ((_, data, _),) = REPORTS
    assert data["error_id"] == error_id == "mine"
    assert "request" not in data
    assert data["time"]["start"] is None


def test_a_request_that_cannot_be_looked_at_is_reported_all_the_same(settings):
    settings.MACARON = {"ERROR_REPORTER": f"{__name__}.reporter"}
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 1
    REPORTS.clear()
    report_warning("Odd", request=RequestFactory().get("/x?a=1&b=2&c=3"))
    assert REPORTS[0][1]["request"] == {"unavailable": "TooManyFieldsSent"}
    assert REPORTS[0][1]["server"]["fqdn"] == "testserver"


def test_what_outlives_its_request_can_report_it(client):
    fail(client)
    REPORTS.clear()
    report_warning("Late")  # the request is still the current one, and its view is gone
    ((title, data, _),) = REPORTS
    assert (title, data["request"]["path"]) == ("Late", "/users/ada")
