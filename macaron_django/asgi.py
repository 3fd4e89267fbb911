"""Creates Django's ASGI application and loads its URLs, so that a server that can't serve the specs stops at startup.

If the effect of every middleware on a request for an operation is known, ``macaron_django.api.front`` serves the
request without Django's handler. The operation runs on the event loop, or in a thread if something blocks. In a
project's ``asgi.py``, use this module's ``get_asgi_application`` instead of Django's function::

    from macaron_django.asgi import get_asgi_application

    application = get_asgi_application()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import asgi
from django.core.handlers.asgi import ASGIHandler

from macaron_django.conf import settings
from macaron_django.shipping.server_start import started

if TYPE_CHECKING:
    from macaron_django.api.front import ASGIFront

__all__ = ["get_asgi_application"]


def get_asgi_application() -> ASGIHandler | ASGIFront:
    """Imports the root URLconf, and returns Django's application wrapped in an ``ASGIFront``.

    If ``MACARON["FRONT"]`` is off, returns Django's application alone. Doesn't catch exceptions from the import.
    """
    application = started(asgi.get_asgi_application)
    if not settings.FRONT:
        return application
    from macaron_django.api.front import ASGIFront  # importing DRF's views reads the project's settings

    return ASGIFront(application)
