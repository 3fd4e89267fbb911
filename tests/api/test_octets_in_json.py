"""Octets that clients send as base64 in JSON are bytes in tables and rows, however OpenAPI's version spells them."""

from __future__ import annotations

from base64 import b64encode
from itertools import count
from typing import Any

import pytest
from django.test import Client, override_settings

from macaron_django import openapi as spec
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.dynamodb import ItemManager, persistence_for
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.schemas import Classes, build_model

JSON = "application/json"
NUMBERS = count()
OCTETS = bytes(range(200))
TEXT = b64encode(OCTETS).decode()
PROPERTIES = {
    "2.0": {"photo": {"type": "string", "format": "binary"}, "thumb": {"type": "string", "format": "byte"}},
    "3.0.3": {"photo": {"type": "string", "format": "binary"}, "thumb": {"type": "string", "format": "byte"}},
    "3.1.0": {
        "photo": {"type": "string", "format": "binary"},
        "thumb": {"type": "string", "contentEncoding": "base64"},
    },
}


def document(version: str) -> spec.Document:
    note = {
        "type": "object",
        "x-persist": {"hash_key": "note_id", "scan": "allowed"},
        "properties": {"note_id": {"type": "string"}, **PROPERTIES[version]},
    }
    root: dict[str, Any] = {"info": {"title": "Photos", "version": "1"}}
    parameter: dict[str, Any] = {"name": "note_id", "in": "path", "required": True}
    if version == "2.0":
        schema = {"$ref": "#/definitions/Note"}
        answer = {"description": "It.", "schema": schema}
        body: dict[str, Any] = {"parameters": [{"name": "body", "in": "body", "required": True, "schema": schema}]}
        root |= {"swagger": "2.0", "definitions": {"Note": note}, "consumes": [JSON], "produces": [JSON]}
        parameter["type"] = "string"
    else:
        content = {JSON: {"schema": {"$ref": "#/components/schemas/Note"}}}
        answer = {"description": "It.", "content": content}
        body = {"requestBody": {"required": True, "content": content}}
        root |= {"openapi": version, "components": {"schemas": {"Note": note}}}
        parameter["schema"] = {"type": "string"}
    one = {"parameters": [parameter], "get": {"responses": {"200": answer}}}
    root["paths"] = {"/notes": {"post": {**body, "responses": {"201": answer}}}, "/notes/{note_id}": one}
    return spec.load(root)


@pytest.fixture(params=PROPERTIES)
def client(request: pytest.FixtureRequest, dynamodb: Any) -> Any:
    read, name = document(request.param), f"photos{next(NUMBERS)}"
    classes, schema = Classes(name, read), read.schemas["Note"]
    persistence, bases = persistence_for(name, schema, classes)
    classes.rows["Note"] = model = build_model(
        schema,
        api=name,
        label=f"macaron_{name}",
        classes=classes,
        manager=ItemManager(persistence),
        hash_key="note_id",
        range_key=None,
        bases=bases,
        module=__name__,
    )
    persistence.bind(model)
    create_table(persistence.table)
    made = build_viewsets(name, read, classes, {"Note": persistence})
    with override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": url_patterns(name, made)})):
        client: Any = Client(raise_request_exception=True)
        client.model, client.persistence = model, persistence
        yield client


def test_octets_are_kept(client: Any) -> None:
    created = client.post("/notes", {"note_id": "a", "photo": TEXT, "thumb": TEXT}, content_type=JSON)
    assert (created.status_code, created.json()) == (201, {"note_id": "a", "photo": TEXT, "thumb": TEXT})
    item = client.persistence.get_item({"note_id": {"S": "a"}})
    assert (item["photo"], item["thumb"]) == ({"B": OCTETS}, {"B": OCTETS})
    row = client.model.objects.get(pk="a")
    assert (row.photo, row.thumb) == (OCTETS, OCTETS)
    assert client.get("/notes/a").json()["photo"] == TEXT
