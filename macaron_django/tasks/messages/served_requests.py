"""Finds the request that the running code is handling, in this package's views and in all other views."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.core.signals import request_finished, request_started

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["in_request", "served_request"]

# For a request to a plain view, Django's signals have only the WSGI environ or ASGI scope.
_carrier: ContextVar[Mapping[str, Any] | None] = ContextVar("macaron_django.tasks.carrier", default=None)


def _begin(environ: Any = None, scope: Any = None, **_: object) -> None:
    _carrier.set(environ if environ is not None else scope)


def _finish(**_: object) -> None:
    _carrier.set(None)


request_started.connect(_begin, dispatch_uid="macaron_django.tasks.messages.served_requests.begin")
request_finished.connect(_finish, dispatch_uid="macaron_django.tasks.messages.served_requests.finish")


def in_request() -> bool:
    """Returns whether the running code is handling a request.

    Returns False in plain asynchronous views of Django, because Django sends ``request_started`` in another context.
    """
    return served_request() is not None


def served_request() -> HttpRequest | None:
    """Returns the request that the running code is handling. In a task, returns the request during which the task was
    called.

    Returns None outside of requests and tasks.
    """
    from macaron_django.auth.caller import current_request, is_being_served
    from macaron_django.auth.credentials import django_request

    known = current_request()
    if known is not None and is_being_served():
        return django_request(known)
    carrier = _carrier.get()
    if carrier is None:
        return None
    from django.core.handlers.asgi import ASGIRequest
    from django.core.handlers.wsgi import WSGIRequest

    # Only the request's path and headers are read, never its body.
    return WSGIRequest(dict(carrier)) if "wsgi.input" in carrier else ASGIRequest(dict(carrier), io.BytesIO())
