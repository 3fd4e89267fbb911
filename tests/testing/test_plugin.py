"""The pytest plugin: in this run, and in runs of its own in other projects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading

import pytest
from django.test import override_settings

from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines.embedded import EmbeddedEngine
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.testing import EngineRefusedError

SETTINGS = """
    SECRET_KEY = "for a test"
    DEBUG = True
    USE_TZ = True
    INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "macaron_django"]
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
    MACARON = {"APIS": {"notes": "notes.json"}}
"""
NOTES = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {},
    "components": {
        "schemas": {
            "Note": {
                "type": "object",
                "x-persist": {"table": "notes", "hash_key": "note_id"},
                "properties": {"note_id": {"type": "string"}, "text": {"type": "string"}},
            }
        }
    },
}


@pytest.fixture
def run_pytest(tmp_path):
    """Run pytest on a file in a folder of its own; return what it printed."""

    def run(source, *arguments, passed=0, failed=0, errors=0):
        (tmp_path / "test_it.py").write_text(textwrap.dedent(source), "utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))}
        done = subprocess.run(
            [*command, "test_it.py"], cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=300, check=False
        )
        printed = done.stdout + done.stderr
        summary = printed.strip().rpartition("\n")[2]
        for count, word in ((passed, "passed"), (failed, "failed"), (errors, "error")):
            assert (f"{count} {word}" in summary) == (count > 0), printed
        return printed

    return run


@pytest.fixture
def project(tmp_path):
    """A project with one persisted schema, configured for pytest-django."""
    (tmp_path / "its_settings.py").write_text(textwrap.dedent(SETTINGS), "utf-8")
    (tmp_path / "notes.json").write_text(json.dumps(NOTES), "utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nDJANGO_SETTINGS_MODULE = its_settings\npythonpath = .\nfilterwarnings = error\n", "utf-8"
    )
    return tmp_path


def test_a_test_without_the_fixture_reaches_no_engine():
    with override_settings(DEBUG=True, MACARON={"DYNAMODB": {"ENGINE": "embedded"}}):
        engine = engines.current()
        with pytest.raises(EngineRefusedError, match="Use the `dynamodb` fixture"):
            _ = engine.endpoint_url


def test_an_engine_that_a_test_names_itself_is_used(tmp_path):
    engine = EmbeddedEngine(tmp_path / "its.sqlite3")
    with engines.use(engine):
        assert engines.current() is engine


@pytest.mark.parametrize("name", ["aws", "endpoint"])
def test_amazon_is_refused_to_a_test_that_is_not_marked(name):
    address = "https://dynamodb.eu-west-1.amazonaws.com"
    with override_settings(MACARON={"DYNAMODB": {"REGION": "eu-west-1", "ENDPOINT": address}}):
        engine = engines.make(name)
    with engines.use(engine), pytest.raises(EngineRefusedError, match=r"@pytest\.mark\.aws"):
        engines.current().start()


@pytest.mark.aws
def test_amazon_is_there_for_a_test_that_is_marked():
    with override_settings(MACARON={"DYNAMODB": {"REGION": "eu-west-1", "ENGINE": "embedded"}}):
        assert engines.current().name == "aws"
    with engines.use(EndpointEngine("https://dynamodb.eu-west-1.amazonaws.com")) as endpoint:
        assert engines.current() is endpoint


def test_threads_of_a_test_are_guarded_too():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(engines.current().name))
    thread.start()
    thread.join()
    assert seen == ["refused"]


def test_each_test_has_fresh_tables_of_its_own(run_pytest, project):
    source = """
        import pytest
        from django.test import TestCase, override_settings
        from macaron_django import apipool
        from macaron_django.dynamodb import engines

        @pytest.mark.parametrize("time", [1, 2])
        def test_items_of_one_test(dynamodb, time):
            assert engines.current() is dynamodb
            assert dynamodb.keeps_data_in is None
            Note = apipool.notes.Note
            assert Note.objects.count() == 0
            Note.objects.create(note_id="1", text="hello")
            assert Note.objects.get(note_id="1").text == "hello"
            with override_settings(MACARON={"PAGE_SIZE": 1, "APIS": {"notes": "notes.json"}}):
                assert Note.objects.get(note_id="1").text == "hello"

        @pytest.mark.usefixtures("dynamodb")
        class ATestCase(TestCase):
            def test_it(self):
                apipool.notes.Note.objects.create(note_id="1", text="hello")
                assert apipool.notes.Note.objects.count() == 1

        def test_without_the_fixture():
            apipool.notes.Note.objects.count()
    """
    printed = run_pytest(source, passed=3, failed=1)
    assert "This test called DynamoDB without choosing an engine" in printed
    assert not list(project.glob("dynamodb*")), "the development data was touched"


@pytest.mark.parametrize("engine", ["moto", "dynamodb-local"])
def test_the_command_line_picks_the_engine(run_pytest, project, engine):
    source = """
        from macaron_django import apipool

        def test_it(dynamodb, request):
            assert dynamodb.name == request.config.getoption("--dynamodb-engine")
            apipool.notes.Note.objects.create(note_id="1", text="hello")
            assert apipool.notes.Note.objects.get(note_id="1").text == "hello"
    """
    run_pytest(source, "--dynamodb-engine", engine, "-W", "default", passed=1)


def test_each_xdist_worker_has_an_engine_of_its_own(run_pytest, project):
    source = """
        import pathlib, pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(dynamodb, number, worker_id):
            pathlib.Path(f"{worker_id}-{number}.url").write_text(dynamodb.endpoint_url)
    """
    run_pytest(source, "-n", "2", passed=4)
    urls = {}
    for path in project.glob("*.url"):
        urls.setdefault(path.name.partition("-")[0], set()).add(path.read_text())
    assert len(urls) == len(set().union(*urls.values()))


def test_an_engine_is_started_once_a_run_and_ends_with_it(run_pytest, project, eventually_gone):
    source = """
        import pathlib

        def test_one(dynamodb):
            pathlib.Path("url").write_text(dynamodb.endpoint_url)

        def test_two(dynamodb):
            assert pathlib.Path("url").read_text() == dynamodb.endpoint_url
    """
    run_pytest(source, passed=2)
    eventually_gone((project / "url").read_text())


def test_an_engine_ends_with_a_run_that_was_killed(run_pytest, project, eventually_gone):
    source = """
        import os, pathlib, signal

        def test_one(dynamodb):
            pathlib.Path("url").write_text(dynamodb.endpoint_url)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    run_pytest(source)
    eventually_gone((project / "url").read_text())


def test_a_project_without_django_notices_nothing(run_pytest):
    source = """
        import sys

        def test_it():
            loaded = {name.partition(".")[0] for name in sys.modules}
            assert not loaded & {"django", "pynamodb", "botocore", "rest_framework", "moto"}
            assert "macaron_django.testing.plugin" in sys.modules
            assert "macaron_django.testing.isolation" not in sys.modules
    """
    run_pytest(source, "-p", "no:django", passed=1)


def test_the_fixture_without_django_s_settings_says_what_it_needs(run_pytest):
    printed = run_pytest("def test_it(dynamodb): pass", "-p", "no:django", errors=1)
    assert "set DJANGO_SETTINGS_MODULE" in printed
    assert "Traceback" not in printed


def test_the_marker_and_the_option_are_known(run_pytest):
    assert "@pytest.mark.aws" in run_pytest("", "--markers")
    assert "--dynamodb-engine" in run_pytest("", "--help")


def test_the_calls_of_tests_are_recorded_for_a_policy_without_those_of_the_fixture(project, run_pytest):
    source = """
        def test_a_handlers_calls(dynamodb):
            from macaron_django import apipool
            from macaron_django.dynamodb import get_dynamodb
            apipool.notes.Note.objects.create(note_id="1")
            get_dynamodb().meta.client.scan(TableName=apipool.notes.Note.objects.persistence.table_name)
    """
    run_pytest(source, "--dynamodb-record", "calls.jsonl", passed=1)
    assert [json.loads(line) for line in (project / "calls.jsonl").read_text("utf-8").splitlines()] == [
        {"action": action, "table": "notes", "index": "", "prefixed": True} for action in ("PutItem", "Scan")
    ]
