"""JWT on requests: DRF's authenticator, PyMacaron's function and decorator, header and cookie, CSRF."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.views import View
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from macaron_django.auth import (
    JWTAuthentication,
    authenticate_http_request,
    generate_token,
    get_user_token,
    get_userid,
    requires_auth,
)
from macaron_django.auth.caller import remember_request
from macaron_django.exceptions import AuthInvalidTokenError, AuthMissingHeaderError, AuthTokenExpiredError

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."
factory = RequestFactory()


class Mine(APIView):
    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Any) -> Response:
        return Response({"user": request.user.pk, "sub": request.auth["sub"], "userid": get_userid()})

    post = get


class Decorated(APIView):
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    @requires_auth
    def get(self, request: Any) -> Response:
        return Response({"user": request.user.pk, "sub": request.auth["sub"], "userid": get_userid()})


@requires_auth
def plain(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"user": request.user.pk, "userid": get_userid()})


@requires_auth
async def plain_async(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"user": request.user.pk, "userid": get_userid()})


class ByClass(View):
    @requires_auth
    def get(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse({"user": request.user.pk, "userid": get_userid()})


def anybody(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"userid": get_userid(), "token": get_user_token()})


urlpatterns = [
    path("mine", Mine.as_view()),
    path("decorated", Decorated.as_view()),
    path("plain", plain),
    path("async", plain_async),
    path("class", ByClass.as_view()),
    path("anybody", anybody),
]
EVERY_VIEW = ["/mine", "/decorated", "/plain", "/async", "/class"]


@pytest.fixture(autouse=True)
def _served(jwt_settings: Callable[..., None]) -> Any:
    served = ModuleType("served")
    served.urlpatterns = urlpatterns  # type: ignore[attr-defined]
    with override_settings(ROOT_URLCONF=served):
        yield


def code_of(response: Any) -> str:
    body = response.json()
    return body["error"] if "error" in body else response.data["detail"].code


def bearer(user: str = "joe", **options: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {generate_token(user, **options)}"}


@pytest.mark.parametrize("url", EVERY_VIEW)
def test_a_token_in_the_header_signs_its_user_in(url: str) -> None:
    response = Client().get(url, headers=bearer())
    assert response.status_code == 200
    assert set(response.json().values()) == {"joe"}
    assert Client().get("/anybody").json() == {"userid": "", "token": ""}


@pytest.mark.parametrize("url", EVERY_VIEW)
@pytest.mark.parametrize("quoting", [quote, quote_plus, str])
def test_a_token_in_the_cookie_signs_its_user_in(url: str, quoting: Callable[[str], str]) -> None:
    client = Client()
    client.cookies["token"] = quoting(bearer()["Authorization"])
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("url", EVERY_VIEW)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "AUTHORIZATION_HEADER_MISSING"),
        ({"Authorization": ""}, "AUTHORIZATION_HEADER_MISSING"),
        ({"Authorization": "   "}, "AUTHORIZATION_HEADER_MISSING"),
        ({"Authorization": "Bearer"}, "TOKEN_INVALID"),
        ({"Authorization": "Bearer  "}, "TOKEN_INVALID"),
        ({"Authorization": "Bearer a b"}, "TOKEN_INVALID"),
        ({"Authorization": "Bearer nonsense"}, "TOKEN_INVALID"),
        ({"Authorization": "Bearer \x00"}, "TOKEN_INVALID"),
        ({"Authorization": "Bearer \xff"}, "TOKEN_INVALID"),
        ({"Authorization": "Bearer " + "A" * 1_000_000}, "TOKEN_INVALID"),
        ({"Cookie": "token="}, "AUTHORIZATION_HEADER_MISSING"),
        ({"Cookie": "token=nonsense"}, "TOKEN_INVALID"),
        ({"Cookie": "token=Bearer"}, "TOKEN_INVALID"),
        ({"Cookie": "token=Bearer%20%00%FF"}, "TOKEN_INVALID"),
        ({"Cookie": "token=Bearer%20" + "A" * 1_000_000}, "TOKEN_INVALID"),
        ({"Cookie": "other=Bearer%20x"}, "AUTHORIZATION_HEADER_MISSING"),
    ],
)
def test_other_requests_are_answered_401(url: str, headers: dict[str, str], code: str) -> None:
    response = Client().get(url, headers=headers)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith('Bearer realm="api"')
    assert code_of(response) == (
        code if (url, code) != ("/mine", "AUTHORIZATION_HEADER_MISSING") else "not_authenticated"
    )


@pytest.mark.parametrize("url", ["/decorated", "/plain", "/async", "/class"])
def test_credentials_of_another_scheme_are_no_token(url: str) -> None:
    response = Client().get(url, headers={"Authorization": "Basic am9lOnNlY3JldA=="})
    assert code_of(response) == "TOKEN_INVALID"


@pytest.mark.parametrize("url", EVERY_VIEW)
def test_an_expired_token_is_answered_401_token_expired(url: str) -> None:
    response = Client().get(url, headers=bearer(expire_in=-60))
    assert code_of(response) == "TOKEN_EXPIRED"
    assert response.status_code == 401


def test_a_header_wins_over_the_cookie() -> None:
    client = Client()
    client.cookies["token"] = quote(bearer("eve")["Authorization"])
    assert client.get("/plain", headers=bearer("joe")).json()["user"] == "joe"
    assert client.get("/plain", headers={"Authorization": "Basic eA=="}).status_code == 401


def test_the_cookie_can_be_renamed_or_switched_off(jwt_settings: Callable[..., None]) -> None:
    client = Client()
    client.cookies["token"] = client.cookies["session"] = quote(bearer()["Authorization"])
    jwt_settings(SECRET=SECRET, COOKIE=None)
    assert client.get("/plain").status_code == 401
    del client.cookies["token"]
    jwt_settings(SECRET=SECRET, COOKIE="session")
    assert client.get("/plain").status_code == 200


def test_a_cookie_needs_a_csrf_token_to_change_anything() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["token"] = quote(bearer()["Authorization"])
    assert client.get("/mine").status_code == 200
    refused = client.post("/mine")
    assert (refused.status_code, code_of(refused)) == (403, "CSRF_FAILED")
    client.cookies["csrftoken"] = "a" * 32
    assert client.post("/mine", headers={"X-CSRFToken": "a" * 32}).status_code == 200
    assert client.post("/mine", headers={"X-CSRFToken": "b" * 32}).status_code == 403


def test_a_header_needs_no_csrf_token() -> None:
    assert Client(enforce_csrf_checks=True).post("/mine", headers=bearer()).status_code == 200


def test_a_bad_token_in_a_cookie_is_said_to_be_bad_before_csrf() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["token"] = "Bearer%20nonsense"
    assert code_of(client.post("/mine")) == "TOKEN_INVALID"


def test_async_views_run_under_asgi() -> None:
    async def call() -> list[Any]:
        client = AsyncClient()
        return [await client.get("/async", headers=bearer()), await client.get("/async")]

    good, bad = asyncio.run(call())
    assert good.json() == {"user": "joe", "userid": "joe"}
    assert bad.status_code == 401


@pytest.mark.django_db(transaction=True)
def test_async_views_may_look_users_up(jwt_settings: Callable[..., None]) -> None:
    jwt_settings(SECRET=SECRET, USER="create")

    async def call() -> Any:
        return await AsyncClient().get("/async", headers=bearer("new"))

    assert asyncio.run(call()).status_code == 200


def test_a_decorated_handler_keeps_its_signature_and_takes_the_request_being_served() -> None:
    @requires_auth
    def view_profile(profile_id: str, limit: int = 3) -> tuple[str, str]:
        """Count a view."""
        return profile_id, get_userid()

    assert list(inspect.signature(view_profile).parameters) == ["profile_id", "limit"]
    assert view_profile.__doc__ == "Count a view."
    with pytest.raises(RuntimeError, match="needs the request"):
        view_profile("7")
    remember_request(factory.get("/", headers=bearer()))
    assert view_profile("7") == ("7", "joe")
    remember_request(factory.get("/"))
    with pytest.raises(AuthMissingHeaderError):
        view_profile("7")


def test_a_decorated_async_handler_stays_one() -> None:
    @requires_auth
    async def handler(request: Any) -> str:
        return get_userid()

    assert inspect.iscoroutinefunction(handler)
    view = APIView()
    request = view.initialize_request(APIRequestFactory().get("/", headers=bearer()))
    assert asyncio.run(handler(request)) == "joe"
    with pytest.raises(AuthMissingHeaderError):
        asyncio.run(handler(view.initialize_request(APIRequestFactory().get("/"))))


def test_a_function_that_takes_a_drf_request_raises_for_drf_to_answer() -> None:
    @requires_auth
    def handler(request: Any) -> str:
        return str(request.user.pk)

    view = APIView()
    assert handler(view.initialize_request(APIRequestFactory().get("/", headers=bearer()))) == "joe"
    with pytest.raises(AuthInvalidTokenError) as error:
        handler(request=view.initialize_request(APIRequestFactory().get("/", headers={"Authorization": "Bearer x"})))
    assert view.get_exception_handler()(error.value, {}).status_code == 401


def test_a_header_value_can_be_authenticated_by_itself() -> None:
    assert authenticate_http_request(bearer()["Authorization"])["sub"] == "joe"
    assert get_userid() == "joe"
    assert authenticate_http_request(request=factory.get("/", headers=bearer("eve")))["sub"] == "eve"
    for value in ("", "  ", "Token x", "Bearer", "Bearer a b", generate_token("joe")):
        with pytest.raises(AuthInvalidTokenError):
            authenticate_http_request(value)
    with pytest.raises(AuthTokenExpiredError):
        authenticate_http_request(bearer(expire_in=-60)["Authorization"])


@pytest.mark.parametrize("url", EVERY_VIEW)
def test_a_server_without_a_key_fails_and_says_which_setting(url: str, jwt_settings: Callable[..., None]) -> None:
    headers = bearer()
    jwt_settings(SECRET=None)
    client = Client(raise_request_exception=False)
    response = client.get(url, headers=headers)
    assert response.status_code == 500
    with pytest.raises(Exception, match=r'\["SECRET"\]'):
        Client().get(url, headers=headers)


def test_keys_that_cannot_be_fetched_are_answered_503(jwt_settings: Callable[..., None], pairs: Any) -> None:
    jwt_settings(SIGNING_KEY=pairs["RSA"].private, SIGNING_KID="a", ALGORITHMS=("RS256",))
    headers = bearer()
    jwt_settings(JWKS_URL="http://127.0.0.1:1/", ALGORITHMS=("RS256",))
    for url in EVERY_VIEW:
        response = Client().get(url, headers=headers)
        assert response.status_code == 503
        assert code_of(response) == "SIGNING_KEYS_UNAVAILABLE"


def test_an_answer_of_a_plain_view_has_pymacarons_form() -> None:
    body = json.loads(Client().get("/plain").content)
    assert body["status"] == 401
    assert body["error"] == "AUTHORIZATION_HEADER_MISSING"
    assert body["user_message"] == body["error_description"]
