"""Answers requests for operations before Django's handler, if the effect of all middleware on them is known.

The answers are the same as Django's; all other requests go to Django's handler. Open ``wsgi_front`` and ``asgi_front``
for what happens to a request, ``known_requests`` for what both share, ``routes`` for which path leads to an operation,
``known_middleware`` for what a middleware does, ``middleware_chain`` for the middleware of a handler, and ``requests``
for the parts of a request that are made only when they are used. Without this folder all answers stay the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.front.asgi_front import ASGIFront
    from macaron_django.api.front.middleware_chain import replaced_methods, unknown_middleware
    from macaron_django.api.front.wsgi_front import Sent, WSGIFront

__all__ = ["ASGIFront", "Sent", "WSGIFront", "replaced_methods", "unknown_middleware"]

#: A process serves WSGI or ASGI, and imports one front.
__getattr__ = lazy_exports(
    __name__,
    {
        "asgi_front": ("ASGIFront",),
        "middleware_chain": ("replaced_methods", "unknown_middleware"),
        "wsgi_front": ("Sent", "WSGIFront"),
    },
)
