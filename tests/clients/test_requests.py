"""A call becomes the request that its spec describes; what the spec doesn't allow isn't sent."""

import datetime as dt
import io
from email import message_from_bytes
from email.policy import HTTP
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from macaron_django import apipool
from macaron_django.exceptions import ValidationFailed
from tests.clients.conftest import PARCEL, Reply, client_settings


def test_parameters_go_where_the_spec_says(parcels, service):
    since = dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)
    assert parcels.listParcels(states=["sent", "a&b"], since=since, x_trace="t 1", lang="de;x") == []
    [received] = service.received
    assert (received.method, received.path) == ("GET", "/parcels")
    assert received.query == "states=sent&states=a%26b&since=2026-01-02T00%3A00%3A00Z"
    assert received.headers["x-trace"] == "t 1"
    assert received.headers["cookie"] == "lang=de%3Bx"
    assert received.headers["authorization"] == "Bearer s3cret-token"


def test_a_parameter_can_have_its_own_name_and_none_is_as_if_it_weren_t_given(parcels, service):
    parcels.listParcels(**{"X-Trace": "t", "states": None})
    [received] = service.received
    assert (received.query, received.headers["x-trace"]) == ("", "t")


@pytest.mark.parametrize("body", [{"weight": 1.5}, "object"])
def test_a_body_is_a_dictionary_or_an_api_object_and_an_answer_an_api_object(parcels, service, body):
    service.answers(Reply(201, PARCEL))
    sent = apipool.parcels.Parcel(weight=1.5) if body == "object" else body
    answered = parcels.send_parcel(sent)
    assert answered == apipool.parcels.Parcel(parcel_id="p1", weight=1.5)
    [received] = service.received
    assert (received.body, received.headers["content-type"]) == (b'{"weight":1.5}', "application/json")


def test_an_object_that_was_answered_is_sent_back_without_what_only_the_service_says(parcels, service):
    service.answers(Reply(200, PARCEL))
    parcels.replaceParcel(parcels.get_parcel(parcel_id="p1"), parcel_id="p1")
    assert service.received[1].body == b'{"weight":1.5}'


def test_python_values_are_written_as_the_schema_says(parcels, service):
    service.answers(Reply(201, PARCEL))
    when = dt.datetime(2026, 1, 2, 3, tzinfo=dt.timezone.utc)
    parcels.send_parcel({"weight": 1, "sent": when, "address": apipool.parcels.Address(city="Rome")})
    assert service.received[0].body == b'{"weight":1,"sent":"2026-01-02T03:00:00Z","address":{"city":"Rome"}}'


@pytest.mark.parametrize("text", ["a/b", "a b", "ä", "a?b#c", "%2e%2e", "a%2Fb"])
def test_a_path_s_argument_stays_one_step_of_the_path(parcels, service, text):
    service.answers(Reply(200, PARCEL))
    parcels.get_parcel(parcel_id=text)
    assert service.received[0].target == "/parcels/" + quote(text, safe="")


@pytest.mark.parametrize(
    ("call", "location", "pointer"),
    [
        (lambda client: client.send_parcel({"weight": -1}), "body", "/weight"),
        (lambda client: client.send_parcel({}), "body", "/weight"),
        (lambda client: client.send_parcel(), "body", ""),
        (lambda client: client.listParcels(states=[1]), "query", "/states/0"),
        (lambda client: client.listParcels(since="yesterday"), "query", "/since"),
        (lambda client: client.listParcels(x_trace="a\r\nX-Admin: yes"), "header", "/X-Trace"),
        (lambda client: client.get_parcel(), "path", "/parcel_id"),
        (lambda client: client.get_parcel(parcel_id=".."), "path", "/parcel_id"),
        (lambda client: client.get_parcel(parcel_id=""), "path", "/parcel_id"),
        (lambda client: client.public(request_headers={"X-A": "b\nc"}), "header", "/X-A"),
        (lambda client: client.public(request_headers={"X-A\r\nB": "c"}), "header", "/X-A\r\nB"),
        (lambda client: client.send_parcel({"weight": 1}, content_type="text/csv"), "body", ""),
    ],
)
def test_what_breaks_the_spec_is_not_sent(parcels, service, call, location, pointer):
    with pytest.raises(ValidationFailed) as caught:
        call(parcels)
    assert [(each.location, each.pointer) for each in caught.value.violations] == [(location, pointer)]
    assert service.received == []


def test_every_violation_is_named_and_no_value_quoted(parcels):
    with pytest.raises(ValidationFailed) as caught:
        parcels.replaceParcel({"weight": "hunter2", "address": {}}, parcel_id="..")
    found = {(each.location, each.pointer) for each in caught.value.violations}
    assert found == {("path", "/parcel_id"), ("body", "/weight"), ("body", "/address/city")}
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.listParcels(state="sent"),
        lambda client: client.listParcels({"a": 1}),
        lambda client: client.send_parcel({"weight": 1}, {"weight": 2}),
        lambda client: client.search({"limit": 1}, words=["a"]),
    ],
)
def test_arguments_that_the_operation_doesn_t_have_are_a_type_error(parcels, service, call):
    with pytest.raises(TypeError, match="parcels: "):
        call(parcels)
    assert service.received == []


def test_validation_can_be_left_to_the_service(service):
    service.answers(Reply(201, PARCEL))
    with client_settings(BASE_URL=service.url, VALIDATE_REQUESTS=False):
        apipool.parcels.client.send_parcel({"weight": -1})
    assert service.received[0].body == b'{"weight":-1}'


def test_an_urlencoded_form_takes_its_fields_as_keywords_or_as_one_body(parcels, service):
    service.answers(Reply(200, b"3", {"content-type": "text/plain"}))
    assert parcels.search(words=["a b", "c&d"], limit=2) == 3
    assert parcels.search({"words": ["a b", "c&d"], "limit": 2}) == 3
    for received in service.received:
        assert received.headers["content-type"] == "application/x-www-form-urlencoded"
        assert received.body == b"words=a%20b&words=c%26d&limit=2"


def test_a_file_whose_media_type_would_begin_another_header_is_refused(parcels, service):
    file = ("l.pdf", b"%PDF", "application/pdf\r\nContent-Disposition: form-data; name=other")
    with pytest.raises(ValidationFailed, match="media type"):
        parcels.uploadLabel(label=file, copies=2, parcel={"weight": 1}, parcel_id="p1")
    assert service.received == []


@pytest.mark.parametrize(
    ("file", "name", "media_type"),
    [
        (b"%PDF", "label", "application/octet-stream"),
        (io.BytesIO(b"%PDF"), "label", "application/octet-stream"),
        (("l.pdf", b"%PDF", "application/pdf"), "l.pdf", "application/pdf"),
        (('l"\r\n.pdf', b"%PDF"), "l%22%0D%0A.pdf", "application/octet-stream"),
    ],
)
def test_a_multipart_form_has_files_texts_and_json(parcels, service, file, name, media_type):
    service.answers(Reply(204))
    parcels.uploadLabel(label=file, copies=2, parcel={"weight": 1}, notes=["x", "y"], parcel_id="p1")
    [received] = service.received
    head = f"content-type: {received.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + received.body, policy=HTTP).get_payload()
    label, copies, parcel, *notes = (
        SimpleNamespace(part=part, content=part.get_payload(decode=True)) for part in parts
    )
    assert (label.content, label.part.get_content_type()) == (b"%PDF", media_type)
    assert f'filename="{name}"'.encode() in received.body
    assert (copies.content, parcel.content) == (b"2", b'{"weight":1}')
    assert parcel.part.get_content_type() == "application/json"
    assert [note.content for note in notes] == [b"x", b"y"]


@pytest.mark.parametrize("body", [b"\x00\xff", io.BytesIO(b"\x00\xff"), bytearray(b"\x00\xff")])
def test_octets_are_sent_as_they_are(parcels, service, body):
    service.answers(Reply(204))
    assert parcels.putLabel(body, parcel_id="p1") is None
    assert service.received[0].body == b"\x00\xff"
    assert service.received[0].headers["content-type"] == "application/octet-stream"


def test_an_operation_without_a_name_is_found_by_its_method_and_path(parcels, service):
    service.answers(Reply(200, PARCEL))
    assert parcels["GET", "/parcels/{parcel_id}"] is parcels.get_parcel
    assert parcels["createParcel"] is parcels["send_parcel"] is parcels.send_parcel
    with pytest.raises(KeyError):
        parcels["nothing"]
    with pytest.raises(AttributeError, match="send_parcel"):
        parcels.createParcel  # noqa: B018 (it raises)


def test_a_call_can_have_its_own_headers_and_limits(parcels, service):
    service.answers(Reply(200, b"x", {"content-type": "text/plain"}))
    parcels.public(request_headers={"x-request-id": "mine"}, max_attempts=1, read_timeout=5, connect_timeout=5)
    assert service.received[0].headers["x-request-id"] == "mine"
    assert "authorization" not in service.received[0].headers
