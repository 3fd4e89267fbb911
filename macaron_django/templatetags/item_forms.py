"""Defines template filters for the pages of an item.

The filters format values as JSON or as "not set", and list the changes that a log entry records.
"""

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
    """Returns a value as indented JSON, or "not set" if the value isn't set."""
    return _("not set") if value is UNSET else readable_json(value)


@register.filter
def is_set(value: Any) -> bool:
    return value is not UNSET


@register.filter
def log_differences(message: str) -> list[tuple[str, str | None, str | None]]:
    """Returns the differences in a log entry's message, each as a tuple (pointer, old value, new value)."""
    return list(told_differences(message))
