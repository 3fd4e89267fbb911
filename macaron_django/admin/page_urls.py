"""Makes the pages that this admin adds, for staff only: their URL patterns, their addresses and their responses."""

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
    """Returns the URL pattern of a page for staff only; its name is ``<app>_<model>_<name>``."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return model_admin.admin_site.admin_view(view)(*args, **kwargs)

    update_wrapper(wrapped, view)
    return path(route, wrapped, name=f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}")


def address(model_admin: ItemAdminBase, name: str, pk: Any = None) -> str:
    """Returns the URL of one of Django's pages (``change``) or of this admin's, for one item if ``pk`` is given."""
    full = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}"
    return reverse(full, args=[] if pk is None else [quote(pk)], current_app=model_admin.admin_site.name)


def admin_page(
    model_admin: ItemAdminBase, request: HttpRequest, template: str, title: str, **context: Any
) -> TemplateResponse:
    """Returns a page that has ``context``, the context of all the admin's pages, and a link to the list."""
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
