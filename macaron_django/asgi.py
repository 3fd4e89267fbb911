"""Django's ASGI application, with its URLs loaded: a server that can't serve the specs ends when it starts.

Requests for operations are answered before Django's handler, where it is known what all of the middleware does for
them: on the event loop, or in threads where something blocks (``macaron_django.api.front``). In a project's
``asgi.py``, in the place of Django's function of the same name::

    from macaron_django.asgi import get_asgi_application

    application = get_asgi_application()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import asgi
from django.core.handlers.asgi import ASGIHandler

from macaron_django.conf import settings
from macaron_django.shipping.server_start import load_urls

if TYPE_CHECKING:
    from macaron_django.api.front import ASGIFront

__all__ = ["get_asgi_application"]


def get_asgi_application() -> ASGIHandler | ASGIFront:
    """Returns Django's application behind the front, after the root URLconf was imported; raises what that raises.

    With ``MACARON["FRONT"]`` off it is Django's application alone.
    """
    application = asgi.get_asgi_application()
    load_urls()
    if not settings.FRONT:
        return application
    from macaron_django.api.front import ASGIFront  # DRF's views read the project's settings when imported

    return ASGIFront(application)
