"""Creates Django's WSGI application and loads its URLs, so that a server that can't serve the specs stops at startup.

If the effect of every middleware on a request for an operation is known, ``macaron_django.api.front`` serves the
request without Django's handler. In a project's ``wsgi.py``, use this module's ``get_wsgi_application`` instead of
Django's function::

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
    """Imports the root URLconf, and returns Django's application wrapped in a ``WSGIFront``.

    If ``MACARON["FRONT"]`` is off, returns Django's application alone. Doesn't catch exceptions from the import.
    """
    application = started(wsgi.get_wsgi_application)
    if not settings.FRONT:
        return application
    from macaron_django.api.front import WSGIFront  # importing DRF's views reads the project's settings

    return WSGIFront(application)
