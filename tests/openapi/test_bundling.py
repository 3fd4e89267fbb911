import jsonschema_rs
import pytest

from macaron_django.openapi import load

REF = "#/components/schemas/"


def valid(schema, instance, direction=None):
    return jsonschema_rs.Draft202012Validator(schema.bundle(direction)).is_valid(instance)


def test_a_bundle_holds_what_it_refers_to_and_no_more(make):
    document = make({"A": {"properties": {"b": {"$ref": REF + "B"}}}, "B": {"$ref": REF + "C"}, "C": {"type": "string"},
                     "D": {}})  # fmt: skip
    bundle = document.schemas["A"].bundle()
    assert set(bundle["$defs"]) == {"B", "C"}
    assert bundle["properties"] == {"b": {"$ref": "#/$defs/B"}}


def test_recursive_schemas_bundle(make):
    document = make(
        {"Tree": {"type": "object", "properties": {"left": {"$ref": REF + "Tree"}, "n": {"type": "integer"}}}}
    )
    assert valid(document.schemas["Tree"], {"left": {"left": {"n": 1}}})
    assert not valid(document.schemas["Tree"], {"left": {"left": {"n": "1"}}})


@pytest.mark.parametrize("name", ["a/b", "a~b", "日本", "a b", "%41", "a#b", "'\"<>"])
def test_names_of_any_letters_can_be_referred_to(make, name):
    token = name.replace("~", "~0").replace("/", "~1").replace("%", "%25")
    document = make({name: {"type": "string"}, "R": {"items": {"$ref": REF + token}}})
    assert valid(document.schemas["R"], ["x"])
    assert not valid(document.schemas["R"], [1])


def test_components_of_one_name_in_two_files_stay_apart(write):
    path = write(
        "openapi: 3.1.0\ninfo: {title: T}\npaths: {}\ncomponents:\n  schemas:\n    B: {$ref: 'c.yaml#/A'}\n"
        "    A: {properties: {a: {$ref: 'b.yaml#/A'}, b: {$ref: '#/components/schemas/B'}}}\n"
    )
    (path.parent / "b.yaml").write_text("A: {type: string}")
    (path.parent / "c.yaml").write_text("A: {type: integer}")
    schema = load(path).schemas["A"]
    assert valid(schema, {"a": "x", "b": 1})
    assert not valid(schema, {"a": 1})
    assert not valid(schema, {"b": "x"})


@pytest.fixture
def user(make):
    return make(
        {
            "Base": {"properties": {"id": {"type": "string", "readOnly": True}, "password": {"$ref": REF + "Secret"}}},
            "Secret": {"type": "string", "writeOnly": True},
            "User": {"allOf": [{"$ref": REF + "Base"}, {"required": ["password", "id"]}], "required": ["id", "name"],
                     "properties": {"name": {"type": "string"}, "boss": {"$ref": REF + "User"}}},
        }
    ).schemas["User"]  # fmt: skip


def test_requests_need_no_read_only_and_responses_no_write_only_properties(user):
    assert valid(user, {"name": "n", "password": "p"}, "request")
    assert valid(user, {"name": "n", "id": "i"}, "response")
    assert not valid(user, {"name": "n", "id": "i"}, "request")
    assert not valid(user, {"name": "n", "password": "p"}, "response")
    assert not valid(user, {"name": "n", "password": "p"})
    assert valid(user, {"name": "n", "password": "p", "boss": {"name": "b", "password": "p"}}, "request")


def test_a_required_property_of_the_same_name_elsewhere_stays_required(make):
    schema = make({"A": {"properties": {"id": {"readOnly": True}, "b": {"properties": {"id": {}}, "required": ["id"]}},
                         "required": ["id"]}}).schemas["A"]  # fmt: skip
    assert valid(schema, {}, "request")
    assert not valid(schema, {"b": {}}, "request")


@pytest.fixture
def animals(make):
    return make(
        {
            "Pet": {"type": "object", "discriminator": "kind", "required": ["kind"],
                    "properties": {"kind": {"type": "string"}}},
            "Cat": {"allOf": [{"$ref": "#/definitions/Pet"}, {"required": ["lives"],
                    "properties": {"lives": {"type": "integer"}}}]},
            "Lion": {"allOf": [{"$ref": "#/definitions/Cat"}, {"required": ["mane"]}]},
            "Dog": {"x-ms-discriminator-value": "hound", "allOf": [{"$ref": "#/definitions/Pet"}]},
            "Zoo": {"type": "array", "items": {"$ref": "#/definitions/Pet"}},
        },
        version="2.0",
    )  # fmt: skip


def test_a_swagger_discriminator_picks_the_definition_to_match(animals):
    zoo = animals.schemas["Zoo"]
    assert valid(zoo, [{"kind": "Pet"}, {"kind": "Cat", "lives": 9}, {"kind": "hound"}])
    assert not valid(zoo, [{"kind": "Cat"}])
    assert not valid(zoo, [{"kind": "Cat", "lives": "nine"}])
    assert not valid(zoo, [{"kind": "Lion", "lives": 9}])
    assert valid(zoo, [{"kind": "Lion", "lives": 9, "mane": True}])
    assert not valid(zoo, [{"kind": "Cow"}])
    assert not valid(zoo, [{}])


def test_what_is_built_on_a_discriminated_schema_is_checked_as_itself(animals):
    assert valid(animals.schemas["Cat"], {"kind": "Cat", "lives": 9})
    assert not valid(animals.schemas["Cat"], {"kind": "Cat"})
    assert {value: schema.name for value, schema in animals.schemas["Pet"].discriminator.mapping.items()} == {
        "Cat": "Cat", "Lion": "Lion", "hound": "Dog",
    }  # fmt: skip


def test_a_discriminator_of_openapi_3_changes_nothing(make):
    document = make({"Pet": {"properties": {"kind": {}}, "discriminator": {"propertyName": "kind"}},
                     "Cat": {"allOf": [{"$ref": REF + "Pet"}], "required": ["lives"]}})  # fmt: skip
    assert valid(document.schemas["Pet"], {"kind": "Cat"})
    assert list(document.schemas["Pet"].discriminator.mapping) == ["Cat"]


def test_values_that_look_like_schemas_are_left_alone(make):
    value = {"$ref": "#/nowhere", "nullable": True, "x-a": 1}
    schema = make({"A": {"enum": [value], "default": value}}, version="3.0.0").schemas["A"]
    assert valid(schema, value)
    assert schema.bundle()["default"] == value


def test_nullable_composition_takes_null(make):
    document = make(
        {"A": {"type": "object"}, "Nothing": {"enum": [None]}, "B": {"nullable": True, "allOf": [{"$ref": REF + "A"}]},
         "C": {"nullable": True, "oneOf": [{"$ref": REF + "A"}, {"$ref": REF + "Nothing"}]},
         "D": {"nullable": True, "type": "object", "allOf": [{"$ref": REF + "A"}]}},
        version="3.0.3",
    )  # fmt: skip
    for name in "BCD":
        assert valid(document.schemas[name], None)
        assert valid(document.schemas[name], {})
        assert not valid(document.schemas[name], 3)
        assert document.schemas[name].types == ("object",)
        assert document.schemas[name].nullable


def test_a_dynamic_reference_means_what_the_way_to_it_says(make):
    def page(name, of):
        anchor = {"$defs": {"of": {"$dynamicAnchor": "T", **of}}}
        return {"$id": f"https://example.com/{name}", "$ref": "https://example.com/page", **anchor}

    document = make(
        {
            "Page": {
                "$id": "https://example.com/page",
                "type": "object",
                "properties": {
                    "items": {"type": "array", "items": {"$dynamicRef": "#T"}},
                    "next": {"$ref": "https://example.com/page"},
                },
                "$defs": {"of": {"$dynamicAnchor": "T"}},
            },
            "Names": page("names", {"type": "string"}),
            "Numbers": page("numbers", {"type": "integer"}),
            "Both": {
                "properties": {
                    "a": {"$ref": "#/components/schemas/Names"},
                    "b": {"$ref": "#/components/schemas/Numbers"},
                }
            },
        }
    )
    validators = {
        name: jsonschema_rs.Draft202012Validator(document.schemas[name].bundle()) for name in document.schemas
    }
    for value, fits in (("x", "Names"), (1, "Numbers")):
        for instance in ({"items": [value]}, {"next": {"items": [value]}}):
            accepted = {name for name in ("Page", "Names", "Numbers") if validators[name].is_valid(instance)}
            assert accepted == {"Page", fits}
    assert validators["Both"].is_valid({"a": {"items": ["x"]}, "b": {"items": [1]}})
    assert not validators["Both"].is_valid({"a": {"items": [1]}})
    assert not validators["Both"].is_valid({"b": {"next": {"items": ["x"]}}})


def test_threads_that_name_a_schema_at_once_agree(monkeypatch):
    document = load(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {"B": {"type": "object"}}},
        }
    )
    schema, inner, named = document.schemas["B"], [], document.component_name

    def another_thread_comes(schema):
        if not inner:
            inner.append(None)
            inner[:] = [name_of(schema)]
        return named(schema)

    name_of = document._bundler.name_of
    monkeypatch.setattr(document, "component_name", another_thread_comes)
    assert [name_of(schema)] == inner == ["B"]


def test_a_schema_is_complete_when_another_thread_can_see_it():
    parameter = {"name": "f", "in": "formData", "type": "string", "required": True}
    operation = {
        "consumes": ["application/x-www-form-urlencoded"],
        "parameters": [parameter],
        "responses": {"200": {"description": "x"}},
    }
    document = load({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"post": operation}}})

    class Seen(dict):  # stands for the other thread
        def setdefault(self, key, schema):
            schema.properties  # noqa: B018 (which keeps them)
            return super().setdefault(key, schema)

        __setitem__ = setdefault

    document._schemas = Seen()
    (body,) = document.operations[0].request_body.content.values()
    assert list(body.schema.properties) == ["f"]
