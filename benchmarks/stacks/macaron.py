"""macaron_django with a spec and the same settings as the stack of hand-written Django REST framework."""

import os
from pathlib import Path

import django
from django.conf import settings
from django_settings import common
from environment import ENDPOINT

OBSERVABILITY = os.environ.get("STACK_OBSERVABILITY")
settings.configure(
    **common("macaron_django"),
    ROOT_URLCONF=__name__,
    MACARON={
        "APIS": {"profiles": os.environ.get("STACK_SPEC") or Path(__file__).parent / "profiles.yaml"},
        "DYNAMODB": {
            "ENGINE": "endpoint",
            "ENDPOINT": ENDPOINT,
            "MAX_CONNECTIONS": max(50, int(os.environ.get("STACK_THREADS", "4"))),  # one for each thread
        },
        "FRONT": bool(os.environ.get("STACK_FRONT", "1")),
        "JWT": {"SECRET": os.environ.get("STACK_JWT_SECRET")},
        **({"OBSERVABILITY": {"BACKENDS": [OBSERVABILITY]}} if OBSERVABILITY else {}),
    },
)
django.setup()

from django.urls import include, path  # noqa: E402 - Django has to be set up first

from macaron_django.wsgi import get_wsgi_application  # noqa: E402

urlpatterns = [path("", include("macaron_django.urls"))]
application = get_wsgi_application()
