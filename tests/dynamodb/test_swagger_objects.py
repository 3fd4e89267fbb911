"""PersistentSwaggerObject: PyMacaron's calls on classes, tables and rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from macaron_django.dynamodb import DynamoDBItemNotFound, Persistence, PersistentSwaggerObject
from macaron_django.exceptions import ItemExists, UnsupportedQuery

MakePersistence = Callable[..., Persistence]


@pytest.fixture
def profiles() -> type[PersistentSwaggerObject]:
    class PersistentProfile(PersistentSwaggerObject):
        api_name = "shop"
        model_name = "Profile"
        primary_key = "profile_id"

        def shout(self: Any) -> str:
            return self.name.upper()

    return PersistentProfile


def _bound(profiles: Any, make_rows: MakePersistence, **persist: Any) -> Any:
    profiles.persistence = make_rows(bases=(profiles,), **persist)
    return profiles


def test_an_unbound_class_says_what_it_expected(profiles: Any) -> None:
    with pytest.raises(AttributeError, match=r"'Profile' of the API 'shop' must have `x-persist:"):
        profiles.get_table()
    assert not hasattr(profiles, "persistence")
    with pytest.raises(AttributeError, match="isn't a row"):
        profiles().save_to_db()


@pytest.mark.usefixtures("engine")
def test_objects_are_saved_found_and_loaded(profiles: Any, make_rows: MakePersistence) -> None:
    profiles = _bound(profiles, make_rows)
    row = profiles.persistence.model(profile_id="a", name="Ada", age=1)
    row.save_to_db()
    loaded = profiles.load_from_db("a")
    assert (loaded.age, loaded.shout()) == (1, "ADA")
    loaded.age = loaded.age + 1
    loaded.load_to_db()
    assert profiles.load_from_db("a").age == 2
    assert type(loaded).load_from_db("a") == loaded
    with pytest.raises(DynamoDBItemNotFound, match="no Profile with profile_id 'b'"):
        profiles.load_from_db("b")


@pytest.mark.usefixtures("engine")
def test_the_table_takes_and_gives_dictionaries(profiles: Any, make_rows: MakePersistence) -> None:
    profiles = _bound(profiles, make_rows)
    table = profiles.get_table()
    assert table.has_item(profile_id="a") is False
    item = {"profile_id": "a", "age": 3, "address": {"city": "Wien"}, "unknown": [1, "x"]}
    assert table.put_item(item) is True
    assert table.has_item(profile_id="a") is True
    assert table.get_item(profile_id="a") == item
    with pytest.raises(ItemExists):
        table.put_item(item)
    table.put_item({"profile_id": "a", "age": 4}, overwrite=True)
    assert profiles.to_model(table.get_item(profile_id="a")).age == 4
    assert profiles.to_model({"profile_id": {"S": "a"}, "age": {"N": "5"}}).age == 5
    assert table.delete_item(profile_id="a") is True
    assert table.delete_item(profile_id="a") is False
    with pytest.raises(DynamoDBItemNotFound):
        table.get_item(profile_id="a")
    with pytest.raises(TypeError, match=r"key of .* is profile_id, not name"):
        table.has_item(name="a")


@pytest.mark.usefixtures("engine")
def test_queries_and_scans_go_through_all_pages(profiles: Any, make_rows: MakePersistence) -> None:
    profiles = _bound(profiles, make_rows, range_key="age", indexes={"by_name": {"hash_key": "name"}})
    table = profiles.get_table()
    for age in range(5):
        table.put_item({"profile_id": "a", "age": age, "name": "x"})
    assert [item["age"] for item in table.query(profile_id="a")] == [0, 1, 2, 3, 4]
    assert [item["age"] for item in table.query(profile_id="a", age__gte=2, reverse=True, limit=2)] == [4, 3]
    assert [item["age"] for item in table.query(profile_id="a", age__between=(1, 2))] == [1, 2]
    assert len(list(table.query(index="by_name", name="x"))) == 5
    assert len(list(table.scan())) == 5
    assert len(list(table.scan(limit=2))) == 2
    assert table.has_item(profile_id="a", age=3)
    assert profiles.load_from_db("a", 3).age == 3
    with pytest.raises(UnsupportedQuery, match="needs its hash key"):
        table.query(age=1)
    with pytest.raises(UnsupportedQuery, match="only one condition, on the range key age"):
        list(table.query(profile_id="a", name="x"))
