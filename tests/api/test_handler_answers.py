"""Handlers of items with versions: ETags and preconditions, merge patches, and what they may have answered for them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import nullcontext
from contextvars import Context
from typing import Any

import pytest
from django.db.models import F
from django.db.models.signals import post_delete, post_save
from django.test import Client, override_settings
from rest_framework.response import Response

from macaron_django import openapi as spec
from macaron_django.api import build_viewsets, current_item, generated, url_patterns
from macaron_django.dynamodb import ItemManager, persistence_for, transaction
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.schemas import Classes, build_model
from tests.api.test_preconditions import CONTENT, JSON, NOTES, OK

MERGE_PATCH = "application/merge-patch+json"
HERE = "tests.api.test_handler_answers"
ROWS: list[Any] = []
ANNOUNCED: list[Any] = []


def show(note_id: str) -> Any:
    return ROWS[0].objects.get(pk=note_id)


def listed(request: Any, **filters: Any) -> Any:
    return generated(request)


def create(body: Any, request: Any) -> Any:
    body.text = f"{body.text}, made"
    beside = request.headers.get("X-Beside")
    with nullcontext() if beside is None else transaction():
        response = generated(request, body)
        if beside is not None:
            ROWS[0].objects.create(note_id=beside, text="beside")
            assert ANNOUNCED == []
    response["X-Made"] = response.data["note_id"]
    return response


def replace(body: Any, note_id: str, request: Any) -> Any:
    return generated(request)


def patch(body: Any, note_id: str, request: Any) -> Any:
    note = current_item(request)
    for name in body:
        if body[name] is None:
            del note[name]
        else:
            note[name] = body[name]
    if body.text == "raced":
        other = ROWS[0].objects.get(pk=note_id)
        other.stars = 9
        other.save()
    note.save()
    return note


def by_others(note_id: str) -> None:
    """Write a note as another request would, which knows nothing of this one's headers."""
    Context().run(lambda: ROWS[0].objects.filter(pk=note_id).update(stars=9))


def write_by_query_set(body: Any, note_id: str, request: Any) -> Any:
    if body["text"] == "raced":
        by_others(note_id)
    named = ROWS[0].objects.filter(pk=note_id)
    how = request.headers["X-How"]
    with transaction() if how.startswith("transaction") else nullcontext():
        if how.endswith("delete"):
            named.delete()
        elif how.endswith("counted"):
            named.update(stars=F("stars") + 1)
        else:
            named.update(text=body["text"])
    if how.endswith("update"):  # a second time, which is about the handler's own version
        named.update(stars=5)
    return named.first() or Response({"note_id": note_id, "text": "gone"})


def replace_late(body: Any, note_id: str) -> Any:
    if body["text"] == "raced":  # after If-Match was judged, and before the row is loaded
        by_others(note_id)
    note = ROWS[0].objects.get(pk=note_id)
    note.text = body["text"]
    note.save()
    note.stars = 5
    note.save()
    return note


def destroy(note_id: str) -> None:
    ROWS[0].objects.get(pk=note_id).delete()


def shout(note_id: str, request: Any) -> Any:
    note = current_item(request)
    note.text = note.text.upper()
    if request.headers.get("X-Race"):
        other = ROWS[0].objects.get(pk=note_id)
        other.stars = 9
        other.save()
    note.save()
    return note


def rate(body: Any, note_id: str, request: Any) -> Any:
    return generated(request, {"stars": body["points"]})


def peek(note_id: str, request: Any) -> Any:
    return generated(request)


def elsewhere(request: Any) -> Any:
    return generated(request)


DOCUMENT: Any = copy.deepcopy(NOTES)
DOCUMENT["components"]["schemas"]["Note"]["required"] = ["note_id", "text"]
for path, bound in {
    "/notes": {"get": "listed", "post": "create"},
    "/notes/{note_id}": {"get": "show", "put": "replace", "patch": "patch", "delete": "destroy"},
}.items():
    for method, name in bound.items():
        DOCUMENT["paths"][path][method]["x-bind-server"] = f"{HERE}.{name}"
DOCUMENT["paths"]["/notes/{note_id}"]["patch"]["requestBody"]["content"] = {MERGE_PATCH: CONTENT[JSON]}
NOTE_ID = {"name": "note_id", "in": "path", "required": True, "schema": {"type": "string"}}
POINTS = {"type": "object", "properties": {"points": {"type": "integer"}}}
DOCUMENT["paths"] |= {
    "/notes/{note_id}/shout": {
        "parameters": [NOTE_ID],
        "get": {"x-bind-server": f"{HERE}.peek", "responses": OK},
        "post": {"x-bind-server": f"{HERE}.shout", "responses": OK},
    },
    "/notes/{note_id}/text": {
        "parameters": [NOTE_ID],
        "put": {
            "x-bind-server": f"{HERE}.replace_late",
            "requestBody": {"content": {JSON: {"schema": {"type": "object"}}}},
            "responses": OK,
        },
    },
    "/notes/{note_id}/written": {
        "parameters": [NOTE_ID],
        "put": {
            "x-bind-server": f"{HERE}.write_by_query_set",
            "requestBody": {"content": {JSON: {"schema": {"type": "object"}}}},
            "responses": OK,
        },
    },
    "/notes/{note_id}/rating/fast": {
        "parameters": [NOTE_ID],
        "put": {
            "x-bind-server": f"{HERE}.rate",
            "requestBody": {"content": {JSON: {"schema": POINTS}}},
            "responses": OK,
        },
    },
}
DOCUMENT["paths"]["/elsewhere"] = {"get": {"x-bind-server": f"{HERE}.elsewhere", "responses": OK}}


@pytest.fixture(scope="module")
def served() -> Any:
    document = spec.load(DOCUMENT)
    classes = Classes("handled", document)
    schema = document.schemas["Note"]
    persistence, bases = persistence_for("handled", schema, classes)
    classes.rows["Note"] = model = build_model(
        schema,
        api="handled",
        label="macaron_handler_answers",
        classes=classes,
        manager=ItemManager(persistence),
        hash_key="note_id",
        range_key=None,
        bases=bases,
        module=__name__,
    )
    persistence.bind(model)
    made = build_viewsets("handled", document, classes, {"Note": persistence})
    assert made.findings() == []
    ROWS[:] = [model]
    return made


@pytest.fixture
def client(served: Any, dynamodb: Any) -> Iterator[Client]:
    create_table(ROWS[0].objects.persistence.table)
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": url_patterns("handled", served)})):
        made = Client(raise_request_exception=False)
        ROWS[0].objects.create(note_id="a", text="one")
        yield made
        ROWS[0].objects.all().delete()


def change(client: Client, body: Any, **headers: str) -> Any:
    return client.patch("/notes/a", body, MERGE_PATCH, headers=headers)


def test_a_versioned_row_is_answered_with_its_entity_tag(client: Client) -> None:
    assert client.get("/notes/a")["ETag"] == '"1"'
    assert change(client, {"text": "two"})["ETag"] == '"2"'
    assert client.get("/notes/a")["ETag"] == '"2"'


def test_what_the_client_has_isnt_sent_again(client: Client) -> None:
    unchanged = client.get("/notes/a", headers={"If-None-Match": '"1"'})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", '"1"')
    assert client.get("/notes/a", headers={"If-None-Match": '"2"'}).status_code == 200
    assert client.get("/notes/a", headers={"If-Match": '"2"'}).status_code == 412


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_change_of_another_version_doesnt_reach_the_handler(client: Client, method: str) -> None:
    kind = MERGE_PATCH if method == "patch" else JSON
    body = {"note_id": "a", "text": "two"}
    stale = getattr(client, method)("/notes/a", body, kind, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["error"]) == (412, "PRECONDITION_FAILED")
    assert ROWS[0].objects.get(pk="a").text == "one"
    with override_settings(MACARON={"REQUIRE_IF_MATCH": True}):
        assert getattr(client, method)("/notes/a", body, kind).status_code == 428
    assert getattr(client, method)("/notes/a", body, kind, headers={"If-Match": '"1"'}).status_code < 300


def test_a_change_of_an_absent_item_meets_no_precondition(client: Client) -> None:
    body = {"note_id": "b", "text": "two"}
    assert client.put("/notes/b", body, JSON, headers={"If-Match": "*"}).status_code == 412
    assert client.put("/notes/b", body, JSON, headers={"If-None-Match": "*"}).status_code == 201
    assert client.put("/notes/b", body, JSON, headers={"If-None-Match": "*"}).status_code == 412


def test_a_row_that_was_changed_meanwhile_is_412_for_a_conditional_request(client: Client) -> None:
    assert change(client, {"text": "raced"}, **{"If-Match": '"1"'}).status_code == 412
    assert change(client, {"text": "raced"}).status_code == 409
    assert ROWS[0].objects.get(pk="a").text == "one"


def test_handlers_have_the_operation_answered_without_them(client: Client) -> None:
    made = client.post("/notes", {"note_id": "b", "text": "two"}, JSON)
    assert (made.status_code, made["ETag"], made["X-Made"]) == (201, '"1"', "b")
    assert made.json() == {"note_id": "b", "text": "two, made", "version": 1}
    assert made["Location"].endswith("/notes/b")
    assert client.post("/notes", {"note_id": "b", "text": "two"}, JSON).status_code == 409
    replaced = client.put("/notes/b", {"note_id": "b", "text": "three"}, JSON)
    assert (replaced.status_code, replaced["ETag"], replaced.json()["text"]) == (200, '"2"', "three")
    assert [each["note_id"] for each in client.get("/notes").json()] == ["a", "b"]
    wrong = client.put("/notes/b", {"note_id": "c", "text": "three"}, JSON)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/note_id")


@pytest.fixture
def announced(client: Client) -> Iterator[list[Any]]:
    """What signals announce: each note's id, whether it is new, and whether the table has it then."""

    def announce(instance: Any, created: bool | None = None, **_: Any) -> None:
        ANNOUNCED.append((instance.note_id, created, ROWS[0].objects.filter(pk=instance.pk).exists()))

    for signal in (post_save, post_delete):
        signal.connect(announce, sender=ROWS[0])
    yield ANNOUNCED
    for signal in (post_save, post_delete):
        signal.disconnect(announce, sender=ROWS[0])
    ANNOUNCED.clear()


def test_generated_operations_announce_what_the_table_holds(client: Client, announced: list[Any]) -> None:
    assert client.post("/notes", {"note_id": "b", "text": "two"}, JSON).status_code == 201
    assert client.post("/notes", {"note_id": "b", "text": "two"}, JSON).status_code == 409
    assert client.put("/notes/b", {"note_id": "b", "text": "three"}, JSON).status_code == 200
    assert change(client, {"stars": 3}).status_code == 200
    assert client.delete("/notes/b").status_code == 204
    assert announced == [("b", True, True), ("b", False, True), ("a", False, True), ("b", None, False)]


def test_a_generated_operation_in_a_transaction_is_announced_after_it(client: Client, announced: list[Any]) -> None:
    made = client.post("/notes", {"note_id": "b", "text": "two"}, JSON, headers={"X-Beside": "c"})
    assert made.status_code == 201
    assert announced == [("b", True, True), ("c", True, True)]
    announced.clear()
    assert client.post("/notes", {"note_id": "d", "text": "two"}, JSON, headers={"X-Beside": "a"}).status_code == 409
    assert announced == []
    assert not ROWS[0].objects.filter(pk="d").exists()


def test_a_merge_patch_is_judged_as_one(client: Client) -> None:
    assert change(client, {"stars": 3}).json() == {"note_id": "a", "text": "one", "stars": 3, "version": 2}
    assert change(client, {"stars": None}).json() == {"note_id": "a", "text": "one", "version": 3}
    for body, pointer in (({"stars": "x"}, "/stars"), ({"text": None}, "/text"), ([1], "")):
        refused = change(client, body)
        assert (refused.status_code, [each["pointer"] for each in refused.json()["errors"]]) == (400, [pointer])


def test_another_operation_cant_be_answered_so(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/elsewhere").status_code == 500
    assert "GET /elsewhere can't be generated" in caplog.text


def test_the_item_is_known_below_its_path(client: Client) -> None:
    assert (client.get("/notes/a/shout")["ETag"], client.get("/notes/b/shout").status_code) == ('"1"', 404)
    shouted = client.post("/notes/a/shout")
    assert (shouted.status_code, shouted["ETag"], shouted.json()["text"]) == (200, '"2"', "ONE")
    assert client.post("/notes/b/shout").status_code == 404
    assert client.post("/notes/a/shout", headers={"If-Match": '"1"'}).status_code == 412
    assert client.post("/notes/a/shout", headers={"If-Match": '"2"', "X-Race": "1"}).status_code == 412
    with override_settings(MACARON={"REQUIRE_IF_MATCH": True}):
        assert client.post("/notes/a/shout").status_code == 428


@pytest.mark.parametrize("headers", [{}, {"If-Match": '"1"'}])
def test_the_item_is_patched_below_its_path(client: Client, headers: dict[str, str]) -> None:
    rated = client.put("/notes/a/rating/fast", {"points": 4}, JSON, headers=headers)
    assert rated.json() == {"note_id": "a", "text": "one", "stars": 4, "version": 2}
    stale = client.put("/notes/a/rating/fast", {"points": 5}, JSON, headers={"If-Match": '"1"'})
    assert (stale.status_code, ROWS[0].objects.get(pk="a").stars) == (412, 4)


def test_if_match_is_judged_by_the_row_that_is_saved(client: Client) -> None:
    at = {"If-Match": '"1"'}
    raced = client.put("/notes/a/text", {"text": "raced"}, JSON, headers=at)
    assert (raced.status_code, raced.json()["error"]) == (412, "PRECONDITION_FAILED")
    row = ROWS[0].objects.get(pk="a")
    assert (row.text, row.stars) == ("one", 9)
    changed = client.put("/notes/a/text", {"text": "two"}, JSON, headers={"If-Match": '"2"'})
    assert (changed.status_code, changed["ETag"], changed.json()["stars"]) == (200, '"4"', 5)
    assert client.put("/notes/a/text", {"text": "three"}, JSON, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    "how", ["update", "counted", "delete", "transaction update", "transaction counted", "transaction delete"]
)
def test_if_match_is_judged_by_the_item_that_a_query_set_writes(client: Client, how: str) -> None:
    headers = {"If-Match": '"1"', "X-How": how}
    raced = client.put("/notes/a/written", {"text": "raced"}, JSON, headers=headers)
    assert (raced.status_code, raced.json()["error"]) == (412, "PRECONDITION_FAILED")
    row = ROWS[0].objects.get(pk="a")
    assert (row.text, row.stars, row.version) == ("one", 9, 2)
    written = client.put("/notes/a/written", {"text": "two"}, JSON, headers=headers | {"If-Match": '"7", "2"'})
    text, stars = {"counted": ("one", 10), "update": ("two", 5), "delete": ("gone", None)}[how.split()[-1]]
    assert (written.status_code, written.json()["text"], written.json().get("stars")) == (200, text, stars)


@pytest.mark.parametrize("how", ["update", "counted", "delete"])
def test_a_query_set_that_is_written_in_between_is_judged_again(client: Client, how: str, monkeypatch: Any) -> None:
    persistence = ROWS[0].objects.all().persistence
    name = "delete_item" if how == "delete" else "update_item"
    write, raced = getattr(persistence, name), []

    def late(*args: Any, **options: Any) -> Any:
        if not raced:
            raced.append(True)
            by_others("a")
        return write(*args, **options)

    monkeypatch.setattr(persistence, name, late)
    headers = {"If-Match": '"1"', "X-How": how}
    assert client.put("/notes/a/written", {"text": "two"}, JSON, headers=headers).status_code == 412
    raced.clear()
    assert client.put("/notes/a/written", {"text": "two"}, JSON, headers=headers | {"If-Match": "*"}).status_code == 200
