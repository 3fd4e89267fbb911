"""The package's settings: ``MACARON`` overrides ``pym-config.yaml``, which overrides the defaults.

``settings.PAGE_SIZE`` and ``settings.DYNAMODB.ENGINE`` follow ``override_settings``, because nothing is copied at
import.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf.django_settings import django_setting
from macaron_django.conf.pym_config_files import (
    PymConfig,
    base_folder,
    environment_name,
    find_pym_config,
    read_pym_config,
)
from macaron_django.conf.pym_config_keys import OWN_SETTINGS, sources_of
from macaron_django.conf.setting_defaults import DEFAULTS, SECTIONS

__all__ = ["Section", "settings", "under_compat", "unknown_keys"]


class Section:
    """One dictionary of settings, with default values. The keys are attributes.

    A section copies the dictionary. After the dictionary has changed, ``settings`` creates a new section.
    """

    def __init__(self, name: str, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        self._name, self._defaults, self._given = name, defaults, given
        self._as_made = dict(given)
        for key, default in defaults.items():
            value = given.get(key, default)
            if name == "MACARON" and key in SECTIONS:
                if not isinstance(value, Mapping):
                    raise ImproperlyConfigured(f"{name}[{key!r}] must be a dictionary, not {type(value).__name__}.")
                value = Section(f"{name}[{key!r}]", default, value)
            self.__dict__[key] = value

    def __getattr__(self, key: str) -> Any:
        raise AttributeError(f"{self._name} has no setting {key!r}")


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class _Settings:
    """The settings: ``settings.KEY`` is the value in ``MACARON``, else in ``pym-config.yaml``, else the default."""

    _whole: Section | None = None
    _chosen: Path | None = None

    def use_file(self, path: Path | None) -> None:
        """From now on, the settings come from the ``pym-config.yaml`` at ``path``.

        If ``path`` is None, they come from the file in the project's folder, if there is one.
        """
        read_pym_config.cache_clear()
        self._chosen = path
        self._whole = None

    def change(self, **values: Any) -> None:
        """Changes keys of ``MACARON`` in this process. A section keeps the keys that the new value doesn't contain."""
        given = getattr(django_settings, "MACARON", _NOTHING)
        changed = {
            key: {**given.get(key, {}), **value} if key in SECTIONS and isinstance(value, Mapping) else value
            for key, value in values.items()
        }
        django_settings.MACARON = {**given, **changed}

    def file(self) -> PymConfig | None:
        """Returns the content of the project's ``pym-config.yaml``, or None if there is no such file."""
        path = self._chosen or find_pym_config(base_folder(), environment_name())
        return None if path is None else read_pym_config(path)

    def _with_file(self) -> Mapping[str, Any]:
        """Returns the defaults, overridden by ``pym-config.yaml``."""
        found = self.file()
        if found is None:
            return DEFAULTS
        defaults = {key: dict(value) if isinstance(value, dict) else value for key, value in DEFAULTS.items()}
        for dotted, (_, value) in sources_of(found).items():
            section, _, key = dotted.rpartition(".")
            part = defaults[section] if section else defaults
            if key in part:
                part[key] = value
        return defaults

    def current(self) -> Section:
        """Returns the current settings. The object stays the same until ``MACARON`` or one of its keys changes."""
        try:
            given: Mapping[str, Any] = django_setting("MACARON")
        except AttributeError:
            given = _NOTHING
        whole = self._whole
        # The dictionary may have been changed in place.
        if whole is None or whole._given is not given or whole._as_made != given:
            whole = self.__dict__["_whole"] = Section("MACARON", self._with_file(), given)
        return whole

    def __getattr__(self, key: str) -> Any:
        whole = self.current()
        value = getattr(whole, key)
        if type(value) is Section and value._as_made != value._given:
            value = whole.__dict__[key] = Section(value._name, value._defaults, value._given)
        return value


settings = _Settings()


def under_compat() -> bool:
    """Returns the setting ``COMPAT``: whether to behave like PyMacaron where this package's behaviour differs.

    If the setting is missing, returns whether PyMacaron's old module names can be imported in this process, either now
    or after Django has loaded the apps.
    """
    chosen: bool | None = settings.COMPAT
    if chosen is not None:
        return chosen
    found = [*(type(finder).__module__ for finder in sys.meta_path), *django_settings.INSTALLED_APPS]
    return any(f"{name}.".startswith("macaron_django.compat.") for name in found)


def unknown_keys() -> Iterator[tuple[str, str, list[str]]]:
    """Yields a tuple for each unknown key of ``MACARON`` and of the YAML file.

    The tuple is (place, dotted key, the known keys of the same section).
    """
    yield from (("The setting MACARON", *each) for each in _unknown(getattr(django_settings, "MACARON", {})))
    found = settings.file()
    if found is not None and isinstance(given := found.values.get(OWN_SETTINGS), Mapping):
        yield from ((f"{found.path}: {OWN_SETTINGS}", *each) for each in _unknown(given))


def _unknown(given: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for key, value in given.items():
        if key not in DEFAULTS:
            yield str(key), list(DEFAULTS)
        elif key in SECTIONS and isinstance(value, Mapping):
            for nested in value.keys() - DEFAULTS[key].keys():
                yield f"{key}.{nested}", list(DEFAULTS[key])
