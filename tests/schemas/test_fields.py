"""Each schema has a DRF field that describes it; the table can be extended."""

import pytest
from django.http import QueryDict
from rest_framework import serializers

from macaron_django import openapi as spec
from macaron_django.schemas.serializers import fields
from macaron_django.schemas.serializers.fields import field_for, register_field


def schema_of(json, **components):
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {"Subject": json, **components}},
        }
    )
    return document.schemas["Subject"]


@pytest.fixture
def table():
    """The table of factories, as it was, after the test."""
    kept = dict(fields._FACTORIES)
    yield fields._FACTORIES
    fields._FACTORIES.clear()
    fields._FACTORIES.update(kept)


@pytest.mark.parametrize(
    ("json", "kind"),
    [
        ({"type": "string"}, serializers.CharField),
        ({"type": "string", "format": "unheard-of"}, serializers.CharField),
        ({"type": "string", "format": "date-time"}, serializers.DateTimeField),
        ({"type": "string", "format": "date"}, serializers.DateField),
        ({"type": "string", "format": "time"}, serializers.TimeField),
        ({"type": "string", "format": "duration"}, serializers.CharField),
        ({"type": "string", "format": "uuid"}, serializers.UUIDField),
        ({"type": "string", "format": "email"}, serializers.EmailField),
        ({"type": "string", "format": "uri"}, serializers.URLField),
        ({"type": "string", "format": "ipv6"}, serializers.IPAddressField),
        ({"type": "string", "format": "decimal"}, serializers.DecimalField),
        ({"type": "string", "format": "byte"}, serializers.CharField),
        ({"type": "string", "format": "binary"}, serializers.FileField),
        ({"type": "integer"}, serializers.IntegerField),
        ({"type": "integer", "format": "int64"}, serializers.IntegerField),
        ({"type": "number"}, serializers.FloatField),
        ({"type": "boolean"}, serializers.BooleanField),
        ({"enum": ["a", "b"]}, serializers.ChoiceField),
        ({"const": "a"}, serializers.ChoiceField),
        ({"type": "array", "items": {"type": "string"}}, serializers.ListField),
        ({"type": "array"}, serializers.ListField),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, serializers.DictField),
        ({"type": "object"}, serializers.JSONField),
        ({"type": "object", "properties": {"a": {}}}, serializers.JSONField),
        ({"type": ["string", "integer"]}, serializers.JSONField),
        ({"oneOf": [{"type": "string"}, {"type": "object"}]}, serializers.JSONField),
        ({"type": "null"}, serializers.JSONField),
        ({}, serializers.JSONField),
        ({"$ref": "#/components/schemas/Other"}, serializers.IntegerField),
        ({"allOf": [{"$ref": "#/components/schemas/Other"}, {"minimum": 1}]}, serializers.IntegerField),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, serializers.CharField),
    ],
)
def test_the_table_has_a_field_for_every_schema(json, kind):
    assert isinstance(field_for(schema_of(json, Other={"type": "integer"})), kind)


def test_labels_and_help_texts_come_from_title_and_description():
    field = field_for(schema_of({"type": "string", "title": "Full name", "description": "As in the passport."}))
    assert (field.label, field.help_text) == ("Full name", "As in the passport.")


def test_a_property_is_not_called_after_the_component_that_it_refers_to():
    other = {"type": "string", "title": "Address", "description": "Where."}
    reference = {"$ref": "#/components/schemas/Other"}
    field = field_for(schema_of(reference, Other=other))
    assert (field.label, field.help_text) == (None, "Where.")
    assert field_for(schema_of({**reference, "title": "Sender"}, Other=other)).label == "Sender"
    assert field_for(schema_of({"anyOf": [reference, {"type": "null"}]}, Other=other)).label is None


def test_what_a_reference_says_beside_itself_wins():
    schema = schema_of(
        {"$ref": "#/components/schemas/Other", "description": "mine"}, Other={"type": "string", "description": "theirs"}
    )
    assert field_for(schema).help_text == "mine"


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        ({"type": "string", "minLength": 2, "maxLength": 5}, {"min_length": 2, "max_length": 5, "allow_blank": False}),
        ({"type": "string"}, {"allow_blank": True, "trim_whitespace": False}),
        ({"type": "integer", "minimum": 1, "maximum": 9}, {"min_value": 1, "max_value": 9}),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 9}, {"min_value": 2, "max_value": 8}),
        ({"type": "integer", "minimum": 0.5, "exclusiveMinimum": -3}, {"min_value": 1}),
        ({"type": "number", "minimum": 0.5}, {"min_value": 0.5}),
        ({"type": "array", "minItems": 1, "maxItems": 3, "items": {}}, {"min_length": 1, "max_length": 3}),
        ({"type": ["string", "null"]}, {"allow_null": True}),
        ({"type": "string"}, {"allow_null": False}),
    ],
)
def test_bounds_become_the_fields_bounds(json, expected):
    field = field_for(schema_of(json))
    assert {name: getattr(field, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("pattern", "fits", "doesnt"),
    [
        ("^[a-z]+$", "ada", "Ada"),
        (r"^\p{Lu}", "Ada", "ada"),  # Python's re knows no \p
        (r"^\d+$", "12", "١٢"),  # and takes every script's digits for \d
        ("^[[a-z]+$", "[a", "A"),  # and warns of this one
        ("(", "anything", None),  # no engine takes it: finding W202
    ],
)
def test_a_pattern_is_told_as_written_and_means_what_the_schema_means(pattern, fits, doesnt):
    field = field_for(schema_of({"type": "string", "pattern": pattern}))
    assert field.validators[0].regex.pattern == pattern
    assert field.run_validation(fits) == fits
    if doesnt is not None:
        with pytest.raises(serializers.ValidationError):
            field.run_validation(doesnt)


def test_a_field_that_is_required_stays_so_with_a_default():
    field = field_for(schema_of({"type": "string", "default": "a"}), required=True)
    assert (field.required, field.initial) == (True, "a")


def test_choices_may_be_mixed_and_null_is_none_of_them():
    field = field_for(schema_of({"enum": ["red", 1, 2.5, None]}))
    assert dict(field.choices) == {"red": "red", 1: "1", 2.5: "2.5"}
    assert field.allow_null


@pytest.mark.parametrize("members", [[1, True], [[1], [2]], [{"a": 1}, "b"]])
def test_values_that_choices_cannot_tell_apart_are_any_json(members):
    assert isinstance(field_for(schema_of({"enum": members})), serializers.JSONField)


def test_an_optional_choice_can_be_left_open_in_a_form():
    values = [option.value for option in field_for(schema_of({"enum": ["a"]})).iter_options()]
    assert values == ["", "a"]
    assert [o.value for o in field_for(schema_of({"enum": ["a"]}), required=True).iter_options()] == ["a"]


def test_required_read_only_write_only_and_defaults():
    string = schema_of({"type": "string"})
    assert field_for(string, required=True).required
    assert not field_for(string).required
    assert field_for(string, read_only=True, write_only=True, required=True).read_only
    assert field_for(string, write_only=True).write_only
    with_default = field_for(schema_of({"type": "integer", "default": 7}))
    assert (with_default.default, with_default.initial, with_default.required) == (7, 7, False)


def test_a_default_that_could_be_changed_is_made_anew():
    field = field_for(schema_of({"type": "array", "items": {}, "default": [1]}))
    field.get_default().append(2)
    assert field.get_default() == [1]


def test_elements_and_members_are_described_too():
    field = field_for(schema_of({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}))
    assert isinstance(field.child.child, serializers.IntegerField)
    mapped = field_for(schema_of({"type": "object", "additionalProperties": {"type": "boolean"}}))
    assert isinstance(mapped.child, serializers.BooleanField)


def test_an_array_of_itself_ends():
    tree = schema_of({"type": "array", "items": {"$ref": "#/components/schemas/Subject"}})
    assert isinstance(field_for(tree).child, serializers.JSONField)


class Color(serializers.CharField):
    pass


def test_a_format_can_be_registered(table):
    register_field("string", "color", lambda schema, **options: Color(**options))
    field = field_for(schema_of({"type": ["string", "null"], "format": "color", "title": "Paint"}), required=True)
    assert isinstance(field, Color)
    assert (field.label, field.required, field.allow_null) == ("Paint", True, True)
    assert not isinstance(field_for(schema_of({"type": "string"})), Color)


def test_a_whole_type_can_be_registered_and_named_formats_still_win(table):
    register_field("object", None, lambda schema, **options: Color(**options))
    register_field("object", "special", lambda schema, **options: serializers.URLField(**options))
    assert isinstance(field_for(schema_of({"type": "object"})), Color)
    assert isinstance(field_for(schema_of({"type": "object", "format": "special"})), serializers.URLField)


def test_a_type_that_is_none_is_refused_with_the_one_that_was_meant():
    with pytest.raises(ValueError, match="did you mean 'string'"):
        register_field("sting", None, lambda schema, **options: Color(**options))
    with pytest.raises(ValueError, match="not a type of a schema"):
        register_field(3, None, lambda schema, **options: Color(**options))


def test_a_factory_that_is_none_is_refused_with_what_to_write():
    with pytest.raises(TypeError, match=r"Write register_field\('string', 'x', lambda schema"):
        register_field("string", "x", "CharField")


def test_a_factory_that_makes_no_field_is_named_with_the_schemas_place(table):
    register_field("string", "x", lambda schema, **options: None)
    with pytest.raises(TypeError, match=r"format 'x' returned None\. Return a rest_framework field"):
        field_for(schema_of({"type": "string", "format": "x"}))


def test_text_areas_hold_json_and_lists_may_be_plain_text():
    def sent(json, form):
        field = field_for(schema_of(json), required=True)
        field.bind("f", serializers.Serializer())
        return field.get_value(QueryDict(form))

    assert sent({"type": "object"}, 'f={"a": [1]}') == {"a": [1]}
    assert sent({"type": "object"}, "f={") == "{"
    assert sent({"type": "array", "items": {}}, "f=[1]") == [1]
    assert sent({"type": "array", "items": {}}, "f=a") == ["a"]
    assert sent({"type": "array", "items": {}}, "f=a&f=b") == ["a", "b"]
    assert sent({"type": "array", "items": {}}, "f=") is serializers.empty
