"""Decides which operations of a document create, read, update or delete which schema, without code.

``resources`` takes a document and the keys of its persisted schemas, and returns resources with their operations. Open
``resources`` for which operations are generated, ``key_bindings`` for how a path names an item, ``list_parameters`` for
the filters of a list, ``envelopes`` for the object around it, and ``operation_schemas`` for bodies and statuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.rules.envelopes import Envelope
    from macaron_django.api.rules.key_bindings import Keys
    from macaron_django.api.rules.list_parameters import Filter
    from macaron_django.api.rules.resources import GeneratedOperation, Resource, Resources

__all__ = ["Envelope", "Filter", "GeneratedOperation", "Keys", "Resource", "Resources"]

__getattr__ = lazy_exports(
    __name__,
    {
        "envelopes": ("Envelope",),
        "key_bindings": ("Keys",),
        "list_parameters": ("Filter",),
        "resources": ("GeneratedOperation", "Resource", "Resources"),
    },
)
