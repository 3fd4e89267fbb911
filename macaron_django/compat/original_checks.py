"""Checks projects that use PyMacaron's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks

from macaron_django.compat.old_modules import installed_originals

__all__ = ["check_originals"]


@checks.register("macaron_django")
def check_originals(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Reports PyMacaron's own packages if they are installed, because programs import them instead of this package."""
    return [
        checks.Warning(
            f"{name} itself is installed ({place}): programs import it instead of macaron_django.",
            hint=f"`pip uninstall {name.replace('_', '-')}`, or remove macaron_django.compat.",
            id="macaron_django.W121",
        )
        for name, place in installed_originals().items()
    ]
