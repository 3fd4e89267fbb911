"""What a Django model's fields refuse, though the schema accepts it: 400 with a pointer, and a warning of ``check``."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import BinaryField, CharField
from rest_framework import serializers

from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas import serializer_for
from macaron_django.schemas.models.column_limits import column_limits
from macaron_django.schemas.models.column_values import held_by

JSON = "application/json"
PATCH = "application/merge-patch+json"
ENTRY = {"$ref": "#/components/schemas/Entry"}
ENTRY_SCHEMA = {
    "type": "object",
    "x-model": "admin.LogEntry",
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "flag": {"type": ["integer", "null"], "x-field": "action_flag", "maximum": 10**9},
        "text": {"type": "string", "x-field": "object_repr"},
        "octets": {"type": "string", "contentEncoding": "base64", "x-field": "change_message"},
        "object_id": {"type": ["string", "null"]},
        "user_id": {"type": "integer"},
        "kind": {"type": ["integer", "null"], "x-field": "content_type"},
    },
}


def answer(status, schema):
    return {"responses": {status: {"description": "", "content": {JSON: {"schema": schema}}}}}


def taking(type_, schema):
    return {"requestBody": {"required": True, "content": {type_: {"schema": schema}}}}


PATHS = {
    "/entries": {
        "get": {
            "parameters": [{"name": "octets", "in": "query", "schema": {"type": "string"}}],
            **answer("200", {"type": "array", "items": ENTRY}),
        },
        "post": {**taking(JSON, ENTRY), **answer("201", ENTRY)},
    },
    "/entries/{id}": {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "get": answer("200", ENTRY),
        "put": {**taking(JSON, ENTRY), **answer("200", ENTRY)},
        "patch": {**taking(PATCH, ENTRY), **answer("200", ENTRY)},
    },
    "/users/{user_id}/entries": {
        "parameters": [{"name": "user_id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "get": answer("200", {"type": "array", "items": ENTRY}),
        "post": {**taking(JSON, ENTRY), **answer("201", ENTRY)},
    },
}


class ThroughASerializer:
    """A hook that has rows and serializers made."""

    def perform_create(self, serializer):
        serializer.save(**self.path_values())

    def perform_update(self, serializer):
        serializer.save()


@pytest.fixture(params=["store", "serializer"])
def client(request, db, document, serve, monkeypatch):
    client = serve(document(PATHS, {"Entry": ENTRY_SCHEMA}, security=[]))
    if request.param == "serializer":
        for viewset in client.viewsets.values():
            for name in ("perform_create", "perform_update"):
                monkeypatch.setattr(viewset, name, vars(ThroughASerializer)[name], raising=False)
    return client


@pytest.fixture
def user(db):
    return User.objects.create(username="ann")


def refused(response):
    assert response.status_code == 400, response.content
    return [(each["pointer"], each["location"], each["keyword"]) for each in response.json()["errors"]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"text": "a" * 201}, ("/text", "body", "max_length")),
        ({"flag": -1}, ("/flag", "body", "invalid_choice")),
        ({"flag": 10**9}, ("/flag", "body", "invalid_choice")),
        ({"flag": None}, ("/flag", "body", "null")),
        ({"user_id": 999}, ("/user_id", "body", "does_not_exist")),
        ({"kind": 999}, ("/kind", "body", "does_not_exist")),
    ],
)
def test_a_value_beyond_its_field_is_400_with_a_pointer_by_every_verb(client, user, given, expected):
    body = {"text": "a", "flag": 1, "user_id": user.pk}
    made = client.post("/entries", body, content_type=JSON)
    assert made.status_code == 201, made.content
    path = f"/entries/{made.json()['id']}"
    assert refused(client.post("/entries", {**body, **given}, content_type=JSON)) == [expected]
    assert refused(client.put(path, {**body, **given}, content_type=JSON)) == [expected]
    if None not in given.values():  # which a merge patch doesn't set, but removes
        assert refused(client.patch(path, given, content_type=PATCH)) == [expected]
    assert client.get(path).json() == made.json()
    assert LogEntry.objects.count() == 1


def test_what_a_patch_leaves_alone_may_be_beyond_its_field(client, user):
    entry = LogEntry.objects.create(user=user, object_repr="a" * 300, action_flag=77)
    patched = client.patch(f"/entries/{entry.pk}", {"object_id": "b"}, content_type=PATCH)
    assert (patched.status_code, patched.json()["object_id"]) == (200, "b")


def test_octets_in_a_column_of_text_are_base64(client, user):
    body = {"flag": 1, "user_id": user.pk, "octets": "aGk=", "text": "a"}
    made = client.post("/entries", body, content_type=JSON)
    assert (made.status_code, made.json()["octets"]) == (201, "aGk=")
    assert client.get("/entries?octets=aGk%3D").json() == [made.json()]
    assert client.get("/entries?octets=aGkh").json() == []
    entry = LogEntry.objects.get()
    assert entry.change_message == "aGk="
    patched = client.patch(f"/entries/{entry.pk}", {"octets": "aGkh"}, content_type=PATCH)
    assert (patched.status_code, patched.json()["octets"]) == (200, "aGkh")
    assert LogEntry.objects.get().change_message == "aGkh"


@pytest.mark.django_db
def test_octets_that_are_taken_are_named_as_clients_sent_them(document, serve):
    schema = {
        "type": "object",
        "x-model": "auth.Group",
        "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string", "format": "byte"}},
    }
    group = {"$ref": "#/components/schemas/Group"}
    one = {"parameters": PATHS["/entries/{id}"]["parameters"], "get": answer("200", group)}
    paths = {"/groups": {"post": {**taking(JSON, group), **answer("201", group)}}, "/groups/{id}": one}
    client = serve(document(paths, {"Group": schema}, security=[]))
    assert client.post("/groups", {"name": "aGk="}, content_type=JSON).status_code == 201
    taken = client.post("/groups", {"name": "aGk="}, content_type=JSON)
    assert taken.status_code == 409
    assert "name 'aGk='" in taken.json()["error_description"]


def test_octets_are_held_as_columns_take_them():
    assert held_by(BinaryField())(b"hi") == b"hi"
    with pytest.raises(UnstorableValue, match="base64"):
        held_by(BinaryField())("h\u00e9")
    assert list(column_limits(BinaryField())("h\u00e9")) == []
    limits = column_limits(CharField(max_length=8))
    assert list(limits(b"\0" * 6)) == []
    assert [code for code, _ in limits(b"\0" * 7)] == ["max_length"]


def test_a_value_that_the_model_needs_is_asked_for(client, user):
    needed = refused(client.post("/entries", {"text": "a"}, content_type=JSON))
    assert ("/flag", "body", "required") in needed
    assert ("/user_id", "body", "required") in needed


def test_a_missing_parent_in_the_path_is_a_fault_of_the_path(client):
    answered = client.post("/users/999/entries", {"text": "a", "flag": 1}, content_type=JSON)
    assert refused(answered) == [("/user_id", "path", "does_not_exist")]


@pytest.mark.django_db
def test_what_a_serializer_doesnt_take_it_says_before_it_saves(document, serve):
    described = document(PATHS, {"Entry": ENTRY_SCHEMA}, security=[])
    client = serve(described)
    made = serializer_for(described.schemas["Entry"], client.viewsets["Entries"].classes, model=LogEntry)
    serializer = made(data={"text": "a" * 201, "flag": 1})
    assert not serializer.is_valid()
    assert [each.pointer for each in serializer.violations] == ["/text"]
    with pytest.raises(serializers.ValidationError, match="200"):
        serializer.is_valid(raise_exception=True)


@pytest.mark.django_db
def test_limits_count_in_objects_that_are_saved_along(document, serve):
    permission = {
        "type": "object",
        "properties": {
            "codename": {"type": "string"},
            "name": {"type": "string"},
            "content_type_id": {"type": "integer"},
        },
    }
    group = {
        "type": "object",
        "x-model": "auth.Group",
        "properties": {
            "name": {"type": "string"},
            "permissions": {"type": "array", "x-writable": True, "items": permission},
        },
    }
    ref = {"$ref": "#/components/schemas/Group"}
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/groups": {"post": {**taking(JSON, ref), **answer("201", ref)}},
        "/groups/{name}": {"parameters": [name], "get": answer("200", ref)},
    }
    client = serve(document(paths, {"Group": group}, security=[]))
    kind = ContentType.objects.create(app_label="t", model="m").pk
    long = {"codename": "c" * 101, "name": "n", "content_type_id": kind}
    sent = {"name": "g", "permissions": [{**long, "codename": "c"}, long]}
    assert refused(client.post("/groups", sent, content_type=JSON)) == [
        ("/permissions/1/codename", "body", "max_length")
    ]
    sent["permissions"][1] = {"codename": "d", "name": "n", "content_type_id": 999}
    assert refused(client.post("/groups", sent, content_type=JSON)) == [
        ("/permissions/1/content_type_id", "body", "does_not_exist")
    ]
    assert not Group.objects.exists()
    assert not Permission.objects.filter(codename__in="cd").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("bound", [{"maxLength": 200}, {"pattern": "^[0-9]{13}$|^[0-9]{9}[0-9X]$"}, {"format": "date"}])
def test_the_checks_say_where_schema_and_field_differ(document, serve, bound):
    client = serve(document(PATHS, {"Entry": ENTRY_SCHEMA}, security=[]))
    found = {f.message.split("'")[1]: f.message for f in client.viewsets.findings() if f.id == "W306"}
    assert found.keys() == {"flag", "text", "user_id"}
    assert "accepts at most 200 characters (`maxLength: 200`)" in found["text"]
    assert (
        "can't be null, and requires a value (`required`), and accepts only its choices (`enum: [1, 2, 3]`)"
        in found["flag"]
    )
    assert "requires a value" in found["user_id"]
    fitting = {
        **ENTRY_SCHEMA,
        "required": ["flag", "user_id"],
        "properties": {
            **ENTRY_SCHEMA["properties"],
            "flag": {"type": "integer", "x-field": "action_flag", "enum": [1, 2]},
            "text": {"type": "string", "x-field": "object_repr", **bound},
        },
    }
    assert not [
        f for f in serve(document(PATHS, {"Entry": fitting}, security=[])).viewsets.findings() if f.id == "W306"
    ]
