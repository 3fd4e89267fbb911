"""`manage.py runserver` and the engine's life beside it."""

from __future__ import annotations

import os
import signal
import sys
import time

import httpx
import pytest

from macaron_django.dynamodb.engines.supervisor import answers
from tests.conftest import PATIENCE

RELOADING = (sys.executable, "manage.py", "runserver", "127.0.0.1:{port}")


@pytest.fixture
def configure(notes):
    def configure(*lines):
        with (notes.folder / "mysite" / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write("\n" + "\n".join(lines) + "\n")

    return configure


@pytest.fixture
def serve(notes):
    """Start the server; return a client of it, which is closed after the test."""
    clients = []

    def serve(*command):
        clients.append(notes.serve(*command))
        return clients[-1]

    yield serve
    for client in clients:
        client.close()


@pytest.fixture
def engine_address(notes):
    """The host and port of the project's engine; None if it doesn't run."""

    def address():
        status = notes.manage("dynamodb", "--status", code=None).stdout
        if "running at" not in status:
            return None
        host, _, port = status.partition("http://")[2].split()[0].partition(":")
        return host, int(port)

    return address


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.1)


def test_the_engine_is_started_and_named_in_one_line_before_anything_is_served(notes, engine_address, serve):
    serve(*RELOADING)
    address = engine_address()
    lines = notes.log().splitlines()
    about = [line for line in lines if line.startswith("DynamoDB: ")]
    assert len(about) == 1
    assert about[0].startswith(f"DynamoDB: embedded: running at http://{address[0]}:{address[1]} ")
    assert about[0].endswith(f"data in {notes.folder / 'dynamodb.sqlite3'}")
    assert lines.index(about[0]) < next(n for n, line in enumerate(lines) if "development server at http" in line)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_engine_ends_with_the_server(notes, engine_address, how, serve):
    serve(*RELOADING)
    address = engine_address()
    notes.kill(how=how)
    eventually(lambda: not answers(address))


def test_the_engine_outlives_a_reload(notes, engine_address, serve):
    client = serve(*RELOADING)
    notes.manage("synctables")
    address = engine_address()
    note = client.post("/notes", json={"text": "hello"}).json()
    os.utime(notes.folder / "mysite" / "settings.py")
    eventually(lambda: notes.log().count("development server at http") == 2)
    eventually(lambda: _text_of(client, note) == "hello")
    assert engine_address() == address
    assert notes.log().count("DynamoDB: ") == 1


def test_a_server_without_the_reloader_has_an_engine_too(notes, engine_address, serve):
    serve()
    assert answers(engine_address())
    assert "DynamoDB: embedded: running" in notes.log()


def test_moto_is_started_once_with_its_tables_and_keeps_its_data_over_a_reload(notes, configure, serve):
    configure('MACARON = {"DYNAMODB": {"ENGINE": "moto"}}')
    client = serve(*RELOADING)
    assert notes.log().count("DynamoDB: moto: running at http://127.") == 1
    note = client.post("/notes", json={"text": "hello"}).json()

    def reloaded():
        # Again and again, as the reloader may not have looked at the file a first time.
        os.utime(notes.folder / "mysite" / "settings.py")
        time.sleep(2)
        return notes.log().count("development server at http") > 1

    eventually(reloaded)
    eventually(lambda: _text_of(client, note) == "hello")


def test_a_project_that_persists_nothing_has_no_engine(notes, engine_address, serve):
    spec = notes.folder / "apis" / "notes.yaml"
    lines = spec.read_text("utf-8").splitlines()
    spec.write_text("\n".join(line for line in lines if "x-persist" not in line), "utf-8")
    serve()
    assert engine_address() is None
    assert "DynamoDB:" not in notes.log()


def test_no_engine_with_debug_off_is_the_check_s_to_tell(notes, configure):
    configure("DEBUG = False", "ALLOWED_HOSTS = ['*']")
    printed = notes.manage("runserver", "--noreload", "127.0.0.1:0", code=1).stderr
    assert "SystemCheckError" in printed
    assert "No DynamoDB engine is configured, and DEBUG is off" in printed


def test_an_engine_that_cannot_start_is_quoted_and_nothing_is_served(notes):
    (notes.folder / "dynamodb.sqlite3").write_text("This is not a database. " * 100)
    printed = notes.manage("runserver", "127.0.0.1:0", code=1).stderr
    assert "CommandError: The embedded engine for" in printed
    assert "not a valid SQLite database" in printed


@pytest.mark.parametrize("installed", [True, False])
def test_static_files_are_served_where_that_app_is_installed(notes, configure, installed, serve):
    if not installed:
        configure("INSTALLED_APPS.remove('django.contrib.staticfiles')")
    served = serve().get("/static/admin/css/base.css")
    assert served.status_code == (200 if installed else 404)
    assert ("--nostatic" in notes.manage("runserver", "--help").stdout) is installed


def _text_of(client, note):
    """The note's text as the server has it; None while it can't be reached."""
    try:
        return client.get(f"/notes/{note['note_id']}").json().get("text")
    except httpx.TransportError:
        return None


def test_mock_answers_what_nothing_is_bound_to(notes):
    (notes.folder / "apis" / "weather.yaml").write_text(
        """\
openapi: 3.1.0
info: {title: Weather, version: "1"}
paths:
  /weather:
    get:
      responses:
        "200":
          description: The weather.
          content: {application/json: {schema: {type: object, properties: {degrees: {type: integer, maximum: -3}}}}}
""",
        "utf-8",
    )
    client = notes.serve(*RELOADING, "--mock", "--noreload")
    assert client.get("/weather").json() == {"degrees": -3}
    assert client.get("/notes").json()["error"] == "TABLE_MISSING"  # what is generated is no mock
