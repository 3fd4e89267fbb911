"""URLs of the example project: the admin, and every API."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("macaron_django.urls")),  # the third line
]
