"""Serves each API's document, and pages that show it: Swagger UI, Redoc and an index.

``docs_patterns`` takes the documents of all APIs and returns URL patterns. Open ``pages`` to change what a page shows,
``assets`` for where its files come from, ``content_security`` for what a browser may request, ``served_documents`` for
the text of the document, and ``urls`` for the addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.docs.urls import docs_patterns

__all__ = ["docs_patterns"]

__getattr__ = lazy_exports(__name__, {"urls": ("docs_patterns",)})
