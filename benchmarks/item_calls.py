"""Measures the CPU time of item calls: rows of ``x-persist`` against models of plain PynamoDB, on the embedded engine.

    python benchmarks/item_calls.py [--check] [--rounds N] [--no-lane]

This package and PynamoDB each fill and read a separate table of 1,000 items. One engine has both tables in memory.
benchmarks/README.md says what is measured, and how.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import django
from django.conf import settings

ITEMS = 1000
GETS = 200  # calls between two readings of the clock
#: The highest ratios to plain PynamoDB.
TARGETS = {"get()": 1 / 3, "rows of a list": 1 / 3, "values() of a list": 1 / 5}

PROFILE = {
    "type": "object",
    "required": ["profile_id", "name", "email"],
    "properties": {
        "profile_id": {"type": "string"},
        "name": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "age": {"type": "integer"},
        "score": {"type": "number"},
        "active": {"type": "boolean"},
        "created": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}, "zip": {"type": "string"}},
        },
    },
    "x-persist": {"hash_key": "profile_id"},
}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Benchmark", "version": "1"},
    "paths": {},
    "components": {"schemas": {"Profile": PROFILE}},
}


def profile(number: int) -> dict[str, Any]:
    """Returns the Python values of one item."""
    return {
        "profile_id": f"profile-{number:06}",
        "name": f"Ada Lovelace the {number}th",
        "email": f"ada{number}@example.com",
        "age": 20 + number % 60,
        "score": number / 8,
        "active": number % 3 > 0,
        "created": datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=number),
        "tags": ["mathematics", "poetry", f"tag-{number % 7}"],
        "address": {"street": f"{number} Regent Street", "city": "London", "zip": f"W1 {number % 10}AA"},
    }


def our_manager() -> Any:
    """Fills the table of the persisted schema, and returns the schema's manager."""
    from macaron_django import openapi as spec
    from macaron_django.dynamodb import Persistence, persistence_options
    from macaron_django.dynamodb.querysets.manager import ItemManager
    from macaron_django.dynamodb.tables.syncing import create_table
    from macaron_django.schemas.models.row_models import build_model
    from macaron_django.schemas.values.classes import Classes

    schema = spec.load(SPEC).schemas["Profile"]
    described = schema.extensions.persist
    assert described is not None
    options, _ = persistence_options(described)
    persistence = Persistence("benchmark", schema, options, Classes("benchmark", schema.document))
    create_table(persistence.table)
    model: Any = build_model(
        schema,
        api="benchmark",
        label="macaron_benchmark",
        classes=persistence.classes,
        manager=ItemManager(persistence),
        hash_key=persistence.hash_key,
        module=__name__,
    )
    persistence.bind(model)
    model.objects.bulk_create([model(**profile(number)) for number in range(ITEMS)])
    return model.objects


def stock_model(url: str) -> Any:
    """Fills a table with the same items, and returns its model, written as PynamoDB's documentation recommends."""
    from pynamodb.attributes import (
        BooleanAttribute,
        ListAttribute,
        MapAttribute,
        NumberAttribute,
        UnicodeAttribute,
        UTCDateTimeAttribute,
    )
    from pynamodb.models import Model

    class Address(MapAttribute):  # type: ignore[type-arg]
        street = UnicodeAttribute()
        city = UnicodeAttribute()
        zip = UnicodeAttribute()

    class Profile(Model):
        class Meta:
            table_name = "stock-profiles"
            host = url
            region = "eu-west-1"
            billing_mode = "PAY_PER_REQUEST"
            aws_access_key_id = aws_secret_access_key = "local"

        profile_id = UnicodeAttribute(hash_key=True)
        name = UnicodeAttribute()
        email = UnicodeAttribute()
        age = NumberAttribute()
        score = NumberAttribute()
        active = BooleanAttribute()
        created = UTCDateTimeAttribute()
        tags = ListAttribute(of=UnicodeAttribute)
        address = Address()

    Profile.create_table()
    with Profile.batch_write() as batch:
        for number in range(ITEMS):
            batch.save(Profile(**profile(number)))
    return Profile


def consumed(run: Callable[[], object]) -> float:
    """Returns the CPU seconds that this process spends on ``run``. The engine is another process and doesn't count."""
    gc.collect()
    begun = time.process_time()
    run()
    return time.process_time() - begun


def measured(url: str, rounds: int) -> dict[str, tuple[float, float, float]]:
    """Returns the microseconds for a call or an item with this package and with PynamoDB, and their ratio.

    All three are medians of the rounds.
    """
    objects, stock = our_manager(), stock_model(url)
    keys = [profile(7 * number % ITEMS)["profile_id"] for number in range(GETS)]

    def check(rows: list[Any]) -> None:
        assert len(rows) == ITEMS

    pairs: Mapping[str, tuple[Callable[[], object], Callable[[], object], int]] = {
        "get()": (
            lambda: [objects.get(profile_id=key) for key in keys],
            lambda: [stock.get(key) for key in keys],
            GETS,
        ),
        "rows of a list": (lambda: check(list(objects.all())), lambda: check(list(stock.scan())), ITEMS),
        "values() of a list": (lambda: check(list(objects.values())), lambda: check(list(stock.scan())), ITEMS),
    }
    found = {}
    for name, (ours, theirs, count) in pairs.items():
        ours(), theirs()
        times = [(consumed(ours), consumed(theirs)) for _ in range(rounds)]
        found[name] = (
            statistics.median(mine for mine, _ in times) / count * 1e6,
            statistics.median(other for _, other in times) / count * 1e6,
            statistics.median(mine / other for mine, other in times),
        )
    return found


def main() -> int:
    arguments = argparse.ArgumentParser(description="Measure the CPU time of item calls, compared with plain PynamoDB")
    arguments.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--no-lane", action="store_true", help="send all calls through botocore")
    given = arguments.parse_args()
    settings.configure(
        MACARON={"APIS": {}, "DYNAMODB": {"ENGINE": "embedded", "FAST_LANE": not given.no_lane}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        USE_TZ=True,
    )
    django.setup()
    from macaron_django.dynamodb import engines
    from macaron_django.testing.isolation import engine_in_memory

    engine = engine_in_memory("embedded")
    with engines.use(engine):
        found = measured(str(engine.endpoint_url), given.rounds)
    engine.stop()
    print("| | macaron_django, µs | PynamoDB, µs | ratio | target |")
    print("|---|---:|---:|---:|---:|")
    for name, (ours, theirs, ratio) in found.items():
        print(f"| {name} | {ours:.1f} | {theirs:.1f} | {ratio:.2f} | {TARGETS[name]:.2f} |")
    missed = [name for name, (_, _, ratio) in found.items() if ratio > TARGETS[name]]
    return int(given.check and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
