"""Answers requests for operations before Django's handler, where it is known what all of the middleware does for them.

A request comes in as the server hands it over, and goes out as Django would answer it; all others go to Django's
handler. Open ``wsgi_front`` and ``asgi_front`` for what happens to a request, ``known_requests`` for what both share,
``routes`` for which path leads to an operation, ``known_middleware`` for what a middleware does, ``middleware_chain``
for the middleware of a handler, and ``requests`` for what is made of a request only when it is asked for. Without this
folder all answers are the same.
"""

from macaron_django.api.front.asgi_front import ASGIFront
from macaron_django.api.front.middleware_chain import replaced_methods, unknown_middleware
from macaron_django.api.front.wsgi_front import Sent, WSGIFront

__all__ = ["ASGIFront", "Sent", "WSGIFront", "replaced_methods", "unknown_middleware"]
