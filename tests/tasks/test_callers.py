"""What a worker knows of the caller: user, token, request and language; and what no message holds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import translation

from macaron_django.auth import TokenUser, generate_token, get_user_token, get_user_token_data, get_userid
from macaron_django.auth import caller as auth_caller
from macaron_django.auth.tokens import verify_token
from macaron_django.tasks.messages.callers import described_caller, restored_caller

SECRET = "only-for-tests-only-for-tests-only-for-tests"


@pytest.fixture(autouse=True)
def nobody(settings: Any) -> Iterator[None]:
    settings.MACARON = {**settings.MACARON, "JWT": {"SECRET": SECRET, "ISSUER": "https://own.example"}}
    auth_caller.forget()
    yield
    auth_caller.forget()


def called(token: str = "", claims: dict[str, Any] | None = None, user: Any = None, **headers: str) -> dict[str, Any]:
    """The caller as a message holds it, of a request with this token."""
    request = RequestFactory().get("/orders/7?key=secret-of-the-url", headers=headers)
    request.user = user
    if user is not None:
        request._cached_user = user  # type: ignore[attr-defined]
    auth_caller.remember_request(request)
    if claims is not None:
        auth_caller.remember(claims, token)
    described: dict[str, Any] = json.loads(json.dumps(described_caller()))
    auth_caller.forget()
    return described


def test_a_token_of_this_service_is_issued_anew_and_isnt_in_the_message() -> None:
    token = generate_token("ada", expire_in=30, data={"scope": "read", "jti": "7"})
    described = called(token, verify_token(token))
    assert token not in json.dumps(described)
    with restored_caller(described):
        assert get_userid() == "ada"
        claims = verify_token(get_user_token())
        assert get_user_token() != token
        assert (claims["sub"], claims["scope"], claims["jti"]) == ("ada", "read", "7")
        assert 800 < claims["exp"] - time.time() <= 900
        assert get_user_token_data()["sub"] == "ada"
    assert (get_userid(), get_user_token(), auth_caller.current_request()) == ("", "", None)


@pytest.mark.parametrize("without_key", [False, True])
def test_anothers_token_is_passed_on_encrypted(settings: Any, without_key: bool) -> None:
    claims = {"sub": "ada", "iss": "https://identity.example"}
    if without_key:
        claims["iss"] = "https://own.example"
        settings.MACARON["JWT"] = {"ISSUER": "https://own.example", "JWKS_URL": "https://own.example/keys"}
    described = called("a.foreign.token", claims)
    assert "foreign" not in json.dumps(described)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next key" * 5, [settings.SECRET_KEY]
    with restored_caller(described):
        assert (get_userid(), get_user_token()) == ("ada", "a.foreign.token")


def test_what_is_known_of_the_request_is_no_secret() -> None:
    described = called(
        Authorization="Bearer abc",
        Cookie="session=abc",
        **{"X-Request-ID": "r7", "PymCallID": "p7", "traceparent": "00-1-2-01", "X-Other": "o"},
    )
    for secret in ("abc", "secret-of-the-url", "X-Other", "x-other"):
        assert secret not in json.dumps(described)
    with restored_caller(described) as request:
        assert auth_caller.current_request() is request
        assert (request.method, request.path, request.get_host()) == ("GET", "/orders/7", "testserver")
        assert request.headers["X-Request-ID"] == "r7"
        assert request.headers["PymCallID"] == "p7"
        assert request.headers["traceparent"] == "00-1-2-01"
        assert "Authorization" not in request.headers


def test_a_header_that_would_forge_log_lines_is_left_out() -> None:
    described = called(**{"X-Request-ID": "a\nb"})
    assert len(described["request_id"]) == 36


def test_a_request_without_an_id_gets_one_that_the_tasks_of_its_tasks_have_too() -> None:
    described = called()
    assert len(described["request_id"]) == 36
    with restored_caller(described):
        again = described_caller()
    assert again["request_id"] == described["request_id"]
    assert again["request"]["path"] == "/orders/7"


def test_the_language_is_the_callers() -> None:
    with translation.override("fr"):
        described = called()
    with restored_caller(described):
        assert translation.get_language() == "fr"
    assert translation.get_language() == "en-us"


def test_the_user_of_a_token_is_the_requests() -> None:
    with restored_caller(called("", {"sub": "ada"})) as request:
        assert request.user == TokenUser({"sub": "ada"})
    with restored_caller(called()) as request:
        assert isinstance(request.user, AnonymousUser)


@pytest.mark.django_db
def test_a_user_of_the_database_is_read_when_asked_for() -> None:
    user = get_user_model().objects.create(username="ada")
    described = called(user=user)
    with restored_caller(described) as request:
        assert request.user == user
    user.delete()
    with restored_caller(described) as request:
        assert not request.user.is_authenticated


def test_outside_of_a_request_there_is_little_to_know() -> None:
    described = described_caller()
    assert described.keys() == {"language", "trace", "request_id"}
    with restored_caller(described) as request:
        assert (request.path, get_userid()) == ("/", "")
