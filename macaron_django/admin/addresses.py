"""The addresses of an admin's own pages: named, kept from who isn't staff, and found again.

In goes a ``ModelAdmin`` with a view; out comes a URL pattern, and the URL of one that was made so. Apart from the
parts of ``ItemAdmin`` because each of them adds pages.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib.admin.utils import quote
from django.urls import URLPattern, path, reverse

from macaron_django.admin.bases import ItemModelAdmin

__all__ = ["address", "admin_path"]


def admin_path(model_admin: ItemModelAdmin, route: str, view: Callable[..., Any], name: str) -> URLPattern:
    """The pattern of a page; ``name`` follows ``<app>_<model>_``."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return model_admin.admin_site.admin_view(view)(*args, **kwargs)

    update_wrapper(wrapped, view)
    return path(route, wrapped, name=f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}")


def address(model_admin: ItemModelAdmin, name: str, pk: Any = None) -> str:
    """The URL of a page, of Django's (``change``) or of one's own; with ``pk``, of an item's."""
    full = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}"
    return reverse(full, args=[] if pk is None else [quote(pk)], current_app=model_admin.admin_site.name)
