"""Every API's URLs, for `path("", include("macaron_django.urls"))`: operations, documents and documentation pages."""

from __future__ import annotations

from macaron_django.registry import registry

urlpatterns = registry.urls()
