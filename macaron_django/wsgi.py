"""Django's WSGI application, with its URLs loaded: a server that can't serve the specs ends when it starts.

Requests for operations are answered before Django's handler, where it is known what all of the middleware does for
them (``macaron_django.api.front``). In a project's ``wsgi.py``, in the place of Django's function of the same name::

    from macaron_django.wsgi import get_wsgi_application

    application = get_wsgi_application()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import wsgi
from django.core.handlers.wsgi import WSGIHandler

from macaron_django.conf import settings
from macaron_django.shipping.server_start import load_urls

if TYPE_CHECKING:
    from macaron_django.api.front import WSGIFront

__all__ = ["get_wsgi_application"]


def get_wsgi_application() -> WSGIHandler | WSGIFront:
    """Returns Django's application behind the front, after the root URLconf was imported; raises what that raises.

    With ``MACARON["FRONT"]`` off it is Django's application alone.
    """
    application = wsgi.get_wsgi_application()
    load_urls()
    if not settings.FRONT:
        return application
    from macaron_django.api.front import WSGIFront  # DRF's views read the project's settings when imported

    return WSGIFront(application)
