"""How far away the engine is, as the deploy check measures it."""

from __future__ import annotations

import pytest

from macaron_django.dynamodb import engines
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.dynamodb.items.latency import measured_latency
from macaron_django.testing import Fault, FaultProxy

KEYS = {
    "type": "object",
    "properties": {"profile_id": {"type": "integer"}, "photo": {"type": "string", "format": "byte"}},
}


@pytest.mark.parametrize("late", [0, 1, 5])
def test_the_shortest_of_five_reads_counts(make_table, embedded, late):
    persistence = make_table()
    faults = [Fault.DELAY] * late + [None] * (5 - late)
    with FaultProxy(embedded.endpoint_url, faults, delay=0.2) as proxy, engines.use(EndpointEngine(proxy.url)):
        seconds = measured_latency(persistence)
        assert [exchange.operation for exchange in proxy.exchanges] == ["GetItem"] * 5
    assert seconds is not None
    assert (seconds >= 0.2) == (late == 5)


def test_keys_of_each_type_can_be_read(make_table, embedded):
    assert measured_latency(make_table(KEYS, range_key="photo")) > 0


def test_an_engine_that_refuses_or_is_gone_has_no_latency(make_table, make_persistence, embedded):
    assert measured_latency(make_persistence()) is None  # no such table
    persistence = make_table()
    with FaultProxy(embedded.endpoint_url) as proxy:
        url = proxy.url
    with engines.use(EndpointEngine(url)):
        assert measured_latency(persistence) is None
