"""A handler may return an object of any schema that its operation declares, PyMacaron's error objects among them."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from macaron_django.schemas import Classes

RETURNED: dict[str, Any] = {}
REPORTS: list[tuple[str, dict[str, Any]]] = []


def reporter(title, data, exception):
    REPORTS.append((title, data))


def handler():
    return RETURNED["value"]


def content(name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": name, "content": {"application/json": {"schema": schema}}}


ERROR = {
    "type": "object",
    "required": ["status", "error"],
    "properties": {
        "status": {"type": "integer"},
        "error": {"type": "string"},
        "error_description": {"type": "string"},
        "error_id": {"type": "string"},
    },
}
SCHEMAS = {
    "Hello": {"type": "object", "properties": {"message": {"type": "string"}}},
    "Made": {"type": "object", "properties": {"number": {"type": "integer"}}},
    "Gone": {"type": "object", "properties": {"since": {"type": "string"}}},
    "Error": ERROR,
    "Stranger": {"type": "object", "properties": {"shoe": {"type": "string"}}},
}


@pytest.fixture
def made(document, serve):
    responses = {"200": content("Hello"), "202": content("Made"), "410": content("Gone"), "default": content("Error")}
    described = document({"/hello": {"get": {"x-bind-server": f"{__name__}.handler", "responses": responses}}}, SCHEMAS)
    REPORTS.clear()
    client = serve(described, MACARON={"ERROR_REPORTER": f"{__name__}.reporter"})
    classes = Classes("test", described)

    def answer(schema: str, **properties: Any) -> tuple[int, Any]:
        RETURNED["value"] = getattr(classes, schema)(**properties)
        response = client.get("/hello")
        return response.status_code, response.json()

    return answer


def test_the_object_of_the_success_is_a_success(made):
    assert made("Hello", message="hi") == (200, {"message": "hi"})


def test_an_object_is_answered_with_the_status_that_its_schema_is_declared_for(made):
    assert made("Made", number=3) == (202, {"number": 3})
    assert made("Gone", since="May") == (410, {"since": "May"})


def test_an_error_object_under_default_is_answered_with_its_own_status_and_gets_an_id(made, caplog):
    with caplog.at_level(logging.INFO, "macaron_django"):
        status, body = made("Error", status=404, error="NO_SUCH_HELLO", error_description="It left")
    assert status == 404
    error_id = body.pop("error_id")
    assert body == {"status": 404, "error": "NO_SUCH_HELLO", "error_description": "It left"}
    assert REPORTS == []
    (record,) = [record for record in caplog.records if record.name == "macaron_django"]
    assert (record.levelno, record.error_id) == (logging.INFO, error_id)


def test_a_server_error_is_logged_and_reported_with_its_own_code_and_id(made, caplog):
    status, body = made("Error", status=543, error="FATAL", error_description="Broken", error_id="42")
    assert (status, body["error_id"]) == (543, "42")
    ((title, data),) = REPORTS
    assert title == "FATAL: DeclaredError"
    assert (data["error_id"], data["response"]["status"], data["response"]["error_code"]) == ("42", 543, "FATAL")
    assert [record.levelno for record in caplog.records if record.name == "macaron_django"] == [logging.ERROR]


@pytest.mark.parametrize("status", [200, 302, 99, 600, 10**6])
def test_an_error_object_whose_status_tells_of_no_failure_is_a_server_error(made, status):
    assert made("Error", status=status, error="ODD")[0] == 500


def test_an_error_object_that_breaks_its_schema_is_the_servers_fault(made, settings):
    settings.MACARON = {"RESPONSE_VALIDATION": "raise"}
    status, body = made("Error", status=404)
    assert (status, body["error"]) == (500, "INVALID_RESPONSE")


def test_an_object_of_a_schema_that_is_not_declared_stays_a_failure(made):
    assert made("Stranger", shoe="left")[0] == 500


def test_the_error_format_leaves_the_object_alone_and_the_decorator_does_not(made, settings):
    settings.MACARON = {"ERROR_FORMAT": "problem", "ERROR_DECORATOR": lambda body: {**body, "service": "hello"}}
    status, body = made("Error", status=404, error="NO_SUCH_HELLO")
    assert (status, body["error"], body["service"]) == (404, "NO_SUCH_HELLO", "hello")
