"""ERROR_CALLBACK makes the body of error answers, and ERROR_DECORATOR changes it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from macaron_django.checks import check_settings
from macaron_django.exceptions import PyMacaronException, TableMissing, UnhandledServerError

RAISED: dict[str, Exception] = {}
SEEN: list[PyMacaronException] = []


class OutOfStock(PyMacaronException):
    code = "OUT_OF_STOCK"
    status = 409


class ErrorObject:
    """As version 1's callbacks return it."""

    status = 418

    def to_json(self) -> dict[str, Any]:
        return {"error": "TEAPOT"}


def fails(number):
    raise RAISED["error"]


def callback(error):
    SEEN.append(error)
    return {"code": error.code, "status": error.status, "says": error.user_message, "id": error.error_id}


@pytest.fixture
def client(document, serve):
    number = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}
    described = document(
        {
            "/stock/{number}": {
                "parameters": [number],
                "get": {"x-bind-server": f"{__name__}.fails", "responses": {"200": {"description": "Good."}}},
            }
        }
    )
    SEEN.clear()
    return serve(described, MACARON={"ERROR_CALLBACK": f"{__name__}.callback"})


def answer(client, error: Exception | None = None, path: str = "/stock/7"):
    if error is not None:
        RAISED["error"] = error
    response = client.get(path)
    return response.status_code, response.json()


def test_the_callback_gets_the_exception_itself_where_that_is_pymacarons(client):
    error = OutOfStock("Sold")
    status, body = answer(client, error)
    assert [error] == SEEN
    assert (status, body["code"], body["says"], bool(body["id"])) == (409, "OUT_OF_STOCK", "Sold", True)


def test_other_exceptions_come_as_what_a_client_may_learn_of_them(client, caplog):
    raised = RuntimeError("password=swordfish")
    status, body = answer(client, raised)
    assert (status, body["code"]) == (500, "SERVER_ERROR")
    assert "swordfish" not in str(body)
    assert isinstance(SEEN[0], UnhandledServerError)
    assert SEEN[0].__cause__ is raised
    assert any(record.exc_info for record in caplog.records)


def test_the_databases_own_messages_are_kept_from_it(client):
    status, body = answer(client, TableMissing("The table hidden isn't there"))
    assert (status, body["code"]) == (500, "TABLE_MISSING")
    assert "hidden" not in str(body)


def test_what_drf_refuses_comes_with_its_status_and_code(client):
    status, body = answer(client, path="/stock/seven")
    assert (status, body["code"], type(SEEN[0]).__name__) == (400, "INVALID_PARAMETER", "RequestInvalid")
    response = client.delete("/stock/7")
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert not isinstance(SEEN[1], UnhandledServerError)


def test_an_object_brings_its_own_status(client, settings):
    settings.MACARON = {"ERROR_CALLBACK": lambda error: ErrorObject()}
    status, body = answer(client, OutOfStock("Sold"))
    assert (status, body["error"], bool(body["error_id"])) == (418, "TEAPOT", True)


@pytest.mark.parametrize("broken", [lambda error: error.nothing, lambda error: None, dict, "nowhere.found"])
def test_a_callback_that_fails_is_logged_and_changes_nothing(client, settings, caplog, broken):
    settings.MACARON = {"ERROR_CALLBACK": broken}
    status, body = answer(client, OutOfStock("Sold"))
    assert (status, body["error"]) == (409, "OUT_OF_STOCK")
    assert "MACARON['ERROR_CALLBACK'] failed" in caplog.text


def test_the_decorator_changes_every_body_and_one_that_fails_none(client, settings, caplog):
    settings.MACARON = {"ERROR_DECORATOR": lambda body: {**body, "service": "stock"}}
    assert answer(client, OutOfStock("Sold"))[1]["service"] == "stock"
    settings.MACARON = {"ERROR_DECORATOR": lambda body: body["nothing"]}
    with caplog.at_level(logging.ERROR):
        assert answer(client, OutOfStock("Sold"))[1]["error"] == "OUT_OF_STOCK"
    assert "MACARON['ERROR_DECORATOR'] failed" in caplog.text


@pytest.mark.parametrize("key", ["ERROR_CALLBACK", "ERROR_DECORATOR"])
def test_a_function_that_is_not_there_is_an_error_of_check(settings, key):
    settings.MACARON = {**settings.MACARON, key: "nowhere.to.be.found"}
    (message,) = check_settings(None)
    assert message.id == "macaron_django.E102"
    assert message.msg.startswith(f"MACARON['{key}'] is 'nowhere.to.be.found'")


def test_what_was_caught_is_told_where_the_exception_says_so(client, settings):
    settings.MACARON = {}
    assert "error_caught" not in answer(client, OutOfStock("Sold"))[1]
    body = answer(client, OutOfStock("Sold").caught(KeyError("shelf")).tell_user("Nothing left"))[1]
    assert (body["error_caught"], body["user_message"]) == ("KeyError('shelf')", "Nothing left")
