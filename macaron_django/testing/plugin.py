"""The pytest plugin, with the package's fixtures and a guard that keeps tests from using the development engine.

pytest loads this module in every run of every project in which the package is installed, before Django's settings are
known. So the module imports only pytest, and does nothing until it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from macaron_django.dynamodb.engines import Engine
    from macaron_django.testing.api_client import APIClient
    from macaron_django.testing.client_mocks import ClientMock

__all__ = ["api_client", "client_mock", "dynamodb", "guard", "guarding"]

#: The running test of each pytest run in this process. The last is the test of the innermost run.
_runs: list[pytest.Item | None] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("macaron_django").addoption(
        "--dynamodb-engine",
        choices=("embedded", "dynamodb-local", "moto"),
        default="embedded",
        help="engine of the `dynamodb` fixture; its data is kept in memory (default: %(default)s)",
    )
    parser.getgroup("macaron_django").addoption(
        "--dynamodb-record",
        metavar="FILE",
        help="record the tables and actions of the tests' calls to DynamoDB, and add them to FILE, for "
        "`manage.py iampolicy --recorded`",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "aws: the test may reach Amazon DynamoDB (macaron_django)")
    _runs.append(None)


def pytest_unconfigure() -> None:
    if _runs:
        _runs.pop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _runs[-1] = item


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    _runs[-1] = None


def guarding() -> bool:
    """Returns whether this process runs tests. If so, ``engines.current()`` calls ``guard``."""
    return bool(_runs)


def guard(chosen: Engine | None) -> Engine:
    """Returns the engine that the running test may use.

    ``chosen`` is the engine that a fixture or ``engines.use()`` has chosen. If it is None, tests marked ``aws`` get
    Amazon DynamoDB, and all other tests get an engine that refuses calls. The engine in the settings is never used,
    because it has the development data. Only tests marked ``aws`` may use Amazon DynamoDB.
    """
    from macaron_django.testing.isolation import RefusingEngine, is_amazon

    item = _runs[-1]
    marked = item is not None and item.get_closest_marker("aws") is not None
    if chosen is None and marked:
        from macaron_django.dynamodb import engines

        return engines.make("aws")
    if chosen is None:
        return RefusingEngine(
            "This test called DynamoDB without choosing an engine. Use the `dynamodb` fixture (or "
            "`@pytest.mark.usefixtures('dynamodb')`), or choose an engine with `engines.use(...)`."
        )
    if is_amazon(chosen) and not marked:
        return RefusingEngine("This test called Amazon DynamoDB. Mark it with `@pytest.mark.aws` if that is intended.")
    return chosen


@pytest.fixture(scope="session")
def _dynamodb_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One engine in memory for each test process. Each worker of xdist is such a process."""
    from django.conf import settings

    if not settings.configured:
        pytest.fail(
            "The `dynamodb` fixture needs Django's settings: install pytest-django and set DJANGO_SETTINGS_MODULE.",
            pytrace=False,
        )
    from macaron_django.testing.isolation import engine_in_memory

    engine = engine_in_memory(request.config.getoption("--dynamodb-engine"))
    engine.start()
    if request.config.getoption("--dynamodb-record") is None:
        yield engine
    else:
        from macaron_django.testing.recorded_engines import RecordedEngine

        recorded = RecordedEngine(engine)
        yield recorded
        recorded.stop()
    engine.stop()


@pytest.fixture
def dynamodb(_dynamodb_engine: Engine, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine in memory. Each persisted schema has a new, empty table that only this test uses."""
    from macaron_django.testing.isolation import isolated

    file = request.config.getoption("--dynamodb-record")
    recording: Any = getattr(_dynamodb_engine, "recording", None)
    with isolated(_dynamodb_engine) as engine, nullcontext() if recording is None else recording(Path(file)):
        yield engine


@pytest.fixture
def client_mock() -> Iterator[ClientMock]:
    """Answers calls to other services with their specs' examples, and refuses calls that their specs don't allow."""
    from macaron_django.testing.client_mocks import mocked_clients

    with mocked_clients() as mock:
        yield mock


@pytest.fixture
def api_client() -> APIClient:
    """DRF's test client, but its requests go through the front, as they do on a server."""
    from macaron_django.testing.api_client import APIClient

    return APIClient()
