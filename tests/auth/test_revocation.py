"""``MACARON["JWT"]["REVOKED"]`` is asked once for a request, whoever needs the token."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from macaron_django.auth import (
    JWTAuthentication,
    authenticate_http_request,
    generate_token,
    load_auth_token,
    requires_auth,
)

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."
SCHEMES: dict[str, Any] = {
    "jwt": {"type": "http", "scheme": "bearer"},
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://issuer.example/.well-known/openid-configuration"},
    "header": {"type": "apiKey", "in": "header", "name": "Authorization"},
}
SECURITIES = [
    [{"jwt": []}],
    [{"jwt": ["admin"]}],
    [{"jwt": []}, {"oidc": []}, {"header": []}],
    [{"jwt": [], "oidc": [], "header": []}],
    [{"oidc": ["admin"]}, {"jwt": []}],
    [{"jwt": []}, {}],
    None,
]
factory = APIRequestFactory()


class Asked:
    """A hook that remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.subjects: list[str] = []

    def __call__(self, payload: Any) -> bool:
        self.subjects.append(payload["sub"])
        if isinstance(self.answer, Exception):
            raise self.answer
        return bool(self.answer)


def asks_again(self: Any, request: Any) -> Response:
    """A handler that uses everything that verifies a token."""
    header = request.headers["Authorization"]
    for _ in range(2):
        authenticate_http_request(request=request)
        authenticate_http_request(header, request)
        load_auth_token(header.removeprefix("Bearer "))
    return Response({"user": request.user.pk})


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("answer", [False, True, RuntimeError("the database is away")])
@pytest.mark.parametrize("security", SECURITIES)
@pytest.mark.parametrize("place", ["header", "cookie"])
def test_a_token_s_revocation_is_asked_once(view_of, jwt_settings, security, answer, accept, place):
    hook = Asked(answer)
    jwt_settings(SECRET=SECRET, REVOKED=hook)
    value = "Bearer " + generate_token("joe")
    request = factory.get("/who", headers={"Accept": accept, "Authorization": value} if place == "header" else {})
    if place == "cookie":
        request.COOKIES["token"] = value.replace(" ", "%20")
    stock = {"authentication_classes": [JWTAuthentication, SessionAuthentication]} if security is None else {}
    view = view_of(
        security,
        SCHEMES,
        renderer_classes=[JSONRenderer, BrowsableAPIRenderer],
        **stock,
        **({"get": requires_auth(asks_again)} if place == "header" else {}),
    )

    try:
        view(request).render()
    except RuntimeError:
        assert isinstance(answer, RuntimeError)

    assert hook.subjects == ["joe"]


def test_a_plain_view_and_its_decorator_ask_once(jwt_settings):
    hook = Asked(False)
    jwt_settings(SECRET=SECRET, REVOKED=hook)

    @requires_auth
    @requires_auth
    def view(request: Any) -> HttpResponse:
        authenticate_http_request(request=request)
        return HttpResponse(request.user.pk)

    header = {"Authorization": "Bearer " + generate_token("joe")}
    assert view(factory.get("/", headers=header)).content == b"joe"
    assert view(factory.get("/", headers=header)).content == b"joe"
    assert hook.subjects == ["joe", "joe"]  # once for each request


def test_a_revoked_token_stays_refused_within_a_request(view_of, jwt_settings):
    jwt_settings(SECRET=SECRET, REVOKED=Asked(True))
    request = factory.get("/who", headers={"Authorization": "Bearer " + generate_token("joe")})
    view = view_of([{"jwt": []}, {"oidc": []}], SCHEMES, permission_classes=[IsAuthenticated])
    for _ in range(2):
        answer = view(request)
        assert (answer.status_code, answer.data["detail"].code) == (401, "TOKEN_INVALID")


def test_two_tokens_of_a_request_are_both_asked_about(jwt_settings):
    hook = Asked(False)
    jwt_settings(SECRET=SECRET, REVOKED=hook)
    request = factory.get("/who", headers={"Authorization": "Bearer " + generate_token("joe")})
    authenticate_http_request(request=request)
    load_auth_token(generate_token("eve"))
    assert hook.subjects == ["joe", "eve"]
