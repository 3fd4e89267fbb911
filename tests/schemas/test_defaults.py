"""Cleaning changes what it must and shares the rest."""

import pytest

from macaron_django import openapi as spec
from macaron_django.schemas import Classes, serializer_for, validator_for

SCHEMAS = {
    "Person": {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string"},
            "role": {"type": "string", "default": "reader"},
            "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
            "notes": {"type": "array", "items": {"type": "object"}},
        },
        "additionalProperties": {"$ref": "#/components/schemas/Person"},
    }
}


def document(**schemas):
    return spec.load({"openapi": "3.1.0", "info": {}, "paths": {}, "components": {"schemas": schemas}})


@pytest.fixture
def clean():
    return validator_for(document(**SCHEMAS).schemas["Person"], "request").clean


def test_a_body_that_lacks_nothing_is_returned_as_it_is(clean):
    body = {"role": "x", "friends": [{"role": "y"}], "other": {"role": "z", "friends": []}}
    assert clean(body) is body


def test_parts_that_nothing_is_done_to_are_shared(clean):
    body = {"role": "x", "friends": [{"role": "y"}, {"id": 1}], "notes": [{}], "other": {"id": 2}}
    cleaned = clean(body)
    assert cleaned == {
        "role": "x",
        "friends": [{"role": "y"}, {"role": "reader"}],
        "notes": [{}],
        "other": {"role": "reader"},
    }
    assert cleaned["friends"][0] is body["friends"][0]
    assert cleaned["notes"] is body["notes"]
    assert body == {"role": "x", "friends": [{"role": "y"}, {"id": 1}], "notes": [{}], "other": {"id": 2}}


def test_a_default_is_each_bodys_own():
    schema = {"type": "object", "properties": {"tags": {"type": "array", "default": []}}}
    clean = validator_for(document(Tagged=schema).schemas["Tagged"]).clean
    clean({})["tags"].append("mine")
    assert clean({}) == {"tags": []}


def test_no_class_has_thousands_of_serializer_classes_right_below_it():
    many = {f"S{number}": {"type": "object", "properties": {"a": {"type": "string"}}} for number in range(250)}
    described = document(**many)
    classes = Classes("many", described)
    made = [serializer_for(schema, classes) for schema in described.schemas.values()]
    assert len(set(made)) == 250
    assert max(len(base.__subclasses__()) for base in {each.__bases__[0] for each in made}) <= 100


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_a_member_that_a_schema_and_its_branch_describe_is_visited_once(keyword):
    of = {"properties": {"of": {"$ref": "#/components/schemas/Node"}}}
    branches = [
        {**of, "type": "object", "required": ["of"]},
        {"type": "string"},
        {"type": "object", "maxProperties": 0},
    ]
    node = {"properties": {**of["properties"], "size": {"default": 1}}, keyword: branches}
    body = filled = "leaf"
    for _ in range(100):
        body, filled = {"of": body}, {"of": filled, "size": 1}  # 2 ** 100 visits, if each visited it
    assert validator_for(document(Node=node).schemas["Node"]).clean(body) == filled


def test_readonly_properties_of_a_schema_and_its_branch_are_dropped_in_one_visit():
    of = {"properties": {"of": {"$ref": "#/components/schemas/Node"}}}
    kind = {
        "properties": {**of["properties"], "kind": {"type": "string"}, "id": {"readOnly": True}},
        "required": ["kind"],
    }
    union = {"oneOf": [{"$ref": "#/components/schemas/Kind"}], "discriminator": {"propertyName": "kind"}}
    clean = validator_for(document(Node={**of, **union}, Kind=kind).schemas["Node"], "request").clean
    body = kept = {"kind": "Kind"}
    for _ in range(100):
        body, kept = {"kind": "Kind", "of": body, "id": 1}, {"kind": "Kind", "of": kept}
    assert clean(body) == kept


def test_what_different_schemas_say_of_a_member_is_all_done():
    parts = {
        "Node": {
            "properties": {"of": {"$ref": "#/components/schemas/One"}},
            "anyOf": [{"$ref": "#/components/schemas/Other"}],
        },
        "One": {"properties": {"a": {"default": 1}, "of": {"$ref": "#/components/schemas/Node"}}},
        "Other": {"properties": {"of": {"properties": {"b": {"default": 2}}}}},
    }
    clean = validator_for(document(**parts).schemas["Node"]).clean
    assert clean({"of": {"of": {"of": {}}}}) == {"of": {"of": {"of": {"a": 1, "b": 2}}, "a": 1, "b": 2}}
