"""Addresses in answers begin with their request's own scheme and host, whatever earlier requests said."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.test import override_settings

from macaron_django.api.views import locations
from tests.api.hooks.kinds import Kinds
from tests.api.hooks.wsgi_requests import send

TOLD = {"Host": "inside:81", "X-Forwarded-Host": "shop.example", "X-Forwarded-Proto": "https"}


def created(kinds: Kinds, name: str, headers: dict[str, str], environ: dict[str, Any] | None = None) -> Any:
    status, sent, _ = send(WSGIHandler(), ("POST /plain", {"id": name}, headers, environ), {})
    return dict(sent).get("Location") if status.startswith("201") else status


@pytest.fixture
def plain(kinds: Kinds) -> Kinds:
    kinds.serve("plain")
    created(kinds, "first", {"Host": "first.example"})  # from then on the texts around a key are known
    return kinds


@override_settings(ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
def test_each_request_names_its_own_origin(plain):
    for number, host in enumerate(("one.example", "two.example:8000", "one.example", "[::1]:80", "ONE.example")):
        assert created(plain, f"a{number}", {"Host": host}) == f"http://{host}/plain/a{number}"
    secure = {"wsgi.url_scheme": "https"}
    assert created(plain, "b", {"Host": "one.example"}, secure) == "https://one.example/plain/b"
    assert created(plain, "c", {}, {"HTTP_HOST": None, "SERVER_NAME": "named", "SERVER_PORT": "8080"}) == (
        "http://named:8080/plain/c"
    )


@override_settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
def test_a_host_is_refused_from_when_the_settings_refuse_it(plain):
    with override_settings(ALLOWED_HOSTS=["one.example"]):
        assert created(plain, "a", {"Host": "one.example"}) == "http://one.example/plain/a"
        assert created(plain, "b", {"Host": "two.example"}) == "400 Bad Request"
    with override_settings(ALLOWED_HOSTS=["two.example"]):
        assert created(plain, "c", {"Host": "one.example"}) == "400 Bad Request"
        assert created(plain, "d", {"Host": "two.example"}) == "http://two.example/plain/d"


@override_settings(ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
def test_a_proxys_headers_count_from_when_the_settings_say_so(plain):
    assert created(plain, "a", TOLD) == "http://inside:81/plain/a"
    with override_settings(USE_X_FORWARDED_HOST=True, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        assert created(plain, "b", TOLD) == "https://shop.example/plain/b"
        assert created(plain, "c", {**TOLD, "X-Forwarded-Proto": "http"}) == "http://shop.example/plain/c"
    assert created(plain, "d", TOLD) == "http://inside:81/plain/d"


@override_settings(ALLOWED_HOSTS=[], DEBUG=False, MIDDLEWARE=[])
def test_no_address_is_told_to_a_host_that_isnt_allowed(plain):
    for number in range(2):
        assert created(plain, f"a{number}", {"Host": "evil.example"}) == "400 Bad Request"


@override_settings(ALLOWED_HOSTS=["*"])
def test_each_request_on_an_event_loop_names_its_own_origin():
    def origin(host: str, **told: Any) -> str:
        headers = [(b"host", host.encode()), (b"x-forwarded-host", b"shop.example"), (b"x-forwarded-proto", b"https")]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "server": ("named", 8080), **told}
        return locations._origin(ASGIRequest(scope, None))  # type: ignore[arg-type]  # (no body is read)

    for _ in range(2):
        assert origin("one.example", scheme="http") == "http://one.example"
        assert origin("one.example", scheme="https") == "https://one.example"
        assert origin("two.example:81") == "http://two.example:81"
        with override_settings(USE_X_FORWARDED_HOST=True, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
            assert origin("one.example", scheme="http") == "https://shop.example"
        with override_settings(ALLOWED_HOSTS=["two.example"]), pytest.raises(DisallowedHost):
            origin("one.example", scheme="http")


@override_settings(ALLOWED_HOSTS=["*"])
@pytest.mark.parametrize("path", ["/profiles", "//profiles", "/a/./b", "/a/../b", "/.", "/ö?#", "/a%2Fb"])
@pytest.mark.parametrize("query", ["", "limit=1&after=%C3%B6", "a=ö", "a=1#b", "?a"])
def test_a_requests_own_address_is_djangos(path: str, query: str):
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "scheme": "https"}
    scope["headers"] = [(b"host", b"one.example")]
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path.encode().decode("latin-1"), "wsgi.input": io.BytesIO()}
    environ |= {"QUERY_STRING": query.encode().decode("latin-1"), "HTTP_HOST": "one.example", "wsgi.url_scheme": "http"}
    for request in (ASGIRequest(scope, None), WSGIRequest(environ)):  # type: ignore[arg-type]  # (no body is read)
        assert locations.own_url(request) == request.build_absolute_uri()
    with override_settings(ALLOWED_HOSTS=["two.example"]), pytest.raises(DisallowedHost):
        locations.own_url(ASGIRequest(scope, None))  # type: ignore[arg-type]  # (no body is read)
