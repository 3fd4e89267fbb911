"""The exceptions that this package raises while it serves requests, grouped by whose fault they are.

An error in a *spec* isn't one of these exceptions. It is a finding (``macaron_django.openapi.Finding``), and Django's
checks report it.

::

    PyMacaronException                  becomes an HTTP response with its status, code and user_message
    ├── RequestError                    the client is at fault
    │   ├── RequestInvalid              400 INVALID_PARAMETER: lists every violation; also a ValidationFailed
    │   ├── AuthenticationError         401
    │   │   ├── AuthMissingHeaderError      AUTHORIZATION_HEADER_MISSING
    │   │   ├── AuthTokenExpiredError       TOKEN_EXPIRED
    │   │   └── AuthInvalidTokenError       TOKEN_INVALID
    │   ├── ClaimMissingError           403 CLAIM_MISSING: the caller's token lacks a claim
    │   ├── InvalidCursor               400 INVALID_CURSOR
    │   ├── UnstorableValue             400 UNSTORABLE_VALUE: valid, but can't be stored
    │   └── ItemTooLarge                413 ITEM_TOO_LARGE
    ├── PersistenceError                DynamoDB refused a call, failed or didn't respond
    │   ├── DynamoDBItemNotFound        404 ITEM_NOT_FOUND
    │   ├── ItemExists                  409 ITEM_EXISTS; also a django.db.IntegrityError
    │   ├── StaleItem                   409 STALE_ITEM: the item doesn't meet the condition of a write
    │   │   ├── ItemAbsent                  404 ITEM_NOT_FOUND: the item doesn't exist
    │   │   ├── ItemChanged                 409 STALE_ITEM: the item exists, but has other values
    │   │   └── ItemOutOfBounds             409 OUT_OF_BOUNDS: F() would pass a minimum or maximum
    │   ├── Throttled                   503 DATABASE_THROTTLED: retry later
    │   ├── EngineUnavailable           503 DATABASE_UNAVAILABLE
    │   ├── WriteOutcomeUnknown         503 WRITE_OUTCOME_UNKNOWN: the write may have been applied
    │   └── TableMissing                500 TABLE_MISSING
    ├── ServiceError                    502 SERVICE_ERROR: a call to another service failed
    │   ├── ErrorAnswered                   the service responded with an error: see status_code and answer
    │   ├── AnswerInvalid                   502 SERVICE_ANSWER_INVALID: the response breaks the spec, or is too large
    │   └── ServiceUnavailable              503 SERVICE_UNAVAILABLE: the service doesn't respond in time
    │       ├── CircuitOpen                     the service failed so often that no call is sent for a while
    │       └── CallOutcomeUnknown              503 CALL_OUTCOME_UNKNOWN: the call may have taken effect
    ├── InvalidParameterError           400 INVALID_PARAMETER: the project's code refuses what a client sent
    │   └── ValidationFailed                500: data that the project's code made or stored breaks its schema
    ├── RequestTimeout                  408 REQUEST_TIMEOUT
    ├── NotImplementedYet               501 NOT_IMPLEMENTED: the spec declares the operation, but no code serves it
    ├── TaskNotSent                     503 TASK_NOT_SENT: the broker doesn't accept the task
    ├── InternalServerError             500 SERVER_ERROR: also the response to exceptions outside this tree
    │   ├── UnhandledServerError            replaces an exception outside this tree for ERROR_CALLBACK
    │   ├── InternalValidationError         INTERNAL_VALIDATION_ERROR
    │   └── BadResponseException            BAD_RESPONSE
    └── QueryError                      the project's code must change the query
        ├── ScanForbidden               500 SCAN_FORBIDDEN: names the index that would help
        └── UnsupportedQuery            500 UNSUPPORTED_QUERY; also a django.db.NotSupportedError

The project can add exceptions with ``add_error``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pprint import pformat
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings as django_settings
from django.db.utils import IntegrityError, NotSupportedError
from django.http import HttpResponse

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "AnswerInvalid",
    "AuthInvalidTokenError",
    "AuthMissingHeaderError",
    "AuthTokenExpiredError",
    "AuthenticationError",
    "BadResponseException",
    "CallOutcomeUnknown",
    "CircuitOpen",
    "ClaimMissingError",
    "DynamoDBItemNotFound",
    "EngineUnavailable",
    "ErrorAnswered",
    "InternalServerError",
    "InternalValidationError",
    "InvalidCursor",
    "InvalidParameterError",
    "ItemAbsent",
    "ItemChanged",
    "ItemExists",
    "ItemOutOfBounds",
    "ItemTooLarge",
    "NotImplementedYet",
    "PersistenceError",
    "PyMacaronException",
    "QueryError",
    "RequestError",
    "RequestInvalid",
    "RequestTimeout",
    "ScanForbidden",
    "ServiceError",
    "ServiceUnavailable",
    "StaleItem",
    "TableMissing",
    "TaskNotSent",
    "Throttled",
    "UnhandledServerError",
    "UnstorableValue",
    "UnsupportedQuery",
    "ValidationFailed",
    "WriteOutcomeUnknown",
    "add_error",
    "code_to_class",
    "is_error",
]


class PyMacaronException(Exception):
    """An error that becomes an HTTP response. Handlers can raise a subclass that has a ``code`` and a ``status``.

    ``user_message`` is the message for the client. ``headers`` are added to the response.

    >>> class ProfileNotFound(PyMacaronException):
    ...     code = "PROFILE_NOT_FOUND"
    ...     status = 404
    >>> error = ProfileNotFound("Profile 7 does not exist")
    >>> error.status, error.code, error.user_message
    (404, 'PROFILE_NOT_FOUND', 'Profile 7 does not exist')
    """

    code: str = "SERVER_ERROR"
    status: int = 500
    error_id: str | None = None
    error_caught: object = None
    headers: Mapping[str, str] = {}
    #: Whether the messages may contain names that only operators may see, such as the names of tables and endpoints.
    names_internals: bool = False
    #: Whether the cause has already been logged and reported. If so, a status of 500 or above is logged as information.
    is_known: bool = False

    def __init__(self, user_message: str | None = None) -> None:
        super().__init__(user_message or "")
        self.user_message = user_message

    def __str__(self) -> str:
        return self.user_message or self.code

    @property
    def is_hidden(self) -> bool:
        """Whether the message is hidden from clients. While ``DEBUG`` is on, no message is hidden."""
        is_fault = self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return self.names_internals and is_fault and not django_settings.DEBUG

    @property
    def public_message(self) -> str | None:
        """The message for clients; None if there is no message, or if it is hidden."""
        return None if self.is_hidden else self.user_message or None

    def caught(self, error: object) -> Self:
        """Stores ``error``, which the caller has caught, as ``error_caught``.

        Returns ``self``, so that you can raise it.
        """
        self.error_caught = error
        return self

    def tell_user(self, user_message: str) -> Self:
        """Sets the message for the client. Returns ``self``, so that you can raise it."""
        self.user_message = user_message
        return self

    def to_dict(self) -> dict[str, Any]:
        """Returns the error as a dictionary with PyMacaron's keys.

        The keys are status and error, and, if they are known, error_id, user_message and error_caught.

        >>> OutOfStock = type("OutOfStock", (PyMacaronException,), {"code": "OUT_OF_STOCK", "status": 409})
        >>> OutOfStock("The last one was just sold").to_dict()
        {'status': 409, 'error': 'OUT_OF_STOCK', 'user_message': 'The last one was just sold'}
        """
        found: dict[str, Any] = {"status": self.status, "error": self.code.upper()}
        if self.error_id:
            found["error_id"] = self.error_id
        if self.public_message:
            found["user_message"] = self.public_message
        if self.error_caught is not None:
            found["error_caught"] = pformat(self.error_caught)
        return found

    def http_reply(self) -> ErrorReply:
        """Returns the error as a response that the project's own views can return.

        If a handler returns the response, the effect is as if it had raised the exception.
        """
        body = json.dumps({**self.to_dict(), "error_description": self.public_message or self.code})
        return ErrorReply(self, body.encode(), self.status, "application/json", self.headers)

    #: The name of ``http_reply`` in PyMacaron 2.
    jsonify = http_reply

    def to_model(self) -> Any:
        """Returns the error as an object of the schema ``Error``.

        The schema comes from the API that serves the current request, or else from another served API.
        """
        from_apps: Any = apps.get_app_config("macaron_django")
        return from_apps.error_object({**self.to_dict(), "error_description": self.public_message or self.code})

    def add_sentence(self, sentence: str) -> None:
        """Adds a sentence to the message."""
        self.user_message = f"{str(self).rstrip('.')}. {sentence}"
        self.args: tuple[Any, ...] = (self.user_message,)


class ErrorReply(HttpResponse):
    """The response to an exception. Its attribute ``error`` is the exception.

    The response is also a WSGI application, so that Flask views can return it.
    """

    def __init__(
        self, error: Exception, body: bytes, status: int, content_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(body, status=status, content_type=content_type, headers=dict(headers))
        self.error = error

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(f"{self.status_code} {self.reason_phrase}", list(self.items()))
        return [self.content]


class RequestError(PyMacaronException):
    """The request can't be served. Sending the same request again won't help."""

    code = "INVALID_REQUEST"
    status = 400


class InvalidParameterError(PyMacaronException):
    """The client sent a value that the project's code can't accept."""

    code = "INVALID_PARAMETER"
    status = 400


class ValidationFailed(InvalidParameterError):
    """Data breaks its schema.

    ``violations`` has every violation, not only the first. Each violation is a ``macaron_django.schemas.Violation``:
    message, JSON pointer, keyword, location. This exception means that the server is at fault. If the client sent the
    data, ``RequestInvalid`` is raised instead.
    """

    code = "SERVER_ERROR"
    status = 500
    names_internals = True

    def __init__(self, user_message: str | None = None, violations: Sequence[Any] = ()) -> None:
        super().__init__(user_message or "; ".join(f"{v.pointer or '/'}: {v.message}" for v in violations))
        self.violations: tuple[Any, ...] = tuple(violations)


class RequestInvalid(RequestError, ValidationFailed):
    """The request's body or a parameter breaks its schema."""

    code = "INVALID_PARAMETER"
    status = 400


class AuthenticationError(RequestError):
    """The request's credentials are missing or not accepted."""

    code = "AUTHENTICATION_FAILED"
    status = 401


class AuthMissingHeaderError(AuthenticationError):
    """The request has no credentials."""

    code = "AUTHORIZATION_HEADER_MISSING"


class AuthTokenExpiredError(AuthenticationError):
    """The request's token has expired."""

    code = "TOKEN_EXPIRED"


class AuthInvalidTokenError(AuthenticationError):
    """The request's token is not valid."""

    code = "TOKEN_INVALID"


class ClaimMissingError(RequestError):
    """The operation needs a value from the caller's credentials, but the value is missing or can't be used.

    The value is a key of the caller's items, or a required property of a new item.
    """

    code = "CLAIM_MISSING"
    status = 403


class InvalidCursor(RequestError):
    """A page cursor was changed, has expired, or belongs to another list."""

    code = "INVALID_CURSOR"


class UnstorableValue(RequestError):
    """The schema accepts a value that DynamoDB or a model's database can't store. Nothing was written.

    ``pointer`` is the JSON pointer of the value in the item, if known. ``reason`` is the message without the pointer.
    ``location`` is the part of the request that had the value, such as "path". If the request has neither a body nor a
    parameter with the value's name, the handler is at fault, and the response has the status 500.
    """

    code = "UNSTORABLE_VALUE"
    location = "body"

    def __init__(self, user_message: str, pointer: str = "") -> None:
        super().__init__(f"{pointer}: {user_message}" if pointer else user_message)
        self.reason: str = user_message
        self.pointer: str = pointer


class ItemTooLarge(RequestError):
    """The item is larger than DynamoDB's limit of 400 KB, or the transaction is larger than 4 MB."""

    code = "ITEM_TOO_LARGE"
    status = 413


class PersistenceError(PyMacaronException):
    """DynamoDB refused a call, failed or didn't respond.

    If a single item caused the error, ``schema`` is the name of the item's schema, and ``key`` maps the names of the
    key attributes to DynamoDB's attribute values. Otherwise both are empty. ``item`` is the stored item; None if
    DynamoDB hasn't sent it.
    """

    code = "DATABASE_ERROR"
    names_internals = True

    def __init__(
        self,
        user_message: str | None = None,
        *,
        schema: str = "",
        key: Mapping[str, Mapping[str, Any]] | None = None,
        item: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(user_message)
        self.schema = schema
        self.key: Mapping[str, Mapping[str, Any]] = key or {}
        self.item = item


class DynamoDBItemNotFound(PersistenceError):
    code = "ITEM_NOT_FOUND"
    status = 404


class ItemExists(PersistenceError, IntegrityError):
    """The key of a new item is already taken. The existing item wasn't changed.

    ``schema`` and ``key`` identify the item.
    """

    code = "ITEM_EXISTS"
    status = 409

    @classmethod
    def of(cls, kind: str, described: str, key: Mapping[str, Mapping[str, Any]] | None = None) -> ItemExists:
        """Returns the exception with a message for clients. The message doesn't show where items are stored.

        >>> print(ItemExists.of("Author", "author_id '7'"))
        There is already an Author with author_id '7'.
        """
        article = "an" if kind[:1].upper() in set("AEIOU") else "a"
        return cls(f"There is already {article} {kind} with {described}.", schema=kind, key=key)


class StaleItem(PersistenceError):
    """The item has changed since it was loaded, or doesn't meet a write's condition. Nothing was written.

    ``schema`` and ``key`` identify the item. ``item`` is the stored item if DynamoDB has sent it. The subclasses
    are for known reasons. StaleItem itself is raised if the reason is unknown, or if another transaction is changing
    the item.
    """

    code = "STALE_ITEM"
    status = 409


class ItemAbsent(StaleItem):
    """The item that a write requires doesn't exist."""

    code = "ITEM_NOT_FOUND"
    status = 404


class ItemChanged(StaleItem):
    """A write requires values that the item doesn't have.

    ``item`` is the stored item.
    """


class ItemOutOfBounds(StaleItem):
    """``F()`` would make a number in the item smaller than its schema's ``minimum`` or greater than its ``maximum``."""

    code = "OUT_OF_BOUNDS"


class Throttled(PersistenceError):
    """DynamoDB throttled the call and all retries."""

    code = "DATABASE_THROTTLED"  # not THROTTLED: that is the code of DRF's throttles
    status = 503
    headers: Mapping[str, str] = {"Retry-After": "1"}


class EngineUnavailable(PersistenceError):
    """The DynamoDB engine can't be reached, or failed. Nothing was written."""

    code = "DATABASE_UNAVAILABLE"
    status = 503
    headers: Mapping[str, str] = {"Retry-After": "1"}


class WriteOutcomeUnknown(PersistenceError):
    """The connection broke during a write that can't be repeated. The write may have been applied."""

    code = "WRITE_OUTCOME_UNKNOWN"
    status = 503
    headers: Mapping[str, str] = {"Retry-After": "1"}


class TableMissing(PersistenceError):
    """The table doesn't exist; ``manage.py synctables`` creates it."""

    code = "TABLE_MISSING"


class QueryError(PyMacaronException):
    """The project's code must write this query in another way."""

    code = "QUERY_ERROR"
    names_internals = True


class ScanForbidden(QueryError):
    """The query would read the whole table. The message names an index that would help."""

    code = "SCAN_FORBIDDEN"


class UnsupportedQuery(QueryError, NotSupportedError):
    """DynamoDB doesn't support this query."""

    code = "UNSUPPORTED_QUERY"


class ServiceError(PyMacaronException):
    """A call to an operation in another service's spec failed.

    ``api`` is the name of the service's API, ``operation`` is the method and path of the operation, and ``attempts`` is
    the number of times that the call was sent.
    """

    code = "SERVICE_ERROR"
    status = 502
    names_internals = True
    attempts: int = 0

    api: str
    operation: str

    def __init__(self, user_message: str | None = None, *, api: str = "", operation: str = "") -> None:
        super().__init__(user_message)
        self.api, self.operation = api, operation


class ErrorAnswered(ServiceError):
    """The service responded with an error.

    ``status_code`` is the status of the response, and ``headers_sent`` are its headers. ``answer`` is the response's
    body: an API object if the spec declares an object schema for it.
    """

    status_code: int
    answer: Any
    headers_sent: dict[str, str]

    def __init__(
        self,
        user_message: str | None = None,
        *,
        api: str = "",
        operation: str = "",
        status_code: int = 500,
        answer: Any = None,
        headers_sent: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(user_message, api=api, operation=operation)
        self.status_code, self.answer, self.headers_sent = status_code, answer, dict(headers_sent or {})


class AnswerInvalid(ServiceError):
    """The service's response breaks the spec, can't be read or is too large.

    ``violations`` lists the violations, if any are known.
    """

    code = "SERVICE_ANSWER_INVALID"

    def __init__(
        self, user_message: str | None = None, *, api: str = "", operation: str = "", violations: Sequence[Any] = ()
    ) -> None:
        super().__init__(user_message, api=api, operation=operation)
        self.violations: tuple[Any, ...] = tuple(violations)


class ServiceUnavailable(ServiceError):
    """The service can't be reached, or didn't respond in time.

    You can safely repeat the call, unless the exception is a ``CallOutcomeUnknown``.
    """

    code = "SERVICE_UNAVAILABLE"
    status = 503
    headers: Mapping[str, str] = {"Retry-After": "1"}


class CircuitOpen(ServiceUnavailable):
    """The service failed so many times in a row that it gets no calls for a while."""


class CallOutcomeUnknown(ServiceUnavailable):
    """The connection broke, or the time ran out, during a call that can't be repeated.

    The call may have taken effect.
    """

    code = "CALL_OUTCOME_UNKNOWN"


class NotImplementedYet(PyMacaronException):
    """The spec declares the operation, but no code serves it yet. The error is reported once for each operation."""

    code = "NOT_IMPLEMENTED"
    status = 501


class RequestTimeout(PyMacaronException):
    """The project's code waited too long for the client, and gave up."""

    code = "REQUEST_TIMEOUT"
    status = 408


class TaskNotSent(PyMacaronException):
    """The broker doesn't accept a task, or can't be reached."""

    code = "TASK_NOT_SENT"
    status = 503
    names_internals = True


class InternalServerError(PyMacaronException):
    """The server failed."""


class UnhandledServerError(InternalServerError):
    """The server failed with an exception that isn't a PyMacaronException.

    ``__cause__`` is that exception.
    """


class InternalValidationError(InternalServerError):
    """Data that the server produced breaks its schema."""

    code = "INTERNAL_VALIDATION_ERROR"


class BadResponseException(InternalServerError):
    """A handler returned a value that can't become a response."""

    code = "BAD_RESPONSE"


#: The exception classes by code: PyMacaron's classes, and the classes that ``add_error`` has created.
code_to_class: dict[str, type[PyMacaronException]] = {
    one.code: one for one in (InternalServerError, AuthMissingHeaderError, AuthTokenExpiredError, AuthInvalidTokenError)
}


def add_error(name: str, code: str, status: int) -> type[PyMacaronException]:
    """Returns a new exception class whose response has ``status`` and ``code``.

    Raises ValueError if another class already has the code, or if an argument is empty.

    >>> OutOfPaper = add_error("OutOfPaper", "OUT_OF_PAPER", 409)
    >>> OutOfPaper("The last sheet was just printed").status
    409
    """
    if not (name and code and status):
        raise ValueError("add_error needs a name, a code and a status.")
    if code in code_to_class:
        raise ValueError(f"The code {code} belongs to {code_to_class[code].__name__}: give {name} another code.")
    made = type(name, (PyMacaronException,), {"code": code, "status": status})
    code_to_class[code] = made
    return made


def is_error(answer: object) -> bool:
    """Returns whether ``answer`` is a response, error object or PyMacaronException with a status of 300 or more."""
    status = getattr(answer, "status_code", getattr(answer, "status", 0))
    return isinstance(status, int) and status >= 300
