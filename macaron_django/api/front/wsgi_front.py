"""Defines the WSGI application that receives each request before Django's handler does.

This *front* serves known requests itself, and passes all other requests to Django's handler. For a known request, the
front takes the same steps as Django's handler, but skips steps that don't affect operations.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from django.core.handlers.wsgi import WSGIHandler, get_path_info, get_script_name
from django.http import HttpResponse
from django.urls import set_script_prefix

from macaron_django.api.answers.json_answers import JSONAnswer
from macaron_django.api.front.known_requests import Found, Front
from macaron_django.api.front.request_signals import RequestSignal
from macaron_django.api.front.requests import OperationMatch, request_class
from macaron_django.conf import django_setting
from macaron_django.tracers import around

__all__ = ["Sent", "WSGIFront"]

StartResponse = Callable[..., Any]
_FOUND: Final = "macaron_django.found"


class WSGIFront(Front):
    """A WSGI application that serves known requests, and passes all other requests to Django's WSGI application."""

    def __init__(self, handler: WSGIHandler) -> None:
        super().__init__(handler, type(handler))
        self._request_class = request_class(handler.request_class, self.chain.attributes)
        calls = self.chain.calls

        def called(handler: WSGIHandler, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            return self._answered(environ, start_response, environ.pop(_FOUND))

        #: This front's ``__call__()`` inside the wrappers that tracers have put around the handler's ``__call__()``.
        self._traced: Any = around(called, calls) if calls else None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        found = self.found(environ)
        if found is None:
            return self.handler(environ, start_response)
        if self._traced is None:
            return self._answered(environ, start_response, found)
        environ[_FOUND] = found
        return self._traced(self.handler, environ, start_response)  # type: ignore[no-any-return]

    def _answered(self, environ: dict[str, Any], start_response: StartResponse, found: Found) -> Iterable[bytes]:
        script_name = _script_name(environ)
        set_script_prefix(script_name)
        self.started.send(environ=environ)
        match = OperationMatch(found.route, found.arguments, found.path)
        request = self._request_class(environ, script_name, found.path, match)
        response = self.response(request)
        response._handler_class = self.sender
        start_response(f"{response.status_code} {response.reason_phrase}", _headers(response))
        return Sent(response, self.finished) if type(response) is JSONAnswer else _content(response, environ)

    def found(self, environ: dict[str, Any]) -> Found | None:
        """Returns the route of a known request; None if Django's handler must serve the request."""
        if not self.is_in_charge:
            return None
        try:
            path = environ.get("PATH_INFO", "")
            path = path if path.isascii() else get_path_info(environ)
        except UnicodeError:
            return None  # Django's handler raises the same error, and responds to it
        found = self.find(path)
        return None if found is None or self.leaves(environ, path) else found


class Sent:
    """The bytes of a response, which the server sends.

    ``close()`` has the same effect as the ``close()`` of the response.
    """

    def __init__(self, response: HttpResponse, finished: RequestSignal) -> None:
        self.response, self._finished = response, finished

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.response)

    def close(self) -> None:
        """Closes the response, and sends ``request_finished``."""
        response: Any = self.response
        for closer in response._resource_closers:
            with contextlib.suppress(Exception):
                closer()
        response._resource_closers.clear()
        response.closed = True
        self._finished.send()


def _script_name(environ: dict[str, Any]) -> str:
    """Returns the script's name, decoded as Django decodes it. Raises ``UnicodeError`` if it isn't UTF-8."""
    name: str = environ.get("SCRIPT_NAME", "")
    if (
        name.isascii()
        and django_setting("FORCE_SCRIPT_NAME") is None
        and not ("SCRIPT_URL" in environ or "REDIRECT_URL" in environ)
    ):
        return name
    return get_script_name(environ)


def _headers(response: Any) -> list[tuple[str, str]]:
    found = [*response.headers._store.values()]  # the same as items(), which would look up each header again
    if response.cookies:
        found += [("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values()]
    return found


def _content(response: Any, environ: dict[str, Any]) -> Iterable[bytes]:
    """Returns the response. If it sends a file, and the server has a wrapper for files, returns the wrapped file."""
    file = getattr(response, "file_to_stream", None)
    wrapper = environ.get("wsgi.file_wrapper")
    if file is None or wrapper is None:
        return response  # type: ignore[no-any-return]  # Django's responses are iterables of bytes
    file.close = response.close  # the server closes the wrapper, which closes the file
    return wrapper(file, response.block_size)  # type: ignore[no-any-return]
