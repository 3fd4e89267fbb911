"""Finds absolute URLs: an item's, for the ``Location`` of the response that creates it, and a request's own.

Django's ``reverse()`` tries all patterns at each call. So it is called once for each URL that items are posted to, and
the texts before and after a plain key are remembered.
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

#: A key that is written in a path as it is (RFC 3986, section 2.3), and that isn't a dot segment.
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[0-9A-Za-z._~-]{1,200}")
_PROBE = "0-probe-0"
#: What a class of requests tells their origin by.
_teller = attrgetter("_get_scheme", "build_absolute_uri", "get_host", "scheme")
#: Paths of one view at most, which differ in the script's name and in the language of ``i18n_patterns()``.
_MOST_PATHS = 100
#: By the view of a URL, then by its path: the property that is the key, and the texts before and after it.
_known: WeakKeyDictionary[Callable[..., Any], dict[str, tuple[str, str, str]]] = WeakKeyDictionary()


def location(
    request: HttpRequest | Request, item: GeneratedOperation | None, kwargs: Mapping[str, Any], body: Mapping[str, Any]
) -> str | None:
    """Returns the absolute URL of an item whose representation is ``body``; None if no path leads to it.

    ``item`` is an operation on the path of one item, ``kwargs`` are the arguments of the request's URL.
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
    # The arguments of the path at which the URLs are included; not what `path()` adds.
    outer = match.kwargs.keys() - match.extra_kwargs.keys() - set(arguments.values())
    values |= {name: match.kwargs[name] for name in outer}
    try:
        path = reverse(view, kwargs=values)
    except NoReverseMatch:  # a key that no path can hold, such as one with a slash
        return None
    # Clients remove dot segments (RFC 3986, section 5.2.4), and paths with control characters are refused.
    if not {".", ".."}.isdisjoint(path.split("/")) or control_characters(values) is not None:
        return None
    if known is None and len(values) == 1 and not match.kwargs:
        ((parameter, name),) = item.keys.items()
        _remember(match.func, sent.path, name, _around(view, arguments[parameter]))
    return request.build_absolute_uri(path)


def own_url(request: Any) -> str:
    """Returns Django's ``request.build_absolute_uri()``. Raises ``DisallowedHost``."""
    if _said_of_origin(request) is None or "/." in request.path:  # dot segments are resolved
        url: str = request.build_absolute_uri()
        return url
    return iri_to_uri(f"{_origin(request)}{request.get_full_path()}")


def _origin(request: Any) -> str:
    """Returns scheme and host of a request's URL. Raises ``DisallowedHost``."""
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
    """Returns a request's scheme and Host; None if they don't determine its origin alone."""
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
    """Returns whether a proxy's headers give the origin of requests."""
    return bool(settings.USE_X_FORWARDED_HOST or settings.USE_X_FORWARDED_PORT or settings.SECURE_PROXY_SSL_HEADER)


#: The origins that requests were allowed to name, by what they said of it; forgotten where a setting changes.
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
    """Returns the texts before and after a plain key in its path; None if they depend on the key."""
    try:
        path = reverse(view, kwargs={argument: _PROBE})
    except NoReverseMatch:
        return None
    before, *behind = path.split(_PROBE)
    is_plain = path.startswith("/") and not path.startswith("//") and {".", ".."}.isdisjoint(path.split("/"))
    return (before, behind[0]) if is_plain and len(behind) == 1 else None


_NOTHING: Mapping[str, Any] = {}
