"""Creates Django URL patterns that match the paths of operations exactly as they are written in the spec.

A path can have a trailing slash, several parameters in one segment, or a custom verb after a parameter. If two paths
match a request, the path with more literal text is tried first. ``reverse()`` finds an operation by its operationId, in
the API's namespace: ``reverse("myserver:get_profile", kwargs={"profile_id": "7"})``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern

from macaron_django.api.routing.path_templates import PathPattern, PathTemplate, specificity
from macaron_django.api.routing.url_index import IndexedResolver
from macaron_django.openapi import Operation

__all__ = ["Route", "control_characters", "mounted", "route_patterns", "url_name"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Route:
    """One path of an API, its operations, and the view that serves all of them."""

    path: str  # base path and path, as in the spec
    operations: Sequence[Operation]
    view: Callable[..., HttpResponseBase]


def url_name(operation: Operation) -> str:
    """Returns the name with which ``reverse()`` finds an operation: its operationId, or else its method and path.

    Each ``:`` becomes ``_``, because colons separate the namespaces in Django's names.
    """
    if operation.operation_id:
        return operation.operation_id.replace(":", "_")
    words = re.findall(r"\w+", operation.path)
    return "_".join([operation.method, *words])


def route_patterns(routes: Iterable[Route]) -> list[URLPattern]:
    """Returns a pattern for each URL name. Paths with the most literal text come first."""
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
    """Returns a resolver for the patterns of an API or of the documentation pages. Their names are in ``namespace``."""
    return IndexedResolver(patterns, app_name=namespace, namespace=namespace)


def control_characters(arguments: Mapping[str, Any]) -> str | None:
    """Returns the name of the first URL argument with a control character such as NUL; None if there is none."""
    for name, value in arguments.items():
        if isinstance(value, str) and _CONTROL.search(value):
            return name
    return None
