"""Reads the package's settings: the value in Django's ``MACARON``, else in ``pym-config.yaml``, else the default.

The modules:

- ``setting_defaults``: the settings and their defaults
- ``macaron_settings``: the sources of their values
- ``pym_config_keys``: the keys of PyMacaron's file
- ``pym_config_files``: finding and reading that file
- ``project_config``: ``get_config()``
- ``container_versions``: the version of the container's image
- ``django_settings``: the Django settings that every request reads
"""

from __future__ import annotations

from macaron_django.conf.django_settings import django_setting, has_atomic_requests
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
    "has_atomic_requests",
    "settings",
    "under_compat",
    "unknown_keys",
]

__getattr__ = lazy_exports(__name__, {"project_config": ("get_app_name", "get_config")})
