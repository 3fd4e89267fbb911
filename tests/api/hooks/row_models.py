"""Django models of all kinds, what their tables hold, and what changes there."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections, models
from django.db.models import Value

APP = "hooks_rows"


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
        return sorted(re.sub(rf"{today} \d\d:\d\d:\d\d(?:\.\d+)?", "<now>", row) for row in changed)

    def reset(self) -> None:
        self.is_asking = True
        with connections[self.using].cursor() as cursor:
            for model in reversed(MODELS):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608
            cursor.execute("DELETE FROM sqlite_sequence")  # keys begin at 1 again
        seed(self.using)
        self.changes()  # which ends the asking, too
