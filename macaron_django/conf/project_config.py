"""Defines ``get_config()``, which returns PyMacaron's configuration object.

The object has this package's settings and the keys of ``pym-config.yaml``.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf.macaron_settings import settings
from macaron_django.conf.pym_config_files import PymConfig, base_folder, environment_name, find_pym_config
from macaron_django.conf.pym_config_keys import PRESETS, SETTINGS, host_of

__all__ = ["ProjectConfig", "config", "get_app_name", "get_config", "get_config_path"]


class ProjectConfig:
    """The keys of ``pym-config.yaml`` as attributes.

    Some keys, such as ``jwt_secret``, set one of the package's settings. The attribute of such a key has the
    setting's value, even if the value comes from another source.
    """

    def load_pym_config(self, path: str | Path | None = None, env: str | None = None) -> None:
        """Uses another ``pym-config.yaml`` instead of the file that was found.

        ``path`` is the file or its folder. In a folder, a file for the environment ``env`` takes precedence.
        Raises ImproperlyConfigured if there is no such file.
        """
        place = base_folder() if path is None else Path(path)
        found = place if place.is_file() else find_pym_config(place, environment_name(env))
        if found is None:
            raise ImproperlyConfigured(f"There is no pym-config.yaml in {place.absolute()}.")
        settings.use_file(found.absolute())

    @property
    def config_path(self) -> str | None:
        """Returns the path of the file, or None if there is no file."""
        found = settings.file()
        return None if found is None else str(found.path)

    @property
    def apis_path(self) -> str:
        """Returns the path of the folder ``apis``. The folder is next to ``pym-config.yaml`` or, if there is no such
        file, in the project's folder.
        """
        found = settings.file()
        return str((base_folder() if found is None else found.path.parent) / "apis")

    @property
    def live_host(self) -> str | None:
        """Returns the host of ``live_url``, else the file's ``live_host``, or None if both are missing."""
        found = settings.file()
        return None if found is None else host_of(found)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in SETTINGS:
            section, _, key = SETTINGS[name].partition(".")
            value = getattr(getattr(settings, section), key)
            return PRESETS.get(name) if value is None else value
        found = settings.file()
        values = found.values if found is not None else {}
        if name in values:
            return values[name]
        if name in PRESETS:
            return PRESETS[name]
        raise AttributeError(_missing(name, found, [*values, *SETTINGS, *PRESETS]))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in SETTINGS:
            section, _, key = SETTINGS[name].partition(".")
            raise AttributeError(f'{name} is a setting: give it as MACARON["{section}"]["{key}"].')
        super().__setattr__(name, value)


def _missing(name: str, found: PymConfig | None, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    if found is None:
        return f"There is no key {name!r}: the project has no pym-config.yaml.{hint}"
    return f"{found.path} has no key {name!r}.{hint}"


config = ProjectConfig()


def get_config() -> ProjectConfig:
    """Returns the project's configuration, the same object each time.

    ``get_config().uuid_file_path`` is the value of that key in ``pym-config.yaml``.
    """
    return config


def get_app_name() -> str:
    """Returns the ``name`` of the service in ``pym-config.yaml``. Raises AttributeError if the name is missing."""
    return str(config.name)


def get_config_path(name: str = "pym-config.yaml", path: str | Path | None = None) -> str | None:
    """Returns the path of the file with this name in the project's folder or, if it isn't there, in ``path``.

    Returns None if the file is in neither folder.
    """
    places = [base_folder() / name]
    if path is not None:
        places.append(Path(path) if str(path).endswith(name) else Path(path) / name)
    return next((str(place.absolute()) for place in places if place.is_file()), None)
