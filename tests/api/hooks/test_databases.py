"""Databases, routers and transactions are those of the project on either way."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import DatabaseError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_save
from django.test import override_settings

from tests.api.hooks.row_models import APP, MODELS, Database, Thing
from tests.api.hooks.row_requests import FULL, SHORT, of_simple

HERE = __name__


@pytest.mark.parametrize("failing", ["SELECT", "INSERT", "UPDATE", "SAVEPOINT"])
def test_what_the_database_refuses_is_told_alike(rows, failing):
    answering: list[Any] = []  # the test's own savepoints hold what is compared

    def refuse(execute: Any, sql: str, *more: Any) -> Any:
        if sql.startswith(failing) and answering:
            raise OperationalError("the disk is full")
        return execute(sql, *more)

    def begin(**_: Any) -> None:
        answering.append(True)

    def end(**_: Any) -> None:
        answering.clear()

    request_started.connect(begin)
    request_finished.connect(end)
    try:
        with connection.execute_wrapper(refuse):
            rows.compare(SHORT[:4])
    finally:
        request_started.disconnect(begin)
        request_finished.disconnect(end)
    assert "500" in rows.statuses()


def test_a_row_that_goes_before_it_is_updated_is_made_again_alike(rows):
    def delete_first(execute: Any, sql: str, params: Any, *more: Any) -> Any:
        if sql.startswith("UPDATE") and "again" in params:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM hooks_rows_ordered WHERE id = 1")
        return execute(sql, params, *more)

    asked = [(f"PUT /ordered/{key}", {"name": name, "rank": 4}) for key, name in ((2, "other"), (1, "again"))]
    with connection.execute_wrapper(delete_first):
        rows.compare([*asked, ("GET /ordered/1",)], {"PUT": 2, "GET": 1}, {"replace": 2, "read": 1})
    assert rows.statuses() == {"200"}
    assert any("INSERT" in note for note in rows.answers[1]["seen"])


@pytest.mark.parametrize("atomic", [True, False])
def test_a_requests_transaction_is_the_same(rows, monkeypatch, atomic):
    def refuse(sender: Any, instance: Any, **_: Any) -> None:
        if instance.name == "bad":
            raise DatabaseError("refused")

    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", atomic)
    more = [*SHORT, ("POST /things", FULL), ("POST /things", FULL), ("PUT /things/2", {"name": "x", "owner_id": 99})]
    rows.compare(more, {"GET": 4, "POST": 1, "PUT": 1}, {"read": 4, "create": 1, "replace": 1})
    post_save.connect(refuse, sender=Thing)
    try:
        rows.compare([("POST /things", {"name": "bad"}), ("PUT /things/1", {"name": "bad"}), *more])
    finally:
        post_save.disconnect(refuse, sender=Thing)
    assert rows.statuses() >= {"200", "201", "404", "409", "500"}


class ToOther:
    """A project's router: everything of these models is in another database; it is asked about each write."""

    asked: list[str] = []

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        self.asked.append(f"read {model.__name__} {sorted(hints)}")
        return "other" if model._meta.app_label == APP else None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        self.asked.append(f"write {model.__name__} {sorted(hints)}")
        return "other" if model._meta.app_label == APP else None


@pytest.fixture
def other_database(tmp_path: Any, django_db_blocker: Any) -> Iterator[Any]:
    """A second database, outside of the test's transaction: what is written there is committed at once."""
    connections.settings["other"] = {**connections.settings["default"], "NAME": str(tmp_path / "other.sqlite3")}
    other = connections["other"]
    with django_db_blocker.unblock():
        connect = BaseDatabaseWrapper.ensure_connection
    other.ensure_connection = partial(connect, other)  # tests may ask no other database as a rule
    with other.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    yield other
    other.close()
    del connections.settings["other"]
    del connections["other"]


@pytest.mark.parametrize("atomic", [True, False])
def test_routers_choose_the_database_alike(rows, other_database, monkeypatch, atomic):
    monkeypatch.setitem(connections.settings["other"], "ATOMIC_REQUESTS", atomic)
    monkeypatch.setattr(ToOther, "asked", rows.notes)
    tables = rows.tables
    rows.tables = Database(rows.notes, tables, "other")
    with other_database.execute_wrapper(rows.tables.note):
        asked = [*SHORT, *of_simple(("ordered", "saved"))]
        rows.compare(asked, {"GET": 8, "POST": 3}, {"read": 8, "create": 3}, DATABASE_ROUTERS=[f"{HERE}.ToOther"])
    seen = [note for answer in rows.answers for note in answer["seen"]]
    assert any(note.startswith("other SELECT") for note in seen)
    assert not any(note.startswith("default SELECT") for note in seen)


def test_a_list_is_as_many_statements_as_ever(rows, django_assert_num_queries):
    side = rows.side()
    for line, count in (("GET /things/1", 1), ("GET /things", 1), ("GET /things/99", 1), ("PUT /things/1", 4)):
        side.run([], rows.tables)
        with django_assert_num_queries(count), override_settings(ROOT_URLCONF=side.urls):
            status, _, _ = rows.send(WSGIHandler(), (line, {"name": "x"} if "PUT" in line else None), {})
        assert status[:3] == ("404" if "99" in line else "200")
