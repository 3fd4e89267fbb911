"""Finds out whether a server can reach everything that it needs to serve requests, for GET /ready.

Each check runs in a separate thread, so a check that hangs doesn't delay the response or the other checks.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from typing import Any

from django.db import connections, router
from django.utils.module_loading import import_string

from macaron_django.api.served_apis import catalogue
from macaron_django.auth.keys.key_settings import fetch_published_keys
from macaron_django.conf import settings
from macaron_django.schemas.models.orm_store import OrmStore

__all__ = ["ReadyCheck", "add_ready_check", "missing"]

logger = logging.getLogger("macaron_django")

#: A function that returns, in a few words for operators, what is missing; None if nothing is missing.
ReadyCheck = Callable[[], str | None]
#: The seconds for which a result is reused. Several load balancers may send probes, and AWS limits the rate of
#: DescribeTable.
_GOOD_FOR = 1.0


class _Tables:
    """Checks whether the tables can be used.

    Each call checks all tables, except those that were usable at their last check. Of those, it checks only the table
    that was checked longest ago.
    """

    def __init__(self) -> None:
        self._usable: dict[str, Any] = {}

    def __call__(self) -> str | None:
        from macaron_django.dynamodb.tables.syncing import why_unusable  # imported only if an API stores items

        tables = {each.table_name: each.table for api in catalogue.values() for each in api.persistences.values()}
        for name in (*tables.keys() - self._usable.keys(), *list(self._usable)[:1]):
            self._usable.pop(name, None)
            if name in tables:
                problem = why_unusable(tables[name])
                if problem is not None:
                    return problem
                self._usable[name] = True  # moves to the end, so it is checked again last
        return None


def _databases() -> Iterator[str]:
    """Yields the aliases of the databases from which the served APIs read ORM models."""
    stores = [store for api in catalogue.values() for store in getattr(api.viewsets, "stores", {}).values()]
    yield from dict.fromkeys(router.db_for_read(each.model) for each in stores if isinstance(each, OrmStore))


def _database_check(alias: str) -> ReadyCheck:
    def check() -> None:
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT 1")
        finally:
            connections[alias].close()  # this thread's connection

    return check


def _keys_check() -> str | None:
    fetch_published_keys()
    return None


_tables: ReadyCheck = _Tables()
#: The checks of other parts of the package, and of projects.
_added: dict[str, ReadyCheck] = {}


def add_ready_check(name: str, check: ReadyCheck) -> None:
    """Makes GET /ready call ``check``. ``name`` names the part of the server that ``check`` tests, such as "broker".

    ``check`` returns None if nothing is missing, or a few words that say what is missing. If it raises an exception,
    the server isn't ready.
    """
    if not callable(check):
        raise TypeError(f"The check {check!r} should be a function.")
    _added[name] = check


def _checks() -> Iterator[tuple[str, ReadyCheck]]:
    if any(api.persistences for api in catalogue.values()):
        yield "DynamoDB", _tables
    for alias in _databases():
        yield f"database {alias}", _database_check(alias)
    if settings.JWT.JWKS_URL:
        yield "identity provider", _keys_check
    yield from _added.items()
    for dotted in settings.READY_CHECKS:
        yield dotted, import_string(dotted)


class _ReadyCall:
    """A call of a check in a separate daemon thread, which doesn't keep the process from ending."""

    def __init__(self, name: str, check: ReadyCheck) -> None:
        self._check = check
        self._problem: str | None = (
            "ended without returning a result"  # for example with sys.exit(), which ends a thread silently
        )
        self.error: Exception | None = None
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._call,), name=f"macaron_django ready: {name}", daemon=True
        )
        self._thread.start()

    def _call(self) -> None:
        try:
            self._problem = self._check()
        except Exception as error:  # noqa: BLE001 (whatever it is, the server isn't ready)
            self.error = error
            self._problem = f"failed with {getattr(error, 'code', None) or type(error).__name__}"

    def problem(self, seconds: float) -> str | None:
        """Waits at most ``seconds`` for the check. Returns what is missing, or None."""
        self._thread.join(max(seconds, 0))
        return f"no result within {settings.READY_TIMEOUT:g} s" if self._thread.is_alive() else self._problem

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()


class _Readiness:
    """The last result, and the checks that are still running."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._since = float("-inf")
        self._running: dict[str, _ReadyCall] = {}

    def missing(self) -> Mapping[str, str]:
        with self._lock:
            if time.monotonic() - self._since >= _GOOD_FOR:
                self._known = self._look()
                self._since = time.monotonic()
            return self._known

    def _look(self) -> dict[str, str]:
        running: dict[str, _ReadyCall] = {}
        for name, check in _checks():
            earlier = self._running.get(name)
            running[name] = _ReadyCall(name, check) if earlier is None or earlier.has_ended else earlier
        self._running = running
        ends = time.monotonic() + settings.READY_TIMEOUT
        found = {}
        for name, each in running.items():
            problem = each.problem(ends - time.monotonic())
            if problem is None:
                continue
            found[name] = problem
            if each.error is not None and name not in self._known:
                logger.warning("GET /ready: %s failed", name, exc_info=each.error)
        return found

    def forget(self) -> None:
        self._since = float("-inf")


_readiness = _Readiness()


def missing() -> Mapping[str, str]:
    """Returns a mapping from the name of each failed check to a text that says what is missing. The mapping is empty if
    the server is ready.

    Waits at most ``READY_TIMEOUT`` seconds for the checks. Reuses a result for one second.
    """
    return _readiness.missing()


def forget() -> None:
    """Forgets the last result, for tests."""
    _readiness.forget()
