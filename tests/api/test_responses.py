"""Results become answers: statuses, JSON with every digit, streams, renderers."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from decimal import Decimal
from http import HTTPStatus
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.http.response import BadHeaderError
from django.test import override_settings
from rest_framework import renderers
from rest_framework.response import Response

from macaron_django import openapi as spec
from macaron_django.api.answers.handler_results import json_form, respond
from macaron_django.api.answers.json_answers import JSONAnswer
from macaron_django.api.answers.renderers import BytesRenderer, JSONRenderer, TextRenderer, renderer_classes
from macaron_django.api.answers.response_validation import ResponseInvalid
from macaron_django.exceptions import PyMacaronException
from macaron_django.openapi.operations.media_types import JSON_LINES
from macaron_django.schemas import Classes

PROFILE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "secret": {"type": "string", "writeOnly": True},
        "born": {"type": "string", "format": "date"},
    },
}


def declared(schema=None, media_type="application/json", status="200"):
    content = {media_type: {"schema": schema} if schema is not None else {}} if media_type else {}
    return {status: {"description": "", "content": content}}


@pytest.fixture
def answered(operation):
    def make(result, responses=None, **arguments):
        one = operation("get /x", responses=responses or declared({}), schemas={"Profile": PROFILE})
        return respond(result, one, Classes("test", one.document), **arguments)

    return make


@pytest.mark.parametrize(
    ("result", "responses", "status"),
    [
        ({}, None, 200),
        (({}, 202), declared({}, status="202"), 202),
        (({}, 202, {"X": "y"}), declared({}, status="202"), 202),
        ({}, declared({}, status="201"), 201),
        (None, None, 204),
        (None, declared({}, status="202"), 204),
        (None, declared(media_type=None, status="202"), 202),
        ((None, 205), None, 205),
        ([1, 200], None, 200),
        ((1, 2), None, 200),
        ((1, True), None, 200),
    ],
)
@override_settings(MACARON={"RESPONSE_VALIDATION": "off"})
def test_the_status_of_an_answer(answered, result, responses, status):
    assert answered(result, responses).status_code == status


LISTED = {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}
WRITTEN = {
    "X-Rows": ([[1, 2], [3]], "1,2|3"),
    "x-day": (dt.date(2026, 2, 28), "2026-02-28"),
    "X-Flag": (True, "true"),
    "X-Text": ("[1]", "[1]"),
    "X-Other": ("a", "a"),
}


@pytest.mark.parametrize("body", [{}, None, b"bytes", iter(["text"])], ids=["JSON", "nothing", "bytes", "stream"])
def test_a_header_is_written_as_the_answer_declares_it(body):
    headers = {
        "X-Rows": {**LISTED, "collectionFormat": "pipes"},
        "X-Day": {"type": "string", "format": "date"},
        "X-Flag": {"type": "boolean"},
        "X-Text": {"type": "array", "items": {"type": "integer"}},
    }
    response = {"description": "", "headers": headers, **({} if body is None else {"schema": {}})}
    paths = {"/x": {"get": {"produces": ["application/json"], "responses": {"200": response}}}}
    document = spec.load({"swagger": "2.0", "info": {"title": "A", "version": "1"}, "paths": paths})
    (one,) = document.operations
    sent = {name: value for name, (value, _) in WRITTEN.items()}
    answer = respond((body, 200, sent), one, Classes("test", document))
    assert {name: answer[name] for name in WRITTEN} == {name: text for name, (_, text) in WRITTEN.items()}


def test_a_header_of_openapi_3_may_hold_pairs(answered):
    described = {"explode": True, "schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    responses = {"200": {"description": "", "headers": {"X-Pairs": described}, "content": {"application/json": {}}}}
    assert answered(({}, 200, {"X-Pairs": {"a": 1, "b": "x"}}), responses)["X-Pairs"] == "a=1,b=x"
    assert answered(({}, 200, {"X-Pairs": "a=1"}), responses)["X-Pairs"] == "a=1"


NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
NULLABLE = {"type": ["object", "null"]}


@override_settings(MACARON={"RESPONSE_VALIDATION": "raise"})
def test_a_forgotten_return_is_no_answer(answered):
    for schema in (NAMED, {}):
        with pytest.raises(ResponseInvalid, match=r"responded with 204, which .* doesn't declare"):
            answered(None, declared(schema))
    with pytest.raises(ResponseInvalid, match="must be an object, not null"):
        answered((None, 200), declared(NAMED))
    with pytest.raises(ResponseInvalid, match=r"responded with 200, but without the content that .* declares"):
        answered((None, 200), declared({}, "text/csv"))
    assert answered(None, {**declared(NAMED), **declared(media_type=None, status="204")}).status_code == 204


@override_settings(MACARON={"RESPONSE_VALIDATION": "raise"})
def test_null_is_answered_where_the_schema_allows_it(answered):
    for result, schema in ((None, NULLABLE), ((None, 200), NULLABLE), ((None, 200), {})):
        response = answered(result, declared(schema))
        assert (response.status_code, response.content) == (200, b"null")
        assert response["Content-Type"] == "application/json"
    both = {**declared(NULLABLE), **declared(media_type=None, status="204")}
    assert answered(None, both).status_code == 204
    assert answered((None, 200), both).content == b"null"


@override_settings(MACARON={"RESPONSE_VALIDATION": "raise"})
def test_an_operation_without_responses_may_answer_anything(operation):
    one = operation("get /x", responses={})
    assert respond({"a": 1}, one, Classes("test", one.document)).data == {"a": 1}
    assert respond(None, one, Classes("test", one.document)).status_code == 204


def test_an_object_of_another_schema_is_refused_unless_it_has_what_is_declared(operation):
    wider = {"allOf": [{"$ref": "#/components/schemas/Named"}], "properties": {"secret": {"type": "string"}}}
    stranger = {"type": "object", "properties": {"street": {"type": "string"}}}
    schemas = {"Named": NAMED, "Wider": wider, "Stranger": stranger, "Profile": PROFILE}
    reference = {"type": "array", "items": {"$ref": "#/components/schemas/Named"}}
    one = operation("get /x", responses=declared(reference), schemas=schemas)
    classes = Classes("test", one.document)
    assert respond([classes["Wider"](name="a", secret="s")], one, classes).data == [{"name": "a"}]
    assert respond([classes["Profile"](name="a")], one, classes).data == [{"name": "a"}]
    named = classes["Stranger"](street="s")
    with pytest.raises(TypeError, match=r"Stranger can't be returned as Named .*: it lacks name"):
        respond([named], one, classes)
    named["name"] = "an additional property"
    assert respond([named], one, classes).data == [{"name": "an additional property"}]
    loose = operation("get /x", responses=declared({"$ref": "#/components/schemas/Profile"}), schemas=schemas)
    classes = Classes("test", loose.document)
    for other in (classes["Stranger"](street="s"), Session(session_key="s")):
        with pytest.raises(TypeError, match="it lacks all of its properties"):
            respond(other, loose, classes)


@override_settings(MACARON={"RESPONSE_VALIDATION": "raise"})
def test_text_is_held_against_its_schema(answered):
    short = declared({"type": "string", "maxLength": 3}, "text/plain")
    assert answered("abc", short).data == "abc"
    with pytest.raises(ResponseInvalid, match="3 characters"):
        answered("abcd", short)
    assert answered("42", declared({"type": "integer"}, "text/plain")).data == "42"
    with pytest.raises(ResponseInvalid, match="must be an integer"):
        answered("x", declared({"type": "integer"}, "text/plain"))
    content = {"application/json": {"schema": NAMED}, **short["200"]["content"]}
    several = {"200": {"description": "", "content": content}}
    assert answered("abc", several, media_type_of=lambda value: "text/plain").data == "abc"


RESULTS = {"values": {"name": "a"}, "text": "<b>a</b>", "bytes": b"a,b"}


def result_of(kind):
    return iter([{"name": "a"}]) if kind == "lines" else RESULTS[kind]


@pytest.mark.parametrize(
    ("kind", "declared_types", "accept", "answer"),
    [
        ("values", ["application/xml", "application/json"], "*/*", (200, "application/json", b'{"name":"a"}')),
        ("values", ["text/csv", "application/json"], "text/*, application/json;q=0.1", (200, "application/json", None)),
        ("values", ["application/xml", "application/json"], "application/xml", (406, "application/json", None)),
        ("values", ["application/xml"], "*/*", (500, "application/json", None)),
        ("text", ["text/html"], "text/html", (200, "text/html; charset=utf-8", b"<b>a</b>")),
        ("text", ["application/json", "text/html"], "text/html", (200, "text/html; charset=utf-8", b"<b>a</b>")),
        ("values", ["text/html", "application/json"], "text/html,*/*;q=0.8", (200, "application/json", None)),
        ("bytes", ["application/json", "text/csv"], "text/csv", (200, "text/csv", b"a,b")),
        ("bytes", ["image/*"], "*/*", (200, "application/octet-stream", b"a,b")),
        ("lines", ["application/json", "application/x-ndjson"], "application/x-ndjson", (200, None, b'{"name":"a"}\n')),
    ],
)
def test_an_answer_has_the_media_type_of_its_value(operation, serve, monkeypatch, kind, declared_types, accept, answer):
    monkeypatch.setitem(globals(), "handler", lambda: result_of(kind))
    responses = {"200": {"description": "", "content": {name: {} for name in declared_types}}}
    one = operation("get /x", responses=responses, security=[], **{"x-bind-server": f"{__name__}.handler"})
    found = serve(one.document).get("/x", headers={"Accept": accept})
    status, media_type, content = answer
    assert found.status_code == status
    assert media_type in {None, found["Content-Type"]}
    assert content in {None, found.getvalue()}


def test_a_pair_that_names_no_status_is_a_list(answered):
    assert answered((1, 2)).data == [1, 2]


def test_responses_go_out_as_they_are(answered):
    for response in (HttpResponse("x"), Response({"a": 1})):
        assert answered(response) is response


def test_an_error_that_is_returned_is_raised(answered):
    with pytest.raises(PyMacaronException, match="no"):
        answered(PyMacaronException("no"))


def test_bytes_have_the_declared_media_type(answered):
    response = answered(b"\x89PNG", declared({}, "image/png"))
    assert (response["Content-Type"], response.content) == ("image/png", b"\x89PNG")


def test_api_objects_lose_what_is_write_only_wherever_they_are(operation):
    one = operation("get /x", responses=declared({}), schemas={"Profile": PROFILE})
    classes = Classes("test", one.document)
    ann = classes["Profile"](name="Ann", secret="s", born=dt.date(2000, 1, 2))
    shown = {"name": "Ann", "born": "2000-01-02"}
    assert json_form(ann, None, classes) == shown
    assert json_form({"all": [ann, (ann,)]}, None, classes) == {"all": [shown, [shown]]}
    assert json_form(ann, one.document.schemas["Profile"], classes) == shown


def test_every_digit_is_written():
    value = {"int": 10**30, "decimal": Decimal("0.10000000000000000001"), "float": 0.1}
    assert (
        JSONRenderer().render(value)
        == b'{"int":1000000000000000000000000000000,"decimal":0.10000000000000000001,"float":0.1}'
    )


def test_python_values_are_written():
    value = [UUID(int=1), dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), dt.date(2026, 1, 1)]
    assert (
        JSONRenderer().render(value) == b'["00000000-0000-0000-0000-000000000001","2026-01-01T00:00:00Z","2026-01-01"]'
    )
    assert JSONRenderer().render(None) == b""


def test_indented_json_is_the_same_json():
    value = {"a": [1, {"b": 'x"{}[],:'}], "empty": {}, "none": [], "big": 10**30}
    text = JSONRenderer().render(value, "application/json; indent=2").decode()
    assert json.loads(text) == value
    assert text.startswith('{\n  "a": [\n    1,\n    {\n      "b": ')
    assert '"empty": {}' in text


def streamed(response):
    return b"".join(response.streaming_content)


def test_streams(answered):
    assert streamed(answered(iter([]))) == b"[]"
    assert streamed(answered(iter([1, {"a": 2}]))) == b'[1,{"a":2}]'
    assert streamed(answered(iter(["a", b"b"]), declared({}, "text/plain"))) == b"ab"


@pytest.mark.parametrize("media_type", sorted(JSON_LINES))
def test_every_spelling_of_json_lines_is_answered_with_a_value_a_line(answered, operation, media_type):
    assert streamed(answered(iter([1, {"a": 2}]), declared({}, media_type))) == b'1\n{"a":2}\n'
    renderer = renderer_classes(operation("get /x", responses=declared({}, media_type)), [])[0]
    assert (renderer.media_type, renderer().render([1, {"a": 2}])) == (media_type, b'1\n{"a":2}\n')


@pytest.mark.parametrize("is_array", [True, False])
def test_a_line_is_written_by_the_items_of_its_array_or_by_the_schema_itself(answered, is_array):
    secret = {"type": "object", "properties": {"a": {}, "b": {"writeOnly": True}}}
    schema = {"type": "array", "items": secret} if is_array else secret
    lines = answered(iter([{"a": 1, "b": 2}]), declared(schema, "application/x-ndjson"))
    assert streamed(lines) == b'{"a":1}\n'


def test_asynchronous_streams(answered):
    async def numbers():
        for number in (1, 2):
            await asyncio.sleep(0)
            yield number

    async def gather(response):
        return b"".join([part async for part in response.streaming_content])

    for media_type, expected in (("application/json", b"[1,2]"), ("application/x-ndjson", b"1\n2\n")):
        assert asyncio.run(gather(answered(numbers(), declared({}, media_type)))) == expected


@pytest.mark.parametrize(
    ("responses", "media_types"),
    [
        (declared({}), ["application/json", "text/html"]),
        (declared(media_type=None), ["application/json", "text/html"]),
        (declared({}, "application/hal+json"), ["application/hal+json", "text/html"]),
        (declared({}, "text/csv; charset=utf-8"), ["text/csv", "text/html"]),
        (declared({}, "image/*"), ["application/octet-stream", "text/html"]),
        (declared({}, "*/*"), ["application/json", "text/html"]),
    ],
)
def test_declared_media_types_are_offered_first(operation, responses, media_types):
    configured = [renderers.JSONRenderer, renderers.BrowsableAPIRenderer]
    chosen = renderer_classes(operation("get /x", responses=responses), configured)
    assert [each.media_type for each in chosen] == media_types
    assert renderers.JSONRenderer not in chosen


def test_a_projects_own_renderer_stays(operation):
    own = type("Own", (renderers.JSONRenderer,), {})
    assert renderer_classes(operation("get /x", responses=declared({})), [own]) == [own]


def test_text_and_bytes_are_rendered():
    assert TextRenderer().render("ä") == "ä".encode()
    assert TextRenderer().render({"a": 1}) == b'{"a":1}'
    assert BytesRenderer().render(b"x") == b"x"
    assert BytesRenderer().render(None) == b""


@override_settings(MACARON={"RESPONSE_VALIDATION": "raise"})
def test_validation_says_what_breaks_which_schema(answered):
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 1}}}
    with pytest.raises(ResponseInvalid, match=r"GET /x responded with 200 .*/name"):
        answered({"name": "too long"}, declared(schema))
    with pytest.raises(ResponseInvalid, match="doesn't declare"):
        answered(({}, 418), declared(schema))
    assert answered({"name": "x"}, declared(schema)).data == {"name": "x"}


def test_objects_of_handlers_have_null_for_unset_properties_with_x_nullable(operation):
    note = {"type": "string", "x-nullable": True}
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "note": note}}
    one = operation("get /x", responses=declared({"$ref": "#/components/schemas/Note"}), schemas={"Note": schema})
    classes = Classes("test", one.document)
    assert respond(classes.Note(name="a"), one, classes).data == {"name": "a", "note": None}
    assert respond(classes.Note(note="b"), one, classes).data == {"note": "b"}
    assert respond({"name": "a"}, one, classes).data == {"name": "a"}
    many = operation("get /x", responses=declared({"type": "array", "items": schema}))
    assert respond([classes.Note(name="a")], many, classes).data == [{"name": "a", "note": None}]


def test_date_times_of_handlers_are_written_by_the_project_s_function(operation):
    schema = {"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}}
    one = operation("get /x", responses=declared({"$ref": "#/components/schemas/Visit"}), schemas={"Visit": schema})
    classes = Classes("test", one.document)
    noon = "2026-01-31T12:00:00Z"
    with override_settings(MACARON={"DATETIME_ENCODER": "macaron_django.schemas.formats.timestamps.to_epoch"}):
        assert respond(classes.Visit(at=noon), one, classes).data == {"at": 1769860800}
        assert respond({"at": noon}, one, classes).data == {"at": 1769860800}
        many = operation("get /x", responses=declared({"type": "array", "items": schema}))
        streamed = respond(iter([classes.Visit(at=noon)]), many, classes)
        assert streamed.getvalue() == b'[{"at":1769860800}]'
    assert respond(classes.Visit(at=noon), one, classes).data == {"at": noon}


@pytest.mark.parametrize("media_type", ["application/json", "application/problem+json; charset=utf-8", "application/ö"])
@pytest.mark.parametrize("status", [200, 404, HTTPStatus.CREATED])
def test_an_answer_of_bytes_has_what_djangos_response_has(media_type: str, status: int) -> None:
    answer, expected = JSONAnswer([1], status, None, None, media_type), HttpResponse(b"[1]", media_type, status)
    attributes = {name: value for name, value in vars(answer).items() if name not in {"data", "view"}}
    assert attributes.pop("headers").items() == expected.headers.items()
    assert {**attributes, "headers": expected.headers} == vars(expected)
    assert (answer.charset, answer.reason_phrase) == (expected.charset, expected.reason_phrase)


def test_an_answer_of_bytes_refuses_what_djangos_response_refuses() -> None:
    with pytest.raises(ValueError, match="100 to 599"):
        JSONAnswer([1], 600)
    with pytest.raises(BadHeaderError):
        JSONAnswer([1], 200, None, None, "text/plain\r\nX-Own: 1")
