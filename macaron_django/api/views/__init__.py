"""The viewsets that serve operations. Projects can subclass them, and override the same methods as in DRF's views.

``actions`` has the actions: list, create, retrieve, replace, patch and delete. ``resource_viewsets`` finds query sets,
items and serializers, and ``conditional_viewsets`` evaluates preconditions. ``list_queries`` filters and orders lists,
and ``pagination`` splits them into pages.

``planned_viewsets`` finds the operation of a request, its parameters and its security. ``operation_viewsets`` calls the
action or the handler. ``handler_answers`` evaluates preconditions before a handler is called, and has functions for
handlers. ``negotiation`` chooses renderers, and ``locations`` finds the URLs of new items.
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
