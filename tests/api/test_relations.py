"""Relations of ORM models that a schema shows: how many queries they take, and what of them can be written."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType

JSON = "application/json"
CONTENT_TYPE = {"type": "object", "properties": {"id": {"type": "integer"}, "model": {"type": "string"}}}
PERMISSION = {
    "type": "object",
    "x-model": "auth.Permission",
    "properties": {
        "id": {"type": "integer"},
        "codename": {"type": "string"},
        "content_type": CONTENT_TYPE,
        "kind": {"type": "integer", "x-field": "content_type"},
        "group_set": {"type": "array", "items": {"type": "integer"}, "readOnly": True},
    },
}
SCHEMAS = {
    "Permission": PERMISSION,
    "Group": {
        "type": "object",
        "x-model": "auth.Group",
        "required": ["name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string"},
            "permissions": {"type": "array", "items": {"$ref": "#/components/schemas/Permission"}},
        },
    },
    "User": {
        "type": "object",
        "x-model": "auth.User",
        "required": ["username"],
        "properties": {
            "username": {"type": "string"},
            "groups": {"type": "array", "x-writable": True, "items": {"$ref": "#/components/schemas/Group"}},
        },
    },
}


def paths(schema, collection, key, type_="string"):
    item = {"$ref": f"#/components/schemas/{schema}"}
    body = {"requestBody": {"required": True, "content": {JSON: {"schema": item}}}}

    def answer(status, schema):
        return {"responses": {status: {"description": "", "content": {JSON: {"schema": schema}}}}}

    return {
        f"/{collection}": {
            "get": answer("200", {"type": "array", "items": item}),
            "post": {**body, **answer("201", item)},
        },
        f"/{collection}/{{{key}}}": {
            "parameters": [{"name": key, "in": "path", "required": True, "schema": {"type": type_}}],
            "get": answer("200", item),
            "put": {**body, **answer("200", item)},
        },
    }


@pytest.fixture
def client(document, serve):
    described = {**paths("User", "users", "username"), **paths("Permission", "permissions", "id", "integer")}
    return serve(document(described, SCHEMAS, security=[]))


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 50])
def test_the_queries_of_a_list_are_as_many_at_one_row_as_at_fifty(client, django_assert_num_queries, rows):
    ContentType.objects.clear_cache()
    kinds = ContentType.objects.bulk_create(ContentType(app_label="t", model=f"m{n}") for n in range(rows))
    for number, kind in enumerate(kinds):
        group = Group.objects.create(name=f"g{number}")
        group.permissions.add(Permission.objects.create(codename=f"p{number}", name="p", content_type=kind))
        User.objects.create(username=f"u{number:02}").groups.add(group)
    with django_assert_num_queries(5):  # users; their groups; those permissions, their kinds, and their groups' keys
        users = client.get("/users", {"limit": 50}).json()
    assert len(users) == rows
    shown = users[-1]["groups"][0]["permissions"][0]
    assert shown["content_type"] == {"id": kinds[-1].pk, "model": kinds[-1].model}
    assert shown["kind"] == kinds[-1].pk
    with django_assert_num_queries(2):  # permissions with their kinds; their groups
        assert len(client.get("/permissions", {"limit": 50}).json()) >= rows


@pytest.mark.django_db
def test_nested_objects_that_arent_writable_stay_as_they_are(client):
    permission = Permission.objects.create(
        codename="p", name="p", content_type=ContentType.objects.create(app_label="t", model="m")
    )
    group = Group.objects.create(name="g")
    group.permissions.add(permission)
    nested = {"name": "renamed", "permissions": []}
    made = client.post("/users", {"username": "ann", "groups": [nested]}, content_type=JSON)
    assert made.status_code == 201, made.content
    assert [each["name"] for each in made.json()["groups"]] == ["renamed"]
    User.objects.get().groups.set([group])
    body = {"username": "ann", "groups": [{"name": "h", "permissions": [{"codename": "x"}]}]}
    assert client.put("/users/ann", body, content_type=JSON).status_code == 200
    assert not Permission.objects.filter(codename="x").exists()
    assert Group.objects.get(name="g").permissions.get() == permission


def test_a_property_of_a_related_object_needs_a_place_there(document, serve):
    wrong = {
        **SCHEMAS["User"]["properties"],
        "groups": {"type": "array", "items": {"$ref": "#/components/schemas/Half"}},
    }
    half = {"type": "object", "properties": {"name": {"type": "string"}, "colour": {"type": "string"}}}
    schemas = {"User": {**SCHEMAS["User"], "properties": wrong}, "Half": half}
    (found,) = serve(document({}, schemas)).viewsets.findings()
    assert (found.id, "'colour' of Half" in found.message) == ("E305", True)


@pytest.mark.parametrize(
    ("target", "found"),
    [("permission_set", ["E306"]), ("name", ["E306"]), ("logentry", ["E306"]), ("app_label", []), ("pk", [])],
)
def test_asking_to_write_what_other_rows_hold_is_an_error(document, serve, target, found):
    """``name`` is a Python property of the model; ``logentry`` and ``permission_set`` are rows that lead here."""
    shown = {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}}
    plain = {"type": "string"}
    prop = {**(shown if target in {"permission_set", "logentry"} else plain), "x-field": target, "x-writable": True}
    schema = {"type": "object", "x-model": "contenttypes.ContentType", "properties": {"shown": prop}}
    findings = serve(document({}, {"Kind": schema})).viewsets.findings()
    assert [finding.id for finding in findings] == found
    for finding in findings:
        assert "stays read-only" in finding.message


def test_nested_objects_in_the_row_or_in_a_table_between_may_be_asked_for(document, serve):
    """Both of a foreign key and of a many-to-many relation."""
    group = {
        **SCHEMAS["Group"]["properties"],
        "permissions": {**SCHEMAS["Group"]["properties"]["permissions"], "x-writable": True},
    }
    kind = {**PERMISSION["properties"], "content_type": {**CONTENT_TYPE, "x-writable": True}}
    schemas = {"Group": {**SCHEMAS["Group"], "properties": group}, "Permission": {**PERMISSION, "properties": kind}}
    assert serve(document({}, schemas)).viewsets.findings() == []
