"""Mocks calls to other services in tests.

By default, the responses are the examples in the services' specs. Calls that break a spec are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx
from django.test import RequestFactory
from rest_framework.exceptions import APIException

from macaron_django.api.answers.response_validation import declared_response
from macaron_django.api.mock import example_answer
from macaron_django.api.requests import BodyReader, ParameterReader
from macaron_django.api.routing.path_templates import PathTemplate
from macaron_django.clients.messages.call_requests import CallRequest
from macaron_django.exceptions import PyMacaronException
from macaron_django.openapi import Operation, SecurityScheme
from macaron_django.openapi.operations.media_types import JSON, allows_json
from macaron_django.registry import registry
from macaron_django.schemas import json_value
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["CallRefusedError", "ClientMock", "MockedCall", "mocked_clients"]


class CallRefusedError(AssertionError):
    """A call breaks the spec of its API."""


@dataclass(frozen=True)
class MockedCall:
    """A call that the mock has answered. ``operation`` is the operation's name in Python.

    ``path`` and ``query`` are still percent-encoded, as they were sent.
    """

    api: str
    operation: str
    path: str
    query: str
    headers: Mapping[str, str] = field(hash=False)
    body: bytes = b""


class ClientMock:
    """Answers all calls to all APIs while the mock is in use, without a connection.

    The mock validates a call as a server would. If the call breaks the spec, the call raises ``CallRefusedError``. Use
    ``reply`` to set an operation's response. By default, the response is the spec's example for the first declared
    success response. If there is no example, the value is generated. ``calls`` has all calls that were answered.
    """

    def __init__(self) -> None:
        self.calls: list[MockedCall] = []
        #: Whether a call must have credentials if its operation requires them.
        self.requires_credentials = True
        self._replies: dict[tuple[str, str], tuple[int, Any, Mapping[str, str]]] = {}

    def reply(
        self, api: str, operation: str, value: Any = None, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Sets the status and the value (JSON, objects or bytes) of an operation's responses.

        ``operation`` is the operation's name in Python.
        """
        self._replies[api, operation] = status, value, headers or {}

    def answer(self, call: CallRequest, request: httpx.Request) -> httpx.Response:
        """Returns the response to a request. Raises ``CallRefusedError`` if the spec doesn't allow the request."""
        if call.is_token_request:
            return httpx.Response(200, json={"access_token": "token-of-a-mock", "expires_in": 3600})
        content = request.read()
        self._require_allowed(call, request, content)
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        headers = dict(request.headers)
        self.calls.append(MockedCall(call.api, call.operation_name, path, query, headers, content))
        given = self._replies.get((call.api, call.operation_name))
        if given is not None:
            return _response(call.operation, *given)
        value, status = example_answer(call.operation)
        return _response(call.operation, status, value, {})

    def _require_allowed(self, call: CallRequest, request: httpx.Request, content: bytes) -> None:
        operation, classes = call.operation, registry[call.api].classes
        raw = request.url.raw_path.decode("ascii")
        template = PathTemplate(operation.path, operation.greedy_parameters).text.removeprefix("^")
        match = re.search("/" + template, raw.partition("?")[0])
        if match is None:
            raise CallRefusedError(f"{call.api}: {call.name} was called at {raw.partition('?')[0]}, not at its path.")
        django_request = _django_request(request, raw, content)
        try:
            arguments = {name: unquote(text) for name, text in match.groupdict().items()}
            ParameterReader(operation, classes).read(django_request, arguments)
            BodyReader(operation, classes).read(django_request)
        except (PyMacaronException, APIException) as error:
            raise CallRefusedError(f"{call.api}: {call.name}: {error}") from error
        if self.requires_credentials and not _has_credentials(operation, request):
            raise CallRefusedError(f"{call.api}: {call.name} requires credentials: set them in CREDENTIALS.")


@contextmanager
def mocked_clients() -> Iterator[ClientMock]:
    """Lets a mock answer all calls to other services in a ``with`` block."""
    before, mock = registry.clients.replacement, ClientMock()
    registry.clients.replacement = mock
    try:
        yield mock
    finally:
        registry.clients.replacement = before


def _django_request(request: httpx.Request, raw: str, content: bytes) -> Any:
    path, _, query = raw.partition("?")
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    sent = request.headers.get("content-type", "")
    extra: Any = {**named, "QUERY_STRING": query, "REQUEST_URI": raw}
    return RequestFactory().generic(request.method, unquote(path), content, sent, **extra)


def _response(operation: Operation, status: int, value: Any, headers: Mapping[str, str]) -> httpx.Response:
    declared = declared_response(operation, status)
    names = list(declared.content) if declared is not None else []
    chosen = next((name for name in names if allows_json(name)), names[0] if names else JSON)
    if value is None:
        return httpx.Response(status, headers=dict(headers))
    if isinstance(value, bytes):
        content = value
    elif allows_json(chosen) or not isinstance(value, str):
        content = dump_json(json_value(value))
    else:
        content = value.encode()
    sent = chosen if "*" not in chosen else JSON
    return httpx.Response(status, content=content, headers={"Content-Type": sent, **headers})


def _has_credentials(operation: Operation, request: httpx.Request) -> bool:
    schemes = operation.document.security_schemes
    requirements = operation.security
    return not requirements or any(
        all(name in schemes and _is_met(schemes[name], request) for name in requirement) for requirement in requirements
    )


def _is_met(scheme: SecurityScheme, request: httpx.Request) -> bool:
    if scheme.type == "apiKey":
        name = scheme.name or ""
        if scheme.location == "query":
            return bool(request.url.params.get(name))
        if scheme.location == "cookie":
            return re.search(rf"(^|; ){re.escape(name)}=.", request.headers.get("cookie", "")) is not None
        return bool(request.headers.get(name))
    kind = (scheme.scheme or "bearer") if scheme.type == "http" else "bearer"
    sent: str = request.headers.get("authorization", "")
    return sent.lower().startswith(f"{kind} ")
