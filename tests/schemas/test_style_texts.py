"""Values are written in OpenAPI's styles as its table has them, and the server's reader reads the same values back."""

import json
from functools import cache
from urllib.parse import quote, unquote

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.api.requests.parameters import ParameterReader
from macaron_django.schemas.styles.parameter_styles import StyleError, has_dotted_labels
from macaron_django.schemas.styles.style_texts import cookie_pairs, header_text, path_text, query_pairs

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
ARRAY = {"type": "array", "items": STRING}
OBJECT = {"type": "object", "properties": {"R": STRING, "G": STRING}, "additionalProperties": False}
COLORS, RGB = ["blue", "black", "brown"], {"R": 100, "G": 200, "B": 150}


def parameter(location, style, explode, schema=STRING, name="color", version="3.1.1", **rest):
    """The operation with one parameter, and that parameter; read once, since examples share them."""
    return _parameter(location, style, explode, json.dumps(schema), name, version, json.dumps(rest))


@cache
def _parameter(location, style, explode, schema, name, version, rest):
    schema, rest = json.loads(schema), json.loads(rest)
    path = f"/things/{{{name}}}" if location == "path" else "/things"
    written = {"name": name, "in": location, "required": True, "schema": schema, "style": style, "explode": explode}
    operation = {"parameters": [{**written, **rest}], "responses": {"200": {"description": "ok"}}}
    document = spec.load(
        {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {path: {"get": operation}}}
    )
    [found] = document.operations
    return found, found.parameters[0]


def joined(pairs):
    return "&".join(f"{name}={text}" for name, text in pairs)


# The rows of "Style Examples" (OpenAPI 3.1.1, 4.8.12.4)
@pytest.mark.parametrize(
    ("location", "style", "explode", "value", "expected"),
    [
        ("path", "matrix", False, "blue", ";color=blue"),
        ("path", "matrix", False, COLORS, ";color=blue,black,brown"),
        ("path", "matrix", False, RGB, ";color=R,100,G,200,B,150"),
        ("path", "matrix", True, COLORS, ";color=blue;color=black;color=brown"),
        ("path", "matrix", True, RGB, ";R=100;G=200;B=150"),
        ("path", "label", False, "blue", ".blue"),
        ("path", "label", False, COLORS, ".blue,black,brown"),
        ("path", "label", True, COLORS, ".blue.black.brown"),
        ("path", "label", True, RGB, ".R=100.G=200.B=150"),
        ("path", "simple", False, COLORS, "blue,black,brown"),
        ("path", "simple", True, RGB, "R=100,G=200,B=150"),
        ("query", "form", False, COLORS, "color=blue,black,brown"),
        ("query", "form", False, RGB, "color=R,100,G,200,B,150"),
        ("query", "form", True, COLORS, "color=blue&color=black&color=brown"),
        ("query", "form", True, RGB, "R=100&G=200&B=150"),
        ("query", "spaceDelimited", False, COLORS, "color=blue%20black%20brown"),
        ("query", "pipeDelimited", False, RGB, "color=R%7C100%7CG%7C200%7CB%7C150"),
        ("query", "deepObject", True, RGB, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
        ("header", "simple", False, COLORS, "blue,black,brown"),
        ("header", "simple", True, RGB, "R=100,G=200,B=150"),
        ("cookie", "form", False, COLORS, "color=blue,black,brown"),
        ("cookie", "form", True, RGB, "R=100&G=200&B=150"),
    ],
)
def test_a_value_is_written_as_openapi_s_table_has_it(location, style, explode, value, expected):
    _, described = parameter(location, style, explode)
    written = {
        "path": lambda: path_text(described, value),
        "query": lambda: joined(query_pairs(described, value)),
        "header": lambda: header_text(described, value),
        "cookie": lambda: "&".join(cookie_pairs(described, value)),
    }[location]()
    assert written == expected


PATH_STYLES = [(style, explode) for style in ("simple", "label", "matrix") for explode in (False, True)]
QUERY_STYLES = [("form", False), ("form", True), ("spaceDelimited", False), ("pipeDelimited", False)]
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
values = st.one_of(
    st.tuples(st.just(STRING), texts),
    st.tuples(st.just(ARRAY), st.lists(texts, min_size=2)),
    st.tuples(st.just(OBJECT), st.fixed_dictionaries({"R": texts, "G": texts})),
)


@given(st.sampled_from(PATH_STYLES), values, st.sampled_from(["3.0.2", "3.1.1"]))
def test_what_is_written_in_a_path_is_read_back(style, typed, version):
    schema, value = typed
    operation, described = parameter("path", *style, schema, version=version)
    try:
        text = path_text(described, value, dots=has_dotted_labels(version))
    except StyleError:
        assert value in (".", "..")
        return
    assert not set("/?#") & set(text)
    request = RequestFactory().generic("GET", f"/things/{text}", REQUEST_URI=f"/things/{text}")
    assert _json(ParameterReader(operation).read(request, {"color": unquote(text)})["color"]) == value


@given(st.sampled_from(QUERY_STYLES), values)
def test_what_is_written_in_a_query_is_read_back(style, typed):
    schema, value = typed
    operation, described = parameter("query", *style, schema)
    try:
        query = joined(query_pairs(described, value))
    except StyleError:
        separator = {"spaceDelimited": " ", "pipeDelimited": "|"}[style[0]]
        assert any(separator in text for text in (value.values() if isinstance(value, dict) else value))
        return
    request = RequestFactory().generic("GET", "/things", QUERY_STRING=query)
    assert _json(ParameterReader(operation).read(request, {})["color"]) == value


@given(st.sampled_from([("form", False), ("form", True)]), values)
def test_what_is_written_in_cookies_is_read_back(style, typed):
    schema, value = typed
    operation, described = parameter("cookie", *style, schema)
    request = RequestFactory().generic("GET", "/things", HTTP_COOKIE="&".join(cookie_pairs(described, value)))
    assert _json(ParameterReader(operation).read(request, {})["color"]) == value


@given(st.dictionaries(texts.filter(lambda key: not set("[]") & set(key)), texts, min_size=1))
def test_a_deep_object_is_read_back(value):
    operation, described = parameter("query", "deepObject", True, {"type": "object", "additionalProperties": STRING})
    request = RequestFactory().generic("GET", "/things", QUERY_STRING=joined(query_pairs(described, value)))
    assert ParameterReader(operation).read(request, {})["color"] == value


headers = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), min_size=1)


@given(st.lists(headers, min_size=2), st.booleans())
def test_what_is_written_in_a_header_is_read_back(value, explode):
    operation, described = parameter("header", "simple", explode, ARRAY, name="X-Colors")
    request = RequestFactory().generic("GET", "/things", HTTP_X_COLORS=header_text(described, value))
    assert ParameterReader(operation).read(request, {})["X-Colors"] == value


@pytest.mark.parametrize("value", ["a\r\nX-Admin: yes", "a\nb", "a\x00b", "\x7f", "snow ☃"])
def test_a_header_takes_no_text_that_could_end_it(value):
    with pytest.raises(StyleError):
        header_text(parameter("header", "simple", False)[1], value)


@pytest.mark.parametrize(("value", "explode"), [(["a,b"], False), ({"R": "1,G=2"}, True), ({"R=1": "2"}, True)])
def test_a_value_in_a_header_holds_no_separator(value, explode):
    with pytest.raises(StyleError):
        header_text(parameter("header", "simple", explode)[1], value)


@pytest.mark.parametrize("value", ["", ".", "..", []])
def test_a_path_takes_no_value_that_leads_elsewhere(value):
    with pytest.raises(StyleError):
        path_text(parameter("path", "simple", False)[1], value)


@pytest.mark.parametrize("value", ["a/../b", "/a", "a//b", "a/."])
def test_a_greedy_path_takes_no_steps_upwards(value):
    with pytest.raises(StyleError):
        path_text(parameter("path", "simple", False, **{"x-path-greedy": True})[1], value)
    assert path_text(parameter("path", "simple", False, **{"x-path-greedy": True})[1], "a/b c") == "a/b%20c"


@given(texts)
def test_reserved_characters_that_are_left_never_add_a_parameter(value):
    _, described = parameter("query", "form", True, allowReserved=True)
    [(name, text)] = query_pairs(described, value)
    assert name == "color"
    assert not set("&#+=[] ") & set(text)


@pytest.mark.parametrize("value", ["a; admin=1", 'a"b', "a,b", "a b"])
def test_a_cookie_that_isn_t_encoded_holds_what_cookies_can(value):
    with pytest.raises(StyleError):
        cookie_pairs(parameter("cookie", "cookie", False, version="3.2.0")[1], value)


def test_arrays_of_arrays_are_written_as_swagger_2_says():
    described = spec.load(
        {
            "swagger": "2.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/things": {
                    "get": {
                        "parameters": [
                            {
                                "name": "points",
                                "in": "query",
                                "type": "array",
                                "collectionFormat": "pipes",
                                "items": {"type": "array", "collectionFormat": "csv", "items": {"type": "integer"}},
                            }
                        ],
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            },
        }
    ).operations[0]
    query = joined(query_pairs(described.parameters[0], [[1, 2], [3, 4]]))
    assert query == f"points=1,2{quote('|')}3,4"
    request = RequestFactory().generic("GET", "/things", QUERY_STRING=query)
    assert ParameterReader(described).read(request, {})["points"] == [[1, 2], [3, 4]]


def _json(value):
    return value.to_json() if hasattr(value, "to_json") else value
