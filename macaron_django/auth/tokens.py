"""Tokens: a user's id → a signed JWT, a JWT → its verified claims. PyJWT and settings only, no HTTP.

Separate so that a command, a task or a test makes and reads tokens exactly as the server does. What is raised
says what is wrong with a token and never quotes any part of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

import jwt
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from macaron_django.auth.keys import signing_key, verification_keys
from macaron_django.conf import Section, settings
from macaron_django.exceptions import AuthInvalidTokenError, AuthTokenExpiredError

__all__ = ["generate_token", "scopes_of", "verify_token"]

#: Claims that hold scopes: RFC 8693 section 4.2, and what Microsoft and Auth0 write.
SCOPE_CLAIMS = ("scope", "scp", "permissions")
NUMERIC_DATES = ("exp", "nbf", "iat")


def generate_token(
    user_id: object,
    expire_in: float | timedelta | None = None,
    data: Mapping[str, Any] | None = None,
    issuer: str | None = None,
    iat: float | None = None,
) -> str:
    """Sign a token for a user, valid for ``expire_in`` seconds (by default ``MACARON["JWT"]["EXPIRE_IN"]``).

    ``data`` are further claims; iss, sub, aud, exp and iat are set from the arguments and settings. Raises
    ImproperlyConfigured where no key can sign, ValueError without a user id.
    """
    if user_id is None or str(user_id) == "":
        raise ValueError("generate_token needs a user id")
    options = settings.JWT
    key, algorithm = signing_key()
    lifetime = options.EXPIRE_IN if expire_in is None else expire_in
    seconds = lifetime.total_seconds() if isinstance(lifetime, timedelta) else lifetime
    issued = int(time.time() if iat is None else iat)
    claims = {**(data or {}), "sub": str(user_id), "iat": issued, "exp": int(issued + seconds)}
    ours = {"iss": issuer or _first(options.ISSUER), "aud": _first(options.AUDIENCE)}
    claims.update({name: value for name, value in ours.items() if value is not None})
    headers = {"kid": key.kid} if key.kid is not None else None
    return jwt.encode(claims, key.signing, algorithm=algorithm, headers=headers)  # type: ignore[arg-type]


def _first(value: Any) -> Any:
    """Return what new tokens say where several issuers or audiences are accepted."""
    return value if value is None or isinstance(value, str) else next(iter(value), None)


@sensitive_variables()
def verify_token(token: str) -> dict[str, Any]:
    """Return the claims of a token whose signature, dates, issuer and audience are right.

    Raises AuthTokenExpiredError, AuthInvalidTokenError, KeysUnavailable (the JWKS can't be fetched), and
    ImproperlyConfigured where no key is configured.
    """
    options = settings.JWT
    header = _header(token, options.MAX_TOKEN_SIZE)
    keys = verification_keys(header.get("kid"), header["alg"])
    if not keys:
        raise _refusal("no key fits its kid and alg")
    for key in keys:
        try:
            claims = _decode(token, key.verifying, header["alg"], options)
        except jwt.InvalidSignatureError:
            continue
        if _is_revoked(claims, options.REVOKED):
            raise _refusal("it was revoked")
        return claims
    raise _refusal("its signature is wrong")


@sensitive_variables()
def _header(token: object, max_size: int) -> dict[str, Any]:
    if not isinstance(token, str) or not token.isascii():
        raise _refusal("it isn't a JWT")
    if len(token) > max_size:
        raise _refusal(f"it is longer than {max_size} bytes")
    # RFC 7515, section 2: Base64 without padding; with it a token would have several spellings
    if "=" in token:
        raise _refusal("it has padding")
    try:
        header = _unverified(token.partition(".")[0])
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise _refusal("its header can't be read") from None
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise _refusal("its header can't be read")
    if not isinstance(header.get("kid"), (str, type(None))):
        raise _refusal("its kid isn't a string")
    # RFC 7515, section 4.1.11: an extension that isn't understood, and none is here, refuses the token
    if "crit" in header or header.get("b64", True) is not True:
        raise _refusal("it needs an extension that isn't supported")
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
def _decode(token: str, key: Any, algorithm: str, options: Section) -> dict[str, Any]:
    """Verify with one key; InvalidSignatureError is left to the caller, who may have another."""
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
        raise
    except jwt.ExpiredSignatureError:
        raise AuthTokenExpiredError("The token has expired.") from None
    except jwt.ImmatureSignatureError:
        raise _refusal("it isn't valid yet") from None
    except jwt.InvalidAudienceError:
        raise _refusal("it is for another audience") from None
    except jwt.InvalidIssuerError:
        raise _refusal("it is of another issuer") from None
    except jwt.MissingRequiredClaimError as error:
        raise _refusal(f"it lacks the claim {error.claim}") from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise _refusal("it, or one of its claims, is malformed") from None


def _choices(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else list(value)


def _refusal(reason: str) -> AuthInvalidTokenError:
    return AuthInvalidTokenError(f"The token isn't valid: {reason}.")


def _is_revoked(claims: Mapping[str, Any], hook: Any) -> bool:
    if hook is None:
        return False
    if isinstance(hook, str):
        try:
            hook = import_string(hook)
        except ImportError as error:
            raise ImproperlyConfigured(f'MACARON["JWT"]["REVOKED"] can\'t be imported: {error}') from error
    return bool(hook(claims))


def scopes_of(claims: object, *names: str) -> frozenset[str]:
    """Collect the scopes that claims grant, from ``scope``, ``scp``, ``permissions`` and any claim named.

    >>> sorted(scopes_of({"scope": "read write", "permissions": ["admin"]}))
    ['admin', 'read', 'write']
    """
    scopes: set[str] = set()
    if not isinstance(claims, Mapping):
        return frozenset()
    for name in (*SCOPE_CLAIMS, *names):
        granted = claims.get(name)
        if isinstance(granted, str):
            scopes.update(granted.split())
        elif isinstance(granted, (list, tuple, set, frozenset)):
            scopes.update(entry for entry in granted if isinstance(entry, str))
    return frozenset(scopes)
