"""Pages where DynamoDB ends its own: at 1 MB of what was read, whatever the limit and the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from macaron_django.dynamodb import Persistence

ORDER = {
    "type": "object",
    "required": ["customer", "number"],
    "properties": {
        "customer": {"type": "string"},
        "number": {"type": "integer"},
        "state": {"type": "string"},
        "text": {"type": "string"},
    },
}
#: Six items of 210 KB: DynamoDB ends a page at the fifth.
COUNT, WEIGHT = 6, 210_000


@pytest.fixture
def orders(engine: object, make_rows: Callable[..., Persistence]) -> Any:
    persistence = make_rows(
        ORDER, hash_key="customer", range_key="number", indexes={"by_state": "state"}, scan="allowed"
    )
    model = persistence.model
    for number in range(COUNT):
        state = "last" if number == COUNT - 1 else "open"
        model(customer="c", number=number, state=state, text="x" * WEIGHT).save()
    return model.objects


def _pages(rows: Any, limit: int) -> list[list[int]]:
    pages, cursor = [], None
    while cursor or not pages:
        page = rows.page(limit, cursor)
        pages.append([row.number for row in page.rows])
        cursor = page.next_cursor
    return pages


def _parts(limit: int) -> list[list[int]]:
    return [list(range(COUNT))[start : start + limit] for start in range(0, COUNT, limit)]


def test_page_edges_around_one_megabyte_are_exact(orders: Any) -> None:
    raw = orders.persistence.query({"S": "c"})
    # Engines differ in whether the item that passes the megabyte is still in the page.
    assert raw.count in {4, 5}
    assert raw.last_key is not None

    for limit in range(3, COUNT + 2):  # DynamoDB's page less one, itself, and past it
        assert _pages(orders.filter(customer="c"), limit) == _parts(limit)
    assert _pages(orders.filter(customer="c").reverse(), 4) == [[5, 4, 3, 2], [1, 0]]
    assert [sorted(page) for page in _pages(orders.all(), 4)] == _parts(4)


def test_a_match_behind_a_megabyte_of_others_is_found(orders: Any) -> None:
    late = orders.filter(customer="c", state="last")
    assert (late.count(), late.exists(), [row.number for row in late]) == (1, True, [5])
    assert _pages(late, 1) == [[5]]
    assert _pages(orders.filter(text__startswith="x", state="last"), 1) == [[5]]
    assert _pages(orders.filter(customer="c", state="none"), 1) == [[]]
    assert orders.filter(customer="c").count() == COUNT
    assert orders.filter(customer="c").last().number == COUNT - 1
    assert len(orders.in_bulk([row.pk for row in orders.filter(customer="c")])) == COUNT
