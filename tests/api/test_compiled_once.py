"""What serving costs once: validators and serializers are made when they are first needed, and never again."""

from types import SimpleNamespace

import pytest

from macaron_django.api import build_viewsets, url_patterns
from macaron_django.openapi import check
from macaron_django.schemas import Classes, serializer_for, validator_for
from macaron_django.schemas.serializers import schema_serializers as serializers
from macaron_django.schemas.validation import schema_compiler

NOTE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}, "author": {"$ref": "#/components/schemas/Author"}},
}
AUTHOR = {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}}
RESPONSES = {"200": {"description": "Kept.", "content": {"application/json": {"schema": {"type": "object"}}}}}


def kept(body, level):
    return {"level": level, "text": body["text"]}


@pytest.fixture
def compilations(monkeypatch):
    """Counts what is compiled from here on."""
    counted = SimpleNamespace(number=0)
    compile_ = schema_compiler.compile_native

    def counting(*arguments, **options):
        counted.number += 1
        return compile_(*arguments, **options)

    monkeypatch.setattr(schema_compiler, "compile_native", counting)
    return counted


@pytest.fixture
def notes(document):
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}}
    level = {"name": "level", "in": "query", "schema": {"type": "integer", "minimum": 1}}
    described = {"parameters": [level], "requestBody": {"content": schema}, "responses": RESPONSES, "security": []}
    described["x-bind-server"] = f"{__name__}.kept"
    return document({"/notes": {"post": described}, "/others": {"post": described}}, {"Note": NOTE, "Author": AUTHOR})


def test_no_request_compiles_what_an_earlier_one_has(notes, serve, compilations):
    client = serve(notes)

    def post(body, query="level=1"):
        return client.post(f"/notes?{query}", body, content_type="application/json").status_code

    assert post({"text": "a", "author": {"name": "Ann"}}) == 200
    first = compilations.number
    assert first
    assert [post({"text": "b", "author": {"name": ""}}), post({"text": "b"}, "level=0")] == [400, 400]
    refused = compilations.number
    for number in range(5):
        assert post({"text": str(number)}) == 200
        assert post({"text": number}) == 400
    assert compilations.number == refused


def test_reading_routing_and_checking_compile_nothing(notes, compilations):
    assert [operation.route for operation in notes.operations] == ["/notes", "/others"]
    assert not [found for found in check(notes) if found.level == "error"]
    assert [schema.is_object for schema in notes.schemas.values()] == [True, True]
    assert compilations.number == 0
    validator_for(notes.schemas["Author"]).is_valid({})
    assert compilations.number == 1


@pytest.fixture
def builds(monkeypatch):
    """The names of the schemas for which a serializer is made from here on."""
    made = []
    build = serializers._build

    def building(schema, *arguments):
        made.append(schema.name)
        return build(schema, *arguments)

    monkeypatch.setattr(serializers, "_build", building)
    return made


def test_serializers_too_are_made_when_first_used_and_once(notes, builds):
    classes = Classes("test", notes)
    views = build_viewsets("test", notes, classes)
    assert [len(url_patterns("test", views)) > 0, views.findings(), builds] == [True, [], []]
    note = serializer_for(notes.schemas["Note"], classes)
    assert builds == ["Note"]
    note().fields  # noqa: B018 (DRF makes them when they are looked at)
    assert [serializer_for(notes.schemas["Note"], classes) is note for _ in range(3)] == [True] * 3
    assert builds == ["Note", "Author"]
