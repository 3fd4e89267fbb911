"""Stores the current request, its verified claims and its token, so that all code that serves the request can use them.

All three are context variables: threads, async tasks and calls of ``sync_to_async`` each have their own values. A WSGI
server's thread keeps these values from one request to the next, so the signal ``request_started`` clears them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished, request_started
from django.http import HttpRequest

from macaron_django.auth.credential_verifiers import verify_once
from macaron_django.auth.tokens import generate_token
from macaron_django.conf import settings

__all__ = [
    "Identity",
    "add_auth",
    "backend_token",
    "current_request",
    "forget",
    "get_token_issuer",
    "get_user_token",
    "get_user_token_data",
    "get_userid",
    "is_being_served",
    "load_auth_token",
    "remember",
    "remember_request",
]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Identity:
    """Verified claims, and the token that contained them. The token is "" if the claims come from other credentials."""

    claims: Mapping[str, Any] = field(default_factory=dict)
    token: str = field(default="", repr=False)


_identity: ContextVar[Identity] = ContextVar("macaron_django.auth.identity")
_request: ContextVar[HttpRequest | None] = ContextVar("macaron_django.auth.request")
#: The current request once it is finished. Code that still runs then can report the request until the next one begins.
_finished: ContextVar[HttpRequest | None] = ContextVar("macaron_django.auth.finished", default=None)
_NOBODY = Identity()


def remember(claims: Mapping[str, Any], token: str = "") -> None:
    """Sets the claims and the token of the current user."""
    _identity.set(Identity(claims, token))


def remember_request(request: HttpRequest | None) -> None:
    """Sets the current request, and forgets the previous request's user. The new request's user isn't known yet."""
    _request.set(request)
    _identity.set(_NOBODY)


def forget(**_: object) -> None:
    """Forgets the current request and user."""
    remember_request(None)


def _finish(**_: object) -> None:
    _finished.set(_request.get(None))


request_started.connect(forget, dispatch_uid="macaron_django.auth.caller.forget")
request_finished.connect(_finish, dispatch_uid="macaron_django.auth.caller.finish")


def current_request() -> HttpRequest | None:
    """Returns the current request. Returns None until the request reaches an authenticator."""
    return _request.get(None)


def is_being_served() -> bool:
    """Returns whether there is a current request that hasn't finished."""
    request = _request.get(None)
    return request is not None and request is not _finished.get()


def get_userid() -> str:
    """Returns the authenticated user's id (the claim ``sub``), or "" if there is none."""
    subject = _identity.get(_NOBODY).claims.get("sub", "")
    return str(subject)


def get_user_token() -> str:
    """Returns the authenticated user's token, for calling another API on the user's behalf; "" if there is none."""
    return _identity.get(_NOBODY).token


def get_user_token_data() -> dict[str, Any]:
    """Returns the claims of the authenticated user; an empty dictionary if there are none."""
    return dict(_identity.get(_NOBODY).claims)


def get_token_issuer() -> str | None:
    """Returns the issuer of the authenticated user's token, or else ``MACARON["JWT"]["ISSUER"]``."""
    issuer = _identity.get(_NOBODY).claims.get("iss", settings.JWT.ISSUER)
    return issuer if issuer is None or isinstance(issuer, str) else next(iter(issuer), None)


def load_auth_token(token: str, load: bool = True) -> dict[str, Any]:
    """Verifies a token and returns its claims.

    Unless ``load`` is False, these claims become the current user's claims.

    Raises the same exceptions as ``verify_token``.
    """
    claims = verify_once(token, current_request())
    if load:
        remember(claims, token)
    return claims


@contextmanager
def backend_token(
    issuer: str | None = None, user_id: object = None, data: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """While the ``with`` block runs, calls to other APIs use a token of the backend itself, not the user's token.

    ``user_id`` defaults to ``MACARON["JWT"]["DEFAULT_USER_ID"]``. The current user doesn't change. Raises
    ImproperlyConfigured if there is no user id.
    """
    if user_id is None:
        user_id = getattr(settings.JWT, "DEFAULT_USER_ID", None)
    if user_id is None:
        raise ImproperlyConfigured('Give backend_token a user_id, or set MACARON["JWT"]["DEFAULT_USER_ID"].')
    token = generate_token(user_id, data=data, issuer=issuer)
    before = _identity.get(_NOBODY)
    _identity.set(replace(before, token=token))
    try:
        yield token
    finally:
        # set, not reset, because an async generator may be closed in another context than the one in which it began
        _identity.set(before)


def add_auth(call: Callable[P, R]) -> Callable[P, R]:
    """Decorates a function that sends HTTP requests. Adds the current token to the function's argument ``headers``."""

    @wraps(call)
    def authorised(*args: P.args, **kwargs: P.kwargs) -> R:
        headers: Any = kwargs.get("headers") or {}
        kwargs["headers"] = {**headers, "Authorization": f"Bearer {get_user_token()}"}
        return call(*args, **kwargs)

    return authorised
