"""Gives a test its own tables on an engine in memory. They are created under a random prefix, and dropped at the end.

The pytest fixture uses this module. Test runners without fixtures can use it directly.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.test.utils import override_settings

from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines.supervisor import ask

__all__ = ["EngineRefusedError", "RefusingEngine", "engine_in_memory", "is_amazon", "isolated"]


class EngineRefusedError(RuntimeError):
    """A test tried to use an engine that it isn't allowed to use."""


class RefusingEngine(engines.Engine):
    """The engine for tests that haven't chosen one. It raises EngineRefusedError instead of calling a server."""

    name = "refused"
    credentials = ("refused", "refused")
    region = "eu-west-1"
    running = False

    def __init__(self, reason: str) -> None:
        self.reason = reason

    @property
    def endpoint_url(self) -> str:
        self._refuse()

    def start(self) -> None:
        self._refuse()

    def status(self) -> str:
        return f"refused: {self.reason}"

    def shut_down(self) -> bool:
        self._refuse()

    def wait_for_end(self, timeout: float) -> bool:
        return True

    def _refuse(self) -> NoReturn:
        raise EngineRefusedError(self.reason)


def engine_in_memory(name: str) -> engines.Engine:
    """Returns the engine with this name (embedded, dynamodb-local, moto). It stores its data in memory, and
    only this process can use it.

    Raises ImproperlyConfigured for any other name.
    """
    if name == "embedded":
        from macaron_django.dynamodb.engines.embedded import EmbeddedEngine

        return EmbeddedEngine(None)
    if name == "dynamodb-local":
        from macaron_django.dynamodb.engines.dynamodb_local import DynamoDBLocalEngine

        return DynamoDBLocalEngine(None)
    if name == "moto":
        from macaron_django.dynamodb.engines.moto import MotoEngine

        return MotoEngine()
    raise ImproperlyConfigured(
        f"The engine {name!r} can't keep its data in memory: choose embedded, moto or dynamodb-local."
    )


@contextmanager
def isolated(engine: engines.Engine) -> Iterator[engines.Engine]:
    """Uses ``engine`` with a new table for every persisted schema, and drops the tables at the end.

    >>> with isolated(engine_in_memory("embedded")):          # doctest: +SKIP
    ...     Profile.objects.create(name="Ada")
    """
    prefix = f"test-{uuid.uuid4().hex[:12]}-"
    engine.start()
    with engines.use(engine), _table_prefix(prefix):
        try:
            _create_tables()
            yield engine
        finally:
            _drop_tables(engine, prefix)


def is_amazon(engine: engines.Engine) -> bool:
    """Returns whether calls to ``engine`` would go to AWS."""
    if engine.name == "aws":
        return True
    if engine.local:  # the engine's URL isn't read, because reading the URL would start the engine
        return False
    host = urlsplit(engine.endpoint_url or "").hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


@contextmanager
def _table_prefix(prefix: str) -> Iterator[None]:
    """Names every table with ``prefix``, even if a test overrides ``MACARON`` as a whole."""

    def prefixed(given: Mapping[str, Any]) -> dict[str, Any]:
        section = given.get("DYNAMODB", {})
        name = section.get("TABLE_PREFIX", "")
        return {**given, "DYNAMODB": {**section, "TABLE_PREFIX": name if name.startswith(prefix) else prefix + name}}

    def keep(*, setting: str, enter: bool, **_: object) -> None:
        if setting == "MACARON" and enter:
            django_settings.MACARON = prefixed(getattr(django_settings, "MACARON", {}))

    with override_settings(MACARON=prefixed(getattr(django_settings, "MACARON", {}))):
        setting_changed.connect(keep)
        try:
            yield
        finally:
            setting_changed.disconnect(keep)


def _create_tables() -> None:
    from macaron_django.dynamodb.tables.syncing import create_table
    from macaron_django.registry import registry

    for api in registry:
        for persistence in api.persistences.values():
            create_table(persistence.table, safeguards=False)


def _drop_tables(engine: engines.Engine, prefix: str) -> None:
    # Calls the engine directly, because the test may have left the connection or settings in any state. A table that
    # can't be dropped (because it is protected, or the engine has stopped) does no harm under its prefix.
    with contextlib.suppress(OSError, ValueError):
        for name in _table_names(engine):
            if name.startswith(prefix):
                _call(engine, "DeleteTable", {"TableName": name})


def _table_names(engine: engines.Engine) -> list[str]:
    names: list[str] = []
    start: dict[str, Any] = {}
    while True:
        answer = _call(engine, "ListTables", start)
        names += answer["TableNames"]
        if "LastEvaluatedTableName" not in answer:
            return names
        start = {"ExclusiveStartTableName": answer["LastEvaluatedTableName"]}


def _call(engine: engines.Engine, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    parts = urlsplit(engine.endpoint_url or "")
    return ask((parts.hostname or "", parts.port or 0), operation, body)
