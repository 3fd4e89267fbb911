"""crash_handler and its like: errors of a project's own views, answered, logged and reported as the APIs' are."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from macaron_django.api.answers.crash_handlers import (
    crash_handler,
    default_error_reporter,
    generate_crash_handler_decorator,
    populate_error_report,
    postmortem,
    report_error,
    set_error_reporter,
)
from macaron_django.api.answers.error_objects import format_error, raise_error, responsify
from macaron_django.api.requests.operation_requests import OperationRequest
from macaron_django.auth.caller import forget, remember_request
from macaron_django.exceptions import (
    AuthTokenExpiredError,
    InternalServerError,
    PyMacaronException,
    TableMissing,
    code_to_class,
    is_error,
)


class OutOfStock(PyMacaronException):
    """Nothing is left."""

    code = "OUT_OF_STOCK"
    status = 409


@pytest.fixture(autouse=True)
def _no_request() -> None:
    """No test's reports have the request that another test's thread has served."""
    forget()


@pytest.fixture
def reports(settings: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    settings.MACARON = {**settings.MACARON, "ERROR_REPORTER": lambda *report: found.append(report)}
    return found


def request() -> Any:
    return RequestFactory().get("/stock?token=swordfish")


def raising(error: Exception):
    def view(request):
        raise error

    return view


def test_a_view_that_fails_answers_and_is_reported(reports, caplog):
    answer = crash_handler(raising(RuntimeError("inside")))(request())
    body = json.loads(answer.content)
    assert (answer.status_code, answer["Content-Type"], body["error"]) == (500, "application/json", "SERVER_ERROR")
    assert "inside" not in answer.content.decode()
    ((title, data, exception),) = reports
    assert (title, data["error_id"], str(exception)) == ("SERVER_ERROR: RuntimeError", body["error_id"], "inside")
    assert data["request"]["path"] == "/stock"
    assert "swordfish" not in str(data)
    assert any(record.exc_info for record in caplog.records)


def test_a_clients_fault_isnt_reported_and_a_good_answer_is_left_alone(reports):
    answer = crash_handler(raising(OutOfStock("Sold")))(request())
    assert (answer.status_code, json.loads(answer.content)["error"]) == (409, "OUT_OF_STOCK")
    good = HttpResponse("good")
    assert crash_handler(lambda request: good)(request()) is good
    assert reports == []


def test_a_returned_reply_counts_as_raised(reports):
    answer = crash_handler(lambda request: InternalServerError("Broken").http_reply())(request())
    assert (answer.status_code, json.loads(answer.content)["user_message"]) == (500, "Broken")
    assert len(reports) == 1


def test_a_decorator_of_errors_changes_the_body():
    handler = generate_crash_handler_decorator(lambda body: {"wrapped": body["error"]})
    assert json.loads(handler(raising(OutOfStock("Sold")))(request()).content) == {"wrapped": "OUT_OF_STOCK"}


def test_a_coroutine_is_awaited():
    async def view(request):
        raise OutOfStock("Sold")

    assert asyncio.run(crash_handler(view)(request())).status_code == 409


def test_a_reply_is_a_wsgi_application_too():
    started: list[Any] = []
    body = OutOfStock("Sold").http_reply()({}, lambda *said: started.append(said))
    assert json.loads(b"".join(body)) == {
        "status": 409,
        "error": "OUT_OF_STOCK",
        "user_message": "Sold",
        "error_description": "Sold",
    }
    assert started == [("409 Conflict", [("Content-Type", "application/json")])]


def test_an_error_is_reported_with_what_was_caught_and_where(reports, caplog):
    with caplog.at_level(logging.ERROR):
        error_id = report_error("Scales off", {"shop": "north"}, caught=ValueError("kg"), is_fatal=True)
    ((title, data, exception),) = reports
    assert (title, data["shop"], data["is_fatal_error"], data["error_caught"]) == ("Scales off", "north", True, "kg")
    assert data["stack"][-1].strip().startswith("File")
    assert isinstance(exception, ValueError)
    assert error_id in caplog.text


def test_the_environment_keeps_acceptance_tests_from_reporting(reports, monkeypatch):
    monkeypatch.setenv("NO_ERROR_REPORTING", "1")
    report_error("Scales off")
    assert reports == []
    monkeypatch.setenv("DO_REPORT_ERROR", "1")
    report_error("Scales off")
    assert len(reports) == 1


TOLD: list[tuple[Any, Any]] = []


def reporter_of_version_1(title, message):
    TOLD.append((title, json.loads(message)))


def reporter_by_name(title, data):
    TOLD.append((title, data))


def reporter_of_version_2(title=None, data={}, exception=None):  # noqa: B006 (as PyMacaron's users write it)
    TOLD.append((title, data))


@pytest.mark.parametrize("reporter", [reporter_of_version_1, reporter_by_name, reporter_of_version_2])
def test_reporters_of_every_version_are_called_as_they_were(settings, reporter):
    settings.MACARON = {}
    TOLD.clear()
    set_error_reporter(reporter)
    report_error("Scales off", {"shop": "north"})
    ((title, data),) = TOLD
    assert (title, data["shop"]) == ("Scales off", "north")


def test_postmortem_reports_the_servers_faults_only(reports):
    began = datetime(2026, 1, 1, tzinfo=timezone.utc)
    arguments = {"f": raising, "t0": began, "t1": began + timedelta(milliseconds=5)}
    postmortem(**arguments, exception=OutOfStock("Sold"))
    assert reports == []
    postmortem(**arguments, exception=RuntimeError("inside"), kwargs={"password": "swordfish"})
    ((title, data, _),) = reports
    assert title == f"{__name__}.raising(): inside"
    assert (data["time"]["microsecs"], data["response"]["status"]) == (5000, 500)
    assert "swordfish" not in str(data)


def test_code_that_outlives_its_request_can_report(reports: Any) -> None:
    class View:
        args, kwargs = (), {"id": 1}

    view = View()
    served = OperationRequest.planned(request(), {}, (), view)
    remember_request(served)
    del view
    report_error("Too late")
    assert [report[0] for report in reports] == ["Too late"]
    assert served.parser_context["args"] == ()


def test_a_report_is_populated_in_its_place():
    data = {"title": "mine", "password": "swordfish"}
    populate_error_report(data)
    assert data["title"] == "mine"
    assert data["password"] != "swordfish"
    assert "end" in data["time"]


def test_the_default_reporter_logs(caplog):
    with caplog.at_level(logging.ERROR):
        default_error_reporter("Title", {"a": 1}, None)
    assert "Title" in caplog.text


# ------------------------------------------------------------------ error objects


def test_an_exception_becomes_an_error_object_and_comes_back():
    error = format_error(AuthTokenExpiredError("Too late"))
    assert (error.status, error.error, error.error_description) == (401, "TOKEN_EXPIRED", "Too late")
    assert is_error(error)
    with pytest.raises(AuthTokenExpiredError, match="Too late"):
        raise_error(error)
    reply = responsify(error)
    assert (reply.status_code, json.loads(reply.content)["error"]) == (401, "TOKEN_EXPIRED")


def test_an_error_object_of_an_unknown_code_keeps_its_code_and_status():
    error = format_error(OutOfStock("Sold"))
    with pytest.raises(InternalServerError) as raised:
        raise_error(error)
    assert (raised.value.code, raised.value.status) == ("OUT_OF_STOCK", 409)
    assert "OUT_OF_STOCK" not in code_to_class


def test_another_exception_becomes_an_error_object_without_its_inside():
    error = format_error(RuntimeError("password=swordfish"))
    assert (error.status, error.error) == (500, "SERVER_ERROR")
    assert "swordfish" not in str(error.to_json())


# ------------------------------------------------------------------ /crash/…

CRASHES = """
import json
import django
from django.conf import settings

reports = []
settings.configure(
    SECRET_KEY="only for a test" * 4,
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="macaron_django.urls",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "macaron_django"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
    MACARON={"APIS": {}, "CRASH_ENDPOINTS": True, "ERROR_REPORTER": lambda *report: reports.append(report)},
    LOGGING_CONFIG=None,
)
django.setup()
from django.test import Client

client = Client(raise_request_exception=False)
for kind in ("internalexception", "pymacaronexception", "reporterror", "returnerrorinstance",
             "returnfatalerrorresponse", "returnnonfatalerrorresponse", "returnerrormodel"):
    answer = client.get(f"/crash/{kind}")
    print(kind, answer.status_code, answer.json().get("error"), len(reports))
    reports.clear()
"""


def test_the_crash_endpoints_fail_each_in_its_way_and_are_reported_where_the_server_is_at_fault():
    done = subprocess.run([sys.executable, "-c", CRASHES], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "internalexception 500 SERVER_ERROR 1",
        "pymacaronexception 401 NON_FATAL_CUSTOM_ERROR 0",
        "reporterror 200 None 1",
        "returnerrorinstance 543 FATAL_CUSTOM_ERROR 1",
        "returnfatalerrorresponse 543 FATAL_CUSTOM_ERROR 1",
        "returnnonfatalerrorresponse 401 NON_FATAL_CUSTOM_ERROR 0",
        "returnerrormodel 543 ANOTHER_CUSTOM_ERROR 1",
    ]


def test_a_reply_and_an_error_object_keep_the_inside_from_clients(settings):
    error = TableMissing("The table hidden isn't there")
    for told in (error.to_dict(), json.loads(error.http_reply().content), format_error(error).to_json()):
        assert told["error"] == "TABLE_MISSING"
        assert "hidden" not in str(told)
    settings.DEBUG = True
    assert error.to_dict()["user_message"] == "The table hidden isn't there"
