"""Subscribers are told of each call to another service, once it begins and once it has ended."""

import asyncio

import pytest

from macaron_django import apipool, events
from macaron_django.exceptions import CallOutcomeUnknown, ErrorAnswered
from tests.clients.conftest import PARCEL, Reply


class Watching(events.Subscriber):
    def __init__(self):
        self.began, self.ended = [], []

    def client_call(self, began):
        self.began.append(began)
        watching = self

        class Watched(events.Observation):
            def end(self, ended):
                watching.ended.append(ended)

        return Watched()


@pytest.fixture
def watching():
    subscriber = Watching()
    events.subscribe(subscriber)
    yield subscriber
    events.unsubscribe(subscriber)


def test_a_call_is_told_with_its_status_and_attempts(parcels, service, watching):
    service.answers(Reply(503), Reply(200, PARCEL))
    parcels.get_parcel(parcel_id="p1")
    [began], [ended] = watching.began, watching.ended
    assert began[:4] == ("parcels", "shop.parcels.get_parcel", "GET", "/parcels/{parcel_id}")
    assert ended[:4] == began[:4]
    assert (ended.status, ended.attempts, ended.error_code, ended.exception) == (200, 2, "", None)
    assert ended.duration > 0


def test_a_call_that_fails_is_told_with_its_error(parcels, service, watching):
    service.answers(Reply(404, {"status": 404, "error": "NONE"}))
    with pytest.raises(ErrorAnswered):
        asyncio.run(apipool.parcels.aclient.get_parcel(parcel_id="p1"))
    service.answers(Reply(first=lambda: False))
    with pytest.raises(CallOutcomeUnknown):
        parcels.send_parcel({"weight": 1})
    assert [(each.status, each.attempts, each.error_code) for each in watching.ended] == [
        (404, 1, "SERVICE_ERROR"),
        (0, 1, "CALL_OUTCOME_UNKNOWN"),
    ]
    assert "PARCEL" not in repr(watching.ended)


def test_what_isn_t_sent_isn_t_told(parcels, watching):
    with pytest.raises(TypeError):
        parcels.get_parcel(nothing=1)
    assert watching.began == []
