"""Checks the claims of a token whose signature is already verified: types, dates, issuer and audience.

The rules come from RFC 7519 and the settings. They are stricter than PyJWT, which accepts "7" as a date.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from math import isfinite
from typing import TYPE_CHECKING, Any

from macaron_django.exceptions import AuthInvalidTokenError, AuthTokenExpiredError

if TYPE_CHECKING:
    from macaron_django.conf import Section

__all__ = ["accepted_claims", "invalid_token"]

NUMERIC_DATES = ("iat", "nbf", "exp")  # RFC 7519, section 2
TEXTS = ("sub", "iss", "jti")


def accepted_claims(payload: bytes, options: Section) -> dict[str, Any]:
    """Returns the claims in a payload.

    Raises AuthTokenExpiredError or AuthInvalidTokenError if the payload or one of its claims isn't valid.
    """
    try:
        claims = json.loads(payload.decode())  # UTF-8, and nothing else (RFC 7519, section 7.2)
        _check_types(claims)
        _check_times(claims, options.REQUIRED_CLAIMS, options.LEEWAY)
        _check_parties(claims, options.ISSUER, options.AUDIENCE)
    except (ValueError, TypeError, OverflowError, RecursionError):
        # "from None", because the cause contains the decoded text.
        raise invalid_token("it, or one of its claims, is malformed") from None
    return claims  # type: ignore[no-any-return]  # checked by _check_types


def _check_types(claims: Any) -> None:
    if type(claims) is not dict:
        raise TypeError
    for name in NUMERIC_DATES:
        date = claims.get(name, 0)
        if type(date) not in (int, float) or not isfinite(date):  # may raise OverflowError
            raise TypeError
    for name in TEXTS:
        text = claims.get(name, "")
        if type(text) is not str:
            raise TypeError
        text.encode()  # raises UnicodeEncodeError, a ValueError, for half a surrogate pair
    audience = claims.get("aud", "")
    if type(audience) is not str and not (type(audience) is list and all(type(each) is str for each in audience)):
        raise TypeError


def _check_times(claims: dict[str, Any], required: Collection[str], leeway: float) -> None:
    for name in required:
        if claims.get(name) is None:
            raise invalid_token(f"it lacks the claim {name}")
    if claims.get("sub") == "":
        raise invalid_token("it lacks the claim sub")
    now = time.time()
    if int(claims.get("iat", 0)) > now + leeway or int(claims.get("nbf", 0)) > now + leeway:
        raise invalid_token("it isn't valid yet")
    if "exp" in claims and int(claims["exp"]) <= now - leeway:
        raise AuthTokenExpiredError("The token has expired.")


def _check_parties(claims: dict[str, Any], issuer: Any, audience: Any) -> None:
    if issuer is not None:
        if "iss" not in claims:
            raise invalid_token("it lacks the claim iss")
        if claims["iss"] not in ((issuer,) if isinstance(issuer, str) else tuple(issuer)):
            raise invalid_token("it is from another issuer")
    meant = claims.get("aud")
    if audience is None:
        if meant:
            raise invalid_token("it is for another audience")
        return
    if not meant:
        raise invalid_token("it lacks the claim aud")
    meant = {meant} if isinstance(meant, str) else set(meant)
    if meant.isdisjoint((audience,) if isinstance(audience, str) else audience):
        raise invalid_token("it is for another audience")


def invalid_token(reason: str) -> AuthInvalidTokenError:
    """Returns the exception for a token that isn't valid. ``reason`` must not quote any part of the token."""
    return AuthInvalidTokenError(f"The token isn't valid: {reason}.")
