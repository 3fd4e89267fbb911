"""APIs of the fixtures, loaded as the registry loads them, and both ways through them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.apps import AppConfig, apps
from django.db import connection
from django.test import override_settings
from django.utils import translation

from macaron_django import openapi as spec
from macaron_django.dynamodb import engines, persist
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.registry import API, registry
from macaron_django.schemas import Classes
from macaron_django.testing import FaultProxy
from tests.api.hooks import row_models
from tests.api.hooks.both_ways import BothWays
from tests.api.hooks.item_seeds import SEEDS
from tests.api.hooks.kinds import Kinds, document
from tests.api.hooks.project_settings import Watching
from tests.api.hooks.row_models import APP, MODELS, Database

FIXTURES = Path(__file__).parents[2] / "fixtures"
numbers = itertools.count()


@pytest.fixture(autouse=True)
def _found_in_full(patience: None) -> None:
    """Both ways find all violations, however busy the machine is."""


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A request's language stays with its thread: the next module's tests aren't to be answered in it."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def load_api() -> Iterator[Callable[..., API]]:
    """Load a document, or that of tests/fixtures/<path>, as the registry would; its models are gone afterwards."""
    labels: list[str] = []
    loaded: dict[str, API] = {}

    def load(path: str, described: Mapping[str, Any] | None = None) -> API:
        if path not in loaded:
            name = Path(path).stem
            document = spec.load(FIXTURES / path if described is None else described)
            api = loaded[path] = API(name, document, Classes(name, document), {})
            for schema in document.schemas.values():
                if schema.extensions.persist is not None:
                    labels.append(f"hooks_{next(numbers)}")
                    api.persistences[str(schema.name)] = persist(name, labels[-1], schema, api.classes)
        return loaded[path]

    yield load
    for label in labels:
        apps.all_models.pop(label, None)


@pytest.fixture
def both_ways(
    load_api: Callable[..., API], dynamodb: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., BothWays]]:
    """Make the two ways through an API: of the example project by its name, or of a fixture by its path."""
    made: list[BothWays] = []

    def make(name: str, seeds: Mapping[str, Any] | None = None) -> BothWays:
        assert connection.in_atomic_block
        api = registry[name] if name in registry._apis else load_api(name)
        if name not in registry._apis:
            monkeypatch.setitem(registry._apis, api.name, api)
        made.append(BothWays(api, seeds or {}, monkeypatch))
        return made[-1]

    # A password's hash is expensive on purpose.
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield make
    for each in made:
        each.tables.connection.close()


@pytest.fixture
def everything_api(both_ways: Any, monkeypatch: pytest.MonkeyPatch) -> BothWays:
    made: BothWays = both_ways("hooks/apis/everything.yaml", SEEDS)
    monkeypatch.setattr(Watching, "notes", made.notes)
    return made


@pytest.fixture(scope="module")
def row_tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The app of these models, as if it were installed, and its tables."""
    app = AppConfig(APP, row_models)
    apps.all_models[APP].update((str(model._meta.model_name), model) for model in MODELS)
    app.models, app.apps = apps.all_models[APP], apps
    apps.app_configs[APP] = app
    apps.clear_cache()
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    yield
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in reversed(MODELS):
            editor.delete_model(model)
    del apps.app_configs[APP], apps.all_models[APP]
    apps.clear_cache()


@pytest.fixture
def rows(row_tables: None, both_ways: Any) -> Iterator[Any]:
    made = both_ways("hooks/apis/rows.yaml")
    made.tables = Database(made.notes, made.tables)
    with connection.execute_wrapper(made.tables.note):
        yield made


class Proxied(EndpointEngine):
    """A proxy in front of the tests' own engine, whose abilities it has."""

    returns_refused_items = True


@pytest.fixture
def kinds(load_api: Callable[..., API], dynamodb: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kinds]:
    """Every kind of resource, with empty tables behind a proxy that counts."""
    api = load_api("kinds", document())
    monkeypatch.setitem(registry._apis, api.name, api)
    for persistence in api.persistences.values():
        create_table(persistence.table, safeguards=False)
    with ExitStack() as stack:
        proxy = stack.enter_context(FaultProxy(str(dynamodb.endpoint_url)))
        stack.enter_context(engines.use(Proxied(proxy.url)))
        yield Kinds(api, proxy, stack)
