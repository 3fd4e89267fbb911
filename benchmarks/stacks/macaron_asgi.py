"""macaron_django on an ASGI server. A module of its own, so that the others don't pay for importing it."""

from django.core.asgi import get_asgi_application
from macaron import urlpatterns

__all__ = ["app", "urlpatterns"]

app = get_asgi_application()
