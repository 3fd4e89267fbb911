"""Finds credentials in a request: in the Authorization header, a cookie, another header or the query.

The functions accept Django's and DRF's requests. They don't verify the credentials. No part of a credential appears in
a ``repr``.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TypeAlias, cast
from urllib.parse import unquote_plus

from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from macaron_django.auth.auth_errors import CrossSiteRequestError, RefusedCredentialsError, RefusedTokenError
from macaron_django.conf import settings

__all__ = [
    "AnyRequest",
    "Credential",
    "api_key",
    "authorization",
    "basic",
    "bearer",
    "django_request",
    "enforce_csrf",
    "parse_bearer",
]

AnyRequest: TypeAlias = HttpRequest | Request


@dataclass(frozen=True)
class Credential:
    """A token or an API key. If it comes from a cookie, the request needs CSRF protection, because any site can make
    a browser send the cookie.
    """

    value: str = field(repr=False)
    from_cookie: bool = False


def django_request(request: AnyRequest) -> HttpRequest:
    """Returns the Django request inside a DRF request. A view's authenticators and permissions share this object."""
    return cast("HttpRequest", getattr(request, "_request", request))


def _header(request: AnyRequest) -> str:
    return str(request.META.get("HTTP_AUTHORIZATION") or "").strip()


def authorization(request: AnyRequest) -> tuple[str, str] | None:
    """Returns the scheme of the Authorization header, in lower case, and the rest; None if there is no header."""
    header = _header(request)
    if not header:
        return None
    scheme, _, rest = header.partition(" ")
    return scheme.lower(), rest.strip()


def parse_bearer(text: str) -> str | None:
    """Returns the token of ``Bearer <token>``; None for another scheme.

    Raises RefusedTokenError if there isn't exactly one token after Bearer.
    """
    scheme, *parts = text.split()
    if scheme.lower() != "bearer":
        return None
    if not parts:
        raise RefusedTokenError("There is no token after Bearer.")
    if len(parts) > 1:
        raise RefusedTokenError("There must be exactly one token after Bearer.")
    return parts[0]


def bearer(request: AnyRequest) -> Credential | None:
    """Returns the bearer token in the Authorization header, or else in the cookie ``MACARON["JWT"]["COOKIE"]``."""
    header = _header(request)
    if header:
        token = parse_bearer(header)
        return Credential(token) if token is not None else None
    cookie = request.COOKIES.get(settings.JWT.COOKIE, "") if settings.JWT.COOKIE else ""
    # PyMacaron's cookie has the complete value of the Authorization header, URL-encoded.
    text = unquote_plus(cookie).strip()
    if not text:
        return None
    token = parse_bearer(text)
    if token is None:
        raise RefusedTokenError(f"The cookie {settings.JWT.COOKIE} must have the URL-encoded value Bearer <token>.")
    return Credential(token, from_cookie=True)


def basic(request: AnyRequest) -> tuple[str, str] | None:
    """Returns the user name and password (RFC 7617); None for another scheme.

    Raises RefusedCredentialsError if the user name and password can't be read.
    """
    given = authorization(request)
    if given is None or given[0] != "basic":
        return None
    try:
        text = base64.b64decode(given[1], validate=True).decode()
    except (binascii.Error, ValueError):
        raise RefusedCredentialsError("The Basic credentials aren't Base64 of UTF-8 text.") from None
    username, colon, password = text.partition(":")
    if not colon or "\0" in text:
        raise RefusedCredentialsError("The Basic credentials aren't a user name, a colon and a password.")
    return username, password


def api_key(request: AnyRequest, location: str, name: str) -> Credential | None:
    """Returns the API key in a header, the query or a cookie; None if there is none.

    Raises RefusedCredentialsError if the query has several keys, because a proxy in front of this server may have used
    another key for its log or rate limit.
    """
    if location == "query" and len(request.GET.getlist(name)) > 1:
        raise RefusedCredentialsError(f"The query has {name} several times: send it only once.")
    found = {
        "header": request.headers.get(name),
        "query": request.GET.get(name),
        "cookie": request.COOKIES.get(name),
    }.get(location)
    return Credential(str(found), from_cookie=location == "cookie") if found else None


def enforce_csrf(request: AnyRequest) -> None:
    """Raises CrossSiteRequestError if the request lacks Django's CSRF token, because another site could have caused
    such a request.
    """
    try:
        SessionAuthentication().enforce_csrf(request)  # type: ignore[arg-type]  # it reads what both have
    except PermissionDenied as error:
        raise CrossSiteRequestError(f"{error.detail} Credentials in a cookie need Django's CSRF token.") from error
