"""Which engine the settings choose, what a test run may reach, and how one engine replaces another."""

from __future__ import annotations

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from macaron_django.checks.project_checks import check_engine
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines import dynamodb_local, embedded, moto, selection
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


def program(folder, name, *, exit_code=0):
    """A program that says it works, or doesn't."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\nexit {exit_code}\n", "utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.usefixtures("unguarded", "debug_on", "no_binary")
def test_none_and_debug_on_is_the_first_engine_that_is_here_and_keeps_data(tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(programs))
    base = tmp_path / "project"
    with override_settings(BASE_DIR=base):
        program(programs, "docker")
        assert engines.current().name == "container"
        (base / "dynamodb_local").mkdir(parents=True)
        (base / "dynamodb_local" / "DynamoDBLocal.jar").touch()
        engines.reset()
        assert engines.current().name == "container"  # a jar without Java
        program(programs, "java")
        engines.reset()
        assert engines.current().name == "dynamodb-local"
        program(programs, "dynoxide")
        engines.reset()
        assert engines.current().name == "embedded"
        assert engines.choice_warning() is None


@pytest.mark.usefixtures("unguarded", "debug_on", "no_binary")
def test_programs_that_do_not_work_are_not_chosen(tmp_path, monkeypatch):
    """As Docker's client without its daemon, and the ``java`` that macOS has."""
    programs = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(programs))
    for name in ("java", "podman", "docker"):
        program(programs, name, exit_code=1)
    (tmp_path / "dynamodb_local").mkdir()
    (tmp_path / "dynamodb_local" / "DynamoDBLocal.jar").touch()
    with override_settings(BASE_DIR=tmp_path), pytest.warns(RuntimeWarning, match="moto"):
        assert engines.current().name == "moto"


@pytest.mark.usefixtures("unguarded", "debug_on", "no_binary")
def test_moto_comes_last_with_a_warning():
    with pytest.warns(RuntimeWarning, match=r"data is lost.*other manage.py\s+processes.*npm install"):
        assert engines.current().name == "moto"
    assert engines.current().name == "moto"  # and is warned of once
    assert "data is lost" in (engines.choice_warning() or "")
    assert engines.configuration_problem() is None


@pytest.mark.usefixtures("unguarded", "debug_on", "no_binary")
def test_a_machine_without_any_engine_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(moto, "find_spec", lambda _: None)
    warning = engines.choice_warning() or ""
    for remedy in ("npm install", "DynamoDB Local", "Podman", "macaron_django[moto]"):
        assert remedy in warning
    with pytest.raises(ImproperlyConfigured, match="no DynamoDB engine on this machine"):
        engines.current()


@pytest.mark.usefixtures("unguarded", "no_binary")
@pytest.mark.parametrize(
    ("debug", "level", "check_id"),
    [(True, checks.WARNING, "macaron_django.W103"), (False, checks.ERROR, "macaron_django.E103")],
)
def test_a_development_machine_without_an_engine_can_be_migrated_a_server_cannot(monkeypatch, debug, level, check_id):
    monkeypatch.setattr(moto, "find_spec", lambda _: None)
    monkeypatch.setattr(selection, "_debug", debug)
    (found,) = check_engine(None)
    assert (found.level, found.id) == (level, check_id)
    assert found.is_serious() is not debug  # migrate goes on, or stops


@pytest.mark.parametrize(
    ("system", "machine", "package"),
    [
        ("linux", "x86_64", "@dynoxide/linux-x64@1.2.1"),
        ("linux", "aarch64", "dynoxide"),
        ("darwin", "arm64", "dynoxide"),
    ],
)
def test_the_remedy_is_for_this_platform(monkeypatch, system, machine, package):
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert f"`npm install --no-save {package}`" in embedded.binary_missing()


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
        ({"ENGINE": "endpoint"}, "ENDPOINT isn't set"),
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
        assert "npm install --no-save @dynoxide/linux-x64" in (engines.configuration_problem() or "")
    with dynamodb(ENGINE="container"):
        assert "needs Podman or Docker" in (engines.configuration_problem() or "")
    with dynamodb(ENGINE="dynamodb-local"):
        assert "DynamoDBLocal.jar wasn't found" in (engines.configuration_problem() or "")


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
    for name in ("embedded", "moto", "dynamodb-local", "container"):
        assert engines.make(name).credentials == ("local", "local")


def test_moto_is_one_of_them(request):
    engine = MotoEngine()
    request.addfinalizer(engine.stop)
    assert "not running" in engine.status()
