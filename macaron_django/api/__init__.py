"""Serves the operations of an API over HTTP: builds viewsets from a document and its models, and URL patterns for them.

Open ``assembly`` for what answers an operation, ``viewset_names`` for what viewsets and methods are called,
``viewsets`` for how a project replaces one, and ``builtin`` for /ping and /version. Of the folders, ``rules`` decides
which operations are generated, ``front`` answers known requests before Django's handler, ``routing`` finds a path's
view, ``requests`` reads requests, ``plans`` lists what they go through, ``views`` acts, ``answers`` makes responses and
errors, ``checks`` finds what is wrong, and ``mock`` and ``docs`` show the document.
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

#: DRF's views read the project's settings, and may import its authentication classes, when imported.
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
