"""Persisted schemas among models of the ORM: relations into them, several databases, routers, migrations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILES = {
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
""",
    "settings.py": """
from pathlib import Path
SECRET_KEY = "a secret of a test's own, long enough"
DEBUG = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "macaron_django", "diary"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    name: {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).with_name(f"{name}.sqlite3")}
    for name in ("default", "other")
}
DATABASE_ROUTERS = ["routers.Elsewhere"]
ROOT_URLCONF = "urls"
MACARON = {"DYNAMODB": {"ENGINE": "moto"}}
""",
    # Whatever it is asked, it says "other": rows of DynamoDB are in neither.
    "routers.py": """
class Elsewhere:
    def db_for_read(self, model, **hints):
        return "other" if model._meta.app_label.startswith("macaron") else None
    db_for_write = db_for_read
""",
    "urls.py": """
from django.urls import include, path
urlpatterns = [path("", include("macaron_django.urls"))]
""",
    "apis/notes.yaml": """
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths: {}
components:
  schemas:
    Note: {type: object, x-persist: {}, properties: {note_id: {type: string}, text: {type: string}}}
""",
    "diary/__init__.py": "",
    "diary/models.py": "",
}
USE = """
from django.contrib.auth.models import Permission
from macaron_django import apipool
from macaron_django.dynamodb.tables.syncing import create_table
Note = apipool.notes.Note
create_table(Note.objects.persistence.table)
note = Note.objects.create(note_id="7", text="x")
note.text = "y"
note.save()
note.save()
note.refresh_from_db()
print(Note.objects.get(pk="7").text, note.delete())
print(sorted(Permission.objects.filter(content_type__app_label="macaron_notes").values_list("codename", flat=True)))
"""


@pytest.fixture
def diary(tmp_path: Path, projects: Callable[..., Any]) -> Any:
    """A project with two databases, a router and a persisted schema."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return projects(tmp_path)


def test_routers_and_other_databases_leave_rows_permissions_and_migrations_alone(diary: Any) -> None:
    diary.manage("makemigrations", "--check")
    diary.manage("migrate", "--verbosity", "0")
    used = diary.manage("shell", "--verbosity", "0", "-c", USE).stdout
    assert "y (1, {'macaron_notes.Note': 1})" in used
    assert "['add_note', 'change_note', 'delete_note', 'view_note']" in used


def test_a_relation_into_a_persisted_schema_is_refused_before_any_migration(diary: Any) -> None:
    (diary.folder / "diary" / "models.py").write_text(
        "from django.db import models\n"
        "class Day(models.Model):\n"
        "    note = models.ForeignKey('macaron_notes.Note', models.CASCADE)\n"
        "    notes = models.ManyToManyField('macaron_notes.Note', related_name='+')\n",
        "utf-8",
    )
    refused = diary.manage("makemigrations", "diary", code=1).stderr
    assert "diary.Day.note can't be a ForeignKey: rows of macaron_notes.Note are in DynamoDB." in refused
    assert "diary.Day.notes can't be a ManyToManyField" in refused
    assert "(macaron_django.E106)" in refused
