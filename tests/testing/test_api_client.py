"""The test client's requests go through the front, and its answers have what DRF's client gives."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings

from macaron_django.api.front import WSGIFront
from macaron_django.testing import APIClient


@pytest.fixture
def fronted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    answer = WSGIFront._answer

    def note(self: Any, request: Any, *arguments: Any) -> Any:
        found.append(request.path_info)
        return answer(self, request, *arguments)

    monkeypatch.setattr(WSGIFront, "_answer", note)
    return found


@pytest.mark.django_db
def test_operations_are_answered_by_the_front(api_client, dynamodb, fronted):
    made = api_client.post("/profiles", {"name": "Ada"}, format="json")
    assert (made.status_code, made.data["name"], made.json()["name"]) == (201, "Ada", "Ada")
    assert made.wsgi_request.method == "POST"
    assert made.resolver_match.func.cls.__name__ == "Profiles"
    assert made.renderer_context["view"].action == "create"
    assert api_client.get(made["Location"]).json() == made.json()
    assert api_client.get("/profiles/none").status_code == 404
    assert fronted == ["/profiles", f"/profiles/{made.data['profile_id']}", "/profiles/none"]


@pytest.mark.django_db
def test_everything_else_is_answered_by_django(api_client, fronted):
    assert api_client.get("/admin/", follow=True).status_code == 200
    assert api_client.get("/nothing").status_code == 404
    assert fronted == []


@pytest.mark.django_db
def test_a_user_can_log_in_and_tokens_of_forms_are_not_asked_for(api_client, dynamodb):
    ada = User.objects.create_superuser("ada", password="ada")
    api_client.force_login(ada)
    assert api_client.post("/admin/logout/").status_code == 200
    checked = APIClient(enforce_csrf_checks=True)
    checked.force_login(ada)
    assert checked.post("/admin/logout/").status_code == 403


@pytest.mark.django_db
def test_a_user_can_be_forced(api_client, dynamodb, fronted):
    api_client.force_authenticate(User(username="ada"), token="t")
    answer = api_client.get("/profiles/none")
    request = answer.renderer_context["request"]
    assert (request.user.username, request.auth) == ("ada", "t")
    api_client.force_authenticate(None)
    assert api_client.get("/profiles/none").renderer_context["request"].user.username == ""
    assert len(fronted) == 2


@pytest.mark.django_db
def test_exceptions_are_raised_or_answered(dynamodb, serve_failing):
    with pytest.raises(ZeroDivisionError):
        APIClient().get("/profiles/none")
    answer = APIClient(raise_request_exception=False).get("/profiles/none")
    assert answer.status_code == 500


@pytest.fixture
def serve_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets every operation raise an exception that nothing answers."""

    def fail(self: Any, request: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(WSGIFront, "_answer", fail)


@pytest.mark.django_db
def test_connections_outlive_requests(api_client, dynamodb):
    api_client.get("/profiles/none")
    for signal in (request_started, request_finished):
        assert close_old_connections in signal._live_receivers(None)[0]


@pytest.mark.django_db
def test_head_has_no_content(api_client, dynamodb):
    assert api_client.head("/profiles").content == b""


@pytest.mark.django_db
def test_an_unknown_middleware_is_asked(dynamodb, fronted):
    with override_settings(MIDDLEWARE=["tests.api.hooks.project_settings.Rewriting"]):
        assert "wrapped" in APIClient().get("/profiles/none").json()
    assert fronted == []
