"""`manage.py dynamodb` in a project of its own, as real processes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from macaron_django.dynamodb.engines.supervisor import answers
from tests.conftest import PATIENCE


@pytest.fixture
def site(tmp_path, projects):
    """A new project without a spec; `configure` adds to its settings."""
    subprocess.run([sys.executable, "-m", "django", "startproject", "mysite", str(tmp_path)], check=True)
    settings = tmp_path / "mysite" / "settings.py"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("INSTALLED_APPS = [", 'INSTALLED_APPS = [\n    "macaron_django",'), "utf-8")
    return projects(tmp_path)


@pytest.fixture
def configure(site):
    def configure(*lines):
        with (site.folder / "mysite" / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write("\n" + "\n".join(lines) + "\n")

    return configure


@pytest.fixture
def foreground(site):
    """Start the command in the foreground; return the process and the line with its URL."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "manage.py", "dynamodb"],
            cwd=site.folder,
            env=site.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process, process.stdout.readline()

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def address_in(text):
    host, port = re.search(r"http://(127[.\d]+):(\d+)", text).groups()
    return host, int(port)


def test_it_prints_the_url_and_runs_until_control_c(site, foreground):
    process, line = foreground()
    address = address_in(line)
    assert line.startswith("embedded: running at http://127.")
    assert str(site.folder / "dynamodb.sqlite3") in line
    assert answers(address)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    printed = process.stdout.read()
    assert "Stopped." in printed
    assert "Traceback" not in printed
    assert not answers(address)


def test_status_tells_how_it_is_and_exits_with_1_if_it_does_not_run(site, foreground):
    assert site.manage("dynamodb", "--status", code=1).stdout.startswith("embedded: not running, data in ")
    assert not (site.folder / "dynamodb.sqlite3").exists()
    _, line = foreground()
    assert site.manage("dynamodb", "--status").stdout == line


def test_stop_ends_it_for_everybody_and_the_foreground_command_says_why_it_ends(site, foreground):
    process, line = foreground()
    assert site.manage("dynamodb", "--stop").stdout == "Stopped.\n"
    assert not answers(address_in(line))
    assert process.wait(PATIENCE) == 1
    assert "Another process stopped the engine" in process.stdout.read()


def test_stopping_what_does_not_run_is_no_error(site):
    assert "Nothing to stop. embedded: not running" in site.manage("dynamodb", "--stop").stdout


def test_control_c_leaves_an_engine_alone_that_others_use(foreground):
    process, line = foreground()
    _, same_line = foreground()
    assert same_line == line
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    assert "Other processes still use the engine" in process.stdout.read()
    assert answers(address_in(line))


@pytest.mark.parametrize("arguments", [(), ("--status",), ("--stop",)])
def test_no_engine_with_debug_off_is_one_line_with_the_remedy(site, configure, arguments):
    configure("DEBUG = False", "ALLOWED_HOSTS = ['*']")
    printed = site.manage("dynamodb", *arguments, code=1).stderr
    assert "CommandError: No DynamoDB engine is configured, and DEBUG is off" in printed
    assert "Traceback" not in printed


def test_an_engine_that_cannot_start_is_quoted_without_a_traceback(site):
    (site.folder / "dynamodb.sqlite3").write_text("This is not a database. " * 100)
    printed = site.manage("dynamodb", code=1).stderr
    assert f"CommandError: The embedded engine for {site.folder / 'dynamodb.sqlite3'} can't start" in printed
    assert "not a valid SQLite database" in printed
    assert "Traceback" not in printed


def test_an_engine_that_runs_elsewhere_can_only_be_asked(site, configure):
    configure('MACARON = {"DYNAMODB": {"ENGINE": "endpoint", "ENDPOINT": "http://127.0.0.1:1"}}')
    assert "there is nothing to run here" in site.manage("dynamodb", code=1).stderr
    assert "can't be stopped from here" in site.manage("dynamodb", "--stop", code=1).stderr
    assert site.manage("dynamodb", "--status", code=1).stdout == "endpoint: http://127.0.0.1:1 does not answer\n"


def test_a_spec_that_cannot_be_served_does_not_lock_up_the_data(site):
    (site.folder / "apis").mkdir()
    (site.folder / "apis" / "broken.yaml").write_text("openapi: [", "utf-8")
    assert "not running" in site.manage("dynamodb", "--status", code=1).stdout


def test_status_and_stop_exclude_each_other(site):
    assert "not allowed with argument" in site.manage("dynamodb", "--status", "--stop", code=2).stderr
