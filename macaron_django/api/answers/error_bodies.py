"""Writes the body of an error response in each ``ERROR_FORMAT``: PyMacaron's format, DRF's format, and problem details
(RFC 9457).

If ``ERROR_CALLBACK`` is set, it creates the body instead. ``ERROR_DECORATOR`` can change every body.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.utils.module_loading import import_string

from macaron_django.api.answers.error_descriptions import (
    INTERNAL,
    DeclaredError,
    ErrorDescription,
    is_error_status,
    phrase,
)
from macaron_django.conf import settings
from macaron_django.exceptions import PyMacaronException, UnhandledServerError
from macaron_django.openapi import json_pointers

__all__ = ["ErrorBody", "error_body", "makes_own_bodies"]

logger = logging.getLogger("macaron_django")

PROBLEM_JSON = "application/problem+json"


class ErrorBody(NamedTuple):
    """The body of an error response, with its status. If ``media_type`` is None, the body is ``application/json``."""

    value: Any
    status: int
    media_type: str | None = None


def error_body(answer: ErrorDescription, exc: Exception) -> ErrorBody:
    """Returns the body of the response to ``exc``, as the settings say.

    If the project's callback or decorator raises an exception, the exception is logged, and the function is ignored.
    """
    made, own = None, settings.current()
    if isinstance(exc, DeclaredError):
        made = ErrorBody({**exc.body}, answer.status)
    elif own.ERROR_CALLBACK is not None:
        made = _guarded("ERROR_CALLBACK", lambda callback: _called_back(callback, answer, exc))
    if made is None:
        body_format = own.ERROR_FORMAT
        media_type = PROBLEM_JSON if body_format == "problem" else None
        made = ErrorBody(ERROR_BODIES[body_format](answer), answer.status, media_type)
    if own.ERROR_DECORATOR is not None:
        value = made.value
        decorated = _guarded("ERROR_DECORATOR", lambda decorator: decorator(value))
        made = made if decorated is None else ErrorBody(decorated, made.status, made.media_type)
    return made


def makes_own_bodies() -> bool:
    """Returns whether the settings name a function of the project that creates or changes error bodies."""
    own = settings.current()
    return own.ERROR_CALLBACK is not None or own.ERROR_DECORATOR is not None


def _guarded(setting: str, use: Callable[[Callable[[Any], Any]], Any]) -> Any:
    try:
        named = getattr(settings, setting)
        return use(named if callable(named) else import_string(named))
    except Exception:
        logger.exception("MACARON[%r] failed", setting)
        return None


def _called_back(callback: Callable[[Any], Any], answer: ErrorDescription, exc: Exception) -> ErrorBody:
    """Returns the body that ``ERROR_CALLBACK`` creates.

    If the callback returns an object whose ``status`` is an error status, the response has this status.
    """
    found = callback(_told(answer, exc))
    if isinstance(found, Mapping) and not hasattr(found, "to_json"):
        return ErrorBody(dict(found), answer.status)
    status = getattr(found, "status", None)
    if not (isinstance(status, int) and is_error_status(status)):
        status = answer.status
    return ErrorBody({"error_id": answer.error_id, **found.to_json()}, status)


def _told(answer: ErrorDescription, exc: Exception) -> PyMacaronException:
    """Returns the callback's argument: the exception, or a replacement without the data that clients may not see."""
    if isinstance(exc, PyMacaronException) and answer.description != INTERNAL:
        told = exc
    else:
        told = (UnhandledServerError if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else PyMacaronException)(
            answer.description
        )
        told.code, told.status, told.__cause__ = answer.code, answer.status, exc
    told.error_id = told.error_id or answer.error_id
    return told


def _pymacaron(answer: ErrorDescription) -> dict[str, Any]:
    body: dict[str, Any] = {
        "status": answer.status,
        "error": answer.code,
        "error_description": answer.description,
        "error_id": answer.error_id,
    }
    if answer.user_message:
        body["user_message"] = answer.user_message
    if answer.error_caught is not None:
        body["error_caught"] = answer.error_caught
    if answer.violations:
        body["errors"] = [dict(each) for each in answer.violations]
    return body


def _problem(answer: ErrorDescription) -> dict[str, Any]:
    """Returns problem details; ``code``, ``error_id`` and ``errors`` are extension members (RFC 9457, section 3.2)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": phrase(answer.status, answer.code),
        "status": answer.status,
        "detail": answer.description,
        "code": answer.code,
        "error_id": answer.error_id,
    }
    if answer.violations:
        body["errors"] = [dict(each) for each in answer.violations]
    return body


def _drf_body(answer: ErrorDescription) -> Any:
    if answer.drf_body is not None:
        return answer.drf_body
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # DRF has no body for these
        return {"detail": answer.description, "error_id": answer.error_id}
    if not answer.violations:
        return {"detail": answer.description}
    body: dict[str, Any] = {}
    for violation in answer.violations:
        steps = json_pointers.split(violation["pointer"])
        _put(body, steps or ["non_field_errors"], violation["message"])
    return body


def _put(body: dict[str, Any], steps: list[str], message: str) -> None:
    *outer, last = steps
    for step in outer:
        if not isinstance(body.get(step), dict):
            body[step] = {"non_field_errors": body[step]} if step in body else {}
        body = body[step]
    found = body.setdefault(last, [])
    (found.setdefault("non_field_errors", []) if isinstance(found, dict) else found).append(message)


#: The function for each ``ERROR_FORMAT`` that returns the value of the body for an ``ErrorDescription``.
ERROR_BODIES = {"pymacaron": _pymacaron, "problem": _problem, "drf": _drf_body}
