"""URLs of the example project: the admin and every API. The root leads to the APIs' documentation.

Errors for unknown paths have the APIs' format, unless a browser sent the request.
"""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/docs/")),
    path("admin/", admin.site.urls),
    path("", include("macaron_django.urls")),
]

handler400 = "macaron_django.api.answers.error_views.bad_request"
handler403 = "macaron_django.api.answers.error_views.permission_denied"
handler404 = "macaron_django.api.answers.error_views.page_not_found"
handler500 = "macaron_django.api.answers.error_views.server_error"
