"""Passes data about a task's caller to the worker: the user, the token, the request, the trace and the language.

In the worker, ``get_userid()``, ``get_user_token()``, ``current_request()`` and Django's translations give the same
results as for the caller. A message never contains a readable token: the worker signs this service's own tokens again,
and all other tokens are encrypted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Final

from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest
from django.db.models import Model
from django.http import HttpRequest
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.functional import SimpleLazyObject

from macaron_django.auth import caller as auth_caller
from macaron_django.auth.tokens import generate_token
from macaron_django.auth.users import user_for
from macaron_django.conf import settings
from macaron_django.exceptions import AuthInvalidTokenError
from macaron_django.schemas.models.row_models import Row
from macaron_django.tasks.messages.served_requests import served_request

__all__ = ["described_caller", "restored_caller", "restored_trace"]

#: Headers of the request that a worker gets. Other headers may contain secrets.
_HEADERS: Final = ("traceparent", "tracestate", "x-request-id", "pymcallid", "pymcallpath", "accept-language")
_LONGEST_HEADER: Final = 512
_KEPT_META: Final = ("REMOTE_ADDR", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "HTTP_USER_AGENT")
_SET_ANEW: Final = ("exp", "iat", "nbf", "sub")

# -- describing the caller -------------------------------------------------------------------------


def described_caller() -> dict[str, Any]:
    """Returns the data about the caller as JSON. If a task sends another task, both have the same caller."""
    request = served_request()
    described: dict[str, Any] = {"language": translation.get_language(), "trace": _trace(request)}
    claims, token = auth_caller.get_user_token_data(), auth_caller.get_user_token()
    if claims:
        described["claims"] = claims
    if token:
        described["token"] = None if _is_our_own(claims) else _encrypted(token)
    if request is not None:
        described["request"] = {
            "method": request.method,
            "path": request.path,
            "secure": request.is_secure(),
            "meta": {name: value for name in _KEPT_META if isinstance(value := request.META.get(name), str)},
            "headers": {name: value for name in _HEADERS if (value := _header(request, name))},
        }
        if (user := _stored_user(request)) is not None:
            described["user"] = user
    described["request_id"] = _request_id(request)
    return described


def _header(request: HttpRequest, name: str) -> str:
    value = request.headers.get(name, "")[:_LONGEST_HEADER]
    return value if value.isprintable() else ""


def _request_id(request: HttpRequest | None) -> str:
    given = request and (_header(request, "x-request-id") or _header(request, "pymcallid"))
    return given or str(uuid.uuid4())


def _trace(request: HttpRequest | None) -> dict[str, str]:
    """Returns the headers of W3C's Trace Context from the open span or, without a span, from the request."""
    propagate = sys.modules.get("opentelemetry.propagate")
    trace: dict[str, str] = {}
    if propagate is not None:
        propagate.inject(trace)
    if "traceparent" not in trace and request is not None:
        trace |= {name: value for name in ("traceparent", "tracestate") if (value := _header(request, name))}
    return {str(name): str(value) for name, value in trace.items()}


def _stored_user(request: HttpRequest) -> list[Any] | None:
    """Returns the model and key of the authenticated user, or None if the user isn't a row of the ORM."""
    known = auth_caller.current_request() or request  # DRF's request, which has the user
    user = vars(known).get("_user") or vars(request).get("_cached_user")
    if not isinstance(user, Model) or isinstance(user, Row) or user.pk is None:
        return None
    return [user._meta.label, str(user.pk)]


def _is_our_own(claims: Mapping[str, Any]) -> bool:
    """Returns whether this service signs tokens with these claims, so that a worker can sign such a token again."""
    from macaron_django.auth.keys.key_settings import signing_key

    try:
        signing_key()
    except ImproperlyConfigured:
        return False
    own = settings.JWT.ISSUER
    own = own if own is None or isinstance(own, str) else next(iter(own), None)
    return bool(claims.get("sub") and claims.get("iss") == own)


def _encrypted(token: str) -> str:
    sealed: bytes = _fernet().encrypt(token.encode())
    return sealed.decode()


def _fernet() -> Any:
    from cryptography.fernet import Fernet, MultiFernet  # if a token is passed on

    secrets = [django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS]
    keys = [hmac.new(force_bytes(secret), b"macaron_django.tasks.token", hashlib.sha256).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


# -- restoring the caller in a worker --------------------------------------------------------------


@contextmanager
def restored_caller(described: Mapping[str, Any]) -> Iterator[HttpRequest]:
    """Sets the caller's user, token, request and language for the code inside the block."""
    request = _made_request(described)
    claims = described.get("claims") or {}
    before = auth_caller.current_request(), auth_caller.get_user_token_data(), auth_caller.get_user_token()
    language = described.get("language")
    try:
        auth_caller.remember_request(request)
        if claims or "token" in described:
            auth_caller.remember(claims, _token(described, claims))
        with translation.override(language) if language else nullcontext():
            yield request
    finally:
        auth_caller.remember_request(before[0])
        auth_caller.remember(before[1], before[2])


def _made_request(described: Mapping[str, Any]) -> HttpRequest:
    """Returns a request with the address, method, path and headers of the caller's request, but without its body."""
    given = described.get("request") or {}
    headers = {**(given.get("headers") or {}), **(described.get("trace") or {})}
    headers["x-request-id"] = described.get("request_id") or ""
    request = WSGIRequest(
        {
            "REQUEST_METHOD": given.get("method") or "POST",
            "PATH_INFO": (given.get("path") or "/").encode().decode("latin-1"),  # as WSGI has it (PEP 3333)
            **(given.get("meta") or {"SERVER_NAME": "task", "SERVER_PORT": "0"}),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
            "wsgi.url_scheme": "https" if given.get("secure") else "http",
            "wsgi.input": io.BytesIO(),
            "macaron_django.started": time.time(),  # reports of errors show this time
        }
    )
    request._cached_user = request.user = _user(described)  # type: ignore[attr-defined]
    return request


def _user(described: Mapping[str, Any]) -> Any:
    if stored := described.get("user"):
        return SimpleLazyObject(lambda: _found_user(*stored))
    if claims := described.get("claims"):
        return SimpleLazyObject(lambda: _user_of(claims))
    return AnonymousUser()


def _found_user(label: str, key: str) -> Any:
    from django.apps import apps

    return apps.get_model(label)._default_manager.filter(pk=key).first() or AnonymousUser()


def _user_of(claims: Mapping[str, Any]) -> Any:
    try:
        return user_for(claims)
    except AuthInvalidTokenError:  # the user has been deleted, or is no longer active
        return AnonymousUser()


def _token(described: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    if "token" not in described:
        return ""
    sealed = described["token"]
    if sealed is not None:
        return str(_fernet().decrypt(sealed).decode())
    others = {name: value for name, value in claims.items() if name not in _SET_ANEW}
    return generate_token(
        claims["sub"], expire_in=settings.TASKS.TOKEN_EXPIRE_IN, data=others, issuer=claims.get("iss")
    )


@contextmanager
def restored_trace(described: Mapping[str, Any]) -> Iterator[None]:
    """Makes the caller's span the parent of spans that begin inside the block, if OpenTelemetry is in use."""
    trace = described.get("trace") or {}
    propagate, context = sys.modules.get("opentelemetry.propagate"), sys.modules.get("opentelemetry.context")
    if not trace or propagate is None or context is None:
        yield
        return
    attached = context.attach(propagate.extract(trace))
    try:
        yield
    finally:
        context.detach(attached)
