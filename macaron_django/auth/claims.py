"""A token's payload, its signature verified → its claims, where their types, dates, issuer and audience are right.

Apart from ``keys`` because nothing here is cryptography: the rules are RFC 7519's and the settings'. Stricter
than PyJWT's where those leave no choice: a date is a number, and half a character is no text.
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

__all__ = ["accepted_claims", "refusal"]

NUMERIC_DATES = ("iat", "nbf", "exp")  # RFC 7519, section 2
TEXTS = ("sub", "iss", "jti")


def accepted_claims(payload: bytes, options: Section) -> dict[str, Any]:
    """The claims in a payload; AuthTokenExpiredError or AuthInvalidTokenError where they don't hold now and here."""
    try:
        claims = json.loads(payload.decode())  # UTF-8, and nothing else (RFC 7519, section 7.2)
        _check_types(claims)
        _check_times(claims, options.REQUIRED_CLAIMS, options.LEEWAY)
        _check_parties(claims, options.ISSUER, options.AUDIENCE)
    except (ValueError, TypeError, OverflowError, RecursionError):
        # without its cause, which holds the decoded text
        raise refusal("it, or one of its claims, is malformed") from None
    return claims  # type: ignore[no-any-return]  # _check_types has seen it


def _check_types(claims: Any) -> None:
    if type(claims) is not dict:
        raise TypeError
    for name in NUMERIC_DATES:
        date = claims.get(name, 0)
        if type(date) not in (int, float) or not isfinite(date):  # OverflowError for what no float can be
            raise TypeError
    for name in TEXTS:
        text = claims.get(name, "")
        if type(text) is not str:
            raise TypeError
        text.encode()  # half a surrogate pair: UnicodeEncodeError, a ValueError
    audience = claims.get("aud", "")
    if type(audience) is not str and not (type(audience) is list and all(type(each) is str for each in audience)):
        raise TypeError


def _check_times(claims: dict[str, Any], required: Collection[str], leeway: float) -> None:
    for name in required:
        if claims.get(name) is None:
            raise refusal(f"it lacks the claim {name}")
    if claims.get("sub") == "":
        raise refusal("it lacks the claim sub")
    now = time.time()
    if int(claims.get("iat", 0)) > now + leeway or int(claims.get("nbf", 0)) > now + leeway:
        raise refusal("it isn't valid yet")
    if "exp" in claims and int(claims["exp"]) <= now - leeway:
        raise AuthTokenExpiredError("The token has expired.")


def _check_parties(claims: dict[str, Any], issuer: Any, audience: Any) -> None:
    if issuer is not None:
        if "iss" not in claims:
            raise refusal("it lacks the claim iss")
        if claims["iss"] not in ((issuer,) if isinstance(issuer, str) else tuple(issuer)):
            raise refusal("it is of another issuer")
    meant = claims.get("aud")
    if audience is None:
        if meant:
            raise refusal("it is for another audience")
        return
    if not meant:
        raise refusal("it lacks the claim aud")
    meant = {meant} if isinstance(meant, str) else set(meant)
    if meant.isdisjoint((audience,) if isinstance(audience, str) else audience):
        raise refusal("it is for another audience")


def refusal(reason: str) -> AuthInvalidTokenError:
    """What is raised for a token that isn't valid, for a reason that quotes nothing of it."""
    return AuthInvalidTokenError(f"The token isn't valid: {reason}.")
