"""Turns exceptions into objects of the schema ``Error``, and such objects into responses and exceptions.

These are functions of ``pymacaron.exceptions``, version 1.
"""

from __future__ import annotations

from typing import Any, NoReturn

from macaron_django.api.answers.error_descriptions import describe
from macaron_django.exceptions import (
    ErrorReply,
    InternalServerError,
    PyMacaronException,
    UnhandledServerError,
    code_to_class,
)

__all__ = ["format_error", "raise_error", "responsify"]


def format_error(e: Exception) -> Any:
    """Returns the error object of an exception, with only the data that clients may see."""
    if isinstance(e, PyMacaronException):
        return e.to_model()
    answer = describe(e)
    error = UnhandledServerError(answer.description)
    error.code, error.status, error.error_id = answer.code, answer.status, answer.error_id
    return error.to_model()


def responsify(error: Any) -> ErrorReply:
    """Returns the error response for an error object or a PyMacaronException."""
    return (error if isinstance(error, PyMacaronException) else _exception_of(error)).http_reply()


def raise_error(e: Any) -> NoReturn:
    """Raises the exception that an error object describes.

    If ``add_error`` has created a class for the error's code, raises an exception of that class.
    """
    raise _exception_of(e)


def _exception_of(error: Any) -> PyMacaronException:
    made = code_to_class.get(error.error, InternalServerError)(error.error_description)
    if made.code != error.error:
        made.code, made.status = error.error, error.status
    for name in ("error_id", "user_message"):
        if isinstance(given := getattr(error, name, None), str):
            setattr(made, name, given)
    return made
