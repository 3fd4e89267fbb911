"""Paths of operations → Django URL patterns: each path exactly as the spec writes it.

Trailing slash or none, several parameters in one segment, custom verbs behind a parameter. Types are left to
the parameters' schemas (a wrong one is a 400 that says why, not a 404); only ``/`` ends a parameter, unless
``x-path-greedy`` says otherwise. Where two templates match, the more literal one is tried first.

Each operation can be reversed by its operationId, within the API's namespace:
``reverse("myserver:get_profile", kwargs={"profile_id": "7"})``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, re_path
from django.urls import path as django_path

from macaron_django.api.arguments import path_arguments
from macaron_django.spec import Operation

__all__ = ["Route", "control_characters", "mounted", "route_patterns", "specificity", "url_name", "url_regex"]

_PIECES = re.compile(r"\{([^{}]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Route:
    """One path of an API: its operations, and the view that answers them all."""

    path: str  # base path and path, as written
    operations: Sequence[Operation]
    view: Callable[..., HttpResponseBase]


def url_regex(path: str, greedy: Iterable[str] = ()) -> str:
    """The regular expression that Django matches against a request's path, without its leading slash.

    >>> url_regex("/a/{from}-{to}.json")
    '^a/(?P<from_>[^/]+)\\\\-(?P<to>[^/]+)\\\\.json$'
    """
    arguments = path_arguments(path)
    greedy = frozenset(greedy)
    pieces: list[str] = []
    seen: set[str] = set()
    for index, piece in enumerate(_PIECES.split(path.removeprefix("/"))):
        if index % 2 == 0:
            pieces.append(re.escape(piece))
        elif piece in seen:  # the same name twice in one path: the second has to repeat the first
            pieces.append(f"(?P={arguments[piece]})")
        else:
            seen.add(piece)
            # DOTALL by hand: a line break in a parameter is the parameter's business.
            anything = r"[\s\S]+" if piece in greedy else "[^/]+"
            pieces.append(f"(?P<{arguments[piece]}>{anything})")
    return f"^{''.join(pieces)}$"


def specificity(path: str, greedy: Iterable[str] = ()) -> tuple[tuple[int, int], ...]:
    """The key that sorts paths so that the most literal is tried first, segment by segment.

    >>> sorted(["/u/{id}", "/u/{id}:archive", "/u/me", "/{x}/me"], key=specificity)
    ['/u/me', '/u/{id}:archive', '/u/{id}', '/{x}/me']
    """
    greedy = frozenset(greedy)
    key = []
    for segment in path.split("/"):
        names = _PIECES.findall(segment)
        literal = len(_PIECES.sub("", segment))
        kind = 0 if not names else 3 if any(n in greedy for n in names) else 1 if literal else 2
        key.append((kind, 0 if kind == 0 else -literal))
    return tuple(key)


def url_name(operation: Operation) -> str:
    """The name that reverses an operation: its operationId, else its method and path.

    ``:`` separates namespaces in Django's names, so it becomes ``_``.
    """
    if operation.operation_id:
        return operation.operation_id.replace(":", "_")
    words = re.findall(r"\w+", operation.path)
    return "_".join([operation.method, *words])


def route_patterns(routes: Iterable[Route]) -> list[URLPattern]:
    """One pattern for each operation: those of one path share its view, and differ in name alone."""
    routes = list(routes)
    greedy = {route.path: frozenset(_greedy(route)) for route in routes}
    ordered = sorted(routes, key=lambda route: specificity(route.path, greedy[route.path]))
    return [
        re_path(url_regex(route.path, greedy[route.path]), route.view, name=name)
        for route in ordered
        for name in dict.fromkeys(url_name(operation) for operation in route.operations)
    ]


def _greedy(route: Route) -> Iterable[str]:
    return (p.name for o in route.operations for p in o.parameters if p.location == "path" and p.greedy)


def mounted(api: str, patterns: Sequence[URLPattern]) -> URLResolver:
    """The patterns of an API in a namespace of its name."""
    return django_path("", include((list(patterns), api), namespace=api))


def control_characters(arguments: Mapping[str, Any]) -> str | None:
    """The name of a URL argument that holds NUL or another control character, which no path may."""
    return next((n for n, value in arguments.items() if isinstance(value, str) and _CONTROL.search(value)), None)
