"""Keys that come from the caller: every generated operation keeps to the caller's own items."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client, override_settings
from rest_framework.authentication import BaseAuthentication, SessionAuthentication

from macaron_django.api import build_viewsets, current_item, generated, url_patterns, viewsets
from macaron_django.auth import generate_token
from macaron_django.dynamodb import persist
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.schemas import Classes

#: What ``check`` says of lists that read more than they answer, as those of this document do.
COSTLY = {"W307", "W308"}
SECRET = "a secret of the test suite, long enough for HS512: 64 bytes or more."
numbers = itertools.count()
ORDER = {
    "type": "object",
    "required": ["order_id"],
    "properties": {
        "tenant_id": {"type": "string"},
        "order_id": {"type": "string"},
        "status": {"type": "string"},
        "note": {"type": "string"},
        "version": {"type": "integer", "readOnly": True},
    },
}
KEYS = {
    "hash_key": "tenant_id",
    "range_key": "order_id",
    "keys_from": {"tenant_id": "claim:tenant"},
    "indexes": {"by_status": {"hash_key": "status", "range_key": "order_id"}},
    "scan": "allowed",
}
REF = {"$ref": "#/components/schemas/Order"}


def json_of(schema):
    return {"content": {"application/json": {"schema": schema}}}


def answer(schema=None):
    return {"description": "", **({} if schema is None else json_of(schema))}


def parameter(name, where="query", **more):
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}, **more}


def operations(key, *others):
    """The operations of a collection at /orders and its items at /orders/{key}."""
    patch = {"content": {"application/merge-patch+json": {"schema": REF}}, "required": True}
    path = [parameter(name, "path") for name in (*others, key)]
    base = "".join(f"/{{{name}}}" for name in others)
    filters = [
        parameter("tenant_id"),
        parameter("status"),
        parameter("from_tenant", **{"x-lookup": "tenant_id__gte"}),
        parameter("tenants", **{"x-lookup": "tenant_id__in"}),
        parameter("ordering"),
    ]
    items = {
        "type": "object",
        "required": ["items", "total"],
        "properties": {
            "items": {"type": "array", "items": REF},
            "next": {"type": ["string", "null"]},
            "total": {"type": "integer"},
        },
    }
    return {
        f"{base}/orders": {
            "parameters": path[:-1],
            "get": {"parameters": filters, "responses": {"200": answer(items)}},
            "post": {"requestBody": {**json_of(REF), "required": True}, "responses": {"201": answer(REF)}},
        },
        f"{base}/orders/{{{key}}}": {
            "parameters": path,
            "get": {"responses": {"200": answer(REF)}},
            "put": {
                "requestBody": {**json_of(REF), "required": True},
                "responses": {"200": answer(REF), "201": answer(REF)},
            },
            "patch": {"requestBody": patch, "responses": {"200": answer(REF)}},
            "delete": {"responses": {"204": answer()}},
        },
    }


class Caller(Client):
    """Somebody of a tenant, who sends JSON."""

    def __init__(self, tenant=None, html=False, **claims):
        super().__init__(raise_request_exception=False)
        token = generate_token(
            f"somebody of {tenant}", data={**({} if tenant is None else {"tenant": tenant}), **claims}
        )
        self.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        if html:
            self.defaults["HTTP_ACCEPT"] = "text/html"

    def send(self, method, url, body=None, kind="application/json", **headers):
        return self.generic(method, url, "" if body is None else json.dumps(body), content_type=kind, headers=headers)


@pytest.fixture
def served(document, dynamodb, settings):
    """Serve orders: ``served(paths, schema, **x_persist)`` returns the model that keeps them."""
    labels = []
    settings.MACARON = {**settings.MACARON, "JWT": {"SECRET": SECRET}}
    overrides = []

    def make(paths=None, schema=ORDER, hooks=None, security=({"jwt": []},), components=(), **options):
        api = f"tenants{next(numbers)}"
        labels.append(f"macaron_{api}")
        described = document(
            operations("order_id") if paths is None else paths,
            {"Order": {**schema, "x-persist": {"table": api, **KEYS, **options}}},
            security=[*security],
            components={"securitySchemes": {"jwt": {"type": "http", "scheme": "bearer"}}, **dict(components)},
        )
        classes = Classes(api, described)
        persistence = persist(api, labels[-1], described.schemas["Order"], classes)
        create_table(persistence.table)
        made = build_viewsets(api, described, classes)
        if hooks is not None:
            stock = made["Orders"]
            viewsets.register(type("Own", (stock,), dict(hooks)))
        urls = type("urls", (), {"urlpatterns": url_patterns(api, made)})
        overrides.append(override_settings(ROOT_URLCONF=urls))
        overrides[-1].enable()
        model = made.stores["Order"].model
        model.found = made.findings()
        return model

    yield make
    for each in reversed(overrides):
        each.disable()
    for label in labels:
        apps.all_models.pop(label, None)


def fill(model, tenants=("acme", "other"), count=3):
    for tenant in tenants:
        for number in range(count):
            model.objects.create(tenant_id=tenant, order_id=f"o{number}", status="open", note=f"of {tenant}")
    model.objects.create(tenant_id=tenants[-1], order_id="theirs", status="open", note=f"of {tenants[-1]}")


def stored(model):
    return sorted((row.tenant_id, row.order_id, row.note) for row in model.objects.all())


def context(self):
    return {"request": self.request, "view": self}


def own_filters(self, queryset):
    return queryset


HOOKS = {
    "stores": None,
    "rows": {
        "get_serializer_context": context,
        "perform_create": lambda self, serializer: serializer.save(**self.path_values()),
    },
    "narrowed": {"get_queryset": lambda self: self.store.queryset().filter(status="open")},
    "filters of its own": {"filter_queryset": own_filters},
}


@pytest.mark.parametrize("hooks", HOOKS.values(), ids=HOOKS)
def test_no_operation_reaches_another_tenant_s_items(served, hooks):
    model = served(hooks=hooks)
    fill(model)
    before = stored(model)
    theirs = [each for each in before if each[0] == "other"]
    acme = Caller("acme")
    merge = "application/merge-patch+json"

    # an item that only the other tenant has
    for method, body, kind in (
        ("GET", None, None),
        ("HEAD", None, None),
        ("PATCH", {"note": "changed"}, merge),
        ("DELETE", None, None),
    ):
        assert acme.send(method, "/orders/theirs", body, kind or "application/json").status_code == 404, method
    for url in ("/orders/other%2Ftheirs", "/orders/" + quote('["other","theirs"]'), "/orders/theirs?tenant_id=other"):
        assert acme.get(url).status_code == 404

    # another tenant's id in the body
    for method, url, kind in (
        ("POST", "/orders", "application/json"),
        ("PUT", "/orders/o0", "application/json"),
        ("PATCH", "/orders/o0", merge),
    ):
        for other in ("other", None, "", ["other"]):
            refused = acme.send(
                method, url, {"order_id": "o0", "tenant_id": other, "status": "open", "note": "changed"}, kind
            )
            assert refused.status_code == 400, (method, other)
            assert "/tenant_id" in {error["pointer"] for error in refused.json()["errors"]}
    assert stored(model) == before

    # lists, whatever filters them
    for query in (
        "",
        "?tenant_id=other",
        "?from_tenant=a",
        "?tenants=other,acme",
        "?tenants=other",
        "?status=open",
        "?status=open&tenant_id=other",
        "?tenant_id=acme",
        "?ordering=order_id",
        "?ordering=-order_id",
        "?limit=1",
        "?tenant_id=acme&tenant_id=other",
    ):
        listed = acme.get(f"/orders{query}")
        if listed.status_code == 400:
            continue
        body = listed.json()
        assert {each["tenant_id"] for each in body["items"]} <= {"acme"}, query
        assert body["total"] <= 3

    # what the caller may do
    assert acme.get("/orders/o1").json()["note"] == "of acme"
    made = acme.send("POST", "/orders", {"order_id": "new", "status": "open", "note": "mine"})
    assert (made.status_code, made.json()["tenant_id"], made["Location"].rpartition("/")[2]) == (201, "acme", "new")
    same = acme.send("PUT", "/orders/theirs", {"order_id": "theirs", "status": "open", "note": "mine, too"})
    assert (same.status_code, same.json()["tenant_id"]) == (201, "acme")
    assert acme.send("PUT", "/orders/o0", {"order_id": "o0", "status": "open", "note": "put"}).status_code == 200
    assert acme.send("PATCH", "/orders/o1", {"note": "patched", "tenant_id": "acme"}, merge).status_code == 200
    assert acme.delete("/orders/o2").status_code == 204

    assert [each for each in stored(model) if each[0] == "other"] == theirs
    assert [each for each in stored(model) if each[0] == "acme"] == [
        ("acme", "new", "mine"),
        ("acme", "o0", "put"),
        ("acme", "o1", "patched"),
        ("acme", "theirs", "mine, too"),
    ]


def cancel(order_id, request):
    order = current_item(request)
    order.status = "cancelled"
    order.save()
    return order


def change(order_id, request):
    return generated(request, {"note": "changed"})


def show(request, order_id=None):
    return generated(request)


def test_handlers_reach_the_caller_s_items_alone(served):
    paths = operations("order_id")
    paths["/orders"]["get"]["x-bind-server"] = paths["/orders/{order_id}"]["get"]["x-bind-server"] = f"{__name__}.show"
    answers = {"responses": {"200": answer(REF)}}
    for name in ("cancel", "change"):
        paths[f"/orders/{{order_id}}/{name}"] = {
            "parameters": [parameter("order_id", "path")],
            "post": {"x-bind-server": f"{__name__}.{name}", **answers},
        }
    model = served(paths)
    fill(model)
    before = [each for each in stored(model) if each[0] == "other"]
    acme = Caller("acme")

    for method, url in (
        ("GET", "/orders/theirs"),
        ("POST", "/orders/theirs/cancel"),
        ("POST", "/orders/theirs/change"),
        ("POST", "/orders/theirs/cancel?tenant_id=other"),
    ):
        assert acme.send(method, url).status_code == 404, url
    assert {each["tenant_id"] for each in acme.get("/orders?tenants=other,acme").json()["items"]} == {"acme"}
    assert acme.send("POST", "/orders/o0/cancel").json()["status"] == "cancelled"
    assert acme.send("POST", "/orders/o1/change").json()["note"] == "changed"
    assert acme.get("/orders/o1").json()["note"] == "changed"
    assert [each for each in stored(model) if each[0] == "other"] == before
    assert {row.status for row in model.objects.filter(tenant_id="other")} == {"open"}


@pytest.mark.parametrize("hooks", [HOOKS["stores"], HOOKS["rows"]], ids=["stores", "rows"])
def test_a_tenant_that_no_key_can_hold_has_no_items_and_makes_none(served, hooks):
    model = served(hooks=hooks)
    endless = Caller("a" * 2100)
    refused = endless.send("POST", "/orders", {"order_id": "o1"})
    assert (refused.status_code, refused.json()["error"]) == (403, "CLAIM_MISSING")
    assert endless.get("/orders/o1").status_code == 404
    assert endless.get("/orders").json()["items"] == []
    assert stored(model) == []


def test_a_cursor_of_another_tenant_is_refused(served):
    model = served()
    fill(model)
    acme, other = Caller("acme"), Caller("other")
    following = acme.get("/orders?limit=1").json()["next"]

    assert [each["tenant_id"] for each in acme.get(following).json()["items"]] == ["acme"] * 1
    refused = other.get(following)
    assert (refused.status_code, refused.json()["error"]) == (400, "INVALID_CURSOR")
    found, url = [], "/orders?limit=2"
    while url:
        page = other.get(url).json()
        found += page["items"]
        url = page["next"]
    assert [(each["tenant_id"], each["order_id"]) for each in found] == [
        ("other", "o0"),
        ("other", "o1"),
        ("other", "o2"),
        ("other", "theirs"),
    ]


def test_a_list_reads_the_caller_s_partition_alone(served):
    model = served(scan="forbidden")
    assert {finding.id for finding in model.found} <= COSTLY
    fill(model, count=1)

    assert [each["note"] for each in Caller("other").get("/orders").json()["items"]] == ["of other", "of other"]


@pytest.mark.parametrize(
    "method",
    ["GET /orders", "POST /orders", "GET /orders/o0", "PUT /orders/o0", "PATCH /orders/o0", "DELETE /orders/o0"],
)
@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"tenant": ""},
        {"tenant": None},
        {"tenant": True},
        {"tenant": ["acme", "other"]},
        {"tenant": {"$in": ["acme"]}},
        {"tenant": 1.5},
    ],
    ids=str,
)
def test_a_token_that_names_no_tenant_reaches_nothing(served, method, claims):
    model = served()
    fill(model, count=1)
    before = stored(model)
    verb, url = method.split()
    kind = "application/merge-patch+json" if verb == "PATCH" else "application/json"

    refused = Caller(**claims).send(
        verb, url, {"order_id": "o0", "tenant_id": "acme"} if verb in {"POST", "PUT", "PATCH"} else None, kind
    )

    assert (refused.status_code, refused.json()["error"]) == (403, "CLAIM_MISSING")
    assert "tenant" in refused.json()["error_description"]
    assert stored(model) == before


def test_nobody_without_credentials_reaches_anything(served):
    model = served(security=())
    fill(model, count=1)
    client = Client(raise_request_exception=False)

    for answered in (client.get("/orders"), client.get("/orders/o0"), client.delete("/orders/o0")):
        assert (answered.status_code, answered.json()["error"]) == (401, "AUTHORIZATION_HEADER_MISSING")
    assert {finding.id for finding in model.found} - COSTLY == {"W309"}
    assert len([finding for finding in model.found if finding.id == "W309"]) == 6


def test_a_path_that_gives_the_tenant_keeps_to_the_caller_s(served):
    model = served(operations("order_id", "tenant_id"))
    fill(model)
    before = stored(model)
    acme = Caller("acme")

    assert acme.get("/acme/orders/o0").json()["note"] == "of acme"
    assert len(acme.get("/acme/orders").json()["items"]) == 3
    for method, url, body in (
        ("GET", "/other/orders", None),
        ("GET", "/other/orders?tenant_id=acme", None),
        ("POST", "/other/orders", {"order_id": "x"}),
        ("GET", "/other/orders/o0", None),
        ("PUT", "/other/orders/o0", {"order_id": "o0"}),
        ("DELETE", "/other/orders/o0", None),
    ):
        assert acme.send(method, url, body).status_code == 404, (method, url)
    assert acme.get("/acme/orders?tenant_id=other").json()["items"] == []
    assert stored(model) == before


def test_a_filter_cannot_replace_what_a_path_gives(served):
    model = served(operations("order_id", "tenant_id"), keys_from=None)
    fill(model)

    assert Caller("anybody").get("/acme/orders?tenant_id=other").json()["items"] == []
    assert len(Caller("anybody").get("/acme/orders?tenant_id=acme").json()["items"]) == 3


@pytest.mark.parametrize("read_only", [True, False])
def test_the_last_parameter_is_the_key_that_the_path_has_to_give(served, read_only):
    schema = {**ORDER, "properties": {**ORDER["properties"], "tenant_id": {"type": "string", "readOnly": read_only}}}
    model = served(operations("id"), schema, hash_key="order_id", range_key="tenant_id", indexes={})
    fill(model)
    before = stored(model)
    acme = Caller("acme")

    assert acme.get("/orders/o0").json()["note"] == "of acme"
    assert acme.get("/orders/theirs").status_code == 404
    assert acme.delete("/orders/theirs").status_code == 404
    body = {"order_id": "theirs", "tenant_id": "other", "note": "changed"}
    if read_only:  # what a client sends for it is ignored
        assert acme.send("POST", "/orders", body).json()["tenant_id"] == "acme"
        acme.send("PATCH", "/orders/theirs", body, "application/merge-patch+json")
        acme.send("PUT", "/orders/theirs", body)
    else:
        assert acme.send("POST", "/orders", body).status_code == 400
    assert [each for each in stored(model) if each[0] == "other"] == [each for each in before if each[0] == "other"]


def test_a_number_in_a_claim_is_a_key_of_either_type(served):
    schema = {**ORDER, "properties": {**ORDER["properties"], "tenant_id": {"type": "integer"}}}
    model = served(schema=schema, indexes={})
    for tenant in (7, 8):
        model.objects.create(tenant_id=tenant, order_id="o", note=str(tenant))

    for claim in (7, "7"):
        assert Caller(claim).get("/orders/o").json()["note"] == "7"
    refused = Caller("acme").get("/orders/o")
    assert (refused.status_code, refused.json()["error"]) == (403, "CLAIM_MISSING")


def test_items_may_be_their_user_s(served):
    model = served(keys_from={"tenant_id": "user"})
    fill(model, tenants=("somebody of a", "somebody of b"))

    assert Caller("a").get("/orders/theirs").status_code == 404
    assert Caller("b").get("/orders/theirs").json()["tenant_id"] == "somebody of b"


def test_claims_may_come_from_any_authenticator(served, db):
    class ByHeader(BaseAuthentication):
        def authenticate(self, request):
            return User(username="u"), {"tenant": request.headers["X-Tenant"]}

    model = served(hooks={"authentication_classes": [ByHeader]})
    fill(model)

    client = Client(raise_request_exception=False)
    assert client.get("/orders/theirs", headers={"X-Tenant": "other"}).status_code == 200
    assert client.get("/orders/theirs", headers={"X-Tenant": "acme"}).status_code == 404


def test_a_session_without_claims_reaches_nothing(served, db):
    model = served(hooks={"authentication_classes": [SessionAuthentication]})
    fill(model)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create(username="u"))

    assert client.get("/orders").json()["error"] == "CLAIM_MISSING"


def test_pages_of_the_browsable_api_keep_to_the_caller_s_items(served):
    model = served()
    fill(model)
    page = Caller("acme", html=True)

    assert "of other" not in page.get("/orders").content.decode()
    assert page.get("/orders/theirs").status_code == 404
    assert page.send("OPTIONS", "/orders/theirs").status_code in {200, 404}


def test_the_guide_s_spec_does_what_its_table_says(document, dynamodb, served):
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "tenants.md").read_text("utf-8")
    written = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
    spec = yaml.safe_load(written)
    order = spec["components"]["schemas"].pop("Order")
    options = order.pop("x-persist")
    model = served(
        spec["paths"],
        order,
        security=spec["security"],
        components={name: spec["components"][name] for name in ("requestBodies", "responses", "securitySchemes")},
        **{"indexes": {}, **options},
    )
    acme, other = (Caller(tenant, scope="orders:write") for tenant in ("acme", "other"))

    made = [other.send("POST", "/orders", {"status": "open", "tenant_id": "acme"}).json() for _ in range(3)]
    mine = acme.send("POST", "/orders", {"status": "paid"}).json()
    url = f"/orders/{made[0]['order_id']}"
    assert {finding.id for finding in model.found} <= COSTLY
    assert {each["tenant_id"] for each in made} == {"other"}
    assert acme.get("/orders").json() == [mine]
    assert acme.get("/orders?status=open").json() == []
    assert [acme.send(method, url, {"status": "sent"}).status_code for method in ("GET", "PUT", "DELETE")] == [404] * 3
    cursor = other.get("/orders?limit=1")["Link"].partition(">")[0].lstrip("<")
    assert acme.get(cursor).json()["error"] == "INVALID_CURSOR"
    assert Caller(["acme"]).get("/orders").status_code == 403
    assert Client().get("/orders").status_code == 401
    assert Caller("acme").send("POST", "/orders", {"status": "open"}).json()["error"] == "INSUFFICIENT_SCOPE"
    assert other.send("PUT", url, {"status": "sent"}).json()["status"] == "sent"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"keys_from": {"tenant_id": "claim:tenant"}}, []),
        ({"keys_from": {"order_id": "user"}}, []),
        ({"keys_from": "claim:tenant"}, ["E047"]),
        ({"keys_from": {"tenant_id": "header:X-Tenant"}}, ["E047"]),
        ({"keys_from": {"tenant_id": "claim:"}}, ["E047"]),
        ({"keys_from": {"tenant_id": 7}}, ["E047"]),
        ({"keys_from": {"status": "claim:tenant"}}, ["E042"]),
        ({"keys_form": {}}, ["E041"]),
    ],
)
def test_what_keys_from_can_not_mean_is_an_error_with_its_line(document, options, found):
    from macaron_django import openapi

    persist_ = {"table": "orders", "hash_key": "tenant_id", "range_key": "order_id", **options}
    findings = openapi.check(document({}, {"Order": {**ORDER, "x-persist": persist_}}))
    assert [finding.id for finding in findings if finding.level == "error"] == found


@pytest.mark.parametrize("hooks", [HOOKS["stores"], HOOKS["rows"]], ids=["stores", "rows"])
@pytest.mark.parametrize("is_required", [True, False])
def test_a_property_is_filled_from_a_claim(served, hooks, is_required):
    team = {"type": "string", "readOnly": True, "x-generated": "claim:team"}
    required = [*ORDER["required"], *(["team"] if is_required else [])]
    model = served(
        schema={**ORDER, "required": required, "properties": {**ORDER["properties"], "team": team}}, hooks=hooks
    )
    made = Caller("acme", team="north").send("POST", "/orders", {"order_id": "o1", "team": "theirs"})
    assert (made.status_code, made.json()["team"]) == (201, "north")
    without = Caller("acme").send("POST", "/orders", {"order_id": "o2"})
    if is_required:
        assert (without.status_code, without.json()["error"]) == (403, "CLAIM_MISSING")
        assert len(stored(model)) == 1
    else:
        assert (without.status_code, "team" in without.json()) == (201, False)
