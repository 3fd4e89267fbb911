"""macaron_django: the spec, and nothing else. The same settings as the hand-written Django REST framework's."""

import os
from pathlib import Path

import django
from django.conf import settings
from environment import ENDPOINT

BARE: list[str] = []
STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="benchmark-benchmark-benchmark-benchmark",
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=STARTPROJECT if os.environ.get("STACK_MIDDLEWARE") else BARE,
    INSTALLED_APPS=[
        "macaron_django",
        "django.contrib.contenttypes",
        "django.contrib.auth",
        *(["django.contrib.sessions", "django.contrib.messages"] if os.environ.get("STACK_MIDDLEWARE") else []),
        "rest_framework",
    ],
    USE_TZ=True,
    MACARON={
        "APIS": {"profiles": Path(__file__).parent / "profiles.yaml"},
        "DYNAMODB": {"ENGINE": "endpoint", "ENDPOINT": ENDPOINT},
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django has to be set up first
from django.urls import include, path  # noqa: E402

urlpatterns = [path("", include("macaron_django.urls"))]
application = get_wsgi_application()
