"""Verifies the credentials of a security scheme, either with the project's verifier for the scheme or as a JWT.

A *verifier* is a function that gets a scheme's credentials and the request. Its arguments are ``(key, request)`` for
apiKey, ``(username, password, request)`` for basic, ``(token, request)`` for bearer, OAuth 2 and OpenID Connect,
``(text, request)`` for other HTTP schemes, and ``(request)`` for mutual TLS. A verifier returns a user, claims (a
mapping with ``sub``), a user id, or ``(user, auth)``. To refuse the credentials, it returns None or False. A verifier
should compare secrets in constant time (``django.utils.crypto.constant_time_compare``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from django.contrib.auth import authenticate
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from macaron_django.auth import credentials
from macaron_django.auth.auth_errors import RefusedCredentialsError, RefusedTokenError, failure
from macaron_django.auth.credentials import AnyRequest, Credential
from macaron_django.auth.keys.jwks import KeysUnavailable
from macaron_django.auth.keys.key_settings import can_verify
from macaron_django.auth.tokens import verify_token
from macaron_django.auth.users import TokenUser, user_for
from macaron_django.conf import settings
from macaron_django.exceptions import AuthenticationError
from macaron_django.openapi import SecurityScheme

__all__ = [
    "Verified",
    "django_password",
    "has_verifier",
    "is_verified_here",
    "register_verifier",
    "verify",
    "verify_bearer",
    "verify_once",
]

Verifier = Callable[..., Any]
F = TypeVar("F", bound=Verifier)

_registered: dict[str, Verifier] = {}


@dataclass(frozen=True)
class Verified:
    """The verified caller: the values of ``request.user`` and ``request.auth``, and the caller's token, if any."""

    user: Any
    auth: Any = field(default=None, repr=False)
    token: str = field(default="", repr=False)


@overload
def register_verifier(scheme_name: str) -> Callable[[F], F]: ...
@overload
def register_verifier(scheme_name: str, function: F) -> F: ...
def register_verifier(scheme_name: str, function: Any = None) -> Any:
    """Registers the verifier of a security scheme; can be used as a decorator.

    ``scheme_name`` is the name under ``securitySchemes``. A registered verifier takes precedence over the setting
    ``MACARON["SECURITY_VERIFIERS"]``, which maps scheme names to dotted paths.
    """
    if function is None:
        return lambda decorated: register_verifier(scheme_name, decorated)
    _registered[scheme_name] = function
    return function


def _verifier(scheme_name: str) -> Verifier | None:
    if scheme_name in _registered:
        return _registered[scheme_name]
    path = getattr(settings, "SECURITY_VERIFIERS", {}).get(scheme_name)
    if path is None or callable(path):
        return path
    try:
        function = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f'MACARON["SECURITY_VERIFIERS"][{scheme_name!r}] can\'t be imported: {error}'
        ) from error
    if not callable(function):
        raise ImproperlyConfigured(f'MACARON["SECURITY_VERIFIERS"][{scheme_name!r}] isn\'t a function.')
    return function  # type: ignore[no-any-return]


def has_verifier(scheme_name: str, scheme: SecurityScheme) -> bool:
    """Returns whether the project's verifier or a JWT key can verify this scheme's credentials."""
    try:
        if _verifier(scheme_name) is not None:
            return True
    except ImproperlyConfigured:
        return False
    return carries_jwt(scheme) and can_verify()


def is_verified_here(scheme_name: str, scheme: SecurityScheme) -> bool:
    """Returns true if the scheme's credentials are JWTs and the project has no verifier for the scheme."""
    try:
        return _verifier(scheme_name) is None and carries_jwt(scheme)
    except ImproperlyConfigured:
        return False


def carries_jwt(scheme: SecurityScheme) -> bool:
    """Returns whether the scheme's credentials are a bearer token. The token is a JWT unless the scheme has a verifier.

    Swagger 2.0 has no bearer scheme, so an apiKey in the header Authorization or in PyMacaron's cookie is also a bearer
    token.
    """
    if scheme.type == "apiKey":
        cookie = settings.JWT.COOKIE
        in_header = scheme.location == "header" and str(scheme.name).lower() == "authorization"
        return in_header or (scheme.location == "cookie" and cookie is not None and scheme.name == cookie)
    return is_bearer(scheme)


def is_bearer(scheme: SecurityScheme) -> bool:
    """Returns whether the scheme is bearer, OAuth 2 or OpenID Connect."""
    return scheme.type in ("oauth2", "openIdConnect") or (
        scheme.type == "http" and str(scheme.scheme).lower() == "bearer"
    )


def verify(scheme_name: str, scheme: SecurityScheme, request: AnyRequest) -> Verified | None:
    """Verifies the request's credentials for a scheme. Returns the caller; None if the request has no credentials.

    Raises a Failure if the credentials are wrong, and ImproperlyConfigured if the scheme has no verifier.
    """
    verifier = _verifier(scheme_name)
    if verifier is None and carries_jwt(scheme):
        token = credentials.bearer(request)
        return None if token is None else verify_bearer(token, request)
    arguments, credential = _presented(scheme, request)
    if arguments is None:
        return None
    if verifier is None:
        raise ImproperlyConfigured(
            f"The security scheme {scheme_name!r} has no verifier: set "
            f'MACARON["SECURITY_VERIFIERS"][{scheme_name!r}] or call register_verifier.'
        )
    value = credential.value if credential is not None and is_bearer(scheme) else ""
    verified = _as_verified(verifier(*arguments, request), scheme_name, value)
    if verified is None:
        refusal = RefusedTokenError if carries_jwt(scheme) else RefusedCredentialsError
        raise refusal("The credentials are wrong.")
    if credential is not None and credential.from_cookie:
        credentials.enforce_csrf(request)
    return verified


def _presented(scheme: SecurityScheme, request: AnyRequest) -> tuple[tuple[str, ...] | None, Credential | None]:
    """Returns a scheme's credentials twice: as the arguments for the verifier, and as a ``Credential``.

    If the request has no credentials, the arguments are None. The ``Credential`` is None unless it is a token or API
    key.
    """
    if is_bearer(scheme):
        token = credentials.bearer(request)
        return ((token.value,) if token else None), token
    if scheme.type == "apiKey":
        key = credentials.api_key(request, str(scheme.location), str(scheme.name))
        return ((key.value,) if key else None), key
    if scheme.type == "mutualTLS":
        return (), None
    if scheme.type == "http" and str(scheme.scheme).lower() == "basic":
        return credentials.basic(request), None
    given = credentials.authorization(request)
    if scheme.type == "http" and given is not None and given[0] == str(scheme.scheme).lower():
        return (given[1],), None
    return None, None


def verify_bearer(credential: Credential, request: AnyRequest) -> Verified:
    """Verifies a JWT and finds its user. Enforces CSRF protection if the JWT came in a cookie. Raises a Failure."""
    try:
        claims = verify_once(credential.value, request)
        user = user_for(claims)
    except (AuthenticationError, KeysUnavailable) as error:
        raise failure(error) from error
    if credential.from_cookie:
        credentials.enforce_csrf(request)
    return Verified(user, claims, credential.value)


_OUTCOMES = "_macaron_verified_tokens"


def verify_once(token: str, request: AnyRequest | None) -> dict[str, Any]:
    """Returns the claims of a token, as ``verify_token`` does, but verifies the token only once for each request.

    Later calls return the same claims, or raise the same exception. So ``MACARON["JWT"]["REVOKED"]`` is called only
    once for each request. If ``request`` is None, the token is verified at each call.
    """
    if request is None:
        return verify_token(token)
    shared = credentials.django_request(request)
    outcomes: dict[str, Any] | None = getattr(shared, _OUTCOMES, None)
    if outcomes is None:
        outcomes = {}
        setattr(shared, _OUTCOMES, outcomes)
    known = outcomes.get(token)
    if known is None:
        try:
            known = verify_token(token)
        except AuthenticationError as error:
            # The exception itself isn't stored, because its traceback refers to the request.
            outcomes[token] = (type(error), error.user_message)
            raise
        outcomes[token] = known
        return dict(known)
    if isinstance(known, Mapping):
        return dict(known)
    kind, message = known
    raise kind(message)


def _as_verified(answer: Any, scheme_name: str, token: str) -> Verified | None:
    user, auth = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)
    if user is None or user is False or user == "":
        return None
    if isinstance(user, str):
        user = {"sub": user}
    if isinstance(user, Mapping):
        auth = user if auth is None else auth
        user = TokenUser(user)
    if not hasattr(user, "is_authenticated"):
        raise TypeError(
            f"The verifier of the security scheme {scheme_name!r} returned a {type(user).__name__}. It must return "
            "a user, claims, a user id, (user, auth), or None to refuse the credentials."
        )
    if not user.is_authenticated or not getattr(user, "is_active", True):
        return None
    return Verified(user, auth, token)


def django_password(username: str, password: str, request: AnyRequest) -> Any:
    """The verifier for ``basic`` schemes that uses Django's authentication backends."""
    return authenticate(credentials.django_request(request), username=username, password=password)
