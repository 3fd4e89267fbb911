from macaron_django.openapi import check, load, publish


def test_a_document_in_many_files_is_served_as_one(spec_files):
    document = load(spec_files / "apis/shop.yaml")
    served = publish(document, base_path="/mounted/v2")
    again = load(served)
    assert [found for found in check(again) if found.level == "error"] == []
    assert served["openapi"] == "3.0.3"
    assert served["servers"] == [{"url": "/mounted/v2"}]
    schemas = served["components"]["schemas"]
    assert schemas["Pet"]["properties"]["name"] == {"type": "string", "nullable": True}
    assert schemas["Pet"]["properties"]["toys"] == {"$ref": "#/components/schemas/Toys"}
    assert schemas["Pet"]["properties"]["owner"] == {"$ref": "#/components/schemas/Owner"}
    assert schemas["Toys"] == {"type": "array", "items": {"type": "string"}}
    assert served["paths"]["/pets"]["get"]["operationId"] == "listPets"
    assert served["components"]["parameters"]["id"]["in"] == "path"
    assert "parameters" not in document.json["components"]


def test_what_only_the_server_needs_is_left_out(spec_files):
    document = load(spec_files / "apis/shop.yaml")
    served = publish(document)
    owner = served["components"]["schemas"]["Owner"]
    assert "x-model" not in owner
    assert "x-model" in owner["properties"]
    assert "x-bind-server" not in served["paths"]["/pets/{id}/toys"]["get"]
    assert served["servers"] == document.json["servers"]
    kept = publish(document, keep_server_extensions=True)
    assert kept["components"]["schemas"]["Owner"]["x-model"] == "shop.Owner"


def test_examples_are_left_as_they_are(make):
    schema = {"example": {"x-model": 1, "$ref": "x.yaml"}, "default": {"x-persist": 1}}
    assert publish(make({"A": schema}))["components"]["schemas"]["A"] == schema


def test_a_swagger_document_says_where_it_is_mounted(make):
    document = make(
        {"A": {"x-persist": "a.b", "properties": {}}}, version="2.0", host="h", schemes=["https"], basePath="/v1"
    )
    served = publish(document, base_path="/mounted/v1")
    assert served["basePath"] == "/mounted/v1"
    assert "host" not in served
    assert "schemes" not in served
    assert served["definitions"] == {"A": {"properties": {}}}
    assert document.json["host"] == "h"


def test_servers_of_an_operation_are_mounted_under_the_same_prefix(make):
    paths = {"/a": {"get": {"servers": [{"url": "https://uploads.example/up"}], "responses": {}}}}
    served = publish(make(paths=paths, servers=[{"url": "/v1"}]), base_path="/mounted/v1")
    assert served["paths"]["/a"]["get"]["servers"] == [{"url": "/mounted/up"}]


def test_discriminators_into_other_files_follow(write):
    path = write(
        "openapi: 3.1.0\ninfo: {title: T}\npaths: {}\ncomponents:\n  schemas:\n    A:\n"
        "      oneOf: [{$ref: 'b.yaml#/B'}]\n"
        "      discriminator: {propertyName: k, mapping: {b: 'b.yaml#/B'}}\n"
    )
    (path.parent / "b.yaml").write_text("B: {type: object, properties: {a: {$ref: '#/B'}}}")
    schemas = publish(load(path))["components"]["schemas"]
    assert schemas["A"]["discriminator"]["mapping"] == {"b": "#/components/schemas/B"}
    assert schemas["B"]["properties"]["a"] == {"$ref": "#/components/schemas/B"}


def test_what_is_for_clients_of_this_package_is_left_out_too(make):
    paths = {"/a": {"get": {"x-bind-client": "get_a", "x-decorate-request": "shop.auth.add", "responses": {}}}}
    assert publish(make(paths=paths))["paths"]["/a"]["get"] == {"responses": {}}


def test_clients_see_what_x_mandatory_requires(make):
    text = {"type": "string"}
    pet = {"required": ["name"], "properties": {"id": {**text, "x-mandatory": True}, "name": text}}
    nested = {"properties": {"x-mandatory": text, "properties": {**text, "x-mandatory": True}}}
    schemas = publish(make({"Pet": pet, "Nested": nested}))["components"]["schemas"]
    assert schemas["Pet"] == {"required": ["name", "id"], "properties": {"id": text, "name": text}}
    assert schemas["Nested"]["required"] == ["properties"]
