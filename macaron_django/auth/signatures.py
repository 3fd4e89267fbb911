"""PyJWT, and how strictly it is used: claims → a signed token; a token and one key → its claims.

Apart from ``tokens`` because PyJWT brings cryptography with it, a tenth of the time that a process takes to start:
imported with the first token, and never where an API is public.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

import jwt
from django.views.decorators.debug import sensitive_variables

from macaron_django.exceptions import AuthInvalidTokenError, AuthTokenExpiredError

if TYPE_CHECKING:
    from macaron_django.auth.keys import Key
    from macaron_django.conf import Section

__all__ = ["read_header", "refusal", "sign", "verified_claims"]

NUMERIC_DATES = ("exp", "nbf", "iat")


def sign(claims: Mapping[str, Any], key: Key, algorithm: str) -> str:
    """The token of ``claims``; it names the key, where the key has a name."""
    headers = {"kid": key.kid} if key.kid is not None else None
    return jwt.encode(dict(claims), key.signing, algorithm=algorithm, headers=headers)  # type: ignore[arg-type]


@sensitive_variables()
def read_header(token: object, max_size: int) -> dict[str, Any]:
    """The header of a token, not verified; AuthInvalidTokenError for one that no key could verify."""
    if not isinstance(token, str) or not token.isascii():
        raise refusal("it isn't a JWT")
    if len(token) > max_size:
        raise refusal(f"it is longer than {max_size} bytes")
    # RFC 7515, section 2: Base64 without padding; with it a token would have several spellings
    if "=" in token:
        raise refusal("it has padding")
    try:
        header = _unverified(token.partition(".")[0])
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise refusal("its header can't be read") from None
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise refusal("its header can't be read")
    if not isinstance(header.get("kid"), (str, type(None))):
        raise refusal("its kid isn't a string")
    # RFC 7515, section 4.1.11: an extension that isn't understood, and none is here, refuses the token
    if "crit" in header or header.get("b64", True) is not True:
        raise refusal("it needs an extension that isn't supported")
    return header


@lru_cache(maxsize=128)
def _unverified(header: str) -> Any:
    """The header of all the tokens that begin so: an issuer's tokens share it. It holds no secret."""
    return jwt.get_unverified_header(f"{header}.e30.")


class _StrictJWT(jwt.PyJWT):
    """PyJWT accepts dates written as strings; RFC 7519, section 2 doesn't."""

    def _decode_payload(self, decoded: dict[str, Any]) -> dict[str, Any]:
        claims = super()._decode_payload(decoded)
        if not isinstance(claims, dict):
            raise jwt.DecodeError("not an object")
        for name in NUMERIC_DATES:
            date = claims.get(name, 0)
            if isinstance(date, bool) or not isinstance(date, (int, float)) or not isfinite(date):
                raise jwt.DecodeError(f"claim {name} isn't a number")
        audience = claims.get("aud", "")
        if not isinstance(audience, str) and not (
            isinstance(audience, list) and all(isinstance(entry, str) for entry in audience)
        ):
            raise jwt.DecodeError("claim aud is neither a string nor an array of strings")
        for name in ("sub", "iss", "jti"):
            if not isinstance(claims.get(name, ""), str):
                raise jwt.DecodeError(f"claim {name} isn't a string")
            claims.get(name, "").encode()  # half a surrogate pair: UnicodeEncodeError, a ValueError
        if claims.get("sub") == "":
            raise jwt.MissingRequiredClaimError("sub")
        return claims


_STRICT = _StrictJWT()


@sensitive_variables()
def verified_claims(token: str, key: Any, algorithm: str, options: Section) -> dict[str, Any] | None:
    """Verify with one key; None where the signature is another key's, which the caller may have.

    Raises AuthTokenExpiredError, and AuthInvalidTokenError for what no other key would make right.
    """
    # no cause is kept below: PyJWT's exceptions hold the decoded text
    try:
        return _STRICT.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=_choices(options.ISSUER),
            audience=_choices(options.AUDIENCE),
            leeway=options.LEEWAY,
            options={"require": list(options.REQUIRED_CLAIMS)},
        )
    except jwt.InvalidSignatureError:
        return None
    except jwt.ExpiredSignatureError:
        raise AuthTokenExpiredError("The token has expired.") from None
    except jwt.ImmatureSignatureError:
        raise refusal("it isn't valid yet") from None
    except jwt.InvalidAudienceError:
        raise refusal("it is for another audience") from None
    except jwt.InvalidIssuerError:
        raise refusal("it is of another issuer") from None
    except jwt.MissingRequiredClaimError as error:
        raise refusal(f"it lacks the claim {error.claim}") from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise refusal("it, or one of its claims, is malformed") from None


def _choices(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else list(value)


def refusal(reason: str) -> AuthInvalidTokenError:
    """What is raised for a token that isn't valid, for a reason that quotes nothing of it."""
    return AuthInvalidTokenError(f"The token isn't valid: {reason}.")
