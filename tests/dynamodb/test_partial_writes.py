"""Writes of many rows that fail on the way: what was done is said, and done; the rest is as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F

from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import ItemExists, ItemOutOfBounds, Throttled, WriteOutcomeUnknown
from macaron_django.testing import Fault, FaultProxy

ORDER = {
    "type": "object",
    "properties": {
        "customer": {"type": "string"},
        "number": {"type": "integer"},
        "total": {"type": "integer", "maximum": 100},
    },
}


@pytest.fixture
def orders(engine: object, make_rows: Callable[..., Persistence]) -> Any:
    model = make_rows(ORDER, hash_key="customer", range_key="number").model
    for number in range(4):
        model(customer="c", number=number, total=number).save()
    return model.objects


def _totals(orders: Any) -> list[int]:
    return list(orders.filter(customer="c").values_list("total", flat=True))


def test_an_update_that_breaks_off_says_how_many_rows_it_changed(orders: Any, engine: engines.Engine) -> None:
    assert engine.endpoint_url is not None
    faults = [None, None, Fault.DROP_AFTER]
    with (
        FaultProxy(engine.endpoint_url, faults, operations={"UpdateItem"}) as proxy,
        engines.use(EndpointEngine(proxy.url)),
        pytest.raises(WriteOutcomeUnknown, match=r"2 rows had already been updated\."),
    ):
        orders.filter(customer="c").update(total=F("total") + 10)
    assert _totals(orders) == [10, 11, 12, 3]  # the third was applied, and nobody was told


def test_a_delete_that_breaks_off_says_how_many_rows_it_deleted(orders: Any, engine: engines.Engine) -> None:
    assert engine.endpoint_url is not None
    with (
        FaultProxy(engine.endpoint_url, [None] + [Fault.THROTTLED] * 9, operations={"DeleteItem"}) as proxy,
        engines.use(EndpointEngine(proxy.url)),
        pytest.raises(Throttled, match=r"1 rows had already been deleted\."),
    ):
        orders.filter(customer="c").delete()
    assert _totals(orders) == [1, 2, 3]


def test_a_row_that_breaks_its_schema_stops_an_update_where_it_is(orders: Any) -> None:
    orders.filter(customer="c", number=2).update(total=99)
    with pytest.raises(ItemOutOfBounds, match=r"/total: .*100\. 2 rows had already been updated\."):
        orders.filter(customer="c").update(total=F("total") + 2)
    assert _totals(orders) == [2, 3, 99, 3]


def test_rows_of_a_transaction_that_fails_are_not_created(orders: Any) -> None:
    model = orders.model
    with pytest.raises(ItemExists, match=r"0 rows had already been created"):
        orders.bulk_create([model(customer="d", number=1), model(customer="c", number=1)])
    assert orders.filter(customer="d").count() == 0
