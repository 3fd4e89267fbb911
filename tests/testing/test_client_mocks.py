"""The fixture `client_mock` answers by the spec's examples, and refuses what the spec doesn't allow."""

import asyncio

import pytest
from django.conf import settings
from django.test import override_settings

from macaron_django import apipool
from macaron_django.exceptions import AnswerInvalid, ErrorAnswered
from macaron_django.registry import registry
from macaron_django.testing import CallRefusedError
from tests.clients.conftest import PARCEL, SPEC, client_settings


@pytest.fixture(autouse=True)
def called():
    with client_settings(CREDENTIALS={"token": "t", "grant": {"client_id": "me", "client_secret": "s"}}):
        yield


def test_a_call_is_answered_with_an_example_and_kept(client_mock):
    client = apipool.parcels.client
    made = client.send_parcel({"weight": 2})
    assert isinstance(made, apipool.parcels.Parcel)
    assert client.get_parcel(parcel_id="a/b") == made
    assert client.uploadLabel(label=b"%PDF", copies=2, parcel_id="p") is None
    assert client.search(words=["a b", "c"]) == 1
    assert client.byGrant()
    assert [(each.api, each.operation, each.path) for each in client_mock.calls] == [
        ("parcels", "send_parcel", "/v1/parcels"),
        ("parcels", "get_parcel", "/v1/parcels/a%2Fb"),
        ("parcels", "uploadLabel", "/v1/parcels/p/label"),
        ("parcels", "search", "/v1/search"),
        ("parcels", "byGrant", "/v1/by-grant"),
    ]
    assert client_mock.calls[0].body == b'{"weight":2}'
    assert client_mock.calls[-1].headers["authorization"] == "Bearer token-of-a-mock"


def test_a_test_says_what_is_answered(client_mock):
    client = apipool.parcels.client
    client_mock.reply("parcels", "get_parcel", PARCEL)
    assert client.get_parcel(parcel_id="p").weight == 1.5
    client_mock.reply("parcels", "get_parcel", {"status": 404, "error": "GONE"}, status=404)
    with pytest.raises(ErrorAnswered) as caught:
        client.get_parcel(parcel_id="p")
    assert caught.value.answer.error == "GONE"
    client_mock.reply("parcels", "get_parcel", {"weight": "heavy"})
    with pytest.raises(AnswerInvalid):
        client.get_parcel(parcel_id="p")
    client_mock.reply("parcels", "getLabel", b"%PDF")
    assert client.getLabel(parcel_id="p") == b"%PDF"


def test_awaited_calls_are_answered_too(client_mock):
    async def call():
        return await apipool.parcels.aclient.send_parcel({"weight": 2})

    assert asyncio.run(call()).weight is not None


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda client: client.send_parcel({"weight": -1}), "/weight"),
        (lambda client: client.send_parcel(b"{", content_type="application/json"), "JSON"),
        (lambda client: client.listParcels(since="yesterday"), "/since"),
        (lambda client: client.byKey(), "credentials"),
    ],
)
def test_what_the_spec_doesn_t_allow_is_refused(client_mock, call, text):
    given = {"SPEC": SPEC, "VALIDATE_REQUESTS": False, "CREDENTIALS": {"token": "t"}}
    with override_settings(MACARON={**settings.MACARON, "CLIENTS": {"parcels": given}}):
        with pytest.raises(CallRefusedError, match=text):
            call(apipool.parcels.client)
        client_mock.requires_credentials = False
        assert apipool.parcels.client.byKey()
    assert [each.operation for each in client_mock.calls] == ["byKey"]


def test_after_the_test_calls_go_out_again():
    assert registry.clients.replacement is None
