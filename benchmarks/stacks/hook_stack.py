"""Serves an API for each hook of hooks.py in one process.

Each API has its own spec and its own table of the same profiles.

`/bare` and `/bare_throttled` have views of Django REST framework that read an item. `/drf_orm` has a hand-written
viewset over the model of `/orm`. The middleware of `django-admin startproject` runs only for `/startproject`. The
header `X-Application` chooses the application: with the front (which answers before Django's handler), or with
`RequestMiddleware`.
"""

import logging
import os
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django_settings import common
from environment import ENDPOINT

given = common("macaron_django")
startproject, given["MIDDLEWARE"] = given["MIDDLEWARE"], []
# By default a project has DRF's own authenticators, which are called if the spec has no `security`.
del given["REST_FRAMEWORK"]["DEFAULT_AUTHENTICATION_CLASSES"]
specs = {path.stem: path for path in sorted(Path(os.environ["STACK_SPECS"]).glob("*.yaml"))}
settings.configure(
    **given,
    ROOT_URLCONF=__name__,
    MACARON={
        "APIS": specs,
        "BASE_PATHS": {name: f"/{name}" for name in specs},
        "VIEWSETS": [
            f"hook_viewsets.{name}" for name in ("Permission", "Queryset", "Creating", "Updating", "Throttled")
        ],
        "DYNAMODB": {"ENGINE": "endpoint", "ENDPOINT": ENDPOINT},
        "JWT": {"SECRET": os.environ["STACK_JWT_SECRET"]},
    },
)
django.setup()

import drf_orm_urls  # noqa: E402 - Django has to be set up first
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db.models.signals import post_save  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402
from hook_viewsets import Generous, called  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from macaron_django import apipool  # noqa: E402
from macaron_django.api.front import WSGIFront  # noqa: E402
from macaron_django.events import subscribe, unsubscribe  # noqa: E402
from macaron_django.observability.backends import BACKENDS  # noqa: E402


def receiver(sender, instance, created, **kwargs):
    called["receiver"] += 1


post_save.connect(receiver, sender=apipool.receiver.Profile)


class Bare(APIView):
    authentication_classes = []

    def get(self, request, *args, **kwargs):
        return self.answered(200)

    put = get

    def post(self, request, *args, **kwargs):
        return self.answered(201)

    def answered(self, status):
        # While a request waits, other processes use the processor. The next code that runs then costs twice as much.
        apipool.plain.Profile.objects.get(pk="person-7")
        return Response({"answered": True}, status=status)


class BareThrottled(Bare):
    throttle_classes = [Generous]


class Written(drf_orm_urls.ProfileViewSet):
    authentication_classes = []


def routes(collection, item):
    return [path("profiles", collection), path("profiles/<str:pk>", item)]


urlpatterns = [
    path("bare/", include(routes(Bare.as_view(), Bare.as_view()))),
    path("bare_throttled/", include(routes(BareThrottled.as_view(), BareThrottled.as_view()))),
    path(
        "drf_orm/",
        include(
            routes(
                Written.as_view({"get": "list", "post": "create"}),
                Written.as_view({"get": "retrieve", "put": "update"}),
            )
        ),
    ),
    path("", include("macaron_django.urls")),
]
without = get_wsgi_application()
settings.MIDDLEWARE = startproject
with_middleware = get_wsgi_application()
settings.MIDDLEWARE = ["macaron_django.observability.RequestMiddleware"]
logged = get_wsgi_application()
settings.MIDDLEWARE = []
applications = {"front": WSGIFront(without), "front-logged": WSGIFront(logged), "logged": logged}


def application(environ, start_response):
    chosen = with_middleware if environ["PATH_INFO"].startswith("/startproject/") else without
    chosen = applications.get(environ.get("HTTP_X_APPLICATION"), chosen)
    return chosen(environ, start_response)


@contextmanager
def subscribed(backend):
    """Subscribes a backend to events, as the setting would. The backend's log lines go to a file."""
    if not backend:
        yield
        return
    lines = logging.FileHandler(Path(os.environ["STACK_SPECS"]).parent / "lines.log")
    own = logging.getLogger("macaron_django.emf" if backend == "emf" else "")
    stream = logging.StreamHandler(lines.stream)
    if backend == "emf":
        stream.setFormatter(logging.Formatter("%(message)s"))
        own.propagate = False
    own.addHandler(stream)
    subscriber = import_string(BACKENDS[backend].subscriber)()
    subscriber.start()
    subscribe(subscriber)
    try:
        yield
    finally:
        unsubscribe(subscriber)
        subscriber.stop()
        own.removeHandler(stream)
        lines.close()
