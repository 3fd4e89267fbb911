"""``manage.py acceptance``: what the tests are told, whose server they call, and how a run ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from pathlib import Path

import jwt
import pytest
from django.core.management import CommandError, call_command

from macaron_django.conf import settings as macaron
from macaron_django.management.commands import acceptance
from tests.conftest import PATIENCE

TOLD = """
    import json
    import os
    import urllib.request
    from pathlib import Path

    import pytest

    from macaron_django.auth import load_auth_token

    BASE = "http://{PYM_SERVER_HOST}:{PYM_SERVER_PORT}"


    def test_what_is_told():
        names = ("PYM_SERVER_HOST", "PYM_SERVER_PORT", "PYM_JWT_TOKEN", "NO_SSL_CHECK")
        Path("told.json").write_text(json.dumps({name: os.environ.get(name) for name in names}))


    @pytest.mark.skipif("PYM_JWT_TOKEN" not in os.environ, reason="no token")
    def test_the_token_is_taken():
        url = BASE.format_map(os.environ) + "/auth/version"
        asked = urllib.request.Request(url, headers={"Authorization": "Bearer " + os.environ["PYM_JWT_TOKEN"]})
        assert urllib.request.urlopen(asked).status == 200
        assert load_auth_token(os.environ["PYM_JWT_TOKEN"], load=False)["sub"] in ("test-jwt-token", "ada")
"""
NOTES = """
    from macaron_django.testing import MacaronTestCase


    class NoteTests(MacaronTestCase):
        def test_1_a_note_is_kept(self):
            self.assertGetReturnError("notes/1", 404, "NOT_FOUND")
            self.assertPostReturnDict("notes", {"note_id": "1"}, {"note_id": "1"}, 201)

        def test_2_what_one_test_keeps_the_next_finds_for_it_is_one_server(self):
            self.assertGetReturnJson("notes/1")
"""
FAILING = """
    def test_1():
        assert 1 == 2

    def test_2():
        print("the second one ran")
"""


@pytest.fixture(scope="module")
def project(case_project):
    made = case_project("acceptance", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")  # the others take seconds
    for name in list(made.environment):
        if name.startswith("PYM_"):
            del made.environment[name]
    return made


@pytest.fixture
def folder(project):
    """The folder testaccept/ of the project, empty."""
    folder = project.folder / "testaccept"
    folder.mkdir(exist_ok=True)
    for path in (*folder.glob("*.py"), project.folder / "told.json"):
        path.unlink(missing_ok=True)
    return folder


@pytest.fixture
def port():
    """A port that something listens on, for tests that call nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield str(listening.getsockname()[1])


def write(folder: Path, **modules: str) -> None:
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), "utf-8")


def told(project):
    return json.loads((project.folder / "told.json").read_text("utf-8"))


def refuses_connections(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
    except urllib.error.URLError:
        return True
    return False


def test_it_starts_a_server_with_empty_tables_gives_a_token_and_reports(project, folder):
    write(folder, test_told=TOLD, test_notes=NOTES)
    done = project.manage("acceptance")
    assert "4 passed" in done.stdout
    assert f"Acceptance tests against http://127.0.0.1:{told(project)['PYM_SERVER_PORT']}" in done.stdout
    assert "Acceptance tests passed after" in done.stdout
    assert told(project)["PYM_SERVER_HOST"] == "127.0.0.1"
    assert told(project)["NO_SSL_CHECK"] is None
    assert told(project)["PYM_JWT_TOKEN"] not in done.stdout + done.stderr
    assert refuses_connections(told(project)["PYM_SERVER_PORT"])
    assert not (project.folder / "dynamodb.sqlite3").exists()  # the development data
    assert not (project.folder / "db.sqlite3").exists()


def test_a_running_server_is_called_and_left_running(project, folder):
    write(folder, test_told=TOLD)
    client = project.serve()
    port = str(client.base_url.port)
    done = project.manage("acceptance", "testaccept/test_told.py", "--port", port, "--user", "ada", "--no-ssl-check")
    assert "2 passed" in done.stdout
    assert told(project)["PYM_SERVER_PORT"] == port
    assert told(project)["NO_SSL_CHECK"] == "1"
    assert client.get("/ping").status_code == 200
    done = project.manage(
        "acceptance", "--no-token", PYM_SERVER_HOST="127.0.0.1", PYM_SERVER_PORT=port, PYM_JWT_TOKEN="not.this.one"
    )
    assert "1 passed, 1 skipped" in done.stdout
    assert told(project)["PYM_JWT_TOKEN"] is None


def test_a_failure_ends_the_run_unless_it_is_told_to_go_on(project, folder, port):
    write(folder, test_failing=FAILING)
    server = {"PYM_SERVER_HOST": "127.0.0.1", "PYM_SERVER_PORT": port}
    done = project.manage("acceptance", "--loop", code=1, **server)
    assert "1 failed" in done.stdout
    assert "Acceptance tests failed after" in done.stdout
    done = project.manage("acceptance", "--no-stop", "--nocapture", code=1, **server)
    assert "1 failed, 1 passed" in done.stdout
    assert "the second one ran" in done.stdout
    done = project.manage("acceptance", "--", "testaccept", "-k", "nothing_like_this", code=5, **server)
    assert "no tests were found" in done.stdout


UNCHANGED = """
    from django.contrib.auth.models import User
    from pymacaron.auth import generate_token
    from pymacaron.test import PyMacaronTestCase


    class Test(PyMacaronTestCase):
        def test_it(self):
            assert User._meta
            assert generate_token(user_id="test-jwt-token")
            assert self.host == "127.0.0.1"
"""


def test_apps_and_old_names_are_there_without_pytest_django(project, folder, port):
    write(folder, test_unchanged=UNCHANGED)
    settings = "from settings import *\n\nINSTALLED_APPS = [*INSTALLED_APPS, 'macaron_django.compat']\n"
    (project.folder / "compat_settings.py").write_text(settings, "utf-8")
    options = ("--port", port, "--settings", "compat_settings")
    done = project.manage("acceptance", *options, "--", "-c", os.devnull, "--rootdir=.", "testaccept")
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_tests_and_the_server(project, folder, number, code):
    write(folder, test_told=TOLD, test_waiting="import time\n\ndef test_waiting():\n    time.sleep(600)\n")
    running = subprocess.Popen(
        [sys.executable, "manage.py", "acceptance", "--verbosity", "0"],
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not (project.folder / "told.json").exists() or not told_whole(project):
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(number)  # to this process alone, as a supervisor would
        printed = running.communicate(timeout=PATIENCE)[0]
    finally:
        running.kill()
        running.wait()
    assert running.returncode == code, printed
    assert "KeyboardInterrupt" in printed  # pytest has ended, and said where
    assert refuses_connections(told(project)["PYM_SERVER_PORT"])


def told_whole(project):
    try:
        return bool(told(project))
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["testacept"], "There is no testacept"),
        (["testaccept/test_tald.py"], "did you mean testaccept/test_told.py?"),
        (["--host", "example.com/v1"], "'example.com/v1' isn't a host name"),
        (["--port", "http"], "'http' isn't a port"),
        (["--host", "http://example.com:80", "--port", "81"], "isn't 81: give the port once"),
    ],
)
def test_a_mistake_is_named_before_anything_is_started(tmp_path, monkeypatch, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    write_to = tmp_path / "testaccept"
    write_to.mkdir()
    write(write_to, test_told=TOLD)
    with pytest.raises(CommandError, match=complaint.replace("?", r"\?")):
        call_command(acceptance.Command(), *arguments)


def test_a_folder_that_isnt_there_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match="There is no folder testaccept here"):
        call_command(acceptance.Command())


def test_half_a_server_in_the_environment_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "testaccept").mkdir()
    monkeypatch.setenv("PYM_SERVER_HOST", "127.0.0.1")
    with pytest.raises(CommandError, match="Set PYM_SERVER_PORT, too"):
        call_command(acceptance.Command())


def test_a_token_that_nothing_can_sign_is_refused_where_it_is_asked_for(tmp_path, monkeypatch, settings, port):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "testaccept").mkdir()
    settings.MACARON = {}
    with pytest.raises(CommandError, match="no key that can sign"):
        call_command(acceptance.Command(), "--port", port, "--gen-token")


def test_a_server_that_isnt_there_is_told_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "testaccept").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = str(closed.getsockname()[1])
    with pytest.raises(CommandError, match=f"No server answers at http://127.0.0.1:{port}"):
        call_command(acceptance.Command(), "--port", port)


@pytest.fixture
def _own_file():
    yield
    macaron.use_file(None)


@pytest.mark.usefixtures("_own_file")
def test_an_environment_names_its_server_and_its_keys(tmp_path, monkeypatch, settings):
    monkeypatch.chdir(tmp_path)
    settings.BASE_DIR = tmp_path
    settings.MACARON = {}
    (tmp_path / "testaccept").mkdir()
    (tmp_path / "pym-config.yaml").write_text("name: shop\n", "utf-8")
    secret = "a secret of the test environment, long enough"
    config = f"name: shop\nlive_url: https://test.example.com\njwt_secret: {secret}\n"
    (tmp_path / "pym-config.test.yaml").write_text(config, "utf-8")
    ran = []

    popen = subprocess.Popen

    def run(command, env):
        ran.append(env)
        return popen([sys.executable, "-c", ""])

    monkeypatch.setattr(acceptance.subprocess, "Popen", run)
    monkeypatch.setattr(acceptance, "_require_answer", lambda target: None)
    call_command(acceptance.Command(), "--env", "test")
    (environment,) = ran
    assert environment["PYM_ENV"] == "test"
    assert (environment["PYM_SERVER_HOST"], environment["PYM_SERVER_PORT"]) == ("https://test.example.com", "443")
    assert jwt.decode(environment["PYM_JWT_TOKEN"], secret, ["HS256"])
    with pytest.raises(CommandError, match=r"there is no pym-config.live.yaml"):
        call_command(acceptance.Command(), "--env", "live")
    (tmp_path / "pym-config.live.yaml").write_text("name: shop\n", "utf-8")
    with pytest.raises(CommandError, match=r"pym-config.live.yaml has no live_url"):
        call_command(acceptance.Command(), "--env", "live")


def test_a_misspelt_option_is_an_error_and_help_names_all(project):
    done = project.manage("acceptance", "--prot", "80", code=2)
    assert "unrecognized arguments: --prot" in done.stderr
    printed = project.manage("acceptance", "--help").stdout
    for option in ("--host", "--port", "--user", "--no-token", "--no-ssl-check", "--no-stop", "--loop", "--nocapture"):
        assert option in printed


def test_errors_of_the_project_are_told_before_a_test_runs(project, folder):
    write(folder, test_told=TOLD)
    settings = "from settings import *\n\nMACARON = {'JWT': {'SECRET': 'short'}}\n"
    (project.folder / "short_settings.py").write_text(settings, "utf-8")
    done = project.manage("acceptance", "--settings", "short_settings", code=1)
    assert "SystemCheckError" in done.stderr
    assert not (project.folder / "told.json").exists()
