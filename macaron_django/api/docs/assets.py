"""Finds the files of the documentation pages.

Swagger UI and Redoc come from ``drf-spectacular-sidecar``; the other files come from this package. A project can set
other URLs in ``SPECTACULAR_SETTINGS``. By default, no file comes from a CDN.
"""

from __future__ import annotations

from pathlib import Path

import drf_spectacular_sidecar
from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponseBase
from django.templatetags.static import static
from django.views.static import serve

__all__ = ["SIDECAR", "asset", "static_url"]

OWN = Path(__file__).parents[2] / "static"
SIDECAR = Path(drf_spectacular_sidecar.__file__).parent / "static" / "drf_spectacular_sidecar"


def static_url(app: str, name: str) -> str | None:
    """Returns the URL of a file in an app's ``static`` folder; None if ``staticfiles`` doesn't find it there."""
    if apps.is_installed(app) and apps.is_installed("django.contrib.staticfiles"):
        return static(f"{app}/{name}")
    return None


def asset(request: HttpRequest, name: str) -> HttpResponseBase:
    """Serves a script or style sheet of the documentation pages if ``staticfiles`` isn't installed. Raises Http404."""
    try:
        return serve(request, name, document_root=str(OWN if name.startswith("macaron_django/") else SIDECAR))
    except OSError as error:  # the name is longer than the file system allows
        raise Http404("File not found.") from error
