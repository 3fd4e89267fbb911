"""DRF's ModelSerializer over rows: what it takes, ``save()`` takes."""

from __future__ import annotations

import itertools

import pytest
from rest_framework import serializers

from macaron_django import openapi
from macaron_django.dynamodb import ItemManager, Persistence, persistence_options
from macaron_django.schemas.models.row_models import build_model
from macaron_django.schemas.serializers import row_fields
from macaron_django.schemas.values.classes import Classes

SCHEMA = {
    "type": "object",
    "required": ["key", "age"],
    "x-persist": {"hash_key": "key"},
    "properties": {
        "key": {"type": "string"},
        "age": {"type": "integer", "minimum": 0},
        "name": {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^a"},
        "score": {"type": "number", "maximum": 5},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "active": {"type": "boolean"},
        "address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
        "created": {"type": "string", "format": "date-time"},
        "note": {"type": ["string", "null"]},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "who": {"type": "string", "format": "uuid"},
        "secret": {"type": "string", "writeOnly": True},
        "made": {"type": "integer", "readOnly": True},
        "picture": {"type": "string", "format": "byte"},
    },
}
GOOD = {
    "key": ["k"],
    "age": [0, 7],
    "name": ["abc"],
    "score": [1.5, 5, 0],
    "tags": [[], ["a", "b"]],
    "active": [True, False],
    "address": [{"city": "Paris"}],
    "created": ["2026-01-01T00:00:00Z"],
    "note": [None, "", "x"],
    "kind": ["a"],
    "who": ["0190b6a4-3c6e-7bbd-8f0c-2f6b1a2c3d4e"],
    "secret": ["s"],
    "picture": ["aGk="],
}
BAD = {
    "key": [None, 7],
    "age": [None, -1, 1.5, "x"],
    "name": [None, "", "abcd", "b"],
    "score": [None, 6, "x"],
    "tags": [None, [1], ["a", "b", "c"], "a"],
    "active": [None, "maybe"],
    "address": [None, {}, {"city": 1}, "x"],
    "created": [None, "yesterday", ""],
    "note": [7],
    "kind": [None, "", "c"],
    "who": [None, "x", ""],
    "secret": [None],
    "picture": [None, "a", 7],
}
WITHIN = {
    "type": "object",
    "x-persist": {"hash_key": "key"},
    "required": ["key"],
    "minProperties": 2,
    "additionalProperties": False,
    "properties": {
        "key": {"type": "string"},
        "street": {"type": "string"},
        "post code": {"type": "string", "default": "75001"},
        "card": {"type": "string"},
        "iban": {"type": "string"},
        "made": {"type": "string", "format": "date-time", "readOnly": True, "x-generated": "now"},
    },
    "dependentRequired": {"street": ["post code", "card"]},
    "not": {"required": ["card", "iban"]},
}
_numbers = itertools.count()


@pytest.fixture(scope="module")
def model():
    return made_model(SCHEMA)


def made_model(schema):
    row_fields.install()  # as the app does where a spec keeps something
    components = {"schemas": {"Thing": schema}}
    described = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": components}
    document = openapi.load(described)
    schema = document.schemas["Thing"]
    options, _ = persistence_options(schema.extensions.persist)
    persistence = Persistence("things", schema, options, Classes("things", document))
    made = build_model(
        schema,
        api="things",
        label=f"macaron_things_{next(_numbers)}",
        classes=persistence.classes,
        manager=ItemManager(persistence),
        hash_key="key",
        module=__name__,
    )
    persistence.bind(made)
    return made


@pytest.fixture
def serializer_class(model):
    return serializer_of(model)


def serializer_of(row_class, shown="__all__", **options):
    class ThingSerializer(serializers.ModelSerializer):
        class Meta:
            fields = shown
            extra_kwargs = {"key": {"validators": []}}

    ThingSerializer.Meta.model = row_class
    for name, value in options.items():
        setattr(ThingSerializer.Meta, name, value)
    return ThingSerializer


@pytest.fixture(scope="module")
def within():
    return made_model(WITHIN)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in GOOD.items() for value in values])
def test_what_is_valid_is_taken_and_shown_as_it_is(serializer_class, model, name, value):
    serializer = serializer_class(data={"key": "k", "age": 1, name: value})
    assert serializer.is_valid(), serializer.errors
    row = model(**serializer.validated_data)
    row._check()
    if name != "secret":
        assert serializer_class(row).data[name] == value
    assert "secret" not in serializer_class(row).data


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_what_save_refuses_is_an_error_of_its_field(serializer_class, name, value):
    serializer = serializer_class(data={"key": "k", "age": 1, name: value})
    assert not serializer.is_valid()
    assert serializer.errors.keys() == {name}


def test_what_may_be_left_out_may_and_what_must_be_there_must(serializer_class):
    assert serializer_class(data={"key": "k", "age": 1}).is_valid()
    serializer = serializer_class(data={"made": 7})
    assert not serializer.is_valid()
    assert serializer.errors.keys() == {"key", "age"}
    patch = serializer_class(data={"name": "a"}, partial=True)
    assert patch.is_valid()
    assert patch.validated_data == {"name": "a"}


def test_what_the_server_sets_isnt_taken_from_a_client(serializer_class):
    serializer = serializer_class(data={"key": "k", "age": 1, "made": 7})
    assert serializer.is_valid()
    assert "made" not in serializer.validated_data


@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        ({"street": "s", "card": "c"}, set()),
        ({"street": "s"}, {"card"}),
        ({"card": "c", "iban": "i"}, {"non_field_errors"}),
        ({"iban": "i"}, set()),
    ],
)
@pytest.mark.parametrize("options", [{}, {"validators": []}])
def test_rules_about_several_properties_are_found_before_anything_is_saved(within, sent, refused, options):
    serializer = serializer_of(within, **options)(data={"key": "k", **sent})
    assert serializer.is_valid() is not bool(refused)
    assert serializer.errors.keys() == refused
    if not refused:
        within(**serializer.validated_data)._check()


def test_rules_about_several_properties_see_what_a_row_has_already(within):
    row = within(key="k", iban="i")
    patch = serializer_of(within)(row, data={"card": "c"}, partial=True)
    assert not patch.is_valid()
    assert patch.errors.keys() == {"non_field_errors"}
    assert "card" not in row
    assert serializer_of(within)(row, data={"street": "s"}, partial=True).is_valid() is False
    assert serializer_of(within)(row, data={"iban": "j"}, partial=True).is_valid()


def test_a_row_that_broke_a_rule_before_may_keep_what_it_broke(within):
    row = within(key="k", iban="i", card="c")
    row._state.item = {name: {"S": value} for name, value in row.to_json().items()}
    row._state.adding = False
    assert serializer_of(within)(row, data={"iban": "j"}, partial=True).is_valid()


def test_what_save_adds_is_no_clients_to_send(within):
    assert serializer_of(within, shown=["key", "street"])(data={"key": "k", "street": "s"}).is_valid()
    assert serializer_of(within, shown=["street"])(data={}).is_valid()
    every = ["key", "street", "post_code", "card", "iban"]
    asked = serializer_of(within, shown=every, read_only_fields=["card"])(data={"key": "k", "street": "s"})
    assert asked.is_valid()
