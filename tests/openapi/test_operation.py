import pytest

from macaron_django.openapi import check, load, publish, quick_check

OK = {"200": {"description": "OK"}}


@pytest.fixture
def operation_of(make):
    def operation_of(operation, path="/a", method="get", version="3.1.0", item=None, **rest):
        paths = {path: {**(item or {}), method: {"responses": OK, **operation}}}
        return make(paths=paths, version=version, **rest).operations[0]

    return operation_of


# OpenAPI 3.1, section 4.8.12.4: the defaults of style and explode in each place.
@pytest.mark.parametrize(
    ("place", "given", "style", "explode"),
    [
        ("path", {}, "simple", False),
        ("path", {"explode": True}, "simple", True),
        ("path", {"style": "label"}, "label", False),
        ("path", {"style": "matrix", "explode": True}, "matrix", True),
        ("query", {}, "form", True),
        ("query", {"explode": False}, "form", False),
        ("query", {"style": "spaceDelimited"}, "spaceDelimited", False),
        ("query", {"style": "pipeDelimited"}, "pipeDelimited", False),
        ("query", {"style": "deepObject", "explode": True}, "deepObject", True),
        ("header", {}, "simple", False),
        ("cookie", {}, "form", True),
        ("cookie", {"style": "cookie"}, "cookie", True),
    ],
)
def test_style_and_explode_have_their_defaults(operation_of, place, given, style, explode):
    parameter = operation_of({"parameters": [{"name": "a", "in": place, "schema": {}, **given}]}).parameters[0]
    assert (parameter.location, parameter.style, parameter.explode) == (place, style, explode)


# OpenAPI 3.1, section 4.8.12.3 (style values), and 3.2's cookie: every row, in every place that it names.
@pytest.mark.parametrize("explode", [False, True])
@pytest.mark.parametrize("type_", ["string", "array", "object"])
@pytest.mark.parametrize(
    ("style", "place"),
    [
        ("matrix", "path"), ("label", "path"), ("simple", "path"), ("simple", "header"), ("form", "query"),
        ("form", "cookie"), ("spaceDelimited", "query"), ("pipeDelimited", "query"), ("deepObject", "query"),
        ("cookie", "cookie"),
    ],
)  # fmt: skip
def test_every_row_of_the_style_table_is_described(operation_of, style, place, type_, explode):
    given = {"name": "a", "in": place, "required": True, "style": style, "explode": explode, "schema": {"type": type_}}
    path = "/{a}" if place == "path" else "/a"
    for version in ("3.2.0",) if style == "cookie" else ("3.0.3", "3.1.0"):
        operation = operation_of({"parameters": [given]}, path=path, version=version)
        (parameter,) = operation.parameters
        assert (parameter.location, parameter.style, parameter.explode) == (place, style, explode)
        assert parameter.schema.types == (type_,)
        assert quick_check(operation.document) == ()


# Swagger 2.0: collectionFormat of arrays.
@pytest.mark.parametrize(
    ("place", "given", "style", "explode"),
    [
        ("query", {}, "form", False),
        ("query", {"collectionFormat": "multi"}, "form", True),
        ("query", {"collectionFormat": "ssv"}, "spaceDelimited", False),
        ("query", {"collectionFormat": "pipes"}, "pipeDelimited", False),
        ("query", {"collectionFormat": "tsv"}, "tabDelimited", False),
        ("path", {"collectionFormat": "csv"}, "simple", False),
        ("header", {}, "simple", False),
    ],
)
def test_collection_formats_become_styles(operation_of, place, given, style, explode):
    given = {"name": "a", "in": place, "type": "array", "items": {"type": "integer", "format": "int32"}, **given}
    parameter = operation_of({"parameters": [given]}, version="2.0").parameters[0]
    assert (parameter.style, parameter.explode) == (style, explode)
    assert parameter.schema.items.keyword("maximum") == 2**31 - 1


def test_path_parameters_are_merged_and_overridden(operation_of):
    item = {"parameters": [{"name": "a", "in": "query", "schema": {"type": "string"}},
                           {"name": "b", "in": "query", "schema": {"type": "string"}}]}  # fmt: skip
    own = [{"name": "a", "in": "query", "schema": {"type": "integer"}}, {"name": "a", "in": "header", "schema": {}}]
    parameters = operation_of({"parameters": own}, item=item).parameters
    assert [(parameter.name, parameter.location) for parameter in parameters] == [
        ("a", "query"), ("b", "query"), ("a", "header"),
    ]  # fmt: skip
    assert parameters[0].schema.types == ("integer",)


def test_a_parameter_carries_all_that_was_said(operation_of):
    given = {"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}},
             "allowReserved": True, "allowEmptyValue": True, "required": True, "deprecated": True, "description": "D",
             "x-key": "k", "x-lookup": "gte", "x-path-greedy": True, "examples": {"e": {"value": 1}}}  # fmt: skip
    parameter = operation_of({"parameters": [given]}).parameters[0]
    assert parameter.content_type == "application/json"
    assert parameter.schema.types == ("object",)
    assert parameter.allow_reserved
    assert parameter.allow_empty_value
    assert parameter.required
    assert parameter.deprecated
    assert (parameter.key, parameter.lookup, parameter.greedy, parameter.examples) == ("k", "gte", True, {"e": 1})


@pytest.mark.parametrize("version", ["2.0", "3.1.0"])
def test_path_parameters_that_may_hold_slashes_are_told_without_the_rest(operation_of, version):
    operation = operation_of(
        {
            "parameters": [
                {"name": "path", "in": "path", "required": True, "type": "string", "x-path-greedy": True},
                {"name": "no", "in": "path", "required": True, "type": "string", "x-path-greedy": "yes"},
                {"name": "query", "in": "query", "type": "string", "x-path-greedy": True},
                {"in": "path", "x-path-greedy": True},
            ]
        },
        "/{path}/{no}",
        version=version,
    )
    assert operation.greedy_parameters == {"path"}
    assert operation.greedy_parameters == {p.name for p in operation.parameters if p.greedy and p.location == "path"}
    assert operation_of({}).greedy_parameters == frozenset()


def test_bodies_hold_their_media_types(operation_of):
    content = {"application/json": {"schema": {"type": "object"}, "example": 1},
               "multipart/form-data": {"schema": {"type": "object"}, "encoding": {"f": {
                   "contentType": "image/png", "headers": {"X-A": {"schema": {"type": "string"}}}}}}}  # fmt: skip
    body = operation_of({"requestBody": {"required": True, "content": content}}, method="post").request_body
    assert body.required
    assert list(body.content) == ["application/json", "multipart/form-data"]
    assert body.content["application/json"].examples == {"example": 1}
    encoding = body.content["multipart/form-data"].encoding["f"]
    assert (encoding.content_type, encoding.style, encoding.explode) == ("image/png", "form", True)
    assert encoding.headers["X-A"].schema.types == ("string",)


def test_a_swagger_body_becomes_a_request_body(operation_of):
    body = {"in": "body", "name": "b", "required": True, "schema": {"$ref": "#/definitions/A"}}
    operation = operation_of({"parameters": [body], "consumes": ["application/xml"]}, method="post", version="2.0",
                             schemas={"A": {"type": "object"}}, consumes=["application/json"])  # fmt: skip
    assert operation.parameters == ()
    assert operation.request_body.required
    assert operation.request_body.content["application/xml"].schema.name == "A"


def test_swagger_form_fields_become_an_object(operation_of):
    fields = [
        {"in": "formData", "name": "f", "type": "file", "required": True},
        {"in": "formData", "name": "n", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi"},
    ]
    body = operation_of({"parameters": fields}, method="post", version="2.0").request_body  # fmt: skip
    schema = body.content["multipart/form-data"].schema
    assert schema.properties["f"].schema.format == "binary"
    assert schema.required == {"f"}
    assert body.content["multipart/form-data"].encoding["n"].explode
    assert schema.bundle()["properties"]["n"] == {"type": "array", "items": {"type": "string"}}


def test_swagger_responses_have_content(operation_of):
    responses = {"200": {"description": "A", "schema": {"type": "string"}, "examples": {"text/plain": "x"},
                         "headers": {"X-A": {"type": "integer"}}}, "default": {"description": "E"}}  # fmt: skip
    operation = operation_of({"responses": responses, "produces": ["text/plain"]}, version="2.0")
    assert operation.success.content["text/plain"].schema.types == ("string",)
    assert operation.success.content["text/plain"].examples == {"example": "x"}
    assert operation.success.headers["X-A"].schema.types == ("integer",)
    assert operation.responses["default"].content == {}


@pytest.mark.parametrize(
    ("statuses", "success"),
    [(["404", "201", "200"], "201"), (["2XX", "404"], "2XX"), (["default"], "default"), (["404"], None), ([], None)],
)
def test_success_is_the_first_2xx_response(operation_of, statuses, success):
    operation = operation_of({"responses": {status: {"description": ""} for status in statuses}})
    assert (operation.success and operation.success.status) == success


@pytest.mark.parametrize(
    ("document", "own", "security"),
    [
        ({}, {}, None),
        ({"security": [{"k": []}]}, {}, ({"k": ()},)),
        ({"security": [{"k": []}]}, {"security": []}, ()),
        ({}, {"security": [{}, {"o": ["read"]}]}, ({}, {"o": ("read",)})),
        ({"security": []}, {}, ()),
    ],
)
def test_security_tells_public_from_unsaid(operation_of, document, own, security):
    assert operation_of(own, **document).security == security


@pytest.mark.parametrize(
    ("security", "hint"),
    [
        (["k"], "[{k: []}]"),
        ({"k": []}, "[{k: []}]"),
        ({}, "[{name: []}]"),
        ([{"k": "admin"}], "[{k: [admin]}]"),
        ([{"k": [["admin"]]}], "[{k: []}]"),
        ([{"k": {"admin": True}}], "[{k: []}]"),
        ([{"k": []}, "k"], "[{k: []}]"),
        ([{"": []}], "[{name: []}]"),
        ([None], "[{name: []}]"),
        ("k", "[{k: []}]"),
        ("", "[{name: []}]"),
        (0, "[{name: []}]"),
        (False, "[{name: []}]"),
    ],
)
def test_a_malformed_security_is_an_error_and_lets_nobody_in(make, security, hint):
    schemes = {"components": {"securitySchemes": {"k": {"type": "http", "scheme": "bearer"}}}}
    own = make(paths={"/a": {"get": {"responses": OK, "security": security}}}, security=[], **schemes)
    inherited = make(paths={"/a": {"get": {"responses": OK}}}, security=security, **schemes)
    for document, pointer in ((own, "#/paths/~1a/get/security"), (inherited, "#/security")):
        (found,) = quick_check(document)
        assert (found.id, found.level, found.location.pointer) == ("E028", "error", pointer)
        assert hint in found.hint
        (requirement,) = document.operations[0].security
        assert requirement.keys() - document.security_schemes.keys()


def test_a_requirement_without_scopes_is_a_warning_and_still_required(operation_of):
    schemes = {"components": {"securitySchemes": {"k": {"type": "http", "scheme": "bearer"}}}}
    operation = operation_of({"security": [{"k": None}]}, **schemes)
    assert operation.security == ({"k": ()},)
    assert [found.id for found in quick_check(operation.document)] == ["W023"]


def test_security_beside_the_reference_of_an_operation_counts(make):
    document = make(
        paths={"/a": {"get": {"$ref": "#/paths/~1b/get", "security": [{"k": []}]}},
               "/b": {"get": {"responses": OK, "security": []}}},
        components={"securitySchemes": {"k": {"type": "http", "scheme": "bearer"}}},
    )  # fmt: skip
    assert [operation.security for operation in document.operations] == [({"k": ()},), ()]


@pytest.mark.parametrize(
    ("rest", "base_path"),
    [
        ({}, ""),
        ({"servers": []}, ""),
        ({"servers": [{"url": "/"}]}, ""),
        ({"servers": [{"url": "v1/"}]}, "/v1"),
        ({"servers": [{"url": "https://example.com/v1"}, {"url": "/v2"}]}, "/v1"),
        ({"servers": [{"url": "{scheme}://h/{v}", "variables": {"scheme": {"default": "https"}, "v": {"default": 3}}}]},
         "/3"),
        ({"servers": [{"url": "http://[bad"}]}, ""),
        ({"servers": [{"url": "https://user@example.com:8080/v1/?key=1#top"}]}, "/v1"),
        ({"servers": [{"url": "//example.com/v1"}]}, "/v1"),
        ({"version": "2.0", "basePath": "/v1/"}, "/v1"),
    ],
)  # fmt: skip
def test_routes_begin_with_the_base_path(operation_of, rest, base_path):
    operation = operation_of({}, **rest)
    assert operation.document.base_path == base_path
    assert operation.route == base_path + "/a"


def test_an_operation_may_have_servers_of_its_own(operation_of):
    operation = operation_of({"servers": [{"url": "/upload"}]}, servers=[{"url": "/v1"}])
    assert operation.route == "/upload/a"


def test_operations_of_3_2_may_have_any_method(make):
    document = make(paths={"/a": {"query": {}, "additionalOperations": {"COPY": {}}}}, version="3.2.0")
    assert [operation.method for operation in document.operations] == ["query", "copy"]


def test_security_schemes_are_told_in_the_terms_of_3_1(make):
    schemes = {"k": {"type": "apiKey", "in": "header", "name": "X-K"}, "b": {"type": "http", "scheme": "Bearer"}}
    new = make(components={"securitySchemes": schemes})
    assert new.security_schemes["k"].location == "header"
    assert new.security_schemes["b"].scheme == "bearer"
    old = make(version="2.0", securityDefinitions={"b": {"type": "basic"}, "o": {
        "type": "oauth2", "flow": "accessCode", "authorizationUrl": "a", "tokenUrl": "t", "scopes": {}}})  # fmt: skip
    assert old.security_schemes["b"].scheme == "basic"
    assert list(old.security_schemes["o"].flows) == ["authorizationCode"]


def test_the_extensions_of_an_operation_are_typed(operation_of):
    extensions = operation_of(
        {"x-bind-server": "a.b", "x-decorate-server": "a.b, c.d", "x-bind-client": "n"}
    ).extensions
    assert extensions.bind_server == "a.b"
    assert extensions.decorate_server == ("a.b", "c.d")
    assert extensions.bind_client == "n"
    assert not extensions.no_bind_server
    listed = operation_of({"x-decorate-server": ["a.b", "c.d"], "x-no-bind-server": True}).extensions
    assert listed.decorate_server == ("a.b", "c.d")
    assert listed.no_bind_server
    assert [operation_of({"x-read-limit": n}).extensions.read_limit for n in (500, 0, True, "5")] == [500, *[None] * 3]


@pytest.mark.parametrize("broken", [None, 3, "x", [], [None], {"a": None}, {"get": 3}, {"get": {"responses": 3}}])
def test_broken_structure_never_raises(broken):
    for root in (
        {"openapi": "3.1.0", "paths": broken},
        {"openapi": "3.0.0", "info": broken, "paths": {"/a": broken}, "components": broken, "servers": broken},
        {"swagger": "2.0", "paths": {"/a": {"get": broken, "parameters": broken}}, "definitions": broken,
         "security": broken, "securityDefinitions": broken},
        {"openapi": "3.1.0", "paths": {"/a": {"post": {"parameters": broken, "requestBody": broken,
         "responses": broken, "security": broken, "tags": broken}}}, "components": {"schemas": {"A": broken}}},
        {"swagger": "2.0", "definitions": {"A": {"x-persist": broken, "properties": broken, "allOf": broken,
         "required": broken, "discriminator": broken, "type": broken, "x-admin": broken}}, "paths": {}},
    ):  # fmt: skip
        document = load(root)
        for operation in document.operations:
            assert operation.parameters is not None
            assert operation.request_body is None or not operation.request_body.content
            assert operation.responses is not None
        for schema in document.schemas.values():
            assert schema.bundle()
            assert schema.extensions
        assert check(document) is not None
        assert publish(document, base_path="/x")


@pytest.mark.parametrize("base_path", ["", "/", "/v2", "v2/"])
def test_whoever_loads_a_document_may_say_where_it_is_mounted(base_path):
    source = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "servers": [{"url": "/v1"}], "paths": {}}
    assert load(source, base_path=base_path).base_path == (f"/{base_path.strip('/')}" if "v2" in base_path else "")


@pytest.mark.parametrize(
    ("rest", "base_path"),
    [({"swagger": "2.0", "basePath": "/v1"}, ""), ({"openapi": "3.1.0", "servers": [{"url": "/v1"}]}, "/v1")],
)
def test_the_base_path_of_swagger_2_can_be_ignored(rest, base_path):
    source = {"info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {"responses": {}}}}, **rest}
    (operation,) = load(source, ignore_base_path=True).operations
    assert operation.route == base_path + "/a"
    assert load(source, ignore_base_path=True, base_path="/v2").base_path == "/v2"
