"""Results become answers: statuses, JSON with every digit, streams, renderers."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from decimal import Decimal
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import override_settings
from rest_framework import renderers
from rest_framework.response import Response

from macaron_django.api.responses import (
    BytesRenderer,
    JSONRenderer,
    ResponseInvalid,
    TextRenderer,
    json_form,
    renderer_classes,
    respond,
)
from macaron_django.exceptions import PyMacaronException
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
def test_the_status_of_an_answer(answered, result, responses, status):
    assert answered(result, responses).status_code == status


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
    assert streamed(answered(iter([1, 2]), declared({}, "application/jsonl"))) == b"1\n2\n"
    assert streamed(answered(iter(["a", b"b"]), declared({}, "text/plain"))) == b"ab"


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
    with pytest.raises(ResponseInvalid, match=r"GET /x answered 200 .*/name"):
        answered({"name": "too long"}, declared(schema))
    with pytest.raises(ResponseInvalid, match="doesn't declare"):
        answered(({}, 418), declared(schema))
    assert answered({"name": "x"}, declared(schema)).data == {"name": "x"}
