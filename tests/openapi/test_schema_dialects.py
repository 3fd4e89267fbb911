import pytest

from macaron_django.openapi.dialects.schema_dialects import TooDeepError, normalise_schema


@pytest.mark.parametrize(
    ("dialect", "written", "normal"),
    [
        ("3.0", {"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ("3.0", {"type": "string", "nullable": False}, {"type": "string"}),
        ("3.0", {"nullable": True}, {}),
        ("3.0", {"nullable": True, "type": "string", "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a"]}),
        ("3.1", {"type": "string", "nullable": True}, {"type": "string"}),
        (
            "3.0",
            {"allOf": [{"$ref": "#/a"}], "nullable": True, "title": "T"},
            {"title": "T", "anyOf": [{"allOf": [{"$ref": "#/a"}]}, {"type": "null"}]},
        ),
        (
            "3.0",
            {"oneOf": [{"$ref": "#/a"}, {"$ref": "#/b"}], "nullable": True},
            {"anyOf": [{"oneOf": [{"$ref": "#/a"}, {"$ref": "#/b"}]}, {"type": "null"}]},
        ),
        ("3.0", {"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ("3.0", {"minimum": 1, "exclusiveMinimum": False}, {"minimum": 1}),
        ("3.0", {"exclusiveMaximum": True}, {}),
        ("3.0", {"$ref": "#/a", "type": "string", "description": "D"}, {"$ref": "#/a", "description": "D"}),
        ("3.1", {"$ref": "#/a", "minLength": 1}, {"$ref": "#/a", "minLength": 1}),
        ("2.0", {"$ref": "#/definitions/Pet"}, {"$ref": "#/components/schemas/Pet"}),
        ("2.0", {"type": "file"}, {"type": "string", "format": "binary"}),
        ("2.0", {"discriminator": "kind"}, {"discriminator": {"propertyName": "kind"}}),
        (
            "2.0",
            {"type": "string", "x-nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "x-nullable": True, "enum": ["a", None]},
        ),
        (
            "2.0",
            {"$ref": "#/definitions/A", "x-nullable": True},
            {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}], "x-nullable": True},
        ),
        ("2.0", {"type": "string", "format": "datetime"}, {"type": "string", "format": "date-time"}),
        ("3.1", {"properties": {"a": {"x-mandatory": True}, "b": {"x-mandatory": False}, "c": True}},
         {"properties": {"a": {"x-mandatory": True}, "b": {"x-mandatory": False}, "c": True}, "required": ["a"]}),
        ("2.0", {"required": ["b", "a"], "properties": {"c": {"$ref": "#/definitions/C", "x-mandatory": True}}},
         {"required": ["b", "a", "c"],
          "properties": {"c": {"$ref": "#/components/schemas/C", "x-mandatory": True}}}),
        ("3.0", {"required": True, "properties": {"a": {"x-mandatory": True}}},
         {"required": ["a"], "properties": {"a": {"x-mandatory": True}}}),
        ("3.1", {"type": "integer", "format": "int32"},
         {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}),
        ("3.1", {"type": "integer", "format": "int64", "minimum": 0},
         {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**63 - 1}),
        ("3.0", {"type": "string", "format": "int64"}, {"type": "string", "format": "int64"}),
        ("3.1", {"items": [{"type": "string"}], "additionalItems": False},
         {"prefixItems": [{"type": "string"}], "items": False}),
        ("3.1", {"required": True, "minLength": "3", "type": ["string", "int"]}, {"type": ["string"]}),
        ("3.0", {"enum": [{"nullable": True}], "default": {"$ref": 1}},
         {"enum": [{"nullable": True}], "default": {"$ref": 1}}),
        ("3.1", True, True),
        ("3.1", None, {}),
    ],
)  # fmt: skip
def test_a_schema_becomes_its_3_1_form(dialect, written, normal):
    assert normalise_schema(written, dialect) == normal


@pytest.mark.parametrize(
    "place",
    [
        lambda s: {"properties": {"nullable": s}},
        lambda s: {"allOf": [s]},
        lambda s: {"items": s},
        lambda s: {"additionalProperties": s},
        lambda s: {"not": s},
        lambda s: {"patternProperties": {"^a": s}},
    ],
)
def test_subschemas_are_normalised_wherever_they_stand(place):
    assert normalise_schema(place({"type": "string", "nullable": True}), "3.0") == place({"type": ["string", "null"]})


def test_what_was_read_stays_as_it_is():
    written = {"type": "integer", "format": "int32", "nullable": True, "properties": {"a": {"exclusiveMinimum": True}}}
    before = repr(written)
    normalise_schema(written, "3.0")
    assert repr(written) == before


def test_too_deep_a_schema_is_refused():
    schema = {}
    for _ in range(200):
        schema = {"items": schema}
    with pytest.raises(TooDeepError):
        normalise_schema(schema, "3.1")
