"""Pages of generated lists of items: what one of them may read and hold, counted in DynamoDB's own answers."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client, override_settings

from macaron_django import events
from macaron_django.api import build_viewsets, url_patterns
from macaron_django.dynamodb import persist
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.schemas import Classes

numbers = itertools.count()
ORDER = {
    "type": "object",
    "required": ["order_id"],
    "properties": {
        "tenant": {"type": "string"},
        "order_id": {"type": "string"},
        "customer": {"type": "string"},
        "status": {"type": "string"},
        "note": {"type": "string"},
    },
}
LISTED = {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}
ANSWER = {"200": {"description": "", "content": {"application/json": {"schema": LISTED}}}}
TENANT = {"name": "tenant", "in": "path", "required": True, "schema": {"type": "string"}}


def by(name, **more):
    return {"name": name, "in": "query", "schema": {"type": "string"}, **more}


class Counted(events.Subscriber):
    """What calls to DynamoDB read: their number, and the items."""

    def __init__(self):
        self.counted = Counter()

    def dynamodb_call(self, began):
        if began.operation == "BatchGetItem":
            self.counted["items"] += sum(len(wanted["Keys"]) for wanted in began.parameters["RequestItems"].values())

    def dynamodb_call_ended(self, ended):
        self.counted["calls"] += 1
        self.counted["items"] += ended.answer.get("ScannedCount", 0)


@pytest.fixture
def read():
    subscriber = Counted()
    events.subscribe(subscriber)
    yield subscriber.counted
    events.unsubscribe(subscriber)


@pytest.fixture
def orders(document, dynamodb):
    """Serve the orders of a tenant: ``orders(parameters)`` returns a client and the model."""
    labels, overrides = [], []

    def make(parameters=(), operation=None, answer=ANSWER, status=None, **options):
        api = f"pages{next(numbers)}"
        labels.append(f"macaron_{api}")
        persisted = {"table": api, "hash_key": "tenant", "range_key": "order_id", **options}
        properties = {**ORDER["properties"], "status": {"type": "string", **(status or {})}}
        listing = {"parameters": list(parameters), "responses": answer, **(operation or {})}
        described = document(
            {
                "/tenants/{tenant}/orders": {"parameters": [TENANT], "get": listing},
                "/orders": {"get": {"parameters": list(parameters), "responses": ANSWER}},
            },
            {"Order": {**ORDER, "properties": properties, "x-persist": persisted}},
            security=[],
        )
        classes = Classes(api, described)
        persist(api, labels[-1], described.schemas["Order"], classes)
        viewsets = build_viewsets(api, described, classes)
        model = viewsets.stores["Order"].model
        create_table(model.objects.persistence.table)
        urls = type("urls", (), {"urlpatterns": url_patterns(api, viewsets)})
        overrides.append(override_settings(ROOT_URLCONF=urls))
        overrides[-1].enable()
        return Client(raise_request_exception=False), model

    yield make
    for change in reversed(overrides):
        change.disable()
    for label in labels:
        apps.all_models.pop(label, None)


@pytest.fixture
def limited():
    """Change the settings of DynamoDB for one test."""
    overrides = []

    def change(**given):
        section = {**settings.MACARON.get("DYNAMODB", {}), **given}
        overrides.append(override_settings(MACARON={**settings.MACARON, "DYNAMODB": section}))
        overrides[-1].enable()

    yield change
    for each in reversed(overrides):
        each.disable()


def fill(model, count, tenant="huge", **values):
    items = model.objects.persistence
    puts = [
        {
            "tenant": {"S": tenant},
            "order_id": {"S": f"{number:05}"},
            **{name: {"S": value(number) if callable(value) else value} for name, value in values.items()},
        }
        for number in range(count)
    ]
    items.batch_write(puts)


def followed(client, url, read=None):
    """The answers of all pages, and the most items that one of them read."""
    pages, most = [], 0
    while url:
        if read is not None:
            read.clear()
        answer = client.get(url)
        assert answer.status_code == 200, answer.content
        pages.append(answer.json())
        most = max(most, read["items"]) if read is not None else 0
        link = answer.headers.get("Link")
        url = link.split(">")[0].removeprefix("<http://testserver") if link else None
    return pages, most


def ids(pages):
    return [int(each["order_id"]) for page in pages for each in page]


def test_a_page_ends_after_the_read_limit_with_what_it_has_and_a_cursor(orders, read):
    client, model = orders([by("status")])
    fill(model, 2502, status=lambda n: "shipped" if n in {0, 1700, 2501} else "open")
    pages, most = followed(client, "/tenants/huge/orders?status=shipped&limit=10", read)
    assert ids(pages) == [0, 1700, 2501]
    assert [len(page) for page in pages] == [1, 1, 1]
    assert most == 1000
    pages, most = followed(client, "/tenants/huge/orders?status=lost&limit=10", read)
    assert (pages, most) == ([[], [], []], 1000)


def test_the_read_limit_is_the_settings_the_operations_or_the_pages_limit(orders, read, limited):
    client, model = orders([by("status")], {"x-read-limit": 30})
    fill(model, 100, status="open")
    assert followed(client, "/tenants/huge/orders?status=lost&limit=10", read) == ([[], [], [], []], 30)
    pages, most = followed(client, "/tenants/huge/orders?limit=50", read)
    assert ([len(page) for page in pages], most) == ([50, 50, 0], 50)
    limited(READ_LIMIT=20)
    assert followed(client, "/tenants/huge/orders?status=lost&limit=10", read)[1] == 30
    client, model = orders([by("status")])
    fill(model, 100, status="open")
    assert followed(client, "/tenants/huge/orders?status=lost&limit=10", read)[1] == 20
    assert followed(client, "/tenants/huge/orders?status=lost&limit=40", read)[1] == 40


def test_a_page_of_what_is_read_reads_one_more_than_it_holds(orders, read):
    client, model = orders()
    fill(model, 200)
    read.clear()
    client.get("/tenants/huge/orders?limit=10")
    assert (read["calls"], read["items"]) == (1, 11)


def test_many_partitions_share_the_read_limit_and_an_empty_one_counts_as_an_item(orders, read, limited):
    limited(READ_LIMIT=20)
    names = by("tenant", explode=False, schema={"type": "array", "items": {"type": "string"}})
    client, model = orders([names, by("status")])
    for tenant in ("a", "m", "z"):
        fill(model, 9, tenant=tenant, status="open")
    tenants = ",".join([*"abcdefghijklmnopqrstuvwxyz", *(f"x{n}" for n in range(40))])
    url, pages, met = f"/orders?tenant={tenants}&status=open&limit=5", 0, []
    while url:
        read.clear()
        answer = client.get(url)
        met += [(each["tenant"], int(each["order_id"])) for each in answer.json()]
        assert read["calls"] <= 20
        assert read["items"] <= 20
        pages += 1
        link = answer.headers.get("Link")
        url = link.split(">")[0].removeprefix("<http://testserver") if link else None
    assert sorted(met) == sorted((tenant, number) for tenant in "amz" for number in range(9))
    assert 4 <= pages <= 20


def test_keys_that_are_read_in_batches_count_too(orders, read, limited):
    limited(READ_LIMIT=20)
    listed = {"explode": False, "schema": {"type": "array", "items": {"type": "string"}}}
    client, model = orders([by("order_id", **listed)])
    fill(model, 60)
    wanted = ",".join(f"{number:05}" for number in range(30, 90))
    pages, most = followed(client, f"/tenants/huge/orders?order_id={wanted}&limit=10", read)
    assert ids(pages) == list(range(30, 60))
    assert most <= 20


def test_an_item_that_is_fetched_for_an_entry_of_an_index_counts_once(orders, read, limited):
    limited(READ_LIMIT=40)
    client, model = orders([by("customer")], indexes={"by_customer": {"hash_key": "customer", "projection": "keys"}})
    fill(model, 50, customer="c")
    pages, most = followed(client, "/orders?customer=c&limit=10", read)
    assert sorted(ids(pages)) == list(range(50))
    assert most <= 2 * 40  # the entries, and as many items


def test_a_page_is_cut_where_its_answer_would_be_too_long(orders, limited):
    client, model = orders()
    weight = 300_000
    fill(model, 30, note=lambda n: chr(97 + n % 26) * weight)
    pages, _ = followed(client, "/tenants/huge/orders?limit=1000")
    assert ids(pages) == list(range(30))
    assert [len(page) for page in pages] == [20, 10]
    answer = client.get("/tenants/huge/orders?limit=1000")
    assert len(answer.content) <= 6 * 1024 * 1024
    limited(MAX_PAGE_BYTES=weight)
    pages, _ = followed(client, "/tenants/huge/orders?limit=4")
    assert [len(page) for page in pages[:30]] == [1] * 30  # no page is without an item for its size
    assert ids(pages) == list(range(30))


@pytest.mark.parametrize("numeral", ["1e125", "1" * 38])
def test_the_length_is_that_of_the_answer_not_of_what_dynamodb_sends(orders, limited, numeral):
    client, model = orders()
    persistence = model.objects.persistence
    limited(MAX_PAGE_BYTES=20_000)
    for number in range(10):
        key = {"tenant": {"S": "huge"}, "order_id": {"S": str(number)}}
        persistence.put_item({**key, "extra": {"L": [{"N": numeral}] * 50}})
    seen, url = [], "/tenants/huge/orders"
    while url:
        answer = client.get(url)
        assert len(answer.content) <= 20_000
        seen += ids([answer.json()])
        link = answer.headers.get("Link")
        url = link.split(">")[0].removeprefix("<http://testserver") if link else None
    assert seen == list(range(10))


def test_a_page_of_entries_that_lead_to_long_items_reads_few_of_them_at_once(orders, read, limited):
    limited(MAX_PAGE_BYTES=1_000_000)
    client, model = orders([by("customer")], indexes={"by_customer": {"hash_key": "customer", "projection": "keys"}})
    fill(model, 260, customer="c", note="x" * 20_000)
    read.clear()
    answer = client.get("/orders?customer=c&limit=1000")
    assert 40 <= len(answer.json()) <= 50
    assert read["items"] <= 260 + 100  # the entries, and one batch of items
    pages, _ = followed(client, "/orders?customer=c&limit=1000")
    assert sorted(ids(pages)) == list(range(260))


def test_query_sets_in_python_keep_their_own_rules(orders, limited):
    limited(READ_LIMIT=5, MAX_PAGE_BYTES=50)
    _, model = orders()
    fill(model, 60, status=lambda n: "last" if n == 59 else "open", note="x" * 100)
    narrowed = model.objects.filter(tenant="huge", status="last")
    assert len(narrowed) == 1
    assert narrowed.count() == 1
    assert len(narrowed.page(10).rows) == 1
    assert len(model.objects.filter(tenant="huge").page(60).rows) == 60


def test_a_capped_scan_reads_no_more_than_either_limit(orders, read, limited):
    client, model = orders([by("status")], scan="capped")
    fill(model, 100, status="open")
    limited(SCAN_LIMIT=30)
    assert followed(client, "/orders?status=lost", read)[1] == 30
    limited(SCAN_LIMIT=30, READ_LIMIT=20)
    assert followed(client, "/orders?status=lost&limit=10", read)[1] == 20


@pytest.mark.parametrize("index", [{"hash_key": "customer"}, {"hash_key": "customer", "range_key": "order_id"}])
def test_the_index_that_leaves_less_is_read_instead_of_the_tables_partition(orders, read, index):
    client, model = orders([by("customer")], indexes={"by_customer": index})
    fill(model, 1502, customer=lambda n: "rare" if n in {7, 1400} else "often")
    pages, most = followed(client, "/tenants/huge/orders?customer=rare", read)
    assert (ids(pages), most) == ([7, 1400], 2)


def test_an_index_by_one_of_few_values_is_left_alone(orders, read):
    client, model = orders([by("status")], indexes={"by_status": "status"}, status={"enum": ["open", "shipped"]})
    fill(model, 300, tenant="other", status="shipped")
    fill(model, 10, status="shipped")
    pages, most = followed(client, "/tenants/huge/orders?status=shipped", read)
    assert (ids(pages), most) == (list(range(10)), 10)


@pytest.mark.parametrize("name", ["order_id", "status"])
def test_two_parameters_of_one_lookup_both_hold(orders, name):
    client, model = orders([by("since", **{"x-lookup": f"{name}__gte"}), by("over", **{"x-lookup": f"{name}__gte"})])
    fill(model, 9, status=lambda n: f"{n:05}")
    for first, second in [("00003", "00007"), ("00007", "00003")]:
        pages, _ = followed(client, f"/tenants/huge/orders?since={first}&over={second}")
        assert ids(pages) == [7, 8]
