"""macaron_django on an ASGI server. It is a separate module, so that other stacks don't import ASGI code."""

from macaron import urlpatterns

from macaron_django.asgi import get_asgi_application

__all__ = ["app", "urlpatterns"]

app = get_asgi_application()
