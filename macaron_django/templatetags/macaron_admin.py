"""Adds descriptions of schemas and the engine in use to pages of Django's own admin.

These are tags and not a separate site, so that any ``AdminSite`` and any skin can use them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.template import Context

    from macaron_django.dynamodb import Persistence

__all__ = ["described", "macaron_engine"]

register = template.Library()

_LENGTH = 160  # characters of a description in a list of schemas


@register.inclusion_tag("admin/macaron_django/engine.html", takes_context=True)
def macaron_engine(context: Context) -> dict[str, Any]:
    """Shows where the items on a page are kept: engine, endpoint, region, account. Shows nothing if it has no items.

    Templates call it in ``content``, the only block that every skin shows.
    """
    from macaron_django.admin.pages.environments import (
        environment,  # imported here: Django loads the tags even in projects without its admin
    )

    persistence = next(_persistences(context), None)
    return {"environment": environment(persistence) if persistence is not None else None}


def _persistences(context: Context) -> Iterator[Persistence]:
    """Yields the persistence of the page's model, or of each model that an index lists."""
    opts = context.get("opts")
    listed = [model.get("model") for app in context.get("app_list") or () for model in app.get("models", ())]
    for model in [opts.model] if opts else listed:
        persistence = getattr(getattr(model, "_default_manager", None), "persistence", None)
        if persistence is not None:
            yield persistence


@register.filter
def described(app_list: Any) -> Any:
    """Adds the descriptions of persisted schemas and a link to their tables to Django's list of apps and models."""
    return [_described(app) for app in app_list or ()]


def _described(app: dict[str, Any]) -> dict[str, Any]:
    models = [(model, model.get("model")) for model in app.get("models", ())]
    if not any(hasattr(kind, "_key_names") for _model, kind in models):
        return app
    shown = [_with_description(model, kind) for model, kind in models]
    tables = _tables_url(models)
    if tables:
        shown.append(
            {
                "name": _("Tables"),
                "object_name": "MacaronTables",
                "admin_url": tables,
                "add_url": None,
                "view_only": True,
                "perms": {"add": False, "change": False, "delete": False, "view": True},
            }
        )
    return {**app, "models": shown}


def _with_description(model: dict[str, Any], kind: Any) -> dict[str, Any]:
    spec = getattr(kind, "_spec", None)
    text = spec.schema.description if spec is not None else ""
    if not text:
        return model
    name = format_html('{} <span class="macaron-description">{}</span>', model["name"], Truncator(text).chars(_LENGTH))
    return {**model, "name": name}


def _tables_url(models: list[tuple[dict[str, Any], Any]]) -> str | None:
    """Returns the URL of the page about the tables, below the first schema that the user may see."""
    for model, kind in models:
        if hasattr(kind, "_key_names") and model.get("admin_url"):
            try:
                return reverse(f"admin:{kind._meta.app_label}_{kind._meta.model_name}_tables")
            except NoReverseMatch:  # registered with a ModelAdmin of the project
                continue
    return None
