"""Defines a test client whose requests go through the front, as a server's requests do.

If possible, the front itself answers a request for an operation. It passes all other requests to Django's handler. The
test clients of Django and Django REST framework call Django's handler directly.
"""

from __future__ import annotations

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from django.test.client import closing_iterator_wrapper, conditional_content_removal
from rest_framework.test import APIClient as DRFClient
from rest_framework.test import ForceAuthClientHandler

from macaron_django.api.front import Sent, WSGIFront

__all__ = ["APIClient", "FrontHandler"]


class APIClient(DRFClient):
    """DRF's test client, with requests that go through the front.

    Responses are the same as from a server, and also have ``data``, ``json()`` and ``wsgi_request``.
    """

    handler: Any

    def __init__(self, enforce_csrf_checks: bool = False, **defaults: Any) -> None:
        super().__init__(enforce_csrf_checks, **defaults)
        self.handler = FrontHandler(enforce_csrf_checks)


class FrontHandler(ForceAuthClientHandler):
    """Calls the front as a server does, and returns the response in the form that Django's test client expects."""

    enforce_csrf_checks: bool
    _force_user: Any
    _force_token: Any
    _front: WSGIFront | None = None

    @property
    def front(self) -> WSGIFront:
        """Returns the front. The first request creates the front and its WSGI handler with the current settings."""
        if self._front is None:
            handler = WSGIHandler()
            handler.request_class = _request_class(self)
            self._front = WSGIFront(handler)
        return self._front

    def __call__(self, environ: dict[str, Any]) -> Any:
        front = self.front
        # Django's client does this, too, because a test's transaction is still open after a request.
        request_started.disconnect(close_old_connections)
        try:
            sent: Any = front(environ, _start_response)
        finally:
            request_started.connect(close_old_connections)
        response: Any = sent.response if isinstance(sent, Sent) else sent
        request = _request_of(response)
        conditional_content_removal(request, response)
        response.wsgi_request = request
        if response.streaming:
            response.streaming_content = closing_iterator_wrapper(response.streaming_content, response.close)
            return response
        request_finished.disconnect(close_old_connections)
        try:
            sent.close()
        finally:
            request_finished.connect(close_old_connections)
        return response


def _request_class(client: FrontHandler) -> type[WSGIRequest]:
    """Returns the class of a client's requests.

    If the test has passed a user to the client's ``force_authenticate``, the requests are authenticated as this user.
    Their CSRF tokens are checked only if the client has the option ``enforce_csrf_checks``.
    """
    members = {
        "_dont_enforce_csrf_checks": not client.enforce_csrf_checks,
        "_force_auth_user": property(lambda _: client._force_user),
        "_force_auth_token": property(lambda _: client._force_token),
    }
    return type("WSGIRequest", (WSGIRequest,), members)


def _request_of(response: HttpResponseBase) -> Any:
    """Returns the request that Django's handler or the front has answered.

    Both make the request's ``close`` the response's last resource closer, so that closing the response also closes the
    request.
    """
    return response._resource_closers[-1].__self__  # type: ignore[attr-defined]


def _start_response(status: str, headers: list[tuple[str, str]], error: object = None) -> None:
    """Does nothing, because the client reads the response object instead of the sent bytes."""
