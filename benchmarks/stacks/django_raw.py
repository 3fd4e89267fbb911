"""Plain Django views without middleware, msgspec, and a raw blocking socket: the lower bound for stacks on Django."""

import blocking_profile
import msgspec
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from msgspec_profile import encode, is_profile_id, validated

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="benchmark", ALLOWED_HOSTS=["*"], MIDDLEWARE=[])


def answer(content, status=200):
    return HttpResponse(encode(content), status=status, content_type="application/json")


def refused(detail):
    return answer({"detail": detail}, 400)


def collection(request):
    if request.method == "POST":
        try:
            profile = validated(request.body)
        except msgspec.DecodeError as error:
            return refused(str(error))
        created = blocking_profile.create(profile)
        return answer({"detail": "taken"}, 409) if created is None else answer(created, 201)
    limit = request.GET.get("limit", "100")
    if not (limit.isdecimal() and 1 <= int(limit) <= 1000):
        return refused("limit is from 1 to 1000")
    profiles, link = blocking_profile.page(int(limit), request.GET.get("cursor"))
    response = answer(profiles)
    if link:
        response["Link"] = link
    return response


def item(request, profile_id):
    if not is_profile_id(profile_id):
        return refused("no profile id")
    if request.method == "PUT":
        try:
            profile = validated(request.body)
        except msgspec.DecodeError as error:
            return refused(str(error))
        profile = blocking_profile.replace(profile_id, profile)
    else:
        profile = blocking_profile.find(profile_id)
    return answer({"detail": "no such profile"}, 404) if profile is None else answer(profile)


urlpatterns = [path("profiles", collection), path("profiles/<str:profile_id>", item)]
application = get_wsgi_application()
