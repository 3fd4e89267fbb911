"""A request of the ASGI front has exactly what Django's has, whatever a server puts into its scope."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest

from macaron_django.api.front import requests
from macaron_django.api.front.requests import asgi_request_class

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "PUT",
    "path": "/profiles/ö",
    "query_string": b"limit=1",
    "root_path": "",
    "headers": [(b"host", b"example.com"), (b"content-type", b"application/json"), (b"content-length", b"2")],
    "client": ("192.0.2.1", 4321),
    "server": ("192.0.2.2", 80),
}


@pytest.mark.parametrize(
    ("changes", "is_left_to_django"),
    [
        ({}, False),
        ({"method": "get"}, False),
        ({"headers": []}, False),
        ({"headers": [(b"content-type", b'application/json; charset="latin1"')]}, False),
        ({"headers": [(b"x-\xe9-y", b"\xe9"), (b"Content-Type", b"text/plain")]}, False),
        ({"headers": [(b"accept", b"text/html"), (b"accept", b"*/*")]}, True),
        ({"headers": [(b"cookie", b"a=1; "), (b"cookie", b"b=2")]}, True),
        ({"headers": [(b"x_forwarded_for", b"spoofed"), (b"host", b"a")]}, True),
        ({"headers": ((b"host", b"a"),)}, True),
        ({"root_path": "/mounted", "path": "/mounted/profiles/1"}, True),
        ({"client": None}, True),
        ({"server": None}, True),
        ({"query_string": "a=ö".encode()}, True),
        ({"query_string": ""}, True),
    ],
)
def test_a_request_is_made_of_its_scope_as_django_makes_it(
    changes: dict[str, Any], is_left_to_django: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = asgi_request_class(ASGIRequest, {})
    asked: list[object] = []
    own = requests._initialize_of_scope
    monkeypatch.setattr(requests, "_initialize_of_scope", lambda *args: (asked.append(args), own(*args)))

    scope = {**SCOPE, **changes}
    request, expected = made(scope, scope["root_path"]), ASGIRequest(scope, None)  # type: ignore[arg-type]
    assert vars(request) == vars(expected)
    assert list(request.META) == list(expected.META)
    assert [type(value) for value in request.META.values()] == [type(value) for value in expected.META.values()]
    assert (not asked) is is_left_to_django


def test_a_class_of_requests_with_its_own_constructor_keeps_it() -> None:
    class Own(ASGIRequest):
        def __init__(self, scope: Any, body_file: Any) -> None:
            super().__init__(scope, body_file)
            self.tenant = "own"

    assert asgi_request_class(Own, {})(SCOPE, "").tenant == "own"
