"""Finds and reads PyMacaron's ``pym-config.yaml``, if a project has this file.

A value that ``env_secrets`` lists is the name of an environment variable, and is replaced by the variable's value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

__all__ = ["PymConfig", "base_folder", "environment_name", "find_pym_config", "read_pym_config"]


@dataclass(frozen=True)
class PymConfig:
    """The content of a file.

    Some values come from environment variables. ``variables`` maps the keys of these values to the names of the
    variables. If a variable isn't set, the key's value is None.
    """

    path: Path
    values: Mapping[str, Any] = field(repr=False)
    variables: Mapping[str, str]

    @property
    def unset(self) -> dict[str, str]:
        """Returns the entries of ``variables`` whose environment variables aren't set."""
        return {key: name for key, name in self.variables.items() if name not in os.environ}


def base_folder() -> Path:
    """Returns the project's folder: Django's setting ``BASE_DIR`` if it exists, else the current folder."""
    return Path(getattr(django_settings, "BASE_DIR", None) or Path.cwd())


def environment_name(given: str | None = None) -> str | None:
    """Returns the name of the program's environment: ``given``, or else ``PYM_ENV``.

    Returns None if neither is set.
    """
    name = given or os.environ.get("PYM_ENV") or None
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name):
        raise ImproperlyConfigured(f"PYM_ENV is {name!r}: use letters, digits, hyphens, dots and underscores only.")
    return name


def find_pym_config(folder: Path, environment: str | None = None) -> Path | None:
    """Returns the file ``pym-config.<environment>.yaml`` in ``folder``, or else ``pym-config.yaml``.

    Returns None if neither file exists.
    """
    names = [f"pym-config.{environment}.yaml"] if environment else []
    return next((folder / name for name in (*names, "pym-config.yaml") if (folder / name).is_file()), None)


@lru_cache(maxsize=4)
def read_pym_config(path: Path) -> PymConfig:
    """Returns the content of a file, and fills in its secrets from environment variables.

    Raises ImproperlyConfigured if the file is broken.
    """
    import yaml  # few projects have such a file

    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except yaml.MarkedYAMLError as error:  # the error's text quotes the line, which may contain a secret
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ImproperlyConfigured(f"{path}{line} isn't valid YAML: {error.problem or error.context}.") from None
    except RecursionError:
        raise ImproperlyConfigured(f"{path} is nested too deeply.") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ImproperlyConfigured(f"{path} can't be read: {error}") from error
    values = {} if values is None else values
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ImproperlyConfigured(f"{path} must be a mapping: lines of the form `name: value`.")
    names = values.get("env_secrets") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ImproperlyConfigured(f"{path}: env_secrets must be a list of names of environment variables.")
    variables: dict[str, str] = {}
    substituted = {
        key: value if key == "env_secrets" else _from_environment(value, names, key, variables)
        for key, value in values.items()
    }
    return PymConfig(path, substituted, variables)


def _from_environment(value: Any, names: list[str], key: str, variables: dict[str, str]) -> Any:
    """Returns a value in which each text that is in ``names`` is replaced by ``os.environ.get(text)``."""
    if isinstance(value, dict):
        return {own: _from_environment(each, names, f"{key}.{own}", variables) for own, each in value.items()}
    if not isinstance(value, str) or value not in names:
        return value
    variables[key] = value
    return os.environ.get(value)
