"""Conditional requests: the RFC's rules by themselves, and over a table; and what else a table does in its own way."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings

from macaron_django import openapi as spec
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.requests.preconditions import PreconditionOutcome, judge
from macaron_django.drivers import run
from macaron_django.dynamodb import ItemManager, engines, persistence_for
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.exceptions import ItemAbsent, ItemChanged, ItemOutOfBounds, StaleItem
from macaron_django.schemas import Classes, build_model
from macaron_django.testing import Fault, FaultProxy

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
        ("GET", {}, '"1"', PreconditionOutcome.GO),
        ("GET", {"If-None-Match": '"1"'}, '"1"', PreconditionOutcome.NOT_MODIFIED),
        ("HEAD", {"If-None-Match": 'W/"1", "7"'}, '"1"', PreconditionOutcome.NOT_MODIFIED),
        ("GET", {"If-None-Match": "*"}, None, PreconditionOutcome.NOT_MODIFIED),
        ("GET", {"If-None-Match": '"2"'}, '"1"', PreconditionOutcome.GO),
        ("GET", {"If-None-Match": '"2"'}, None, PreconditionOutcome.GO),
        ("PUT", {"If-None-Match": "*"}, '"1"', PreconditionOutcome.FAILED),
        ("PUT", {"If-Match": '"1"'}, '"1"', PreconditionOutcome.GO),
        ("PUT", {"If-Match": '"1", "2"'}, '"2"', PreconditionOutcome.GO),
        ("PUT", {"If-Match": 'W/"1"'}, '"1"', PreconditionOutcome.FAILED),
        ("DELETE", {"If-Match": '"2"'}, '"1"', PreconditionOutcome.FAILED),
        ("DELETE", {"If-Match": "*"}, None, PreconditionOutcome.GO),
        ("PATCH", {"If-Match": '"1"'}, None, PreconditionOutcome.FAILED),
        ("PATCH", {"If-Match": "1"}, '"1"', PreconditionOutcome.FAILED),
        ("GET", {"If-Match": '"1"', "If-None-Match": '"1"'}, '"1"', PreconditionOutcome.NOT_MODIFIED),
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
    assert [finding.id for finding in made.findings()] == ["W307"]  # it may scan, and does
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
    update_item_steps, others = persistence.update_item_steps, iter(["another", "one more"])

    def overtaken(*arguments, **options):
        text = next(others, None)
        if text is not None:
            key, version = arguments[0], {"version": {"N": "1"}}
            run(update_item_steps(key, {"text": {"S": text}}, (), version))
        return update_item_steps(*arguments, **options)

    monkeypatch.setattr(persistence, "update_item_steps", overtaken)
    changed = patch(client, {"stars": 5})
    assert (changed.status_code, changed.json()) == (
        200,
        {"note_id": "a", "text": "one more", "stars": 5, "version": 4},
    )


@pytest.mark.parametrize(
    ("kind", "if_match", "otherwise", "code"),
    [
        (StaleItem, 412, 409, "STALE_ITEM"),
        (ItemChanged, 412, 409, "STALE_ITEM"),
        (ItemAbsent, 404, 404, "ITEM_NOT_FOUND"),
        (ItemOutOfBounds, 409, 409, "OUT_OF_BOUNDS"),
    ],
)
def test_a_lost_race_answers_by_what_the_item_is_now(client, monkeypatch, kind, if_match, otherwise, code):
    put(client, "one")
    calls = []

    def overtaken(*arguments, **options):
        calls.append(arguments)
        raise kind("Somebody else was first.")

    monkeypatch.setattr(client.model.objects.persistence, "update_item_steps", overtaken)
    assert patch(client, {"text": "two"}, **{"If-Match": '"1"'}).status_code == if_match
    calls.clear()
    refused = patch(client, {"text": "two"})
    assert (refused.status_code, refused.json()["error"]) == (otherwise, code)
    assert len(calls) == (1 if kind is ItemOutOfBounds else 5)


def test_an_item_that_is_deleted_between_reading_and_writing_is_404(client, monkeypatch):
    for conditional in ({}, {"If-Match": '"1"'}):
        put(client, "one")
        persistence = client.model.objects.persistence
        update_item_steps = persistence.update_item_steps

        def overtaken(*arguments, steps=update_item_steps, persistence=persistence, **options):
            persistence.delete_item(arguments[0])
            return steps(*arguments, **options)

        with monkeypatch.context() as patched:
            patched.setattr(persistence, "update_item_steps", overtaken)
            assert patch(client, {"text": "two"}, **conditional).status_code == 404


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


def test_a_table_that_doesnt_answer_is_504_and_a_write_of_unknown_outcome(client):
    put(client, "one")
    engine = engines.current()
    own = {**django_settings.MACARON["DYNAMODB"], "REQUEST_DEADLINE": 0.25, "READ_TIMEOUT": 600.0}
    with (
        override_settings(MACARON={**django_settings.MACARON, "DYNAMODB": own}),
        FaultProxy(engine.endpoint_url, [Fault.DELAY] * 9, delay=600.0) as proxy,
        engines.use(EndpointEngine(proxy.url)),
    ):
        begun = time.monotonic()
        for _ in range(2):
            refused = client.get("/notes/a")
            assert (refused.status_code, refused.json()["error"]) == (504, "TIMEOUT")
        refused = client.delete("/notes/a")
        assert (refused.status_code, refused.json()["error"]) == (503, "WRITE_OUTCOME_UNKNOWN")
        assert time.monotonic() - begun < 60
