"""What the admin's templates of items need beyond Django's filters: JSON for people, and the differences of a log."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

from macaron_django.admin.history import told_differences
from macaron_django.admin.readable_json import readable_json
from macaron_django.schemas.conversions import UNSET

register = template.Library()


@register.filter
def json_or_unset(value: Any) -> str:
    """JSON over several lines, or words for what isn't there."""
    return _("not set") if value is UNSET else readable_json(value)


@register.filter
def is_set(value: Any) -> bool:
    return value is not UNSET


@register.filter
def log_differences(message: str) -> list[tuple[str, str | None, str | None]]:
    """What a log entry's message says was changed: pointer, before, after."""
    return list(told_differences(message))
