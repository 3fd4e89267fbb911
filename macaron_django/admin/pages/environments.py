"""Finds out where the shown items are stored: engine, endpoint, region, account, and whether this is production.

The account is read from a table's ARN and cached for an hour. If the table doesn't exist yet, the empty result is
cached for a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.tables.table_descriptions import account_of
from macaron_django.exceptions import PyMacaronException

if TYPE_CHECKING:
    from macaron_django.dynamodb import Persistence

__all__ = ["Environment", "environment"]

_HOUR, _MINUTE = 3600, 60  # seconds


@dataclass(frozen=True)
class Environment:
    """The facts about the DynamoDB engine that a page shows."""

    engine: str
    endpoint: str
    region: str
    account: str
    is_production: bool


def environment(persistence: Persistence) -> Environment | None:
    """Returns the facts about the engine in use, or None if no engine is configured.

    The account is read from the ARN of ``persistence.table``.
    """
    try:
        engine = engines.current()
        endpoint, region = engine.endpoint_url, engine.region
    except (ImproperlyConfigured, PyMacaronException):
        return None
    production = settings.ADMIN.PRODUCTION
    if production is None:
        production = not engine.local and not django_settings.DEBUG
    shown = _without_user(endpoint) if endpoint else "Amazon DynamoDB"
    return Environment(engine.name, shown, region, _account(persistence, shown, region), bool(production))


def _without_user(endpoint: str) -> str:
    """Returns the URL without a user name and password."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _account(persistence: Persistence, endpoint: str, region: str) -> str:
    key = f"macaron_django.account:{endpoint}:{region}".replace(" ", "_")
    account: str | None = cache.get(key)
    if account is None:
        try:
            account = account_of(persistence.table) or ""
        except PyMacaronException:
            account = ""
        cache.set(key, account, _HOUR if account else _MINUTE)
    return account
