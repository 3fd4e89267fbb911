"""The package's settings: Django's ``MACARON`` first, then what ``pym-config.yaml`` says, then the defaults.

Open ``setting_defaults`` for a setting and its default, ``macaron_settings`` for where its value comes from,
``pym_config_keys`` for what a key of PyMacaron's file means, ``pym_config_files`` for how that file is found and read,
``project_config`` for ``get_config()``, ``container_versions`` for the version of the container's image, and
``django_settings`` for settings of Django's that are read with each request.
"""

from __future__ import annotations

from macaron_django.conf.django_settings import django_setting
from macaron_django.conf.macaron_settings import Section, settings, under_compat, unknown_keys
from macaron_django.conf.pym_config_files import base_folder
from macaron_django.conf.setting_defaults import DEFAULTS
from macaron_django.lazy_exports import lazy_exports

__all__ = [
    "DEFAULTS",
    "Section",
    "base_folder",
    "django_setting",
    "get_app_name",
    "get_config",
    "settings",
    "under_compat",
    "unknown_keys",
]

__getattr__ = lazy_exports(__name__, {"project_config": ("get_app_name", "get_config")})
