"""Errors that arise outside of the APIs' views: JSON for programs, Django's pages for browsers."""

from __future__ import annotations

import logging

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import AsyncClient, Client, override_settings
from django.urls import path

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
RAISED = {
    "absent": Http404("No such shop."),
    "forbidden": PermissionDenied(),
    "suspicious": SuspiciousOperation("secret"),
    "broken": RuntimeError("secret"),
}
HANDLERS = {400: "bad_request", 403: "permission_denied", 404: "page_not_found", 500: "server_error"}


def fail(request, how):
    raise RAISED[how]


@pytest.fixture
def urls(settings):
    handlers = {
        f"handler{status}": f"macaron_django.api.answers.error_views.{name}" for status, name in HANDLERS.items()
    }
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("fail/<str:how>", fail)], **handlers})


ANSWERS = [
    ("/nowhere", 404, "NOT_FOUND"),
    ("/fail/absent", 404, "NOT_FOUND"),
    ("/fail/forbidden", 403, "PERMISSION_DENIED"),
    ("/fail/suspicious", 400, "PARSE_ERROR"),
    ("/fail/broken", 500, "SERVER_ERROR"),
]


@pytest.mark.parametrize(("url", "status", "code"), ANSWERS)
@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json, text/html;q=0.5", "image/png"])
def test_programs_are_answered_in_the_format_of_the_apis(urls, url, status, code, accept):
    response = Client(raise_request_exception=False).get(url, headers={"accept": accept} if accept else {})
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    body = response.json()
    assert (body["status"], body["error"]) == (status, code)
    assert body["error_id"]
    for internal in ("secret", "tried", "fail/<"):
        assert internal not in response.content.decode()


@pytest.mark.parametrize(("url", "status", "code"), ANSWERS)
def test_browsers_are_shown_djangos_pages(urls, url, status, code):
    response = Client(raise_request_exception=False).get(url, headers={"accept": BROWSER})
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")


def test_asgi_answers_alike(urls):
    response = async_to_sync(AsyncClient(raise_request_exception=False).get)("/fail/broken")
    assert (response.status_code, response.json()["error"]) == (500, "SERVER_ERROR")


@pytest.mark.parametrize(("body_format", "member"), [("problem", "detail"), ("drf", "detail")])
def test_the_format_is_the_settings(urls, body_format, member):
    with override_settings(MACARON={"ERROR_FORMAT": body_format}):
        response = Client().get("/nowhere")
    assert response.json()[member] == "There is nothing at this path."
    assert response["Content-Type"] == f"application/{'problem+json' if body_format == 'problem' else 'json'}"


def test_a_failure_is_logged_under_the_id_that_the_answer_quotes(urls, caplog):
    with caplog.at_level(logging.ERROR, "macaron_django"):
        answered = Client(raise_request_exception=False).get("/fail/broken").json()
    (record,) = (record for record in caplog.records if record.name == "macaron_django")
    assert record.error_id == answered["error_id"]
    assert record.exc_info[1] is RAISED["broken"]
