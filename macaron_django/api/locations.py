"""Where an item is found: its JSON and the request being answered in, the absolute URL of its own path out.

Apart from the viewsets because the straight path says it, too, and because Django's ``reverse()`` goes over all
patterns each time: of a plain key it is asked once for what stands before and behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_resolver, get_script_prefix, get_urlconf, reverse
from django.utils.translation import get_language
from rest_framework.request import Request

from macaron_django.api.arguments import path_arguments
from macaron_django.api.resources import GeneratedOperation
from macaron_django.api.routers import control_characters, url_name

__all__ = ["location"]

#: A key that every path holds as it is (RFC 3986, section 2.3), and that is no dot segment.
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[0-9A-Za-z._~-]{1,200}")
_PROBE = "0-probe-0"


def location(
    request: HttpRequest | Request, item: GeneratedOperation | None, kwargs: Mapping[str, Any], body: Mapping[str, Any]
) -> str | None:
    """The URL of an item whose representation is ``body``; None if no path leads to it.

    ``item`` is an operation on the path of one item, ``kwargs`` are the arguments of the URL being answered.
    """
    match = getattr(request, "resolver_match", None)
    if item is None or match is None:
        return None
    arguments = path_arguments(item.operation.path)
    values = {arguments[p]: body.get(name, kwargs.get(arguments[p])) for p, name in item.keys.items()}
    if any(value is None for value in values.values()):
        return None
    name = ":".join([*match.namespaces, url_name(item.operation)])
    if len(values) == 1:
        ((argument, value),) = values.items()
        if isinstance(value, str) and _PLAIN.fullmatch(value):
            around = _around(name, argument)
            if around is not None:
                return f"{request.scheme}://{request.get_host()}{around[0]}{value}{around[1]}"
    try:
        path = reverse(name, kwargs=values)
    except NoReverseMatch:  # a key that no path can hold, such as one with a slash
        return None
    # Clients resolve dots before they send a path (RFC 3986, section 5.2.4), and no path may hold controls.
    if not {".", ".."}.isdisjoint(path.split("/")) or control_characters(values) is not None:
        return None
    return request.build_absolute_uri(path)


def _around(name: str, argument: str) -> tuple[str, str] | None:
    """What stands before and behind a plain key in its path; None if that isn't known for all of them."""
    known = vars(get_resolver(get_urlconf())).setdefault("_macaron_locations", {})
    # i18n_patterns() puts the language in front, and routes may be translated.
    key = name, argument, get_script_prefix(), get_language() if settings.USE_I18N else None
    if key not in known:
        known[key] = _found_around(name, argument)
    found: tuple[str, str] | None = known[key]
    return found


def _found_around(name: str, argument: str) -> tuple[str, str] | None:
    try:
        path = reverse(name, kwargs={argument: _PROBE})
    except NoReverseMatch:
        return None
    before, *behind = path.split(_PROBE)
    is_plain = path.startswith("/") and not path.startswith("//") and {".", ".."}.isdisjoint(path.split("/"))
    return (before, behind[0]) if is_plain and len(behind) == 1 else None
