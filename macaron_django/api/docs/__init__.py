"""Serves each API's document, pages that show it in Swagger UI and Redoc, and an index of all APIs.

``docs_patterns`` returns the URL patterns for the documents of all APIs. ``pages`` creates the pages, and ``assets``
finds the files that the pages load. ``content_security`` defines which hosts a browser may call from the pages.
``served_documents`` writes the text of a document, and ``urls`` has the URLs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.docs.urls import docs_patterns

__all__ = ["docs_patterns"]

__getattr__ = lazy_exports(__name__, {"urls": ("docs_patterns",)})
