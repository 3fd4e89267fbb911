"""The URLs of the documentation, whose pages (``docs``) are imported with the first request for one of them.

Apart from the pages because those need drf-spectacular, whose import takes as long as the rest of a small project's
start; a worker that only serves the API never pays for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from macaron_django.api.routers import mounted
from macaron_django.api.url_index import IndexedResolver
from macaron_django.conf import settings
from macaron_django.spec import Document

__all__ = ["MEDIA_TYPES", "NAMESPACE", "Documents", "docs_patterns"]

NAMESPACE = "macaron_django"
MEDIA_TYPES = {"json": "application/json", "yaml": "application/yaml"}

Documents = Callable[[], Mapping[str, Document]]


def docs_patterns(documents: Documents) -> list[IndexedResolver]:
    """The URLs of the documentation; ``documents`` is asked at each request. Empty where ``DOCS`` is off."""
    if not settings.DOCS:
        return []
    if apps.is_installed("drf_spectacular") or "drf_spectacular.openapi" in sys.modules:
        # the project describes views of its own, which may use our serializers
        from macaron_django.schemas import introspection  # noqa: F401 (drf-spectacular knows it by its import)
    patterns = [
        path("docs/", _page("IndexView", documents), name="docs"),
        path("docs/assets/<path:name>", _asset, name="asset"),
        path("swagger/", _page("FirstPageView", documents, url_name="swagger"), name="swagger-all"),
        path("redoc/", _page("FirstPageView", documents, url_name="redoc"), name="redoc-all"),
        path("docs/<str:api>/", _page("SwaggerView", documents), name="swagger"),
        path("redoc/<str:api>/", _page("RedocView", documents), name="redoc"),
        *(
            path(f"openapi/<str:api>.{suffix}", _page("DocumentView", documents), {"suffix": suffix}, name="document")
            for suffix in MEDIA_TYPES
        ),
    ]
    return [mounted(NAMESPACE, patterns)]


def _page(view: str, documents: Documents, **options: str) -> Callable[..., HttpResponseBase]:
    def page(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        from macaron_django.api import docs

        made = getattr(docs, view).as_view(documents=documents, **options)
        response: HttpResponseBase = made(request, **arguments)
        return response

    # as on what DRF's as_view() makes: the page's own permissions decide, not LoginRequiredMiddleware
    page.login_required = False  # type: ignore[attr-defined]
    return csrf_exempt(page)


def _asset(request: HttpRequest, name: str) -> HttpResponseBase:
    from macaron_django.api import docs

    return docs.asset(request, name)
