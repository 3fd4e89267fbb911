"""The exception tree: what this package raises once a spec has been read, by who is at fault.

What is wrong with a *spec* is a finding (``macaron_django.spec.Finding``), gathered and shown as Django
checks; it is never one of these.

::

    PyMacaronException                  becomes an HTTP answer: its status, code and user_message
    ├── RequestError                    the client's
    │   ├── ValidationFailed            400 INVALID_PARAMETER: lists every violation
    │   ├── AuthenticationError         401
    │   │   ├── AuthMissingHeaderError      AUTHORIZATION_HEADER_MISSING
    │   │   ├── AuthTokenExpiredError       TOKEN_EXPIRED
    │   │   └── AuthInvalidTokenError       TOKEN_INVALID
    │   ├── InvalidCursor               400 INVALID_CURSOR
    │   ├── UnstorableValue             400 UNSTORABLE_VALUE: valid, but can't be kept
    │   └── ItemTooLarge                413 ITEM_TOO_LARGE
    ├── PersistenceError                what DynamoDB answered, or didn't
    │   ├── DynamoDBItemNotFound        404 ITEM_NOT_FOUND
    │   ├── ItemExists                  409 ITEM_EXISTS; also a django.db.IntegrityError
    │   ├── StaleItem                   409 STALE_ITEM: somebody else changed it first
    │   ├── Throttled                   503 THROTTLED: retry later
    │   ├── EngineUnavailable           503 DATABASE_UNAVAILABLE
    │   ├── WriteOutcomeUnknown         503 WRITE_OUTCOME_UNKNOWN: applied or not, nobody can know
    │   └── TableMissing                500 TABLE_MISSING
    └── QueryError                      the programmer's
        ├── ScanForbidden               500 SCAN_FORBIDDEN: names the index that would help
        └── UnsupportedQuery            500 UNSUPPORTED_QUERY; also a django.db.NotSupportedError
    and, from ``add_error``, whatever the application adds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.utils import IntegrityError, NotSupportedError

__all__ = [
    "AuthInvalidTokenError",
    "AuthMissingHeaderError",
    "AuthTokenExpiredError",
    "AuthenticationError",
    "DynamoDBItemNotFound",
    "EngineUnavailable",
    "InvalidCursor",
    "ItemExists",
    "ItemTooLarge",
    "PersistenceError",
    "PyMacaronException",
    "QueryError",
    "RequestError",
    "ScanForbidden",
    "StaleItem",
    "TableMissing",
    "Throttled",
    "UnstorableValue",
    "UnsupportedQuery",
    "ValidationFailed",
    "WriteOutcomeUnknown",
    "add_error",
    "is_error",
]


class PyMacaronException(Exception):
    """An error that a client is told about: raise a subclass with ``code`` and ``status`` from a handler.

    ``user_message`` is what the client reads; ``headers`` are added to the answer.

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
    headers: Mapping[str, str] = {}

    def __init__(self, user_message: str | None = None) -> None:
        super().__init__(user_message or "")
        self.user_message = user_message

    def __str__(self) -> str:
        return self.user_message or self.code


class RequestError(PyMacaronException):
    """The request can't be served as it is; sending it again unchanged won't help."""

    code = "INVALID_REQUEST"
    status = 400


class ValidationFailed(RequestError):
    """A body or parameters break their schema: every violation, not only the first.

    Each violation is a ``macaron_django.schemas.Violation``: message, JSON pointer, keyword, location.
    """

    code = "INVALID_PARAMETER"
    status = 400

    def __init__(self, user_message: str | None = None, violations: Sequence[Any] = ()) -> None:
        super().__init__(user_message or "; ".join(f"{v.pointer or '/'}: {v.message}" for v in violations))
        self.violations = tuple(violations)


class AuthenticationError(RequestError):
    code = "AUTHENTICATION_FAILED"
    status = 401


class AuthMissingHeaderError(AuthenticationError):
    code = "AUTHORIZATION_HEADER_MISSING"


class AuthTokenExpiredError(AuthenticationError):
    code = "TOKEN_EXPIRED"


class AuthInvalidTokenError(AuthenticationError):
    code = "TOKEN_INVALID"


class InvalidCursor(RequestError):
    """A page cursor that was altered, has expired, or was made for another list."""

    code = "INVALID_CURSOR"


class UnstorableValue(RequestError):
    """A value that the schema accepts and DynamoDB, or a model's database, can't hold; nothing was written.

    ``pointer`` is the JSON pointer of the value in the item, as far as it is known.
    """

    code = "UNSTORABLE_VALUE"

    def __init__(self, user_message: str, pointer: str = "") -> None:
        super().__init__(f"{pointer}: {user_message}" if pointer else user_message)
        self.pointer = pointer


class ItemTooLarge(RequestError):
    """The item is over DynamoDB's 400 KB, or a transaction over its 4 MB."""

    code = "ITEM_TOO_LARGE"
    status = 413


class PersistenceError(PyMacaronException):
    """DynamoDB refused, failed or did not answer."""

    code = "DATABASE_ERROR"


class DynamoDBItemNotFound(PersistenceError):
    code = "ITEM_NOT_FOUND"
    status = 404


class ItemExists(PersistenceError, IntegrityError):
    """The key of a new item is taken; what is there was not changed."""

    code = "ITEM_EXISTS"
    status = 409

    @classmethod
    def of(cls, kind: str, key: str) -> ItemExists:
        """The sentence that clients read: the same wherever items are kept, and without a table's name.

        >>> print(ItemExists.of("Author", "author_id '7'"))
        There is already an Author with author_id '7'.
        """
        return cls(f"There is already {'an' if kind[:1].upper() in set('AEIOU') else 'a'} {kind} with {key}.")


class StaleItem(PersistenceError):
    """The item was changed or deleted since it was loaded; nothing was written."""

    code = "STALE_ITEM"
    status = 409


class Throttled(PersistenceError):
    """DynamoDB throttled the call, and went on doing so through every retry."""

    code = "THROTTLED"
    status = 503
    headers = {"Retry-After": "1"}


class EngineUnavailable(PersistenceError):
    """The DynamoDB engine can't be reached, or failed; nothing was written."""

    code = "DATABASE_UNAVAILABLE"
    status = 503


class WriteOutcomeUnknown(PersistenceError):
    """The connection broke after a write was sent that can't be sent twice: it was applied, or it wasn't."""

    code = "WRITE_OUTCOME_UNKNOWN"
    status = 503


class TableMissing(PersistenceError):
    """The table isn't there yet; ``manage.py synctables`` makes it."""

    code = "TABLE_MISSING"


class QueryError(PyMacaronException):
    """A query that the programmer has to write differently."""

    code = "QUERY_ERROR"


class ScanForbidden(QueryError):
    """The query would read the whole table; the message names the index that would help."""

    code = "SCAN_FORBIDDEN"


class UnsupportedQuery(QueryError, NotSupportedError):
    """DynamoDB can't do this."""

    code = "UNSUPPORTED_QUERY"


def add_error(name: str, code: str, status: int) -> type[PyMacaronException]:
    """Make an exception class that answers with ``status`` and ``code``.

    >>> OutOfStock = add_error("OutOfStock", "OUT_OF_STOCK", 409)
    >>> OutOfStock("The last one was just sold").status
    409
    """
    return type(name, (PyMacaronException,), {"code": code, "status": status})


def is_error(answer: object) -> bool:
    """Whether ``answer`` is an HTTP answer or a PyMacaronException with a status of 300 or more."""
    status = getattr(answer, "status_code", getattr(answer, "status", 0))
    return isinstance(status, int) and status >= 300
