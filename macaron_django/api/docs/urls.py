"""Routes the documentation's URLs. The pages are imported at the first request for one of them.

The pages need drf-spectacular. Importing drf-spectacular takes as long as importing the rest of a small project.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from macaron_django.api.docs.served_documents import MEDIA_TYPES, NAMESPACE, Documents, published_below
from macaron_django.api.routing.routers import mounted
from macaron_django.api.routing.url_index import IndexedResolver
from macaron_django.conf import settings

__all__ = ["docs_patterns"]


def docs_patterns(documents: Documents) -> list[IndexedResolver]:
    """Returns the documentation's URL patterns; an empty list if the setting ``DOCS`` is off."""
    if not settings.DOCS:
        return []
    if apps.is_installed("drf_spectacular") or "drf_spectacular.openapi" in sys.modules:
        # The project may document its own views with drf-spectacular, and these views may use this package's
        # serializers.
        from macaron_django.schemas.serializers import introspection  # noqa: F401 (importing it registers it)
    patterns = [
        path("docs/", _page("IndexView", documents), name="docs"),
        path("docs/assets/<path:name>", _asset, name="asset"),
        path("swagger/", _page("SwaggerOfFirstView", documents), name="swagger-all"),
        path("redoc/", _page("RedocOfFirstView", documents), name="redoc-all"),
        path("docs/<str:api>/", _page("SwaggerView", documents), name="swagger"),
        path("redoc/<str:api>/", _page("RedocView", documents), name="redoc"),
        *(
            path(f"openapi/<str:api>.{suffix}", _page("DocumentView", documents), {"suffix": suffix}, name="document")
            for suffix in MEDIA_TYPES
        ),
    ]
    return [mounted(NAMESPACE, patterns), *_published(documents)]


def _published(documents: Documents) -> list[IndexedResolver]:
    if settings.PUBLISH_PATH is None:
        return []
    below = published_below()
    return [
        mounted(
            f"{NAMESPACE}_published",
            [
                path(f"{below}<str:api>.yaml", _page("PublishedDocumentView", documents), name="published"),
                path(f"{below}<str:api>", _page("PublishedPageView", documents), name="published-page"),
            ],
        )
    ]


def _page(view: str, documents: Documents) -> Callable[..., HttpResponseBase]:
    def page(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        from macaron_django.api.docs import pages

        made = getattr(pages, view).as_view(documents=documents)
        response: HttpResponseBase = made(request, **arguments)
        return response

    # As in DRF's as_view(): LoginRequiredMiddleware doesn't apply, because the page's permissions decide.
    page.login_required = False  # type: ignore[attr-defined]
    return csrf_exempt(page)


def _asset(request: HttpRequest, *, name: str, **arguments: Any) -> HttpResponseBase:
    from macaron_django.api.docs.assets import asset

    return asset(request, name)
