"""Contains the settings of the example project.

`django-admin startproject` generated this file. The settings for macaron_django and CORS were added, with comments.
"""

import os
from pathlib import Path

from corsheaders.defaults import default_headers

BASE_DIR = Path(__file__).resolve().parent.parent

# DEBUG is on unless the environment switches it off. A deployment must set its own SECRET_KEY.
DEBUG = os.environ.get("DJANGO_DEBUG", "1") == "1"
INSECURE = "django-insecure-example-project-only-not-for-deployment"
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", INSECURE if DEBUG else "")
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "").split() or ["localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    "macaron_django",  # above staticfiles, so that `runserver` starts the engine, too
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "myserver",
    "library",
    "orders",
    "greetings",
]

PROFILES_URL = os.environ.get("PROFILES_URL")
IS_TRACED = "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ

# Every setting has a default: without APIS, each file in apis/ is an API.
MACARON = {
    "APIS": {name: f"apis/{name}.yaml" for name in ("myserver", "library", "orders", "greetings")},
    "SERVE": os.environ.get("SERVE", "").split() or None,  # the APIs that the environment names, by default all
    "DYNAMODB": {
        "ENGINE": os.environ.get("DYNAMODB_ENGINE"),  # if no engine is named and DEBUG is on: the embedded engine
        "ENDPOINT": os.environ.get("DYNAMODB_ENDPOINT"),
    },
    "JWT": {
        "SECRET": os.environ.get("JWT_SECRET", SECRET_KEY),
        "ISSUER": "https://example.com",
        "AUDIENCE": "example",
    },
    # The greetings call the profiles in this process, or at PROFILES_URL if another process serves them.
    "CLIENTS": {"myserver": {"BASE_URL": PROFILES_URL} if PROFILES_URL else {"IN_PROCESS": True}},
    # Tasks are done before the response. With TASKS_BACKEND=celery, Celery's workers do them, with Redis as the broker.
    "TASKS": {"BACKEND": os.environ.get("TASKS_BACKEND", "immediate"), "KEEP_FAILURES_DAYS": 30},
    "OBSERVABILITY": {"BACKENDS": ["opentelemetry"] if IS_TRACED else []},
}

if IS_TRACED:
    from config import tracing

    tracing.start()

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # above middleware that can answer a request itself
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# CORS: the origins whose pages may call the APIs from a browser, here a front end's development server.
CORS_ALLOWED_ORIGINS = os.environ.get("CORS_ALLOWED_ORIGINS", "http://localhost:3000" if DEBUG else "").split()
CORS_URLS_REGEX = r"^/(?!admin/)"
CORS_ALLOW_HEADERS = (*default_headers, "if-match", "if-none-match")
CORS_EXPOSE_HEADERS = ("ETag", "Link", "Location", "Retry-After", "WWW-Authenticate")

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
        # A reader and a writer don't block each other, and a second writer waits instead of failing.
        "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL;", "transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
