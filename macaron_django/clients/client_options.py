"""The options of an API's client: ``MACARON["CLIENTS"][api]`` overrides ``MACARON["CLIENT_OPTIONS"]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from macaron_django.conf import base_folder, settings, under_compat
from macaron_django.conf.setting_defaults import DEFAULTS

__all__ = ["OWN_KEYS", "ClientOptions", "client_options", "client_specs"]

#: The keys that are allowed in ``CLIENTS``, but not in ``CLIENT_OPTIONS``.
OWN_KEYS = ("SPEC", "BASE_URL", "CREDENTIALS")


@dataclass(frozen=True)
class ClientOptions:
    """The options of one API's client.

    The attributes are named like the settings, which docs/reference/settings.md explains.
    """

    base_url: str | None
    credentials: Mapping[str, Any] = field(repr=False, hash=False, compare=False)
    in_process: bool
    connect_timeout: float
    read_timeout: float
    deadline: float | None
    max_attempts: int
    backoff: float
    max_backoff: float
    retry_budget: float
    circuit_failures: int | None
    circuit_seconds: float
    max_connections: int
    max_answer_size: int
    http2: bool
    verify: bool | str
    proxy: str | None = field(repr=False)
    follow_redirects: bool
    validate_requests: bool
    validate_answers: str
    errors: str


def _given(api: str) -> Mapping[str, Any]:
    """Returns the options that ``CLIENTS`` has for an API; {} if ``CLIENTS`` doesn't name the API."""
    given = settings.CLIENTS.get(api, {})
    return given if isinstance(given, Mapping) else {"SPEC": given}


def client_options(api: str) -> ClientOptions:
    """Returns the options of an API's client from the current settings."""
    given = _given(api)
    values = {key.lower(): given.get(key, getattr(settings.CLIENT_OPTIONS, key)) for key in DEFAULTS["CLIENT_OPTIONS"]}
    if values["errors"] is None:
        values["errors"] = "return" if under_compat() else "raise"
    return ClientOptions(base_url=given.get("BASE_URL"), credentials=given.get("CREDENTIALS") or {}, **values)


def client_specs() -> dict[str, Path]:
    """Returns the paths of the specs in ``CLIENTS``, by API. Relative paths start at ``BASE_DIR``."""
    found = {api: _given(api).get("SPEC") for api in settings.CLIENTS}
    return {api: base_folder() / path for api, path in found.items() if path is not None}
