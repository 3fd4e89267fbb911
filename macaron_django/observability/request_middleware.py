"""Gives each request its ids, answers with them, and writes one access line for it.

Put it first in ``MIDDLEWARE``, so that nothing is answered without it. The fronts know it.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from macaron_django.api.plans.observed_operations import user_id_of
from macaron_django.observability.request_contexts import RequestContext, current_context, remember_context

__all__ = ["ACCESS_LOGGER", "RequestMiddleware"]

ACCESS_LOGGER: Final = "macaron_django.access"
logger = logging.getLogger(ACCESS_LOGGER)


class RequestMiddleware(MiddlewareMixin):
    """Takes over a well-formed ``X-Request-ID`` and ``traceparent``, or makes ids; the answer has ``X-Request-ID``."""

    def process_request(self, request: HttpRequest) -> None:
        remember_context(RequestContext(request))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        context = current_context()
        if context is None or context.request is not request:
            return response  # a test that calls it by itself
        response.headers.setdefault("X-Request-ID", context.request_id)
        if logger.isEnabledFor(logging.INFO):
            user_id = user_id_of(request)
            if response.streaming:
                response._resource_closers.append(lambda: _log(context, response.status_code, user_id, None))  # type: ignore[attr-defined]
            else:
                size: int | None = len(response.content)  # type: ignore[attr-defined]
                _log(context, response.status_code, user_id, size)
        return response


def _log(context: RequestContext, status: int, user_id: str, size: int | None) -> None:
    """Writes the access line. It has no query, headers or address: those may be secret, or personal."""
    request, began, ended = context.request, context.began, context.ended
    milliseconds = round((time.perf_counter() - context.began_at) * 1000, 3)
    fields: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "status": status,
        "duration_ms": milliseconds,
        "bytes": size,
        "request_id": context.request_id,
        "trace_id": context.trace_id,
        "user": user_id,
    }
    if began is not None:
        fields |= {"api": began.api, "operation_id": began.operation_id, "route": began.route}
    if ended is not None and ended.error_code:
        fields |= {"error_code": ended.error_code, "error_id": ended.error_id}
    path = request.path if request.path.isprintable() else ascii(request.path)[1:-1]
    logger.info("%s %s %d %.1f ms", request.method, path, status, milliseconds, extra=fields)
