"""ASGI entry point of the example project."""

import os

from macaron_django.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_asgi_application()
