"""Makes calls inside the tracers' wrappers of botocore, so that tracers record the calls as if botocore made them.

The tracers' own code runs before and after a request is sent, and adds headers to the request. If a tracer wraps
urllib3 or http.client, which botocore uses, that wrapper doesn't run, because the fast lane uses neither.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.endpoint import Endpoint

from macaron_django.drivers import in_thread
from macaron_django.dynamodb.calls.fast_lane.signing import Headers, TracedHeaders
from macaron_django.tracers import around, await_in_fiber, run_in_fiber, unwrapped
from macaron_django.tracers.known_tracers import CLOSURES, leaves_breadcrumb, reads_answers, records_calls

__all__ = ["ReadySending", "TracedCalls"]

#: Sends a call, and returns its response. Returns None if botocore must make the call.
ReadySending = Callable[[str, dict[str, Any]], "dict[str, Any] | None"]

_sending: ContextVar[Callable[[Any, str, dict[str, Any]], Any]] = ContextVar("macaron_django_sending")


class _Request:
    """The request that tracers get before it is signed and sent. Tracers read its URL, and add headers."""

    method = "POST"

    def __init__(self, url: str, headers: Headers) -> None:
        self.url = url if urlsplit(url).path else f"{url}/"
        self.headers = HTTPHeaders()
        for name, value in headers:
            self.headers[name] = value
        self.context: dict[str, Any] = {}

    def prepare(self) -> None:
        """Does nothing, because ``headers`` are used unchanged."""


class TracedCalls:
    """Calls one operation of a client inside the tracers' wrappers."""

    def __init__(self, client: Any, operation: str, layers: Any, prepare: Any, handlers: Any) -> None:
        self._client, self._operation = client, operation
        self._call = around(_send, layers).__get__(client, type(client))
        self._prepare = prepare.__get__(client._endpoint, Endpoint) if prepare is not None else None
        self._handlers: list[tuple[str, Any]] = handlers
        self._wrappers = [layer.wrapper for layer in layers]
        #: Whether the project's own code may read the items of a response.
        self.shows_items = any(reads_answers(layer.wrapper) for layer in layers)

    @classmethod
    def of(cls, client: Any, operation: str, handlers: Any) -> TracedCalls | None:
        """Returns the TracedCalls for the tracers that wrap botocore or have ``handlers``; None if there are no
        tracers. Each handler is a tuple: (event, function).
        """
        layers, _ = unwrapped(vars(BaseClient)["_make_api_call"], CLOSURES)
        preparing, _ = unwrapped(vars(Endpoint)["prepare_request"], CLOSURES)
        if not (layers or preparing or handlers):
            return None
        prepare = around(_prepare, preparing) if preparing else None
        return cls(client, operation, layers, prepare, sorted(handlers, key=lambda each: each[0] != "request-created"))

    @property
    def are_recorded(self) -> bool:
        """Whether the tracers would now create and export a span for a call."""
        return any(map(records_calls, self._wrappers))

    def call(self, parameters: dict[str, Any], send: ReadySending) -> dict[str, Any]:
        """Returns the result of ``send``, or of botocore's call if ``send`` returns None. Raises their exceptions."""

        def sent(client: Any, operation: str, given: dict[str, Any]) -> Any:
            answer = send(operation, given)
            return _by_botocore(client, operation, given) if answer is None else answer

        return self._within(parameters, sent)

    async def call_on_loop(
        self, parameters: dict[str, Any], send: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any] | None]]
    ) -> dict[str, Any]:
        """Does what ``call`` does, on the running event loop. While ``send`` waits, the loop can run other tasks."""

        async def sending(client: Any, operation: str, given: dict[str, Any]) -> Any:
            answer = await send(operation, given)
            return await in_thread(_by_botocore, client, operation, given) if answer is None else answer

        def sent(client: Any, operation: str, given: dict[str, Any]) -> Any:
            return await_in_fiber(sending(client, operation, given))

        return await run_in_fiber(lambda: self._within(parameters, sent))

    def headers(self, url: str, given: Headers) -> TracedHeaders:
        """Returns the request headers in ``given`` and the headers that tracers add to a request to ``url``."""
        request: Any = _Request(url, given)
        if self._wrappers and not self.are_recorded:
            for _, handler in self._handlers:
                leaves_breadcrumb(handler, request)
            return TracedHeaders((), given)
        for event, handler in self._handlers:
            if event == "request-created":
                handler(request=request, operation_name=self._operation)
            else:
                signer = self._client._request_signer
                handler(
                    request=request,
                    signing_name=signer.signing_name,
                    region_name=signer.region_name,
                    signature_version="v4",
                    request_signer=signer,
                    operation_name=self._operation,
                )
        before = len(request.headers)
        signed = request.headers.items()[len(given) :]
        if self._prepare is not None:
            self._prepare(request)
        # If two headers have the same name, botocore sends the one that was added last.
        unsigned = {name.lower(): (name, value) for name, value in (*given, *request.headers.items()[before:])}
        return TracedHeaders(_plain(signed), _plain(unsigned.values()))

    def _within(self, parameters: dict[str, Any], sent: Callable[[Any, str, dict[str, Any]], Any]) -> dict[str, Any]:
        token = _sending.set(sent)
        try:
            return self._call(self._operation, parameters)  # type: ignore[no-any-return]
        finally:
            _sending.reset(token)


def _plain(headers: Iterable[tuple[str, Any]]) -> Headers:
    """Returns only the headers that have no line breaks or other special characters. Tracers may pass on values that a
    client has sent.
    """
    return tuple((name, str(value)) for name, value in headers if _LINE.fullmatch(f"{name}: {value}"))


_LINE: Final = re.compile(r"[!-9;-~]+: [ -~]*")


def _send(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    """Sends a call. The tracers wrap this function instead of ``BaseClient._make_api_call``."""
    return _sending.get()(client, operation, parameters)


def _prepare(endpoint: Any, request: Any) -> None:
    """Prepares a request. The tracers wrap this function instead of ``Endpoint.prepare_request``."""


def _by_botocore(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    _, function = unwrapped(vars(BaseClient)["_make_api_call"], CLOSURES)
    return function(client, operation, parameters)
