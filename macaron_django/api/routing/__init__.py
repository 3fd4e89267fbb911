"""Creates Django URL patterns for the paths of operations, and finds the pattern for a request's path.

``routers`` creates, names and orders the patterns, and ``path_templates`` matches paths. ``url_index`` resolves a path
to a pattern, and ``argument_names`` creates the Python names of parameters. No module here depends on views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.routing.argument_names import operation_arguments, path_arguments
    from macaron_django.api.routing.routers import Route, mounted, route_patterns, url_name
    from macaron_django.api.routing.url_index import IndexedResolver

__all__ = [
    "IndexedResolver",
    "Route",
    "mounted",
    "operation_arguments",
    "path_arguments",
    "route_patterns",
    "url_name",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "argument_names": ("operation_arguments", "path_arguments"),
        "routers": ("Route", "mounted", "route_patterns", "url_name"),
        "url_index": ("IndexedResolver",),
    },
)
