"""Exceptions become answers: one body format each, nothing internal, and an id that the log carries, too."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace

import pytest
from django.core import exceptions as django_exceptions
from django.core.signals import got_request_exception
from django.db import IntegrityError
from django.http import Http404
from django.test import override_settings
from rest_framework import exceptions as drf

from macaron_django.api.answers.error_descriptions import describe
from macaron_django.api.answers.error_responses import exception_handler
from macaron_django.exceptions import (
    AuthTokenExpiredError,
    DynamoDBItemNotFound,
    EngineUnavailable,
    ItemExists,
    PyMacaronException,
    RequestInvalid,
    ScanForbidden,
    TableMissing,
    Throttled,
    UnstorableValue,
    ValidationFailed,
    WriteOutcomeUnknown,
)

REQUEST = SimpleNamespace(method="GET", path="/profiles/7")


class ProfileNotFound(PyMacaronException):
    code = "PROFILE_NOT_FOUND"
    status = 404


class OutOfStock(PyMacaronException):
    """The last one was sold,
    and no more will come.

    Raised by the till.
    """

    code = "OUT_OF_STOCK"
    status = 409


def violation(pointer="/age", message="-1 is less than 0", keyword="minimum", location="body"):
    return SimpleNamespace(pointer=pointer, message=message, keyword=keyword, location=location)


def answer(exc, **context):
    return exception_handler(exc, {"request": REQUEST, **context})


def in_format(name):
    return override_settings(MACARON={"ERROR_FORMAT": name})


def test_an_error_of_the_applications_has_pymacarons_body():
    response = answer(ProfileNotFound("Profile 7 does not exist"))
    error_id = response.data.pop("error_id")
    assert response.status_code == 404
    assert response.data == {
        "status": 404,
        "error": "PROFILE_NOT_FOUND",
        "error_description": "Profile 7 does not exist",
        "user_message": "Profile 7 does not exist",
    }
    assert len(error_id) == 36


def test_an_error_without_a_message_has_no_user_message():
    body = answer(OutOfStock()).data
    assert "user_message" not in body
    assert body["error_description"] == "The last one was sold, and no more will come."
    assert answer(ProfileNotFound()).data["error_description"] == "Not Found"


def test_an_error_id_that_was_given_is_kept():
    error = ProfileNotFound("x")
    error.error_id = "mine"
    assert answer(error).data["error_id"] == "mine"


@pytest.mark.parametrize(
    ("exc", "status", "code"),
    [
        (Http404("no"), 404, "NOT_FOUND"),
        (django_exceptions.ObjectDoesNotExist("no"), 404, "NOT_FOUND"),
        (django_exceptions.PermissionDenied(), 403, "PERMISSION_DENIED"),
        (django_exceptions.ValidationError({"name": ["Too long."]}), 400, "INVALID_PARAMETER"),
        (django_exceptions.RequestDataTooBig("big"), 413, "BODY_TOO_LARGE"),
        (django_exceptions.SuspiciousOperation("hm"), 400, "PARSE_ERROR"),
        (IntegrityError("UNIQUE constraint failed: secret_table.column"), 409, "CONFLICT"),
        (ItemExists("taken"), 409, "ITEM_EXISTS"),
        (DynamoDBItemNotFound("none"), 404, "ITEM_NOT_FOUND"),
        (drf.NotFound(), 404, "NOT_FOUND"),
        (drf.ParseError("bad"), 400, "PARSE_ERROR"),
        (drf.MethodNotAllowed("PUT"), 405, "METHOD_NOT_ALLOWED"),
        (drf.UnsupportedMediaType("text/x"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (drf.NotAcceptable(), 406, "NOT_ACCEPTABLE"),
        (drf.PermissionDenied(), 403, "PERMISSION_DENIED"),
        (drf.ValidationError({"name": ["Too long."]}), 400, "INVALID_PARAMETER"),
    ],
)
def test_whoever_raises_there_is_a_status_a_code_and_a_sentence(exc, status, code):
    response = answer(exc)
    assert (response.status_code, response.data["status"], response.data["error"]) == (status, status, code)
    assert response.data["error_description"]
    assert "secret_table" not in json.dumps(response.data)


def test_every_violation_is_listed_with_its_pointer():
    response = answer(RequestInvalid(violations=[violation(), violation("/a~1b", "is required", "required")]))
    assert response.status_code == 400
    assert response.data["errors"] == [
        {"pointer": "/age", "location": "body", "keyword": "minimum", "message": "-1 is less than 0"},
        {"pointer": "/a~1b", "location": "body", "keyword": "required", "message": "is required"},
    ]
    assert "user_message" not in response.data


@pytest.mark.parametrize("body_format", ["pymacaron", "problem", "drf"])
def test_what_breaks_a_schema_on_the_server_is_told_to_operators_only(body_format):
    with in_format(body_format):
        response = answer(ValidationFailed(violations=[violation("/secret")]))
    assert response.status_code == 500
    assert response.data["error_id"]
    assert "secret" not in json.dumps(response.data)
    with in_format(body_format), override_settings(DEBUG=True):
        assert "/secret: -1 is less than 0" in json.dumps(
            answer(ValidationFailed(violations=[violation("/secret")])).data
        )


def test_an_unstorable_value_is_listed_as_a_violation():
    assert answer(UnstorableValue("is NaN", "/x/0")).data["errors"][0]["pointer"] == "/x/0"


def test_drfs_nested_errors_get_pointers():
    detail = {"a/b": [{"c": ["Wrong."]}, {}], "non_field_errors": ["All wrong."]}
    errors = answer(drf.ValidationError(detail)).data["errors"]
    assert [(e["pointer"], e["message"]) for e in errors] == [("/a~1b/0/c", "Wrong."), ("", "All wrong.")]


def test_headers_of_the_exception_are_sent():
    for later in (Throttled("slow down"), EngineUnavailable(), WriteOutcomeUnknown(), TimeoutError()):
        assert answer(later)["Retry-After"] == "1"
    assert answer(Throttled()).data["error"] != answer(drf.Throttled(wait=1)).data["error"]
    assert answer(drf.Throttled(wait=1.2))["Retry-After"] == "2"


def test_a_401_says_how_to_authenticate():
    assert answer(AuthTokenExpiredError("expired"))["WWW-Authenticate"] == "Bearer"
    view = SimpleNamespace(get_authenticate_header=lambda request: 'Basic realm="api"')
    assert answer(AuthTokenExpiredError("expired"), view=view)["WWW-Authenticate"] == 'Basic realm="api"'


def test_an_unexpected_exception_is_logged_and_not_told(caplog):
    with caplog.at_level(logging.INFO, "macaron_django"):
        response = answer(KeyError("secret"))
    assert (response.status_code, response.data["error"]) == (500, "SERVER_ERROR")
    assert "secret" not in json.dumps(response.data)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert response.data["error_id"] in record.getMessage()
    assert record.error_id == response.data["error_id"]
    assert "KeyError: 'secret'" in caplog.text


def test_with_debug_an_unexpected_exception_is_told(settings):
    settings.DEBUG = True
    assert answer(KeyError("secret")).data["error_description"] == "KeyError: 'secret'"


@pytest.mark.parametrize("exc", [TableMissing("no table prod-profiles"), ScanForbidden("add an index on prod-x")])
def test_the_databases_own_words_are_the_operators(exc, settings):
    body = answer(exc).data
    assert "prod" not in json.dumps(body)
    assert "user_message" not in body
    settings.DEBUG = True
    assert "prod" in answer(exc).data["error_description"]


def test_a_clients_fault_is_logged_without_a_traceback(caplog):
    with caplog.at_level(logging.INFO, "macaron_django"):
        response = answer(ProfileNotFound("x"))
    (record,) = caplog.records
    assert (record.levelno, record.exc_info) == (logging.INFO, None)
    assert response.data["error_id"] in record.getMessage()


def test_an_outage_that_is_known_is_a_line_without_a_traceback_or_report(caplog):
    error = EngineUnavailable("gone")
    reported = []
    with (
        override_settings(MACARON={"ERROR_REPORTER": lambda *told, **more: reported.append(told)}),
        caplog.at_level(logging.INFO, "macaron_django"),
    ):
        for error.is_known in (False, True):
            assert answer(error).status_code == 503
    assert [(each.levelno, each.exc_info is None) for each in caplog.records] == [
        (logging.ERROR, False),
        (logging.INFO, True),
    ]
    assert len(reported) == 1


def test_a_log_line_stays_one_line(caplog):
    with caplog.at_level(logging.INFO, "macaron_django"):
        exception_handler(ProfileNotFound("x"), {"request": SimpleNamespace(method="GET", path="/a\nERROR faked")})
    assert "\n" not in caplog.records[0].getMessage()


def test_unexpected_exceptions_are_signalled_as_django_does():
    received = []

    def receiver(sender, request, **kwargs):
        received.append(request)

    got_request_exception.connect(receiver)
    try:
        answer(ProfileNotFound("x"))
        answer(RuntimeError("x"))
    finally:
        got_request_exception.disconnect(receiver)
    assert received == [REQUEST]


def test_a_problem_has_rfc_9457s_members():
    with in_format("problem"):
        response = answer(RequestInvalid(violations=[violation()]))
    assert response.error_content_type == "application/problem+json"
    body = response.data
    assert {name: body[name] for name in ("type", "title", "status", "code")} == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "code": "INVALID_PARAMETER",
    }
    assert body["errors"][0]["pointer"] == "/age"


def test_a_status_that_http_doesnt_name_has_its_code_as_title():
    odd = type("Odd", (PyMacaronException,), {"code": "ODD", "status": 499})
    with in_format("problem"):
        assert answer(odd()).data["title"] == "ODD"


def test_drfs_format_is_drfs():
    with in_format("drf"):
        assert answer(drf.NotFound()).data == {"detail": "Not found."}
        assert answer(drf.ValidationError({"a": ["b"]})).data == {"a": ["b"]}
        assert answer(ProfileNotFound("Profile 7 does not exist")).data == {"detail": "Profile 7 does not exist"}
        broken = RequestInvalid(
            violations=[violation("/address/zip"), violation("", "too few"), violation("/address", "odd")]
        )
        assert answer(broken).data == {
            "address": {"zip": ["-1 is less than 0"], "non_field_errors": ["odd"]},
            "non_field_errors": ["too few"],
        }


REPORTS = []


def reporter(title, facts, exception):
    REPORTS.append((title, facts, exception))


def broken_reporter(title, facts, exception):
    raise RuntimeError("the reporter itself")


def test_a_servers_fault_is_reported():
    REPORTS.clear()
    with override_settings(MACARON={"ERROR_REPORTER": f"{__name__}.reporter"}):
        answer(ProfileNotFound("x"))
        response = answer(RuntimeError("x"))
    ((title, facts, exception),) = REPORTS
    assert title == "SERVER_ERROR: RuntimeError"
    assert facts["error_id"] == response.data["error_id"]
    assert isinstance(exception, RuntimeError)


def test_a_reporter_that_fails_changes_no_answer(caplog):
    with override_settings(MACARON={"ERROR_REPORTER": f"{__name__}.broken_reporter"}):
        assert answer(RuntimeError("x")).status_code == 500
    assert "the reporter itself" in caplog.text


class ReadTimeoutError(Exception):
    """Named as in botocore, httpx and requests, whose timeouts are no TimeoutError."""


def unanswered() -> Exception:
    error = EngineUnavailable("DynamoDB didn't answer a call on table profiles")
    error.__cause__ = ReadTimeoutError("http://10.0.0.7:8000")
    return error


@pytest.mark.parametrize("error", [TimeoutError("10.0.0.7"), ReadTimeoutError("10.0.0.7"), unanswered()])
def test_a_timeout_behind_the_server_is_504_and_says_nothing_of_where(error):
    answer = describe(error)
    assert (answer.status, answer.code) == (504, "TIMEOUT")
    assert "10.0.0.7" not in answer.description
    assert "profiles" not in answer.description


def test_a_write_of_unknown_outcome_is_no_timeout():
    error = WriteOutcomeUnknown("…")
    error.__cause__ = ReadTimeoutError()
    assert describe(error).status == 503
