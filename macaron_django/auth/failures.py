"""Why a request is refused, as exceptions that PyMacaron's code and Django REST framework both understand.

Each is a ``PyMacaronException`` (status, code, user_message, headers) and an ``APIException``: any DRF view
answers it properly with whatever exception handler it has, and DRF, having seen it once, doesn't authenticate
the same request again while it renders the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import exceptions as drf

from macaron_django.auth.jwks import KeysUnavailable
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
    "VerificationUnavailableError",
    "failure",
]


class Failure(PyMacaronException):
    """Makes both parents' attributes agree: the one base of all that is raised here."""

    detail: Any

    def __init__(self, user_message: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(user_message)
        self.detail = drf.ErrorDetail(user_message or "", self.code)
        self.headers = {**type(self).headers, **(headers or {})}

    @property
    def status_code(self) -> int:
        return self.status

    @status_code.setter
    def status_code(self, status: int) -> None:
        """Stay what it is: DRF makes a 401 a 403 in a view whose authenticators have no challenge; this has one."""

    @property
    def auth_header(self) -> str | None:
        return self.headers.get("WWW-Authenticate")

    @auth_header.setter
    def auth_header(self, challenge: str) -> None:
        """Yield to the challenge of whoever raised this, who knows better than the view's first authenticator."""
        if self.auth_header is None:
            self.headers = {**self.headers, "WWW-Authenticate": challenge}


class MissingCredentialsError(Failure, AuthMissingHeaderError, drf.NotAuthenticated):
    """The operation needs credentials, and none came with the request."""


class RefusedCredentialsError(Failure, AuthenticationError, drf.AuthenticationFailed):
    """A user name and password, or an API key, that isn't right."""


class RefusedTokenError(Failure, AuthInvalidTokenError, drf.AuthenticationFailed):
    """A token that isn't right."""


class ExpiredTokenError(Failure, AuthTokenExpiredError, drf.AuthenticationFailed):
    """A token that was right once."""


class InsufficientScopeError(Failure, RequestError, drf.PermissionDenied):
    """Who asks is known, and lacks a scope that the operation needs."""

    code = "INSUFFICIENT_SCOPE"
    status = 403


class CrossSiteRequestError(Failure, RequestError, drf.PermissionDenied):
    """Credentials came in a cookie, and nothing shows that the user's own page sent the request."""

    code = "CSRF_FAILED"
    status = 403


class VerificationUnavailableError(Failure, KeysUnavailable, drf.APIException):
    """The keys that would verify the token can't be fetched now."""


def failure(error: AuthenticationError | KeysUnavailable, headers: Mapping[str, str] | None = None) -> Failure:
    """Turn what a token's verification raised into what a view answers."""
    if isinstance(error, Failure):
        return error
    kinds: tuple[tuple[type[PyMacaronException], type[Failure]], ...] = (
        (AuthTokenExpiredError, ExpiredTokenError),
        (AuthInvalidTokenError, RefusedTokenError),
        (AuthMissingHeaderError, MissingCredentialsError),
        (KeysUnavailable, VerificationUnavailableError),
    )
    kind = next((ours for theirs, ours in kinds if isinstance(error, theirs)), RefusedCredentialsError)
    return kind(error.user_message, headers)
