"""The query set on real engines: what Django's spelling finds, writes and refuses."""

from __future__ import annotations

import asyncio
import copy
import pickle
import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.exceptions import FieldError
from django.db import IntegrityError
from django.db.models import Exists, F, Q, QuerySet, Subquery, Value
from django.db.models.functions import Lower
from django.db.models.signals import post_delete, pre_delete
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from macaron_django.dynamodb.engines import Engine
from macaron_django.dynamodb.items.persistence import Persistence
from macaron_django.dynamodb.planning.conditions import And, matches
from macaron_django.dynamodb.querysets.manager import ItemManager
from macaron_django.dynamodb.querysets.queryset import ItemQuerySet
from macaron_django.exceptions import (
    InvalidCursor,
    ItemExists,
    ItemOutOfBounds,
    ScanForbidden,
    StaleItem,
    UnstorableValue,
    UnsupportedQuery,
    ValidationFailed,
)
from macaron_django.schemas.models.row_models import build_model

Make = Callable[..., Any]

PROFILE = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": ["string", "null"]},
        "email": {"type": "string"},
        "age": {"type": "integer", "maximum": 1000},
        "score": {"type": "number"},
        "active": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "address": {"type": "object", "properties": {"zip-code": {"type": "string"}, "floor": {"type": "integer"}}},
        "created": {"type": "string", "format": "date-time"},
        "a.b[0]": {"type": "string"},
    },
}
ORDER = {
    "type": "object",
    "required": ["customer", "number"],
    "properties": {
        "customer": {"type": "string"},
        "number": {"type": "integer"},
        "status": {"type": "string"},
        "total": {"type": "integer"},
        "note": {"type": "string"},
        "text": {"type": "string"},
    },
}
ORDER_KEYS = {"hash_key": "customer", "range_key": "number"}
ORDER_INDEXES = {
    "by_status": {"hash_key": "status", "range_key": "total"},
    "lean": {"hash_key": "note", "projection": "keys"},
}


@pytest.fixture
def make(make_table: Callable[..., Persistence]) -> Make:
    """Make a row class with its table on the test's engine."""

    def make_model(json: dict[str, Any], *, label: str = "", **persist: Any) -> Any:
        persistence = make_table(json, **persist)
        model = build_model(
            persistence.schema,
            api="shop",
            label=label or f"shop_{uuid.uuid4().hex[:8]}",
            classes=persistence.classes,
            manager=ItemManager(persistence),
            hash_key=persistence.hash_key,
            range_key=persistence.range_key,
            module=__name__,
        )
        persistence.bind(model)
        return model

    return make_model


@pytest.fixture
def make_unsent(make_persistence: Callable[..., Persistence]) -> Make:
    """Make a row class whose table isn't there: whatever is sent, fails."""

    def make_model(json: dict[str, Any], **persist: Any) -> Any:
        persistence = make_persistence(json, **persist)
        model = build_model(
            persistence.schema,
            api="shop",
            label=f"shop_{uuid.uuid4().hex[:8]}",
            classes=persistence.classes,
            manager=ItemManager(persistence),
            hash_key=persistence.hash_key,
            range_key=persistence.range_key,
            module=__name__,
        )
        persistence.bind(model)
        return model

    return make_model


@pytest.fixture
def profiles(engine: object, make: Make) -> Any:
    return make(PROFILE, hash_key="id", indexes={"by_email": {"hash_key": "email"}}, scan="allowed").objects


@pytest.fixture
def orders(engine: object, make: Make) -> Any:
    local = {"by_total": {"range_key": "total"}}
    return make(ORDER, **ORDER_KEYS, table="orders", indexes=ORDER_INDEXES, local_indexes=local).objects


def numbers(rows: Any) -> list[int]:
    return [row.number for row in rows]


def fill(orders: Any, count: int, **values: Any) -> None:
    orders.bulk_create([orders.model(customer="c", number=n, **values) for n in range(count)], update_conflicts=True)


# --- finding ---------------------------------------------------------------------------------------------------------


def test_a_row_is_created_and_got_by_its_key(profiles: Any) -> None:
    made = profiles.create(id="a", name="Ada", age=36)
    got = profiles.get(id="a")

    assert (got, got.name, got.age) == (made, "Ada", 36)
    assert (got._state.adding, got._state.db) == (False, "default")
    assert profiles.get(pk="a") == made


def test_what_get_cannot_find_or_finds_twice_raises_as_django_does(orders: Any) -> None:
    with pytest.raises(orders.model.DoesNotExist):
        orders.get(customer="c", number=1)
    fill(orders, 2)
    with pytest.raises(orders.model.MultipleObjectsReturned):
        orders.get(customer="c")
    with pytest.raises(orders.model.DoesNotExist):
        orders.get(pk="no key at all")
    with pytest.raises(orders.model.DoesNotExist):
        orders.none().get(customer="c", number=1)
    with pytest.raises(orders.model.DoesNotExist):
        orders.filter(customer="d").get(customer="c", number=1)
    assert orders.values("number").get(customer="c", number=1) == {"number": 1}


def test_get_goes_through_a_filter_of_the_query_sets_own(profiles: Any) -> None:
    class Visible(ItemQuerySet):
        def filter(self, *args: Any, **kwargs: Any) -> Any:
            return super().filter(*args, **kwargs, age__gte=18)

    profiles.create(id="a", name="Ada", age=17)
    with pytest.raises(profiles.model.DoesNotExist):
        Visible(profiles.model).get(id="a")


def test_a_taken_key_raises_item_exists_which_is_an_integrity_error(profiles: Any) -> None:
    profiles.create(id="a", name="Ada")

    with pytest.raises(ItemExists) as refusal:
        profiles.create(id="a", name="Eve")
    assert isinstance(refusal.value, IntegrityError)
    assert profiles.get(id="a").name == "Ada"


@pytest.mark.parametrize(
    ("lookups", "expected"),
    [
        ({"id": "a"}, "a"),
        ({"id__in": ["c", "a", "zz"]}, "ca"),
        ({"pk__in": ["b"]}, "b"),
        ({"name": "Ada"}, "a"),
        ({"name": None}, "cd"),
        ({"name__isnull": False}, "ab"),
        ({"age__gt": 20}, "ab"),
        ({"age__gte": "36"}, "a"),
        ({"age__lt": 21}, "c"),
        ({"age__lte": 21, "age__gt": 3}, "b"),
        ({"age__range": (21, 36)}, "ab"),
        ({"age__in": [3, 36, None]}, "ac"),
        ({"active": True}, "a"),
        ({"active": "false"}, "b"),
        ({"name__startswith": "B"}, "b"),
        ({"name__contains": "d"}, "a"),
        ({"tags__contains": "x"}, "ab"),
        ({"tags__0": "x"}, "a"),
        ({"address__zip-code": "1010"}, "a"),
        ({"address__zip_code__startswith": "10"}, "ab"),
        ({"address__floor__gte": 2}, "b"),
        ({"address__floor__isnull": True}, "acd"),
        ({"score": "1.50"}, "a"),
        ({"a_b_0": "odd name"}, "a"),
        ({"created__lt": "2026-02"}, "a"),
        ({"email": "b@x"}, "b"),
        ({"email": "b@x", "age": 3}, ""),
    ],
)
def test_each_lookup_finds_its_rows(profiles: Any, lookups: dict[str, Any], expected: str) -> None:
    profiles.create(
        id="a",
        name="Ada",
        age=36,
        active=True,
        tags=["x", "y"],
        address={"zip-code": "1010"},
        score=1.5,
        a_b_0="odd name",
        created="2026-01-01T00:00:00Z",
    )
    profiles.create(
        id="b", name="Bob", age=21, active=False, email="b@x", tags=["y", "x"], address={"zip-code": "1099", "floor": 2}
    )
    profiles.create(id="c", name=None, age=3)
    profiles.create(id="d")

    found = "".join(row.id for row in profiles.filter(**lookups))
    excluded = "".join(row.id for row in profiles.exclude(**lookups))
    assert sorted(found) == sorted(expected)
    assert sorted(excluded) == sorted(set("abcd") - set(expected))
    if "id__in" in lookups:
        assert found == expected


def test_q_objects_are_joined_by_and_or_and_not(profiles: Any) -> None:
    for number, name in enumerate("abcd"):
        profiles.create(id=name, age=number)

    def ids(*args: Any) -> str:
        return "".join(sorted(row.id for row in profiles.filter(*args)))

    assert ids(Q(age=0) | Q(age__gte=3)) == "ad"
    assert ids(~Q(age=0), Q(age__lt=3)) == "bc"
    assert ids(Q(id="a") | Q(id="b")) == "ab"
    assert ids(~(Q(age=0) | Q(age=1))) == "cd"
    assert ids(Q()) == "abcd"
    with pytest.raises(UnsupportedQuery, match="no XOR"):
        ids(Q(age=0) ^ Q(age=1))
    for depth, found in ((47, "bcd"), (48, "a")):
        nested = Q(age=0)
        for _ in range(depth):
            nested = ~Q(nested, Q(age__gte=0) | Q(name="x"))
        assert ids(nested) == found
    for _ in range(1500):
        nested = ~Q(nested)
    with pytest.raises(UnsupportedQuery, match="more than 50 levels deep"):
        profiles.filter(nested)
    chained = either = mixed = profiles.filter(id="a")
    for number in range(600):
        chained, either = chained.exclude(age=number + 1), either | profiles.filter(id="b")
        mixed = (mixed | profiles.filter(age=number)).filter(age__gte=-number)
    assert len(either) == 2
    assert chained.plan().kind == "get"
    with pytest.raises(UnsupportedQuery, match="nested too deeply"):
        list(mixed)
    assert sorted(row.id for row in profiles.filter(age=0) | profiles.filter(age=1)) == ["a", "b"]
    assert [row.id for row in profiles.filter(age__lt=2) & profiles.filter(age__gt=0)] == ["b"]


@pytest.mark.parametrize(
    ("lookups", "error", "sentence"),
    [
        ({"nam": 1}, FieldError, "Cannot resolve keyword 'nam' into field. Choices are: "),
        ({"name__iexact": "x"}, UnsupportedQuery, "DynamoDB has no lookup 'iexact'"),
        ({"name__nonsense": "x"}, FieldError, "nonsense"),
        ({"address__street": "x"}, FieldError, "street"),
        ({"age__gt": None}, ValueError, "None"),
        ({"age__gt": "x"}, ValueError, "'x'"),
        ({"age__isnull": 1}, ValueError, "True or False"),
        ({"age": F("score")}, UnsupportedQuery, "not an expression"),
        ({"created__gte": "now"}, ValueError, "Expected a date-time, not 'now'"),
        ({"created__in": ["2026-01-01", "2026-02-30"]}, ValueError, "'2026-02-30'"),
        ({"created__range": ("2026-01-01", "2026-01-01T00:00:00")}, ValueError, "'2026-01-01T00:00:00'"),
        ({"created": datetime(2026, 1, 1)}, ValueError, "no time zone"),  # noqa: DTZ001
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_before_any_call(
    profiles: Any, lookups: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as refusal:
        profiles.filter(**lookups)
    assert sentence in str(refusal.value)


def test_a_scan_with_filters_needs_the_schemas_permission(engine: object, make: Make) -> None:
    rows = make(PROFILE, hash_key="id").objects

    assert list(rows.all()) == []
    with pytest.raises(ScanForbidden, match=r"by_name: \{hash_key: name\}"):
        list(rows.filter(name="Ada"))
    assert "Scan" in rows.explain()


def test_a_capped_scan_raises_instead_of_ending_early_and_its_pages_go_on(engine: object, make: Make) -> None:
    rows = make(PROFILE, hash_key="id", scan="capped").objects
    rows.bulk_create([rows.model(id=f"{n:03}", age=n % 10) for n in range(50)], update_conflicts=True)
    current: dict[str, Any] = {**django_settings.MACARON["DYNAMODB"], "SCAN_LIMIT": 20}

    with override_settings(MACARON={"DYNAMODB": current}):
        with pytest.raises(ScanForbidden, match=r"stopped after 20 items"):
            list(rows.filter(age=3))
        with pytest.raises(ScanForbidden):
            rows.filter(age=3).count()
        found, cursor, pages = [], None, 0
        while cursor or not pages:
            page = rows.filter(age=3).page(100, cursor)
            assert page.read <= 20
            found += page.rows
            cursor, pages = page.next_cursor, pages + 1
        assert (len(found), pages) == (5, 3)


@pytest.mark.parametrize(
    ("lookups", "order", "expected"),
    [
        ({"customer": "c"}, (), [0, 1, 2, 3, 4]),
        ({"customer": "c"}, ("-number",), [4, 3, 2, 1, 0]),
        ({"customer": "c"}, ("-pk",), [4, 3, 2, 1, 0]),
        ({"customer": "c", "number__gt": 1, "number__lt": 4}, (), [2, 3]),
        ({"customer": "c", "number__in": [4, 1]}, ("number",), [1, 4]),
        ({"customer": "c", "number__gte": 1, "note__isnull": True}, ("-number",), [4, 3, 2, 1]),
        ({"customer": "c", "total__lte": -1}, ("total",), [4, 3, 2, 1]),
        ({"status": "s", "total__gte": -2}, ("total",), [2, 1, 0]),
        ({"customer": "c", "total__range": (-3, -2), "number__gte": 3}, (), [3]),
        ({"customer__in": ["c", "d"]}, (), [0, 1, 2, 3, 4, 9]),
    ],
)
def test_queries_use_keys_and_indexes(orders: Any, lookups: Any, order: Any, expected: list[int]) -> None:
    for number in range(5):
        orders.create(customer="c", number=number, status="s", total=-number)
    orders.create(customer="d", number=9)

    assert numbers(orders.filter(**lookups).order_by(*order)) == expected
    assert orders.filter(**lookups).order_by(*order).count() == len(expected)
    assert "Scan" not in orders.filter(**lookups).explain()


def test_an_index_without_the_attributes_fetches_the_items(orders: Any) -> None:
    orders.create(customer="c", number=1, note="n", text="whole")
    orders.create(customer="d", number=2, note="n", text="other")

    assert sorted(row.text for row in orders.filter(note="n")) == ["other", "whole"]
    assert [row.text for row in orders.filter(note="n", text="whole")] == ["whole"]
    assert sorted(orders.filter(note="n").values_list("number", flat=True)) == [1, 2]
    assert "BatchGetItem" not in orders.filter(note="n").values("number").explain()
    assert orders.filter(note="n").count() == 2


def test_many_values_in_one_filter(profiles: Any) -> None:
    profiles.bulk_create([profiles.model(id=str(n), age=n) for n in range(230)], update_conflicts=True)

    assert profiles.filter(age__in=range(0, 230, 2)).count() == 115
    assert [row.id for row in profiles.filter(id__in=[str(n) for n in range(229, -1, -1)])][:3] == ["229", "228", "227"]
    with pytest.raises(UnsupportedQuery, match="at most 4,096 characters"):
        profiles.filter(age__in=range(3000)).count()


def test_what_no_key_can_be_is_found_nowhere(orders: Any, profiles: Any) -> None:
    fill(orders, 1)
    for impossible in ("", "x" * 2049, "é" * 1025):
        assert not profiles.filter(id=impossible).exists()
        assert not profiles.filter(id__in=[impossible, "a"]).exists()
        assert not profiles.filter(email=impossible).exists()
        assert not orders.filter(customer=impossible).exists()
        with pytest.raises(profiles.model.DoesNotExist):
            profiles.get(pk=impossible)


def test_a_range_key_longer_than_any_is_compared_and_never_sent(engine: object, make: Make) -> None:
    json = {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    rows = make(json, hash_key="a", range_key="b").objects
    rows.create(a="a", b="m")
    long = "m" * 1025

    assert rows.filter(a="a", b__lt=long).count() == 1
    assert rows.filter(a="a", b__gt=long).count() == 0
    assert rows.filter(a="a", b__gte="").count() == 1
    assert rows.filter(a="a", b__range=("", long)).count() == 1
    assert rows.filter(a="a", b__startswith=long).count() == 0
    assert rows.filter(a="a", b=long).count() == 0


def test_values_of_a_lean_index_ask_for_nothing_that_it_lacks(engine: object, make: Make) -> None:
    index = {"hash_key": "name", "range_key": "created", "projection": "keys"}
    rows = make(PROFILE, hash_key="id", indexes={"by_name": index}).objects
    row = rows.create(id="a", name="Ada", created="2026-03-01T01:00:00+01:00")
    named = rows.filter(name="Ada", created__gt="2026-01-01T00:00:00Z")

    assert list(named.values_list("created", "id")) == [(row.created, "a")]
    assert named.get().to_json()["created"] == "2026-03-01T01:00:00+01:00"
    assert named.filter(created__lt=row.created).count() == 0


def test_an_unstorable_value_in_a_filter_is_refused_before_any_call(profiles: Any) -> None:
    for lookups in (
        {"id": "\ud800"},
        {"name__startswith": "\ud800"},
        {"name__contains": "\ud800"},
        {"age": 10**40 + 1},
    ):
        with pytest.raises(UnstorableValue):
            profiles.filter(**lookups)


# --- order, slices, counting -----------------------------------------------------------------------------------------


def test_order_that_dynamodb_does_not_have_is_refused(orders: Any, profiles: Any) -> None:
    with pytest.raises(UnsupportedQuery, match="can't order a Scan"):
        list(orders.order_by("number"))
    with pytest.raises(UnsupportedQuery, match="by 'text'"):
        list(orders.filter(customer="c").order_by("text"))
    with pytest.raises(UnsupportedQuery, match="to read backwards"):
        profiles.last()
    with pytest.raises(FieldError):
        profiles.order_by("nonsense")
    assert list(profiles.order_by("-pk")) == []


def test_slices_first_last_and_reverse(orders: Any) -> None:
    fill(orders, 10)
    rows = orders.filter(customer="c")

    assert numbers(rows[:3]) == [0, 1, 2]
    assert numbers(rows[3:5]) == [3, 4]
    assert numbers(rows[8:20]) == [8, 9]
    assert numbers(rows[2:8][1:3]) == [3, 4]
    assert numbers(rows[::4]) == [0, 4, 8]
    assert rows[7].number == 7
    assert numbers(rows.reverse()[:2]) == [9, 8]
    assert (rows.first().number, rows.last().number) == (0, 9)
    assert (rows.earliest("number").number, rows.latest("number").number) == (0, 9)
    assert (rows[2:5].count(), rows[8:20].count(), rows[20:30].count(), rows[:0].count()) == (3, 2, 0, 0)
    assert list(rows[5:5]) == []
    with pytest.raises(IndexError):
        rows[10]
    with pytest.raises(ValueError, match="Negative"):
        rows[-1]
    with pytest.raises(TypeError, match="slice"):
        rows[:3].filter(number=1)


def test_counting_and_existence(orders: Any) -> None:
    fill(orders, 5, text="t")

    assert orders.count() == 5
    assert orders.filter(customer="c", text="t", number__gt=1).count() == 3
    assert orders.filter(customer="c", number__contains=1).count() == 0
    assert orders.filter(customer="c").exists()
    assert not orders.filter(customer="d").exists()
    assert orders.contains(orders.model(customer="c", number=4))
    assert not orders.filter(text="u", customer="c").contains(orders.model(customer="c", number=4))
    assert orders.none().count() == 0
    assert not orders.none()


def test_values(orders: Any) -> None:
    orders.create(customer="c", number=1, text="t")
    rows = orders.filter(customer="c")

    assert list(rows.values("number", "text", "note")) == [{"number": 1, "text": "t", "note": None}]
    assert list(rows.values_list("number", "text")) == [(1, "t")]
    assert list(rows.values_list("text", flat=True)) == ["t"]
    assert rows.values_list("number", "text", named=True)[0].text == "t"
    assert rows.values()[0]["customer"] == "c"
    assert rows.values("pk")[0]["pk"] == rows.get().pk
    with pytest.raises(TypeError):
        rows.values_list("number", "text", flat=True)


def test_nested_values_and_odd_names_are_read(profiles: Any) -> None:
    profiles.create(id="a", address={"zip-code": "1010"}, tags=["x"], a_b_0="odd")

    assert list(profiles.values("address__zip-code", "tags__0", "a_b_0")) == [
        {"address__zip-code": "1010", "tags__0": "x", "a_b_0": "odd"}
    ]
    assert list(profiles.filter(a_b_0="odd").values_list("address__floor", flat=True)) == [None]


# --- pages -----------------------------------------------------------------------------------------------------------


def pages_of(rows: Any, limit: int) -> tuple[list[int], list[int]]:
    """The rows of all pages, and the sizes of the pages."""
    found: list[int] = []
    sizes: list[int] = []
    cursor = None
    while cursor or not sizes:
        page = rows.page(limit, cursor)
        found += numbers(page.rows)
        sizes.append(len(page.rows))
        cursor = page.next_cursor
    return found, sizes


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (4, [4]), (5, [5]), (6, [5, 1]), (10, [5, 5]), (11, [5, 5, 1])]
)
def test_page_edges_are_exact(orders: Any, count: int, sizes: list[int]) -> None:
    fill(orders, count)

    assert pages_of(orders.filter(customer="c"), 5) == (list(range(count)), sizes)
    assert pages_of(orders.filter(customer="c").order_by("-number"), 5) == (list(range(count))[::-1], sizes)
    assert pages_of(orders.all(), 5) == (list(range(count)), sizes)
    named = orders.filter(customer="c", number__in=list(range(count)))
    assert pages_of(named, 5) == (list(range(count)), sizes)


def test_a_filter_that_empties_dynamodbs_pages_does_not_end_the_list(orders: Any) -> None:
    orders.bulk_create(
        [orders.model(customer="c", number=n, text="x" * 30_000, note="yn"[n % 60 < 59]) for n in range(120)],
        update_conflicts=True,
    )

    assert pages_of(orders.filter(customer="c", note="y"), 1) == ([59, 119], [1, 1])
    assert numbers(orders.filter(customer="c", note="y")[:1]) == [59]
    # 120 items of 30 KB are four answers of 1 MB.
    assert pages_of(orders.filter(customer="c"), 33)[0] == list(range(120))
    assert pages_of(orders.filter(customer="c"), 1000) == (list(range(120)), [120])
    assert len(list(orders.filter(customer="c").iterator())) == 120
    assert orders.count() == 120


def test_pages_go_over_partitions_and_indexes(orders: Any) -> None:
    for customer in "cde":
        for number in range(3):
            orders.create(customer=customer, number=number, status="s", total=number % 2)

    assert pages_of(orders.filter(customer__in=list("ecd")), 2) == ([0, 1, 2] * 3, [2, 2, 2, 2, 1])
    assert pages_of(orders.filter(customer__in=list("ecd"), number__gte=1), 3)[1] == [3, 3]
    assert sorted(pages_of(orders.filter(status="s", total__gte=0), 2)[0]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert pages_of(orders.filter(status="s", total__gte=0), 4)[1] == [4, 4, 1]


@pytest.mark.parametrize("order", ["number", "-number"])
@pytest.mark.parametrize("lookups", [{"number__lte": 2}, {"number__range": (1, 3)}, {"number__gte": 1}])
def test_a_page_that_ends_at_the_end_of_the_range_is_followed_by_none(orders: Any, order: str, lookups: Any) -> None:
    fill(orders, 5)
    rows = orders.filter(customer="c", **lookups).order_by(order)
    for limit in (1, 2, 3):
        assert pages_of(rows, limit)[0] == numbers(rows)
        filtered = rows.filter(text__isnull=True)
        assert pages_of(filtered, limit)[0] == numbers(rows)
    partitions = orders.filter(customer__in=["b", "c", "d"], **lookups)
    assert sorted(pages_of(partitions, 1)[0]) == sorted(numbers(rows))


@pytest.mark.parametrize("order", ["total", "-total"])
def test_a_page_may_end_between_equal_range_keys_of_an_index(orders: Any, order: str) -> None:
    for number in range(6):
        orders.create(customer="c", number=number, status="s", total=number // 3)

    for lookups in ({"total__lte": 1}, {"total__gte": 0}, {"total__range": (0, 1)}, {"total": 1}):
        for key in ({"status": "s"}, {"customer": "c"}):
            rows = orders.filter(**key, **lookups).order_by(order)
            for limit in (1, 2, 3):
                assert pages_of(rows, limit)[0] == numbers(rows)


def test_a_cursor_is_good_for_its_own_list_only(orders: Any, profiles: Any) -> None:
    fill(orders, 3)
    rows = orders.filter(customer="c")
    cursor = rows.page(1).next_cursor

    assert numbers(rows.page(1, cursor).rows) == [1]
    assert numbers(copy.copy(rows).page(2, cursor).rows) == [1, 2]
    for other in (
        orders.filter(customer="d"),
        orders.all(),
        rows.order_by("-number"),
        rows.filter(text="t"),
        profiles.all(),
    ):
        with pytest.raises(InvalidCursor):
            other.page(1, cursor)
    with pytest.raises(InvalidCursor):
        rows.page(1, cursor[:-2])
    with pytest.raises(ValueError, match="1 or more, not"):
        rows.page(0)


def test_a_page_goes_on_where_it_was_though_its_last_item_is_gone(orders: Any) -> None:
    fill(orders, 6)
    rows = orders.filter(customer="c")
    page = rows.page(3)
    page.rows[-1].delete()

    assert numbers(rows.page(3, page.next_cursor).rows) == [3, 4, 5]


# --- writing ---------------------------------------------------------------------------------------------------------


def test_get_or_create_and_update_or_create(profiles: Any) -> None:
    row, created = profiles.get_or_create(id="a", defaults={"age": 1})
    assert (row.age, created) == (1, True)
    row, created = profiles.get_or_create(id="a", defaults={"age": 2})
    assert (row.age, created) == (1, False)
    row, created = profiles.update_or_create(id="a", defaults={"age": lambda: 3})
    assert (profiles.get(id="a").age, created) == (3, False)
    row, created = profiles.update_or_create(id="b", defaults={"age": 4}, create_defaults={"age": 5})
    assert (profiles.get(id="b").age, created) == (5, True)
    with pytest.raises(ItemExists):
        profiles.get_or_create(id="a", age=99)


@pytest.mark.parametrize("versioned", [True, False])
def test_update_or_create_is_repeated_where_others_write_meanwhile(
    engine: object, make: Make, monkeypatch: pytest.MonkeyPatch, versioned: bool
) -> None:
    json = {**PROFILE, "properties": {**PROFILE["properties"], "version": {"type": "integer"}}}
    rows = make(json, hash_key="id", **({"version": "version"} if versioned else {})).objects
    rows.create(id="a", age=1)
    persistence, others = (
        rows.persistence,
        iter([lambda: rows.filter(id="a").update(name="x"), rows.filter(id="a").delete]),
    )
    update_item = persistence.update_item

    def overtaken(*arguments: Any, **options: Any) -> Any:
        with monkeypatch.context() as patched:
            patched.setattr(persistence, "update_item", update_item)
            next(others, lambda: None)()
        return update_item(*arguments, **options)

    monkeypatch.setattr(persistence, "update_item", overtaken)
    row, created = rows.update_or_create(id="a", defaults={"age": 2})
    assert (row.age, created) == (2, versioned)
    if not versioned:
        row, created = rows.update_or_create(id="a", defaults={"age": 3})
        assert (row.age, created) == (3, True)
    assert next(others, None) is None
    assert rows.get(id="a").age == row.age


def test_update_or_create_by_many_at_once_loses_nothing(engine: object, make: Make) -> None:
    json = {**PROFILE, "properties": {**PROFILE["properties"], "version": {"type": "integer"}}}
    rows = make(json, hash_key="id", version="version").objects
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda age: rows.update_or_create(id="a", defaults={"age": age})[1], range(12)))
    assert made.count(True) == 1
    assert rows.get(id="a").version == 12


def test_get_or_create_is_repeated_where_the_row_that_took_the_key_is_gone(
    engine: object, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make(PROFILE, hash_key="id").objects
    persistence, put_item = rows.persistence, rows.persistence.put_item
    begun: list[bool] = []

    def overtaken(item: Any, **options: Any) -> None:
        if not begun:
            begun.append(True)
            put_item(item)
            try:
                put_item(item, **options)
            finally:
                persistence.delete_item(persistence.key_in(item))
        put_item(item, **options)

    monkeypatch.setattr(persistence, "put_item", overtaken)
    assert rows.get_or_create(id="a", defaults={"age": 1})[1] is True
    assert rows.get(id="a").age == 1


def test_f_in_a_row_that_is_saved_is_refused(profiles: Any) -> None:
    row = profiles.create(id="a", age=1)
    row.age = F("age") + 1
    for write in (
        row.save,
        lambda: row.save(update_fields=["name"]),
        lambda: profiles.bulk_update([row], ["age"]),
        lambda: profiles.create(id="b", age=F("age")),
        lambda: profiles.bulk_create([profiles.model(id="b", age=F("age"))]),
        lambda: profiles.update_or_create(id="a", defaults={"age": F("age") + 1}),
        lambda: profiles.update_or_create(id="b", defaults={"age": F("age") + 1}),
        lambda: profiles.get_or_create(id="b", defaults={"age": F("age") + 1}),
    ):
        with pytest.raises(
            UnsupportedQuery, match=r"age is the expression F\(age\).*objects\.filter\(pk=…\)\.update\(age=…\)"
        ):
            write()
    assert [found.age for found in profiles.filter(id__in=["a", "b"])] == [1]


def test_subqueries_and_xor_are_refused_and_two_models_are_not_combined(profiles: Any, orders: Any) -> None:
    for query in (
        lambda: profiles.filter(Exists(orders.all())),
        lambda: profiles.exclude(~Exists(profiles.all())),
        lambda: profiles.filter(age=Subquery(orders.values("total"))),
    ):
        with pytest.raises(UnsupportedQuery, match="DynamoDB has no subqueries: read the values first"):
            query()
    for query in (lambda: profiles.all() ^ profiles.filter(age=1), lambda: profiles.filter(Q(age=1) ^ Q(age=2))):
        with pytest.raises(UnsupportedQuery, match=r"no XOR: write it with \|, & and ~"):
            query()
    with pytest.raises(UnsupportedQuery, match="compute the values in Python"):
        profiles.values(older=F("age") + 1)
    for query in (
        lambda: profiles.all() & orders.all(),
        lambda: profiles.all() | orders.all(),
        lambda: profiles.all() | [1],
    ):
        with pytest.raises(TypeError, match="two different base models"):
            query()


def test_update_changes_what_matches_and_nothing_else(orders: Any) -> None:
    fill(orders, 4, note="n", total=1)
    orders.create(customer="d", number=1, total=1)

    assert orders.filter(customer="c", number__gte=2).update(text="new", note="m") == 2
    assert [row.text for row in orders.filter(customer="c")] == [None, None, "new", "new"]
    assert orders.filter(customer="zz").update(text="x") == 0
    assert orders.filter(pk=orders.get(customer="d", number=1).pk).update(total=F("total") + 5) == 1
    assert orders.get(customer="d", number=1).total == 6
    assert orders.count() == 5


def test_update_computes_with_f(profiles: Any) -> None:
    profiles.create(id="a", age=10, score=2.5)
    row = profiles.filter(id="a")

    for change, age in [(F("age") + 1, 11), (F("age") - 3, 8), (2 + F("age"), 10), (F("age") * 2 + 1, 21)]:
        assert row.update(age=change) == 1
        assert profiles.get(id="a").age == age
    row.update(age=F("age") + F("age"), score=F("age"))
    assert (profiles.get(id="a").age, profiles.get(id="a").score) == (42, 21)
    assert profiles.filter(id="nobody").update(age=F("age") + 1) == 0
    for part in ("address__floor", "tags__0"):
        with pytest.raises(UnsupportedQuery, match="whole property"):
            row.update(age=F(part) + 1)
    assert profiles.count() == 1


STOCK = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "left": {"type": "integer", "minimum": 0, "maximum": 10},
        "below": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1.5},
        "dozens": {"type": "integer", "multipleOf": 12},
        "maybe": {"type": ["integer", "null"]},
        "credits": {"type": "integer", "default": 100},
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "due": {"type": "string", "format": "date-time"},
        "on": {"type": "boolean"},
        "anything": {},
    },
}


def test_what_f_adds_stays_within_the_bounds_of_the_schema(engine: object, make: Make) -> None:
    stock = make(STOCK, hash_key="id").objects
    stock.create(id="a", left=1, below=1, dozens=12)
    row = stock.filter(id="a")

    assert row.update(left=F("left") - 1) == 1
    for change in [
        {"left": F("left") - 1},
        {"left": F("left") + 11},
        {"left": F("left") * 2 - 1},
        {"below": F("below") + 0.5},
        {"below": F("below") - 1},
    ]:
        with pytest.raises(ItemOutOfBounds, match=f"id 'a' would be outside .* /{next(iter(change))}: ") as beyond:
            row.update(**change)
        assert (beyond.value.schema, beyond.value.key) == ("Profile", {"id": {"S": "a"}})
        assert beyond.value.item is not None
        assert beyond.value.item["left"] == {"N": "0"}
    for change, broken in [
        ({"dozens": F("dozens") + 1}, "/dozens"),
        ({"left": F("left") + 0.5}, "/left"),
    ]:
        with pytest.raises(ValidationFailed) as refused:
            row.update(**change)
        assert refused.value.violations[0].pointer == broken
    assert row.update(left=F("left") + 10, below=F("below") + 0.25, dozens=F("dozens") + 12) == 1
    assert row.values_list("left", "below", "dozens").get() == (10, 1.25, 24)
    assert stock.filter(id="a", left__lt=5).update(left=F("left") + 1) == 0
    assert stock.filter(id="nobody").update(left=F("left") + 1) == 0


def test_f_counts_from_the_default_else_from_nothing_and_null_stays_null(engine: object, make: Make) -> None:
    stock = make(STOCK, hash_key="id").objects
    stock.create(id="a", maybe=None)
    row = stock.filter(id="a")

    assert row.update(credits=F("credits") + 1, left=F("left") + 2, maybe=F("maybe") + 1, dozens=F("dozens") + 12) == 1
    assert row.values_list("credits", "left", "maybe", "dozens").get() == (101, 2, None, 12)
    with pytest.raises(ItemOutOfBounds, match="/below"):
        row.update(below=F("below") - 1)


def test_values_of_what_is_unset_are_its_default_as_in_rows(engine: object, make: Make) -> None:
    stock = make(STOCK, hash_key="id", scan="allowed").objects
    stock.create(id="a")

    assert stock.get(id="a").credits == 100
    assert stock.values("credits", "left").get(id="a") == {"credits": 100, "left": None}
    assert stock.values_list("credits", flat=True)[0] == 100


def test_a_page_says_what_it_read_and_cost(engine: object, make: Make) -> None:
    rows = make(ORDER, **ORDER_KEYS, table="orders", indexes=ORDER_INDEXES).objects
    fill(rows, 6, note="n", text="x" * 5_000)

    costs = [
        rows.filter(customer="c").page(3),
        rows.filter(customer="c", text="y").page(3),  # all are read, and dropped
        rows.filter(note="n").page(10),  # by an index without text: each item is fetched
        rows.filter(customer="c", number=0).page(3),
        rows.filter(customer="c", number__in=[0, 1]).page(3),
    ]
    assert [page.read for page in costs] == [4, 6, 6, 1, 2]
    reported = [page.capacity for page in costs]
    assert all(units is not None and units > 0 for units in reported)
    assert rows.filter(customer="c").page(10).capacity > rows.filter(customer="c").page(1).capacity
    assert rows.filter(customer="").page(3).capacity is None  # nothing was asked


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": F("name") + 1}, "text + number"),
        ({"left": F("name")}, "left is a number, but the expression is a text"),
        ({"name": F("left") + 1}, "name is a text, but the expression is a number"),
        ({"left": F("left") + "1"}, "number + text"),
        ({"left": F("left") + timedelta(days=1)}, "number + duration"),
        ({"on": F("on") + 1}, "boolean + number"),
        ({"tags": F("tags") * 2}, "list * number"),
        ({"due": F("due") + 3600}, "moment + number"),
        ({"left": F("left").bitand(1)}, "can't compute"),
        ({"left": Lower("name")}, "can't compute"),
    ],
)
def test_arithmetic_without_a_meaning_is_refused_before_anything_is_sent(
    make_unsent: Make, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnsupportedQuery, match=re.escape(words)):
        make_unsent(STOCK, hash_key="id", scan="allowed").objects.update(**change)


def test_f_computes_with_dates_lists_and_texts_and_says_where_it_cannot(engine: object, make: Make) -> None:
    stock = make(STOCK, hash_key="id").objects
    stock.create(id="a", left=0, name="x", tags=["a"], due=datetime(2026, 1, 1, tzinfo=timezone.utc), anything="word")
    row = stock.filter(id="a")

    assert row.update(due=F("due") + timedelta(days=1), tags=F("tags") + Value(["b"]), name=F("name") + "y") == 1
    assert row.values_list("due", "tags", "name").get() == (datetime(2026, 1, 2, tzinfo=timezone.utc), ["a", "b"], "xy")
    assert stock.filter(id="a", name="xy", on__isnull=True).update(left=F("left") * 2, name="z") == 1
    for nonsense in (F("anything") + 1, F("left") / F("left")):
        with pytest.raises(UnsupportedQuery, match="can't be computed"):
            row.update(left=nonsense)


def test_counting_by_many_threads_loses_nothing(profiles: Any) -> None:
    profiles.create(id="a", age=0)

    def count() -> None:
        for _ in range(20):
            profiles.filter(id="a").update(age=F("age") + 1)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert profiles.get(id="a").age == 160


def test_update_refuses_keys_and_invalid_values_before_any_call(profiles: Any) -> None:
    profiles.create(id="a", age=1)

    with pytest.raises(UnsupportedQuery, match="key of an item can't change"):
        profiles.update(id="b")
    with pytest.raises(ValidationFailed) as refusal:
        profiles.update(age=5000)
    assert refusal.value.violations[0].pointer == "/age"
    with pytest.raises(FieldError):
        profiles.update(nonsense=1)
    assert profiles.get(id="a").age == 1


def test_an_update_along_an_index_meets_each_item_once(orders: Any) -> None:
    for number in range(5):
        orders.create(customer="c", number=number, status="s", total=number)

    assert orders.filter(status="s", total__gte=0).update(total=F("total") + 100) == 5
    assert [row.total for row in orders.filter(customer="c")] == [100, 101, 102, 103, 104]
    assert orders.filter(status="s", total__gte=0).update(status="t") == 5


def test_update_and_delete_raise_the_version(engine: object, make: Make) -> None:
    json = {**PROFILE, "properties": {**PROFILE["properties"], "version": {"type": "integer"}}}
    rows = make(json, hash_key="id", version="version").objects
    stale = rows.create(id="a", age=1)
    assert rows.filter(id="a").update(age=2) == 1

    assert rows.get(id="a").version == 2
    stale.age = 9
    with pytest.raises(StaleItem):
        stale.save()
    with pytest.raises(UnsupportedQuery, match="increases it automatically"):
        rows.update(version=7)


def test_delete_says_what_it_did_and_sends_djangos_signals(orders: Any) -> None:
    fill(orders, 4)
    label = orders.model._meta.label
    assert orders.filter(customer="c", number__lt=2).delete() == (2, {label: 2})
    assert orders.filter(customer="c", number__lt=2).delete() == (0, {})

    heard: list[Any] = []

    def listen(sender: Any, instance: Any, **_: Any) -> None:
        heard.append(instance.number)

    pre_delete.connect(listen, sender=orders.model)
    post_delete.connect(listen, sender=orders.model)
    try:
        assert orders.all().delete() == (2, {label: 2})
    finally:
        pre_delete.disconnect(listen, sender=orders.model)
        post_delete.disconnect(listen, sender=orders.model)
    assert heard == [2, 2, 3, 3]
    assert orders.count() == 0
    with pytest.raises(TypeError, match="slice"):
        orders.all()[:1].delete()


def test_bulk_create_is_all_or_nothing_by_the_hundred(embedded: object, make: Make) -> None:
    # The DynamoDB Local from npm is of a time when a transaction held ten.
    profiles = make(PROFILE, hash_key="id").objects
    rows = profiles.bulk_create(profiles.model(id=f"{n:03}") for n in range(205))
    assert (len(rows), profiles.count(), rows[0]._state.adding) == (205, 205, False)

    with pytest.raises(ItemExists, match=r"id '004'.*100 rows had already been created"):
        profiles.bulk_create([profiles.model(id=f"x{n:03}") for n in range(199)] + [profiles.model(id="004")])
    assert profiles.count() == 305
    with pytest.raises(ValidationFailed):
        profiles.bulk_create([profiles.model(id="ok"), profiles.model(id="bad", age=5000)])
    assert not profiles.filter(id="ok").exists()


def test_bulk_create_takes_the_chunks_that_the_engine_takes(profiles: Any) -> None:
    # The DynamoDB Local from npm takes ten items in a transaction.
    rows = profiles.bulk_create(profiles.model(id=f"{n:02}") for n in range(27))
    assert (len(rows), profiles.count(), rows[-1]._state.adding) == (27, 27, False)
    with pytest.raises(ItemExists, match="rows had already been created"):
        profiles.bulk_create([profiles.model(id=f"x{n:03}") for n in range(100)] + [profiles.model(id="04")])


def test_bulk_create_parts_what_is_too_heavy_for_one_transaction(embedded: object, make: Make) -> None:
    profiles = make(PROFILE, hash_key="id").objects
    profiles.bulk_create(profiles.model(id=str(n), name="x" * 380_000) for n in range(15))

    assert profiles.count() == 15
    with pytest.raises(ItemExists, match="id 'a' is given twice; nothing was created"):
        profiles.bulk_create([profiles.model(id="a"), profiles.model(id="a")])
    profiles.bulk_create([profiles.model(id="a", age=1), profiles.model(id="a", age=2)], update_conflicts=True)
    assert profiles.get(id="a").age == 2


def test_bulk_create_can_ignore_or_replace_what_is_there(profiles: Any) -> None:
    profiles.create(id="a", age=1)
    both = [profiles.model(id="a", age=2), profiles.model(id="b", age=3)]

    profiles.bulk_create(both, ignore_conflicts=True)
    assert list(profiles.order_by("pk").filter(id__in=["a", "b"]).values_list("age", flat=True)) == [1, 3]
    profiles.bulk_create([profiles.model(id="a", age=2)], update_conflicts=True)
    assert profiles.get(id="a").age == 2
    assert profiles.bulk_create([]) == []


def test_bulk_update_and_in_bulk(profiles: Any) -> None:
    profiles.bulk_create(profiles.model(id=name, age=1) for name in "abc")
    rows = list(profiles.filter(id__in=list("ab")))
    for row in rows:
        row.age, row.name = 2, "not saved"

    assert profiles.bulk_update(rows, ["age"]) == 2
    found = profiles.in_bulk(["a", "c", "zz"])
    assert {pk: (row.age, row.name) for pk, row in found.items()} == {"a": (2, None), "c": (1, None)}
    assert set(profiles.in_bulk()) == set("abc")


# --- laziness, copies, doors -----------------------------------------------------------------------------------------


def test_nothing_is_read_before_it_is_needed_and_then_once(profiles: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles.create(id="a")
    calls: list[str] = []
    scan = Persistence.scan
    monkeypatch.setattr(Persistence, "scan", lambda self, **options: calls.append("scan") or scan(self, **options))
    rows = profiles.all().filter(name=None).order_by("pk")

    assert calls == []
    assert (len(rows), len(rows), bool(rows), next(iter(rows)).id) == (1, 1, True, "a")
    assert calls == ["scan"]
    assert list(profiles.filter(age__gt=1, age__lt=1)) == []
    assert list(profiles.none()) == []
    assert calls == ["scan"]


def test_a_query_set_is_one_for_django_and_is_renewed_by_all(profiles: Any) -> None:
    rows = profiles.all()
    assert isinstance(rows, QuerySet)
    assert list(rows) == []
    profiles.create(id="a")

    assert list(rows) == []
    assert len(rows.all()) == 1
    assert "Profile" in repr(rows.all())


def test_pickling_keeps_the_rows(embedded: object, make: Make) -> None:
    model = make(ORDER, **ORDER_KEYS, label="messages")
    try:
        fill(model.objects, 2)
        rows = model.objects.filter(customer="c")
        restored, values = pickle.loads(pickle.dumps((rows, rows.values("number"))))  # noqa: S301 (made here)
        fill(model.objects, 3)

        assert numbers(restored) == [0, 1]
        assert numbers(restored.filter(number__gt=0)) == [1, 2]
        assert list(values) == [{"number": 0}, {"number": 1}]
        assert len(values.all()) == 3
    finally:
        del apps.all_models["messages"][model._meta.model_name]
        apps.clear_cache()


def test_parallel_scans_find_every_row_once(orders: Any) -> None:
    with pytest.raises(UnsupportedQuery, match="at most 1000 segments"):
        orders.scan(segments=10**7)
    orders.bulk_create([orders.model(customer=f"c{n}", number=n) for n in range(60)], update_conflicts=True)

    assert sorted(numbers(orders.scan(segments=4))) == list(range(60))
    assert len(list(orders.scan(segments=4)[:7])) == 7
    with pytest.raises(ValueError, match="one segment"):
        orders.scan(segments=0)
    with pytest.raises(ScanForbidden):
        list(orders.filter(text="x").scan(segments=2))


def test_consistent_reads_and_a_chosen_index(orders: Any) -> None:
    orders.create(customer="c", number=1, status="s", total=3)
    orders.create(customer="c", number=2)

    assert numbers(orders.filter(customer="c").consistent()) == [1, 2]
    assert numbers(orders.using_index("by_status")) == [1]
    assert numbers(orders.using_index("by_status").filter(status="s")) == [1]
    with pytest.raises(UnsupportedQuery, match="eventually consistent"):
        list(orders.using_index("by_status").filter(status="s").consistent())
    with pytest.raises(ScanForbidden, match="isnull"):
        list(orders.filter(status="s"))


@pytest.mark.parametrize(
    "method", ["aggregate", "annotate", "union", "extra", "raw", "select_for_update", "dates", "difference"]
)
def test_what_only_sql_can_do_is_refused_in_a_sentence(orders: Any, method: str) -> None:
    with pytest.raises(UnsupportedQuery, match=r"^DynamoDB"):
        getattr(orders.all(), method)()
    with pytest.raises(UnsupportedQuery, match=r"^DynamoDB"):
        getattr(orders, method)()


def test_relations_and_databases_are_refused_in_a_sentence(orders: Any) -> None:
    assert list(orders.select_related().select_related(None).prefetch_related().using("default").distinct()) == []
    for refused in (
        lambda: orders.select_related("customer"),
        lambda: orders.prefetch_related("customer"),
        lambda: orders.using("other"),
        lambda: orders.distinct("customer"),
        lambda: orders.order_by("?"),
    ):
        with pytest.raises(UnsupportedQuery):
            refused()


def test_only_and_defer_check_names_and_give_whole_rows(orders: Any) -> None:
    orders.create(customer="c", number=1, text="t")

    assert orders.only("number").get(customer="c").text == "t"
    assert orders.defer("text").get(customer="c").text == "t"
    with pytest.raises(FieldError):
        orders.only("nonsense")


def test_the_async_twins(profiles: Any) -> None:
    async def use() -> None:
        row = await profiles.acreate(id="a", age=1)
        assert await profiles.aget(id="a") == row
        assert await profiles.all().acount() == 1
        assert await profiles.afirst() == row
        assert await profiles.filter(age=1).aexists()
        assert [one.id async for one in profiles.all()] == ["a"]
        assert [one.id async for one in profiles.all().aiterator()] == ["a"]
        assert (await profiles.aget_or_create(id="a"))[1] is False
        assert (await profiles.all().apage(5)).next_cursor is None
        assert await profiles.all().aupdate(age=2) == 1
        assert (await profiles.all().adelete())[0] == 1

    asyncio.run(use())


# --- the engine, the planner and Python agree ------------------------------------------------------------------------

VALUES = st.sampled_from([0, 1, 2, 10])


def filters(texts: list[str]) -> st.SearchStrategy[Q]:
    """Filters by numbers and these texts, joined in every way."""
    number, text = st.sampled_from(["number", "total"]), st.sampled_from(["text", "note"])
    lookups = st.one_of(
        st.tuples(number, st.sampled_from(["exact", "lt", "lte", "gt", "gte"]), VALUES),
        st.tuples(number, st.just("in"), st.lists(VALUES, max_size=3)),
        st.tuples(number, st.just("range"), st.tuples(VALUES, VALUES)),
        st.tuples(text, st.sampled_from(["exact", "gt", "lte", "startswith"]), st.sampled_from(texts)),
        st.tuples(text, st.just("contains"), st.sampled_from(["a", "b"])),
        st.tuples(text | number, st.just("isnull"), st.booleans()),
    ).map(lambda one: Q(**{f"{one[0]}__{one[1]}": one[2]}))
    return st.recursive(
        lookups,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
            st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
            inner.map(lambda one: ~one),
        ),
        max_leaves=4,
    )


def test_the_engine_finds_what_the_condition_means(engine: Engine, make: Make) -> None:
    model = make(
        ORDER,
        **ORDER_KEYS,
        scan="allowed",
        indexes=ORDER_INDEXES,
        local_indexes={"by_total": {"range_key": "total", "projection": "keys"}},
    )
    orders = model.objects
    # The DynamoDB Local from npm knows no empty strings yet.
    texts = ["a", "ab", "b", *([""] if engine.name == "embedded" else [])]
    for number in (0, 1, 2, 10):
        for customer in "cd":
            values = {"total": (number * 3) % 4, "text": [None, *texts][number % 5], "note": texts[number % 3]}
            orders.create(customer=customer, number=number, **{name: v for name, v in values.items() if v is not None})
    items = {(row.customer, row.number): row._state.item for row in orders.all()}
    assert len(items) == 8

    @hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from([{}, {"customer": "c"}, {"customer__in": ["d", "c"]}]), filters(texts), st.integers(1, 4))
    def agree(keys: dict[str, Any], narrowing: Q, limit: int) -> None:
        rows = orders.filter(narrowing, **keys)
        meant = {key for key, item in items.items() if matches(And((rows._where,)), item)}
        assert {(row.customer, row.number) for row in rows} == meant, rows.explain()
        assert rows.count() == len(meant), rows.explain()
        assert len(pages_of(rows, limit)[0]) == len(meant)

    agree()
