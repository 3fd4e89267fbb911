"""A user's own project: `django-admin startproject`, three lines, one file."""

from __future__ import annotations

from pathlib import Path


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
    text = spec.read_text("utf-8")
    spec.write_text(text.replace("hash_key: note_id", "hash_key: note_it"), "utf-8")

    refused = notes.manage("check", code=1)

    line = 1 + text.splitlines().index("      x-persist: {table: notes, hash_key: note_id}")
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
    text = spec.read_text("utf-8")
    spec.write_text(
        text.replace("      required: [text]", "      x-parent: nowhere.Parent\n      required: [text]"), "utf-8"
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
