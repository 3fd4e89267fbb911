"""MacaronTestCase in projects of its own: it starts a server, or calls the one that it is given."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from macaron_django.testing import MacaronTestCase
from tests.conftest import PATIENCE

TESTS = """
    from django.contrib.auth.models import User
    from macaron_django.auth import load_auth_token
    from macaron_django.testing import MacaronTestCase


    class NoteTests(MacaronTestCase):
        def test_a_note_is_kept(self):
            self.assertCallReturnDict("POST", "notes", {"text": "hi"}, {"note_id": "1", "text": "hi"}, status=201)
            self.assertGetReturnDict("/notes/1", {"text": "hi"})
            User.objects.create(username="ada")

        def test_each_test_begins_with_empty_tables(self):
            self.assertGetReturnError("notes/1", 404, "NOT_FOUND")
            assert not User.objects.exists()

        def test_every_project_has_these(self):
            self.assertHasPing()
            assert self.assertHasVersion()["apis"] == {"notes": "1", "ping": "1.0"}
            self.assertHasAuthVersion()
            assert self.base_url == f"http://{self.host}:{self.port}"

        def test_the_token_is_one_of_the_project(self):
            assert load_auth_token(self.token, load=False)["sub"] == "test-jwt-token"
"""

#: Other settings of the project: no databases and keys, and URLs that no server could serve.
OTHER_SETTINGS = {"bare": "DATABASES, MACARON = {}, {}", "broken": "ROOT_URLCONF = 'not.there'"}


@pytest.fixture(scope="module")
def project(case_project):
    made = case_project("acceptance", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")  # the others take seconds
    for name, line in OTHER_SETTINGS.items():
        (made.folder / f"{name}_settings.py").write_text(f"from settings import *\n\n{line}\n", "utf-8")
    return made


@pytest.fixture
def run(project, request):
    """Runs a module of tests in the project, by pytest or another command, and returns what is printed."""
    module = f"test_{request.node.name.removeprefix('test_')}"

    def run(source, *command, code=0, **environment):
        (project.folder / f"{module}.py").write_text(textwrap.dedent(source), "utf-8")
        given = {name: value for name, value in project.environment.items() if not name.startswith("PYM_")}
        done = subprocess.run(
            [sys.executable, "-m", *(command or ("pytest", "-q", "-s")), module + ("" if command else ".py")],
            cwd=project.folder,
            env={**given, "DJANGO_SETTINGS_MODULE": "settings", **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_a_class_starts_the_project_and_each_test_has_tables_of_its_own(run):
    assert "4 passed" in run(TESTS)


def test_it_works_with_djangos_own_test_runner(run):
    assert "Ran 4 tests" in run(TESTS, "django", "test")


def test_a_project_without_databases_and_keys_is_served_too(run):
    source = """
        from macaron_django.testing import MacaronTestCase


        class Tests(MacaronTestCase):
            def test_it(self):
                assert self.token is None
                self.assertHasPing()
    """
    assert "1 passed" in run(source, DJANGO_SETTINGS_MODULE="bare_settings")


CALLS = """
    from macaron_django.testing import MacaronTestCase


    class Tests(MacaronTestCase):
        def test_it(self):
            print(self.base_url, self.host, repr(self.port), self.token, type(self).databases)
"""


def test_a_server_in_the_environment_is_called_and_none_is_started(run):
    environment = {"PYM_SERVER_HOST": "https://example.com", "PYM_SERVER_PORT": "8443", "PYM_JWT_TOKEN": "a.b.c"}
    printed = run(CALLS, DJANGO_SETTINGS_MODULE="broken_settings", **environment)
    assert "https://example.com:8443 example.com 8443 a.b.c frozenset()" in printed


def test_the_server_of_the_class_comes_first(run):
    attributes = "\n    host = '192.0.2.1'\n    port = '99'\n    token = 'd.e.f'\n"
    printed = run(textwrap.dedent(CALLS) + attributes)
    assert "http://192.0.2.1:99 192.0.2.1 99 d.e.f" in printed


def test_half_a_server_in_the_environment_is_an_error(run):
    printed = run(CALLS, code=1, PYM_SERVER_HOST="example.com")
    assert "Set PYM_SERVER_PORT, too" in printed


def test_the_test_case_has_every_assertion_of_pymacaron():
    json = "GetReturnJson DeleteReturnJson PostReturnJson GetReturnDict PostReturnDict GetReturnOk PostReturnOk"
    errors = "GetReturnError PostReturnError"
    calls = "CallReturnJson CallReturnDict CallReturnOk CallReturnError"
    pages = "CallReturnHtml CallReturnText CallReturnRedirect"
    builtin = "HasPing HasVersion HasAuthVersion IsVersion"
    names = [f"assert{name}" for group in (json, errors, calls, pages, builtin) for name in group.split()]
    names += ["_try", *(f"_assertMethodReturn{kind}" for kind in ("Content", "Json", "Dict"))]
    assert [name for name in names if not callable(getattr(MacaronTestCase, name, None))] == []
