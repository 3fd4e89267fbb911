"""What is made of a document goes with it, and what clients send doesn't make it grow."""

from __future__ import annotations

import gc
import itertools
import weakref
from typing import Any

from macaron_django import openapi
from macaron_django.api.docs.served_documents import document_text
from macaron_django.api.mock.samples import sample_of
from macaron_django.clients.api_clients import APIClients
from macaron_django.schemas import Classes, converter, serializer_for, validator_for
from macaron_django.schemas.stubs.stub_types import stub_type
from macaron_django.schemas.values.applied_schemas import applied_schemas
from macaron_django.schemas.values.generated_values import generated_values
from macaron_django.schemas.values.merge_patches import without_write_only


def spec(number: int) -> dict[str, Any]:
    thing = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid", "x-generated": "uuid4"},
            "count": {"type": "integer", "maximum": number + 1},
            "pin": {"type": "string", "writeOnly": True},
            "inside": {"oneOf": [{"properties": {"at": {"format": "date"}}}, {"type": "array", "items": {}}]},
        },
        "patternProperties": {f"^x{number}": {"type": "string"}},
    }
    answer = {"description": "T", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Number {number}", "version": "1"},
        "paths": {"/things": {"get": {"operationId": "things", "responses": {"200": answer}}}},
        "components": {"schemas": {"Thing": thing}},
    }


def used(number: int, clients: APIClients) -> openapi.Document:
    """A document of which everything has been made that needs no Django model."""
    document = openapi.load(spec(number))
    assert not openapi.check(document)
    classes = Classes("shop", document)
    nameless = document.operations[0].responses["200"].content["application/json"].schema
    for schema in (document.schemas["Thing"], nameless, *(each.schema for each in nameless.properties.values())):
        converter(schema, classes).to_python(sample_of(validator_for(schema)))
        validator_for(schema, "request").iter_errors({"inside": {"at": "never"}})
        serializer_for(schema, classes, "response")
        stub_type(schema, str)
        without_write_only(schema, {"pin": "1", f"x{number}": 5})
        generated_values(schema, (), creating=True)
    assert classes.Thing(count=1).to_json() == {"count": 1}
    assert clients.blocking("shop", document, classes) is clients.blocking("shop", document, classes)
    document_text(document, "/v1", False, "json")
    return document


def test_documents_that_are_read_again_and_again_are_let_go() -> None:
    clients = APIClients()
    documents = [weakref.ref(used(number, clients)) for number in range(12)]
    document_text.cache_clear()  # which keeps the last 64
    gc.collect()
    assert [each for each in documents if each() is not None] == []
    clients.close()


def test_what_the_names_in_a_value_match_is_kept_up_to_a_limit() -> None:
    letters = "abcdefghijklm"
    schema = openapi.load(
        {
            **spec(1),
            "components": {
                "schemas": {
                    "Thing": {
                        "patternProperties": {each: {"title": each, "writeOnly": each == "a"} for each in letters},
                    }
                }
            },
        }
    ).schemas["Thing"]
    whole = applied_schemas(schema)
    names = ["".join(each) for size in range(14) for each in itertools.combinations(letters, size)]
    hidden = sum(whole.member(name).is_write_only for name in names)
    assert hidden == len(names) / 2 == 2**12
    kept = sum(len(each) for each in schema.document.memos.values())
    assert kept < 2**13, kept
