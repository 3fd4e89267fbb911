"""Authenticates requests with JWTs: a DRF authenticator, a decorator, and PyMacaron's function.

They are for views and handlers that check tokens themselves. If the spec declares ``security`` for an operation,
the module ``security_requirements`` checks the tokens of its requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, JsonResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from macaron_django.auth.auth_errors import Failure, MissingCredentialsError, RefusedTokenError, failure
from macaron_django.auth.caller import current_request, load_auth_token, remember, remember_request
from macaron_django.auth.credential_verifiers import verify_bearer
from macaron_django.auth.credentials import AnyRequest, Credential, authorization, bearer, django_request, parse_bearer
from macaron_django.auth.keys.jwks import KeysUnavailable
from macaron_django.exceptions import AuthenticationError

__all__ = ["JWTAuthentication", "authenticate_http_request", "bearer_challenge", "requires_auth"]

P = ParamSpec("P")
R = TypeVar("R")

REALM = "api"
_REFUSAL = "_macaron_jwt_refusal"


def bearer_challenge(error: Failure | None = None, scopes: frozenset[str] = frozenset()) -> str:
    """Returns the value of the header WWW-Authenticate that requests a bearer token (RFC 6750, section 3)."""
    parameters = {"realm": REALM}
    if isinstance(error, AuthenticationError) and not isinstance(error, MissingCredentialsError):
        # quoted-string: no quotes or backslashes, ASCII only (RFC 6750, section 3)
        description = "".join(c for c in str(error) if c.isascii() and c.isprintable() and c not in '"\\')
        parameters |= {"error": "invalid_token", "error_description": description}
    elif error is not None and error.status == 403:
        parameters["error"] = "insufficient_scope"
    if scopes:
        parameters["scope"] = " ".join(sorted(scopes))
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())


def _challenging(error: Failure) -> Failure:
    if error.status == 401:
        error.headers = {**error.headers, "WWW-Authenticate": bearer_challenge(error)}
    return error


class JWTAuthentication(BaseAuthentication):
    """DRF authenticator for a bearer token in the Authorization header or the cookie.

    ``request.user`` becomes a ``TokenUser`` or a Django user, as ``MACARON["JWT"]["USER"]`` says. ``request.auth``
    becomes the claims. You can use this class in ``DEFAULT_AUTHENTICATION_CLASSES``.
    """

    def authenticate(self, request: Request) -> tuple[Any, Mapping[str, Any]] | None:
        remember_request(cast("HttpRequest", request))
        try:
            credential = bearer(request)
            if credential is None:
                return None
            verified = verify_bearer(credential, request)
        except Failure as error:
            setattr(django_request(request), _REFUSAL, error)
            raise _challenging(error)  # noqa: B904 (the same exception, with one more header)
        remember(verified.auth, verified.token)
        return verified.user, verified.auth

    def authenticate_header(self, request: Request) -> str:
        # DRF calls this method on another instance than the one that has refused the request.
        return bearer_challenge(getattr(django_request(request), _REFUSAL, None))


def authenticate_http_request(token: str | None = None, request: AnyRequest | None = None) -> dict[str, Any]:
    """Verifies a request's token, makes the token's user the current user, and returns the claims.

    ``token`` is the value of an Authorization header (``Bearer …``), and replaces the header of the request.
    ``request`` defaults to the current request. Raises AuthMissingHeaderError, AuthTokenExpiredError or
    AuthInvalidTokenError. In any DRF view, these exceptions become a 401.
    """
    try:
        if token is not None:
            return _load(token)
        if request is None:
            request = current_request()
        if request is None:
            raise RuntimeError(
                "authenticate_http_request needs the request. Pass it, or add the argument `request` to the "
                "function that has the decorator `@requires_auth`."
            )
        credential = bearer(request)
        if credential is None:
            raise _nothing_usable(request)
        return _sign_in(request, credential)
    except Failure as error:
        raise _challenging(error)  # noqa: B904 (the same exception, with one more header)


def _load(header: str) -> dict[str, Any]:
    token = parse_bearer(header) if header.strip() else None
    if token is None:
        raise RefusedTokenError("The Authorization header must start with Bearer.")
    try:
        return load_auth_token(token)
    except (AuthenticationError, KeysUnavailable) as error:
        raise failure(error) from error


def _nothing_usable(request: AnyRequest) -> Failure:
    if authorization(request) is not None:
        return RefusedTokenError("The Authorization header must start with Bearer.")
    return MissingCredentialsError("There is no Authorization header in the request.")


def _sign_in(request: AnyRequest, credential: Credential) -> dict[str, Any]:
    verified = verify_bearer(credential, request)
    remember(verified.auth, verified.token)
    request.user = verified.user
    request.auth = verified.auth  # type: ignore[union-attr]  # Django's request takes it as well
    return cast("dict[str, Any]", verified.auth)


def requires_auth(function: Callable[P, R]) -> Callable[P, R]:
    """Decorates a handler or a view so that only requests with a valid token reach it. Works on ``async def``, too.

    Looks for the request in three places, in this order: the function's arguments, the attribute ``request`` of the
    first argument (a view's ``self``), and the current request.

    If the token isn't valid, a decorated plain Django view returns a 401 response. Any
    other function raises the exception, so that DRF can handle it.
    """
    if iscoroutinefunction(function):

        @wraps(function)
        async def authenticated_async(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                # Fetching keys and looking up users would block the event loop.
                await sync_to_async(authenticate_http_request)(None, _request_among(args, kwargs))
            except Failure as error:
                return _answer(error, args)
            return await function(*args, **kwargs)

        return cast("Callable[P, R]", authenticated_async)

    @wraps(function)
    def authenticated(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            authenticate_http_request(None, _request_among(args, kwargs))
        except Failure as error:
            return _answer(error, args)
        return function(*args, **kwargs)

    return cast("Callable[P, R]", authenticated)


def _request_among(args: tuple[object, ...], kwargs: Mapping[str, object]) -> AnyRequest | None:
    for value in (*args, *kwargs.values()):
        if isinstance(value, (HttpRequest, Request)):
            return value
    owned = getattr(args[0], "request", None) if args else None
    return owned if isinstance(owned, (HttpRequest, Request)) else None


def _answer(error: Failure, args: tuple[object, ...]) -> JsonResponse:
    """Returns the error response if the function is a plain Django view. Otherwise, raises ``error``."""
    request = _request_among(args, {})
    if not isinstance(request, HttpRequest):
        raise error
    body = {"status": error.status, "error": error.code, "error_description": str(error)}
    return JsonResponse({**body, "user_message": str(error)}, status=error.status, headers=dict(error.headers))
