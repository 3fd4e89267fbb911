"""An answer becomes a value by its spec, an error an exception or an object; nothing else is let through."""

import gzip
import logging
import os
import zlib
from contextlib import suppress

import pytest

from macaron_django import apipool
from macaron_django.clients.sending.answer_bytes import AnswerBytes
from macaron_django.exceptions import AnswerInvalid, ErrorAnswered, is_error
from macaron_django.schemas import APIObject
from tests.clients.conftest import PARCEL, Reply, client_settings

NOT_FOUND = {"status": 404, "error": "PARCEL_NOT_FOUND", "error_description": "There is no p1"}


def test_a_whole_answer_has_its_status_and_headers(parcels, service):
    service.answers(Reply(201, PARCEL, {"Location": "/parcels/p1"}))
    answer = parcels.send_parcel.answer({"weight": 1.5})
    assert (answer.status, answer.headers["location"], answer.value.weight) == (201, "/parcels/p1", 1.5)


def test_octets_text_and_nothing_are_answered_as_such(parcels, service):
    service.answers(
        Reply(200, b"%PDF\xff", {"content-type": "application/pdf"}),
        Reply(200, "Grüße".encode(), {"content-type": "text/plain; charset=utf-8"}),
        Reply(204),
    )
    assert parcels.getLabel(parcel_id="p1") == b"%PDF\xff"
    assert parcels.public() == "Grüße"
    assert parcels.deleteParcel(parcel_id="p1") is None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"weight": "heavy"}),
        Reply(200, {}),
        Reply(200, b"{"),
        Reply(200, b"[" * 100_000),
        Reply(200, b""),
        Reply(200, b"<p>Hello</p>", {"content-type": "text/html"}),
        Reply(200, b"x", {"content-encoding": "br"}),
        Reply(200, b"not packed", {"content-encoding": "gzip"}),
        Reply(200, gzip.compress(b'{"weight": 1}' + b" " * 5000)[:-20], {"content-encoding": "gzip"}),
    ],
)
def test_an_answer_that_breaks_the_spec_is_refused(parcels, service, reply):
    service.answers(reply)
    with pytest.raises(AnswerInvalid) as caught:
        parcels.get_parcel(parcel_id="p1")
    assert (caught.value.status, caught.value.api) == (502, "parcels")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda text: zlib.compress(text)[2:-4]])
def test_a_packed_answer_is_unpacked(parcels, service, pack):
    encoding = "gzip" if pack is gzip.compress else "deflate"
    service.answers(Reply(200, pack(b'{"weight": 2}'), {"content-encoding": encoding}))
    assert parcels.get_parcel(parcel_id="p1").weight == 2


@pytest.mark.parametrize(
    "endless",
    [
        b"\x1f\x8b\x08\x10" + bytes(6) + b"a" * 5000,  # a name of a file
        gzip.compress(b"")[:10] + bytes([0, 0, 0, 255, 255]) * 1000,  # blocks of nothing
        gzip.compress(b"{}") + bytes(5000),
    ],
    ids=["name", "blocks", "rest"],
)
def test_a_packed_answer_that_unpacks_to_little_is_read_up_to_the_limit_too(endless):
    answer = AnswerBytes("parcels", "gzip", 100)
    for start in range(0, 2000, 10):
        with suppress(AnswerInvalid):
            answer.add(endless[start : start + 10])
    with pytest.raises(AnswerInvalid):
        answer.add(endless[2000:2010])


def test_an_answer_that_can_t_be_packed_is_unpacked_up_to_the_limit():
    content = os.urandom(1_000_000)
    answer = AnswerBytes("parcels", "gzip", len(content))
    answer.add(gzip.compress(content, compresslevel=0))
    assert answer.whole() == content


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_is_read_up_to_a_limit(service, packed):
    large = b'{"weight": 1}' + b" " * 3_000_000
    reply = Reply(200, gzip.compress(large), {"content-encoding": "gzip"}) if packed else Reply(200, large)
    service.answers(reply)
    with (
        client_settings(BASE_URL=service.url, MAX_ANSWER_SIZE=1_000_000),
        pytest.raises(AnswerInvalid, match="1000000"),
    ):
        apipool.parcels.client.get_parcel(parcel_id="p1")
    with client_settings(BASE_URL=service.url):
        assert apipool.parcels.client.get_parcel(parcel_id="p1").weight == 1


def test_answers_that_break_the_spec_can_be_logged_or_let_through(service, caplog):
    service.answers(Reply(200, {"weight": "heavy"}))
    with client_settings(BASE_URL=service.url, VALIDATE_ANSWERS="log"), caplog.at_level(logging.WARNING):
        assert apipool.parcels.client.get_parcel(parcel_id="p1")["weight"] == "heavy"
    assert "/weight" in caplog.text
    caplog.clear()
    with client_settings(BASE_URL=service.url, VALIDATE_ANSWERS="off"):
        assert apipool.parcels.client.get_parcel(parcel_id="p1")["weight"] == "heavy"
    assert caplog.text == ""


def test_an_error_is_an_exception_with_the_object_of_the_spec(parcels, service):
    service.answers(Reply(404, NOT_FOUND, {"X-Reason": "gone"}))
    with pytest.raises(ErrorAnswered) as caught:
        parcels.get_parcel(parcel_id="p1")
    error = caught.value
    assert (error.status, error.status_code, error.operation) == (502, 404, "GET /parcels/{parcel_id}")
    assert error.answer == apipool.parcels.Error(**NOT_FOUND)
    assert error.headers_sent["x-reason"] == "gone"
    assert is_error(error)


@pytest.mark.parametrize("body", [b"", b"<h1>Bad gateway</h1>", b"{", b'{"other": 1}'])
def test_an_error_in_another_form_is_an_error_all_the_same(parcels, service, body):
    service.answers(Reply(500, body))
    with pytest.raises(ErrorAnswered, match="answered 500"):
        parcels.send_parcel({"weight": 1})


def test_errors_can_be_returned_as_objects_as_pymacaron_had_it(service):
    service.answers(Reply(404, NOT_FOUND), Reply(500, b"no object"))
    with client_settings(BASE_URL=service.url, ERRORS="return"):
        first = apipool.parcels.client.get_parcel(parcel_id="p1")
        second = apipool.parcels.client.send_parcel({"weight": 1})
    assert isinstance(first, APIObject)
    assert (is_error(first), first.error) == (True, "PARCEL_NOT_FOUND")
    assert (is_error(second), second.status_code) == (True, 500)


def test_a_client_of_this_service_learns_that_another_one_failed_and_not_how(parcels, service, settings):
    service.answers(Reply(500, {"status": 500, "error": "DATABASE_DOWN"}))
    with pytest.raises(ErrorAnswered) as caught:
        parcels.send_parcel({"weight": 1})
    settings.DEBUG = False
    assert caught.value.to_dict() == {"status": 502, "error": "SERVICE_ERROR"}
