"""Items that other programs write: boto3, pymacaron-dynamodb (which is boto3 with a note of its own), PynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import boto3
import pytest
from pynamodb import attributes
from pynamodb.models import Model

from macaron_django.dynamodb import Persistence, engines

THING = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "age": {"type": "integer"},
        "price": {"type": "number"},
        "on": {"type": "boolean"},
        "made": {"type": "string", "format": "date-time"},
        "photo": {"type": "string", "format": "byte"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "sizes": {"type": "array", "items": {"type": "integer"}},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "floor": {"type": "integer"}}},
        "note": {"type": ["string", "null"]},
    },
}
MADE = datetime(2026, 5, 1, 12, 30, 0, 250_000, tzinfo=timezone.utc)


@pytest.fixture
def things(engine: object, make_rows: Callable[..., Persistence]) -> Any:
    return make_rows(THING, hash_key="id", sets=["tags"], scan="allowed").model.objects


def _check(things: Any) -> None:
    row = things.get(pk="a")
    assert (row.age, row.price, row.on, row.made) == (36, 1.1, True, MADE)
    assert (bytes(row.photo), set(row.tags), row.sizes) == (b"\x00\xff", {"x", "y"}, [1, 2])
    assert (row.address.city, row.address.floor, row.note) == ("Paris", 3, None)
    assert [found.id for found in things.filter(age__gte=36, address__floor=3, tags__contains="x")] == ["a"]


@pytest.mark.parametrize("note", [{}, {"__persistence_class__": "shop.Thing"}])
def test_items_of_boto3_and_of_pymacaron_dynamodb_are_read(
    things: Any, engine: engines.Engine, note: dict[str, str]
) -> None:
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=engine.endpoint_url,
        region_name=engine.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    item = {
        "id": "a",
        "age": Decimal(36),
        "price": Decimal("1.10"),
        "on": True,
        "made": "2026-05-01T14:30:00.25+02:00",
        "photo": b"\x00\xff",
        "tags": {"x", "y"},
        "sizes": [Decimal(1), Decimal(2)],
        "note": None,
        "address": {"city": "Paris", "floor": Decimal(3)},
        **note,
    }
    table = resource.Table(things.persistence.table_name)
    table.put_item(Item=item)
    _check(things)
    row = things.get(pk="a")
    row.age = 37
    row.save()
    assert table.get_item(Key={"id": "a"})["Item"] == {**item, "age": Decimal(37)}


class Address(attributes.MapAttribute[str, Any]):
    city = attributes.UnicodeAttribute()
    floor = attributes.NumberAttribute()


def test_items_of_pynamodb_are_read_and_pynamodb_reads_them_again(things: Any, engine: engines.Engine) -> None:
    meta = {"table_name": things.persistence.table_name, "host": engine.endpoint_url, "region": engine.region}
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}

    class Thing(Model):
        Meta = type("Meta", (), {**meta, **keys})
        id = attributes.UnicodeAttribute(hash_key=True)
        age = attributes.NumberAttribute()
        price = attributes.NumberAttribute()
        on = attributes.BooleanAttribute()
        made = attributes.UTCDateTimeAttribute()
        photo = attributes.BinaryAttribute(legacy_encoding=False)
        tags = attributes.UnicodeSetAttribute()
        sizes = attributes.ListAttribute[Any]()
        address = Address()
        note = attributes.UnicodeAttribute(null=True)

    made = {"age": 36, "price": 1.1, "on": True, "made": MADE, "photo": b"\x00\xff", "tags": {"x", "y"}}
    Thing("a", **made, sizes=[1, 2], address=Address(city="Paris", floor=3)).save()
    _check(things)
    row = things.get(pk="a")
    row.age, row.address.city = 37, "Rome"
    row.save()
    again = Thing.get("a")
    assert (again.age, again.made, again.address.city, again.tags) == (37, MADE, "Rome", {"x", "y"})
