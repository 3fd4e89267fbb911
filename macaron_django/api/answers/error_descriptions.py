"""Describes exceptions: the status, code, message and violations that a client gets, before a body format is chosen.

While ``DEBUG`` is off, internal information is only in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from inspect import cleandoc
from pprint import pformat
from types import MappingProxyType
from typing import Any, NamedTuple

from django.conf import settings as django_settings
from django.core import exceptions as django_exceptions
from django.db import IntegrityError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions as drf_exceptions

from macaron_django.exceptions import (
    EngineUnavailable,
    PyMacaronException,
)
from macaron_django.openapi import json_pointers
from macaron_django.schemas.values.generated_values import uuid4_text

__all__ = ["INTERNAL", "DeclaredError", "ErrorDescription", "describe", "is_error_status", "phrase"]

LAST_STATUS = 599
INTERNAL = "The server failed. Give the error_id to the server's operators: their log has the details."


class ErrorDescription(NamedTuple):
    """The information that a client gets about an exception, in any body format."""

    status: int
    code: str  # "PROFILE_NOT_FOUND"
    description: str  # a sentence for developers
    error_id: str
    user_message: str | None = None
    violations: tuple[Mapping[str, str], ...] = ()  # pointer, location, keyword, message
    headers: Mapping[str, str] = MappingProxyType({})
    error_caught: str | None = None  # the exception that a PyMacaronException has caught
    drf_body: Any = None  # for DRF's exceptions, the body that DRF's own handler would write


class DeclaredError(PyMacaronException):
    """A handler returned an error object: an object of a schema that the operation declares for error responses.

    ``body`` is the object's JSON.
    """

    def __init__(self, body: Mapping[str, Any], status: int) -> None:
        super().__init__(str(body.get("user_message") or body.get("error_description") or ""))
        self.error_id = str(body["error_id"]) if body.get("error_id") else uuid4_text()
        self.body, self.status, self.code = body, status, str(body.get("error") or self.code)


def describe(exc: Exception) -> ErrorDescription:
    """Returns the description of an exception. It can come from this package, DRF, Django or the application."""
    error_id = getattr(exc, "error_id", None) or uuid4_text()
    if _timed_out(exc):
        later = {"Retry-After": "1"}
        return ErrorDescription(
            504,
            "TIMEOUT",
            "A service that this request needs took too long. Try again later.",
            error_id,
            headers=later,
        )
    if isinstance(exc, PyMacaronException):
        return _of_ours(exc, error_id)
    translated = _as_drf(exc)
    if translated is not None:
        return _of_drf(translated, error_id)
    description = f"{type(exc).__name__}: {exc}" if django_settings.DEBUG else INTERNAL
    return ErrorDescription(500, "SERVER_ERROR", description, error_id)


def _timed_out(exc: BaseException) -> bool:
    """Returns whether another service timed out. Returns False if the call was a write that may have had an effect."""
    if isinstance(exc, EngineUnavailable) and exc.__cause__ is not None:
        exc = exc.__cause__
    kind: Any = type(exc)
    return _is_timeout(kind)


@lru_cache(maxsize=100)
def _is_timeout(kind: type[BaseException]) -> bool:
    # The timeouts of botocore, httpx and requests aren't subclasses of TimeoutError.
    foreign = not issubclass(kind, (PyMacaronException, drf_exceptions.APIException))
    return foreign and any("Timeout" in base.__name__ for base in kind.__mro__)


def _of_ours(exc: PyMacaronException, error_id: str) -> ErrorDescription:
    # Clients don't get the messages of a failing database, because they name tables, indexes and endpoints. Clients
    # don't get the violations in the server's own data either.
    message = exc.public_message
    given = getattr(exc, "violations", ()) if exc.status < HTTPStatus.INTERNAL_SERVER_ERROR else ()
    violations = tuple(_violation(each) for each in given)
    if not violations and isinstance(pointer := getattr(exc, "pointer", None), str):
        violations = (
            {
                "pointer": pointer,
                "location": getattr(exc, "location", "body"),
                "keyword": "storable",
                "message": getattr(exc, "reason", str(exc)),
            },
        )
    headers = dict(exc.headers)
    if auth_header := getattr(exc, "auth_header", None):  # DRF's views set it on subclasses of DRF's exceptions
        headers.setdefault("WWW-Authenticate", auth_header)
    return ErrorDescription(
        status=exc.status,
        code=exc.code,
        description=message or (INTERNAL if exc.is_hidden else _docstring(type(exc))),
        error_id=error_id,
        # Messages of validators are for developers, not for users.
        user_message=None if violations else message,
        violations=violations,
        headers=headers,
        error_caught=None if exc.error_caught is None else pformat(exc.error_caught),
        drf_body=exc.detail if isinstance(exc, drf_exceptions.ValidationError) else None,
    )


def _docstring(exception_class: type[PyMacaronException]) -> str:
    """Returns the first paragraph of the class's own docstring, or else HTTP's phrase for the class's status."""
    own = exception_class.__dict__.get("__doc__") or ""
    paragraph = cleandoc(own).partition("\n\n")[0]
    return " ".join(paragraph.split()) or phrase(exception_class.status, exception_class.code)


def is_error_status(status: int) -> bool:
    """Returns whether a status is an error status that Django can send."""
    return HTTPStatus.BAD_REQUEST <= status <= LAST_STATUS


def phrase(status: int, otherwise: str) -> str:
    """Returns the reason phrase of an HTTP status, or ``otherwise`` if HTTP defines no phrase for the status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return otherwise


def _violation(violation: Any) -> Mapping[str, str]:
    return {
        "pointer": violation.pointer,
        "location": getattr(violation, "location", "body"),
        "keyword": violation.keyword,
        "message": violation.message,
    }


def _as_drf(exc: Exception) -> drf_exceptions.APIException | None:
    """Returns the DRF exception with the same meaning as ``exc``; None if the client isn't at fault."""
    match exc:
        case drf_exceptions.APIException():
            return exc
        case Http404() | django_exceptions.ObjectDoesNotExist():
            return drf_exceptions.NotFound(str(exc) or None)
        case django_exceptions.PermissionDenied():
            return drf_exceptions.PermissionDenied(str(exc) or None)
        case django_exceptions.ValidationError():
            return drf_exceptions.ValidationError(_django_messages(exc))
        case IntegrityError():
            # The database's message names tables and constraints.
            return _drf(409, "CONFLICT", "The request would write data that conflicts with stored data.")
        case django_exceptions.RequestDataTooBig():
            return _drf(413, "BODY_TOO_LARGE", "The body is larger than the server accepts.")
        case django_exceptions.SuspiciousOperation() | UnreadablePostError():
            return drf_exceptions.ParseError("The request can't be read.")
    return None


def _django_messages(exc: django_exceptions.ValidationError) -> Any:
    return exc.message_dict if hasattr(exc, "error_dict") else exc.messages


def _drf(status: int, code: str, detail: str) -> drf_exceptions.APIException:
    exc = drf_exceptions.APIException(detail, code)
    exc.status_code = status
    return exc


def _of_drf(exc: drf_exceptions.APIException, error_id: str) -> ErrorDescription:
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait) if wait == int(wait) else int(wait) + 1)
    if isinstance(exc.detail, (dict, list)):
        violations = tuple(_flattened(exc.detail))
        description = "; ".join(f"{v['pointer'] or '/'}: {v['message']}" for v in violations)
        return ErrorDescription(
            exc.status_code, "INVALID_PARAMETER", description, error_id, None, violations, headers, drf_body=exc.detail
        )
    code = str(getattr(exc.detail, "code", "") or exc.default_code).upper()
    return ErrorDescription(
        exc.status_code, code, str(exc.detail), error_id, headers=headers, drf_body={"detail": str(exc.detail)}
    )


def _flattened(detail: Any, pointer: str = "") -> Iterable[Mapping[str, str]]:
    """Yields DRF's nested ``serializer.errors`` as violations with JSON pointers."""
    if isinstance(detail, Mapping):
        for name, nested in detail.items():
            own = str(name) == "non_field_errors"
            yield from _flattened(nested, pointer if own else json_pointers.child(pointer, str(name)))
    elif isinstance(detail, (list, tuple)):
        for index, nested in enumerate(detail):
            if isinstance(nested, (Mapping, list, tuple)):
                yield from _flattened(nested, json_pointers.child(pointer, str(index)))
            else:
                yield from _flattened(nested, pointer)
    else:
        yield {
            "pointer": pointer,
            "location": "body",
            "keyword": str(getattr(detail, "code", "")),
            "message": str(detail),
        }
