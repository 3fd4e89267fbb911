"""``expired: hidden``: items past their time to live count as absent, long before DynamoDB deletes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import F
from django.test import RequestFactory

from macaron_django.admin import ItemAdmin
from macaron_django.drivers import run
from macaron_django.dynamodb import Persistence, engines, transaction
from macaron_django.dynamodb.item_store import ItemStore
from macaron_django.exceptions import DynamoDBItemNotFound, ItemExists, StaleItem

MakePersistence = Callable[..., Persistence]

SESSION = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "user": {"type": "string"},
        "ends": {"type": "integer"},
        "hits": {"type": "integer"},
    },
}
INDEXES = {
    "by-user": {"hash_key": "user", "range_key": "ends"},
    "by-user-keys": {"hash_key": "user", "projection": "keys"},
}


@pytest.fixture
def sessions(engine: engines.Engine, make_rows: MakePersistence, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sessions of Ada: "old" and "older" have expired, "new" and "never" haven't.

    It is tomorrow by this process's clock only: DynamoDB Local deletes what has expired within seconds.
    """
    tomorrow = time.time() + 86400
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    manager = make_rows(SESSION, hash_key="id", ttl="ends", expired="hidden", indexes=INDEXES).model.objects
    now = int(time.time())
    for name, ends in (("older", now - 7200), ("old", now - 3600), ("new", now + 3600)):
        manager.create(id=name, user="ada", ends=ends, hits=1)
    manager.create(id="never", user="ada", hits=1)
    return manager


def _ids(rows: Any) -> list[str]:
    return sorted(row.id for row in rows)


def test_no_query_set_finds_what_has_expired(sessions: Any) -> None:
    assert _ids(sessions.all()) == ["never", "new"]  # no filter that `scan: forbidden` is about
    assert _ids(sessions.filter(user="ada")) == ["never", "new"]
    assert _ids(sessions.using_index("by-user").filter(user="ada")) == ["new"]
    assert _ids(sessions.using_index("by-user-keys").filter(user="ada")) == ["never", "new"]
    assert _ids(sessions.filter(id__in=["old", "new", "older"])) == ["new"]
    assert _ids(sessions.all().scan(segments=2)) == ["never", "new"]
    assert sorted(sessions.values_list("id", flat=True)) == ["never", "new"]
    assert sorted(row["id"] for row in sessions.as_json()) == ["never", "new"]
    assert sorted(sessions.using_index("by-user-keys").filter(user="ada").values_list("id", flat=True)) == [
        "never",
        "new",
    ]
    assert (sessions.count(), sessions.filter(user="ada").count()) == (2, 2)
    assert sessions.in_bulk(["old", "new"]).keys() == {"new"}
    assert [sessions.filter(id=name).exists() for name in ("old", "new")] == [False, True]
    with pytest.raises(sessions.model.DoesNotExist):
        sessions.get(id="old")
    assert transaction.get(sessions.filter(id="old"), sessions.filter(id="new"))[0] is None


def test_with_expired_shows_all(sessions: Any) -> None:
    assert _ids(sessions.with_expired()) == ["never", "new", "old", "older"]
    assert sessions.with_expired().get(id="old").hits == 1
    assert sessions.with_expired().filter(id="old").update(hits=F("hits") + 1) == 1


def test_pages_go_on_while_time_does(sessions: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sessions.filter(user="ada").page(limit=1)
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    second = sessions.filter(user="ada").page(limit=1, cursor=first.next_cursor)
    assert _ids([*first.rows, *second.rows]) == ["never", "new"]
    assert second.next_cursor is None


def test_writes_of_query_sets_leave_what_has_expired_alone(sessions: Any) -> None:
    assert sessions.filter(id="old").update(hits=9) == 0
    assert sessions.filter(id="old").update(hits=F("hits") + 1) == 0
    assert sessions.filter(user="ada").update(hits=5) == 2
    assert sessions.filter(id="old").delete() == (0, {})
    with pytest.raises(StaleItem), transaction():
        sessions.filter(id="old").update(hits=9)
    with pytest.raises(StaleItem), transaction():
        transaction.check(sessions.filter(id="old"))
    assert {row.id: row.hits for row in sessions.with_expired()} == {"older": 1, "old": 1, "new": 5, "never": 5}


def test_an_item_that_expires_between_reading_and_writing_is_left_alone(
    sessions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = list(sessions.filter(id="new")._keys(()))
    later = time.time() + 7200
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(type(sessions.all()), "_keys", lambda self, changing: iter(keys))
    assert sessions.filter(id="new").update(hits=9) == 0
    assert sessions.filter(id="new").delete() == (0, {})


def test_a_new_item_replaces_an_expired_one_whole(sessions: Any) -> None:
    sessions.create(id="old", user="bob")
    assert sessions.get(id="old").to_json() == {"id": "old", "user": "bob"}
    for name in ("old", "new"):
        with pytest.raises(ItemExists):
            sessions.create(id=name)
    with transaction():
        sessions.create(id="older", user="bob")
    assert sessions.get(id="older").to_json() == {"id": "older", "user": "bob"}
    with pytest.raises(ItemExists), transaction():
        transaction.check(sessions.filter(id="older"), absent=True)


def test_get_or_create_creates_and_an_absent_check_holds(sessions: Any) -> None:
    with transaction():
        transaction.check(sessions.filter(id="older"), absent=True)
        sessions.create(id="other")
    assert sessions.get_or_create(id="old", defaults={"hits": 7})[1] is True
    assert sessions.get(id="old").hits == 7


def test_a_row_that_has_expired_is_not_there_any_more(sessions: Any) -> None:
    row = sessions.with_expired().get(id="old")
    with pytest.raises(DynamoDBItemNotFound):
        row.refresh_from_db()


def test_generated_operations_treat_it_as_absent(sessions: Any) -> None:
    persistence = sessions.persistence
    store = ItemStore(persistence.schema, sessions.model, persistence.classes)
    key = {"id": "old"}
    assert run(store.read(key)) is None
    assert run(store.replace(key, {"id": "old", "hits": 3})) is None
    assert run(store.patch(key, {"hits": 3})) is None
    assert run(store.delete(key)) is False
    assert run(store.read({"id": "new"})) is not None
    assert run(store.replace({"id": "new"}, {"id": "new", "hits": 3})) is not None
    assert run(store.delete({"id": "new"})) is True
    assert sessions.with_expired().get(id="old").hits == 1
    assert run(store.create({"id": "old", "hits": 8}, {}, None)) is not None
    assert sessions.get(id="old").hits == 8


def test_the_admin_shows_and_marks_it(sessions: Any) -> None:
    page = ItemAdmin(sessions.model, admin.AdminSite())
    request = RequestFactory().get("/")
    rows = {row.id: row for row in page.get_queryset(request)}
    assert sorted(rows) == ["never", "new", "old", "older"]
    mark: Any = page.get_list_display(request)[-1]
    assert mark.short_description == "expired"
    assert {name: mark(row) for name, row in rows.items()} == {"never": False, "new": False, "old": True, "older": True}


def test_by_default_what_has_expired_is_shown(
    engine: engines.Engine, make_rows: MakePersistence, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = make_rows(SESSION, hash_key="id", ttl="ends").model.objects
    tomorrow = time.time() + 86400
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    manager.create(id="old", ends=int(tomorrow) - 1)
    assert manager.get(id="old").ends == int(tomorrow) - 1
    with pytest.raises(ItemExists):
        manager.create(id="old")
