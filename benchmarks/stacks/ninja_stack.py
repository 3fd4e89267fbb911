"""django-ninja on PynamoDB."""

import uuid

import django
from django.conf import settings

settings.configure(
    ROOT_URLCONF=__name__, SECRET_KEY="benchmark", ALLOWED_HOSTS=["*"], MIDDLEWARE=[], INSTALLED_APPS=["ninja"]
)
django.setup()

import pynamodb_profile as profiles  # noqa: E402 - Django has to be set up first
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import NinjaAPI, Query  # noqa: E402
from ninja.errors import HttpError  # noqa: E402
from pydantic_profile import ProfileIn, ProfileOut  # noqa: E402

api = NinjaAPI(docs_url=None, openapi_url=None)


@api.get("/profiles", response=list[ProfileOut], exclude_none=True)
def list_profiles(
    request: HttpRequest, response: HttpResponse, limit: int = Query(100, ge=1, le=1000), cursor: str | None = None
):
    found, link = profiles.page(limit, cursor)
    if link:
        response["Link"] = link
    return found


@api.post("/profiles", response={201: ProfileOut}, exclude_none=True)
def create_profile(request: HttpRequest, body: ProfileIn):
    values = body.model_dump(exclude_none=True)
    values.setdefault("profile_id", str(uuid.uuid4()))
    try:
        return 201, profiles.create(values)
    except profiles.Taken as error:
        raise HttpError(409, "taken") from error


@api.get("/profiles/{profile_id}", response=ProfileOut, exclude_none=True)
def get_profile(request: HttpRequest, profile_id: str):
    try:
        return profiles.find(profile_id)
    except profiles.Profile.DoesNotExist as error:
        raise HttpError(404, "no such profile") from error


@api.put("/profiles/{profile_id}", response=ProfileOut, exclude_none=True)
def replace_profile(request: HttpRequest, profile_id: str, body: ProfileIn):
    try:
        return profiles.replace(profile_id, body.model_dump(exclude_none=True))
    except profiles.Profile.DoesNotExist as error:
        raise HttpError(404, "no such profile") from error


urlpatterns = [path("", api.urls)]
application = get_wsgi_application()
