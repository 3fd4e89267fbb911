"""Django's ASGI application, with its URLs loaded: a server that can't serve the specs stops at startup.

Requests for operations are answered before Django's handler, if the effect of every middleware on them is known
(``macaron_django.api.front``). They run on the event loop, or in threads if something blocks. In a project's
``asgi.py``, instead of Django's function of the same name::

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
    """Returns Django's application behind the front, after importing the root URLconf; raises what the import raises.

    With ``MACARON["FRONT"]`` off it is Django's application alone.
    """
    application = started(asgi.get_asgi_application)
    if not settings.FRONT:
        return application
    from macaron_django.api.front import ASGIFront  # DRF's views read the project's settings when imported

    return ASGIFront(application)
