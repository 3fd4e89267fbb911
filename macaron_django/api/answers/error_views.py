"""Error views for a root URLconf.

Browsers get Django's own pages. Other clients get JSON in the format that the setting ``ERROR_FORMAT`` chooses.

These views respond to requests that fail outside of the APIs' views::

    handler400 = "macaron_django.api.answers.error_views.bad_request"
    handler403 = "macaron_django.api.answers.error_views.permission_denied"
    handler404 = "macaron_django.api.answers.error_views.page_not_found"
    handler500 = "macaron_django.api.answers.error_views.server_error"

While ``DEBUG`` is on, Django shows its own pages for unknown URLs and failing views.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404
from django.views import defaults
from rest_framework.exceptions import APIException, NotFound

from macaron_django.api.answers.error_bodies import error_body
from macaron_django.api.answers.error_descriptions import ErrorDescription, describe
from macaron_django.api.answers.error_responses import log_error, report_failure
from macaron_django.exceptions import ErrorReply
from macaron_django.openapi.operations.media_types import JSON
from macaron_django.schemas.values.json_text import dump_json

__all__ = ["bad_request", "page_not_found", "permission_denied", "plain_response", "server_error"]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Responds to a request that Django itself refuses, for example because the header ``Host`` is wrong."""
    return _answer(request, exception, defaults.bad_request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Responds to a request for which a view or a middleware raised ``PermissionDenied``."""
    return _answer(request, exception, defaults.permission_denied)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Responds to a request if its path is unknown, or if a view raised ``Http404``."""
    return _answer(request, exception, defaults.page_not_found)


def server_error(request: HttpRequest) -> HttpResponse:
    """Responds to a request for which a view or a middleware failed.

    Logs and reports the failure in the same way as the failure of an operation.
    """
    failed = sys.exc_info()[1]
    exception = failed if isinstance(failed, Exception) else APIException()
    return _answer(request, exception, lambda request, _: defaults.server_error(request))


def _answer(
    request: HttpRequest, exception: Exception, page: Callable[[HttpRequest, Exception], HttpResponse]
) -> HttpResponse:
    # The text of a Resolver404 lists every URL of the project.
    exc = NotFound("There is nothing at this path.") if isinstance(exception, Resolver404) else exception
    answer = describe(exc)
    log_error(answer, exc, request)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        report_failure(answer, exc, {"request": request})
    if request.get_preferred_type([JSON, "text/html"]) == "text/html":
        return page(request, exception)
    return plain_response(answer, exc)


def plain_response(answer: ErrorDescription, exc: Exception) -> ErrorReply:
    """Returns the error response to a request that isn't for a DRF view."""
    body = error_body(answer, exc)
    return ErrorReply(exc, dump_json(body.value), body.status, body.media_type or JSON, answer.headers)
