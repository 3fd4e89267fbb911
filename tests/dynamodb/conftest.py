"""Persisted schemas with tables of their own, on each engine that the persistence tests have to agree on."""

from __future__ import annotations

import asyncio
import itertools
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.test.utils import override_settings

from macaron_django import drivers
from macaron_django import openapi as spec
from macaron_django.dynamodb import Persistence, engines, persistence_options
from macaron_django.dynamodb.calls import connection
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.items import item_operations
from macaron_django.dynamodb.querysets.manager import ItemManager
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.schemas.models.row_models import build_model
from macaron_django.schemas.values.classes import Classes
from macaron_django.testing.isolation import engine_in_memory

MakePersistence = Callable[..., Persistence]


@pytest.fixture
def event_loop_driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop, in a thread of its own, over which all threads send their calls."""
    loop = asyncio.new_event_loop()

    def run(steps: drivers.Steps[Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(drivers.run_on_loop(steps), loop).result()

    for module in (drivers, item_operations, connection):
        monkeypatch.setattr(module, "run", run)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(params=["threads", "event loop"])
def driver(request: pytest.FixtureRequest) -> str:
    """What carries out the steps of calls to DynamoDB; on an event loop, with connections of its own."""
    if request.param == "event loop":
        request.getfixturevalue("event_loop_driver")
    return str(request.param)


PROFILE = {
    "type": "object",
    "required": ["profile_id"],
    "properties": {
        "profile_id": {"type": "string"},
        "name": {"type": ["string", "null"]},
        "email": {"type": ["string", "null"]},
        "age": {"type": "integer"},
        "score": {"type": "number"},
        "active": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "photo": {"type": "string", "format": "byte"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}},
        "created": {"type": "string", "format": "date-time"},
        "anything": {},
    },
}


def _persistence(json: Mapping[str, Any] = PROFILE, **persist: Any) -> Persistence:
    return _of_schemas({"Profile": {**json, "x-persist": {"hash_key": "profile_id", **persist}}})


def _of_schemas(schemas: Mapping[str, Any]) -> Persistence:
    """The persistence of the first of some schemas."""
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "Shop", "version": "1"},
            "paths": {},
            "components": {"schemas": dict(schemas)},
        }
    )
    schema = document.schemas[next(iter(schemas))]
    described = schema.extensions.persist
    assert described is not None
    options, _ = persistence_options(described)
    return Persistence("shop", schema, options, Classes("shop", document))


def _with_model(persistence: Persistence, bases: tuple[type, ...] = ()) -> Persistence:
    persistence.bind(
        build_model(
            persistence.schema,
            api="shop",
            label=f"macaron_shop_{next(_models)}",
            classes=persistence.classes,
            manager=ItemManager(persistence),
            hash_key=persistence.hash_key,
            range_key=persistence.range_key,
            bases=bases,
            module="macaron_django.apis.shop",
        )
    )
    return persistence


@pytest.fixture(scope="session")
def _engines() -> Iterator[Callable[[str], engines.Engine]]:
    started: dict[str, engines.Engine] = {}

    def start(name: str) -> engines.Engine:
        if name not in started:
            started[name] = engine_in_memory(name)
            started[name].start()
        return started[name]

    yield start
    for engine in started.values():
        engine.stop()


@pytest.fixture
def make_persistence() -> MakePersistence:
    """Make the persistence of a schema; nothing is sent anywhere."""
    return _persistence


def _settings(prefix: str) -> Any:
    return override_settings(MACARON={"DYNAMODB": {"TABLE_PREFIX": prefix, "MAX_ATTEMPTS": 3, "READ_TIMEOUT": 60.0}})


@pytest.fixture(params=["embedded", "dynamodb-local"])
def engine(request: pytest.FixtureRequest, _engines: Callable[[str], engines.Engine]) -> Iterator[engines.Engine]:
    """An engine, under a table prefix of the test's own: each test runs on both."""
    with engines.use(_engines(request.param)) as chosen, _settings(f"test-{uuid.uuid4().hex[:8]}-"):
        yield chosen
    reset()


@pytest.fixture
def embedded(_engines: Callable[[str], engines.Engine]) -> Iterator[engines.Engine]:
    """The embedded engine, for what the old DynamoDB Local from npm doesn't know yet."""
    with engines.use(_engines("embedded")) as chosen, _settings(f"test-{uuid.uuid4().hex[:8]}-"):
        yield chosen
    reset()


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Persistence]:
    """Make the persistence of the first of some schemas, with a model bound to it and no table anywhere."""
    return lambda schemas, bases=(): _with_model(_of_schemas(schemas), bases)


@pytest.fixture
def make_table() -> MakePersistence:
    """Make the persistence of a schema with its table, on the engine that the test uses."""

    def make(json: Mapping[str, Any] = PROFILE, **persist: Any) -> Persistence:
        persistence = _persistence(json, **persist)
        create_table(persistence.table)
        return persistence

    return make


_models = itertools.count()


@pytest.fixture
def make_rows(make_table: MakePersistence) -> MakePersistence:
    """As ``make_table``, with a model bound to it: ``persistence.model`` makes rows."""

    def make(json: Mapping[str, Any] = PROFILE, *, bases: tuple[type, ...] = (), **persist: Any) -> Persistence:
        return _with_model(make_table(json, **persist), bases)

    return make
