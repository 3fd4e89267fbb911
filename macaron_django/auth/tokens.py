"""Signs and verifies JWTs as the settings say.

The functions need no request, so commands, tasks and tests can use them.

Exceptions say what is wrong with a token, and never quote any part of the token.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from macaron_django.auth.claims import accepted_claims, invalid_token
from macaron_django.auth.compact_serialization import split_token
from macaron_django.auth.keys.key_settings import signing_key, verification_keys
from macaron_django.conf import settings

__all__ = ["generate_token", "scopes_of", "verify_token"]


@sensitive_variables()  # also hides the variables of PyJWT, which raises if a claim can't be JSON
def generate_token(
    user_id: object,
    expire_in: float | timedelta | None = None,
    data: Mapping[str, Any] | None = None,
    issuer: str | None = None,
    iat: float | None = None,
) -> str:
    """Signs a token for a user, valid for ``expire_in`` seconds (by default ``MACARON["JWT"]["EXPIRE_IN"]``).

    ``data`` has further claims. The arguments and settings determine iss, sub, aud, exp and iat. Raises
    ImproperlyConfigured if no key can sign, and ValueError if the user id is empty.
    """
    if user_id is None or str(user_id) == "":
        raise ValueError("generate_token needs a user id")
    import jwt  # imported here, because it imports cryptography

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
    """Returns the issuer or audience for new tokens. If ``value`` has several, returns the first."""
    return value if value is None or isinstance(value, str) else next(iter(value), None)


@sensitive_variables()  # also hides the variables of functions that it calls, but not of generators
def verify_token(token: str) -> dict[str, Any]:
    """Verifies a token's signature, dates, issuer and audience, and returns its claims.

    Raises AuthTokenExpiredError or AuthInvalidTokenError if the token is refused, KeysUnavailable if the JWKS can't be
    fetched, and ImproperlyConfigured if no key is configured.
    """
    options = settings.JWT
    unverified = split_token(token, options.MAX_TOKEN_SIZE)
    keys = verification_keys(options, unverified.kid, unverified.algorithm)
    if not keys:
        raise invalid_token("no key matches the token's kid and alg")
    for key in keys:
        if key.has_signed(unverified):
            break
    else:
        raise invalid_token("its signature is wrong")
    claims = accepted_claims(unverified.payload, options)
    if _is_revoked(claims, options.REVOKED):
        raise invalid_token("it was revoked")
    return claims


def _is_revoked(claims: Mapping[str, Any], hook: Any) -> bool:
    if hook is None:
        return False
    if isinstance(hook, str):
        try:
            hook = import_string(hook)
        except ImportError as error:
            raise ImproperlyConfigured(f'MACARON["JWT"]["REVOKED"] can\'t be imported: {error}') from error
    return bool(hook(claims))


def scopes_of(claims: object) -> frozenset[str]:
    """Returns the scopes in the claims that ``MACARON["JWT"]["SCOPE_CLAIMS"]`` names.

    >>> sorted(scopes_of({"scope": "read write", "scp": ["export"], "roles": ["admin"]}))
    ['export', 'read', 'write']
    """
    scopes: set[str] = set()
    if not isinstance(claims, Mapping):
        return frozenset()
    for name in settings.JWT.SCOPE_CLAIMS:
        granted = claims.get(name)
        if isinstance(granted, str):
            scopes.update(granted.split())
        elif isinstance(granted, (list, tuple, set, frozenset)):
            scopes.update(entry for entry in granted if isinstance(entry, str))
    return frozenset(scopes)
