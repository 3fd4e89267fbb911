"""Exceptions for refused requests, which PyMacaron's code and Django REST framework both understand.

Each is a ``PyMacaronException`` (status, code, user_message, headers) and an ``APIException``: any DRF view answers it,
whatever its exception handler, and DRF doesn't authenticate the same request again while it renders the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import exceptions as drf

from macaron_django.auth.keys.jwks import KeysUnavailable
from macaron_django.exceptions import (
    AuthenticationError,
    AuthInvalidTokenError,
    AuthMissingHeaderError,
    AuthTokenExpiredError,
    PyMacaronException,
    RequestError,
)

__all__ = [
    "CrossSiteRequestError",
    "ExpiredTokenError",
    "Failure",
    "InsufficientScopeError",
    "MissingCredentialsError",
    "RefusedCredentialsError",
    "RefusedTokenError",
    "UnverifiableCredentialsError",
    "VerificationUnavailableError",
    "failure",
]


class Failure(PyMacaronException):
    """The base of these exceptions: keeps the attributes of both parents consistent."""

    detail: Any

    def __init__(self, user_message: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(user_message)
        self.detail = drf.ErrorDetail(user_message or "", self.code)
        self.headers: Mapping[str, str] = {**type(self).headers, **(headers or {})}

    @property
    def status_code(self) -> int:
        return self.status

    @status_code.setter
    def status_code(self, status: int) -> None:
        """Ignores the value: DRF turns a 401 without a challenge into a 403, and this exception has a challenge."""

    @property
    def auth_header(self) -> str | None:
        return self.headers.get("WWW-Authenticate")

    @auth_header.setter
    def auth_header(self, challenge: str) -> None:
        """Takes the challenge of the view's first authenticator only if the exception was raised without one."""
        if self.auth_header is None:
            self.headers = {**self.headers, "WWW-Authenticate": challenge}


class MissingCredentialsError(Failure, AuthMissingHeaderError, drf.NotAuthenticated):
    """The operation needs credentials, but the request has none."""


class RefusedCredentialsError(Failure, AuthenticationError, drf.AuthenticationFailed):
    """A wrong user name, password or API key."""


class UnverifiableCredentialsError(Failure, AuthenticationError, drf.AuthenticationFailed):
    """Credentials of a scheme that the server isn't set up to verify: they may be correct."""

    code = "CREDENTIALS_UNVERIFIABLE"


class RefusedTokenError(Failure, AuthInvalidTokenError, drf.AuthenticationFailed):
    """A token that isn't valid."""


class ExpiredTokenError(Failure, AuthTokenExpiredError, drf.AuthenticationFailed):
    """A token that has expired."""


class InsufficientScopeError(Failure, RequestError, drf.PermissionDenied):
    """The caller is known but lacks a scope that the operation needs."""

    code = "INSUFFICIENT_SCOPE"
    status = 403


class CrossSiteRequestError(Failure, RequestError, drf.PermissionDenied):
    """Credentials came in a cookie, but nothing proves that the user's own page sent the request."""

    code = "CSRF_FAILED"
    status = 403


class VerificationUnavailableError(Failure, KeysUnavailable, drf.APIException):
    """The keys that verify the token can't be fetched now."""


def failure(error: AuthenticationError | KeysUnavailable, headers: Mapping[str, str] | None = None) -> Failure:
    """Turns an exception of a token's verification into one that a view answers."""
    if isinstance(error, Failure):
        return error
    kinds: tuple[tuple[type[PyMacaronException], type[Failure]], ...] = (
        (AuthTokenExpiredError, ExpiredTokenError),
        (AuthInvalidTokenError, RefusedTokenError),
        (AuthMissingHeaderError, MissingCredentialsError),
        (KeysUnavailable, VerificationUnavailableError),
    )
    kind = next((ours for theirs, ours in kinds if isinstance(error, theirs)), RefusedCredentialsError)
    made = kind(error.user_message, headers)
    made.is_known = error.is_known
    return made
