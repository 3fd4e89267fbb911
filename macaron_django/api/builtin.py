"""The handlers behind apis/ping.yaml: GET /ping, /version and /auth/version."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from macaron_django.api.catalogue import catalogue

__all__ = ["ping", "version"]


def ping() -> dict[str, Any]:
    """Answer that the server answers; nothing else is asked, so that a probe costs nothing."""
    return {}


def version() -> dict[str, Any]:
    """Name what serves, and the version of each API as its document writes it."""
    apis = {name: str(api.document.info.get("version", "")) for name, api in catalogue.items()}
    return {"name": "macaron_django", "version": metadata.version("macaron_django"), "apis": apis}
