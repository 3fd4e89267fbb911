"""``UNKNOWN_PROPERTIES``: what becomes of properties in bodies that no schema declares, over both ways of the store."""

from __future__ import annotations

import itertools
import json

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.test import Client, override_settings

from macaron_django.api import build_viewsets, url_patterns, viewsets
from macaron_django.api.checks.open_schema_checks import open_writes
from macaron_django.dynamodb import persist
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.schemas import Classes

numbers = itertools.count()
FEW_LINES = {"schema": {"type": "array", "maxItems": 9}, "itemSchema": {"$ref": "#/components/schemas/Line"}}
LINE = {"type": "object", "properties": {"sku": {"type": "string"}}}
SCHEMAS = {
    "Order": {
        "type": "object",
        "properties": {
            "order_id": {"type": "string"},
            "total": {"type": "integer"},
            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
            "payment": {
                "anyOf": [
                    {"type": "object", "properties": {"card": {}}},
                    {"type": "object", "properties": {"iban": {}}},
                ]
            },
            "labels": {"type": "object"},
            "prices": {"type": "object", "additionalProperties": {"type": "integer"}},
            "open": {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
            "patterned": {"type": "object", "properties": {"a": {}}, "patternProperties": {"^x-": {}}},
        },
    },
    "Line": LINE,
    "NewOrder": {"allOf": [{"$ref": "#/components/schemas/Order"}, {"required": ["total"]}]},
}
KNOWN = {
    "order_id": "a",
    "total": 1,
    "lines": [{"sku": "s"}],
    "payment": {"iban": "x"},
    "labels": {"any": 1},
    "prices": {"any": 1},
    "open": {"a": 1, "any": 1},
    "patterned": {"a": 1, "x-b": 1},
}
SENT = {
    **KNOWN,
    "approved_by": "me",
    "lines": [{"sku": "s", "discount": 9}],
    "payment": {"iban": "x", "paid": True},
    "patterned": {"a": 1, "x-b": 1, "c": 1},
}
UNKNOWN = ["/approved_by", "/lines/0/discount", "/patterned/c", "/payment/paid"]
MERGE = "application/merge-patch+json"


def body(name, media_type="application/json"):
    return {"required": True, "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


ANSWER = {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
LISTED = {
    "description": "",
    "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}}},
}
PATHS = {
    "/orders": {
        "get": {"responses": {"200": LISTED}},
        "post": {"requestBody": body("NewOrder"), "responses": {"201": ANSWER}},
    },
    "/orders/{order_id}": {
        "parameters": [{"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "put": {"requestBody": body("Order"), "responses": {"200": ANSWER}},
        "patch": {"requestBody": body("Order", MERGE), "responses": {"200": ANSWER}},
    },
    "/echo": {
        "post": {"x-bind-server": f"{__name__}.echo", "requestBody": body("Order"), "responses": {"200": ANSWER}}
    },
    "/lines": {
        "post": {
            "x-bind-server": f"{__name__}.count",
            "requestBody": {"content": {"application/x-ndjson": {"itemSchema": {"$ref": "#/components/schemas/Line"}}}},
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": {}}}}},
        }
    },
    "/few-lines": {
        "post": {
            "x-bind-server": f"{__name__}.count",
            "requestBody": {"content": {"application/x-ndjson": FEW_LINES}},
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": {}}}}},
        }
    },
}


def echo(body):
    return body


def count(body):
    return [each.to_json() for each in body]


@pytest.fixture
def served(document, dynamodb, settings):
    """Serve orders under a policy: returns what sends JSON, and the model."""
    labels, overrides = [], []

    def make(policy, rows=False):
        api = f"unknown{next(numbers)}"
        labels.append(f"macaron_{api}")
        options = {"table": api, "hash_key": "order_id", "scan": "allowed"}
        schemas = {**SCHEMAS, "Order": {**SCHEMAS["Order"], "x-persist": options}}
        described = document(PATHS, schemas, security=[])
        classes = Classes(api, described)
        create_table(persist(api, labels[-1], described.schemas["Order"], classes).table)
        made = build_viewsets(api, described, classes)
        if rows:
            stock = made["Orders"]
            viewsets.register(
                type("Own", (stock,), {"get_serializer_context": lambda self: {"view": self, "request": self.request}})
            )
        if isinstance(policy, dict):
            policy = {name.replace("api", api): each for name, each in policy.items()}
        settings.MACARON = {**settings.MACARON, "UNKNOWN_PROPERTIES": policy}
        overrides.append(override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": url_patterns(api, made)})))
        overrides[-1].enable()
        client = Client(raise_request_exception=False)

        def send(method, url, sent, kind="application/json"):
            return client.generic(method, url, sent if isinstance(sent, str) else json.dumps(sent), content_type=kind)

        send.viewsets = made
        return send, made.stores["Order"].model

    yield make
    for each in reversed(overrides):
        each.disable()
    for label in labels:
        apps.all_models.pop(label, None)


def kept(model):
    return [row.to_json() for row in model.objects.all()]


@pytest.mark.parametrize("rows", [False, True], ids=["store", "rows"])
def test_keep_is_the_default_and_what_json_schema_says(served, rows):
    send, model = served("keep", rows)
    assert send("POST", "/orders", SENT).status_code == 201
    assert kept(model) == [SENT]


@pytest.mark.parametrize("rows", [False, True], ids=["store", "rows"])
def test_drop_leaves_unknown_properties_out_at_any_depth(served, rows):
    send, model = served("drop", rows)
    model.from_json({"order_id": "old", "total": 1, "by_another_program": 1}).save(force_insert=True)
    assert send("POST", "/orders", SENT).json() == KNOWN
    assert send("PUT", "/orders/a", SENT).json() == KNOWN
    assert send("PATCH", "/orders/a", SENT, MERGE).json() == KNOWN
    patched = send("PATCH", "/orders/old", {"total": 2, "by_another_program": None, "x": 1}, MERGE)
    assert patched.json() == {"order_id": "old", "total": 2, "by_another_program": 1}
    assert min(kept(model), key=lambda each: each["order_id"]) == KNOWN
    assert send("POST", "/echo", SENT).json() == KNOWN
    lines = send("POST", "/lines", '{"sku": "a", "discount": 1}\n{"sku": "b"}\n', "application/x-ndjson")
    assert lines.json() == [{"sku": "a"}, {"sku": "b"}]


@pytest.mark.parametrize("rows", [False, True], ids=["store", "rows"])
def test_refuse_answers_400_with_each_unknown_property(served, rows):
    send, model = served("refuse", rows)
    assert send("POST", "/orders", KNOWN).status_code == 201
    for method, url, kind in (
        ("POST", "/orders", "application/json"),
        ("PUT", "/orders/a", "application/json"),
        ("PATCH", "/orders/a", MERGE),
        ("POST", "/echo", "application/json"),
    ):
        refused = send(method, url, SENT, kind)
        assert refused.status_code == 400
        assert sorted(error["pointer"] for error in refused.json()["errors"]) == UNKNOWN
        assert {error["location"] for error in refused.json()["errors"]} == {"body"}
        assert send(method, url, {**KNOWN, "order_id": "a"}, kind).status_code in {200, 409}
    for path in ("/lines", "/few-lines"):
        lines = send("POST", path, '{"sku": "a"}\n{"discount": 1}\n', "application/x-ndjson")
        assert [error["pointer"] for error in lines.json()["errors"]] == ["/1/discount"]
    assert kept(model) == [KNOWN]


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ({"api": "drop"}, KNOWN),
        ({"other": "drop"}, SENT),
        ({"api.Order": "drop"}, KNOWN),
        ({"api.NewOrder": "drop"}, KNOWN),
        ({"api.Line": "drop"}, {**SENT, "lines": KNOWN["lines"]}),
        ({"api": "drop", "api.Line": "keep"}, {**KNOWN, "lines": SENT["lines"]}),
        ({"api.Line": "refuse", "api": "keep"}, None),
    ],
)
def test_a_policy_may_be_an_api_s_or_a_schema_s(served, policy, outcome):
    send, model = served(policy)
    answered = send("POST", "/orders", SENT)
    assert answered.status_code == (400 if outcome is None else 201)
    assert kept(model) == ([] if outcome is None else [outcome])


def test_a_policy_that_there_is_not_serves_no_body(served):
    send, model = served("ignore")
    assert send("POST", "/orders", KNOWN).status_code == 500
    assert kept(model) == []


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("ignore", "Use 'keep'"),
        ({"nowhere": "drop"}, "'nowhere'"),
        ({"ping.Pong": "ignore"}, "Use "),
        (None, "Use "),
    ],
)
def test_a_policy_that_there_is_not_is_an_error(value, hint, settings):
    settings.MACARON = {**settings.MACARON, "UNKNOWN_PROPERTIES": value}
    found = [message for message in run_checks() if message.id == "macaron_django.E102"]
    assert len(found) == 1
    assert hint in found[0].hint


def test_policies_that_there_are_are_no_error(settings):
    for value in ("keep", "drop", "refuse", {}, {"ping": "drop", "ping.Pong": "refuse"}):
        settings.MACARON = {**settings.MACARON, "UNKNOWN_PROPERTIES": value}
        assert [message for message in run_checks() if message.id == "macaron_django.E102"] == []


@pytest.mark.parametrize(
    ("policy", "warned"),
    [
        ("keep", ["W402"]),
        ("drop", []),
        ("refuse", []),
        ({"api": "refuse"}, []),
        ({"api.Order": "refuse"}, []),
        ({"api": "refuse", "api.Line": "keep"}, ["W402"]),
        ({"other": "refuse"}, ["W402"]),
    ],
)
def test_check_deploy_warns_of_schemas_that_keep_anything(served, policy, warned):
    send, _model = served(policy)
    found = list(open_writes(send.viewsets.served()))
    assert [finding.id for finding in found] == warned
    assert all("Order" in finding.message for finding in found)


def test_check_deploy_does_not_warn_of_closed_schemas(served, monkeypatch):
    closed = {**LINE, "additionalProperties": False}
    monkeypatch.setitem(SCHEMAS, "Line", closed)
    order = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"order_id": {"type": "string"}, "lines": {"type": "array", "items": closed}},
    }
    monkeypatch.setitem(SCHEMAS, "Order", order)
    monkeypatch.setitem(SCHEMAS, "NewOrder", order)
    send, _model = served("keep")
    assert list(open_writes(send.viewsets.served())) == []
