"""A body is read exactly as its media type says, or refused with the reason."""

import io
import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory, override_settings
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request

from macaron_django import spec
from macaron_django.api.bodies import BodyReader, BodyTooLarge, MalformedBody
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas.conversions import UNSET

PROFILE = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "address": {"type": "object", "properties": {"zip": {"type": "string"}}},
        "born": {"type": "string", "format": "date"},
    },
}


def reader_for(content, *, required=False, version="3.1.0"):
    document = spec.load(
        {
            "openapi": version,
            "info": {"title": "t", "version": "1"},
            "paths": {
                "/things": {
                    "post": {
                        "requestBody": {"content": content, "required": required},
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            },
        }
    )
    return BodyReader(document.operations[0])


def json_reader(schema=None, **rest):
    return reader_for({"application/json": {"schema": PROFILE if schema is None else schema}}, **rest)


def post(body, content_type="application/json", **extra):
    return RequestFactory().generic("POST", "/things", body, content_type=content_type, **extra)


def as_drf(request, reader, configured=(), renderer=None):
    drf_request = Request(request, parsers=[parser() for parser in reader.parser_classes(configured)])
    drf_request.accepted_renderer = renderer
    return drf_request


def test_a_json_body_becomes_an_api_object():
    profile = json_reader().read(post(b'{"name": "Ann", "address": {"zip": "1"}, "born": "2001-02-03"}'))
    assert (profile.name, profile.address.zip, profile.born.year) == ("Ann", "1", 2001)
    assert profile.to_json() == {"name": "Ann", "address": {"zip": "1"}, "born": "2001-02-03"}


def test_request_data_is_the_same_value_as_the_body():
    reader = json_reader()
    request = as_drf(post(b'{"name": "Ann", "age": 12345678901234567890123}'), reader)
    assert request.data == {"name": "Ann", "age": 12345678901234567890123}
    assert reader.body(request).value is request.data


def test_every_violation_of_a_body_is_named():
    with pytest.raises(ValidationFailed) as caught:
        json_reader().read(post(b'{"age": "x", "tags": [1]}'))
    assert {(v.location, v.pointer, v.keyword) for v in caught.value.violations} == {
        ("body", "/name", "required"),
        ("body", "/age", "type"),
        ("body", "/tags/0", "type"),
    }


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/merge-patch+json", "APPLICATION/JSON"]
)
def test_json_is_read_under_each_of_its_names(content_type):
    reader = reader_for({"application/json": {"schema": {}}, "application/merge-patch+json": {"schema": {}}})
    assert reader.read(post(b'{"a": null}', content_type)) == {"a": None}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-32-be"])
def test_json_is_read_in_every_unicode_encoding(encoding):
    assert json_reader({}).read(post('{"a": "é😀"}'.encode(encoding))) == {"a": "é😀"}


def test_json_in_another_charset_is_read_if_it_says_so():
    assert json_reader({}).read(post('"é"'.encode("latin-1"), "application/json; charset=ISO-8859-1")) == "é"
    with pytest.raises(UnsupportedMediaType):
        json_reader({}).read(post(b'"a"', "application/json; charset=klingon"))


@pytest.mark.parametrize(
    "charset",
    ["rot13", "base64", "zlib", "hex", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"],
)
def test_what_python_only_calls_a_codec_is_no_charset(charset):
    text = reader_for({"text/plain": {"schema": {"type": "string"}}})
    for reader, media_type in ((json_reader({}), "application/json"), (text, "text/plain")):
        with pytest.raises(UnsupportedMediaType):
            reader.read(post(b'"a"', f"{media_type}; charset={charset}"))


def test_numbers_keep_all_their_digits():
    sent = post(b"[0.1, 1e2, 0.10000000000000000001, 123456789012345678901234567890, 1e400]")
    value = json_reader({}).body(sent).value
    assert value == [0.1, 100.0, Decimal("0.10000000000000000001"), 123456789012345678901234567890, Decimal("1e400")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": 1, "a": 2}', 'the name "a" stands twice'),
        (b'{"a": {"b": 1, "\\u0062": 2}}', 'the name "b" stands twice'),
        (b"[NaN]", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b'{"a": 1', "line 1, column"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'"\xff"', "not UTF-8"),
        (b'"\\ud800"', "surrogate"),
        (b"1" * 5000, "more than 4300 digits"),
        (b"1e9999999", "more than 4300 digits"),
        (b"[" * 101 + b"]" * 101, "more than 100 deep"),
        (b"[" * 1_000_000, "more than 100 deep"),
        (b'{"a":' * 200_000, "more than 100 deep"),
    ],
)
def test_text_without_one_meaning_is_400_with_the_reason(body, reason):
    with pytest.raises(MalformedBody) as caught:
        json_reader({}).read(post(body))
    assert caught.value.status == 400
    assert reason in str(caught.value)


def test_brackets_inside_strings_are_no_depth():
    assert json_reader({}).read(post(json.dumps(["[{" * 500]).encode())) == ["[{" * 500]


def test_depth_is_limited_by_a_setting():
    with override_settings(MACARON={"MAX_BODY_DEPTH": 3}):
        assert json_reader({}).read(post(b"[[[1]]]")) == [[[1]]]
        with pytest.raises(MalformedBody):
            json_reader({}).read(post(b"[[[[1]]]]"))


@pytest.mark.parametrize("claimed", [True, False], ids=["by its Content-Length", "while it is read"])
def test_a_body_over_the_limit_is_413(claimed):
    reader = json_reader({})
    with override_settings(MACARON={"MAX_BODY_SIZE": 100}):
        assert reader.read(post(b'"' + b"a" * 98 + b'"')) == "a" * 98
        request = post(b'"' + b"a" * 99 + b'"', **({} if claimed else {"CONTENT_LENGTH": "100"}))
        if not claimed:
            request._stream = io.BytesIO(b'"' + b"a" * 99 + b'"')
        with pytest.raises(BodyTooLarge) as caught:
            reader.read(request)
    assert caught.value.status == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""])
def test_a_media_type_that_is_not_declared_is_415(content_type):
    with pytest.raises(UnsupportedMediaType):
        json_reader().read(post(b"{}", content_type))


def test_wildcards_stand_behind_the_types_that_are_named():
    reader = reader_for({"*/*": {}, "text/*": {"schema": {"type": "string"}}, "application/json": {"schema": {}}})
    assert reader.read(post(b"[1]")) == [1]
    assert reader.read(post("né".encode(), "text/csv")) == "né"
    assert reader.read(post(b"\x00\xff", "image/png")) == b"\x00\xff"


def test_an_optional_body_may_be_missing_and_a_required_one_may_not():
    assert json_reader().read(post(b"")) is None
    assert json_reader().body(post(b"")).value is UNSET
    with pytest.raises(ValidationFailed) as caught:
        json_reader(required=True).read(post(b""))
    assert [(v.pointer, v.keyword, v.location) for v in caught.value.violations] == [("", "required", "body")]


def test_null_is_a_body():
    assert json_reader({"type": ["object", "null"]}, required=True).read(post(b"null")) is None
    with pytest.raises(ValidationFailed):
        json_reader(required=True).read(post(b"null"))


# Forms

FORM = "application/x-www-form-urlencoded"


def test_an_urlencoded_form_becomes_what_its_schema_says():
    reader = reader_for({FORM: {"schema": PROFILE}})
    profile = reader.read(post(b"name=Ann+Lee&age=33&tags=a&tags=b%2Cc&address=%7B%22zip%22%3A%221%22%7D", FORM))
    assert profile.to_json() == {"name": "Ann Lee", "age": 33, "tags": ["a", "b,c"], "address": {"zip": "1"}}


def test_the_encoding_of_a_forms_properties_is_followed():
    schema = {
        "type": "object",
        "properties": {
            "csv": {"type": "array", "items": {"type": "string"}},
            "pipes": {"type": "array", "items": {"type": "integer"}},
            "deep": {"type": "object", "properties": {"a": {"type": "integer"}}},
            "json": {"type": "array", "items": {"type": "integer"}},
        },
    }
    encoding = {
        "csv": {"style": "form", "explode": False},
        "pipes": {"style": "pipeDelimited", "explode": False},
        "deep": {"style": "deepObject", "explode": True},
        "json": {"contentType": "application/json"},
    }
    reader = reader_for({FORM: {"schema": schema, "encoding": encoding}})
    value = reader.read(post(b"csv=a%2Cb,c&pipes=1%7C2&deep%5Ba%5D=3&json=%5B4%5D", FORM))
    assert value.to_json() == {"csv": ["a,b", "c"], "pipes": [1, 2], "deep": {"a": 3}, "json": [4]}


def test_wrong_fields_of_a_form_are_named():
    with pytest.raises(ValidationFailed) as caught:
        reader_for({FORM: {"schema": PROFILE}}).read(post(b"age=x&more=1", FORM))
    assert {(v.pointer, v.keyword) for v in caught.value.violations} == {("/name", "required"), ("/age", "type")}


def test_fields_that_the_schema_does_not_name_are_judged_by_additional_properties():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    with pytest.raises(ValidationFailed) as caught:
        reader_for({FORM: {"schema": schema}}).read(post(b"a=1&b=2&b=3", FORM))
    assert [v.pointer for v in caught.value.violations] == ["/b"]


def test_a_form_that_is_not_percent_encoded_utf_8_is_400():
    with pytest.raises((MalformedBody, ValidationFailed)):
        reader_for({FORM: {"schema": PROFILE}}).read(post(b"name=%FF", FORM))


UPLOAD = {
    "type": "object",
    "required": ["file", "title"],
    "properties": {
        "title": {"type": "string"},
        "size": {"type": "integer"},
        "file": {"type": "string", "format": "binary"},
        "more": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "meta": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}


def multipart(**fields):
    return encode_multipart(BOUNDARY, fields)


def test_a_multipart_form_carries_files_and_fields():
    reader = reader_for({"multipart/form-data": {"schema": UPLOAD}})
    body = multipart(
        title="A, b", size="3", meta='{"a": 1}',
        file=SimpleUploadedFile("a.bin", b"\x00\xff"),
        more=[SimpleUploadedFile("b.bin", b"b"), SimpleUploadedFile("c.bin", b"c")],
    )  # fmt: skip
    value = reader.read(post(body, MULTIPART_CONTENT))
    assert (value.title, value.size, value.meta.a) == ("A, b", 3, 1)
    assert value.file.read() == b"\x00\xff"
    assert [file.name for file in value.more] == ["b.bin", "c.bin"]


def test_a_missing_file_is_named():
    reader = reader_for({"multipart/form-data": {"schema": UPLOAD}})
    with pytest.raises(ValidationFailed) as caught:
        reader.read(post(multipart(title="a"), MULTIPART_CONTENT))
    assert [(v.pointer, v.keyword) for v in caught.value.violations] == [("/file", "required")]


def test_a_multipart_form_that_django_has_read_already_is_still_read():
    reader = reader_for({"multipart/form-data": {"schema": UPLOAD}})
    request = post(multipart(title="a", file=SimpleUploadedFile("a.bin", b"x")), MULTIPART_CONTENT)
    assert request.POST["title"] == "a"  # as CsrfViewMiddleware does
    assert reader.read(request).file.read() == b"x"


def test_forms_for_json_are_taken_from_the_browsable_api_only():
    reader, configured = json_reader(), (JSONParser, FormParser, MultiPartParser)
    assert {parser.media_type for parser in reader.parser_classes(configured)} == {
        "application/json",
        FORM,
        "multipart/form-data",
    }
    assert [parser.media_type for parser in reader.parser_classes()] == ["application/json"]
    body = multipart(name="Ann", age="3", tags='["a"]', **{"address.zip": "1"})
    request = as_drf(post(body, MULTIPART_CONTENT), reader, configured, BrowsableAPIRenderer())
    assert reader.read(request).to_json() == {"name": "Ann", "age": 3, "tags": ["a"], "address": {"zip": "1"}}
    request = as_drf(post(body, MULTIPART_CONTENT), reader, configured)
    with pytest.raises(UnsupportedMediaType):
        reader.read(request)


# Other media types


def test_text_is_read_in_its_charset():
    reader = reader_for({"text/plain": {"schema": {"type": "string", "maxLength": 3}}})
    assert reader.read(post("né".encode(), "text/plain")) == "né"
    assert reader.read(post("né".encode("latin-1"), "text/plain; charset=latin-1")) == "né"
    with pytest.raises(MalformedBody):
        reader.read(post(b"\xff", "text/plain"))
    with pytest.raises(ValidationFailed):
        reader.read(post(b"long", "text/plain"))
    assert reader_for({"text/plain": {"schema": {"type": "integer"}}}).read(post(b"42", "text/plain")) == 42


def test_octets_come_as_they_are():
    reader = reader_for({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
    assert reader.read(post(b"\x00\xff", "application/octet-stream")) == b"\x00\xff"


def test_json_lines_are_a_list_of_values():
    reader = reader_for({"application/x-ndjson": {"schema": {"type": "array", "items": {"type": "object"}}}})
    assert reader.read(post(b'{"a":1}\n\n{"a":2}\r\n', "application/x-ndjson")) == [{"a": 1}, {"a": 2}]
    with pytest.raises(MalformedBody, match="Line 2"):
        reader.read(post(b"1\n{", "application/x-ndjson"))
