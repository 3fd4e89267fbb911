"""Serves an OpenAPI file with Django REST framework, and stores its schemas in Amazon DynamoDB.

>>> from macaron_django import apipool, viewsets       # doctest: +SKIP
>>> apipool.myserver.Profile(name="Ada")               # an API's classes, by schema name
>>> viewsets.myserver.Profiles                         # the API's viewsets, by resource name

``apipool`` and ``viewsets`` get the APIs from ``macaron_django.registry``. The APIs are loaded while Django loads its
apps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.version import __version__

if TYPE_CHECKING:
    from macaron_django.api import viewsets
    from macaron_django.api_pool import apipool

__all__ = ["__version__", "apipool", "viewsets"]


def __getattr__(name: str) -> object:
    # Names are imported at their first use. So `import macaron_django.openapi` doesn't need Django, and `setup.py`
    # doesn't need any package.
    if name == "apipool":
        from macaron_django.api_pool import apipool

        return apipool
    if name == "viewsets":
        from macaron_django.api import viewsets

        return viewsets
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
