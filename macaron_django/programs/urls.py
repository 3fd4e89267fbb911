"""The URLs of a service that has no Django settings. The APIs are at the root, and unknown URLs get JSON responses."""

from __future__ import annotations

from django.urls import include, path

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

handler400 = "macaron_django.api.answers.error_views.bad_request"
handler403 = "macaron_django.api.answers.error_views.permission_denied"
handler404 = "macaron_django.api.answers.error_views.page_not_found"
handler500 = "macaron_django.api.answers.error_views.server_error"

urlpatterns = [path("", include("macaron_django.urls"))]
