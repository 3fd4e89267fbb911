"""A user's own project: `django-admin startproject`, three lines, one file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SPEC = """\
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths:
  /notes:
    get:
      responses:
        "200":
          description: A page of notes.
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Note"}}}}
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
      responses:
        "201":
          description: The note.
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
  /notes/{note_id}:
    parameters: [{name: note_id, in: path, required: true, schema: {type: string}}]
    get:
      responses:
        "200":
          description: The note.
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
components:
  schemas:
    Note:
      type: object
      x-persist: {table: notes, hash_key: note_id}
      required: [text]
      properties:
        note_id: {type: string, format: uuid, readOnly: true}
        text: {type: string, maxLength: 1000}
"""


@pytest.fixture
def notes(tmp_path, projects):
    """A new project that serves `apis/notes.yaml`."""
    subprocess.run([sys.executable, "-m", "django", "startproject", "mysite", str(tmp_path)], check=True)
    settings = tmp_path / "mysite" / "settings.py"
    settings.write_text(
        settings.read_text("utf-8").replace("INSTALLED_APPS = [", 'INSTALLED_APPS = [\n    "macaron_django",'), "utf-8"
    )
    urls = tmp_path / "mysite" / "urls.py"
    urls.write_text(
        urls.read_text("utf-8")
        .replace("from django.urls import path", "from django.urls import include, path")
        .replace("urlpatterns = [", 'urlpatterns = [\n    path("", include("macaron_django.urls")),'),
        "utf-8",
    )
    (tmp_path / "apis").mkdir()
    (tmp_path / "apis" / "notes.yaml").write_text(SPEC, "utf-8")
    return projects(tmp_path)


def test_three_lines_and_a_file_make_an_api(notes):
    assert "No changes" in notes.manage("makemigrations", "--check").stdout
    notes.manage("migrate", "--verbosity", "0")
    assert "no issues" in notes.manage("check").stdout
    notes.manage("synctables")

    client = notes.serve()
    created = client.post("/notes", json={"text": "Three lines."})
    assert created.status_code == 201, created.text
    note = created.json()
    assert note["text"] == "Three lines."
    assert client.get(f"/notes/{note['note_id']}").json() == note
    assert client.get("/notes").json() == [note]


def test_migrate_makes_the_permissions_of_persisted_schemas(notes):
    notes.manage("migrate", "--verbosity", "0")
    listed = notes.manage(
        "shell",
        "-c",
        "from django.contrib.auth.models import Permission\n"
        "for p in Permission.objects.filter(content_type__app_label='macaron_notes'): print(p.codename)",
    )
    assert {"add_note", "change_note", "delete_note", "view_note"} <= set(listed.stdout.split())


def test_a_spec_that_cannot_be_served_stops_check_with_its_place_and_reason(notes):
    spec = notes.folder / "apis" / "notes.yaml"
    spec.write_text(SPEC.replace("hash_key: note_id", "hash_key: note_it"), "utf-8")

    refused = notes.manage("check", code=1)

    line = 1 + SPEC.splitlines().index("      x-persist: {table: notes, hash_key: note_id}")
    assert f"notes.yaml:{line}" in refused.stderr
    assert "note_it" in refused.stderr
    assert "note_id" in refused.stderr


def test_a_spec_that_is_no_yaml_stops_check_and_not_django(notes):
    (notes.folder / "apis" / "notes.yaml").write_text("openapi: 3.1.0\npaths: [\n", "utf-8")

    assert "notes.yaml" in notes.manage("check", code=1).stderr
    notes.manage("shell", "-c", "print('Django runs')")


def test_no_engine_with_debug_off_is_an_error_and_never_aws(notes):
    settings = notes.folder / "mysite" / "settings.py"
    settings.write_text(settings.read_text("utf-8").replace("DEBUG = True", "DEBUG = False"), "utf-8")

    refused = notes.manage("check", code=1)

    assert "macaron_django.E103" in refused.stderr
    assert "ENGINE" in refused.stderr


def test_a_parent_that_cannot_be_imported_stops_check_and_not_django(notes):
    spec = notes.folder / "apis" / "notes.yaml"
    spec.write_text(
        SPEC.replace("      required: [text]", "      x-parent: nowhere.Parent\n      required: [text]"), "utf-8"
    )

    refused = notes.manage("check", code=1)

    assert "macaron_django.E203" in refused.stderr
    assert "nowhere" in refused.stderr


def test_loading_django_starts_no_engine(notes):
    notes.manage("check")

    assert not list(notes.folder.glob("*.dynamodb.lock"))


def test_a_project_needs_no_admin_to_render_templates(tmp_path, projects):
    settings = (
        'SECRET_KEY = "of-a-test-of-a-test-of-a-test-of-a-test"',
        f'BASE_DIR = "{tmp_path}"',
        'INSTALLED_APPS = ["macaron_django"]',
        'TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]',
    )
    (tmp_path / "settings.py").write_text("\n".join(settings), "utf-8")
    manage = (Path(__file__).parent / "fixtures" / "project" / "manage.py").read_text("utf-8")
    (tmp_path / "manage.py").write_text(manage, "utf-8")
    assert "no issues" in projects(tmp_path).manage("check").stdout
