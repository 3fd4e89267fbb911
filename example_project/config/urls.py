"""URLs of the example project: the admin, and every API; the root leads to their documentation."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/docs/")),
    path("admin/", admin.site.urls),
    path("", include("macaron_django.urls")),  # the third line
]
