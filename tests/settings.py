"""Django settings of the test suite: the example project's APIs, on whatever engine a test asks for."""

import sys
from pathlib import Path

BASE_DIR = Path(__file__).parent
EXAMPLE = BASE_DIR.parent / "example_project"
sys.path.insert(0, str(EXAMPLE))  # as manage.py does; mypy's plugin loads these settings, too

SECRET_KEY = "only-for-tests-only-for-tests-only-for-tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "tests.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "macaron_django",
    "myserver",
    "library",
]
MACARON = {
    "APIS": {"myserver": EXAMPLE / "apis" / "myserver.yaml", "library": EXAMPLE / "apis" / "library.yaml"},
    "JWT": {"SECRET": SECRET_KEY},
}
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
