"""Exceptions for requests whose credentials are missing or refused. PyMacaron's code and DRF can both handle them.

Each class inherits from ``PyMacaronException`` (status, code, user_message, headers) and from DRF's ``APIException``.
So every DRF view can respond to the exceptions, whatever its exception handler is. DRF doesn't authenticate the request
again while it renders the response.
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
    """The base class of these exceptions. It keeps the attributes of its two base classes consistent."""

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
        """Ignores the value.

        If an exception has no challenge, DRF replaces 401 with 403. This exception has a challenge.
        """

    @property
    def auth_header(self) -> str | None:
        return self.headers.get("WWW-Authenticate")

    @auth_header.setter
    def auth_header(self, challenge: str) -> None:
        """Sets the challenge that DRF gets from the view's first authenticator, unless there is a challenge already."""
        if self.auth_header is None:
            self.headers = {**self.headers, "WWW-Authenticate": challenge}


class MissingCredentialsError(Failure, AuthMissingHeaderError, drf.NotAuthenticated):
    """The operation needs credentials, but the request has none."""


class RefusedCredentialsError(Failure, AuthenticationError, drf.AuthenticationFailed):
    """The user name, password or API key is wrong."""


class UnverifiableCredentialsError(Failure, AuthenticationError, drf.AuthenticationFailed):
    """The server isn't set up to verify the credentials, so it doesn't know whether they are correct."""

    code = "CREDENTIALS_UNVERIFIABLE"


class RefusedTokenError(Failure, AuthInvalidTokenError, drf.AuthenticationFailed):
    """The token isn't valid."""


class ExpiredTokenError(Failure, AuthTokenExpiredError, drf.AuthenticationFailed):
    """The token has expired."""


class InsufficientScopeError(Failure, RequestError, drf.PermissionDenied):
    """The caller is known but lacks a scope that the operation needs."""

    code = "INSUFFICIENT_SCOPE"
    status = 403


class CrossSiteRequestError(Failure, RequestError, drf.PermissionDenied):
    """The credentials are in a cookie, but nothing proves that a page of this site sent the request."""

    code = "CSRF_FAILED"
    status = 403


class VerificationUnavailableError(Failure, KeysUnavailable, drf.APIException):
    """The keys that verify the token can't be fetched now."""


def failure(error: AuthenticationError | KeysUnavailable, headers: Mapping[str, str] | None = None) -> Failure:
    """Converts an exception from the verification of a token to a ``Failure``, which views can handle."""
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
