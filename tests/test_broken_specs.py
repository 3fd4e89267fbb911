"""Specs with errors: what is logged, when serving is refused, and what goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.conftest import PATIENCE, ROOT, SERVERS, Project

WHOLE = """\
openapi: 3.1.0
info: {title: Whole, version: "1"}
components:
  schemas:
    Group: {type: object, x-model: auth.Group, properties: {name: {type: string}}}
paths:
  /groups:
    get:
      security: []
      responses:
        "200":
          description: All
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Group"}}}}
"""

TWICE = """\
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths:
  /notes:
    get: {security: [], x-bind-server: handlers.ping, responses: {"200": {description: All}}}
    get: {security: [], x-bind-server: handlers.ping, responses: {"200": {description: All}}}
"""

NOWHERE = """\
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths:
  /notes:
    get:
      security: []
      x-bind-server: handlers.nothing
      responses:
        "200":
          description: All
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
"""

VIEWSETS = """
from rest_framework.permissions import IsAdminUser
from macaron_django.api import viewsets

class Notes(viewsets.notes.Notes):
    permission_classes = [IsAdminUser]

class Groups(viewsets.whole.Groups):
    permission_classes = [IsAdminUser]
"""


@pytest.fixture
def notes(tmp_path: Path, projects: Callable[..., Project]) -> Callable[..., Project]:
    """Make a project with a whole API and the API ``notes``, whose text is given, and with settings."""

    def make(text: str, **settings: object) -> Project:
        folder = tmp_path / "site"
        shutil.copytree(ROOT / "tests" / "fixtures" / "project", folder)
        (folder / "apis").mkdir()
        (folder / "apis" / "whole.yaml").write_text(WHOLE)
        (folder / "apis" / "notes.yaml").write_text(text)
        (folder / "handlers.py").write_text("def ping(): return 'pong'\n")
        (folder / "own.py").write_text(VIEWSETS)
        lines = [f"{name} = {value!r}" for name, value in settings.items()]
        (folder / "case_settings.py").write_text("\n".join(lines))
        return projects(folder)

    return make


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (TWICE, ["notes.yaml:6:5: E031 The key 'get' occurs twice"]),
        (
            NOWHERE,
            ["notes.yaml:11:49: E010 There is nothing at #/components/schemas/Note", "notes.yaml:5:5: E301 "],
        ),
    ],
    ids=["a key twice", "a reference and a handler"],
)
def test_with_debug_off_the_first_import_of_the_urls_raises_every_error_with_its_line(notes, text, places):
    project = notes(text)
    script = """
from django.core.exceptions import ImproperlyConfigured
try:
    import macaron_django.urls
except ImproperlyConfigured as error:
    print(error)
"""
    printed = project.manage("shell", "--no-imports", "-c", script).stdout
    assert [place for place in places if place not in printed] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TWICE, "notes.yaml:6:5: E031 The key 'get' occurs twice"),
        (NOWHERE, "notes.yaml:11:49: E010 There is nothing at #/components/schemas/Note"),
    ],
    ids=["left out", "loaded"],
)
def test_errors_are_logged_once_when_apps_load(notes, text, place):
    assert notes(text).manage("shell", "--no-imports", "-c", "pass").stderr.count(place) == 1


def test_commands_that_print_errors_or_need_no_spec_log_none(notes):
    project = notes(NOWHERE)
    assert "E010" not in project.manage("explaincheck", "E301").stderr
    checked = project.manage("checkspec", "apis/notes.yaml", code=1)
    assert (checked.stdout + checked.stderr).count("notes.yaml:11:49") == 1


@pytest.mark.parametrize("text", [TWICE, NOWHERE], ids=["left out", "loaded"])
def test_commands_go_on_and_check_says_why(notes, text):
    project = notes(text)
    project.manage("migrate", "--skip-checks")
    project.manage("showapi", "whole")
    checked = project.manage("check", code=1)
    by_tag = project.manage("check", "--tag", "macaron_django", code=1).stderr
    first = "notes.yaml:6:5" if text == TWICE else "notes.yaml:11:49"
    assert [checked.stderr.count(first), by_tag.count(first)] == [1, 1]
    assert "Traceback" not in checked.stderr


@pytest.mark.parametrize("server", sorted(SERVERS))
def test_a_server_ends_when_it_starts(notes, server):
    project = notes(NOWHERE)
    command = [part for part in SERVERS[server] if part != "--respawn-failed-workers"]
    ended = subprocess.run(
        [sys.executable, "-m", *(part.replace("{port}", "0") for part in command)],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode != 0
    assert "notes.yaml:5:5: E301 " in ended.stdout + ended.stderr


@pytest.mark.parametrize("text", [TWICE, NOWHERE], ids=["left out", "loaded"])
def test_the_other_apis_are_served_where_the_settings_say_so(notes, text):
    own = ["own.Notes", "own.Groups"]
    project = notes(text, MACARON={"ON_BROKEN_SPEC": "leave_out", "VIEWSETS": own})
    project.manage("migrate", "--skip-checks")
    client = project.serve_by("wsgi")
    assert client.get("/ping").status_code == 200
    assert client.get("/notes").status_code == 404
    assert client.get("/openapi/notes.json").status_code == 404
    assert client.get("/version").json()["apis"].keys() == {"ping", "whole"}
    assert client.get("/groups").status_code in (401, 403)  # as its own viewset demands
    first = "notes.yaml:6:5" if text == TWICE else "notes.yaml:11:49"
    assert project.log().count(first) == 1
    assert project.log().count("notes.yaml:5:5: E301 ") == (text == NOWHERE)


def test_with_debug_on_an_api_that_can_be_loaded_is_served(notes):
    project = notes(NOWHERE, DEBUG=True)
    client: httpx.Client = project.serve_by("wsgi")
    assert client.get("/ping").status_code == 200
    assert client.get("/notes").status_code >= 500
    assert "notes.yaml:5:5: E301 " in project.log()


def test_a_silenced_error_stops_nothing(notes):
    client = notes(NOWHERE, SILENCED_SYSTEM_CHECKS=["macaron_django.E010", "macaron_django.E301"]).serve_by("wsgi")
    assert client.get("/ping").status_code == 200
