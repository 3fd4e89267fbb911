"""Finds the operations in a document for which this package can generate code. These operations create, read, update or
delete items of a schema.

The function ``resources`` gets a document and the keys of its persisted schemas, and returns resources with their
generated operations. The module ``resources`` decides which operations are generated. ``key_bindings`` binds path
parameters to keys, and ``list_parameters`` finds the filters of a list. ``envelopes`` finds the object that contains
a list, and ``operation_schemas`` finds the schemas of bodies and the statuses of responses.
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
