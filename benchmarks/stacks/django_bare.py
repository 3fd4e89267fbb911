"""A plain Django view that answers from memory, without apps and middleware.

It shows the cost of Django's own start.
"""

import json

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="benchmark", ALLOWED_HOSTS=["*"], MIDDLEWARE=[])


def item(request, profile_id):
    return HttpResponse(json.dumps({"id": profile_id, "name": "Person 0"}), content_type="application/json")


urlpatterns = [path("profiles/<str:profile_id>", item)]
application = get_wsgi_application()
