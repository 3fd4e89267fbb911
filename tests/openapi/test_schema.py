import pytest

from macaron_django.openapi import check

REF = "#/components/schemas/"


@pytest.fixture
def pets(make):
    return make(
        {
            "Base": {"type": "object", "required": ["id"], "description": "B", "properties": {
                "id": {"type": "string", "readOnly": True}, "name": {"type": "string", "minLength": 1}}},
            "Cat": {"allOf": [{"$ref": REF + "Base"}, {"required": ["name"], "properties": {"name": {"maxLength": 9}}}],
                    "title": "C", "properties": {"friends": {"type": "array", "items": {"$ref": REF + "Cat"}}}},
            "Alias": {"$ref": REF + "Cat", "description": "Another name"},
            "Perhaps": {"anyOf": [{"$ref": REF + "Cat"}, {"type": "null"}]},
            "Either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "Any": True,
            "None": False,
        }
    )  # fmt: skip


def test_schemas_are_listed_in_document_order(pets):
    assert list(pets.schemas) == ["Base", "Cat", "Alias", "Perhaps", "Either", "Any", "None"]
    assert pets.schemas["Cat"] is pets.schemas["Cat"]


def test_properties_come_through_references_and_all_of_in_document_order(pets):
    cat = pets.schemas["Cat"]
    assert list(cat.properties) == ["id", "name", "friends"]
    assert cat.required == {"id", "name"}
    assert cat.properties["id"].read_only
    assert cat.properties["id"].required
    assert not cat.properties["friends"].required
    assert cat.types == ("object",)
    assert cat.is_object
    assert cat.description == "B"


def test_a_recursive_schema_is_one_schema(pets):
    cat = pets.schemas["Cat"]
    assert cat.properties["friends"].schema.items.resolved == cat
    assert hash(cat.properties["friends"].schema.items.resolved) == hash(cat)


def test_a_lone_reference_leads_to_what_it_means(pets):
    alias = pets.schemas["Alias"]
    assert alias.resolved == pets.schemas["Cat"]
    assert alias.name == "Alias"
    assert alias.title == "C"
    assert alias.description == "Another name"
    assert pets.schemas["Cat"].all_of[0].name == "Base"


def test_or_null_is_looked_through(pets):
    perhaps = pets.schemas["Perhaps"]
    assert perhaps.nullable
    assert perhaps.resolved == pets.schemas["Cat"]
    assert list(perhaps.properties) == ["id", "name", "friends"]
    assert perhaps.is_object
    assert not pets.schemas["Cat"].nullable


def test_boolean_schemas_have_no_keywords(pets):
    assert pets.schemas["Any"].json is True
    assert pets.schemas["Any"].nullable
    assert not pets.schemas["None"].nullable
    assert pets.schemas["None"].bundle()["not"] == {}


def test_types_of_a_union_are_those_of_its_branches(pets):
    either = pets.schemas["Either"]
    assert either.types == ("string", "integer")
    assert [branch.types for branch in either.one_of] == [("string",), ("integer",)]
    assert not either.nullable


def test_bounds_are_the_tightest_and_other_keywords_the_nearest(make):
    document = make({"A": {"minLength": 1, "title": "A", "x-y": 1},
                     "B": {"allOf": [{"$ref": REF + "A"}, {"minLength": 5}], "minLength": 3}})  # fmt: skip
    schema = document.schemas["B"]
    assert schema.keyword("minLength") == 5
    assert schema.keyword("title") == "A"
    assert schema.keyword("pattern", "none") == "none"


def test_defaults_tell_null_from_nothing(make):
    document = make({"A": {"default": None}, "B": {}})
    assert document.schemas["A"].has_default
    assert document.schemas["A"].default is None
    assert not document.schemas["B"].has_default


@pytest.mark.parametrize(
    ("schema", "nullable"),
    [
        ({}, True),
        ({"type": ["string", "null"]}, True),
        ({"type": "null"}, True),
        ({"type": "string"}, False),
        ({"enum": ["a", None]}, True),
        ({"enum": ["a"]}, False),
        ({"type": ["string", "null"], "enum": ["a"]}, False),
        ({"const": None}, True),
        ({"const": 1}, False),
        ({"allOf": [{"type": ["string", "null"]}, {"type": "string"}]}, False),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, True),
        ({"type": ["string", "null"], "oneOf": [{"type": "string"}, {"type": "integer"}]}, False),
        ({"$ref": REF + "A"}, True),
    ],
)
def test_nullable_says_whether_null_is_valid(make, schema, nullable):
    assert make({"A": schema}).schemas["A"].nullable is nullable


@pytest.mark.parametrize(
    ("schema", "additional"),
    [
        ({}, True),
        ({"additionalProperties": False}, False),
        ({"unevaluatedProperties": False}, False),
        ({"allOf": [{"additionalProperties": False}]}, False),
    ],
)
def test_additional_properties_are_effective(make, schema, additional):
    assert make({"A": schema}).schemas["A"].additional_properties is additional
    typed = make({"A": {"additionalProperties": {"type": "string"}}}).schemas["A"].additional_properties
    assert typed.types == ("string",)


def test_a_discriminator_knows_the_schema_of_each_value(make):
    branches = {name: {"type": "object", "properties": {"kind": {"const": name}}} for name in ("Cat", "Dog", "Eel")}
    document = make(
        {
            **branches,
            "Pet": {
                "oneOf": [{"$ref": REF + name} for name in branches],
                "discriminator": {"propertyName": "kind", "mapping": {"c": REF + "Cat", "d": "Dog", "gone": "#/x"}},
            },
        }
    )
    found = document.schemas["Pet"].discriminator
    assert found.property_name == "kind"
    assert {value: schema.name for value, schema in found.mapping.items()} == {"c": "Cat", "d": "Dog", "Eel": "Eel"}
    assert [finding.id for finding in check(document) if finding.id == "W018"] == ["W018"]


def test_pointers_are_spelled_as_openapi_3_does_and_locations_as_written(make):
    schema = make({"Pet": {"properties": {"a/b": {"type": "string"}}}}, version="2.0").schemas["Pet"]
    assert schema.pointer == "#/components/schemas/Pet"
    assert schema.properties["a/b"].schema.pointer == "#/components/schemas/Pet/properties/a~1b"
    assert schema.properties["a/b"].schema.location.pointer == "#/definitions/Pet/properties/a~1b"


def test_hostile_property_names_are_only_names(make):
    names = ["class", "__init__", "save", "a-b", "日本", "$ref", "x-persist", "default", "items", "", "A", "a"]
    document = make({"A": {"type": "object", "properties": {name: {"type": "string"} for name in names}}})
    schema = document.schemas["A"]
    assert list(schema.properties) == names
    assert schema.extensions.persist is None
    assert [finding for finding in check(document) if finding.level == "error"] == []
