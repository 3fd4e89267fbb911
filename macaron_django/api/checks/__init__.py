"""Finds mistakes in the served operations, for ``manage.py check``. Each check yields findings.

``model_checks`` finds schemas that don't fit their ``x-model``, and ``scan_checks`` finds lists that read more items
than they return. ``url_name_checks`` finds URLs with the same name, and ``public_write_checks`` finds writes that
anyone may call. ``thread_checks`` calculates how many threads a server's worker needs. The checks of documents are in
``macaron_django.openapi.checks``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.checks.model_checks import (
        fieldless_properties,
        missing_model,
        stricter_fields,
        unknown_lookups,
    )
    from macaron_django.api.checks.public_write_checks import public_writes
    from macaron_django.api.checks.scan_checks import costly_lists
    from macaron_django.api.checks.url_name_checks import shared_url_names

__all__ = [
    "costly_lists",
    "fieldless_properties",
    "missing_model",
    "public_writes",
    "shared_url_names",
    "stricter_fields",
    "unknown_lookups",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "model_checks": ("fieldless_properties", "missing_model", "stricter_fields", "unknown_lookups"),
        "public_write_checks": ("public_writes",),
        "scan_checks": ("costly_lists",),
        "url_name_checks": ("shared_url_names",),
    },
)
