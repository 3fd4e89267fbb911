"""The handlers of apis/crash.yaml (GET /crash/…). They cause problems on purpose, so you can test error reports."""

from __future__ import annotations

import time
from typing import Any

from macaron_django.api.answers.crash_handlers import report_error
from macaron_django.exceptions import ErrorReply, PyMacaronException

__all__ = [
    "MyFatalCustomError",
    "MyNonFatalCustomError",
    "do_crash_internal_exception",
    "do_crash_pymacaron_exception",
    "do_crash_report_error",
    "do_crash_return_error_instance",
    "do_crash_return_error_model",
    "do_crash_return_fatal_error_response",
    "do_crash_return_non_fatal_error_response",
    "do_crash_slow_call",
]

SLOW = 2.0  # seconds


class MyFatalCustomError(PyMacaronException):
    """A server error with the status 543, which no other error has."""

    code = "FATAL_CUSTOM_ERROR"
    status = 543


class MyNonFatalCustomError(PyMacaronException):
    """A client error."""

    code = "NON_FATAL_CUSTOM_ERROR"
    status = 401


def do_crash_internal_exception() -> None:
    """Raises one of Python's own exceptions."""
    raise RuntimeError("Raised by /crash/internalexception")


def do_crash_pymacaron_exception() -> None:
    """Raises an exception for a client error."""
    raise MyNonFatalCustomError("Raised by /crash/pymacaronexception")


def do_crash_report_error() -> dict[str, Any]:
    """Reports an error, but returns a successful response."""
    report_error("Reported by /crash/reporterror")
    return {}


def do_crash_slow_call() -> dict[str, Any]:
    """Takes a few seconds to respond."""
    time.sleep(SLOW)
    return {}


def do_crash_return_error_instance() -> MyFatalCustomError:
    """Returns an exception."""
    return MyFatalCustomError("Returned by /crash/returnerrorinstance")


def do_crash_return_fatal_error_response() -> ErrorReply:
    """Returns the error response for an exception."""
    return MyFatalCustomError("Returned by /crash/returnfatalerrorresponse").http_reply()


def do_crash_return_non_fatal_error_response() -> ErrorReply:
    """Returns the error response for an exception. The client is at fault."""
    return MyNonFatalCustomError("Returned by /crash/returnnonfatalerrorresponse").http_reply()


def do_crash_return_error_model() -> Any:
    """Returns an object of the schema Error."""
    error = MyFatalCustomError("Returned by /crash/returnerrormodel")
    error.code = "ANOTHER_CUSTOM_ERROR"
    return error.to_model()
