"""The viewsets that serve operations. They have the hooks of DRF's generic views, and projects can subclass them.

``actions`` has the actions: list, create, retrieve, replace, patch and delete. ``resource_viewsets`` has their query
sets, items and serializers, and ``conditional_viewsets`` has their preconditions. ``list_queries`` filters and orders
lists, and ``pagination`` splits them into pages.

``planned_viewsets`` finds a view's operation, with its parameters and security. ``operation_viewsets`` serves a request
with an action or a handler. ``handler_answers`` checks the preconditions of handlers, and has functions for handlers.
``negotiation`` chooses renderers, and ``locations`` finds the URLs of new items.
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
