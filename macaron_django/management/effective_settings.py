"""Lists each setting in force, with its value and the place where it was set. Hides secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings

from macaron_django.conf import DEFAULTS, settings
from macaron_django.conf.pym_config_files import PymConfig
from macaron_django.conf.pym_config_keys import OWN_SETTINGS, PRESETS, SETTINGS, sources_of
from macaron_django.conf.setting_defaults import SECTIONS
from macaron_django.scrubbing import HIDDEN, Scrubber

__all__ = ["EffectiveSetting", "effective_settings", "own_keys"]

#: Names of settings that look like names of secrets, but aren't.
_PUBLIC = frozenset({"ALLOW_SHORT_SECRET", "COOKIE", "MAX_TOKEN_SIZE", "SIGNING_KID", "JWKS_URL", "JWKS_TIMEOUT"})
#: Settings that are secret, although their names don't show that.
_SECRET = frozenset({"KEYS", "SIGNING_KEY"})
DEFAULT = "default"


@dataclass(frozen=True)
class EffectiveSetting:
    """A setting, or a key of ``pym-config.yaml``: its dotted name, its value as text, and its source."""

    name: str
    value: str
    source: str


def effective_settings() -> Iterator[EffectiveSetting]:
    """Yields all settings of ``MACARON``, in the order of the defaults."""
    given: Mapping[str, Any] = getattr(django_settings, "MACARON", {})
    found = settings.file()
    from_file = sources_of(found) if found is not None else {}
    for key in DEFAULTS:
        value = getattr(settings, key)
        if key in SECTIONS and not isinstance(given.get(key, {}), Mapping):
            yield EffectiveSetting(key, repr(value), _settings_module())
        elif key in SECTIONS:
            for own in DEFAULTS[key]:
                name = f"{key}.{own}"
                yield _effective(name, own, getattr(value, own), own in given.get(key, {}), found, from_file)
        else:
            yield _effective(key, key, value, key in given, found, from_file)


def _effective(
    name: str,
    key: str,
    value: Any,
    is_given: bool,
    found: PymConfig | None,
    from_file: Mapping[str, tuple[str, Any]],
) -> EffectiveSetting:
    if is_given:
        return EffectiveSetting(name, _shown(key, value), _settings_module())
    if found is None or name not in from_file:
        return EffectiveSetting(name, _shown(key, value), DEFAULT)
    key_of_file = from_file[name][0]
    is_secret = key_of_file in found.variables and value is not None
    return EffectiveSetting(name, HIDDEN if is_secret else _shown(key, value), _source_in(found, key_of_file))


def own_keys() -> Iterator[EffectiveSetting]:
    """Yields the keys of ``pym-config.yaml`` that aren't settings.

    Programs read them as attributes of ``get_config()``.
    """
    found = settings.file()
    if found is None:
        return
    for key, value in found.values.items():
        if key not in SETTINGS and key not in (OWN_SETTINGS, "env_secrets"):
            yield EffectiveSetting(key, _of_file(key, value, found), _source_in(found, key))


def _of_file(key: str, value: Any, found: PymConfig) -> str:
    if value is None or key in PRESETS:
        return repr(value)
    scrubbed = Scrubber().body({key: value})[key]
    return HIDDEN if key in found.variables else repr(_hidden_variables(key, scrubbed, found))


def _hidden_variables(key: str, value: Any, found: PymConfig) -> Any:
    """Returns a value from the file. Masks parts that come from environment variables, and passwords in URLs."""
    if value is not None and key in found.variables:
        return HIDDEN
    if isinstance(value, Mapping):
        return {own: _hidden_variables(f"{key}.{own}", each, found) for own, each in value.items()}
    if isinstance(value, list):
        return [_hidden_variables(key, each, found) for each in value]
    return _without_password(value) if isinstance(value, str) else value


def _settings_module() -> str:
    return os.environ.get("DJANGO_SETTINGS_MODULE") or "settings"


def _source_in(found: PymConfig, key: str) -> str:
    variable = found.variables.get(key)
    return f"{found.path.name}: {key}" + (f", from {variable}" if variable else "")


def _shown(key: str, value: Any) -> str:
    if value is None or (not value and value != 0):
        return repr(value)
    if key in _SECRET or (key not in _PUBLIC and Scrubber().is_secret(key)):
        return repr(dict.fromkeys(value, HIDDEN)) if isinstance(value, Mapping) else HIDDEN
    return repr(_without_password(value) if isinstance(value, str) else value)


def _without_password(text: str) -> str:
    """Returns a URL with its password masked. Returns other strings unchanged."""
    try:
        password = urlsplit(text).password
    except ValueError:
        return text
    return text.replace(f":{password}@", f":{HIDDEN}@") if password else text
