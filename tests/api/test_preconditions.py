"""Conditional requests: the RFC's rules by themselves, and over a table; and what else a table does in its own way."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings

from macaron_django import spec
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.preconditions import Verdict, judge
from macaron_django.dynamodb import ItemManager, persistence_for
from macaron_django.dynamodb.tables import create_table
from macaron_django.exceptions import StaleItem
from macaron_django.schemas import Classes, build_model

JSON = "application/json"
NOTE = {"$ref": "#/components/schemas/Note"}
NOTE_LIST = {"type": "array", "items": NOTE}
CONTENT = {JSON: {"schema": NOTE}}
OK = {"200": {"description": "The note.", "content": CONTENT}}
NOTES = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {
        "/notes": {
            "get": {
                "parameters": [
                    {"name": name, "in": "query", "schema": {"type": "string"}} for name in ("place__a__b", "ordering")
                ],
                "responses": {
                    "200": {"description": "", "content": {JSON: {"schema": {"type": "array", "items": NOTE}}}}
                },
            },
            "post": {
                "requestBody": {"required": True, "content": CONTENT},
                "responses": {"201": {"description": "", "content": CONTENT}},
            },
        },
        "/notes/{note_id}": {
            "parameters": [{"name": "note_id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"responses": OK},
            "put": {
                "requestBody": {"required": True, "content": CONTENT},
                "responses": {**OK, "201": {"description": "", "content": CONTENT}},
            },
            "patch": {"requestBody": {"required": True, "content": CONTENT}, "responses": OK},
            "delete": {"responses": {"204": {"description": "Gone."}}},
        },
    },
    "components": {
        "schemas": {
            "Note": {
                "type": "object",
                "x-persist": {"hash_key": "note_id", "version": "version", "scan": "allowed"},
                "properties": {
                    "note_id": {"type": "string"},
                    "text": {"type": "string"},
                    "stars": {"type": "integer"},
                    "place": {"type": "object", "properties": {"a__b": {"type": "string"}}},
                    "version": {"type": "integer", "readOnly": True},
                },
            }
        }
    },
}


@pytest.mark.parametrize(
    ("method", "headers", "tag", "verdict"),
    [
        ("GET", {}, '"1"', Verdict.GO),
        ("GET", {"If-None-Match": '"1"'}, '"1"', Verdict.NOT_MODIFIED),
        ("HEAD", {"If-None-Match": 'W/"1", "7"'}, '"1"', Verdict.NOT_MODIFIED),
        ("GET", {"If-None-Match": "*"}, None, Verdict.NOT_MODIFIED),
        ("GET", {"If-None-Match": '"2"'}, '"1"', Verdict.GO),
        ("GET", {"If-None-Match": '"2"'}, None, Verdict.GO),
        ("PUT", {"If-None-Match": "*"}, '"1"', Verdict.FAILED),
        ("PUT", {"If-Match": '"1"'}, '"1"', Verdict.GO),
        ("PUT", {"If-Match": '"1", "2"'}, '"2"', Verdict.GO),
        ("PUT", {"If-Match": 'W/"1"'}, '"1"', Verdict.FAILED),
        ("DELETE", {"If-Match": '"2"'}, '"1"', Verdict.FAILED),
        ("DELETE", {"If-Match": "*"}, None, Verdict.GO),
        ("PATCH", {"If-Match": '"1"'}, None, Verdict.FAILED),
        ("PATCH", {"If-Match": "1"}, '"1"', Verdict.FAILED),
        ("GET", {"If-Match": '"1"', "If-None-Match": '"1"'}, '"1"', Verdict.NOT_MODIFIED),
    ],
)
def test_conditions_are_judged_as_the_rfc_says(method, headers, tag, verdict):
    assert judge(method, headers, tag) is verdict


@pytest.fixture(scope="module")
def served() -> Any:
    """The model of the notes, and the viewsets over it."""
    document = spec.load(NOTES)
    classes = Classes("notes", document)
    schema = document.schemas["Note"]
    persistence, bases = persistence_for("notes", schema, classes)
    classes.rows["Note"] = model = build_model(
        schema,
        api="notes",
        label="macaron_preconditions",
        classes=classes,
        manager=ItemManager(persistence),
        hash_key="note_id",
        range_key=None,
        bases=bases,
        module=__name__,
    )
    persistence.bind(model)
    made = build_viewsets("notes", document, classes, {"Note": persistence})
    assert made.findings() == []
    return model, made


@pytest.fixture
def client(dynamodb, served) -> Any:
    model, made = served
    create_table(model.objects.persistence.table)
    urls = type("urls", (), {"urlpatterns": url_patterns("notes", made)})
    with override_settings(ROOT_URLCONF=urls):
        client: Any = Client(raise_request_exception=False)
        client.model = model
        yield client


def put(client, text, **headers):
    return client.put("/notes/a", {"note_id": "a", "text": text}, content_type=JSON, headers=headers)


def patch(client, change, **headers):
    return client.patch("/notes/a", change, content_type=JSON, headers=headers)


def test_every_answer_with_an_item_carries_its_entity_tag(client):
    created = client.post("/notes", {"note_id": "a", "text": "one"}, content_type=JSON)
    assert (created.status_code, created["ETag"]) == (201, '"1"')
    assert client.get("/notes/a")["ETag"] == '"1"'
    assert put(client, "two")["ETag"] == '"2"'
    assert patch(client, {"stars": 3})["ETag"] == '"3"'
    assert client.get("/notes/a").json() == {"note_id": "a", "text": "two", "stars": 3, "version": 3}


def test_what_the_client_has_already_isnt_sent_again(client):
    put(client, "one")
    unchanged = client.get("/notes/a", headers={"If-None-Match": '"1"'})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", '"1"')
    put(client, "two")
    assert client.get("/notes/a", headers={"If-None-Match": '"1"'}).json()["text"] == "two"


def test_a_write_about_an_older_state_is_412_and_changes_nothing(client):
    put(client, "one")
    put(client, "two")
    old = {"If-Match": '"1"'}
    for refused in (
        put(client, "x", **old),
        patch(client, {"text": "x"}, **old),
        client.delete("/notes/a", headers=old),
    ):
        assert (refused.status_code, refused.json()["error"]) == (412, "PRECONDITION_FAILED")
    assert put(client, "x", **{"If-None-Match": "*"}).status_code == 412
    assert client.get("/notes/a").json()["text"] == "two"
    assert patch(client, {"text": "three"}, **{"If-Match": '"2"'}).status_code == 200
    assert client.delete("/notes/a", headers={"If-Match": '"3"'}).status_code == 204


def test_if_match_creates_nothing(client):
    assert put(client, "one", **{"If-Match": "*"}).status_code == 412
    assert put(client, "one", **{"If-None-Match": "*"}).status_code == 201


def test_without_if_match_the_last_writer_wins(client, monkeypatch):
    put(client, "one")
    persistence = client.model.objects.persistence
    save_row, others = persistence.save_row, iter(["another", "one more"])

    def overtaken(row, **options):
        text = next(others, None)
        if text is not None:
            other = client.model.objects.get(pk="a")
            other.text = text
            save_row(other)
        save_row(row, **options)

    monkeypatch.setattr(persistence, "save_row", overtaken)
    changed = patch(client, {"stars": 5})
    assert (changed.status_code, changed.json()) == (
        200,
        {"note_id": "a", "text": "one more", "stars": 5, "version": 4},
    )


def test_a_race_lost_under_if_match_is_412(client, monkeypatch):
    put(client, "one")

    def overtaken(row, **options):
        raise StaleItem("Somebody else was first.")

    monkeypatch.setattr(client.model.objects.persistence, "save_row", overtaken)
    assert put(client, "two", **{"If-Match": '"1"'}).status_code == 412
    assert put(client, "two").status_code == 409


def test_the_setting_asks_every_write_for_if_match(client):
    put(client, "one")
    with override_settings(MACARON={"REQUIRE_IF_MATCH": True}):
        for refused in (put(client, "x"), patch(client, {}), client.delete("/notes/a")):
            assert (refused.status_code, refused.json()["error"]) == (428, "PRECONDITION_REQUIRED")
        assert put(client, "two", **{"If-Match": '"1"'}).status_code == 200


def test_a_nested_property_is_looked_up_whatever_its_name(client):
    for note_id, place in (("a", "here"), ("b", "there")):
        client.post("/notes", {"note_id": note_id, "place": {"a__b": place}}, content_type=JSON)
    assert [note["note_id"] for note in client.get("/notes?place__a__b=there").json()] == ["b"]


def test_an_order_that_a_table_doesnt_have_is_the_clients_fault(client):
    refused = client.get("/notes?ordering=-text")
    assert refused.status_code == 400
    assert (refused.json()["errors"][0]["pointer"], refused.json()["errors"][0]["location"]) == ("/ordering", "query")
    assert "table" not in refused.json()["error_description"]
