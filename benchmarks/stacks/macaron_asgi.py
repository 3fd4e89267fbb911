"""macaron_django on an ASGI server. A module of its own, so that the others don't pay for importing it."""

from macaron import urlpatterns

from macaron_django.asgi import get_asgi_application

__all__ = ["app", "urlpatterns"]

app = get_asgi_application()
