"""A body is read exactly as its media type says, or refused with the reason."""

import encodings
import io
import json
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.core.exceptions import TooManyFieldsSent
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import RequestFactory, override_settings
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request

from macaron_django import openapi as spec
from macaron_django.api.requests import bodies
from macaron_django.api.requests.bodies import BodyReader
from macaron_django.api.requests.body_bytes import BodyTooLarge, MalformedBody
from macaron_django.api.requests.form_bodies import UrlencodedForm
from macaron_django.api.requests.multipart_texts import charset_of
from macaron_django.exceptions import RequestInvalid
from macaron_django.openapi.operations.media_types import JSON_LINES
from macaron_django.schemas.serializers import uploads
from macaron_django.schemas.validation import validators
from macaron_django.schemas.validation.json_instances import is_plain
from macaron_django.schemas.validation.validators import SchemaValidator
from macaron_django.schemas.validation.violation_search import MAX_VIOLATIONS, MORE
from macaron_django.schemas.values.conversions import UNSET

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


def reader_for(content, *, required=False, version="3.1.0", schemas=None):
    document = spec.load(
        {
            "openapi": version,
            "info": {"title": "t", "version": "1"},
            "components": {"schemas": schemas or {}},
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
    with pytest.raises(RequestInvalid) as caught:
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
        (b'{"a": 1, "a": 2}', 'the name "a" occurs twice'),
        (b'{"a": {"b": 1, "\\u0062": 2}}', 'the name "b" occurs twice'),
        (b"[NaN]", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b'{"a": 1', "line 1, column"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'"\xff"', "isn't valid UTF-8"),
        (b'"\\ud800"', "surrogate"),
        (b"1" * 5000, "more than 4300 digits"),
        (b"1e9999999", "more than 4300 digits"),
        (b"[" * 101 + b"]" * 101, "more than 100 levels deep"),
        (b"[" * 39_000, "more than 100 levels deep"),
        (b'{"a":' * 39_000, "more than 100 levels deep"),
    ],
)
def test_text_without_one_meaning_is_400_with_the_reason(body, reason):
    with pytest.raises(MalformedBody) as caught:
        json_reader({}).read(post(body))
    assert caught.value.status == 400
    assert reason in str(caught.value)


def test_unions_that_take_more_calls_than_pythons_stack_holds_are_400():
    union = {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
    for other in ("string", "integer", "boolean", "object", "number", "null", "string", "integer"):
        union = {"oneOf": [union, {"type": other, "maxProperties": 1}]}
    reader = reader_for(
        {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}, schemas={"Tree": union}
    )
    assert reader.read(post(b"[" * 10 + b"]" * 10)) == [[[[[[[[[[]]]]]]]]]]
    with pytest.raises(RequestInvalid) as caught:
        reader.read(post(b"[" * 100 + b"]" * 100))
    assert [(each.pointer, each.message) for each in caught.value.violations] == [("", "is nested too deeply")]


def test_brackets_inside_strings_are_no_depth():
    assert json_reader({}).read(post(json.dumps(["[{" * 500]).encode())) == ["[{" * 500]


def test_depth_is_limited_by_a_setting():
    with override_settings(MACARON={"MAX_BODY_DEPTH": 3}):
        assert json_reader({}).read(post(b"[[[1]]]")) == [[[1]]]
        with pytest.raises(MalformedBody):
            json_reader({}).read(post(b"[[[[1]]]]"))


NUMBERS_AND_LISTS = {"type": "object", "properties": {"a": {"type": "array"}, "b": {"type": "object"}}}


@pytest.mark.parametrize(
    ("media_type", "fits", "too_many"),
    [
        ("application/json", b'{"a":[{},"[[[["]}', b'{"a":[{},[]]}'),
        ("application/merge-patch+json", b"[[],[]]", b"[[],[],[]]"),
        ("application/x-ndjson", b"{}\n{}\n[1]", b"{}\n{}\n[]\n{}"),
        ("application/json; charset=latin-1", '[[],{},"é["]'.encode("latin-1"), b"[[],{},[]]"),
        ("application/x-www-form-urlencoded", b"a=[[],1]&b={}&c=[[[[[", b"a=[[],1]&b=%7B%22a%22%3A{}}"),
        (MULTIPART_CONTENT, {"a": "[[],1]", "b": "{}", "c": "[[[["}, {"a": "[[],1]", "b": '{"a":[]}'}),
    ],
)
def test_arrays_and_objects_are_counted_before_they_are_parsed(media_type, fits, too_many):
    schema = {} if "json" in media_type else NUMBERS_AND_LISTS
    essence = media_type.partition(";")[0]
    reader = reader_for({essence: {"itemSchema" if "ndjson" in essence else "schema": schema}})
    fits, too_many = (multipart(**body) if isinstance(body, dict) else body for body in (fits, too_many))
    with override_settings(MACARON={"MAX_BODY_CONTAINERS": 3}):
        assert reader.read(post(fits, media_type)) is not None
        with pytest.raises(RequestInvalid) as caught:
            reader.read(post(too_many, media_type))
    assert [(each.pointer, each.message) for each in caught.value.violations] == [
        ("", "holds more than 3 arrays and objects (MAX_BODY_CONTAINERS)")
    ]
    assert caught.value.status == 400


def test_a_large_body_may_hold_an_array_or_object_in_twenty_bytes():
    reader = json_reader({})
    with override_settings(MACARON={"MAX_BODY_CONTAINERS": 3}):
        assert len(reader.read(post(b"[" + b'{"name":"Ann Walker"},' * 99 + b"[]]"))) == 100
        with pytest.raises(RequestInvalid, match="more than 99 arrays"):
            reader.read(post(b"[" + b'{"name":"Ann Walk"},' * 99 + b"[]]"))


@pytest.mark.parametrize("escape", ["é", "%41", "+", "%2C"])
@pytest.mark.parametrize("shift", range(3))
def test_a_long_field_is_decoded_piece_by_piece(escape, shift):
    text = "x" * shift + escape * 20_000
    plain = QueryDict(f"name={text}&name=b&empty=&=c&other")
    form = UrlencodedForm(f"name={text}&name=b&empty=&=c&other".encode())
    assert (form, form.encoding, form._mutable) == (plain, plain.encoding, plain._mutable)
    reader = reader_for({"application/x-www-form-urlencoded": {"schema": PROFILE}})
    assert reader.read(post(f"name={quote(text)}".encode(), "application/x-www-form-urlencoded")).name == text
    reader = reader_for({"multipart/form-data": {"schema": PROFILE}})
    assert reader.read(post(multipart(name=text), MULTIPART_CONTENT)).name == text


def test_a_long_form_is_held_to_djangos_limit_of_fields_and_to_utf_8():
    reader = reader_for({"application/x-www-form-urlencoded": {"schema": PROFILE}})
    long = b"name=" + b"%41" * 20_000
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=2), pytest.raises(TooManyFieldsSent):
        reader.read(post(long + b"&age=1&age=2", "application/x-www-form-urlencoded"))
    with pytest.raises(RequestInvalid, match="is not UTF-8"):
        reader.read(post(long + b"%ff", "application/x-www-form-urlencoded"))


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


@pytest.mark.parametrize("declared", ["application/*", "*/*"])
def test_a_body_of_a_range_is_read_as_its_own_media_type(declared):
    reader = reader_for({declared: {"schema": PROFILE}})
    form = "application/x-www-form-urlencoded"
    for body, media_type in [
        (b'{"name": "Ann", "age": 3}', "application/json"),
        (b'{"name": "Ann", "age": 3}', "application/vnd.profile+json; charset=utf-8"),
        (b"name=Ann&age=3", form),
    ]:
        assert reader.read(post(body, media_type)).to_json() == {"name": "Ann", "age": 3}
        with pytest.raises(RequestInvalid):
            reader.read(post(body.replace(b"3", b"x" if media_type == form else b'"x"'), media_type))
    with pytest.raises(UnsupportedMediaType):  # nothing could hold it against the schema
        reader.read(post(b"<profile/>", "application/xml"))


def test_a_range_includes_multipart_forms_lines_and_text():
    reader = reader_for({"*/*": {"schema": PROFILE}})
    assert reader.read(post(multipart(name="Ann", age="3"), MULTIPART_CONTENT)).age == 3
    lines = reader_for({"application/*": {"schema": {"type": "array", "items": {"type": "integer"}}}})
    assert lines.read(post(b"1\n2", "application/x-ndjson")) == [1, 2]
    text = reader_for({"*/*": {"schema": {"type": "string", "maxLength": 3}}})
    assert text.read(post("né".encode("latin-1"), "text/plain; charset=latin-1")) == "né"
    assert text.read(post(b'"abc"', "application/json")) == "abc"
    for media_type in ("text/plain", "application/x-own"):
        with pytest.raises(RequestInvalid):
            text.read(post(b"long", media_type))


def test_a_range_of_octets_is_left_as_it_is():
    for schema in ({"type": "string", "format": "binary"}, {"contentMediaType": "image/png"}):
        reader = reader_for({"*/*": {"schema": schema}})
        for media_type in ("application/json", "image/png", FORM, "text/plain"):
            assert reader.read(post(b"\xff{", media_type)) == b"\xff{"


def test_the_types_that_a_range_is_declared_beside_come_first():
    reader = reader_for({"*/*": {"schema": PROFILE}, FORM: {"schema": {"type": "object", "required": ["other"]}}})
    assert reader.read(post(b"other=1", FORM)) == {"other": "1"}


def test_what_a_swagger_2_operation_consumes_may_be_a_range():
    body = {"name": "body", "in": "body", "schema": PROFILE}
    operation = {"consumes": ["*/*"], "parameters": [body], "responses": {"200": {"description": "ok"}}}
    info = {"title": "t", "version": "1"}
    document = spec.load({"swagger": "2.0", "info": info, "paths": {"/things": {"post": operation}}})
    reader = BodyReader(document.operations[0])
    assert reader.read(post(b'{"name": "Ann"}')).name == "Ann"
    with pytest.raises(RequestInvalid):
        reader.read(post(b'{"age": "x"}'))


def test_an_optional_body_may_be_missing_and_a_required_one_may_not():
    assert json_reader().read(post(b"")) is None
    assert json_reader().body(post(b"")).value is UNSET
    with pytest.raises(RequestInvalid) as caught:
        json_reader(required=True).read(post(b""))
    assert [(v.pointer, v.keyword, v.location) for v in caught.value.violations] == [("", "required", "body")]


def test_null_is_a_body():
    assert json_reader({"type": ["object", "null"]}, required=True).read(post(b"null")) is None
    with pytest.raises(RequestInvalid):
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
    with pytest.raises(RequestInvalid) as caught:
        reader_for({FORM: {"schema": PROFILE}}).read(post(b"age=x&more=1", FORM))
    assert {(v.pointer, v.keyword) for v in caught.value.violations} == {("/name", "required"), ("/age", "type")}


def test_fields_that_the_schema_does_not_name_are_judged_by_additional_properties():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    with pytest.raises(RequestInvalid) as caught:
        reader_for({FORM: {"schema": schema}}).read(post(b"a=1&b=2&b=3", FORM))
    assert [v.pointer for v in caught.value.violations] == ["/b"]


def test_a_form_that_is_not_percent_encoded_utf_8_is_400():
    with pytest.raises((MalformedBody, RequestInvalid)):
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
    with pytest.raises(RequestInvalid) as caught:
        reader.read(post(multipart(title="a"), MULTIPART_CONTENT))
    assert [(v.pointer, v.keyword) for v in caught.value.violations] == [("/file", "required")]


def part(name, content, content_type=None, filename=None):
    """One part as it is sent."""
    shown = f'; filename="{filename}"' if filename else ""
    lines = [f'Content-Disposition: form-data; name="{name}"{shown}']
    lines += [f"Content-Type: {content_type}"] if content_type else []
    octets = content if isinstance(content, bytes) else content.encode()
    return "\r\n".join([f"--{BOUNDARY}", *lines, "", ""]).encode() + octets + b"\r\n"


def form_of(*parts):
    return post(b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(), MULTIPART_CONTENT)


def wrong(reader, *parts):
    with pytest.raises(RequestInvalid) as caught:
        reader.read(form_of(*parts))
    return [(violation.pointer, violation.keyword) for violation in caught.value.violations]


PARTS = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 5},
        "size": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}},
        "meta": {"type": "object", "properties": {"a": {"type": "integer"}}},
        "file": {"type": "string", "format": "binary", "maxLength": 4},
        "photo": {"oneOf": [{"type": "null"}, {"contentMediaType": "image/png"}]},
        "pages": {"type": "array", "items": {"type": "string", "format": "binary", "minLength": 2, "maxLength": 3}},
        "anything": {},
    },
    "additionalProperties": {"type": "string", "maxLength": 5},
}


def parts_reader(**encoding):
    return reader_for({"multipart/form-data": {"schema": PARTS, "encoding": encoding}})


def test_a_part_with_a_file_name_is_text_where_the_schema_takes_no_octets():
    sent = [
        part("title", "né", filename="a"),
        part("size", "3", "text/plain", "b"),
        part("other", "short", filename="o"),
    ]
    value = parts_reader().read(form_of(*sent, part("tags", "a", filename="c"), part("tags", "b", filename="d")))
    assert value.to_json() == {"title": "né", "size": 3, "tags": ["a", "b"], "other": "short"}
    for name, pointer in (("title", "/title"), ("tags", "/tags/0"), ("other", "/other")):
        assert wrong(parts_reader(), part(name, "too long", filename="a")) == [(pointer, "maxLength")]
    assert wrong(parts_reader(), part("title", b"\xff", filename="a")) == [("/title", "encoding")]


def test_json_is_read_from_a_part_with_a_file_name():
    """As browsers send ``form.append("meta", new Blob([json], {type: "application/json"}))``."""
    blob = part("meta", '{"a": 1}', "application/json", "blob")
    assert parts_reader().read(form_of(blob)).meta.a == 1
    assert parts_reader(meta={"contentType": "application/json"}).read(form_of(blob)).meta.a == 1
    assert wrong(parts_reader(), part("meta", '{"a": "x"}', filename="blob")) == [("/meta/a", "type")]
    assert wrong(parts_reader(), part("meta", "{", filename="blob")) == [("/meta", "style")]


def test_files_stay_files_where_the_schema_takes_octets_and_are_bounded_by_their_length():
    names = ("file", "photo", "anything")
    value = parts_reader().read(form_of(*(part(name, b"\xff\xff", "image/png", "a.png") for name in names)))
    assert [value[name].read() for name in names] == [b"\xff\xff"] * 3
    assert wrong(parts_reader(), part("file", b"\xff" * 5, filename="a")) == [("/file", "maxLength")]
    pages = [part("pages", b"\xff" * size, filename="p") for size in (2, 3)]
    assert len(parts_reader().read(form_of(*pages)).pages) == 2
    for size, keyword in ((1, "minLength"), (4, "maxLength")):
        page = part("pages", b"\xff" * size, filename="p")
        assert wrong(parts_reader(), *pages, page) == [("/pages/2", keyword)]


def test_a_part_has_to_be_of_a_media_type_that_its_encoding_names():
    reader = parts_reader(file={"contentType": "image/png, image/gif; q=1"}, meta={"contentType": "application/json"})
    for media_type in ("image/png", "IMAGE/GIF"):
        assert reader.read(form_of(part("file", b"a", media_type, "a"))).file.read() == b"a"
    assert reader.read(form_of(part("meta", '{"a": 1}'))).meta.a == 1
    for media_type in ("image/svg+xml", "text/html", None):
        assert wrong(reader, part("file", b"a", media_type, "a")) == [("/file", "contentType")]
    assert wrong(reader, part("meta", '{"a": 1}', "text/plain")) == [("/meta", "contentType")]
    ranged = parts_reader(photo={"contentType": "image/*"})
    assert ranged.read(form_of(part("photo", b"a", "image/webp", "a"))).photo.read() == b"a"
    assert wrong(ranged, part("photo", b"a", "text/html", "a")) == [("/photo", "contentType")]


def test_a_charset_that_is_none_leaves_nothing_in_memory():
    names = [*(f"klingon-{number}" for number in range(3)), "k" * 100_000, "utf-8" + "-" * 100, "UTF--8", "utf_8"]
    assert charset_of("ISO-8859-1") == charset_of("latin1") == "iso8859-1"
    assert charset_of("utf-8-sig") == "utf-8-sig"
    assert charset_of("windows-1252") == "cp1252"
    assert charset_of("utf_8") == "utf-8"
    before = {*encodings._cache}
    assert [charset_of(name) for name in names] == [None] * 5 + ["utf-8"] * 2
    assert {*encodings._cache} == before


def test_a_part_is_read_in_its_charset():
    latin = "né".encode("latin-1")
    charset = "text/plain; charset=iso-8859-1"
    assert parts_reader().read(form_of(part("title", latin, charset))).title == "né"
    assert parts_reader().read(form_of(part("title", latin, charset, "a.txt"))).title == "né"
    value = parts_reader().read(form_of(part("title", latin), part("_charset_", "latin1")))
    assert value.title == "né"
    for parts in ([part("title", latin)], [part("title", "a", "text/plain; charset=klingon")]):
        with pytest.raises(MalformedBody, match="The part 'title'"):
            parts_reader().read(form_of(*parts))


def test_the_object_of_a_form_is_read_like_a_dictionary():
    value = parts_reader().read(form_of(part("title", "a")))
    assert (value.get("title"), value.get("size"), value.get("size", 3)) == ("a", None, 3)


def test_the_class_of_a_body_without_a_name_can_be_named():
    reader = parts_reader()
    value = reader.read(form_of(part("title", "a")))
    assert type(value).__name__ == "ThingsPostRequestBodyMultipartFormData"
    assert reader.classes.ThingsPostRequestBodyMultipartFormData is type(value)
    assert reader.classes.ThingsPostRequestBodyMultipartFormDataMeta is type(
        value._spec.classes.for_schema(value._spec.properties["meta"].schema)()
    )


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
    with pytest.raises(RequestInvalid):
        reader.read(post(b"long", "text/plain"))
    assert reader_for({"text/plain": {"schema": {"type": "integer"}}}).read(post(b"42", "text/plain")) == 42


def test_octets_come_as_they_are():
    reader = reader_for({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
    assert reader.read(post(b"\x00\xff", "application/octet-stream")) == b"\x00\xff"


def test_octets_are_bounded_by_their_length():
    schema = {"type": "string", "format": "binary", "minLength": 2, "maxLength": 3}
    reader = reader_for({"application/octet-stream": {"schema": schema}})
    assert reader.read(post(b"\xff\xff", "application/octet-stream")) == b"\xff\xff"
    for octets in (b"\xff", b"\xff" * 4):
        with pytest.raises(RequestInvalid):
            reader.read(post(octets, "application/octet-stream"))


@pytest.mark.usefixtures("patience")
def test_the_violations_of_lines_are_bounded_together(monkeypatch):
    counted = []
    clean = SchemaValidator.clean_plain
    monkeypatch.setattr(SchemaValidator, "clean_plain", lambda *given: counted.append(1) or clean(*given))
    reader = reader_for({"application/x-ndjson": {"itemSchema": PROFILE}}, version="3.2.0")
    with pytest.raises(RequestInvalid) as raised:
        reader.read(post(b"1\n" * 500_000, "application/x-ndjson"))
    *listed, last = raised.value.violations
    assert (len(listed), listed[-1].pointer, last) == (MAX_VIOLATIONS, "/999", MORE)
    assert len(counted) == MAX_VIOLATIONS + 1


def test_the_lines_of_a_stream_are_looked_through_for_what_isnt_json_once(monkeypatch):
    looked_through = []
    for module in (bodies, uploads, validators):
        monkeypatch.setattr(module, "is_plain", lambda value: looked_through.append(value) or is_plain(value))
    reader = reader_for({"application/x-ndjson": {"itemSchema": {"type": "object"}}}, version="3.2.0")
    assert reader.read(post(b"{}\n" * 100, "application/x-ndjson")) == [{}] * 100
    assert looked_through == [[{}] * 100]


@pytest.mark.parametrize("media_type", sorted(JSON_LINES))
def test_json_lines_are_a_list_of_values_however_they_are_spelled(media_type):
    reader = reader_for({media_type: {"schema": {"type": "array", "items": {"type": "object"}}}})
    assert reader.read(post(b'{"a":1}\n\n{"a":2}\r\n', media_type)) == [{"a": 1}, {"a": 2}]
    with pytest.raises(MalformedBody, match="Line 2"):
        reader.read(post(b"1\n{", media_type))


def test_a_stream_is_judged_by_the_schema_of_its_items_and_by_that_of_the_whole():
    items = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    whole = {"type": "array", "maxItems": 2}
    reader = reader_for({"application/jsonl": {"schema": whole, "itemSchema": items}}, version="3.2.0")
    assert [item.n for item in reader.read(post(b'{"n": 1}\n{"n": 2}', "application/jsonl"))] == [1, 2]
    for lines, pointer in ((b'{"n": 1}\n{"n": "x"}', "/1/n"), (b'{"n": 1}\n' * 3, "")):
        with pytest.raises(RequestInvalid) as caught:
            reader.read(post(lines, "application/jsonl"))
        assert [violation.pointer for violation in caught.value.violations] == [pointer]


def test_parts_of_a_multipart_form_that_are_not_declared_are_dropped():
    def names(**schema):
        reader = reader_for({"multipart/form-data": {"schema": {"type": "object", **schema}}})
        sent = [part("title", "a"), part("x-y", "b"), part("utm", "c"), part("file", "d", "image/png", "d.png")]
        return {*reader.body(form_of(*sent)).value}

    declared = {"properties": {"title": {"type": "string"}}, "patternProperties": {"^x-": {}}}
    assert names(**declared) == {"title", "x-y"}
    assert names(**declared, additionalProperties=True) == names() == {"title", "x-y", "utm", "file"}


@pytest.mark.parametrize("software", ["", "WSGIServer/0.2"])
def test_a_body_without_a_media_type_is_json_where_settings_say_so(software):
    reader = reader_for({"application/vnd.own+json; v=1": {}, "application/json": {"schema": PROFILE}})

    def request():
        made = post(b'{"name": "Ada"}', "text/plain" if software else "")
        made.META["SERVER_SOFTWARE"] = software
        return made

    with pytest.raises(UnsupportedMediaType):
        reader.read(request())
    with override_settings(MACARON={"COMPAT": True}):
        assert reader.read(request()).name == "Ada"
        with pytest.raises(UnsupportedMediaType):
            reader.read(post(b"{}", "text/plain"))
        with pytest.raises(UnsupportedMediaType):
            reader_for({"application/xml": {}}).read(request())
        assert reader_for({"text/plain": {}, "application/json": {}}).read(post(b"{}", "text/plain")) == "{}"
