"""What a form is made of: its description for the browser, the secrets that it keeps; and Django's own form instead."""

from __future__ import annotations

import pytest

from macaron_django import openapi as spec
from macaron_django.admin import ItemAdmin
from macaron_django.admin.display.differences import differences, same_json
from macaron_django.admin.display.readable_json import readable_json
from macaron_django.admin.display.redaction import hidden_places, with_secrets, without_secrets
from macaron_django.admin.forms.form_descriptions import describe_form
from macaron_django.schemas.values.json_text import exact_json


def schema_of(json, **others):
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "S", "version": "1"},
            "paths": {},
            "components": {"schemas": {"Item": json, **others}},
        }
    )
    return document.schemas["Item"]


def nodes_of(json, **others):
    nodes = describe_form(schema_of(json, **others))["nodes"]
    return nodes[0], {entry["name"]: nodes[entry["node"]] for entry in nodes[0]["properties"]}


def test_a_schema_that_holds_itself_is_described_once():
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
    }
    nodes = describe_form(
        schema_of({"type": "object", "properties": {"tree": {"$ref": "#/components/schemas/Tree"}}}, Tree=tree)
    )["nodes"]

    (children,) = [node for node in nodes if node["kind"] == "array"]
    assert [entry["name"] for entry in nodes[children["items"]]["properties"]] == ["children"]
    assert len(nodes) <= 4


def test_each_kind_of_property_has_its_control():
    item, nodes = nodes_of(
        {
            "type": "object",
            "required": ["text"],
            "additionalProperties": False,
            "properties": {
                "text": {"type": "string", "maxLength": 1000},
                "day": {"type": "string", "format": "date"},
                "number": {"type": "number", "default": 12345678901234567890},
                "count": {"type": ["integer", "null"]},
                "choice": {"enum": ["a", 1, None]},
                "either": {"type": ["string", "integer"]},
                "any": {},
                "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
                "base": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"own": {"type": "string"}}}]},
            },
        },
        Base={"type": "object", "properties": {"id": {"type": "string"}}},
    )

    assert item["additional"] is False
    assert item["properties"][0] == {"name": "text", "node": 1, "required": True}
    kinds = {name: node["kind"] for name, node in nodes.items()}
    assert kinds == {
        "text": "string",
        "day": "string",
        "number": "number",
        "count": "number",
        "choice": "enum",
        "either": "any",
        "any": "any",
        "map": "object",
        "base": "object",
    }
    assert (nodes["text"]["long"], nodes["day"]["format"], nodes["count"]["nullable"]) == (True, "date", True)
    assert nodes["number"]["default"] == "12345678901234567890"
    assert nodes["choice"]["values"] == [{"json": '"a"', "label": "a"}, {"json": "1", "label": "1"}]
    assert nodes["either"]["types"] == ["string", "integer"]
    assert [entry["name"] for entry in nodes["base"]["properties"]] == ["id", "own"]


def test_keys_come_first_sets_are_marked_and_octets_are_base64():
    properties = {
        "tags": {"type": "array", "items": {"type": "string"}},
        "photo": {"type": "string", "format": "byte"},
        "raw": {"type": "string", "contentEncoding": "base64"},
        "id": {"type": "string"},
    }
    schema = schema_of({"type": "object", "properties": properties})
    nodes = describe_form(schema, keys=["id"], sets=["tags"])["nodes"]

    assert [entry["name"] for entry in nodes[0]["properties"]] == ["id", "tags", "photo", "raw"]
    assert [entry.get("set") for entry in nodes[0]["properties"]] == [None, True, None, None]
    assert [nodes[entry["node"]].get("octets") for entry in nodes[0]["properties"]] == [None, None, True, True]


def test_a_discriminator_says_which_branch_has_which_value():
    pets = {
        name: {"type": "object", "required": ["kind"], "properties": {"kind": {"const": name.lower()}}}
        for name in ("Cat", "Dog")
    }
    references = {name: f"#/components/schemas/{name}" for name in pets}
    _, nodes = nodes_of(
        {
            "type": "object",
            "properties": {
                "pet": {
                    "oneOf": [{"$ref": reference} for reference in references.values()],
                    "discriminator": {
                        "propertyName": "kind",
                        "mapping": {name.lower(): reference for name, reference in references.items()},
                    },
                }
            },
        },
        **pets,
    )

    assert nodes["pet"]["kind"] == "choice"
    told = [(branch["label"], branch["property"], branch["value"]) for branch in nodes["pet"]["branches"]]
    assert told == [("Cat", "kind", "cat"), ("Dog", "kind", "dog")]


SECRET = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "password": {"type": "string", "format": "password"},
        "logins": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"site": {"type": "string"}, "key": {"type": "string", "writeOnly": True}},
            },
        },
    },
}


def test_secrets_are_taken_out_and_come_back_to_where_they_were():
    schema = schema_of(SECRET)
    stored = {"name": "a", "password": "p", "logins": [{"site": "x", "key": "1"}, {"site": "y", "key": "2"}]}
    shown = without_secrets(schema, stored)

    assert shown == {"name": "a", "logins": [{"site": "x"}, {"site": "y"}]}
    assert with_secrets(schema, shown, stored) == stored
    assert hidden_places(schema, stored) == {"password": True, "logins": {"0": {"key": True}, "1": {"key": True}}}
    assert hidden_places(schema, shown) == {}
    moved = {**shown, "logins": shown["logins"][::-1]}
    assert with_secrets(schema, moved, stored)["logins"] == stored["logins"][::-1]
    shorter = {**shown, "logins": [{"site": "y"}], "password": "new"}
    assert with_secrets(schema, shorter, stored) == {
        "name": "a",
        "password": "new",
        "logins": [{"site": "y", "key": "2"}],
    }


@pytest.mark.parametrize("value", [{"a": [1, {"b": None}], "": {}, "long": 10**40}, [], "text", 0.1])
def test_readable_json_says_the_same(value):
    assert exact_json(readable_json(value)) == value


def test_numbers_are_the_same_by_value_and_never_the_same_as_booleans():
    assert same_json({"a": [1.0, 0.1]}, {"a": [1, exact_json("0.10")]})
    assert not same_json(1, True)
    assert [each.pointer for each in differences({"a/b": [1, 2]}, {"a/b": [1, 2, 3], "c": None})] == ["/a~1b", "/c"]


@pytest.mark.django_db
def test_fields_of_a_subclass_bring_django_s_form_back(shop, monkeypatch):
    monkeypatch.setattr(ItemAdmin, "fields", ("name", "stock"))
    row = shop.model.objects.create(id="a", name="Tea", tags=["x"])
    client = shop.client("view", "change")

    page = client.get(shop.url(row))
    assert list(page.context["adminform"].form.fields) == ["name", "stock"]
    assert client.post(shop.url(row), {"name": "Green tea", "stock": "3"}).status_code == 302
    assert shop.model.objects.get(id="a").to_json() == {**row.to_json(), "name": "Green tea", "stock": 3}
