"""Shows the descriptions of schemas, and the engine in use, on pages of Django's own admin.

Tags are used instead of a separate admin site, because they work with any ``AdminSite`` and any admin theme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import mark_safe
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
    """Shows where a page's items are stored: engine, endpoint, region and account. Shows nothing if there are no items.

    Templates call this tag in ``content``, the only block that every theme shows.
    """
    from macaron_django.admin.pages.environments import (
        environment,  # imported here, because Django loads this module even in projects without its admin
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


@register.filter(is_safe=True)
def foldable_filters(filters: str, changelist: Any) -> str:
    """Folds Django's panel of filters behind a line that shows the active filters. A theme's panel isn't changed."""
    if 'id="changelist-filter"' not in filters:
        return filters
    used = [f"{spec.title}: {label}" for spec in changelist.filter_specs for label in _chosen(spec, changelist)]
    return format_html(
        '<details class="macaron-filters" data-filter-title="macaron-filters"><summary>{}{}</summary>{}</details>',
        _("Filters"),
        f" ({', '.join(used)})" if used else "",
        mark_safe(filters),  # noqa: S308 (the template's own HTML)
    )


def _chosen(spec: Any, changelist: Any) -> list[str]:
    """Returns the labels of a filter's selected choices, except for the first choice, "All"."""
    return [str(choice["display"]) for choice in [*spec.choices(changelist)][1:] if choice.get("selected")]


@register.filter(name="local_text")
def in_local_language(text: Any) -> str:
    """Translates a text from outside the admin, such as a query plan, into the user's language."""
    from macaron_django.admin.display.local_texts import local_text  # imported here for the same reason

    return local_text(str(text))


@register.filter
def described(app_list: Any) -> Any:
    """Adds the descriptions of persisted schemas to Django's list of apps and models."""
    return [
        {**app, "models": [_with_description(model, model.get("model")) for model in app.get("models", ())]}
        for app in app_list or ()
    ]


def _with_description(model: dict[str, Any], kind: Any) -> dict[str, Any]:
    spec = getattr(kind, "_spec", None)
    text = spec.schema.description if spec is not None else ""
    if not text:
        return model
    name = format_html('{} <span class="macaron-description">{}</span>', model["name"], Truncator(text).chars(_LENGTH))
    return {**model, "name": name}
