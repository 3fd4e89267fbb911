"""Reads the package's settings: from Django's ``MACARON``, else from ``pym-config.yaml``, else the defaults.

Open ``setting_defaults`` for a setting and its default, ``macaron_settings`` for the source of its value,
``pym_config_keys`` for the keys of PyMacaron's file, ``pym_config_files`` to find and read that file,
``project_config`` for ``get_config()``, ``container_versions`` for the version of the container's image, and
``django_settings`` for Django's settings that each request reads.
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
