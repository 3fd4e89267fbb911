"""Handles exceptions from a project's own views in the same way as exceptions from operations.

Each exception is logged and reported, and the client gets a response. The functions are the same as in
``pymacaron.crash``.
"""

from __future__ import annotations

import inspect
import json
import logging
import traceback
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest

from macaron_django.api.answers.error_descriptions import describe
from macaron_django.api.answers.error_reports import completed_report, report
from macaron_django.api.answers.error_responses import log_error, report_failure
from macaron_django.api.answers.error_views import plain_response
from macaron_django.auth.caller import current_request
from macaron_django.conf import settings
from macaron_django.exceptions import ErrorReply

__all__ = [
    "crash_handler",
    "default_error_reporter",
    "function_name",
    "generate_crash_handler_decorator",
    "populate_error_report",
    "postmortem",
    "report_error",
    "set_error_reporter",
]

logger = logging.getLogger("macaron_django")
ErrorDecorator = Callable[[Any], Any]


def crash_handler(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a Django or Flask view so that its exceptions get the same responses as exceptions of operations."""
    return generate_crash_handler_decorator()(function)


def generate_crash_handler_decorator(
    error_decorator: ErrorDecorator | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns a ``crash_handler`` that passes the body of each error through ``error_decorator`` before it is sent."""

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                try:
                    return _checked(await function(*args, **kwargs))
                except Exception as exc:  # noqa: BLE001 (it becomes an error response)
                    return _reply(exc, args, error_decorator)

            return awaited

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            try:
                return _checked(function(*args, **kwargs))
            except Exception as exc:  # noqa: BLE001 (it becomes an error response)
                return _reply(exc, args, error_decorator)

        return called

    return decorator


def _checked(result: Any) -> Any:
    if isinstance(result, ErrorReply):
        raise result.error
    return result


def _reply(exc: Exception, args: tuple[Any, ...], error_decorator: ErrorDecorator | None) -> ErrorReply:
    request = next((each for each in args if isinstance(each, HttpRequest)), None) or current_request()
    answer = describe(exc)
    log_error(answer, exc, request)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        report_failure(answer, exc, {"request": request})
    reply = plain_response(answer, exc)
    if error_decorator is not None:
        reply.content = json.dumps(error_decorator(json.loads(reply.content)))
    return reply


def report_error(
    title: str | None = None,
    data: Mapping[str, Any] | None = None,
    caught: BaseException | None = None,
    is_fatal: bool = False,
) -> str:
    """Logs an error that doesn't make the request fail, and passes it to the ``ERROR_REPORTER``.

    The report has ``data``, the text of ``caught`` as ``error_caught``, and the ``stack`` at the call. Returns the
    report's ``error_id``, which is also in the log line.
    """
    error_id = str((data or {}).get("error_id") or uuid.uuid4())
    text = title or "An error was reported"
    logger.error("%s (error_id %s)", text, error_id, exc_info=caught, extra={"error_id": error_id})
    facts: dict[str, Any] = {**(data or {}), "error_id": error_id, "is_fatal_error": is_fatal, "title": text}
    if caught is not None:
        facts["error_caught"] = str(caught)
    report(text, {**facts, "stack": traceback.format_stack()[:-1]}, caught)
    return error_id


def postmortem(
    f: Callable[..., Any] | None = None,
    t0: datetime | None = None,
    t1: datetime | None = None,
    exception: Exception | None = None,
    args: object = (),
    kwargs: object = None,
) -> None:
    """Logs and reports an exception that isn't the client's fault.

    ``f`` is the function that raised the exception. ``t0`` and ``t1`` are the times at which the function began and
    ended. ``args`` and ``kwargs`` aren't reported, because they may contain secrets.
    """
    if exception is None:
        return
    answer = describe(exception)
    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    log_error(answer, exception, current_request())
    facts: dict[str, Any] = {
        "error_id": answer.error_id,
        "is_fatal_error": True,
        "response": {
            "status": answer.status,
            "error_code": answer.code,
            "error_description": str(exception),
            "user_message": answer.user_message,
        },
    }
    if t0 is not None and t1 is not None:
        microseconds = int((t1 - t0).total_seconds() * 1_000_000)
        facts["time"] = {"start": t0.isoformat(), "end": t1.isoformat(), "microsecs": microseconds}
    report(f"{function_name(f) if f is not None else answer.code}(): {exception}", facts, exception)


def populate_error_report(data: MutableMapping[str, Any]) -> None:
    """Adds data about the current request to ``data``, but no secrets."""
    data.update(completed_report(data))


def set_error_reporter(callback: Callable[..., Any] | None) -> None:
    """Makes ``callback`` this process's ``ERROR_REPORTER``.

    ``callback`` is called with a title, a dictionary and an exception.
    """
    settings.change(ERROR_REPORTER=callback)


def default_error_reporter(title: str | None = None, data: object = None, exception: object = None) -> None:
    """Logs a report, as PyMacaron did by default."""
    logger.error("error: %s, exception: %s\n%s", title, exception, json.dumps(data, indent=4, default=str))


def function_name(f: Callable[..., Any]) -> str:
    """Returns the dotted name of a function.

    >>> function_name(function_name)
    'macaron_django.api.answers.crash_handlers.function_name'
    """
    return f"{f.__module__}.{getattr(f, '__name__', type(f).__name__)}"
