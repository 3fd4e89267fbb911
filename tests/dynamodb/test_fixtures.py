"""Rows in Django's serializers, dumpdata and loaddata, beside the ORM's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.core.management import call_command
from django.db.models.signals import post_save

from macaron_django.dynamodb import ItemManager, Persistence
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas.models.row_models import build_model

#: An app whose models ``dumpdata`` reads.
LABEL = "admin"
FULL = {
    "id": "a",
    "name": None,
    "age": 3,
    "score": 1.5,
    "active": False,
    "tags": ["x", "y"],
    "photo": "AAE=",
    "address": {"city": "Paris", "zip": "1"},
    "places": [{"city": "Rome"}],
    "created": "2026-01-01T00:00:00Z",
    "anything": {"deep": [1, None]},
    "version": 1,
}
SCHEMA = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "name": {"type": ["string", "null"]},
        "age": {"type": "integer", "minimum": 0},
        "score": {"type": "number"},
        "active": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "photo": {"type": "string", "format": "byte"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}},
        "places": {"type": "array", "items": {"type": "object", "properties": {"city": {"type": "string"}}}},
        "created": {"type": "string", "format": "date-time"},
        "anything": {},
        "version": {"type": "integer", "readOnly": True},
    },
}


@pytest.fixture(params=[None, "age"], ids=["hash key", "both keys"])
def model(request: Any, engine: object, make_table: Callable[..., Persistence]) -> Iterator[Any]:
    """A row class registered under an installed app, with a table on the engine."""
    persistence = make_table(SCHEMA, hash_key="id", range_key=request.param, sets=["tags"], version="version")
    made = build_model(
        persistence.schema,
        api="shop",
        label=LABEL,
        classes=persistence.classes,
        manager=ItemManager(persistence),
        hash_key="id",
        range_key=request.param,
        module=__name__,
    )
    persistence.bind(made)
    yield made
    del apps.all_models[LABEL][made._meta.model_name]
    apps.clear_cache()
    ContentType.objects.clear_cache()


@pytest.mark.parametrize("form", ["json", "jsonl", "xml", "python"])
def test_rows_with_nested_objects_go_through_djangos_serializers(model: Any, form: str) -> None:
    full, bare = model.from_json({**FULL}), model.from_json({"id": "b", "age": 0})
    full.save()
    bare.save()
    text = serializers.serialize(form, model.objects.all())
    made = {each.object.id: each.object for each in serializers.deserialize(form, text)}
    restored = made["a"].to_json()
    assert {**restored, "tags": sorted(restored["tags"])} == full.to_json()
    assert {name: value for name, value in made["b"].to_json().items() if value is not None} == bare.to_json()


def test_a_project_is_dumped_and_loaded_with_its_rows(model: Any, db: Any, tmp_path: Path, monkeypatch: Any) -> None:
    Group.objects.create(name="g")
    for number in range(3):
        model.from_json({**FULL, "id": f"a{number}", "age": number}).save()
    before = sorted((row.to_json() for row in model.objects.all()), key=lambda each: each["id"])
    dumped = tmp_path / "dumped.json"
    call_command("dumpdata", "auth.Group", model._meta.app_label, output=str(dumped), verbosity=0)
    everything = json.loads(dumped.read_text())
    assert [each["model"] for each in everything].count(model._meta.label_lower) == 3
    for row in model.objects.all():
        row.delete()
    saved = []
    post_save.connect(lambda **sent: saved.append((sent["raw"], sent["created"])), weak=False, sender=model)
    call_command("loaddata", str(dumped), verbosity=0)
    assert sorted((row.to_json() for row in model.objects.all()), key=lambda each: each["id"]) == before
    call_command("loaddata", str(dumped), verbosity=0)  # replaces what is there
    assert saved == [(True, True)] * 3 + [(True, False)] * 3
    assert model.objects.count() == 3


def test_a_fixture_that_breaks_the_schema_is_refused(model: Any, db: Any, tmp_path: Path) -> None:
    model.from_json({"id": "a", "age": 1}).save()
    text = StringIO()
    call_command("dumpdata", model._meta.app_label, stdout=text)
    (dumped,) = json.loads(text.getvalue())
    dumped["fields"]["places"] = [{"city": 7}]
    (tmp_path / "wrong.json").write_text(json.dumps([dumped]))
    with pytest.raises(ValidationFailed, match="/places/0/city"):
        call_command("loaddata", str(tmp_path / "wrong.json"), verbosity=0)
