"""Keeps the connections to an API.

The threads of a process share one pool of connections, and each event loop has its own pool. If this process
itself serves the API, there are no connections.

httpx logs the URLs of its requests, but a query string can contain secrets. So these URLs have no query string, and the
transport adds the query string later.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, NamedTuple, Protocol

import httpx
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from macaron_django.clients.client_options import ClientOptions
from macaron_django.clients.messages.call_answers import ReceivedAnswer
from macaron_django.clients.messages.call_requests import CallRequest
from macaron_django.clients.sending.answer_bytes import ACCEPTED_ENCODINGS, AnswerBytes
from macaron_django.clients.sending.kept_connections import KeptConnections
from macaron_django.conf import settings

__all__ = ["Channel", "OutgoingCall", "Replacement"]

#: The key in httpx's request extensions whose value is the query.
_QUERY = "macaron_query"


class Replacement(Protocol):
    """In tests, an object that responds instead of the services."""

    def answer(self, call: CallRequest, request: httpx.Request) -> httpx.Response:
        """Returns the response to a request."""


class Channel:
    """The connections to one API.

    In tests, ``replacement`` returns the object that responds instead of the services.
    """

    def __init__(self, api: str, replacement: Callable[[], Replacement | None] = lambda: None) -> None:
        self.api, self.replacement = api, replacement
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._blocking: tuple[ClientOptions, httpx.Client] | None = None
        self._by_loop: dict[asyncio.AbstractEventLoop, _LoopClient] = {}

    # Threads

    def client(self, options: ClientOptions) -> httpx.Client:
        """Returns the httpx client for the threads of this process.

        Creates a new client if the options have changed, or if the process has forked.
        """
        with self._lock:
            self._leave_parents_connections()
            if self._blocking is None or self._blocking[0] != options:
                transport = _QueryTransport(_blocking(options))
                made = httpx.Client(transport=transport, **_common())
                weakref.finalize(made, transport.close)  # runs when the last call with the old options has ended
                self._blocking = options, made
            return self._blocking[1]

    def close(self) -> None:
        """Closes the connections that no call uses. Later calls open new connections."""
        with self._lock:
            self._blocking = None

    def _leave_parents_connections(self) -> None:
        if self._process != os.getpid():
            self._process, self._blocking, self._by_loop = os.getpid(), None, {}

    # Event loops

    async def loop_client(self, options: ClientOptions) -> httpx.AsyncClient:
        """Returns the httpx client of the running event loop. The client is closed together with the loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._leave_parents_connections()
            known = self._by_loop.get(loop)
            if known is not None and known.options == options:
                return known.client
            client = httpx.AsyncClient(transport=_AsyncQueryTransport(_on_loop(options)), **_common())
            closing = _closed_with_loop(client)
            self._by_loop = {each: found for each, found in self._by_loop.items() if not each.is_closed()}
            self._by_loop[loop] = _LoopClient(options, client, closing)
        await anext(closing)
        return client


class _LoopClient(NamedTuple):
    options: ClientOptions
    client: httpx.AsyncClient
    closing: AsyncGenerator[None, None]  # a reference, because the loop has only a weak one


async def _closed_with_loop(client: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    """Closes ``client`` when the event loop shuts down asynchronous generators, which include this one.
    ``asyncio.run`` does this at its end.
    """
    try:
        yield
    finally:
        await client.aclose()


def _common() -> dict[str, Any]:
    headers = {"User-Agent": "macaron_django", "Accept-Encoding": ACCEPTED_ENCODINGS}
    # Cookies are discarded. Otherwise, the session of one user's call would be sent with another user's call.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return {"headers": headers, "follow_redirects": False, "cookies": no_cookies}


def _limits(options: ClientOptions) -> httpx.Limits:
    most = options.max_connections
    return httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=30.0)


def _blocking(options: ClientOptions) -> httpx.BaseTransport:
    if options.in_process:
        from macaron_django.api.front import WSGIFront  # imported here: it imports the project's views

        handler = WSGIHandler()
        return _InOwnContext(httpx.WSGITransport(WSGIFront(handler) if settings.FRONT else handler))
    return httpx.HTTPTransport(
        verify=_verified(options),
        http2=options.http2,
        limits=_limits(options),
        proxy=options.proxy,
    )


def _on_loop(options: ClientOptions) -> httpx.AsyncBaseTransport:
    if options.in_process:
        from macaron_django.api.front import ASGIFront

        handler: Any = _KeepingHandler()
        application: Any = ASGIFront(handler) if settings.FRONT else handler
        return _InOwnTask(httpx.ASGITransport(application))
    return httpx.AsyncHTTPTransport(
        verify=_verified(options),
        http2=options.http2,
        limits=_limits(options),
        proxy=options.proxy,
    )


def _verified(options: ClientOptions) -> Any:
    """Returns httpx's ``verify``: True, False, or an SSL context with the CA certificates in a file or folder."""
    if isinstance(options.verify, bool):
        return options.verify
    import ssl

    path = str(options.verify)
    is_folder = os.path.isdir(path)  # noqa: PTH112 (ssl takes text)
    return ssl.create_default_context(capath=path) if is_folder else ssl.create_default_context(cafile=path)


def _with_query(request: httpx.Request) -> httpx.Request:
    query = request.extensions.get(_QUERY)
    if not query:
        return request
    return httpx.Request(
        request.method,
        request.url.copy_with(query=query.encode("ascii")),
        headers=request.headers,
        stream=request.stream,
        extensions={name: value for name, value in request.extensions.items() if name != _QUERY},
    )


class _QueryTransport(httpx.BaseTransport):
    """Adds the query to the request's URL. The query comes from the request's extensions."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(_with_query(request))

    def close(self) -> None:
        self._inner.close()


class _AsyncQueryTransport(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._inner.handle_async_request(_with_query(request))

    async def aclose(self) -> None:
        await self._inner.aclose()


class _InOwnContext(httpx.BaseTransport):
    """Calls this process's application in a separate context, with another request and another user."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return contextvars.copy_context().run(self._answered, request)

    def _answered(self, request: httpx.Request) -> httpx.Response:
        kept = KeptConnections()
        kept.keep()
        try:
            response = self._inner.handle_request(request)
            try:
                content = b"".join(response.iter_raw())  # a streamed body must be read in this context, too
            finally:
                response.close()
        finally:
            kept.release()
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(content))


class _KeepingHandler(ASGIHandler):
    """Django's handler, for calls within this process.

    It keeps the database connections of the thread that runs synchronous code.
    """

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        kept = KeptConnections()
        try:
            await sync_to_async(kept.keep)()
            await super().handle(scope, receive, send)
        finally:
            await sync_to_async(kept.release)()


class _InOwnTask(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await asyncio.create_task(self._inner.handle_async_request(request))


class OutgoingCall:
    """Sends one request, and waits for the response. Call ``block`` in a thread, or await ``wait`` on an event loop.

    ``ends`` is the time, on ``clock``, by which the whole call must end; None for no limit. Both methods return a
    ``ReceivedAnswer``. They raise httpx's errors, and ``AnswerInvalid`` if the response is too large.
    """

    def __init__(
        self,
        channel: Channel,
        call: CallRequest,
        options: ClientOptions,
        ends: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel, self._call, self._options, self._ends, self._clock = channel, call, options, ends, clock

    def block(self) -> ReceivedAnswer:
        if (replacement := self._channel.replacement()) is not None:
            return self._replaced(replacement)
        client = self._channel.client(self._options)
        with client.stream(**self._arguments()) as response:
            collected = self._collector(response)
            for piece in response.iter_raw():
                self._require_time()
                collected.add(piece)
        return self._received(response, collected)

    async def wait(self) -> ReceivedAnswer:
        if (replacement := self._channel.replacement()) is not None:
            return self._replaced(replacement)
        client = await self._channel.loop_client(self._options)
        async with client.stream(**self._arguments()) as response:
            collected = self._collector(response)
            async for piece in response.aiter_raw():
                self._require_time()
                collected.add(piece)
        return self._received(response, collected)

    def _arguments(self) -> dict[str, Any]:
        call = self._call
        read = call.read_timeout
        if self._ends is not None:
            read = max(0.001, min(read, self._ends - self._clock()))
        connect = min(call.connect_timeout, read)
        body: dict[str, Any] = {"files": call.body.parts} if call.body.parts else {"content": call.body.content}
        return {
            "method": call.method,
            "url": call.url,
            "headers": dict(call.headers),
            "timeout": httpx.Timeout(read, connect=connect, pool=read),
            "extensions": {_QUERY: call.query},
            **body,
        }

    def _require_time(self) -> None:
        if self._ends is not None and self._clock() > self._ends:
            raise httpx.ReadTimeout("The response wasn't complete in time.")

    def _collector(self, response: httpx.Response) -> AnswerBytes:
        encoding = response.headers.get("content-encoding", "") if self._call.method != "HEAD" else ""
        return AnswerBytes(self._call.api, encoding, self._options.max_answer_size)

    @staticmethod
    def _received(response: httpx.Response, collected: AnswerBytes) -> ReceivedAnswer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return ReceivedAnswer(response.status_code, headers, collected.whole())

    def _replaced(self, replacement: Replacement) -> ReceivedAnswer:
        arguments = self._arguments()
        arguments.pop("extensions")
        url = arguments.pop("url") + (f"?{self._call.query}" if self._call.query else "")
        with httpx.Client(
            transport=httpx.MockTransport(lambda request: replacement.answer(self._call, request))
        ) as client:
            response = client.request(url=url, **arguments)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return ReceivedAnswer(response.status_code, headers, response.content)
