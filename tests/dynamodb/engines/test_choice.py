"""Which engine the settings choose, what a test run may reach, and how one engine replaces another."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines import dynamodb_local, embedded, selection
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.dynamodb.engines.moto import MotoEngine


def dynamodb(**section: object) -> override_settings:
    return override_settings(MACARON={"DYNAMODB": section})


@pytest.fixture
def unguarded(monkeypatch):
    """As in a process that runs no tests."""
    monkeypatch.setattr("macaron_django.testing.plugin.guarding", lambda: False)
    engines.reset()
    yield
    engines.reset()


@pytest.fixture
def no_binary(monkeypatch):
    for module in (embedded, dynamodb_local):
        monkeypatch.setattr(module, "node_modules", lambda: iter(()))
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.fixture(params=[True, False], ids=["DEBUG", "no DEBUG"])
def debug(request, monkeypatch):
    monkeypatch.setattr(selection, "_debug", request.param)
    return request.param


@pytest.fixture
def debug_on(monkeypatch):
    monkeypatch.setattr(selection, "_debug", True)


@pytest.fixture
def debug_off(monkeypatch):
    monkeypatch.setattr(selection, "_debug", False)


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ({"ENGINE": "embedded"}, "embedded"),
        ({"ENGINE": "moto"}, "moto"),
        ({"ENGINE": "dynamodb-local"}, "dynamodb-local"),
        ({"ENGINE": "endpoint", "ENDPOINT": "http://db:8000/"}, "endpoint"),
        ({"ENGINE": "aws", "REGION": "eu-central-1"}, "aws"),
    ],
)
@pytest.mark.usefixtures("unguarded", "debug")
def test_the_engine_in_the_settings_wins_whatever_debug_says(section, name):
    with dynamodb(**section):
        assert engines.configuration_problem() is None
        assert engines.current().name == name
        assert engines.current() is engines.current()


@pytest.mark.usefixtures("unguarded", "debug_on")
def test_none_and_debug_on_is_the_embedded_engine():
    assert engines.current().name == "embedded"


@pytest.mark.usefixtures("unguarded", "debug_on", "no_binary")
def test_none_and_debug_on_is_moto_where_there_is_no_binary_with_a_warning():
    with pytest.warns(RuntimeWarning, match=r"nothing is kept.*other manage.py\s+processes.*npm install"):
        assert engines.current().name == "moto"
    assert engines.current().name == "moto"  # and is warned of once


@pytest.mark.usefixtures("unguarded", "debug_on", "no_binary")
def test_moto_that_was_asked_for_is_no_reason_to_warn():
    with dynamodb(ENGINE="moto"):
        assert engines.current().name == "moto"


@pytest.mark.usefixtures("unguarded", "debug_off")
def test_none_and_debug_off_is_an_error_and_never_aws(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    with pytest.raises(ImproperlyConfigured, match="No DynamoDB engine is configured, and DEBUG is off"):
        engines.current()
    assert "'aws'" in (engines.configuration_problem() or "")


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"ENGINE": "dynamite"}, "'dynamite', which isn't an engine: choose one of embedded, moto"),
        ({"ENGINE": "endpoint"}, "no ENDPOINT beside it"),
        ({"ENGINE": "endpoint", "ENDPOINT": "localhost:8000"}, "must be a URL"),
        ({"ENGINE": "embedded", "BINARY": "/nonexistent/dynoxide"}, "/nonexistent/dynoxide"),
        ({"ENGINE": "dynamodb-local", "BINARY": "/nonexistent/x.jar"}, "/nonexistent/x.jar"),
        ({"BINARY": "/nonexistent/dynoxide"}, "/nonexistent/dynoxide"),
    ],
)
@pytest.mark.usefixtures("unguarded", "debug_on")
def test_a_choice_that_cannot_work_is_explained_without_starting_anything(section, problem):
    with dynamodb(**section):
        assert problem in (engines.configuration_problem() or "")


@pytest.mark.usefixtures("unguarded", "debug_on", "no_binary")
def test_an_engine_that_was_chosen_and_is_not_here_is_a_problem():
    with dynamodb(ENGINE="embedded"):
        assert "npm install @dynoxide/linux-x64" in (engines.configuration_problem() or "")
    with dynamodb(ENGINE="dynamodb-local"):
        assert "Amazon's archive of DynamoDB Local" in (engines.configuration_problem() or "")


@pytest.mark.usefixtures("unguarded", "debug_on")
def test_the_choice_follows_the_settings():
    before = engines.current()
    with dynamodb(ENGINE="endpoint", ENDPOINT="http://db:8000"):
        assert engines.current().endpoint_url == "http://db:8000"
    with dynamodb(ENGINE="endpoint", ENDPOINT="http://db:8001"):
        assert engines.current().endpoint_url == "http://db:8001"
    assert engines.current() is before


@pytest.mark.usefixtures("unguarded")
def test_debug_is_what_it_was_when_apps_were_loaded(monkeypatch):
    monkeypatch.setattr(selection, "_debug", None)
    with override_settings(DEBUG=True):
        engines.sample_debug()
    assert engines.configuration_problem() is None  # though DEBUG is off now, as test runners make it


@pytest.mark.usefixtures("unguarded")
def test_use_replaces_the_engine_and_nests():
    outer, inner = EndpointEngine("http://outer"), EndpointEngine("http://inner")
    with engines.use(outer):
        with engines.use(inner) as used:
            assert used is inner
            assert engines.current() is inner
        assert engines.current() is outer


@pytest.mark.usefixtures("unguarded")
def test_reset_stops_what_was_started():
    with dynamodb(ENGINE="moto"):
        engine = engines.current()
        engine.start()
        assert engine.running
        engines.reset()
        assert not engine.running
        assert engines.current() is not engine


def test_every_engine_has_the_interface():
    with dynamodb(ENDPOINT="http://db:8000", REGION="eu-west-1"):
        for name in engines.NAMES:
            engine = engines.make(name)
            assert engine.name == name
            for member in ("check", "start", "stop", "status", "shut_down", "wait_for_end"):
                assert callable(getattr(engine, member))
            assert engine.region == "eu-west-1"
            assert engine.local == (name not in ("endpoint", "aws"))


def test_local_engines_never_see_real_credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("embedded", "moto", "dynamodb-local"):
        assert engines.make(name).credentials == ("local", "local")


def test_moto_is_one_of_them(request):
    engine = MotoEngine()
    request.addfinalizer(engine.stop)
    assert "not running" in engine.status()
