"""Filters for the pages about one item: JSON, values that aren't set, and the differences in a log entry."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

from macaron_django.admin.display.readable_json import readable_json
from macaron_django.admin.forms.log_entries import told_differences
from macaron_django.schemas.values.conversions import UNSET

register = template.Library()


@register.filter
def json_or_unset(value: Any) -> str:
    """Returns indented JSON, or "not set"."""
    return _("not set") if value is UNSET else readable_json(value)


@register.filter
def is_set(value: Any) -> bool:
    return value is not UNSET


@register.filter
def log_differences(message: str) -> list[tuple[str, str | None, str | None]]:
    """Returns the pointer, the value before and the value after of each difference in a log entry's message."""
    return list(told_differences(message))
