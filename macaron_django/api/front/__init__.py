"""Serves an operation's requests itself, without Django's handler, if the effect of all middleware on them is known.

Such a request is a *known request*. A *front* is an application that serves known requests itself, and passes all other
requests to Django's handler. A front returns the same responses as Django's handler, but faster.

``wsgi_front`` has the front for WSGI, ``asgi_front`` has the front for ASGI, and ``known_requests`` has their common
part. ``routes`` finds the operation of a path. ``known_middleware`` describes each known middleware, and
``middleware_chain`` combines the middleware of a handler. ``requests`` creates requests, and sets their attributes only
when code uses the attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.front.asgi_front import ASGIFront
    from macaron_django.api.front.middleware_chain import replaced_methods, unknown_middleware
    from macaron_django.api.front.wsgi_front import Sent, WSGIFront

__all__ = ["ASGIFront", "Sent", "WSGIFront", "replaced_methods", "unknown_middleware"]

#: A process serves either WSGI or ASGI, so it imports only one front.
__getattr__ = lazy_exports(
    __name__,
    {
        "asgi_front": ("ASGIFront",),
        "middleware_chain": ("replaced_methods", "unknown_middleware"),
        "wsgi_front": ("Sent", "WSGIFront"),
    },
)
