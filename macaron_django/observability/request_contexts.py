"""Keeps the ids of the request that is being served, for log lines and for calls to other services.

``RequestMiddleware`` sets the ids. Outside of a request, or without that middleware, there are no ids.
"""

from __future__ import annotations

import random
import re
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from django.core.signals import request_finished

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["RequestContext", "current_context", "remember_context"]

#: The characters that a request id may have. Proxies and other services use them, and no log misreads them.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}").fullmatch
#: W3C Trace Context, section 3.2: version, trace id, parent id and flags. Later versions may have more.
_TRACEPARENT: Final = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class RequestContext:
    """The ids of a request that is being served. A tracer can replace ``trace_id`` with its own trace id."""

    __slots__ = ("began_at", "request", "request_id", "trace_id")

    def __init__(self, request: HttpRequest) -> None:
        meta = request.META
        self.request = request
        self.began_at = time.perf_counter()
        given, parent = meta.get("HTTP_X_REQUEST_ID"), meta.get("HTTP_TRACEPARENT")
        made = f"{random.getrandbits(256):064x}"  # ids aren't secret; the kernel's numbers cost a system call
        self.request_id = given if given and _REQUEST_ID(given) else made[:32]
        self.trace_id = (parent and _trace_id(parent)) or made[32:]


_context: ContextVar[RequestContext | None] = ContextVar("macaron_django.observability.request", default=None)


def current_context() -> RequestContext | None:
    """Returns the context of the request that is being served, or None outside of a request."""
    return _context.get()


def remember_context(context: RequestContext | None) -> None:
    """Sets the context of the current request. If ``context`` is None, the context is removed."""
    _context.set(context)


def _forget(**_: Any) -> None:
    _context.set(None)


# Django logs errors after all middleware has run, so middleware must not forget the context.
request_finished.connect(_forget, dispatch_uid="macaron_django.observability.request_contexts")


def _trace_id(traceparent: str) -> str | None:
    found = _TRACEPARENT.fullmatch(traceparent) if len(traceparent) <= 512 else None
    return None if found is None or (found[1] == "00" and found[3]) else found[2]
