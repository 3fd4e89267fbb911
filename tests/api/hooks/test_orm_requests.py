"""Rows of Django models are answered alike by the store and by serializers: same statements, same rows kept."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, models

from tests.api.hooks.project_settings import merged
from tests.api.hooks.row_models import Database, Keyed, Thing
from tests.api.hooks.row_requests import CELLS, FULL, everything, of_simple


def test_every_request_on_rows_is_answered_alike(rows):
    rows.compare(
        everything(),
        {"GET": 20, "POST": 30, "PUT": 30, "PATCH": 10, "DELETE": 2},
        {"read": 20, "create": 30, "replace": 30, "patch": 10, "delete": 2},
        **merged(MACARON={"RESPONSE_VALIDATION": "off"}),
    )
    assert rows.statuses() >= {"200", "201", "400", "404", "409", "415"}
    assert any("SELECT" in note for answer in rows.answers for note in answer["seen"])


def test_a_moment_is_shown_as_it_will_be_read(rows):
    moment = {"at": "2024-01-01T02:00:00+02:00"}
    asked = [
        ("POST /things", {**FULL, "name": "m", **moment}),
        ("PUT /things/1", {"name": "n", **moment}),
        ("GET /things/1",),
    ]
    rows.compare(asked, {"POST": 1, "PUT": 1})
    assert [json.loads(answer["body"])["at"] for answer in rows.answers] == ["2024-01-01T00:00:00Z"] * 3


def test_a_filter_with_a_default_narrows_a_list_that_nobody_narrows(rows):
    rows.compare([("GET /bare",), ("GET /bare?limit=1",), ("GET {next}",), ("GET /bare?rank=9",)], {"GET": 4})
    assert [len(json.loads(answer["body"])) for answer in rows.answers] == [2, 1, 1, 1]


def test_models_save_load_and_show_rows_in_their_own_way(rows):
    rows.compare(of_simple(), {"GET": 40, "POST": 9, "PUT": 9}, {"read": 20, "create": 9, "replace": 9})
    bodies = " ".join(answer["body"] for answer in rows.answers)
    assert all(text in bodies for text in ('"new!"', '"N0"', '"n0!!"', '"<<n0>>"')), bodies


def test_columns_hold_whatever_they_hold(rows, monkeypatch):
    cells = [(column, value) for column, values in CELLS.items() for value in values]

    def reset() -> None:
        Database.reset(rows.tables)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = 1")
            for n, (column, value) in enumerate(cells):
                Thing(pk=100 + n, name=f"odd {n}").save()
                cursor.execute(f'UPDATE hooks_rows_thing SET "{column}" = %s WHERE id = %s', [value, 100 + n])  # noqa: S608
            cursor.execute("PRAGMA ignore_check_constraints = 0")

    monkeypatch.setattr(rows.tables, "reset", reset)
    keys = range(100, 100 + len(cells))
    asked = [*((f"GET /things/{key}",) for key in keys), ("GET /things?limit=1000",)]
    asked += [*((f"PUT /things/{key}", {"name": f"even {key}"}) for key in keys), ("GET /things?limit=1000",)]
    rows.compare(
        asked, {"GET": 20, "PUT": 10}, {"read": 20, "replace": 10}, **merged(MACARON={"RESPONSE_VALIDATION": "off"})
    )
    assert rows.statuses() >= {"200", "500"}


@pytest.mark.parametrize("validation", ["raise", "warn"])
def test_rows_that_break_their_schema_are_told_alike(rows, validation):
    asked = [
        *(("POST /keyed", {"code": "long", "name": "x", "size": 5}), ("GET /keyed/long",), ("GET /by-name/x",)),
        *(("PUT /keyed/long", {"name": "y"}), ("GET /things",), ("GET /things/1",), ("POST /things", FULL)),
    ]
    rows.compare(
        asked,
        {"POST": 1},
        {"create": 2, "read": 2, "replace": 1},
        **merged(MACARON={"RESPONSE_VALIDATION": validation}),
    )


def test_another_order_counts_as_soon_as_the_model_names_it(rows, monkeypatch):
    change = partial(monkeypatch.setattr, Keyed._meta, "ordering")
    asked = [partial(change, ()), ("GET /keyed",), partial(change, ("-name",)), ("GET /keyed",)]
    answers = rows.side().run(asked, rows.tables)
    codes = [[each["code"] for each in json.loads(answer["body"])] for answer in answers]
    assert codes[0] == codes[1][::-1] == ["a", "b/c d", "é"]


def test_a_key_that_a_field_refuses_is_found_nowhere_alike(rows, monkeypatch):
    def get_prep_value(self: Any, value: Any) -> Any:
        if value == "bad":
            raise ValidationError("bad")
        return models.CharField.get_prep_value(self, value)

    field = Keyed._meta.pk
    monkeypatch.setattr(field, "get_prep_value", get_prep_value.__get__(field))
    asked = [("GET /keyed/a",), ("GET /keyed/bad",), ("PUT /keyed/bad", {"code": "bad", "name": "x"})]
    rows.compare(asked)


def test_a_number_of_more_digits_than_its_column_has_is_refused(rows):
    asked = [("POST /things", {"name": "x", "price": "1" * 60}), ("GET /things",)]
    rows.compare(asked)
    refused, listed = rows.side().run(asked, rows.tables)
    assert (refused["status"], listed["status"]) == ("400 Bad Request", "200 OK")
