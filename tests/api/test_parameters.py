"""Each parameter of a request is read as OpenAPI's style table spells it, and judged by its schema."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import RequestFactory, override_settings

from macaron_django import openapi as spec
from macaron_django.api.requests.bodies import BodyReader
from macaron_django.api.requests.parameters import ParameterReader
from macaron_django.exceptions import RequestInvalid

ARRAY = {"type": "array", "items": {"type": "string"}}
OBJECT = {
    "type": "object",
    "properties": {"R": {"type": "integer"}, "G": {"type": "integer"}, "B": {"type": "integer"}},
    "additionalProperties": False,
}
RGB = {"R": 100, "G": 200, "B": 150}
COLORS = ["blue", "black", "brown"]


def operation_with(*parameters, path="/things", version="3.1.1", **document):
    loaded = spec.load(
        {
            "openapi": version,
            "info": {"title": "t", "version": "1"},
            "paths": {path: {"get": {"parameters": list(parameters), "responses": {"200": {"description": "ok"}}}}},
            **document,
        }
    )
    return loaded.operations[0]


def read(operation, query="", kwargs=None, **extra):
    request = RequestFactory().generic("GET", "/things", QUERY_STRING=query, **extra)
    return ParameterReader(operation).read(request, kwargs or {})


def violations(operation, query="", kwargs=None, **extra):
    with pytest.raises(RequestInvalid) as caught:
        read(operation, query, kwargs, **extra)
    return [(v.location, v.pointer, v.keyword) for v in caught.value.violations]


def parameter(location, schema, name="color", **rest):
    required = {"required": True} if location == "path" else {}
    return {"name": name, "in": location, "schema": schema, **required, **rest}


# The rows of "Style Examples" (OpenAPI 3.1.1, 4.8.12.4): style, explode, primitive, array, object. "n/a" is None.
PATH_TABLE = [
    ("matrix", False, ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"),
    ("matrix", True, ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"),
    ("label", False, ".blue", ".blue,black,brown", ".R,100,G,200,B,150"),
    ("label", True, ".blue", ".blue.black.brown", ".R=100.G=200.B=150"),
    ("simple", False, "blue", "blue,black,brown", "R,100,G,200,B,150"),
    ("simple", True, "blue", "blue,black,brown", "R=100,G=200,B=150"),
]
QUERY_TABLE = [
    ("form", False, "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"),
    ("form", True, "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
    ("spaceDelimited", False, None, "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"),
    ("pipeDelimited", False, None, "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"),
    ("deepObject", True, None, None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
]
HEADER_TABLE = [
    ("simple", False, "blue", "blue,black,brown", "R,100,G,200,B,150"),
    ("simple", True, "blue", "blue,black,brown", "R=100,G=200,B=150"),
]
COOKIE_TABLE = [
    ("form", False, "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"),
    ("form", True, "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
]


def rows(table):
    for style, explode, *spellings in table:
        for schema, expected, spelling in zip(
            ({"type": "string"}, ARRAY, OBJECT), ("blue", COLORS, RGB), spellings, strict=True
        ):
            if spelling is not None:
                yield pytest.param(style, explode, schema, spelling, expected, id=f"{style}-{explode}-{spelling}")


@pytest.mark.parametrize(("style", "explode", "schema", "spelling", "expected"), list(rows(PATH_TABLE)))
@pytest.mark.parametrize("raw", [True, False], ids=["raw target", "decoded path"])
def test_a_path_parameter_is_read_in_every_row_of_the_style_table(style, explode, schema, spelling, expected, raw):
    operation = operation_with(parameter("path", schema, style=style, explode=explode), path="/things/{color}")
    extra = {"RAW_URI": f"/things/{spelling}?x=1"} if raw else {}
    found = read(operation, kwargs={"color": spelling}, **extra)["color"]
    assert (found.to_json() if schema is OBJECT else found) == expected


@pytest.mark.parametrize(("style", "explode", "schema", "spelling", "expected"), list(rows(QUERY_TABLE)))
def test_a_query_parameter_is_read_in_every_row_of_the_style_table(style, explode, schema, spelling, expected):
    operation = operation_with(parameter("query", schema, style=style, explode=explode))
    found = read(operation, spelling)["color"]
    assert (found.to_json() if schema is OBJECT else found) == expected


@pytest.mark.parametrize(("style", "explode", "schema", "spelling", "expected"), list(rows(HEADER_TABLE)))
def test_a_header_is_read_in_every_row_of_the_style_table(style, explode, schema, spelling, expected):
    operation = operation_with(parameter("header", schema, name="X-Color", style=style, explode=explode))
    found = read(operation, HTTP_X_COLOR=spelling)["X-Color"]
    assert (found.to_json() if schema is OBJECT else found) == expected


@pytest.mark.parametrize(("style", "explode", "schema", "spelling", "expected"), list(rows(COOKIE_TABLE)))
def test_a_cookie_is_read_in_every_row_of_the_style_table(style, explode, schema, spelling, expected):
    operation = operation_with(parameter("cookie", schema, style=style, explode=explode))
    found = read(operation, HTTP_COOKIE=spelling)["color"]
    assert (found.to_json() if schema is OBJECT else found) == expected


@pytest.mark.parametrize(
    ("schema", "spelling", "expected"),
    [(ARRAY, ".blue.black.brown", COLORS), (OBJECT, ".R.100.G.200.B.150", RGB), (ARRAY, ".blue,black", COLORS[:2])],
)
def test_the_older_tables_spelling_of_labels_is_read_in_documents_of_those_versions(schema, spelling, expected):
    label = parameter("path", schema, style="label", explode=False)
    old = operation_with(label, path="/things/{color}", version="3.0.3")
    found = read(old, kwargs={"color": spelling})["color"]
    assert (found.to_json() if schema is OBJECT else found) == expected


@pytest.mark.parametrize(
    ("collection_format", "query"),
    [
        ("csv", "color=blue,black,brown"),
        ("ssv", "color=blue%20black%20brown"),
        ("ssv", "color=blue+black+brown"),
        ("tsv", "color=blue%09black%09brown"),
        ("pipes", "color=blue|black|brown"),
        ("multi", "color=blue&color=black&color=brown"),
    ],
)
def test_swagger_2_collection_formats_are_read(collection_format, query):
    document = spec.load(
        {
            "swagger": "2.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/things": {
                    "get": {
                        "parameters": [
                            {"name": "color", "in": "query", **ARRAY, "collectionFormat": collection_format}
                        ],
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            },
        }
    )
    assert read(document.operations[0], query)["color"] == COLORS


INTEGERS = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("outer", "inner", "location", "text"),
    [
        ("pipes", "csv", "query", "1,2|3"),
        ("multi", "csv", "query", "1,2&matrix=3"),
        ("csv", "ssv", "query", "1%202,3"),
        ("csv", "pipes", "path", "1|2,3"),
        ("ssv", "csv", "path", "1,2 3"),
        ("csv", "pipes", "header", "1|2, 3"),
        ("pipes", "tsv", "header", "1\t2|3"),
        ("pipes", "csv", "formData", "1,2|3"),
    ],
)
def test_arrays_in_an_array_of_swagger_2_are_split_by_their_own_format(outer, inner, location, text):
    rows = {**INTEGERS, "collectionFormat": inner}
    described = {"name": "matrix", "in": location, "type": "array", "items": rows, "collectionFormat": outer}
    path = "/things/{matrix}" if location == "path" else "/things"
    document = spec.load(
        {
            "swagger": "2.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                path: {"post": {"parameters": [described], "responses": {"200": {"description": "ok"}}}},
            },
        }
    )
    operation = document.operations[0]
    if location == "formData":
        form = "application/x-www-form-urlencoded"
        request = RequestFactory().generic("POST", "/things", f"matrix={text}", content_type=form)
        found = BodyReader(operation).read(request).matrix
    elif location == "header":
        found = read(operation, HTTP_MATRIX=text)["matrix"]
    elif location == "path":
        found = read(operation, kwargs={"matrix": text})["matrix"]
    else:
        found = read(operation, f"matrix={text}")["matrix"]
    assert found == [[1, 2], [3]]


# Percent-encoding


def test_an_encoded_delimiter_belongs_to_the_value():
    operation = operation_with(parameter("query", ARRAY, explode=False))
    assert read(operation, "color=a%2Cb,c")["color"] == ["a,b", "c"]
    assert read(operation, "color=a%2Cb")["color"] == ["a,b"]


def test_commas_that_a_client_encoded_are_understood_where_nothing_else_can_be_meant():
    numbers = {"type": "array", "items": {"type": "integer"}}
    assert read(operation_with(parameter("query", numbers, explode=False)), "color=1%2C2")["color"] == [1, 2]
    enum = {"type": "array", "items": {"enum": ["a", "b"]}}
    assert read(operation_with(parameter("query", enum, explode=False)), "color=a%2cb")["color"] == ["a", "b"]


def test_a_path_is_split_on_the_raw_target_where_the_server_gives_it():
    operation = operation_with(parameter("path", ARRAY), path="/things/{color}")
    kwargs = {"color": "a,b,c"}
    assert read(operation, kwargs=kwargs, RAW_URI="/v1/things/a%2Cb,c")["color"] == ["a,b", "c"]
    assert read(operation, kwargs=kwargs, REQUEST_URI="http://host/things/a%2Cb,c")["color"] == ["a,b", "c"]
    assert read(operation, kwargs=kwargs, RAW_URI="/another/path")["color"] == ["a", "b", "c"]
    assert read(operation, kwargs={"color": "50%25,b"})["color"] == ["50%25", "b"]


def test_several_parameters_of_one_segment_are_found_in_the_raw_target():
    path = "/a/{from}-{to}.json"
    operation = operation_with(
        parameter("path", ARRAY, name="from"), parameter("path", {"type": "integer"}, name="to"), path=path
    )
    found = read(operation, kwargs={"from_": "x,y", "to": "3"}, RAW_URI="/a/x%2Cy-3.json")
    assert found == {"from": ["x,y"], "to": 3}


def test_a_plus_is_a_space_in_a_query_and_itself_in_a_path_and_header():
    text = {"type": "string"}
    operation = operation_with(
        parameter("path", text, name="p"), parameter("query", text, name="q"), parameter("header", text, name="H"),
        path="/things/{p}",
    )  # fmt: skip
    assert read(operation, "q=a+b", kwargs={"p": "a+b"}, HTTP_H="a+b%20") == {"p": "a+b", "q": "a b", "H": "a+b%20"}


def test_bytes_that_are_not_utf_8_are_refused():
    operation = operation_with(parameter("query", {"type": "string"}))
    assert violations(operation, "color=%FF") == [("query", "/color", "encoding")]


# Types


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"type": "integer"}, "42", 42),
        ({"type": "integer"}, "-0", 0),
        ({"type": "integer"}, "123456789012345678901234567890", 123456789012345678901234567890),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "number"}, "0.1000000000000000000001", Decimal("0.1000000000000000000001")),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "false", False),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": ["string", "null"]}, "null", "null"),
        ({"type": ["integer", "string"]}, "7", 7),
        ({"type": ["integer", "string"]}, "seven", "seven"),
        ({"type": "string", "format": "date"}, "2026-01-31", dt.date(2026, 1, 31)),
        ({"enum": [1, 2]}, "2", 2),
        ({"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}, "5", 5),
        ({}, "42", "42"),
    ],
)
def test_text_becomes_what_the_schema_says(schema, text, expected):
    found = read(operation_with(parameter("query", schema)), f"color={text}")["color"]
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "integer"}, "4x"),
        ({"type": "integer"}, "042"),
        ({"type": "integer"}, "%2B4"),
        ({"type": "integer"}, "1.5"),
        ({"type": "integer"}, ""),
        ({"type": "number"}, "NaN"),
        ({"type": "number"}, "1_000"),
        ({"type": "boolean"}, "True"),
        ({"type": "boolean"}, "1"),
        ({"type": "integer"}, "9" * 5000),
    ],
)
def test_text_that_is_not_of_the_type_is_refused(schema, text):
    assert violations(operation_with(parameter("query", schema)), f"color={text}") == [("query", "/color", "type")]


# Presence


def test_every_violation_is_gathered_with_its_location():
    integer = {"type": "integer", "maximum": 9}
    operation = operation_with(
        parameter("path", integer, name="p"),
        parameter("query", {"type": "array", "items": integer}, name="q"),
        parameter("header", integer, name="X-H", required=True),
        parameter("cookie", integer, name="c/d"),
        path="/things/{p}",
    )
    assert violations(operation, "q=1&q=x&q=10", kwargs={"p": "11"}, HTTP_COOKIE="c/d=x") == [
        ("path", "/p", "maximum"),
        ("query", "/q/1", "type"),
        ("query", "/q/2", "maximum"),
        ("header", "/X-H", "required"),
        ("cookie", "/c~1d", "type"),
    ]


def test_an_absent_parameter_is_left_out_or_has_its_default():
    operation = operation_with(
        parameter("query", {"type": "integer"}, name="a"),
        parameter("query", {"type": "integer", "default": 7}, name="b"),
    )
    assert read(operation) == {"b": 7}


def test_an_empty_value_passes_only_where_it_is_allowed():
    integer = {"type": "integer"}
    assert read(operation_with(parameter("query", integer, allowEmptyValue=True)), "color=") == {"color": None}
    assert violations(operation_with(parameter("query", integer)), "color") == [("query", "/color", "type")]
    assert read(operation_with(parameter("query", {"type": "string"})), "color=") == {"color": ""}
    assert read(operation_with(parameter("query", ARRAY, allowEmptyValue=True)), "color=") == {"color": []}


def test_a_single_value_that_is_given_twice_is_refused():
    operation = operation_with(parameter("query", {"type": "string"}))
    assert violations(operation, "color=a&color=b") == [("query", "/color", "style")]


def test_header_names_are_case_insensitive_and_lists_may_have_spaces():
    operation = operation_with(parameter("header", ARRAY, name="x-COLOR"))
    assert read(operation, HTTP_X_COLOR="blue, black ,\tbrown") == {"x-COLOR": COLORS}


def test_headers_that_openapi_ignores_are_handed_on_unjudged():
    operation = operation_with(parameter("header", {"type": "integer"}, name="Authorization", required=True))
    assert read(operation, HTTP_AUTHORIZATION="Bearer x") == {"Authorization": "Bearer x"}
    assert read(operation) == {}


def test_content_typed_parameters_are_documents_of_their_own():
    content = {"application/json": {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}}
    operation = operation_with({"name": "filter", "in": "query", "content": content})
    assert read(operation, "filter=%7B%22a%22%3A1%7D")["filter"].to_json() == {"a": 1}
    assert violations(operation, "filter={") == [("query", "/filter", "content")]
    assert violations(operation, "filter=%7B%22a%22%3A%22x%22%7D") == [("query", "/filter/a", "type")]


def test_deep_objects_nest_and_list():
    schema = {
        "type": "object",
        "properties": {
            "size": {"type": "object", "properties": {"min": {"type": "integer"}}},
            "tags": {"type": "array", "items": {"type": "integer"}},
        },
    }
    operation = operation_with(parameter("query", schema, name="f", style="deepObject", explode=True))
    assert read(operation, "f[size][min]=3&f[tags]=1&f[tags]=2")["f"].to_json() == {"size": {"min": 3}, "tags": [1, 2]}
    assert read(operation, "f[tags][]=1")["f"].to_json() == {"tags": [1]}
    assert violations(operation, "f[size=3") == [("query", "/f", "style")]
    assert violations(operation, "f[size]=3&f[size][min]=1") == [("query", "/f", "style")]


def test_a_free_form_object_takes_the_query_parameters_that_nobody_else_has():
    free = {"type": "object", "additionalProperties": {"type": "integer"}}
    operation = operation_with(parameter("query", free, name="rest"), parameter("query", {"type": "string"}, name="q"))
    assert read(operation, "a=1&q=x&b=2") == {"rest": {"a": 1, "b": 2}, "q": "x"}


def test_unknown_query_parameters_are_ignored_or_refused_by_setting():
    operation = operation_with(
        parameter("query", {"type": "string"}),
        parameter("query", OBJECT, name="deep", style="deepObject"),
        components={"securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "api_key"}}},
    )
    query = "color=a&deep[R]=1&api_key=x&format=json&x=1&y/z=2"
    assert set(read(operation, query)) == {"color", "deep"}
    with override_settings(MACARON={"UNKNOWN_PARAMETERS": "refuse"}):
        assert violations(operation, query) == [
            ("query", "/x", "unknownParameter"),
            ("query", "/y~1z", "unknownParameter"),
        ]


def test_parameters_of_one_name_are_told_apart_by_location_and_argument():
    text = {"type": "string"}
    operation = operation_with(
        parameter("path", text, name="id"), parameter("query", text, name="id"), path="/things/{id}"
    )
    found = read(operation, "id=q", kwargs={"id": "p"})
    assert found == {"id": "p"}
    assert found.by_location == {("path", "id"): "p", ("query", "id"): "q"}
    assert found.by_argument == {"id": "p", "query_id": "q"}


# The whole query as one value (OpenAPI 3.2, section 4.12.1)

SEARCH = {
    "type": "object",
    "required": ["page"],
    "properties": {
        "page": {"type": "integer", "minimum": 1},
        "exact": {"type": "boolean"},
        "born": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "sizes": {"type": "array", "items": {"type": "integer"}},
        "near": {"type": "object", "properties": {"x": {"type": "number"}}},
        "where": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}


def whole_query(schema=SEARCH, media_type="application/x-www-form-urlencoded", version="3.2.0", **media):
    content = {media_type: {"schema": schema, **media}}
    return operation_with({"name": "search", "in": "querystring", "content": content}, version=version)


def test_a_form_as_the_whole_query_is_read_by_its_schema():
    query = 'page=2&exact=true&born=2001-02-03&tags=a&tags=b%2Cc&where={"a":1}'.replace('"', "%22")
    value = read(whole_query(), query)["search"]
    assert (value.page, value.exact, value.born) == (2, True, dt.date(2001, 2, 3))
    assert (value.tags, value.where.a) == (["a", "b,c"], 1)


def test_the_encoding_of_the_whole_query_is_followed():
    encoding = {"sizes": {"style": "pipeDelimited", "explode": False}, "near": {"style": "deepObject"}}
    value = read(whole_query(encoding=encoding), "page=2&sizes=1%7C2&near%5Bx%5D=0.5")["search"]
    assert value.to_json() == {"page": 2, "sizes": [1, 2], "near": {"x": 0.5}}


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("page=0&exact=1", [("/search/exact", "type"), ("/search/page", "minimum")]),
        ("exact=true", [("/search/page", "required")]),
        ("page=1&where=%7B", [("/search/where", "style")]),
        ("page=%FF", [("/search/page", "style")]),
    ],
)
def test_what_is_wrong_in_the_whole_query_is_named_there(query, wrong):
    found = violations(whole_query(), query)
    assert sorted((pointer, keyword) for _, pointer, keyword in found) == wrong
    assert {location for location, _, _ in found} == {"querystring"}


def test_json_as_the_whole_query_is_read():
    value = read(whole_query(media_type="application/json"), "%7B%22page%22:2%7D")["search"]
    assert value.page == 2


def test_the_media_type_of_a_parameter_may_be_a_reference():
    content = {"application/json": {"$ref": "#/components/mediaTypes/Search"}}
    components = {"mediaTypes": {"Search": {"schema": SEARCH}}}
    parameter = {"name": "search", "in": "query", "content": content}
    operation = operation_with(parameter, version="3.2.0", components=components)
    assert read(operation, "search=%7B%22page%22:2%7D")["search"].page == 2


def test_a_deep_object_is_nested_as_deep_as_a_body_may_be():
    schema = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Tree"}}
    deep = parameter("query", {"$ref": "#/components/schemas/Tree"}, name="f", style="deepObject", explode=True)
    operation = operation_with(deep, components={"schemas": {"Tree": schema}})
    assert violations(operation, "f" + "[a]" * 5000 + "=1") == [("query", "/f", "style")]
    with override_settings(MACARON={"MAX_BODY_DEPTH": 2}):
        assert violations(operation, "f[a][b][c]=1") == [("query", "/f", "style")]
