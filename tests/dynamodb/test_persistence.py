"""Rows saved, loaded and deleted: what is written, what is left alone, and what is refused."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F
from django.db.models.signals import post_init
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from macaron_django.drivers import run
from macaron_django.dynamodb import Persistence, transaction
from macaron_django.dynamodb.codec.item_sizes import MAX_ITEM_SIZE
from macaron_django.dynamodb.item_store import ItemStore
from macaron_django.exceptions import (
    DynamoDBItemNotFound,
    ItemExists,
    ItemTooLarge,
    StaleItem,
    UnstorableValue,
    ValidationFailed,
)
from macaron_django.schemas.values.conversions import UNSET
from macaron_django.schemas.values.json_text import dump_json

MakePersistence = Callable[..., Persistence]
CLOSED = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "profile_id": {"type": "string"},
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "version": {"type": "integer", "readOnly": True},
    },
}
WITHOUT_VERSION = {**CLOSED, "properties": {"profile_id": {"type": "string"}, "age": {"type": "integer"}}}

pytestmark = pytest.mark.usefixtures("engine")


def test_a_row_comes_back_as_it_was_saved(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    json = {
        "profile_id": "a",
        "name": None,
        "age": 2**80,
        "score": 0.1,
        "active": False,
        "tags": [],
        "photo": "aGk=",
        "address": {"city": "Wien", "extra": [1, None]},
        "created": "2026-03-01T01:30:00.5+02:00",
        "anything": {"deep": [{"n": Decimal("0.12345678901234567890123456789")}]},
        "more": "an additional property",
    }
    persistence.model.from_json(json).save()
    loaded = persistence.decode(persistence.get_item(persistence.key("a"), consistent=True) or {})
    assert loaded.to_json() == json
    assert "email" not in loaded
    assert loaded.address.city == "Wien"
    assert loaded.created == datetime(2026, 3, 1, 1, 30, 0, 500_000, timezone(timedelta(hours=2)))
    assert not loaded._state.adding


SCALARS = {
    "age": st.integers(-(10**38) + 1, 10**38 - 1),
    "score": st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100).filter(
        lambda number: number == 0 or abs(number) > 1e-100
    ),
    "active": st.booleans(),
    "name": st.none() | st.text(min_size=1),
    "tags": st.lists(st.text(min_size=1), max_size=5),
    "photo": st.binary(min_size=1).map(lambda octets: b64encode(octets).decode()),
    "anything": st.recursive(
        st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(min_size=1),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
        max_leaves=8,
    ),
}


def test_whatever_the_schema_accepts_comes_back_equal(make_rows: MakePersistence) -> None:
    persistence = make_rows()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries({}, optional=SCALARS))
    def check(properties: dict[str, Any]) -> None:
        json = {"profile_id": "a", **properties}
        persistence.put_item(persistence.encode(persistence.model.from_json(json)))
        stored = persistence.get_item(persistence.key("a"), consistent=True)
        assert stored is not None
        assert persistence.decode(stored).to_json() == json

    check()


def test_a_taken_key_is_an_integrity_error_and_changes_nothing(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    persistence.model(profile_id="a", age=1).save(force_insert=True)
    with pytest.raises(ItemExists) as taken:
        persistence.model(profile_id="a", age=2).save(force_insert=True)
    assert isinstance(taken.value, IntegrityError)
    assert "profile_id 'a'" in str(taken.value)
    assert (persistence.get_item(persistence.key("a")) or {})["age"] == {"N": "1"}


def test_saving_a_new_row_over_a_taken_key_sets_and_removes_known_properties_only(make_rows: MakePersistence) -> None:
    persistence = make_rows(CLOSED)
    persistence.put_item({"profile_id": {"S": "a"}, "age": {"N": "1"}, "unknown": {"S": "stays"}})
    persistence.model(profile_id="a", name="Ada").save()
    assert persistence.get_item(persistence.key("a")) == {
        "profile_id": {"S": "a"},
        "name": {"S": "Ada"},
        "unknown": {"S": "stays"},
    }


def test_saving_a_loaded_row_sends_what_changed(make_rows: MakePersistence) -> None:
    persistence = make_rows(CLOSED)
    item = {"profile_id": {"S": "a"}, "age": {"N": "1"}, "name": {"S": "Ada"}, "__persistence_class__": {"S": "x"}}
    persistence.put_item(item)
    row, other = persistence.decode(item), persistence.decode(item)
    row.age = 2
    del row["name"]
    other.name = "Grace"
    row.save()
    other.save()
    assert persistence.get_item(persistence.key("a")) == {
        "profile_id": {"S": "a"},
        "age": {"N": "2"},
        "name": {"S": "Grace"},
        "__persistence_class__": {"S": "x"},
    }
    assert other._state.item["age"] == {"N": "2"}


def test_what_others_wrote_in_their_own_way_stays_so_until_it_changes(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    item = {
        "profile_id": {"S": "a"},
        "active": {"N": "1"},
        "created": {"S": "2020-01-02T03:04:05.000000+0000"},
        "address": {"S": '{"city": "Wien"}'},
        "__persistence_class__": {"S": "myserver.Profile"},
    }
    persistence.put_item(item)
    row = persistence.decode(item)
    assert (row.active, row.address.city, row.created.year) == (True, "Wien", 2020)
    assert "__persistence_class__" not in row
    row.age = 3
    row.save()
    assert persistence.get_item(persistence.key("a")) == {**item, "age": {"N": "3"}}


def test_additional_properties_are_kept_changed_and_removed(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    row = persistence.model.from_json({"profile_id": "a", "x": 1, "y": [True]})
    row.save()
    row["x"] = 2
    del row["y"]
    row.save()
    assert persistence.get_item(persistence.key("a")) == {"profile_id": {"S": "a"}, "x": {"N": "2"}}


def test_an_attribute_that_somebody_adds_meanwhile_survives_the_next_saves(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    row = persistence.model(profile_id="a")
    row.save()
    persistence.update_item(persistence.key("a"), {"theirs": {"S": "x"}})
    for age in (1, 2):
        row.age = age
        row.save()
    assert (persistence.get_item(persistence.key("a")) or {})["theirs"] == {"S": "x"}


def test_update_fields_writes_those_only(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    row = persistence.model(profile_id="a", age=1, name="Ada")
    row.save()
    row.age, row.name = 2, "Grace"
    row.save(update_fields=["age"])
    assert persistence.get_item(persistence.key("a")) == {
        "profile_id": {"S": "a"},
        "age": {"N": "2"},
        "name": {"S": "Ada"},
    }


@pytest.mark.parametrize("how", [{}, {"force_update": True}, {"update_fields": ["age"]}])
def test_a_row_deleted_meanwhile_is_stale_and_stays_deleted(make_rows: MakePersistence, how: Any) -> None:
    persistence = make_rows()
    row = persistence.model(profile_id="a", age=1)
    row.save()
    assert persistence.delete_item(persistence.key("a")) is True
    assert persistence.delete_item(persistence.key("a")) is False
    row.age = 2
    with pytest.raises(StaleItem, match="profile_id 'a'"):
        row.save(**how)
    assert persistence.get_item(persistence.key("a")) is None


def test_saving_without_changes_writes_nothing_but_notices_deletion(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    row = persistence.model(profile_id="a", age=1)
    row.save()
    row.save()
    assert persistence.get_item(persistence.key("a")) == {"profile_id": {"S": "a"}, "age": {"N": "1"}}
    persistence.delete_item(persistence.key("a"))
    with pytest.raises(StaleItem):
        row.save()
    with pytest.raises(StaleItem), transaction():
        row.save()
    other = persistence.model(profile_id="b", age=1)
    other.save()
    with transaction():
        other.save()


SPELLED = {"profile_id": "a", "score": 1.0, "tags": ["b", "a"], "anything": {"n": [-0.0, Decimal("1.50")]}, "age": 5}


@pytest.mark.parametrize("how", ["created", "saved", "in a transaction"])
def test_a_saved_row_is_what_a_loaded_one_is(make_rows: MakePersistence, how: str) -> None:
    persistence = make_rows(sets=["tags"])
    key = persistence.key("a")
    row = persistence.model(**({"profile_id": "a"} if how == "saved" else SPELLED))
    if how == "in a transaction":
        with transaction():
            row.save()
    else:
        row.save()
    if how == "saved":
        for name, value in SPELLED.items():
            row[name] = value
        row.save()
    loaded = persistence.decode(persistence.get_item(key, consistent=True) or {})
    assert repr(row.to_json()) == repr(loaded.to_json())
    assert row.tags == loaded.tags == {"a", "b"}


def test_a_value_that_is_spelled_as_dynamodb_does_stays_the_same_object(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    counts = {"n": [1, 2]}
    row = persistence.model.objects.create(profile_id="a", anything=counts)
    counts["n"].append(3)
    row.save()
    assert persistence.model.objects.get(pk="a").anything == {"n": [1, 2, 3]}


def test_what_others_change_meanwhile_is_shown_and_survives_the_next_save(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    row = persistence.model.objects.create(profile_id="a", age=1, name="x")
    persistence.model.objects.filter(pk="a").update(name="by others")
    row.age = 2
    row.save()
    assert row.name == "by others"
    row.save()
    assert persistence.model.objects.get(pk="a").name == "by others"


def test_what_update_fields_leaves_out_waits_for_the_next_save(make_rows: MakePersistence) -> None:
    row = make_rows().model.objects.create(profile_id="a", age=1, name="x")
    row.age, row.name = 2, "y"
    row.save(update_fields=["age"])
    assert row.name == "y"
    row.save()
    assert type(row).objects.get(pk="a").name == "y"


@pytest.mark.parametrize("how", ["update_fields", "refresh_from_db"])
def test_a_save_does_not_change_back_what_others_changed_before_a_part_was_written_or_read(
    make_rows: MakePersistence, how: str
) -> None:
    model = make_rows().model
    row = model.objects.create(profile_id="a", age=1, name="x")
    model.objects.filter(pk="a").update(name="by others")
    row["own"] = "not saved yet"
    if how == "update_fields":
        row.age = 2
        row.save(update_fields=["age"])
    else:
        row.refresh_from_db(fields=["age"])
    assert row.name == "x"
    row.score = 3
    row.save()
    assert model.objects.get(pk="a").to_json() == {
        "profile_id": "a",
        "age": 2 if how == "update_fields" else 1,
        "name": "by others",
        "score": 3,
        "own": "not saved yet",
    }


@pytest.mark.parametrize("how", ["refused", "rolled back"])
def test_what_an_update_expects_stays_until_it_is_written(make_rows: MakePersistence, how: str) -> None:
    model = make_rows().model
    row = model.objects.create(profile_id="a", age=1)
    model.objects.filter(pk="a").update(age=2)
    row.age, row._state.expected = 3, {"age": {"N": "1"}}
    with pytest.raises(StaleItem), transaction() if how == "rolled back" else nullcontext():
        row.save()
    with pytest.raises(StaleItem):
        row.save()
    model.objects.filter(pk="a").update(age=1)
    row.save()
    row.age = 4
    row.save()
    assert model.objects.get(pk="a").age == 4


@pytest.mark.parametrize("fields", [None, ["age"]])
def test_a_row_that_is_read_again_expects_nothing_of_before(make_rows: MakePersistence, fields: Any) -> None:
    row = make_rows().model.objects.create(profile_id="a", age=1)
    row._state.expected = {"age": {"N": "7"}}
    row.refresh_from_db(fields=fields)
    row.name = "x"
    row.save()
    assert type(row).objects.get(pk="a").name == "x"


def test_a_row_whose_key_was_changed_is_another_item(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    row = persistence.model(profile_id="a", age=1)
    row.save()
    row.profile_id = "b"
    row.save()
    assert persistence.get_item(persistence.key("a")) is not None
    assert persistence.get_item(persistence.key("b")) == {"profile_id": {"S": "b"}, "age": {"N": "1"}}


def test_a_row_whose_key_was_changed_is_saved_whole_after_a_part_of_the_other_item_was_read(
    make_rows: MakePersistence,
) -> None:
    model = make_rows().model
    row = model.objects.create(profile_id="a", age=1, name="x")
    model.objects.create(profile_id="b", age=2, name="y")
    row.profile_id = "b"
    row.refresh_from_db(fields=["age"])
    row.save()
    assert model.objects.get(pk="b").to_json() == {"profile_id": "b", "age": 2, "name": "x"}


@pytest.mark.parametrize(
    "schema", [CLOSED, {**CLOSED, "properties": {"profile_id": {"type": "string"}, "age": {"type": "integer"}}}]
)
def test_a_version_lets_one_of_two_writers_through(make_rows: MakePersistence, schema: Any) -> None:
    persistence = make_rows(schema, version="version")
    persistence.model(profile_id="a", age=1).save()
    first, second, third = (
        persistence.decode(persistence.get_item(persistence.key("a"), consistent=True) or {}) for _ in range(3)
    )
    first.age = 2
    first.save()
    first.save()
    second.age = 3
    with pytest.raises(StaleItem):
        second.save()
    with pytest.raises(StaleItem):
        third.delete()
    stored = persistence.get_item(persistence.key("a")) or {}
    assert (stored["age"], stored["version"]) == ({"N": "2"}, {"N": "3"})
    with pytest.raises(StaleItem, match="load it"):
        persistence.model(profile_id="a", age=9).save()
    first.delete()
    assert persistence.get_item(persistence.key("a")) is None


def test_an_update_can_demand_what_its_attributes_were(make_rows: MakePersistence) -> None:
    persistence = make_rows(WITHOUT_VERSION)
    row = persistence.model(profile_id="a")
    row.save()

    row.age, row._state.expected = 1, {"age": {"N": "7"}}
    with pytest.raises(StaleItem):
        row.save()
    row._state.expected = {"age": None}
    row.save()
    row.age = 2
    row.save()  # a demand holds for one update
    assert persistence.get_item(persistence.key("a"), consistent=True) == {"profile_id": {"S": "a"}, "age": {"N": "2"}}


def test_the_version_is_a_property_where_the_schema_has_one(make_rows: MakePersistence) -> None:
    persistence = make_rows(CLOSED, version="version")
    row = persistence.model(profile_id="a", version=7)
    row.save()
    assert row.version == 1
    row.save()
    assert row.version == 2


def test_keys_of_two_parts_sort_dates_and_keep_their_spelling(make_rows: MakePersistence) -> None:
    persistence = make_rows(range_key="created")
    given_text = "2026-03-01T01:30:00+02:00"
    row = persistence.model.from_json({"profile_id": "a", "created": given_text})
    row.save()
    key = persistence.key("a", row.created)
    assert key == {"profile_id": {"S": "a"}, "created": {"S": "2026-02-28T23:30:00.000000Z"}}
    loaded = persistence.decode(persistence.get_item(key, consistent=True) or {})
    assert loaded.to_json() == {"profile_id": "a", "created": given_text}
    assert loaded.pk == row.pk == persistence.pk_of(loaded._state.item)
    assert persistence.key_from_pk(row.pk) == key
    loaded.age = 4
    loaded.save()
    assert (persistence.get_item(key) or {})["created#given"] == {"S": given_text}


@pytest.mark.parametrize("pk", ["", "%%%", "WyJhIl0", 7])
def test_what_is_no_primary_key_is_a_value_error(make_rows: MakePersistence, pk: Any) -> None:
    with pytest.raises(ValueError):
        make_rows(range_key="created").key_from_pk(pk)


def test_an_index_key_may_be_null_unset_or_taken_away(make_rows: MakePersistence) -> None:
    persistence = make_rows(indexes={"by_email": "email"})
    row = persistence.model(profile_id="a", email=None)
    row.save()
    assert persistence.decode(persistence.get_item(persistence.key("a")) or {}).to_json() == row.to_json()
    row.email = "ada@example.org"
    row.save()
    page = persistence.query({"S": "ada@example.org"}, index="by_email")
    assert [item["profile_id"] for item in page.items] == [{"S": "a"}]
    assert "email#given" not in page.items[0]
    row.email = None
    row.save()
    assert persistence.query({"S": "ada@example.org"}, index="by_email").items == []
    del row["email"]
    row.save()
    assert persistence.get_item(persistence.key("a")) == {"profile_id": {"S": "a"}}


def test_sets_are_sets_in_dynamodb(make_rows: MakePersistence) -> None:
    persistence = make_rows(sets=["tags"])
    row = persistence.model(profile_id="a", tags={"x", "y"})
    row.save()
    stored = persistence.get_item(persistence.key("a")) or {}
    assert sorted(stored["tags"]["SS"]) == ["x", "y"]
    loaded = persistence.decode(stored)
    assert loaded.tags == {"x", "y"}
    assert loaded.to_json()["tags"] == ["x", "y"]
    loaded.tags = set()
    loaded.save()
    assert persistence.decode(persistence.get_item(persistence.key("a")) or {}).to_json()["tags"] == []


def test_what_dynamodb_cannot_hold_is_refused_before_anything_is_written(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    for properties, pointer in [
        ({"profile_id": ""}, "/profile_id"),
        ({"profile_id": "a", "score": 1e300}, "/score"),
        ({"profile_id": "a", "anything": [{"n": 10**50}]}, "/anything/0/n"),
        ({"profile_id": "a", "": 1}, "/"),
    ]:
        with pytest.raises(UnstorableValue) as refused:
            persistence.model.from_json(properties).save()
        assert refused.value.pointer == pointer
    with pytest.raises(ItemTooLarge):
        persistence.model(profile_id="a", name="x" * MAX_ITEM_SIZE).save()
    assert persistence.scan().count == 0
    row = persistence.model(profile_id="a")
    row.save()
    row.name = "x" * MAX_ITEM_SIZE
    with pytest.raises(ItemTooLarge):
        row.save()
    row.name = "fits"
    row.save()


def test_what_is_nested_without_end_is_refused_where_it_is_given(make_rows: MakePersistence) -> None:
    children = {"type": "array", "items": {"$ref": "#/components/schemas/Profile/properties/tree"}}
    properties: dict[str, Any] = {
        "profile_id": {"type": "string"},
        "anything": {},
        "free": {"type": "object"},
        "tree": {"type": "object", "properties": {"children": children, "any": {}}},
    }
    model = make_rows({"type": "object", "properties": properties}, scan="allowed").model
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    deep: Any = "end"
    for _ in range(5000):
        deep = {"x": deep, "y": [deep]}
    family: Any = {}
    family["children"] = [family]
    stored = model.objects.create(profile_id="a")
    writes: list[Callable[[Any], object]] = [
        lambda given: model(profile_id="b", **given).save(),
        lambda given: model.objects.bulk_create([model(profile_id="b", **given)]),
        lambda given: model.objects.filter(profile_id="a").update(**given),
        lambda given: stored.update_from_dict(given).save(update_fields=list(given)),
    ]
    for name, value in [("anything", cyclic), ("anything", deep), ("free", {"x": deep}), ("tree", family)]:
        for write in writes:
            with pytest.raises(ValidationFailed, match=f"^/{name}: is nested deeper"):
                write({name: value})
        with pytest.raises(UnstorableValue, match=f"^/{name}"):
            model.objects.filter(**{name: value})
        stored[name] = UNSET
    with pytest.raises(ValidationFailed, match=r"^/any: is nested deeper"):
        model(profile_id="c", tree={}).tree.any = cyclic
    assert [row.to_json() for row in model.objects.all()] == [{"profile_id": "a"}]


def test_an_item_of_exactly_400_kb_is_held(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    row = persistence.model(profile_id="a")
    row.name = "x" * (MAX_ITEM_SIZE - len("profile_id") - 1 - len("name"))
    row.save()
    assert len((persistence.get_item(persistence.key("a")) or {})["name"]["S"]) == len(row.name)
    with pytest.raises(ItemTooLarge):
        persistence.update_item(persistence.key("a"), {"x": {"S": "y"}})


def test_refreshing_takes_over_what_others_wrote(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    row = persistence.model(profile_id="a", age=1, name="Ada")
    row.save()
    persistence.update_item(persistence.key("a"), {"age": {"N": "2"}}, ["name"])
    row.refresh_from_db()
    assert row.to_json() == {"profile_id": "a", "age": 2}
    persistence.delete_item(persistence.key("a"))
    with pytest.raises(DynamoDBItemNotFound):
        row.refresh_from_db()


def test_saving_a_row_makes_no_other_row(make_rows: MakePersistence) -> None:
    model = make_rows().model
    made = []

    def listen(instance: Any, **_: Any) -> None:
        made.append(instance)

    post_init.connect(listen, sender=model)
    try:
        row = model(profile_id="a", age=1)
        row.save()
        row.age = 2
        row.save()
    finally:
        post_init.disconnect(listen, sender=model)
    assert [id(each) for each in made] == [id(row)]


def test_numbers_with_x_decimal_are_exact_from_row_to_json(make_rows: MakePersistence) -> None:
    amount = {"type": "number", "x-decimal": True, "multipleOf": 0.01}
    properties = {"profile_id": {"type": "string"}, "price": amount, "parts": {"type": "array", "items": amount}}
    rows = make_rows({"type": "object", "properties": properties}, scan="allowed")
    model = rows.model
    prices = [0.1, 0.2, 5, Decimal("19.90"), Decimal("12345678901234567890.25")]
    for place, price in enumerate(prices):
        model.objects.create(profile_id=str(place), price=price, parts=[price, 1])
    stored = sorted(model.objects.all(), key=lambda row: int(row.profile_id))
    assert [row.price for row in stored] == [Decimal(str(price)) for price in prices]
    assert {type(value) for row in stored for value in (row.price, *row.parts)} == {Decimal}
    assert sum(row.price for row in stored[:2]) == Decimal("0.3")
    assert model.objects.get(price__gte=Decimal(6), price__lt=20).profile_id == "3"
    assert list(model.objects.filter(profile_id="3").values_list("price", flat=True)) == [Decimal("19.9")]
    stored[0].price += Decimal("0.2")
    assert isinstance(stored[0].price, Decimal)
    stored[0].save()
    model.objects.filter(profile_id="1").update(price=F("price") + Decimal("0.10"))
    store = ItemStore(rows.schema, model, rows.classes)
    shown = [dump_json(run(store.read({"profile_id": key})).json) for key in ("0", "1", "4")]
    assert [text.split(b'"price":')[1].split(b",")[0].rstrip(b"}") for text in shown] == [
        b"0.3",
        b"0.3",
        b"12345678901234567890.25",
    ]
    with pytest.raises(ValidationFailed):
        model.objects.create(profile_id="5", price=Decimal("0.105"))


def test_batches_answer_in_the_order_asked(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    items = [{"profile_id": {"S": f"{number:03}"}, "age": {"N": str(number)}} for number in range(130)]
    persistence.batch_write(puts=items)
    asked = [*reversed(items), {"profile_id": {"S": "missing"}}, items[5], {"profile_id": {"S": ""}}]
    found = persistence.batch_get([persistence.key_in(item) for item in asked])
    assert found == [*reversed(items), None, items[5], None]
    persistence.batch_write(deletes=[persistence.key_in(item) for item in items])
    assert persistence.scan().count == 0


def test_pages_say_where_to_go_on(make_rows: MakePersistence) -> None:
    persistence = make_rows(range_key="name")
    persistence.batch_write(
        puts=[{"profile_id": {"S": "a"}, "name": {"S": f"{n}"}, "age": {"N": f"{n}"}} for n in range(5)]
    )
    first = persistence.query({"S": "a"}, limit=3, forward=False, projection=["name"])
    assert [item["name"]["S"] for item in first.items] == ["4", "3", "2"]
    rest = persistence.query(
        {"S": "a"}, start=first.last_key, forward=False, range_condition=persistence.table.attribute("name") >= "1"
    )
    assert [item["name"]["S"] for item in rest.items] == ["1"]
    assert rest.last_key is None
    filtered = persistence.scan(filter=persistence.table.attribute("age") > 2, count_only=True)
    assert (filtered.count, filtered.scanned_count, filtered.items) == (2, 5, [])


def test_values_inside_properties_are_encoded_by_their_own_schema(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    assert persistence.encode_value(("address", "zip"), "1010") == {"S": "1010"}
    assert persistence.encode_value(("tags", 0), "x") == {"S": "x"}
    assert persistence.encode_value("created", datetime(2026, 1, 1, tzinfo=timezone.utc)) == {
        "S": "2026-01-01T00:00:00Z"
    }
    with pytest.raises(KeyError):
        persistence.encode_value(("address", "planet"), "Mars")
