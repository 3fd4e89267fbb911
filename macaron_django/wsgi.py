"""Django's WSGI application, with its URLs loaded: a server that can't serve the specs stops at startup.

Requests for operations are answered before Django's handler, if the effect of every middleware on them is known
(``macaron_django.api.front``). In a project's ``wsgi.py``, instead of Django's function of the same name::

    from macaron_django.wsgi import get_wsgi_application

    application = get_wsgi_application()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import wsgi
from django.core.handlers.wsgi import WSGIHandler

from macaron_django.conf import settings
from macaron_django.shipping.server_start import started

if TYPE_CHECKING:
    from macaron_django.api.front import WSGIFront

__all__ = ["get_wsgi_application"]


def get_wsgi_application() -> WSGIHandler | WSGIFront:
    """Returns Django's application behind the front, after importing the root URLconf; raises what the import raises.

    With ``MACARON["FRONT"]`` off it is Django's application alone.
    """
    application = started(wsgi.get_wsgi_application)
    if not settings.FRONT:
        return application
    from macaron_django.api.front import WSGIFront  # DRF's views read the project's settings when imported

    return WSGIFront(application)
