"""Defines the ASGI application that receives each request before Django's handler does.

This *front* serves known requests itself, and passes all other requests to Django's handler. If no part of an operation
blocks, the request is served on the event loop. Otherwise, it is served in a thread of ``macaron_django.drivers``, as
in a WSGI server.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any, Final

from django.conf import settings
from django.core.handlers import exception
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.wsgi import WSGIHandler
from django.urls import set_script_prefix
from django.views import View
from rest_framework.settings import api_settings

from macaron_django.api.front.known_requests import Found, Front, rendered
from macaron_django.api.front.middleware_chain import is_replaced
from macaron_django.api.front.requests import OperationMatch, asgi_request_class
from macaron_django.conf import django_setting, has_atomic_requests
from macaron_django.drivers import in_thread, run_on_loop

__all__ = ["ASGIFront"]

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

#: The largest body, in bytes, that is kept in memory while it arrives. Django's handler writes larger bodies to a file.
_BUFFERED: Final = 1024 * 1024
#: The greatest number of bytes of a response that Django sends in one message.
_PIECE: Final = 65536
#: The methods whose requests have no body unless a header announces one.
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE"})
#: The versions of HTTP in which a request with a body must have a header about the body's length.
_LENGTH_IS_SAID: Final = frozenset({"1.0", "1.1"})
_HANDLING: Final = ("__call__", "handle", "create_request", "run_get_response", "send_response")


class ASGIFront(Front):
    """An ASGI application that serves known requests, and passes all other requests to Django's ASGI application."""

    def __init__(self, application: ASGIHandler) -> None:
        super().__init__(WSGIHandler(), type(application))
        self.application = application
        self._request_class = asgi_request_class(application.request_class, self.chain.attributes)
        self._is_django: Final = not any(is_replaced(ASGIHandler, name) for name in _HANDLING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = self._known(scope)
        if known is None:
            await self.application(scope, receive, send)
            return
        request, found = known
        body, message = await _body(request, receive)
        if message is not None:
            await self.application(scope, _replay(message, receive), send)
            return
        request._stream = BytesIO(body or b"")
        request.resolver_match = OperationMatch(found.route, found.arguments, found.path)
        set_script_prefix(request.script_name)
        view = self._view_on_loop(request, found)
        if view is None:
            response = await in_thread(self._in_thread, request)
            await self._send(response, send)
            if response.streaming:
                await in_thread(response.close)
            return
        self.started.send_own(scope=scope)
        response = None
        try:
            response = await self._watched(self._on_loop(request, view), view, receive)
            if response is not None:
                response._handler_class = self.sender
                await self._send(response, send)
        finally:
            if response is not None:
                _end(response)
            if view.served_here.handler is None:
                self.finished.send_own()
            else:
                self.finished.send()

    # -- finding requests ----------------------------------------------------------------------

    def _known(self, scope: Scope) -> tuple[Any, Found] | None:
        """Returns the request of a ``scope`` and its route; None if Django's handler must serve it."""
        if scope["type"] != "http" or not self._is_django or not self.is_in_charge:
            return None
        path, prefix = scope["path"], get_script_prefix(scope)
        found = self.find(path.removeprefix(prefix) if prefix else path)
        if found is None:
            return None
        try:
            request = self._request_class(scope, prefix)
        except UnicodeDecodeError:
            return None  # Django's handler responds with 400
        if self.chain.leaves:
            environ = {**request.META, "wsgi.url_scheme": scope.get("scheme") or "http"}
            if self.leaves(environ, found.path):
                return None
        return request, found

    def _view_on_loop(self, request: Any, found: Found) -> Any:
        """Returns the view that can serve a request on the event loop; None if something may block."""
        plans = found.route.view.initkwargs["plans"]
        plan = plans.of(request.method)
        meta = request.META
        if (
            not (plan.on_loop and plan.is_direct)
            or self.chain.around is not None
            or (self.chain.in_one_context and "session" in self.chain.attributes)  # a session is saved in a thread
            or plans.viewset.__init__ is not View.__init__
            or not plan.accepts(meta.get("HTTP_ACCEPT", "*/*"))
            or (meta["QUERY_STRING"] and str(api_settings.URL_FORMAT_OVERRIDE) in meta["QUERY_STRING"])
            or not (self.started.is_known and self.finished.is_known)
            or django_setting("CSRF_USE_SESSIONS")  # the session is read at each request
            or has_atomic_requests()
        ):
            return None
        view = plans.prepared(plan, (), found.arguments)
        view.request = request
        served = plan.served
        if served.handler is None:
            return view if view.answers_in_steps(served.action, meta) else None
        # Forms may have files, so only JSON bodies are read on the event loop.
        return view if served.operation.request_body is None or _is_json(meta, plan.json_types) else None

    # -- responses -----------------------------------------------------------------------------

    async def _on_loop(self, request: Any, view: Any) -> Any:
        """Serves a request on the event loop, and returns the response."""
        response, after_steps = self.enter(request)
        if response is None:
            try:
                response = rendered(await run_on_loop(view.dispatch_steps(view.plan, request)))
            except Exception as error:  # noqa: BLE001 (Django turns every exception of a view into a response)
                self.failed(request, error)
                response = await in_thread(exception.response_for_exception, request, error)
        if response.status_code >= 500 or _may_save_session(request):  # a log handler may send mail to ADMINS
            return await in_thread(self.leave, request, response, after_steps)
        return self.leave(request, response, after_steps)

    def _in_thread(self, request: Any) -> Any:
        """Serves a request in the current thread, and returns the response.

        Closes the response unless it is streamed, because the thread serves other requests afterwards.
        """
        self.started.send(scope=request.scope)
        response = self.response(request)
        response._handler_class = self.sender
        if not response.streaming:
            response.close()
        return response

    @staticmethod
    async def _watched(answering: Any, view: Any, receive: Receive) -> Any:
        """Awaits ``answering``, and returns the response.

        If the client disconnects while the operation's handler runs, cancels the handler and returns None.
        """
        if view.served_here.handler is None:
            return await answering
        answer = asyncio.ensure_future(answering)
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({answer, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
        finally:
            for task in (answer, leaving):
                task.cancel()
        await asyncio.wait({answer})
        return None

    async def _send(self, response: Any, send: Send) -> None:
        content = None if response.streaming else response.content
        if content is None or len(content) > _PIECE:
            await self.application.send_response(response, send)
            return
        # These are the same pairs as in items(), but items() would look up each header again.
        headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.headers._store.values()]
        if response.cookies:
            cookies = response.cookies.values()
            headers += [(b"Set-Cookie", each.output(header="").encode("ascii").strip()) for each in cookies]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": content})


async def _body(request: Any, receive: Receive) -> tuple[bytes | None, dict[str, Any] | None]:
    """Returns a request's body as ``(body, None)``.

    If Django's handler must serve the request, returns ``(None, message)``: the handler must receive it first.
    """
    meta = request.META
    if (
        request.method in _BODILESS
        and "CONTENT_LENGTH" not in meta
        and "HTTP_TRANSFER_ENCODING" not in meta
        and request.scope.get("http_version", "1.1") in _LENGTH_IS_SAID
    ):
        return b"", None
    body = bytearray()  # joins the body's pieces, however many arrive
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None, message
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _BUFFERED:
            return None, {"type": "http.request", "body": bytes(body), "more_body": more}
        if not more:
            return bytes(body), None


def _replay(message: dict[str, Any], receive: Receive) -> Receive:
    """Returns a ``receive`` function whose first message is ``message``."""
    first = iter((message,))

    async def replayed() -> dict[str, Any]:
        for each in first:
            return each
        return await receive()

    return replayed


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _is_json(meta: dict[str, Any], json_types: frozenset[str]) -> bool:
    return str(meta.get("CONTENT_TYPE", "")).lower() in json_types


def _may_save_session(request: Any) -> bool:
    """Returns whether the session middleware may save a session after the view. Saving a session blocks."""
    session = vars(request).get("session")
    return session is not None and bool(
        settings.SESSION_SAVE_EVERY_REQUEST or getattr(session, "accessed", True) or getattr(session, "modified", True)
    )


def _end(response: Any) -> None:
    """Closes a response on the event loop. Doesn't send ``request_finished``, because the front sends this signal."""
    for closer in response._resource_closers:
        with contextlib.suppress(Exception):
            closer()
    response._resource_closers.clear()
    response.closed = True
