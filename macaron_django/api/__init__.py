"""Serves the operations of an API over HTTP.

Builds viewsets from a document and its models, and URL patterns for the viewsets.

``assembly`` decides which code serves an operation, ``viewset_names`` names viewsets and their methods, ``viewsets``
lets projects replace viewsets, and ``builtin`` has the handlers of /ping and /version.

The folder ``rules`` decides which operations are generated. ``front`` responds to known requests without Django's
handler, and ``routing`` finds a path's view. ``requests`` reads requests, ``plans`` lists the checks of each
operation's requests, and ``views`` has the viewsets. ``answers`` creates responses and error responses. ``checks``
finds mistakes for ``manage.py check``, ``mock`` responds with examples, and ``docs`` shows the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.answers.error_responses import exception_handler
    from macaron_django.api.assembly import APIViewSets, build_viewsets, url_patterns
    from macaron_django.api.docs.urls import docs_patterns
    from macaron_django.api.served_apis import ServedAPI, catalogue
    from macaron_django.api.views.handler_answers import current_item, generated

__all__ = [
    "APIViewSets",
    "ServedAPI",
    "build_viewsets",
    "catalogue",
    "current_item",
    "docs_patterns",
    "exception_handler",
    "generated",
    "url_patterns",
]

#: Importing DRF's views reads the project's settings, and may import its authentication classes.
__getattr__ = lazy_exports(
    __name__,
    {
        "answers.error_responses": ("exception_handler",),
        "assembly": ("APIViewSets", "build_viewsets", "url_patterns"),
        "docs.urls": ("docs_patterns",),
        "served_apis": ("ServedAPI", "catalogue"),
        "views.handler_answers": ("current_item", "generated"),
    },
)
