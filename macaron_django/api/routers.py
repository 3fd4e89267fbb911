"""Paths of operations → Django URL patterns: each path exactly as the spec writes it.

Trailing slash or none, several parameters in one segment, custom verbs behind a parameter. Where two templates match,
the more literal one is tried first.

Each operation can be reversed by its operationId, within the API's namespace:
``reverse("myserver:get_profile", kwargs={"profile_id": "7"})``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern

from macaron_django.api.path_templates import PathPattern, PathTemplate, specificity
from macaron_django.api.url_index import IndexedResolver
from macaron_django.spec import Operation

__all__ = ["Route", "control_characters", "mounted", "route_patterns", "url_name"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Route:
    """One path of an API: its operations, and the view that answers them all."""

    path: str  # base path and path, as written
    operations: Sequence[Operation]
    view: Callable[..., HttpResponseBase]


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
    templates = [(PathTemplate(route.path, _greedy(route)), route) for route in routes]
    return [
        URLPattern(PathPattern(template, name), route.view, name=name)
        for template, route in sorted(templates, key=lambda each: specificity(each[0]))
        for name in dict.fromkeys(url_name(operation) for operation in route.operations)
    ]


def _greedy(route: Route) -> Iterable[str]:
    if "{" not in route.path:
        return ()
    return (name for operation in route.operations for name in operation.greedy_parameters)


def mounted(namespace: str, patterns: Sequence[URLPattern]) -> IndexedResolver:
    """The patterns of an API, or of the pages about all of them, in a namespace."""
    return IndexedResolver(patterns, app_name=namespace, namespace=namespace)


def control_characters(arguments: Mapping[str, Any]) -> str | None:
    """The name of a URL argument that holds NUL or another control character, which no path may."""
    return next((n for n, value in arguments.items() if isinstance(value, str) and _CONTROL.search(value)), None)
