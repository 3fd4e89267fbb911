"""Serves the tested project on a port of this machine, with separate databases and tables for the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import connections
from django.test import LiveServerTestCase
from django.test.utils import setup_databases, setup_test_environment, teardown_databases, teardown_test_environment

from macaron_django.auth.tokens import generate_token
from macaron_django.conf import settings
from macaron_django.testing.isolation import engine_in_memory, isolated
from macaron_django.testing.server_targets import ServerTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

    from macaron_django.dynamodb.engines import Engine

__all__ = ["TEST_USER", "ServedTestCase", "databases", "engine_for_tables", "served_project", "token_for_tests"]

HOST = "127.0.0.1"
#: The database backend that Django uses for a project without databases.
DUMMY = "django.db.backends.dummy"
#: The user of the tokens for tests, as in PyMacaron.
TEST_USER = "test-jwt-token"


def _whole_application(_: Callable[..., object]) -> WSGIApplication:
    """Returns the application that a server would use. The setting ``WSGI_APPLICATION`` names it.

    Without this function, LiveServerTestCase would use Django's own handler.
    """
    return get_internal_wsgi_application()


class ServedTestCase(LiveServerTestCase):
    """Django's live server, with the project's own WSGI application."""

    host = HOST
    static_handler = staticmethod(_whole_application)


@contextmanager
def engine_for_tables() -> Iterator[Engine | None]:
    """Runs an engine that keeps the project's items in memory; yields None if no schema is persisted.

    If the engine in the settings can keep its data in memory, that engine runs. Otherwise, the embedded engine runs.
    """
    from macaron_django.registry import registry

    if not any(api.persistences for api in registry):
        yield None
        return
    name = settings.DYNAMODB.ENGINE
    engine = engine_in_memory(name if name in ("moto", "dynamodb-local") else "embedded")
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def databases() -> set[str]:
    """Returns the names of the databases in ``DATABASES``, or an empty set if the project has no databases."""
    return {name for name in connections if connections.settings[name]["ENGINE"] != DUMMY}


def token_for_tests(user_id: str = TEST_USER) -> str | None:
    """Returns a token of the project for a user, or None if no key of ``MACARON["JWT"]`` can sign one."""
    with contextlib.suppress(ImproperlyConfigured):
        return generate_token(user_id)
    return None


@contextmanager
def served_project(port: int = 0, *, verbosity: int = 0) -> Iterator[ServerTarget]:
    """Serves the project in a thread, with new databases and tables, and yields the server; for use outside of tests.

    With a ``port`` of 0, any free port is used.
    """
    setup_test_environment()
    try:
        made = setup_databases(verbosity=verbosity, interactive=False, aliases=dict.fromkeys(databases()))
        try:
            with engine_for_tables() as engine, isolated(engine) if engine else nullcontext(), _running(port) as target:
                yield target
        finally:
            teardown_databases(made, verbosity=verbosity)
    finally:
        teardown_test_environment()


@contextmanager
def _running(port: int) -> Iterator[ServerTarget]:
    class ServedProject(ServedTestCase):
        """A live server that needs no test runner to set it up and take it down."""

    ServedProject.port, ServedProject.databases = port, databases()
    ServedProject.setUpClass()
    try:
        yield ServerTarget(HOST, ServedProject.server_thread.port)
    finally:
        ServedProject.tearDownClass()
        ServedProject.doClassCleanups()
