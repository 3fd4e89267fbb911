"""An operation's ``security`` on real DRF views: alternatives, combinations, scopes, overrides, and no open doors."""

from __future__ import annotations

import base64
import itertools
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.test import override_settings
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.test import APIRequestFactory, force_authenticate

from macaron_django.auth import (
    TokenUser,
    credential_verifiers,
    generate_token,
    register_verifier,
    requires_auth,
    security_findings,
    security_for,
    security_requirements,
)
from macaron_django.openapi import load, quick_check

SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."
factory = APIRequestFactory()

SCHEMES: dict[str, Any] = {
    "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "password": {"type": "http", "scheme": "Basic"},
    "digest": {"type": "http", "scheme": "digest"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "key"},
    "oauth": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {"tokenUrl": "https://issuer.example/token", "scopes": {"read": "", "write": ""}}
        },
    },
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://issuer.example/.well-known/openid-configuration"},
    "tls": {"type": "mutualTLS"},
    "authorization": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "token": {"type": "apiKey", "in": "cookie", "name": "token"},
}
PASSWORD = {"Authorization": "Basic " + base64.b64encode("joe:päss:word".encode()).decode()}
KEY = {"X-API-Key": "right"}


def known_key(key: str, request: Any) -> Any:
    return {"sub": f"owner of {key}", "scope": "read"} if key == "right" else None


def known_password(username: str, password: str, request: Any) -> Any:
    return username if (username, password) == ("joe", "päss:word") else None


@pytest.fixture(autouse=True)
def _verifiers(jwt_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credential_verifiers, "_registered", {})
    for name in ("key", "query", "cookie"):
        register_verifier(name, known_key)
    register_verifier("password", known_password)
    security_requirements._logged.clear()


def token(user: str = "joe", **claims: Any) -> dict[str, str]:
    return {"Authorization": "Bearer " + generate_token(user, data=claims)}


@pytest.fixture
def call(view_of: Callable[..., Any]) -> Callable[..., Any]:
    def send(
        security: Any,
        headers: Any = None,
        *,
        url: str = "/who",
        method: str = "get",
        cookies: Any = None,
        **options: Any,
    ) -> Any:
        request = getattr(factory, method)(url, headers=headers or {})
        request.COOKIES.update(cookies or {})
        return view_of(security, SCHEMES, **options)(request)

    return send


def code_of(response: Any) -> str:
    return response.data["detail"].code


class TestASingleScheme:
    @pytest.mark.parametrize("scheme", ["jwt", "oauth", "oidc", "authorization", "token"])
    def test_a_jwt_serves_every_scheme_that_carries_a_bearer_token(self, call: Any, scheme: str) -> None:
        good = call([{scheme: []}], token())
        assert good.status_code == 200
        assert good.data == {
            "user": "joe",
            "kind": "TokenUser",
            "userid": "joe",
            "token": good.renderer_context["request"].headers["Authorization"].removeprefix("Bearer "),
        }
        for headers, code in (
            ({}, "AUTHORIZATION_HEADER_MISSING"),
            ({"Authorization": "Bearer nonsense"}, "TOKEN_INVALID"),
            ({"Authorization": "Bearer " + generate_token("joe", expire_in=-60)}, "TOKEN_EXPIRED"),
            (PASSWORD, "TOKEN_INVALID"),
        ):
            response = call([{scheme: []}], headers)
            assert (response.status_code, code_of(response)) == (401, code)
            assert response["WWW-Authenticate"].startswith("Bearer ")
            assert ("invalid_token" in response["WWW-Authenticate"]) == (code != "AUTHORIZATION_HEADER_MISSING")

    def test_a_basic_scheme_asks_its_verifier(self, call: Any) -> None:
        assert call([{"password": []}], PASSWORD).data["user"] == "joe"
        for value in ("am9lOndyb25n", "am9l", "%%%", "", "/w==", "am9lOgA="):
            response = call([{"password": []}], {"Authorization": f"Basic {value}"})
            assert (response.status_code, code_of(response)) == (401, "AUTHENTICATION_FAILED")
            assert response["WWW-Authenticate"] == 'Basic realm="api"'
        assert code_of(call([{"password": []}], token())) == "AUTHENTICATION_FAILED"
        assert code_of(call([{"password": []}])) == "AUTHORIZATION_HEADER_MISSING"

    @pytest.mark.parametrize("scheme", ["key", "query", "cookie"])
    def test_an_api_key_is_found_where_the_scheme_says(self, call: Any, scheme: str) -> None:
        def send(value: str, place: str) -> Any:
            return call(
                [{scheme: []}],
                {"X-API-Key": value} if place == "key" else {},
                url=f"/who?key={value}" if place == "query" else "/who",
                cookies={"key": value} if place == "cookie" else {},
            )

        assert send("right", scheme).data["user"] == "owner of right"
        wrong = send("wrong", scheme)
        assert (wrong.status_code, code_of(wrong)) == (401, "AUTHENTICATION_FAILED")
        assert wrong["WWW-Authenticate"].startswith("ApiKey ")
        for elsewhere in {"key", "query", "cookie"} - {scheme}:
            response = send("right", elsewhere)
            assert (response.status_code, code_of(response)) == (401, "AUTHORIZATION_HEADER_MISSING")

    @pytest.mark.parametrize(
        "query", ["key=right&key=wrong", "key=wrong&key=right", "key=right&key=right", "key=&key=right"]
    )
    def test_an_api_key_that_the_query_has_twice_is_refused(self, call: Any, query: str) -> None:
        refused = call([{"query": []}], url=f"/who?{query}")
        assert (refused.status_code, code_of(refused)) == (401, "AUTHENTICATION_FAILED")
        assert refused["WWW-Authenticate"].startswith("ApiKey ")

    @pytest.mark.parametrize(("scheme", "cookie"), [("jwt", "token"), ("token", "token"), ("cookie", "key")])
    def test_a_cookie_changes_nothing_without_a_csrf_token(self, view_of: Any, scheme: str, cookie: str) -> None:
        view = view_of([{scheme: []}], SCHEMES)
        value = "right" if cookie == "key" else quote(token()["Authorization"])
        strict = APIRequestFactory(enforce_csrf_checks=True)
        for method, headers, status in (
            ("get", {}, 200),
            ("post", {}, 403),
            ("post", {"X-CSRFToken": "b" * 32}, 403),
            ("post", {"X-CSRFToken": "a" * 32}, 200),
        ):
            request = getattr(strict, method)("/who", headers=headers)
            request.COOKIES.update({cookie: value, "csrftoken": "a" * 32})
            response = view(request)
            assert response.status_code == status
            assert status == 200 or code_of(response) == "CSRF_FAILED"

    def test_other_schemes_need_a_verifier_of_their_own(self, call: Any) -> None:
        register_verifier("digest", lambda text, request: text == "right" and "joe")
        register_verifier("tls", lambda request: request.META.get("SSL_CLIENT_S_DN"))
        assert call([{"digest": []}], {"Authorization": "Digest right"}).data["user"] == "joe"
        assert call([{"digest": []}], {"Authorization": "Digest wrong"}).status_code == 401
        assert call([{"tls": []}]).status_code == 401

    def test_a_verifier_replaces_the_jwt(self, call: Any) -> None:
        @register_verifier("jwt")
        def opaque(value: str, request: Any) -> Any:
            return {"sub": "joe", "scope": "a"} if value == "opaque" else None

        assert call([{"jwt": ["a"]}], {"Authorization": "Bearer opaque"}).data["token"] == "opaque"
        response = call([{"jwt": []}], token())
        assert (response.status_code, code_of(response)) == (401, "TOKEN_INVALID")


class TestAlternativesAndCombinations:
    EITHER = [{"jwt": []}, {"key": []}]
    BOTH = [{"jwt": [], "key": []}]

    def test_any_alternative_is_enough(self, call: Any) -> None:
        assert call(self.EITHER, token()).data["user"] == "joe"
        assert call(self.EITHER, KEY).data["user"] == "owner of right"
        assert call(self.EITHER, {**token(), **KEY}).data["user"] == "joe"
        assert call(self.EITHER, {**KEY, "Authorization": "Bearer nonsense"}).data["user"] == "owner of right"
        assert call(self.EITHER, {**KEY, **PASSWORD}).data["user"] == "owner of right"
        assert call(self.EITHER, {**token(), "X-API-Key": "wrong"}).data["user"] == "joe"
        assert code_of(call(self.EITHER, {"X-API-Key": "wrong"})) == "AUTHENTICATION_FAILED"
        missing = call(self.EITHER)
        assert code_of(missing) == "AUTHORIZATION_HEADER_MISSING"
        assert missing["WWW-Authenticate"] == 'Bearer realm="api", ApiKey realm="api", in="header", name="X-API-Key"'

    def test_a_combination_needs_all_of_its_schemes(self, call: Any) -> None:
        assert call(self.BOTH, {**token(), **KEY}).data["user"] == "joe"
        for headers, code in (
            ({}, "AUTHORIZATION_HEADER_MISSING"),
            (token(), "AUTHORIZATION_HEADER_MISSING"),
            (KEY, "AUTHORIZATION_HEADER_MISSING"),
            ({**token(), "X-API-Key": "wrong"}, "AUTHENTICATION_FAILED"),
            ({**KEY, "Authorization": "Bearer nonsense"}, "TOKEN_INVALID"),
        ):
            response = call(self.BOTH, headers)
            assert (response.status_code, code_of(response)) == (401, code)

    def test_every_case_agrees_with_what_openapi_says(self, call: Any) -> None:
        given = {"jwt": token(), "key": KEY, "query": {}}
        carried = list(itertools.chain(*(itertools.combinations(given, size) for size in range(4))))
        requirements = [
            list(each)
            for size in range(1, 4)
            for each in itertools.combinations([{"jwt"}, {"key"}, {"jwt", "query"}, {"key", "query"}, {"query"}], size)
        ]
        for required in requirements:
            for names in carried:
                headers = {key: value for name in names for key, value in given[name].items()}
                url = "/who?key=right" if "query" in names else "/who"
                allowed = any(each <= set(names) for each in required)
                response = call([{name: [] for name in sorted(each)} for each in required], headers, url=url)
                assert response.status_code == (200 if allowed else 401), (required, names)

    def test_an_empty_alternative_lets_anonymous_requests_in(self, call: Any) -> None:
        for security in ([{"jwt": []}, {}], [{}, {"jwt": []}]):
            assert call(security).data["kind"] == "AnonymousUser"
            assert call(security, token()).data["user"] == "joe"
            assert call(security, PASSWORD).data["kind"] == "AnonymousUser"
            response = call(security, {"Authorization": "Bearer nonsense"})
            assert (response.status_code, code_of(response)) == (401, "TOKEN_INVALID")

    def test_optional_credentials_without_the_scope_are_as_good_as_none(self, call: Any) -> None:
        assert call([{"oauth": ["admin"]}, {}], token()).data == {
            "user": None,
            "kind": "AnonymousUser",
            "userid": "",
            "token": "",
        }

    def test_no_requirement_makes_the_operation_public(self, call: Any) -> None:
        with override_settings(
            REST_FRAMEWORK={"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}
        ):
            for headers in ({}, token(), {"Authorization": "Bearer nonsense"}, PASSWORD):
                assert call([], headers).data["kind"] == "AnonymousUser"

    def test_an_operation_overrides_the_document(self, call: Any) -> None:
        assert call(None, everywhere=[{"jwt": []}]).status_code == 401
        assert call([], everywhere=[{"jwt": []}]).status_code == 200
        assert call([{"key": []}], KEY, everywhere=[{"jwt": []}]).status_code == 200
        assert call([{"key": []}], token(), everywhere=[{"jwt": []}]).status_code == 401
        assert call([{"jwt": []}], everywhere=[]).status_code == 401


class TestScopes:
    @pytest.mark.parametrize("claim", ["scope", "scp"])
    @pytest.mark.parametrize("scheme", ["oauth", "oidc", "jwt"])
    def test_every_scope_is_needed(self, call: Any, claim: str, scheme: str) -> None:
        security = [{scheme: ["read", "write"]}]
        for granted in ("read write", "write  other read", ["write", "read"]):
            assert call(security, token(**{claim: granted})).status_code == 200
        for granted in ("read", "reading writing", "", [], None, 7, {"read": True}, ["read write"], "READ WRITE"):
            response = call(security, token(**{claim: granted}))
            assert (response.status_code, code_of(response)) == (403, "INSUFFICIENT_SCOPE")
            assert 'error="insufficient_scope"' in response["WWW-Authenticate"]
            assert "write" in response["WWW-Authenticate"]

    def test_the_401_says_which_scopes_are_needed(self, call: Any) -> None:
        assert call([{"oauth": ["write", "read"]}])["WWW-Authenticate"] == 'Bearer realm="api", scope="read write"'

    def test_another_alternative_may_need_less(self, call: Any) -> None:
        security = [{"oauth": ["admin"]}, {"oauth": ["read"], "key": []}]
        assert call(security, token(scope="admin")).status_code == 200
        assert call(security, {**token(scope="read"), **KEY}).status_code == 200
        assert call(security, token(scope="read")).status_code == 403
        assert call(security, {**token(), **KEY}).status_code == 403

    @pytest.mark.parametrize("scheme", ["jwt", "oauth", "oidc"])
    def test_no_other_claim_grants_scopes_unless_a_setting_names_it(
        self, call: Any, scheme: str, jwt_settings: Any
    ) -> None:
        for claim in ("roles", "permissions", "groups", "scopes"):
            assert call([{scheme: ["admin"]}], token(**{claim: ["admin"]})).status_code == 403
        jwt_settings(SECRET=SECRET, SCOPE_CLAIMS=("roles",))
        assert call([{scheme: ["admin"]}], token(roles=["admin"])).status_code == 200
        assert call([{scheme: ["admin"]}], token(scope="admin")).status_code == 403

    def test_an_api_key_may_grant_scopes(self, call: Any) -> None:
        assert call([{"key": ["read"]}], KEY).status_code == 200
        assert call([{"key": ["write"]}], KEY).status_code == 403

    def test_a_token_grants_nothing_to_another_scheme(self, call: Any) -> None:
        assert call([{"jwt": [], "key": ["write"]}], {**token(scope="write"), **KEY}).status_code == 403


def refused(response: Any, scheme: str = "") -> None:
    assert (response.status_code, code_of(response)) == (401, "CREDENTIALS_UNVERIFIABLE")
    assert scheme in str(response.data["detail"])


class TestNoOpenDoor:
    @pytest.mark.parametrize("scheme", ["digest", "tls", "undefined"])
    def test_a_scheme_without_a_verifier_lets_nobody_in(self, call: Any, scheme: str) -> None:
        headers = {"Authorization": "Digest anything"}
        for security in ([{scheme: []}], [{scheme: []}, {}]):
            refused(call(security, headers), scheme)
        assert call([{scheme: []}, {"key": []}], {**headers, **KEY}).status_code == 200
        refused(call([{scheme: [], "key": []}], {**headers, **KEY}), scheme)

    def test_a_jwt_scheme_without_a_key_lets_nobody_in(
        self, call: Any, jwt_settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        headers = token()
        jwt_settings(SECRET=None)
        refused(call([{"jwt": []}], headers), "jwt")
        assert '["SECRET"]' in caplog.text
        assert call([{"jwt": []}]).status_code == 401

    def test_requests_cant_fill_the_log_by_such_a_scheme(self, call: Any, caplog: pytest.LogCaptureFixture) -> None:
        for number in range(20):
            refused(call([{"digest": []}], {"Authorization": f"Digest {number}"}), "digest")
        (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
        assert "MACARON[\"SECURITY_VERIFIERS\"]['digest']" in record.getMessage()

    @pytest.mark.parametrize(
        "security",
        [
            "jwt",
            {"jwt": []},
            ["jwt"],
            [["jwt"]],
            [None],
            [{"jwt": "admin"}],
            [{"jwt": {"admin": True}}],
            7,
            True,
            False,
        ],
    )
    def test_a_security_that_cannot_be_read_is_not_public(self, call: Any, security: Any) -> None:
        for options in ({"security": security}, {"security": None, "everywhere": security}):
            refused(call(options["security"], token(), everywhere=options.get("everywhere")))

    @pytest.mark.parametrize("answer", [None, False, "", (None, None), (False, {})])
    def test_what_a_verifier_refuses_is_refused(self, call: Any, answer: Any) -> None:
        register_verifier("key", lambda key, request: answer)
        assert call([{"key": []}], KEY).status_code == 401

    @pytest.mark.parametrize("answer", [True, 7, object(), ["joe"]])
    def test_an_answer_that_is_no_user_is_the_programmers_error(self, call: Any, answer: Any) -> None:
        register_verifier("key", lambda key, request: answer)
        with pytest.raises(TypeError, match="'key'"):
            call([{"key": []}], KEY)

    def test_inactive_and_anonymous_users_are_refused(self, call: Any) -> None:
        from django.contrib.auth.models import AnonymousUser

        for user in (get_user_model()(username="joe", is_active=False), AnonymousUser()):
            register_verifier("key", lambda key, request, user=user: user)
            assert call([{"key": []}], KEY).status_code == 401

    def test_a_verifier_that_fails_lets_nobody_in(self, call: Any) -> None:
        register_verifier("key", lambda key, request: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            call([{"key": []}, {}], KEY)

    def test_verifiers_can_be_named_in_the_settings(
        self, call: Any, jwt_settings: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from macaron_django import conf

        monkeypatch.setattr(conf, "DEFAULTS", {**conf.DEFAULTS, "SECURITY_VERIFIERS": {}})
        credential_verifiers._registered.pop("key")
        settings.MACARON = {**settings.MACARON, "SECURITY_VERIFIERS": {"key": "builtins.print"}}
        assert call([{"key": []}], KEY).status_code == 401
        settings.MACARON = {**settings.MACARON, "SECURITY_VERIFIERS": {"key": "nowhere.found"}}
        refused(call([{"key": []}], KEY), "key")


@pytest.mark.parametrize(
    ("security", "wanted"),
    [
        ([{"jwt": []}], "send Authorization: Bearer <token>."),
        ([{"jwt": []}, {"key": []}], "send Authorization: Bearer <token> or the header X-API-Key."),
        ([{"jwt": [], "key": []}], "send Authorization: Bearer <token> and the header X-API-Key."),
        (
            [{"jwt": [], "key": []}, {"query": []}],
            "send Authorization: Bearer <token> and the header X-API-Key, or the query parameter",
        ),
    ],
)
def test_a_request_without_credentials_is_told_which_belong_together(call: Any, security: Any, wanted: str) -> None:
    assert wanted in str(call(security).data["detail"])


class TestInADjangoProject:
    @pytest.mark.django_db
    def test_where_the_spec_is_silent_drfs_defaults_decide(self, view_of: Any) -> None:
        defaults = {
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        }
        get_user_model().objects.create_user("joe", password="päss:word")
        with override_settings(REST_FRAMEWORK=defaults):
            view = view_of(None, SCHEMES)
            assert view(factory.get("/", headers=PASSWORD)).data["kind"] == "User"
            refused = view(factory.get("/"))
            assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Basic realm="api"')
        assert view_of(None, SCHEMES)(factory.get("/")).status_code == 200

    def test_default_permissions_come_on_top(self, call: Any) -> None:
        defaults = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"]}
        with override_settings(REST_FRAMEWORK=defaults):
            assert call([{"jwt": []}], token()).status_code == 403
            assert call([{"jwt": []}]).status_code == 401
            assert call([{"jwt": []}, {}]).status_code == 200
            assert call([{"jwt": []}, {}], token()).status_code == 403

    def test_a_viewset_may_replace_the_permissions(self, call: Any) -> None:
        assert call([{"jwt": []}], permission_classes=[AllowAny]).data["kind"] == "AnonymousUser"
        assert call([{"jwt": []}], token(), permission_classes=[AllowAny]).data["user"] == "joe"
        response = call([{"jwt": []}], permission_classes=[IsAuthenticated])
        assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="api"')

    @pytest.mark.django_db
    def test_a_viewset_may_replace_the_authentication(self, call: Any) -> None:
        get_user_model().objects.create_user("joe", password="päss:word")
        assert call([{"jwt": []}], PASSWORD, authentication_classes=[BasicAuthentication]).data["kind"] == "User"
        assert call([{"jwt": []}], token(), authentication_classes=[BasicAuthentication]).status_code == 401
        assert call([{"jwt": []}, {}], authentication_classes=[BasicAuthentication]).status_code == 200
        scoped = call([{"oauth": ["read"]}], PASSWORD, authentication_classes=[BasicAuthentication])
        assert scoped.status_code == 403

    def test_tests_may_force_a_user_and_its_scopes(self, view_of: Any) -> None:
        view = view_of([{"oauth": ["read"]}], SCHEMES)
        for claims, status in ((None, 403), ({"scope": "read"}, 200)):
            request = factory.get("/")
            force_authenticate(request, TokenUser({"sub": "joe"}), claims)
            assert view(request).status_code == status

    @pytest.mark.django_db
    def test_djangos_passwords_are_a_ready_verifier(self, call: Any) -> None:
        from macaron_django.auth import django_password

        get_user_model().objects.create_user("joe", password="päss:word")
        register_verifier("password", django_password)
        assert call([{"password": []}], PASSWORD).data["kind"] == "User"
        get_user_model().objects.update(is_active=False)
        assert call([{"password": []}], PASSWORD).status_code == 401

    @pytest.mark.parametrize("security", [None, [], [{"key": []}]])
    def test_requires_auth_knows_the_request_in_every_operation(self, view_of: Any, security: Any) -> None:
        @requires_auth
        def handler() -> str:
            return "called"

        def get(self: Any, request: Any) -> Any:
            handler()
            return type(self).__mro__[1].get(self, request)

        view = view_of(security, SCHEMES, get=get)
        assert view(factory.get("/", headers={**KEY, **token()})).data["userid"] == "joe"
        response = view(factory.get("/", headers=KEY))
        assert (response.status_code, code_of(response)) == (401, "AUTHORIZATION_HEADER_MISSING")

    def test_the_current_user_of_one_request_is_not_that_of_the_next(self, call: Any) -> None:
        assert call([{"jwt": []}], token()).data["userid"] == "joe"
        assert call([{"key": []}], KEY).data == {
            "user": "owner of right",
            "kind": "TokenUser",
            "userid": "owner of right",
            "token": "",
        }
        for security in (None, [], [{"jwt": []}, {}]):
            assert call(security).data["userid"] == ""

    def test_a_refused_request_is_authenticated_once(self, view_of: Any) -> None:
        calls = []
        register_verifier("key", lambda key, request: calls.append(key))
        view = view_of([{"key": []}, {"key": ["read"], "jwt": []}], SCHEMES)
        response = view(factory.get("/", headers={**KEY, "Accept": "text/html"}))
        assert response.status_code == 401
        response.render()
        assert calls == ["right"]

    def test_swagger_2_is_understood(self) -> None:
        document = load(
            {
                "swagger": "2.0",
                "info": {"title": "Test", "version": "1"},
                "securityDefinitions": {
                    "Bearer": {"type": "apiKey", "in": "header", "name": "Authorization"},
                    "password": {"type": "basic"},
                    "oauth": {"type": "oauth2", "flow": "application", "tokenUrl": "https://a.example", "scopes": {}},
                },
                "security": [{"Bearer": []}],
                "paths": {
                    "/a": {"get": {"responses": {"200": {"description": ""}}}},
                    "/b": {"get": {"security": [{"password": []}], "responses": {"200": {"description": ""}}}},
                    "/c": {"get": {"security": [{"oauth": ["a"]}], "responses": {"200": {"description": ""}}}},
                },
            }
        )
        assert security_findings(document) == []
        assert [security_for(operation).challenge() for operation in document.operations] == [
            'Bearer realm="api"',
            'Basic realm="api"',
            'Bearer realm="api", scope="a"',
        ]


class TestFindings:
    @staticmethod
    def document(security: Any) -> Any:
        operation = {"security": security, "responses": {"200": {"description": ""}}}
        return load(
            {
                "openapi": "3.1.0",
                "info": {"title": "Test", "version": "1"},
                "components": {"securitySchemes": SCHEMES},
                "paths": {"/a": {"get": operation, "put": operation}},
            }
        )

    def test_a_scheme_that_somebody_verifies_is_no_finding(self) -> None:
        assert security_findings(self.document([{"jwt": [], "key": []}, {"password": []}, {"oauth": ["a"]}, {}])) == []
        assert security_findings(self.document([])) == security_findings(self.document(None)) == []

    @pytest.mark.parametrize("scheme", ["digest", "tls", "undefined"])
    def test_a_scheme_that_nobody_verifies_is_an_error_said_once(self, scheme: str) -> None:
        (finding,) = security_findings(self.document([{"jwt": [], scheme: []}]))
        assert (finding.id, finding.level) == ("E401", "error")
        assert repr(scheme) in finding.message
        assert finding.location.pointer

    def test_a_secret_that_cannot_be_used_is_named(self, jwt_settings: Any) -> None:
        jwt_settings(SECRET="short")
        (finding,) = security_findings(self.document([{"jwt": []}]))
        assert finding.hint.startswith('MACARON["JWT"]["SECRET"] has 5 bytes')

    def test_the_remedy_is_named(self, jwt_settings: Any) -> None:
        jwt_settings(SECRET=None)
        credential_verifiers._registered.pop("password")
        first, second = security_findings(self.document([{"jwt": []}, {"password": []}]))
        assert 'MACARON["JWT"]["SECRET"]' in first.hint
        assert "django_password" in second.hint
        assert "MACARON[\"SECURITY_VERIFIERS\"]['password']" in second.hint

    def test_a_security_that_cannot_be_read_keeps_the_document_from_being_served(self) -> None:
        document = self.document(["jwt"])
        assert {(each.id, each.level) for each in quick_check(document)} == {("E028", "error")}

    def test_a_policy_says_whether_it_is_silent_public_or_optional(self) -> None:
        def kinds(security: Any) -> tuple[bool, bool, bool]:
            policy = security_for(self.document(security).operations[0])
            return policy.is_silent, policy.is_public, policy.is_optional

        assert kinds(None) == (True, False, False)
        assert kinds([]) == (False, True, False)
        assert kinds([{}]) == (False, True, True)
        assert kinds([{"jwt": []}, {}]) == (False, True, True)
        assert kinds([{"jwt": []}]) == (False, False, False)
