"""The settings that all stacks on Django REST framework share, this package's included, trimmed to an API's needs."""

import os

_STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
WITH_MIDDLEWARE = bool(os.environ.get("STACK_MIDDLEWARE"))
DATABASE = os.environ.get("STACK_DATABASE")


def common(*apps: str) -> dict:
    """Returns keyword arguments of ``settings.configure``."""
    with_middleware = ["django.contrib.sessions", "django.contrib.messages"] if WITH_MIDDLEWARE else []
    given = {
        "SECRET_KEY": "benchmark-benchmark-benchmark-benchmark",
        "ALLOWED_HOSTS": ["*"],
        "MIDDLEWARE": _STARTPROJECT if WITH_MIDDLEWARE else [],
        "INSTALLED_APPS": [
            *apps,
            "django.contrib.contenttypes",
            "django.contrib.auth",
            *with_middleware,
            "rest_framework",
            *(["orm_profile"] if DATABASE else []),
        ],
        "USE_TZ": True,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "REST_FRAMEWORK": {
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        },
    }
    if DATABASE:
        given["DATABASES"] = {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": DATABASE,
                "CONN_MAX_AGE": None,  # a connection for each thread, kept
                "OPTIONS": {
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                },
            }
        }
    return given
