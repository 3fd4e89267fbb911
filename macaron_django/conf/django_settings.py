"""Reads a setting of Django's without what Django does at each access, for what is read with each request."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

__all__ = ["django_setting"]

#: Where Django keeps the settings that were read, until they change.
_READ: Final[dict[str, Any]] = vars(settings)


def django_setting(name: str) -> Any:
    """Returns ``getattr(settings, name)``, with the same exceptions."""
    try:
        return _READ[name]
    except KeyError:
        return getattr(settings, name)
