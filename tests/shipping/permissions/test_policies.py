"""The policy of an API against the calls that its operations make, recorded at the wire, and IAM's evaluation of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client, override_settings
from moto.iam.access_control import IAMPolicy, PermissionResult

from macaron_django import openapi as spec
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.api.plans.item_accesses import generated_accesses
from macaron_django.dynamodb import engines, persist, transaction
from macaron_django.dynamodb.engines import Engine
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.dynamodb.tables.table_accesses import TableAccess, accesses_of_call
from macaron_django.schemas import Classes
from macaron_django.shipping.permissions.policies import AWSAccount, policy_for
from macaron_django.shipping.permissions.recorded_calls import read_recorded
from macaron_django.testing.recorded_engines import RecordedEngine

ACCOUNT = AWSAccount("123456789012", "eu-west-1")
TEXT = {"type": "string"}
numbers = itertools.count()


def _answer(schema: Any = None) -> dict[str, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    return {"description": "Answered.", **content}


def _crud(collection: str, key: str, schema: str, filters: tuple[str, ...]) -> dict[str, Any]:
    ref = {"$ref": f"#/components/schemas/{schema}"}
    names = [part[1:-1] for part in collection.split("/") if part.startswith("{")]
    given = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]
    body = {"required": True, "content": {"application/json": {"schema": ref}}}
    merge = {"required": True, "content": {"application/merge-patch+json": {"schema": ref}}}
    query = [{"name": name, "in": "query", "schema": TEXT} for name in filters]
    return {
        collection: {
            "parameters": given,
            "get": {"parameters": query, "responses": {"200": _answer({"type": "array", "items": ref})}},
            "post": {"requestBody": body, "responses": {"201": _answer(ref)}},
        },
        f"{collection}/{{{key}}}": {
            "parameters": [*given, {"name": key, "in": "path", "required": True, "schema": TEXT}],
            "get": {"responses": {"200": _answer(ref)}},
            "put": {"requestBody": body, "responses": {"200": _answer(ref), "201": _answer(ref)}},
            "patch": {"requestBody": merge, "responses": {"200": _answer(ref)}},
            "delete": {"responses": {"204": _answer()}},
        },
    }


SCHEMAS: dict[str, Any] = {
    "Order": {
        "type": "object",
        "required": ["placed"],
        "properties": dict.fromkeys(("customer", "order", "placed", "reference", "status", "note"), TEXT),
        "x-persist": {
            "table": "policy_orders",
            "hash_key": "customer",
            "range_key": "order",
            "version": "version",
            "indexes": {
                "by_reference": {"hash_key": "reference", "projection": "keys"},
                "by_status": {"hash_key": "status", "range_key": "placed"},
                "by_note": "note",  # that no operation uses
            },
            "local_indexes": {"by_placed": {"range_key": "placed"}},
        },
    },
    "Page": {
        "type": "object",
        "required": ["text"],
        "properties": {"slug": TEXT, "text": TEXT, "author": TEXT},
        "x-persist": {"table": "policy_pages", "hash_key": "slug", "indexes": {"by_author": "author"}},
    },
}
PATHS = {
    **_crud("/customers/{customer}/orders", "order", "Order", ("placed", "reference", "status", "ordering")),
    **_crud("/pages", "slug", "Page", ("author", "slug__in")),
}
ORDERS = "/customers/ada/orders"


class ServedAPI:
    """An API over tables of its own, the calls to which are recorded."""

    def __init__(self, engine: RecordedEngine, label: str) -> None:
        document = spec.load(
            {
                "openapi": "3.1.0",
                "info": {"title": "Orders", "version": "1"},
                "security": [],
                "paths": PATHS,
                "components": {"schemas": SCHEMAS},
            }
        )
        classes = Classes(label, document)
        self.engine = engine
        for schema in SCHEMAS:
            create_table(persist(label, f"macaron_{label}", document.schemas[schema], classes).table, safeguards=False)
        self.viewsets = build_viewsets(label, document, classes)
        self.urls = type("urls", (), {"urlpatterns": url_patterns(label, self.viewsets)})
        self.client = Client(raise_request_exception=False)

    def model(self, schema: str) -> Any:
        return self.viewsets.stores[schema].model

    def send(self, method: str, url: str, body: Any = None, **headers: str) -> int:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        sent = "" if body is None else json.dumps(body)
        return self.client.generic(method, url, sent, content_type=kind, headers=headers).status_code

    def accesses(self) -> set[TableAccess]:
        """What its generated operations need, by their plans."""
        return {
            access
            for viewset, served in self.viewsets.served()
            for access in generated_accesses(served.generated, viewset.store)
        }


@pytest.fixture
def api(dynamodb: Engine) -> Iterator[ServedAPI]:
    engine = RecordedEngine(dynamodb)
    label = f"policies{next(numbers)}"
    with engines.use(engine):
        made = ServedAPI(engine, label)
        with override_settings(ROOT_URLCONF=made.urls):
            yield made
    engine.stop()
    apps.all_models.pop(f"macaron_{label}", None)


def _call_every_operation(api: ServedAPI) -> None:
    order = {"placed": "2026-01-01", "reference": "r1", "status": "open"}
    assert api.send("POST", ORDERS, {"order": "1", **order}) == 201
    assert api.send("PUT", f"{ORDERS}/2", order) == 201
    assert api.send("PUT", f"{ORDERS}/2", order) == 200
    assert api.send("PATCH", f"{ORDERS}/2", {"note": "n"}) == 200
    assert api.send("GET", f"{ORDERS}/2") == 200
    assert api.send("DELETE", f"{ORDERS}/2", **{"If-Match": '"0"'}) == 412
    assert api.send("DELETE", f"{ORDERS}/2") == 204
    for query in ("", "?status=open", "?reference=r1", "?placed=2026-01-01", "?ordering=placed"):
        assert api.send("GET", f"{ORDERS}{query}") == 200, query
    assert api.send("POST", "/pages", {"slug": "a", "text": "t", "author": "ada"}) == 201
    assert api.send("PATCH", "/pages/a", {"text": "u"}) == 200
    assert api.send("PUT", "/pages/b", {"text": "t"}) == 201
    assert api.send("DELETE", "/pages/b") == 204
    for query in ("", "?author=ada", "?slug__in=a", "?slug__in=a,b"):
        assert api.send("GET", f"/pages{query}") == 200, query


def _allows(policy: dict[str, Any], access: TableAccess, account: AWSAccount = ACCOUNT) -> bool:
    verdict = IAMPolicy(json.dumps(policy)).is_action_permitted(
        f"dynamodb:{access.action}", account.arn(access.table, access.index)
    )
    return verdict is PermissionResult.PERMITTED


def test_the_policy_allows_every_recorded_call_and_each_action_is_needed_by_one(api: ServedAPI) -> None:
    with api.engine.recording():
        _call_every_operation(api)
    policy = policy_for(api.accesses(), ACCOUNT)
    assert [access for access in api.engine.seen if not _allows(policy, access)] == []
    assert api.accesses() - api.engine.seen == set()
    assert "*" not in json.dumps(policy)


def test_the_policy_denies_what_no_operation_does(api: ServedAPI) -> None:
    policy = policy_for(api.accesses(), ACCOUNT)
    orders, pages = (api.model(schema).objects.persistence.table_name for schema in ("Order", "Page"))
    assert not _allows(policy, TableAccess(orders, "", "Scan"))
    assert not _allows(policy, TableAccess(orders, "by_note", "Query"))
    assert not _allows(policy, TableAccess(pages, "", "DeleteTable"))
    assert not _allows(policy, TableAccess("other", "", "GetItem"))
    assert not _allows(policy, TableAccess(pages, "", "GetItem"), AWSAccount("210987654321", "eu-west-1"))
    assert _allows(policy, TableAccess(pages, "", "GetItem"))


def test_transactions_batches_and_counts_are_recorded_as_what_they_need(api: ServedAPI) -> None:
    pages = api.model("Page").objects
    table = pages.persistence.table_name
    first, second = (api.model("Page")(slug=slug, text="t") for slug in "ab")
    with api.engine.recording():
        with transaction():
            first.save(force_insert=True)
            transaction.check(second, absent=True)
        transaction.get(pages.filter(slug="a"))
        pages.persistence.batch_write(deletes=[pages.persistence.key_of(first)])
    assert api.engine.seen == {
        TableAccess(table, "", action) for action in ("BatchWriteItem", "ConditionCheckItem", "GetItem", "PutItem")
    }


def test_a_table_may_be_named_by_its_arn() -> None:
    table = ACCOUNT.arn("profiles")
    assert list(accesses_of_call("ListTagsOfResource", {"ResourceArn": table})) == [
        TableAccess("profiles", "", "ListTagsOfResource")
    ]
    assert list(accesses_of_call("ListTables", {})) == []


@pytest.mark.parametrize(
    "said",
    [
        {"action": "GetItem", "table": "*", "index": ""},
        {"action": "*", "table": "orders", "index": ""},
        {"action": "Query", "table": "orders", "index": "${AWS::AccountId}"},
        {"action": "Query", "table": 'orders"', "index": ""},
    ],
)
def test_a_record_names_no_pattern_and_no_expression(tmp_path: Path, said: dict[str, str]) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps({**said, "prefixed": True}), "utf-8")
    with pytest.raises(ValueError, match=r"calls\.jsonl:1: this isn't a recorded call"):
        list(read_recorded(file, "live-"))
