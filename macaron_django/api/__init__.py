"""Layer 5: Operation → HTTP. Documents and models go in; viewsets, URL patterns and findings come out.

``build_viewsets`` and ``url_patterns`` are all that the registry calls; ``viewsets`` is where users' code finds
the classes. Importing this package imports DRF's views, so it waits until Django's apps are loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macaron_django.api.assembly import APIViewSets, build_viewsets, url_patterns
    from macaron_django.api.catalogue import ServedAPI, catalogue
    from macaron_django.api.docs_urls import docs_patterns
    from macaron_django.api.errors import exception_handler

__all__ = [
    "APIViewSets",
    "ServedAPI",
    "build_viewsets",
    "catalogue",
    "docs_patterns",
    "exception_handler",
    "url_patterns",
]

_MODULES = {
    "APIViewSets": "assembly",
    "ServedAPI": "catalogue",
    "build_viewsets": "assembly",
    "catalogue": "catalogue",
    "docs_patterns": "docs_urls",
    "exception_handler": "errors",
    "url_patterns": "assembly",
}


def __getattr__(name: str) -> Any:
    # Lazy: DRF's views read the project's settings, and may import its authentication classes, when imported.
    from importlib import import_module

    if name in _MODULES:
        return getattr(import_module(f"macaron_django.api.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
