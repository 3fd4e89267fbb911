"""What Django answers outside of the APIs' views, in the format of their errors: ``handler404`` and its like.

In: a request that no view answered, and what was raised. Out: a JSON body in ``ERROR_FORMAT`` for programs, Django's
own page for browsers. Apart from ``errors`` because a root URLconf has to choose it::

    handler400 = "macaron_django.api.error_views.bad_request"
    handler403 = "macaron_django.api.error_views.permission_denied"
    handler404 = "macaron_django.api.error_views.page_not_found"
    handler500 = "macaron_django.api.error_views.server_error"

Django asks none of them while ``DEBUG`` is on for what is wrong with a URL or a view.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404
from django.views import defaults
from rest_framework.exceptions import APIException, NotFound

from macaron_django.api.errors import BODIES, PROBLEM_JSON, describe, log, report
from macaron_django.conf import settings
from macaron_django.schemas.json_text import dump_json

__all__ = ["bad_request", "page_not_found", "permission_denied", "server_error"]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses, as a wrong ``Host`` or too many fields."""
    return _answer(request, exception, defaults.bad_request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a view or a middleware that raised ``PermissionDenied``."""
    return _answer(request, exception, defaults.permission_denied)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that nothing serves, or a view that raised ``Http404``."""
    return _answer(request, exception, defaults.page_not_found)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what a view, or a middleware, failed with; it is logged and reported as an API's own failures are."""
    failed = sys.exc_info()[1]
    exception = failed if isinstance(failed, Exception) else APIException()
    return _answer(request, exception, lambda request, _: defaults.server_error(request))


def _answer(
    request: HttpRequest, exception: Exception, page: Callable[[HttpRequest, Exception], HttpResponse]
) -> HttpResponse:
    # The text of a Resolver404 is the list of every URL there is.
    exc = NotFound("Nothing has this path.") if isinstance(exception, Resolver404) else exception
    answer = describe(exc)
    log(answer, exc, request)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        report(answer, exc, {"request": request})
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        return page(request, exception)
    body_format = settings.ERROR_FORMAT
    media_type = PROBLEM_JSON if body_format == "problem" else "application/json"
    body = dump_json(BODIES[body_format](answer))
    return HttpResponse(body, status=answer.status, content_type=media_type, headers=dict(answer.headers))
