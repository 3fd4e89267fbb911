"""The Django app ``macaron_django.compat``."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["CompatConfig"]


class CompatConfig(AppConfig):
    name = "macaron_django.compat"
    label = "macaron_compat"
    verbose_name = "PyMacaron's names"
