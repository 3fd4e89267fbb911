"""Filters that DynamoDB can't answer: told when the project is checked, and refused when a client sends one."""

from __future__ import annotations

import itertools

import pytest
from django.apps import apps
from django.test import Client, override_settings

from macaron_django.api import build_viewsets, url_patterns
from macaron_django.dynamodb import persist
from macaron_django.dynamodb.tables import create_table
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import Classes

numbers = itertools.count()
NOTE = {
    "type": "object",
    "required": ["note_id"],
    "properties": {
        "note_id": {"type": "string"},
        "topic": {"type": "string"},
        "author": {"type": "string"},
        "written": {"type": "string"},
        "length": {"type": "integer"},
    },
}
INDEXES = {
    "by_topic": {"hash_key": "topic"},
    "by_author": {"hash_key": "author", "range_key": "written"},
}
LISTED = {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}


@pytest.fixture
def made(document):
    """Viewsets of a list of notes with these query parameters, kept in DynamoDB with this policy."""
    labels = []

    def make(parameters, path="/notes", **options):
        api = f"plans{next(numbers)}"
        labels.append(f"macaron_{api}")
        note = {**NOTE, "x-persist": {"table": api, "hash_key": "note_id", "indexes": INDEXES, **options}}
        described = document(
            {
                path: {
                    "parameters": [
                        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                        for name in ("author", "length")
                        if f"{{{name}}}" in path
                    ],
                    "get": {
                        "parameters": parameters,
                        "responses": {"200": {"description": "", "content": {"application/json": {"schema": LISTED}}}},
                    },
                }
            },
            {"Note": note},
            security=[],
        )
        classes = Classes(api, described)
        persist(api, labels[-1], described.schemas["Note"], classes)
        return build_viewsets(api, described, classes)

    yield make
    for label in labels:
        apps.all_models.pop(label, None)


def by(name, lookup=None, **more):
    extra = {"x-lookup": lookup} if lookup else {}
    return {"name": name, "in": "query", "schema": {"type": "string"}, **extra, **more}


@pytest.mark.parametrize(
    ("parameters", "path", "options", "found"),
    [
        ([by("topic"), by("note_id"), by("limit")], "/notes", {}, 0),
        ([by("length")], "/notes", {}, 1),
        ([by("length")], "/notes", {"scan": "capped"}, 0),
        ([by("length")], "/notes", {"scan": "allowed"}, 0),
        ([by("length"), by("topic", required=True)], "/notes", {}, 0),
        ([by("since", "topic__gte")], "/notes", {}, 1),
        # Notes without a date are in no index that is ordered by it.
        ([by("author")], "/notes", {}, 1),
        ([by("author", required=True), by("since", "written__gte")], "/notes", {}, 1),
        ([], "/topics/{length}/notes", {}, 1),
    ],
)
def test_a_filter_that_would_scan_is_a_finding(made, parameters, path, options, found):
    findings = made(parameters, path, **options).findings()
    assert [finding.id for finding in findings] == ["W304"] * found
    assert all("whole table" in finding.message for finding in findings)


@pytest.fixture
def notes(made, dynamodb):
    """A client of notes that are filtered by what has no index, and their model."""
    viewsets = made([by("length"), by("topic")])
    model = viewsets.stores["Note"].model
    create_table(model.objects.persistence.table)
    urls = type("urls", (), {"urlpatterns": url_patterns(viewsets.api, viewsets)})
    with override_settings(ROOT_URLCONF=urls):
        yield Client(raise_request_exception=False), model


def test_a_request_with_such_a_filter_is_400_and_tells_of_no_table(notes, caplog):
    client, model = notes
    model.objects.create(note_id="a", topic="t", length=3)
    refused = client.get("/notes?length=3")
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"], error["keyword"]) == (400, "/length", "scan")
    table = model.objects.persistence.table_name
    assert table not in refused.content.decode()
    assert table in caplog.text
    assert [each["note_id"] for each in client.get("/notes?length=3&topic=t").json()] == ["a"]
    assert len(client.get("/notes").json()) == 1


def test_what_was_invalid_in_its_table_is_no_fault_until_it_is_changed(notes):
    _, model = notes
    persistence = model.objects.persistence
    item = {"note_id": {"S": "old"}, "length": {"S": "long"}}
    persistence.put_item(item)
    row = model.objects.get(note_id="old")
    row.author = "somebody"
    row.save()
    assert persistence.get_item({"note_id": {"S": "old"}}) == {**item, "author": {"S": "somebody"}}
    row.__dict__["length"] = "still long"
    with pytest.raises(ValidationFailed) as refused:
        row.save()
    assert (refused.value.status, refused.value.violations[0].pointer) == (400, "/length")
    row.length = 4
    row.save()
    row.topic = 7
    with pytest.raises(ValidationFailed) as refused:
        row.save()
    assert refused.value.status == 400
