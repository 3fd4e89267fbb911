"""Rows of Django models are answered alike on both ways: by the same statements, with the same rows kept."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time, timezone
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.apps import AppConfig, apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import DatabaseError, OperationalError, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Value
from django.db.models.query import ModelIterable, QuerySet
from django.db.models.signals import post_init, post_save, pre_init, pre_save
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler, SQLUpdateCompiler
from django.test import override_settings
from rest_framework.request import Request
from rest_framework.views import APIView

from macaron_django.api.model_writes import ModelWrites
from macaron_django.exceptions import StaleItem

APP = "both_paths_rows"
HERE = __name__


class Thing(models.Model):
    name = models.CharField(max_length=50, unique=True)
    number = models.IntegerField(null=True)
    big = models.BigIntegerField(default=5)
    ratio = models.FloatField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    flag = models.BooleanField(null=True)
    day = models.DateField(null=True)
    at = models.DateTimeField(null=True)
    hour = models.TimeField(null=True)
    who = models.UUIDField(null=True)
    data = models.JSONField(null=True)
    tags = models.JSONField(default=list)
    place = models.JSONField(null=True)
    owner = models.ForeignKey("self", models.PROTECT, null=True)
    hidden = models.TextField(default="secret")
    made = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    stamped = models.DateTimeField(null=True)
    by = models.TextField(null=True)  # noqa: DJ001 (as tables have it that others made)

    class Meta:
        app_label = APP


class Keyed(models.Model):
    code = models.CharField(primary_key=True, max_length=64)
    name = models.TextField(unique=True)
    size = models.IntegerField(default=0)

    class Meta:
        app_label = APP


class Simple(models.Model):
    name = models.TextField()
    rank = models.IntegerField(null=True)

    class Meta:
        app_label = APP
        abstract = True


class Saved(Simple):
    def save(self, *args, **kwargs):
        self.name += "!"
        super().save(*args, **kwargs)


class Loaded(Simple):
    @classmethod
    def from_db(cls, *args, **kwargs):
        found = super().from_db(*args, **kwargs)
        found.name = found.name.upper()
        return found


class LowRanks(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(rank__lt=5)


class Managed(Simple):
    objects = LowRanks()


class Ordered(Simple):
    class Meta:
        app_label = APP
        ordering = ["-rank"]


class Shouting(Simple):
    def to_json(self):
        return {"id": self.pk, "name": self.name + "!!", "rank": 1}


class Name:
    """A descriptor in a column's place."""

    def __get__(self, instance, owner=None):
        return self if instance is None else f"<{instance.__dict__['name']}>"

    def __set__(self, instance, value):
        instance.__dict__["name"] = value


class NamedField(models.TextField):
    descriptor_class = staticmethod(lambda _: Name())  # type: ignore[assignment]


class Named(models.Model):
    name = NamedField()
    rank = models.IntegerField(null=True)

    class Meta:
        app_label = APP


class Defaulted(Simple):
    level = models.IntegerField(db_default=4)
    twice = models.GeneratedField(expression=models.F("rank") * 2, output_field=models.IntegerField(), db_persist=True)


class Counted(Simple):
    rank = models.IntegerField(null=True, default=lambda: Value(6) * 2)
    raw = models.BinaryField(default=b"\0")


class Selected(Simple):
    class Meta:
        app_label = APP
        select_on_save = True


MODELS: tuple[Any, ...] = (Thing, Keyed, Saved, Loaded, Managed, Ordered, Shouting, Named, Defaulted, Counted, Selected)
OF_SIMPLE = tuple(model.__name__.lower() for model in MODELS[2:])
MOMENT = datetime(2020, 1, 2, 3, 4, 5, 600000, timezone.utc)
WHO = UUID("00000000-0000-1000-8000-0000000000ab")


@pytest.fixture(scope="module", autouse=True)
def tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The app of these models, as if it were installed, and its tables."""
    app = AppConfig(APP, sys.modules[__name__])
    app.models, app.apps = apps.all_models[APP], apps
    apps.app_configs[APP] = app
    apps.clear_cache()
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    yield
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in reversed(MODELS):
            editor.delete_model(model)
    del apps.app_configs[APP], apps.all_models[APP]
    apps.clear_cache()


def seed(using: str = "default") -> None:
    """What the tables hold before each test; texts of JSON as no ``JSONField`` would write them."""
    first = Thing(pk=1, name="first", number=-3, big=2**62, ratio=0.1, price=Decimal("12.30"), flag=True, by="x")
    first.day, first.at, first.hour, first.who = date(2020, 2, 29), MOMENT, time(1, 2, 3), WHO
    first.data, first.tags, first.place = {"b": [1, None, {"a": 0.5}]}, ["é", "😀"], {"size": 2, "city": "Bern"}
    first.save(using=using)
    Thing(pk=2, name="second", owner_id=1).save(using=using)
    Keyed.objects.using(using).bulk_create(Keyed(code=code, name=f"{code}'s", size=1) for code in ("a", "b/c d", "é"))
    for model in MODELS[2:]:
        ranks = (1, None, 9, 1)
        model._base_manager.using(using).bulk_create(model(name=f"n{n}", rank=rank) for n, rank in enumerate(ranks))


class Database:
    """What the tables hold, as the database says it."""

    def __init__(self, notes: list[str], replaced: Any, using: str = "default") -> None:
        self.notes, self.using, self.is_asking = notes, using, False
        self.connection = replaced.connection  # which the fixture closes
        self.held: frozenset[str] = frozenset()

    def note(self, execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        if not self.is_asking:
            sql = re.sub(r'"s\d+_x\d+"', "<savepoint>", statement)
            self.notes.append(f"{context['connection'].alias} {sql}")
        return execute(statement, params, many, context)

    def _rows(self) -> frozenset[str]:
        found = set()
        with connections[self.using].cursor() as cursor:
            for model in MODELS:
                columns = ", ".join(f'quote("{field.column}")' for field in model._meta.concrete_fields)
                cursor.execute(f"SELECT {columns} FROM {model._meta.db_table}")  # noqa: S608
                found |= {f"{model.__name__} {row}" for row in cursor.fetchall()}
        return frozenset(found)

    def changes(self) -> list[str]:
        self.is_asking = True
        before, self.held = self.held, self._rows()
        self.is_asking = False
        changed = [f"{'+' if row in self.held else '-'} {row}" for row in before ^ self.held]
        today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
        return sorted(re.sub(rf"{today} \d\d:\d\d:\d\d\.\d+", "<now>", row) for row in changed)

    def reset(self) -> None:
        self.is_asking = True
        with connections[self.using].cursor() as cursor:
            for model in reversed(MODELS):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608
            cursor.execute("DELETE FROM sqlite_sequence")  # keys begin at 1 again
        seed(self.using)
        self.changes()  # which ends the asking, too


@pytest.fixture
def rows(both_paths: Any) -> Iterator[Any]:
    made = both_paths("both-paths/apis/rows.yaml")
    made.tables = Database(made.notes, made.tables)
    with connection.execute_wrapper(made.tables.note):
        yield made


FULL = {
    "name": "full",
    "number": None,
    "big": 2**63 - 1,
    "ratio": 1.0,
    "price": "1.10",
    "flag": False,
    "day": "2024-02-29",
    "at": "2024-02-29T10:00:00.123456789+02:00",
    "hour": "23:59:59",
    "who": str(WHO).upper(),
    "data": {"deep": [1, "2", None, {"x": 1e-7}]},
    "tags": ["a"],
    "place": {"since": "2000-01-01", "city": "Zürich"},
    "owner_id": 1,
    "hidden": "shh",
    "id": 77,
    "made": "2001-01-01T00:00:00Z",
}
VALUES = (
    *({"number": value} for value in (0, -(2**31), 2**40, 1.0, 1.5, "1", True)),
    *({"big": value} for value in (2**63, -(2**63), None, 10**40)),
    *({"ratio": value} for value in (1, -0.0, 1e308, 1e22, 0.1 + 0.2)),
    *({"price": value} for value in ("1.005", "999999.99", "1e3", "x", "12345678901", 5)),
    *({"at": value} for value in ("2024-01-01T00:00:00", "2016-12-31T23:59:60Z", "2024-01-01t00:00:00z", None, "x")),
    *({"hour": value} for value in ("24:00:00", "10:00:00Z", "10:00:00.5", "10:00")),
    *({"day": value} for value in ("2020-02-30", "0001-01-01", "")),
    *({"who": value} for value in ("nobody", WHO.hex, "")),
    *({"data": value} for value in (None, [], "text", 5, 10**30, [[[[]]]], {"": {"": ""}}, "\x00é\u2028", "\ud800")),
    *({"tags": value} for value in ([], ["a", "a"], [1], None, "a")),
    *({"place": value} for value in ({}, {"size": 1.0}, {"since": "x"}, {"more": 1}, None, {"size": 2**70})),
    *({"owner_id": value} for value in (2, None, 99, "1", 2**70)),
    *({"flag": value} for value in (None, 1, "true")),
    *({"by": value} for value in ("me", "", None)),
    {"stamped": "2001-01-01T00:00:00Z"},
    {"name": "first"},
    {"name": "x" * 51},
    {"name": None},
    {"unknown": 1},
    {"pk": 9},
)
#: What a schema allows that doesn't name it, and the model may.
STRAYS = ({}, {"more": 1}, {"id": 50}, {"pk": 51}, {"x-a": 1}, {"x-a": "1"}, {"objects": 1, "save": None}, {"rank": 3})
TEXTS = ('"data":1.10000000000000000000001', '"data":{"a":1,"a":2}', '"data":NaN', '"number":01', '"ratio":1e400')
TEXTS = (*TEXTS, '"data":123456789012345678901234567890', '"ratio":1.0e0', '"big":1e3', '"data":[1.0,-0,-0.0,1E2]')
BODIES = (None, [], [{}], "text", {}, {"name": "b"}, b"", b"{", b"\xff", b'{"name": "\xed\xa0\x80"}', b"[" * 5000)
HEADERS = (
    {"If-Match": '"1"'},
    {"If-None-Match": "*"},
    {"Accept": "application/json; indent=2"},
    {"Accept": "application/xml"},
    {"Content-Type": "application/json; charset=utf-8"},
    {"Content-Type": "application/json; charset=latin-1"},
    {"Content-Type": "text/csv"},
    {"Accept-Language": "de"},
)
KEYS = (1, 2, 3, 0, -1, "01", "+1", "1.0", "1e0", "x", 2**63, 2**64, "9" * 50, "%00", "a%2Fb", "%20", "é")
CODES = ("a", "b%2Fc%20d", "%C3%A9", "nobody", "%00", "..", "x" * 3000, "%FF", "a'--")


def everything() -> list[Any]:
    return [
        *((f"GET /things/{key}",) for key in KEYS),
        *((f"GET /keyed/{code}",) for code in CODES),
        *((f"GET /by-name/{code}'s",) for code in CODES),
        *(("GET /things/1", None, headers) for headers in (*HEADERS, {"Accept": "text/html"})),
        ("HEAD /things/1",),
        ("OPTIONS /things/1",),
        ("GET /things/1?x=1",),
        ("GET /things/1?format=json",),
        ("GET /things/1", {"a": "body"}),
        *((f"GET /things{query}",) for query in ("", "?limit=1", "?limit=0", "?limit=x", "?limit=1&limit=2", "?x=1")),
        *((f"GET /things?cursor={cursor}",) for cursor in ("", "abc", "%00")),
        *(("GET /things", None, headers) for headers in HEADERS),
        *((f"GET /{name}?limit=2",) for name in ("keyed", *OF_SIMPLE)),
        ("POST /things", FULL),
        ("GET {location}",),
        ("POST /things", FULL),
        *(("POST /things", {"name": f"v{n}", **more}) for n, more in enumerate(VALUES)),
        *(("POST /things", f'{{"name":"t{n}",{text}}}'.encode()) for n, text in enumerate(TEXTS)),
        *(("POST /things", body) for body in BODIES),
        *(("POST /things", {"name": f"h{n}"}, headers) for n, headers in enumerate(HEADERS)),
        ("GET /things",),
        ("PUT /things/1", FULL),
        ("PUT /things/1", {**FULL, "name": "mine"}),
        *(("PUT /things/2", {"name": "second", **more}) for more in VALUES),
        *(("PUT /things/2", f'{{"name":"t{n}u",{text}}}'.encode()) for n, text in enumerate(TEXTS)),
        *(("PUT /things/2", body) for body in BODIES),
        *(("PUT /things/2", {"name": "w"}, headers) for headers in HEADERS),
        *((f"PUT /things/{key}", {"name": f"k{key}"}) for key in KEYS),
        ("PUT /things/1?x=1", {"name": "one"}),
        ("GET /things/1",),
        *(("POST /keyed", {"code": code, "name": f"of {code}"}) for code in ("a", "n", "n", "", "x" * 65, ".", "a/b")),
        *(("POST /keyed", {"code": f"c{n}", "name": name}) for n, name in enumerate(("a's", "", "\0", "é"))),
        *((f"PUT /keyed/{code}", {"name": f"now {code}"}) for code in CODES),
        *(("PUT /keyed/a", {"code": code, "name": "A"}) for code in ("a", "b", None, 1)),
        *((f"PUT /by-name/{code}'s", {"name": f"{code}'s", "size": 8}) for code in CODES),
        *(("PUT /by-name/n%201", {"name": name}) for name in ("n 1", "other", None)),
        ("POST /by-name", {"name": "keyless"}),
        ("GET /keyed",),
        ("GET /by-name",),
        *(("POST /bare", {"name": "bare", **more}) for more in STRAYS),
        *(("PUT /bare/1", {"name": "bare", **more}) for more in STRAYS),
        ("GET /bare",),
        ("GET /bare/1",),
        ("PUT /bare/99", {"name": "x"}),
        ("POST /keyed", {"name": "made"}),
        ("GET {location}",),
    ]


def of_simple(names: Sequence[str] = OF_SIMPLE) -> list[Any]:
    return [
        (line, body)
        for name in names
        for line, body in (
            *((f"GET /{name}", None), (f"GET /{name}?limit=1", None), ("GET {next}", None), ("GET {next}", None)),
            *((f"GET /{name}/{key}", None) for key in (1, 2, 3, 99)),
            *((f"POST /{name}", {"name": "new", "rank": 2}), ("GET {location}", None)),
            *((f"POST /{name}", {"name": "new", "rank": "x"}), (f"POST /{name}", {"rank": 1})),
            *((f"PUT /{name}/{key}", {"name": "put"}) for key in (1, 3, 99)),
            *((f"PUT /{name}/1", {"name": None}), (f"GET /{name}/1", None)),
        )
    ]


def report(differences: Sequence[str]) -> str:
    return f"{len(differences)} differences:\n" + "\n".join(each[:2000] for each in differences[:20])


def statuses(rows: Any) -> set[str]:
    return {answer["status"][:3] for answer in rows.answers}


def test_every_request_on_rows_is_answered_alike(rows):
    differences = rows.differences(everything(), **settings_of(RESPONSE_VALIDATION="off"))
    assert not differences, report(differences)
    assert statuses(rows) >= {"200", "201", "400", "404", "409", "415"}
    assert any("SELECT" in note for answer in rows.answers for note in answer["seen"])


def test_a_filter_with_a_default_narrows_a_list_that_nobody_narrows(rows):
    differences = rows.differences([("GET /bare",), ("GET /bare?limit=1",), ("GET {next}",), ("GET /bare?rank=9",)])
    assert not differences, report(differences)
    assert [len(json.loads(answer["body"])) for answer in rows.answers] == [2, 1, 1, 1]


def settings_of(**macaron: Any) -> dict[str, Any]:
    return {"MACARON": {**settings.MACARON, **macaron}}


def test_models_with_a_say_of_their_own_have_it(rows):
    differences = rows.differences(of_simple())
    assert not differences, report(differences)
    bodies = " ".join(answer["body"] for answer in rows.answers)
    assert all(text in bodies for text in ('"new!"', '"N0"', '"n0!!"', '"<<n0>>"')), bodies


def test_what_is_common_on_rows_goes_the_straight_way(rows):
    """Or all that is compared here would be the ordinary way with itself."""

    def asked(name: str) -> list[Any]:
        return [
            *(("GET /things/1",), ("GET /things",), ("GET /things?limit=1",), ("GET {next}",)),
            *(("POST /things", {"name": name}), ("PUT /things/1", {"name": f"{name}!"})),
            *(("GET /by-name/a's",), ("PUT /by-name/a's", {"name": "a's"}), ("GET /ordered?limit=1",), ("GET {next}",)),
            *(("POST /bare", {"name": name, "more": 1}), ("PUT /bare/1", {"name": name, "more": 1})),
            ("GET /keyed/a",),
        ]

    ran: list[Any] = []
    began: list[Any] = []

    def begin(**_: Any) -> None:
        began.append(True)

    def note(frame: Any, event: str, _: Any) -> None:
        # What is compiled once, the first round compiles.
        if event == "call" and not rows.tables.is_asking and len(began) > len(asked("")):
            ran.append(frame.f_code)

    request_started.connect(begin)
    sys.setprofile(note)
    try:
        answers = rows.side().run([*asked("first round"), *asked("second round")], rows.tables)
    finally:
        sys.setprofile(None)
        request_started.disconnect(begin)
    assert {answer["status"][0] for answer in answers} == {"2"}
    shunned = (APIView.dispatch, Request.__init__, QuerySet.get, ModelIterable.__iter__)
    shunned = (*shunned, models.Model.save_base, SQLUpdateCompiler.as_sql, SQLInsertCompiler.as_sql)
    assert not {each.__code__ for each in shunned}.intersection(ran)
    assert ModelWrites.create.__code__ in ran


ODD = (
    *("NaN", "[NaN, Infinity, -Infinity]", "not json", "", "123456789012345678901234567890", "18446744073709551616"),
    *("[-0, -0.0, 0.0, 1.0, 1E5, 1e400, -1e-400]", '{"a": 1, "a": 2}', '"\\ud800"', '"\\ud83d\\ude00"', "01", "[1,]"),
    *("9007199254740993.0", "0.10000000000000000000000001", "[9223372036854775808, -9223372036854775809]", "1.5e300"),
    *(' { "b" : [ null , { } ] } ', "nul", "null", "true", '"\x01"', "\ufeff[]", "'a'", "[1]]", "-", "1_0", "٣"),
    *("[" * 600 + "]" * 600, '{"size": 3.0, "city": "x"}', '{"size": null}', '["a", 1]', '["a", null]', "[[]]"),
)


#: By column, what other programs write into it.
CELLS = {
    "number": ("text", 1.5, 2**63 - 1, b"x", ""),
    "at": ("2020-01-01", "2020-01-01 00:00:00+02:00", "never", 5, ""),
    "day": ("2020-01-01 00:00:00", "never", 5),
    "who": ("short", str(WHO), b"0" * 16),
    "flag": (0, 2, "t"),
    "price": ("12.345", 1e300, "x"),
    "hour": ("25:00", "10:00"),
    "ratio": ("x", 5, float("inf")),
    "by": (5, b"bytes", ""),
    "data": ODD,
    "tags": ODD,
    "place": ODD,
}


def test_columns_hold_whatever_they_hold(rows, monkeypatch):
    cells = [(column, value) for column, values in CELLS.items() for value in values]

    def reset() -> None:
        Database.reset(rows.tables)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = 1")
            for n, (column, value) in enumerate(cells):
                Thing(pk=100 + n, name=f"odd {n}").save()
                cursor.execute(f'UPDATE both_paths_rows_thing SET "{column}" = %s WHERE id = %s', [value, 100 + n])  # noqa: S608
            cursor.execute("PRAGMA ignore_check_constraints = 0")

    monkeypatch.setattr(rows.tables, "reset", reset)
    keys = range(100, 100 + len(cells))
    asked = [*((f"GET /things/{key}",) for key in keys), ("GET /things?limit=1000",)]
    asked += [*((f"PUT /things/{key}", {"name": f"even {key}"}) for key in keys), ("GET /things?limit=1000",)]
    differences = rows.differences(asked, **settings_of(RESPONSE_VALIDATION="off"))
    assert not differences, report(differences)
    assert statuses(rows) >= {"200", "500"}


@pytest.mark.parametrize("validation", ["raise", "warn"])
def test_rows_that_break_their_schema_are_told_alike(rows, validation):
    asked = [
        *(("POST /keyed", {"code": "long", "name": "x", "size": 5}), ("GET /keyed/long",), ("GET /by-name/x",)),
        *(("PUT /keyed/long", {"name": "y"}), ("GET /things",), ("GET /things/1",), ("POST /things", FULL)),
    ]
    differences = rows.differences(asked, **settings_of(RESPONSE_VALIDATION=validation))
    assert not differences, report(differences)


SIGNALS = {"pre_init": pre_init, "post_init": post_init, "pre_save": pre_save, "post_save": post_save}
SHORT = [
    *(("GET /things/1",), ("GET /things",), ("POST /things", {"name": "new"}), ("PUT /things/1", {"name": "put"})),
    *(("GET /things/99",), ("POST /things", {"name": "second"}), ("PUT /things/1", {"name": "second"})),
    *(("PUT /things/99", {"name": "x"}), ("GET /things/1",), ("PUT /things/1", {"name": 5}), ("GET /things/2",)),
]


@pytest.mark.parametrize("name", SIGNALS)
def test_listeners_are_told_alike(rows, name):
    def told(sender: Any, **about: Any) -> None:
        rows.notes.append(f"{name} {sender.__name__} {about.get('created')} {getattr(about.get('instance'), 'pk', '')}")
        if name in ("post_init", "pre_save"):
            about["instance"].by = name
        if name == "post_save" and about["instance"].name == "stale":
            raise StaleItem("stale")
        if name == "post_save" and about["instance"].name == "bad":
            raise OperationalError("no more")

    SIGNALS[name].connect(told, sender=Thing)
    try:
        more = [(line, {"name": text}) for text in ("stale", "bad") for line in ("PUT /things/1", "POST /things")]
        differences = rows.differences([*SHORT, *more, ("GET /things/1",)])
    finally:
        SIGNALS[name].disconnect(told, sender=Thing)
    assert not differences, report(differences)
    assert any(name in note for answer in rows.answers for note in answer["seen"])


@contextmanager
def counted(owner: Any, name: str, calls: list[str]) -> Iterator[None]:
    """Count calls of a method that is patched in its owner's place."""
    static, is_own = vars(owner).get(name), name in vars(owner)
    found = getattr(owner, name)
    is_class = isinstance(owner, type)
    function = getattr(found, "__func__", found) if is_class else found

    def patched(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return function(*args, **kwargs)

    setattr(owner, name, classmethod(patched) if is_class and hasattr(found, "__func__") else patched)
    try:
        yield
    finally:
        if is_own:
            setattr(owner, name, static)
        else:
            delattr(owner, name)


PATCHED = [
    *(
        (Thing, name)
        for name in ("save", "save_base", "_save_table", "__init__", "from_db", "full_clean", "_do_insert")
    ),
    *((QuerySet, name) for name in ("get", "filter", "_chain", "_fetch_all", "create")),
    *((models.Manager, name) for name in ("get_queryset",)),
    *((SQLCompiler, name) for name in ("as_sql", "execute_sql")),
    *((SQLInsertCompiler, name) for name in ("as_sql", "execute_sql")),
    *((None, name) for name in ("all", "create", "get_queryset")),  # of the model's own manager
]


PATCHED_IDS = [f"{owner.__name__ if owner else 'objects'}.{name}" for owner, name in PATCHED]


@pytest.mark.parametrize(("owner", "name"), PATCHED, ids=PATCHED_IDS)
def test_what_is_patched_between_requests_is_called_alike(rows, owner, name):
    counts = []
    for change in (None, rows.ordinary):
        side, calls = rows.side(change), []
        with ExitStack() as stack:
            patch = partial(stack.enter_context, counted(owner or Thing._default_manager, name, calls))
            answers = side.run([*SHORT, patch, *SHORT], rows.tables)  # worked out before it is patched
            asked = [*calls]
        counts.append((asked, [(answer["status"], answer["body"], answer["stored"]) for answer in answers]))
    assert counts[0] == counts[1]
    assert calls or name == "full_clean"


def test_another_order_counts_as_soon_as_the_model_names_it(rows, monkeypatch):
    change = partial(monkeypatch.setattr, Keyed._meta, "ordering")
    asked = [partial(change, ()), ("GET /keyed",), partial(change, ("-name",)), ("GET /keyed",)]
    answers = rows.side().run(asked, rows.tables)
    codes = [[each["code"] for each in json.loads(answer["body"])] for answer in answers]
    assert codes[0] == codes[1][::-1] == ["a", "b/c d", "é"]


def test_a_model_that_calls_its_own_write_stale_is_saved_again(rows, monkeypatch):
    told: list[Any] = []

    def save_base(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.name == "stale" and not told:
            told.append(self)
            raise StaleItem("stale")
        models.Model.save_base(self, *args, **kwargs)

    monkeypatch.setattr(Thing, "save_base", save_base)
    assert not rows.differences([told.clear, ("PUT /things/1", {"name": "stale"}), ("GET /things/1",)])


def test_a_key_that_a_field_refuses_is_found_nowhere_alike(rows, monkeypatch):
    def get_prep_value(self: Any, value: Any) -> Any:
        if value == "bad":
            raise ValidationError("bad")
        return models.CharField.get_prep_value(self, value)

    field = Keyed._meta.pk
    monkeypatch.setattr(field, "get_prep_value", get_prep_value.__get__(field))
    asked = [("GET /keyed/a",), ("GET /keyed/bad",), ("PUT /keyed/bad", {"code": "bad", "name": "x"})]
    assert not rows.differences(asked)


def test_a_number_of_more_digits_than_its_column_has_is_refused(rows):
    asked = [("POST /things", {"name": "x", "price": "1" * 60}), ("GET /things",)]
    assert not rows.differences(asked)
    refused, listed = rows.side().run(asked, rows.tables)
    assert (refused["status"], listed["status"]) == ("400 Bad Request", "200 OK")


# ------------------------------------------------------------------ databases


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
            differences = rows.differences(SHORT[:4])
    finally:
        request_started.disconnect(begin)
        request_finished.disconnect(end)
    assert not differences, report(differences)
    assert "500" in statuses(rows)


def test_a_row_that_goes_before_it_is_updated_is_made_again_alike(rows):
    def delete_first(execute: Any, sql: str, params: Any, *more: Any) -> Any:
        if sql.startswith("UPDATE") and "again" in params:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM both_paths_rows_ordered WHERE id = 1")
        return execute(sql, params, *more)

    asked = [(f"PUT /ordered/{key}", {"name": name, "rank": 4}) for key, name in ((2, "other"), (1, "again"))]
    with connection.execute_wrapper(delete_first):
        differences = rows.differences([*asked, ("GET /ordered/1",)])
    assert not differences, report(differences)
    assert statuses(rows) == {"200"}
    assert any("INSERT" in note for note in rows.answers[1]["seen"])


@pytest.mark.parametrize("atomic", [True, False])
def test_a_requests_transaction_is_the_same(rows, monkeypatch, atomic):
    def refuse(sender: Any, instance: Any, **_: Any) -> None:
        if instance.name == "bad":
            raise DatabaseError("refused")

    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", atomic)
    more = [*SHORT, ("POST /things", FULL), ("POST /things", FULL), ("PUT /things/2", {"name": "x", "owner_id": 99})]
    differences = rows.differences(more)
    assert not differences, report(differences)
    post_save.connect(refuse, sender=Thing)
    try:
        differences = rows.differences([("POST /things", {"name": "bad"}), ("PUT /things/1", {"name": "bad"}), *more])
    finally:
        post_save.disconnect(refuse, sender=Thing)
    assert not differences, report(differences)
    assert statuses(rows) >= {"200", "201", "404", "409", "500"}


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
        differences = rows.differences([*SHORT, *of_simple(("ordered", "saved"))], DATABASE_ROUTERS=[f"{HERE}.ToOther"])
    assert not differences, report(differences)
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
