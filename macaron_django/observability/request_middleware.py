"""Gives each request its ids, returns the request id in the response, and writes a line to the access log.

Put the middleware first in ``MIDDLEWARE``, so that every request passes through it. If the front (``api.front``)
answers a request without Django's handler, the front runs this middleware.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from macaron_django.api.plans.observed_operations import operation_of, user_id_of
from macaron_django.observability.request_contexts import RequestContext, current_context, remember_context

__all__ = ["ACCESS_LOGGER", "RequestMiddleware"]

ACCESS_LOGGER: Final = "macaron_django.access"
logger = logging.getLogger(ACCESS_LOGGER)


class RequestMiddleware:
    """Takes the request id and the trace id from ``X-Request-ID`` and ``traceparent``.

    If a header is missing or malformed, creates a new id. Returns the request id in the response's ``X-Request-ID``.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._awaited(request)
        self.process_request(request)
        return self.process_response(request, self.get_response(request))

    async def _awaited(self, request: HttpRequest) -> HttpResponseBase:
        self.process_request(request)
        return self.process_response(request, await self.get_response(request))

    def process_request(self, request: HttpRequest) -> None:
        """Gives the request its ids."""
        remember_context(RequestContext(request))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Adds the request id to the response, and writes the line to the access log.

        For a streamed response, the line is written when the stream ends.
        """
        context = current_context()
        if context is None or context.request is not request:
            return response  # a test that calls only this method
        response.headers.setdefault("X-Request-ID", context.request_id)
        if logger.isEnabledFor(logging.INFO):
            streamed: Any = response
            user_id = user_id_of(request)
            if response.streaming:
                streamed._resource_closers.append(lambda: _log(context, response, user_id, None))
            else:
                _log(context, response, user_id, len(streamed.content))
        return response


def _log(context: RequestContext, response: Any, user_id: str, size: int | None) -> None:
    """Writes the access line, without query, headers and address, because these may be secret or personal."""
    request = context.request
    path, status = request.path, response.status_code
    milliseconds = round((time.perf_counter() - context.began_at) * 1000, 3)
    fields: dict[str, Any] = {
        "method": request.method,
        "path": path,
        "status": status,
        "duration_ms": milliseconds,
        "bytes": size,
        "request_id": context.request_id,
        "trace_id": context.trace_id,
        "user": user_id,
    }
    operation = operation_of(request)
    if operation is not None:
        fields["api"], fields["operation_id"], _, fields["route"] = operation
    if status >= 400 and (code := getattr(response, "error_code", "")):
        fields["error_code"], fields["error_id"] = code, response.error_id
    shown = path if path.isprintable() else ascii(path)[1:-1]
    # logger.info() would also look up which line of code has called it, which takes a tenth of a request's allowed
    # time.
    arguments = request.method, shown, status, milliseconds
    record = logging.getLogRecordFactory()(logger.name, logging.INFO, __file__, 0, _MESSAGE, arguments, None)
    record.__dict__.update(fields, access=fields)
    logger.handle(record)


_MESSAGE: Final = "%s %s %d %.1f ms"
