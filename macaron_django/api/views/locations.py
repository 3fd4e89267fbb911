"""Finds the absolute URL of a request, and the absolute URL of a new item for the header ``Location``.

Django's ``reverse()`` tries all patterns at each call, so this module calls it only once for each URL to which items
are posted. For plain keys, it then remembers the parts of the path before and after the key. A key is plain if it needs
no percent-encoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.encoding import iri_to_uri
from rest_framework.request import Request

from macaron_django.api.routing.argument_names import path_arguments
from macaron_django.api.routing.routers import control_characters, url_name
from macaron_django.api.rules.resources import GeneratedOperation

__all__ = ["location", "own_url"]

#: A key that isn't encoded in a path (RFC 3986, section 2.3), and that isn't a dot segment.
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[0-9A-Za-z._~-]{1,200}")
_PROBE = "0-probe-0"
#: Returns the members of a request class that determine the origin of a request.
_teller = attrgetter("_get_scheme", "build_absolute_uri", "get_host", "scheme")
#: The greatest number of paths that are remembered for one view. Its paths can differ in the script name and in the
#: language of ``i18n_patterns()``.
_MOST_PATHS = 100
#: For each view and path to which items are posted: the key's property, and the texts before and after the key in an
#: item's path.
_known: WeakKeyDictionary[Callable[..., Any], dict[str, tuple[str, str, str]]] = WeakKeyDictionary()


def location(
    request: HttpRequest | Request, item: GeneratedOperation | None, kwargs: Mapping[str, Any], body: Mapping[str, Any]
) -> str | None:
    """Returns the absolute URL of the item whose representation is ``body``; None if no path leads to the item.

    ``item`` is an operation on the path of one item. ``kwargs`` has the arguments of the request's URL.
    """
    sent: Any = getattr(request, "_request", request)
    match = sent.resolver_match
    if item is None or match is None:
        return None
    known = _known.get(match.func, _NOTHING).get(sent.path)
    if known is not None:
        name, before, after = known
        value = body.get(name)
        if isinstance(value, str) and _PLAIN.fullmatch(value):
            return f"{_origin(sent)}{before}{value}{after}"
    arguments = path_arguments(item.operation.path)
    values = {arguments[p]: body.get(name, kwargs.get(arguments[p])) for p, name in item.keys.items()}
    if any(value is None for value in values.values()):
        return None
    view = ":".join([*match.namespaces, url_name(item.operation)])
    # The arguments in the prefix of the project's `include()`. The extra arguments of `path()` aren't part of it.
    outer = match.kwargs.keys() - match.extra_kwargs.keys() - set(arguments.values())
    values |= {name: match.kwargs[name] for name in outer}
    try:
        path = reverse(view, kwargs=values)
    except NoReverseMatch:  # a path can't contain the key, for example because the key has a slash
        return None
    # Clients remove dot segments (RFC 3986, section 5.2.4), and this package refuses paths with control characters.
    if not {".", ".."}.isdisjoint(path.split("/")) or control_characters(values) is not None:
        return None
    if known is None and len(values) == 1 and not match.kwargs:
        ((parameter, name),) = item.keys.items()
        _remember(match.func, sent.path, name, _around(view, arguments[parameter]))
    return request.build_absolute_uri(path)


def own_url(request: Any) -> str:
    """Returns the same as ``request.build_absolute_uri()``. Can raise ``DisallowedHost``."""
    if _said_of_origin(request) is None or "/." in request.path:  # Django resolves dot segments
        url: str = request.build_absolute_uri()
        return url
    return iri_to_uri(f"{_origin(request)}{request.get_full_path()}")


def _origin(request: Any) -> str:
    """Returns the scheme and host of a request's URL. Can raise ``DisallowedHost``."""
    said = _said_of_origin(request)
    if said is None:
        return f"{request.scheme}://{request.get_host()}"
    known = _origins.get(said)
    if known is None:
        known = f"{request.scheme}://{request.get_host()}"
        if len(_origins) < _MOST_ORIGINS:
            _origins[said] = known
    return known


def _said_of_origin(request: Any) -> tuple[str, str] | None:
    """Returns the scheme and the header Host of a request; None if its origin depends on more than these two."""
    meta = request.META
    host, kind = meta.get("HTTP_HOST"), type(request)
    base: type[HttpRequest]
    if issubclass(kind, WSGIRequest):
        base, scheme = WSGIRequest, meta.get("wsgi.url_scheme")
    elif issubclass(kind, ASGIRequest):
        base, scheme = ASGIRequest, request.scope.get("scheme")
    else:
        return None
    if not host or not scheme or _is_forwarded():
        return None
    return (scheme, host) if _teller(kind) == _teller(base) else None


@lru_cache(maxsize=1)
def _is_forwarded() -> bool:
    """Returns whether a proxy's headers determine the origin of requests."""
    return bool(settings.USE_X_FORWARDED_HOST or settings.USE_X_FORWARDED_PORT or settings.SECURE_PROXY_SSL_HEADER)


#: The allowed origins, by the scheme and Host of requests. The cache is emptied if a setting changes.
_origins: dict[tuple[str, str], str] = {}
_MOST_ORIGINS = 100


def _forget_origins(**_: object) -> None:
    _origins.clear()
    _is_forwarded.cache_clear()


setting_changed.connect(_forget_origins, dispatch_uid="macaron_django.api.views.locations")


def _remember(view: Callable[..., Any], path: str, name: str, around: tuple[str, str] | None) -> None:
    known = _known.setdefault(view, {})
    if around is not None and len(known) < _MOST_PATHS:
        known[path] = (name, *around)


def _around(view: str, argument: str) -> tuple[str, str] | None:
    """Returns the texts before and after a plain key in an item's path; None if these texts depend on the key."""
    try:
        path = reverse(view, kwargs={argument: _PROBE})
    except NoReverseMatch:
        return None
    before, *behind = path.split(_PROBE)
    is_plain = path.startswith("/") and not path.startswith("//") and {".", ".."}.isdisjoint(path.split("/"))
    return (before, behind[0]) if is_plain and len(behind) == 1 else None


_NOTHING: Mapping[str, Any] = {}
