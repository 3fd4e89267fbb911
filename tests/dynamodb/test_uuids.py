"""A UUID is one key, however it is spelled."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.test.utils import override_settings

from macaron_django import openapi
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.dynamodb import ItemManager, Persistence, engines, persistence_for, transaction
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.exceptions import ItemExists
from macaron_django.schemas import Classes, build_model

MakePersistence = Callable[..., Persistence]

LOWER = "0a3b1c9e-2f4d-4e6a-8b7c-9d0e1f2a3b4c"
UPPER = LOWER.upper()
MIXED = f"{UPPER[:8]}{LOWER[8:]}"
OTHER = "ffffffff-2f4d-4e6a-8b7c-9d0e1f2a3b4c"
ID = {"type": "string", "format": "uuid"}
ORDER = {
    "type": "object",
    "properties": {"id": ID, "line": ID, "owner": ID, "note": ID, "total": {"type": "integer"}},
}


@pytest.fixture
def orders(engine: engines.Engine, make_rows: MakePersistence) -> Any:
    indexes = {"by-owner": {"hash_key": "owner"}}
    return make_rows(ORDER, hash_key="id", indexes=indexes, scan="allowed").model.objects


def test_keys_and_indexes_hold_lower_case_and_keep_the_spelling_given(orders: Any) -> None:
    orders.create(id=UPPER, owner=MIXED, note=UPPER)
    (item,) = orders.persistence.scan(consistent=True).items
    assert item == {
        "id": {"S": LOWER},
        "id#given": {"S": UPPER},
        "owner": {"S": LOWER},
        "owner#given": {"S": MIXED},
        "note": {"S": UPPER},
    }
    assert orders.get().to_json() == {"id": UPPER, "owner": MIXED, "note": UPPER}
    assert orders.persistence.json_of(item) == {"id": UPPER, "owner": MIXED, "note": UPPER}
    assert list(orders.filter(owner=UPPER).as_json()) == [{"id": UPPER, "owner": MIXED, "note": UPPER}]


@pytest.mark.parametrize("spelling", [LOWER, UPPER, MIXED, UUID(LOWER)])
def test_an_item_is_found_and_written_by_any_spelling(orders: Any, spelling: Any) -> None:
    orders.create(id=UPPER, total=1)
    assert orders.get(id=spelling).total == 1
    assert [row.total for row in orders.filter(id__in=[spelling, OTHER])] == [1]
    with pytest.raises(ItemExists):
        orders.create(id=spelling)
    assert orders.filter(id=spelling).update(total=2) == 1
    with transaction():
        orders.filter(id=spelling).update(total=3)
    row = orders.get(id=spelling)
    assert (row.total, row.id) == (3, UUID(LOWER))
    row.total = 4
    row.save()
    assert orders.filter(id=spelling).delete()[0] == 1
    assert orders.count() == 0


def test_with_a_range_key_any_spelling_leads_to_the_same_item(
    engine: engines.Engine, make_rows: MakePersistence
) -> None:
    lines = make_rows(ORDER, hash_key="id", range_key="line").model.objects
    row = lines.create(id=UPPER, line=LOWER, total=1)
    for given in ({"id": LOWER, "line": UPPER}, {"id": MIXED, "line": MIXED}, {"pk": row.pk}):
        assert lines.get(**given).total == 1
    assert [one.total for one in lines.filter(id=LOWER)] == [1]


def test_an_item_with_an_upper_case_key_is_found_by_that_spelling(orders: Any) -> None:
    """As another program has stored it, or this one before it normalised keys."""
    orders.persistence.put_item({"id": {"S": UPPER}, "total": {"N": "1"}})
    assert orders.filter(id=LOWER).count() == 0
    row = orders.get(id=UPPER)
    assert (row.total, row.to_json()["id"]) == (1, UPPER)
    assert [one.total for one in orders.filter(id__in=[OTHER, UPPER])] == [1]
    row.total = 2
    row.save()
    assert orders.filter(id=UPPER).update(total=3) == 1
    with transaction():
        orders.filter(id=UPPER).update(total=4)
    assert orders.persistence.scan(consistent=True).items == [{"id": {"S": UPPER}, "total": {"N": "4"}}]
    assert orders.filter(id=UPPER).delete()[0] == 1


def test_what_is_no_uuid_stays_as_it_is(orders: Any) -> None:
    orders.persistence.put_item(orders.persistence.item_of_json({"id": "Not A UUID", "total": 1}))
    assert orders.persistence.scan(consistent=True).items == [{"id": {"S": "Not A UUID"}, "total": {"N": "1"}}]


@pytest.fixture(scope="module")
def served() -> Any:
    """The persistence of the orders, and the URLs over it."""
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
    ok = {"200": {"description": "", **body}}
    document = openapi.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "Orders", "version": "1"},
            "paths": {
                "/orders": {"post": {"requestBody": body, "responses": {"201": {"description": "", **body}}}},
                "/orders/{id}": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": ID}],
                    "get": {"responses": ok},
                    "put": {"requestBody": body, "responses": ok},
                    "patch": {"requestBody": body, "responses": ok},
                    "delete": {"responses": {"204": {"description": ""}}},
                },
            },
            "components": {"schemas": {"Order": {**ORDER, "x-persist": {"hash_key": "id"}}}},
        }
    )
    classes = Classes("orders", document)
    schema = document.schemas["Order"]
    persistence, bases = persistence_for("orders", schema, classes)
    classes.rows["Order"] = model = build_model(
        schema,
        api="orders",
        label="macaron_uuids",
        classes=classes,
        manager=ItemManager(persistence),
        hash_key="id",
        range_key=None,
        bases=bases,
        module=__name__,
    )
    persistence.bind(model)
    viewsets = build_viewsets("orders", document, classes, {"Order": persistence})
    return persistence, type("urls", (), {"urlpatterns": url_patterns("orders", viewsets)})


@pytest.fixture
def client(engine: engines.Engine, served: Any) -> Any:
    persistence, urls = served
    create_table(persistence.table)
    with override_settings(ROOT_URLCONF=urls):
        client: Any = Client()
        client.persistence = persistence
        yield client


@pytest.mark.parametrize("stored", ["by a client", "by another program"])
def test_generated_operations_take_any_spelling(client: Any, stored: str) -> None:
    def sent(method: str, key: str, json_body: Any) -> Any:
        return client.generic(method, f"/orders/{key}", json.dumps(json_body), content_type="application/json")

    if stored == "by a client":
        assert client.post("/orders", {"id": UPPER, "total": 1}, content_type="application/json").status_code == 201
        again = client.post("/orders", {"id": LOWER}, content_type="application/json")
        assert (again.status_code, again.json()["error"]) == (409, "ITEM_EXISTS")
        other = LOWER
    else:
        client.persistence.put_item({"id": {"S": UPPER}, "total": {"N": "1"}})
        other = UPPER
    for number, key in enumerate((UPPER, other), 2):
        assert client.get(f"/orders/{key}").json()["id"] == UPPER
        assert sent("PATCH", key, {"total": number}).json() == {"id": UPPER, "total": number}
        assert sent("PUT", key, {"id": key, "total": number + 10}).json() == {"id": UPPER, "total": number + 10}
    assert len(client.persistence.scan(consistent=True).items) == 1
    assert client.delete(f"/orders/{other}").status_code == 204
    assert client.get(f"/orders/{UPPER}").status_code == 404
