"""Plain Django views without middleware and validation. They show the cost of Django itself."""

import blocking_profile
import orjson
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="benchmark", ALLOWED_HOSTS=["*"], MIDDLEWARE=[])


def answer(content, status=200):
    return HttpResponse(orjson.dumps(content), status=status, content_type="application/json")


def collection(request):
    if request.method == "POST":
        created = blocking_profile.create(orjson.loads(request.body))
        return answer({"detail": "taken"}, 409) if created is None else answer(created, 201)
    profiles, link = blocking_profile.page(int(request.GET.get("limit", "100")), request.GET.get("cursor"))
    response = answer(profiles)
    if link:
        response["Link"] = link
    return response


def item(request, profile_id):
    if request.method == "PUT":
        profile = blocking_profile.replace(profile_id, orjson.loads(request.body))
    else:
        profile = blocking_profile.find(profile_id)
    return answer({"detail": "no such profile"}, 404) if profile is None else answer(profile)


urlpatterns = [path("profiles", collection), path("profiles/<str:profile_id>", item)]
application = get_wsgi_application()
