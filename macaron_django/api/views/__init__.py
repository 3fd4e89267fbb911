"""The viewsets that answer operations, with the hooks of DRF's generic views; projects subclass them.

Open ``actions`` for what create, list, retrieve, update and delete do, ``resource_viewsets`` for their query sets,
items and serializers, ``conditional_viewsets`` for their preconditions, ``list_queries`` for the filters and orders of
lists, ``planned_viewsets`` for what a view knows of its operation, such as parameters and security,
``operation_viewsets`` for how a request is answered, also by handlers, ``handler_answers`` for the preconditions of
handlers and what they can call, ``negotiation`` for the choice of renderers, ``pagination`` for the pages of lists, and
``locations`` for the addresses of new items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.views.operation_viewsets import OperationViewSet
    from macaron_django.api.views.pagination import CursorPages
    from macaron_django.api.views.resource_viewsets import ResourceViewSet

__all__ = ["CursorPages", "OperationViewSet", "ResourceViewSet"]

__getattr__ = lazy_exports(
    __name__,
    {
        "operation_viewsets": ("OperationViewSet",),
        "pagination": ("CursorPages",),
        "resource_viewsets": ("ResourceViewSet",),
    },
)
