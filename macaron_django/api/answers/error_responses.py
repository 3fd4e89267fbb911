"""Turns exceptions of views into error responses.

For its own views, a project can set DRF's ``EXCEPTION_HANDLER`` to the function ``exception_handler``.

Every error response has an ``error_id``, which is also in the log line (logger ``macaron_django``). If the server is at
fault, the log line is followed by the traceback. A 501 is logged and reported only once for each operation: `manage.py
check` already reports it, and requests must not fill the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.core.signals import got_request_exception
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import set_rollback

from macaron_django.api.answers.error_bodies import ErrorBody, error_body
from macaron_django.api.answers.error_descriptions import ErrorDescription, describe
from macaron_django.api.answers.error_reports import report
from macaron_django.conf import has_atomic_requests
from macaron_django.events import OPERATIONS
from macaron_django.exceptions import PyMacaronException, ValidationFailed

__all__ = ["answered", "exception_handler", "log_error", "report_failure"]

R = TypeVar("R")
logger = logging.getLogger("macaron_django")


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Returns the error response for ``exc``, with a body in the format that the settings choose.

    The function has the signature of DRF's ``EXCEPTION_HANDLER``. Unlike DRF's own handler, it also returns a response
    for an unexpected exception. It logs the exception and sends the signal ``got_request_exception``, as Django does.
    """
    return answered(describe(exc), exc, context, _drf_response)


def _drf_response(body: ErrorBody, headers: Mapping[str, str]) -> Response:
    response = Response(body.value, status=body.status, headers=dict(headers))
    if body.media_type is not None:
        response.error_content_type = body.media_type  # type: ignore[attr-defined]  # read where the renderer is known
    return response


def answered(
    answer: ErrorDescription,
    exc: Exception,
    context: Mapping[str, Any],
    make: Callable[[ErrorBody, Mapping[str, str]], R],
) -> R:
    """Returns the response for ``exc``.

    ``answer`` describes the error. ``make`` creates the response from a body and headers.
    """
    request = context.get("request")
    if answer.status == HTTPStatus.UNAUTHORIZED:
        answer = answer._replace(headers={**answer.headers, "WWW-Authenticate": _challenge(answer, context)})
    is_news = answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or _is_news(answer, exc, context)
    log_error(answer, exc, request, is_news=is_news)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and is_news:
        if not isinstance(exc, (PyMacaronException, APIException)) or isinstance(exc, ValidationFailed):
            got_request_exception.send(sender=None, request=getattr(request, "_request", request))
        report_failure(answer, exc, context)
    if has_atomic_requests():
        set_rollback()
    response = make(error_body(answer, exc), answer.headers)
    described: Any = response
    described.error_code, described.error_id = answer.code, answer.error_id
    if OPERATIONS.subscribers and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        described._observed_exception = exc
    if not is_news:
        described._has_been_logged = True  # otherwise django.request would log it, and send mail to ADMINS
    return response


def _challenge(answer: ErrorDescription, context: Mapping[str, Any]) -> str:
    """Returns the challenge that a 401 must have (RFC 9110, section 11.6.1).

    If the project overrides the viewset's ``get_authenticate_header()``, the challenge comes from this method.
    Otherwise, it comes from the exception. If the exception has none, it comes from DRF's
    ``get_authenticate_header()``.
    """
    view, known = context.get("view"), answer.headers.get("WWW-Authenticate")
    is_overridden = "get_authenticate_header" in getattr(getattr(view, "plan", None), "overridden", ())
    if view is None or (known is not None and not is_overridden):
        return known or "Bearer"
    return view.get_authenticate_header(context.get("request")) or known or "Bearer"


#: The classes of the exceptions that were already logged and reported, for each operation or view class.
_told: WeakKeyDictionary[object, set[type]] = WeakKeyDictionary()


def _is_news(answer: ErrorDescription, exc: Exception, context: Mapping[str, Any]) -> bool:
    """Returns whether to log and report a fault of the server.

    Returns False if the same outage or 501 was already reported.

    An operation without code responds with 501 to each request, until the spec or the project changes.
    """
    if isinstance(exc, PyMacaronException) and exc.is_known:
        return False
    if answer.status != HTTPStatus.NOT_IMPLEMENTED:
        return True
    view = context.get("view")
    known = _told.setdefault(getattr(view, "current", None) or type(view), set())
    is_news = type(exc) not in known
    known.add(type(exc))
    return is_news


def log_error(answer: ErrorDescription, exc: Exception, request: Any, *, is_news: bool = True) -> None:
    """Logs an error response. A new fault of the server is logged at the level ERROR, with its traceback. Any other
    response is logged at the level INFO.
    """
    at_fault = is_news and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    level = logging.ERROR if at_fault else logging.INFO
    if not logger.isEnabledFor(level):
        return
    logger.log(
        level,
        "%s %s answered %d %s (error_id %s): %s",
        getattr(request, "method", "?"),
        _printable(getattr(request, "path", "?")),
        answer.status,
        answer.code,
        answer.error_id,
        type(exc).__name__,
        exc_info=exc if at_fault else None,
        extra={"error_id": answer.error_id, "status_code": answer.status},
    )


def _printable(text: str) -> str:
    """Returns a path without line breaks, because these could forge log lines."""
    return text if text.isprintable() else ascii(text)[1:-1]


def report_failure(answer: ErrorDescription, exc: Exception, context: Mapping[str, Any]) -> None:
    """Reports a fault of the server to ``ERROR_REPORTER``. If the reporter fails, only logs its exception."""
    response = {
        "status": answer.status,
        "error_code": answer.code,
        "error_description": str(exc),
        "user_message": answer.user_message,
    }
    facts = {"error_id": answer.error_id, "is_fatal_error": True, "response": response}
    report(f"{answer.code}: {type(exc).__name__}", facts, exc, context.get("request"))
