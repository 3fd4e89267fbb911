"""Turns what handlers and actions return into responses, and exceptions into error responses.

Open ``handler_results`` for what a returned value becomes, ``renderers`` for media types, ``response_validation`` for
``RESPONSE_VALIDATION``, and ``json_answers`` for answers that are rendered at once. For errors, open
``error_descriptions`` for status, code and message, ``error_bodies`` for the formats, ``error_responses`` for the
exception handler, ``error_views`` for what Django answers outside of the APIs, ``error_objects`` for objects of the
schema ``Error``, ``error_reports`` for what operators learn, and ``crash_handlers`` for what a project's own views can
use.
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
