"""Creates the URL patterns, the URLs and the responses of the pages that this package adds to the admin.

These pages are for staff only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib.admin.utils import quote
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from macaron_django.admin.admin_bases import ItemAdminBase

__all__ = ["address", "admin_page", "admin_path"]


def admin_path(model_admin: ItemAdminBase, route: str, view: Callable[..., Any], name: str) -> URLPattern:
    """Returns the URL pattern of a page for staff only. The pattern's name is ``<app>_<model>_<name>``."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return model_admin.admin_site.admin_view(view)(*args, **kwargs)

    update_wrapper(wrapped, view)
    return path(route, wrapped, name=f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}")


def address(model_admin: ItemAdminBase, name: str, pk: Any = None) -> str:
    """Returns the URL of an admin page, such as Django's ``change``.

    If ``pk`` is given, the URL is for that item.
    """
    full = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}"
    return reverse(full, args=[] if pk is None else [quote(pk)], current_app=model_admin.admin_site.name)


def admin_page(
    model_admin: ItemAdminBase, request: HttpRequest, template: str, title: str, **context: Any
) -> TemplateResponse:
    """Returns the response with a rendered page.

    The template's context is the common context of all admin pages, the list's URL, and ``context``.
    """
    site, opts = model_admin.admin_site, model_admin.opts
    request.current_app = site.name
    common = {
        **site.each_context(request),
        "title": title,
        "subtitle": None,
        "opts": opts,
        "list_url": address(model_admin, "changelist"),
        "plural": capfirst(opts.verbose_name_plural),
    }
    return TemplateResponse(request, template, {**common, **context})
