"""Whose fault a failure is: the client learns what it sent wrong; what the server did wrong is logged and reported."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.signals import got_request_exception
from django.test import Client, override_settings

from macaron_django import openapi as spec
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.dynamodb import ItemManager, persistence_for
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.exceptions import RequestInvalid
from macaron_django.schemas import Classes, build_model

JSON = "application/json"
TASK = {"$ref": "#/components/schemas/Task"}
CONTENT = {JSON: {"schema": TASK}}
ANSWER = {"200": {"description": "The task.", "content": CONTENT}}
HERE = "tests.api.test_whose_fault"
TENANT, NUMBER = (
    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in ("tenant", "number")
)
TASKS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Tasks", "version": "1"},
    "paths": {
        "/tasks/{tenant}": {
            "parameters": [TENANT],
            "post": {
                "requestBody": {"required": True, "content": {JSON: {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {"201": {"description": "Made.", "content": CONTENT}},
            },
        },
        "/tasks/{tenant}/{number}": {
            "parameters": [TENANT, NUMBER],
            "get": {"responses": ANSWER},
            "put": {"requestBody": {"required": True, "content": CONTENT}, "responses": ANSWER},
            "patch": {"requestBody": {"required": True, "content": CONTENT}, "responses": ANSWER},
        },
        "/spoil/{tenant}/{number}": {
            "parameters": [TENANT, NUMBER],
            "get": {"x-bind-server": f"{HERE}.spoil", "responses": ANSWER},
        },
        "/bloat/{tenant}/{number}": {
            "parameters": [TENANT, NUMBER],
            "get": {
                "x-bind-server": f"{HERE}.bloat",
                "parameters": [{"name": "how", "in": "query", "schema": {"enum": ["large", "broken"]}}],
                "responses": ANSWER,
            },
        },
        "/judge": {
            "post": {"x-bind-server": f"{HERE}.judge", "requestBody": {"content": CONTENT}, "responses": ANSWER}
        },
    },
    "components": {
        "schemas": {
            "Task": {
                "type": "object",
                "required": ["note", "rank"],
                "x-persist": {"hash_key": "tenant", "range_key": "number", "scan": "allowed"},
                "properties": {
                    "tenant": {"type": "string", "pattern": "^[a-z]+$", "readOnly": True},
                    "number": {"type": "string"},
                    "note": {"type": "string", "minLength": 1},
                    "rank": {"type": "integer", "readOnly": True, "default": 1, "maximum": 9},
                    "state": {"enum": ["open", "done"]},
                    "size": {"type": "integer", "maximum": 10},
                    "place": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"maxLength": 3}}},
                },
            },
            "New": {  # as lax as documents are
                "type": "object",
                "required": ["number"],
                "properties": {"number": {"type": "string"}, "note": {"type": "string"}, "size": {"type": "integer"}},
            },
        }
    },
}


def spoil(tenant: str, number: str) -> Any:
    task = MODELS[0].objects.get(tenant=tenant, number=number)
    task.note = None
    task.save()
    return task


def bloat(tenant: str, number: str, how: str | None = None) -> Any:
    added = {"large": {"note": "x" * 500_000}, "broken": {"place": {"": 1}}}.get(how or "", {})
    MODELS[0].objects.create(tenant=tenant, number=number, **{"note": "x", **added})


def judge(body: Any) -> Any:
    raise RequestInvalid("The task is too dull.")


MODELS: list[Any] = []
REPORTS: list[Any] = []


def reporter(title: str, data: Any, exception: BaseException | None) -> None:
    REPORTS.append((title, data, exception))


@pytest.fixture(scope="module")
def served() -> Any:
    """The model of the tasks, and the viewsets over it."""
    document = spec.load(TASKS)
    classes = Classes("tasks", document)
    schema = document.schemas["Task"]
    persistence, bases = persistence_for("tasks", schema, classes)
    classes.rows["Task"] = model = build_model(
        schema,
        api="tasks",
        label="macaron_whose_fault",
        classes=classes,
        manager=ItemManager(persistence),
        hash_key="tenant",
        range_key="number",
        bases=bases,
        module=__name__,
    )
    persistence.bind(model)
    MODELS[:] = [model]
    made = build_viewsets("tasks", document, classes, {"Task": persistence})
    assert made.findings() == []
    return model, made


@pytest.fixture
def client(served: Any, dynamodb: Any) -> Iterator[Client]:
    """A client of the API, over an empty table; answers aren't checked, as in production."""
    model, viewsets = served
    create_table(model.objects.persistence.table)
    model.objects.all().delete()
    REPORTS.clear()
    patterns = url_patterns("tasks", viewsets)
    macaron = {"RESPONSE_VALIDATION": "off", "ERROR_REPORTER": reporter}
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": patterns}), MACARON=macaron):
        made = Client(raise_request_exception=False)
        made.viewset = next(each for each, served in viewsets.served() if served.generated)  # type: ignore[attr-defined]
        yield made


def stored(**attributes: Any) -> Any:
    """Store an item as it is, without its schema."""
    item = {"tenant": {"S": "acme"}, "number": {"S": "1"}, "note": {"S": "x"}, "rank": {"N": "1"}, **attributes}
    MODELS[0].objects.persistence.put_item(item)


def item() -> Any:
    return MODELS[0].objects.persistence.get_item({"tenant": {"S": "acme"}, "number": {"S": "1"}})


def faults(answer: Any) -> list[tuple[str, str]]:
    return [(each["location"], each["pointer"]) for each in answer.json()["errors"]]


def test_a_handler_that_breaks_a_schema_is_the_servers_fault(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    stored()
    signals: list[Any] = []

    def receive(sender: Any, **received: Any) -> None:
        signals.append(received["request"])

    got_request_exception.connect(receive)
    try:
        answer = client.get("/spoil/acme/1")
    finally:
        got_request_exception.disconnect(receive)
    body = answer.json()
    assert (answer.status_code, body["error"]) == (500, "SERVER_ERROR")
    assert "errors" not in body
    assert "note" not in answer.text
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR and each.name == "macaron_django"]
    assert record.error_id == body["error_id"]  # type: ignore[attr-defined]
    assert record.exc_info is not None
    assert "/note" in str(record.exc_info[1])
    ((_, report, exception),) = REPORTS
    assert report["error_id"] == body["error_id"]
    assert "/note" in str(exception)
    assert len(signals) == 1


@pytest.mark.parametrize("how", ["large", "broken"])
def test_a_handler_without_a_body_is_at_fault_for_what_cant_be_kept(client: Client, how: str) -> None:
    answer = client.get(f"/bloat/acme/1?how={how}")
    assert (answer.status_code, answer.json()["error"]) == (500, "SERVER_ERROR")
    assert "errors" not in answer.json()
    assert len(REPORTS) == 1


def test_a_parameter_that_cant_be_kept_is_the_clients_fault_in_its_place(client: Client) -> None:
    answer = client.get(f"/bloat/acme/{'9' * 1100}")
    assert (answer.status_code, answer.json()["error"]) == (400, "UNSTORABLE_VALUE")
    assert faults(answer) == [("path", "/number")]
    assert REPORTS == []


def test_a_handler_may_blame_the_request(client: Client) -> None:
    answer = client.post("/judge", {"note": "x"}, JSON)
    assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_PARAMETER")
    assert REPORTS == []


@pytest.mark.parametrize("by_rows", [False, True])
def test_what_the_client_sent_is_its_fault_though_its_schema_allows_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, by_rows: bool
) -> None:
    if by_rows:
        rows_for(client, monkeypatch)
    too_much = client.post("/tasks/acme", {"number": "1", "note": "", "size": 11}, JSON)
    assert too_much.status_code == 400
    assert faults(too_much) == [("body", "/note"), ("body", "/size")]
    assert faults(client.post("/tasks/acme", {"number": "1"}, JSON)) == [("body", "/note")]
    wrong_path = client.post("/tasks/ACME", {"number": "1", "note": "x"}, JSON)
    assert (wrong_path.status_code, faults(wrong_path)) == (400, [("path", "/tenant")])
    too_long = client.post(f"/tasks/{'a' * 2100}", {"number": "1", "note": "x"}, JSON)
    assert (too_long.json()["error"], faults(too_long)) == ("UNSTORABLE_VALUE", [("path", "/tenant")])
    too_long = client.post("/tasks/acme", {"number": "1" * 1100, "note": "x"}, JSON)
    assert (too_long.json()["error"], faults(too_long)) == ("UNSTORABLE_VALUE", [("body", "/number")])
    assert client.post("/tasks/acme", {"number": "1", "note": "x"}, JSON).status_code == 201
    assert REPORTS == []


def rows_for(client: Any, monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """Let a hook save each new task, with values of its own."""

    def perform_create(self: Any, serializer: Any) -> None:
        serializer.save(**self.path_values(), **values)

    monkeypatch.setattr(client.viewset, "perform_create", perform_create)


@pytest.mark.parametrize("values", [{"rank": 10}, {"place": {"": 1}}])
def test_what_a_hook_saves_is_the_servers_fault(
    client: Client, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    rows_for(client, monkeypatch, **values)
    answer = client.post("/tasks/acme", {"number": "1", "note": "x"}, JSON)
    assert (answer.status_code, answer.json()["error"]) == (500, "SERVER_ERROR")
    assert len(REPORTS) == 1


@pytest.mark.parametrize("by_rows", [False, True])
def test_a_patch_isnt_stopped_by_what_it_doesnt_touch(
    client: Any, monkeypatch: pytest.MonkeyPatch, by_rows: bool
) -> None:
    if by_rows:

        def perform_update(self: Any, serializer: Any) -> None:
            serializer.save()

        monkeypatch.setattr(client.viewset, "perform_update", perform_update)
    old = {"state": {"S": "waiting"}, "size": {"S": "large"}, "rank": {"N": "40"}}
    place = {"M": {"zip": {"S": "12345"}, "city": {"S": "Rome"}}}
    stored(**old, place=place)
    assert client.patch("/tasks/acme/1", {"note": "y"}, JSON).status_code == 200
    assert item()["note"] == {"S": "y"}
    assert {name: item()[name] for name in old} == old
    assert client.patch("/tasks/acme/1", {"place": {"city": "Bern"}}, JSON).status_code == 200
    assert item()["place"] == {"M": {"zip": {"S": "12345"}, "city": {"S": "Bern"}}}
    touched = client.patch("/tasks/acme/1", {"state": "lost", "size": 9}, JSON)
    assert (touched.status_code, faults(touched)) == (400, [("body", "/state")])
    deeper = client.patch("/tasks/acme/1", {"place": {"zip": "54321"}}, JSON)
    assert faults(deeper) == [("body", "/place/zip")]
    assert client.patch("/tasks/acme/1", {"state": "done", "size": 9}, JSON).status_code == 200
    assert REPORTS == []


ORM = {
    "User": {
        "type": "object",
        "x-model": "auth.User",
        "properties": {
            "username": {"type": "string"},
            "first_name": {"type": "string", "maxLength": 3},
            "last_name": {"type": "string", "maxLength": 3},
        },
    }
}


@pytest.mark.django_db
@pytest.mark.parametrize("by_rows", [False, True])
def test_a_patch_of_a_model_isnt_stopped_by_what_it_doesnt_touch(
    document: Any, serve: Any, monkeypatch: pytest.MonkeyPatch, by_rows: bool
) -> None:
    content = {JSON: {"schema": {"$ref": "#/components/schemas/User"}}}
    patch = {"requestBody": {"content": content}, "responses": {"200": {"description": "", "content": content}}}
    path = {"parameters": [{"name": "username", "in": "path", "required": True, "schema": {"type": "string"}}]}
    client = serve(document({"/users/{username}": {**path, "patch": patch, "get": patch}}, ORM, security=[]))
    if by_rows:

        def perform_update(self: Any, serializer: Any) -> None:
            serializer.save()

        (viewset,) = {each for each, _ in client.viewsets.served()}
        monkeypatch.setattr(viewset, "perform_update", perform_update)
    User.objects.create(username="ann", first_name="Annabel", last_name="Lee")
    with override_settings(MACARON={"RESPONSE_VALIDATION": "off"}):
        assert client.patch("/users/ann", {"last_name": "Poe"}, JSON).status_code == 200
        assert faults(client.patch("/users/ann", {"first_name": "Anna"}, JSON)) == [("body", "/first_name")]
    found = User.objects.get()
    assert (found.first_name, found.last_name) == ("Annabel", "Poe")
