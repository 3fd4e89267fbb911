import doctest
import importlib
import pkgutil

import pytest

import macaron_django.openapi as spec
from macaron_django.openapi import Location, check, quick_check

OK = {"200": {"description": "OK"}}
MODULES = [
    module.name for module in pkgutil.walk_packages(spec.__path__, "macaron_django.openapi.") if not module.ispkg
]


def ids(findings):
    return [found.id for found in findings]


@pytest.mark.parametrize(
    ("paths", "id_"),
    [
        ({"/a/{x}": {"get": {"responses": OK}}}, "E021"),
        ({"a": {"get": {"responses": OK}}}, "E022"),
        ({"/a": {"get": {"responses": OK, "requestBody": {"content": {}}}}}, "W016"),
        ({"/a": {"get": {"responses": OK, "parameters": [{"name": "x", "in": "path", "schema": {}}]}}}, "W017"),
        ({"/a": {"get": {"responses": OK, "parameters": [{"in": "query", "schema": {}}]}}}, "E025"),
        ({"/a": {"get": {"responses": OK, "parameters": [{"name": "x", "in": "quer", "schema": {}}]}}}, "E025"),
        ({"/a": {"get": {"responses": OK, "parameters": [{"name": "x", "in": "query", "schema": {}}] * 2}}}, "E024"),
        ({"/a": {"get": {"responses": OK, "security": [{"k": []}]}}}, "E027"),
    ],
)
def test_faults_of_operations_are_found_when_loading(make, paths, id_):
    assert ids(quick_check(make(paths=paths))) == [id_]


def test_paths_that_differ_in_names_only_are_one_route(make):
    def item(name):
        return {"get": {"responses": OK, "parameters": [{"name": name, "in": "path", "required": True, "schema": {}}]}}

    document = make(paths={"/a/{x}": item("x"), "/a/{y}": item("y"), "/b/{x}": item("x")})
    (found,) = quick_check(document)
    assert (found.id, found.level) == ("E020", "error")
    assert "/a/{y}" in found.message
    assert "/a/{x}" in found.message


@pytest.mark.parametrize("path", ["/a?b=c", "/a#b"])
def test_a_path_with_a_query_or_a_fragment_is_a_warning(make, path):
    document = make(paths={path: {"get": {"responses": OK}}})
    assert [(found.id, found.location.pointer) for found in quick_check(document)] == [
        ("W024", "#/paths/" + path.replace("/", "~1"))
    ]
    assert document.operations[0].path == path


def test_methods_and_headers_that_differ_by_case_only_are_the_same(make):
    headers = [{"name": name, "in": "header", "schema": {}} for name in ("X-A", "x-a")]
    paths = {
        "/a": {"get": {"responses": OK}, "GET": {"responses": OK}, "put": {"responses": OK, "parameters": headers}}
    }
    document = make(paths=paths)
    assert ids(quick_check(document)) == ["E020", "E024"]
    assert [operation.method for operation in document.operations] == ["get", "put"]


def test_references_where_openapi_has_none_are_followed_and_reported(make):
    document = make(
        paths={"/a": {"get": {"$ref": "#/paths/~1b/get"}}, "/b": {"get": {"responses": OK}}},
        tags=[{"$ref": "#/x-tag"}],
        components={"responses": {"$ref": "#/x-responses"}},
        **{"x-responses": {"A": {"description": "A"}}, "x-tag": {"name": "t"}},
    )
    found = [(each.id, each.location.pointer) for each in check(document) if each.id != "W011"]
    assert found == [
        ("W025", "#/paths/~1a/get/$ref"), ("W025", "#/tags/0/$ref"), ("W025", "#/components/responses/$ref"),
    ]  # fmt: skip
    assert document.operations[0].responses["200"].description == "OK"


def test_info_in_another_file_is_read_or_said_to_be_missing(write):
    path = write("openapi: 3.1.0\ninfo: {$ref: info.yaml}\npaths: {}\n")
    assert "can't be read" in check(spec.load(path))[0].message
    write("title: Elsewhere\n", "info.yaml")
    document = spec.load(path)
    assert document.title == "Elsewhere"
    assert ids(check(document)) == ["W025"]


def test_a_dynamic_reference_between_resources_is_a_warning(make):
    def tree(name, **rest):
        return {
            "x-model": "a.B",
            "type": "object",
            "$id": f"https://example.com/{name}",
            "$dynamicAnchor": "node",
            **rest,
        }

    lone = make({"Tree": tree("tree", properties={"child": {"$dynamicRef": "#node"}})})
    assert ids(check(lone)) == []
    assert lone.schemas["Tree"].properties["child"].schema.target == lone.schemas["Tree"]
    both = make({"Tree": tree("tree", properties={"child": {"$dynamicRef": "#node"}}), "Strict": tree("strict")})
    assert ids(check(both)) == ["W026"]


@pytest.mark.parametrize(
    ("place", "formats", "wrong"),
    [
        ("query", ["pipes", "csv"], []),
        ("query", ["multi", "csv"], []),
        ("query", ["multi", "multi"], ["items/collectionFormat"]),
        ("header", ["multi"], ["collectionFormat"]),
        ("response", ["pipes", "csv"], []),
        ("response", ["multi"], ["collectionFormat"]),
        ("response", ["commas"], ["collectionFormat"]),
        ("response", ["pipes", None, "pipes"], ["items/items"]),
        ("query", ["commas"], ["collectionFormat"]),
        ("query", [None, None], ["items"]),
        ("formData", ["csv", "ssv", "csv"], ["items/items"]),
    ],
)
def test_collection_formats_tell_arrays_in_an_array_apart(place, formats, wrong):
    described = {"type": "string"}
    for each in reversed(formats):
        described = {"type": "array", "items": described, **({"collectionFormat": each} if each else {})}
    operation = {"parameters": [{"name": "a", "in": place, **described}], "responses": OK}
    if place == "response":
        headers = {"X-A": described}
        operation = {"responses": {"200": {"description": "Fine.", "headers": headers}}}
    document = spec.load(
        {"swagger": "2.0", "info": {"title": "A", "version": "1"}, "paths": {"/a": {"post": operation}}}
    )
    within = "/headers/X-A/" if place == "response" else "/parameters/0/"
    found = [(each.id, each.location.pointer.partition(within)[2]) for each in check(document)]
    assert found == [("W027", pointer) for pointer in wrong]


def test_operation_ids_are_unique(make):
    operation = {"operationId": "a", "responses": OK}
    assert ids(quick_check(make(paths={"/a": {"get": operation, "put": operation}}))) == ["W020"]


def test_two_bodies_are_one_too_many(make):
    parameters = [{"in": "body", "name": "a", "schema": {}}, {"in": "formData", "name": "b", "type": "string"}]
    document = make(paths={"/a": {"post": {"responses": OK, "parameters": parameters}}}, version="2.0")
    assert ids(quick_check(document)) == ["E026"]


@pytest.mark.parametrize(
    ("schema", "version", "id_"),
    [
        ({"type": "intege"}, "3.1.0", "E030"),
        ({"properties": []}, "3.1.0", "E030"),
        ({"minLength": -1}, "3.1.0", "E030"),
        ({"exclusiveMinimum": True, "minimum": 1}, "3.1.0", "W031"),
        ({"type": "string", "format": None}, "3.1.0", "W031"),
        ({"title": 3}, "3.1.0", "W030"),
        ({"required": True}, "3.0.0", "W030"),
        ({"properties": {"a": 3}}, "3.1.0", "E023"),
        ({"$ref": "#/components/schemas/B", "minLength": 3}, "3.0.0", "W003"),
        ({"nullable": True, "type": "string"}, "3.1.0", "W019"),
        ({"nullable": True, "type": "string", "enum": ["a"]}, "3.0.0", "W015"),
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "3.1.0", "W021"),
        ({"discriminator": {"propertyName": "a", "mapping": {"x": "#/nowhere"}}}, "3.1.0", "W018"),
    ],
)
def test_faults_of_schemas_are_found_when_checking(make, schema, version, id_):
    body = {"content": {"a/b": {"schema": {"items": {"$ref": "#/components/schemas/A"}}}}}
    document = make({"A": schema, "B": {}}, {"/a": {"post": {"responses": OK, "requestBody": body}}}, version)
    found = [found for found in check(document) if found.id != "W011"]
    assert ids(found) == [id_]
    assert document.schemas["A"].bundle()


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0", "3.2.0"])
def test_a_sound_document_has_no_findings(make, version):
    assert check(make(version=version)) == ()


@pytest.mark.parametrize(("info", "missing"), [({"title": "T"}, 1), ({"version": "1"}, 1), ({}, 2)])
def test_an_info_without_title_or_version_is_a_warning(info, missing):
    document = spec.load({"openapi": "3.1.0", "info": info, "paths": {}})
    assert ids(check(document)) == ["W012"] * missing


def test_unknown_fields_and_missing_descriptions_are_warnings(make):
    document = make(paths={"/a": {"get": {"responses": {"200": {}}, "sumary": "x"}}}, components={"x-a": {}})
    assert sorted(ids(check(document))) == ["W012", "W013"]
    hint = next(found.hint for found in check(document) if found.id == "W013")
    assert hint == "Did you mean 'summary'?"


@pytest.mark.parametrize(
    ("schemas", "id_"),
    [
        ({"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}, "E014"),
        ({"A": {"allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"$ref": "#/components/schemas/A", "title": "B"}},
         "E014"),
        ({"A": {"oneOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
         "W014"),
    ],
)  # fmt: skip
def test_circles_that_never_leave_the_instance_are_found(make, schemas, id_):
    assert [found.id for found in check(make(schemas)) if found.id[1:] == "014"] == [id_]


def inheriting(count):
    written = {f"S{i}": {"allOf": [{"$ref": f"#/components/schemas/S{i + 1}"}]} for i in range(count)}
    return written | {f"S{count}": {"type": "object", "properties": {"last": {"type": "string"}}}}


def test_a_schema_that_consists_of_too_many_others_is_an_error(make):
    few, many = make(inheriting(80)), make(inheriting(120))
    assert "E033" not in ids(check(few))
    assert list(few.schemas["S0"].properties) == ["last"]
    (first, *_) = [found for found in check(many) if found.id == "E033"]
    assert first.message == "S0 inherits from too many schemas. Including S0, there are 100 or more."
    assert 100 <= len(many.schemas["S0"].parts) <= 200


def test_recursion_is_no_circle(make):
    schemas = {"A": {"properties": {"a": {"$ref": "#/components/schemas/A"}}, "oneOf": [{"type": "object"}, {}]}}
    assert [found.id for found in check(make(schemas))] == []


def test_unused_components_are_warnings(make):
    body = {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/A/properties/x"}}}}
    document = make({"A": {"properties": {"x": {}}}, "B": {}, "C": {"x-model": "a.C"}},
                    {"/a": {"post": {"responses": OK, "requestBody": body}}})  # fmt: skip
    assert [(found.id, found.location.pointer) for found in check(document)] == [("W011", "#/components/schemas/B")]


def test_a_location_without_a_line_is_its_file():
    assert str(Location("a.yaml", "#/x")) == "a.yaml"
    assert Location("a.yaml", "#/x") == Location("a.yaml", "#/x", 3, 4)


def test_locate_finds_lines_in_json_too(write):
    document = spec.load(write('{"openapi": "3.1.0",\n "info": {"title": "a\x02"},\n "paths": {"/a": {}}}', "api.json"))
    assert document.main.location("#/paths/~1a").line == 3
    assert document.main.location("#/paths/~1a/get/responses").line == 3
    assert document.main.location("#/info/title").column == 11


@pytest.mark.parametrize("module", MODULES)
def test_docstring_examples_run(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


@pytest.mark.parametrize("module", [*MODULES, "macaron_django.openapi"])
def test_what_a_module_offers_is_there(module):
    imported = importlib.import_module(module)
    assert all(hasattr(imported, name) for name in imported.__all__)
