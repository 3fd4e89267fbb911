"""Creates responses from the values that handlers and actions return, and error responses from exceptions.

``handler_results`` creates the response for a returned value, ``renderers`` writes media types, ``response_validation``
applies ``RESPONSE_VALIDATION``, and ``json_answers`` has responses that write their JSON when they are created.

``error_descriptions`` determines the status, code and message of an error, and ``error_bodies`` writes them in each
format. ``error_responses`` has the exception handler, and ``error_views`` has the error views for requests outside of
the APIs. ``error_objects`` creates objects of the schema ``Error``. ``error_reports`` reports errors to operators, and
``crash_handlers`` has functions for a project's own views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.answers.error_descriptions import describe
    from macaron_django.api.answers.error_reports import report_warning
    from macaron_django.api.answers.error_responses import exception_handler
    from macaron_django.api.answers.handler_results import respond
    from macaron_django.api.answers.renderers import JSONRenderer
    from macaron_django.api.answers.response_validation import ResponseInvalid, check_response

__all__ = [
    "JSONRenderer",
    "ResponseInvalid",
    "check_response",
    "describe",
    "exception_handler",
    "report_warning",
    "respond",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "error_descriptions": ("describe",),
        "error_reports": ("report_warning",),
        "error_responses": ("exception_handler",),
        "handler_results": ("respond",),
        "renderers": ("JSONRenderer",),
        "response_validation": ("ResponseInvalid", "check_response"),
    },
)
