"""The list of items: searched by keys and indexes, paged both ways, sorted and filtered as DynamoDB can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock
from urllib.parse import urljoin

import pytest

ORDER = {
    "type": "object",
    "description": "What somebody ordered.",
    "required": ["customer", "number", "state", "placed"],
    "properties": {
        "customer": {"type": "string"},
        "number": {"type": "integer"},
        "state": {"type": "string", "enum": ["new", "paid", "sent"]},
        "placed": {"type": "string", "format": "date-time"},
        "paid": {"type": "boolean"},
        "note": {"type": "string"},
        "secret": {"type": "string", "format": "password"},
        "lines": {"type": "array", "items": {"type": "string"}},
    },
}
KEYS = {"hash_key": "customer", "range_key": "number", "scan": "forbidden"}
INDEXES = {"by_state": {"hash_key": "state", "range_key": "placed"}}


@pytest.fixture
def orders(make_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Orders of two customers, in an admin of four a page."""
    shop = make_shop(ORDER, "Order", indexes=INDEXES, **KEYS)
    monkeypatch.setattr("macaron_django.admin.ItemAdmin.list_per_page", 4)
    for number in range(10):
        for customer in ("ada", "bob"):
            shop.model.objects.create(
                customer=customer,
                number=number,
                state=("new", "paid", "sent")[number % 3],
                placed=f"2026-01-{number + 1:02}T12:00:00Z",
                secret="hush",
                paid=number % 2 == 0,
                **({"lines": ["a", "b"]} if (customer, number) == ("ada", 3) else {}),
            )
    return shop


def numbers(changelist: Any) -> list[int]:
    return [row.number for row in changelist.result_list]


def test_a_hash_key_is_a_query_and_pages_lead_forth_and_back(orders):
    client = orders.client("view")
    address = f"{orders.root}?q=customer%3Dada"

    seen, addresses = [], []
    while address:
        changelist = client.get(address).context["cl"]
        assert changelist.sentence == "Query on the table"
        seen.append(numbers(changelist))
        addresses.append(address)
        address = changelist.next_url and urljoin(orders.root, changelist.next_url)
    back = []
    while changelist.previous_url:
        changelist = client.get(urljoin(orders.root, changelist.previous_url)).context["cl"]
        back.append(numbers(changelist))

    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert back == [[4, 5, 6, 7], [0, 1, 2, 3]]
    assert changelist.first_url is None
    assert numbers(client.get(addresses[1]).context["cl"]) == [4, 5, 6, 7]


def test_a_page_stays_where_it_is_while_items_come_and_go_before_it(orders):
    client = orders.client("view")
    first = client.get(orders.root, {"q": "customer=ada number>1"}).context["cl"]
    second = urljoin(orders.root, first.next_url)
    before = numbers(client.get(second).context["cl"])

    orders.model.objects.get(customer="ada", number=2).delete()
    orders.model.objects.create(customer="ada", number=100, state="new", placed="2026-01-01T00:00:00Z")

    assert numbers(client.get(second).context["cl"]) == before == [6, 7, 8, 9]


def test_a_scan_leads_back_by_the_cursors_in_its_address_and_then_to_the_first_page(orders, monkeypatch):
    monkeypatch.setattr("macaron_django.admin.lists.changelists.TRAIL_LENGTH", 2)
    client = orders.client("view")
    address, pages = orders.root, []
    while address:
        changelist = client.get(address).context["cl"]
        pages.append([row.pk for row in changelist.result_list])
        address = changelist.next_url and urljoin(orders.root, changelist.next_url)
    back = []
    while changelist.previous_url:
        changelist = client.get(urljoin(orders.root, changelist.previous_url)).context["cl"]
        back.append([row.pk for row in changelist.result_list])

    assert changelist.sentence == "Scan of the table, page by page"
    assert len({pk for page in pages for pk in page}) == 20
    assert back == [pages[-2], pages[-3]]
    assert client.get(urljoin(orders.root, changelist.first_url)).context["cl"].first_url is None


def test_a_scan_stops_at_its_limit_and_is_continued(orders, settings):
    settings.MACARON = {**settings.MACARON, "DYNAMODB": {**settings.MACARON.get("DYNAMODB", {}), "SCAN_LIMIT": 5}}
    client = orders.client("view")
    answer = client.get(orders.root, {"q": "note=nothing"})
    changelist = answer.context["cl"]

    assert changelist.sentence == "Scan, at most 5 items read"
    assert (changelist.read, changelist.is_interrupted) == (5, True)
    assert "Continue the scan" in answer.content.decode()
    further = client.get(urljoin(orders.root, changelist.next_url)).context["cl"]
    assert further.read == 5
    assert further.previous_url is not None


def test_the_limits_of_generated_lists_are_none_of_the_admins(orders, settings):
    section = {**settings.MACARON.get("DYNAMODB", {}), "READ_LIMIT": 2, "MAX_PAGE_BYTES": 1}
    settings.MACARON = {**settings.MACARON, "DYNAMODB": section}
    changelist = orders.client("view").get(orders.root, {"q": "customer=ada paid=true"}).context["cl"]

    assert numbers(changelist) == [0, 2, 4, 6]


@pytest.mark.parametrize(
    ("text", "sentence", "count"),
    [
        ("ada", "Query on the table", 4),
        ("customer=ada number=3", "GetItem by the whole key", 1),
        ("state=paid", "Query on index by_state", 4),
        ("state=paid placed>=2026-01-05", "Query on index by_state", 4),
        ("state=paid,sent", "2 Queries on index by_state", 4),
        ("begins_with(customer, a)", "Scan, at most 1,000 items read", 4),
        ("customer=nobody", "Query on the table", 0),
        ("customer=''", "No call: nothing can match", 0),
        ("state:paid", "Query on index by_state", 4),
        ("customer=ada number between 3 and 5", "Query on the table", 3),
        ("customer=ada between(number, 3, 5)", "Query on the table", 3),
        ("customer=ada number=3 or customer=bob number=4", "Scan, at most 1,000 items read", 2),
        ("lines:b", "Scan, at most 1,000 items read", 1),
        ("user:12", "Query on the table", 0),
    ],
)
def test_the_list_says_what_it_asked_and_what_it_will_ask(orders, text, sentence, count):
    client = orders.client("view")

    before = client.get(f"{orders.root}plan/", {"q": text}).json()
    changelist = client.get(orders.root, {"q": text}).context["cl"]

    assert before == {"sentence": sentence, "scan": "Scan" in sentence, "problem": "", "remarks": []}
    assert changelist.sentence == sentence
    assert len(changelist.result_list) == count


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("colour=red", "There is no property “colour”."),
        ("number>many", "Expected a number"),
        ("secret^=h", "secret is secret and can&#x27;t be searched."),
        ("((", "The search can&#x27;t be understood from “((” onward."),
        ("number>1,2", "Only = and != accept several values"),
        ("custmer=ada", "Did you mean “customer”?"),
        ("Customer=ada", "Did you mean “customer”?"),
        ("line:b", "Did you mean “lines”? If a key has a colon, put the key in quotes."),
        (
            "statee:paid",
            "There is no property “statee”. Did you mean “state”? If a key has a colon, put the key in quotes.",
        ),
        ("or state=paid", "“or” needs a condition before and after it"),
        ("(state=paid)", "Write conditions as name=value, with spaces or “or” between them."),
        ("state is paid", "“is” isn&#x27;t understood here. Write: state=… state=null state!=null"),
        ("note like blue", "Write: note~… note^=…"),
        ("state not new", "Write: state!=…"),
    ],
)
def test_what_can_t_be_searched_is_said_and_nothing_is_read(orders, text, problem):
    page = orders.client("view").get(orders.root, {"q": text})

    assert problem in page.content.decode()
    assert page.context["cl"].read == 0


def test_only_what_dynamodb_sorts_by_can_be_sorted(orders):
    client = orders.client("view")
    by_state = client.get(orders.root, {"q": "state=new"}).context["cl"]
    place = [getattr(column, "field", "") for column in by_state.list_display].index("placed")

    assert [column.field for column in by_state.sortable_by] == ["placed"]
    assert client.get(orders.root).context["cl"].sortable_by == []
    down = client.get(orders.root, {"q": "customer=ada", "o": f"-{place}"}).context["cl"]
    assert numbers(down) == [0, 1, 2, 3]  # a Query on the table, which has no such order
    down = client.get(orders.root, {"q": "state=new", "o": f"-{place}"}).context["cl"]
    assert numbers(down) == [9, 9, 6, 6]
    following = client.get(urljoin(orders.root, down.next_url)).context["cl"]
    assert numbers(following) == [3, 3, 0, 0]
    assert numbers(client.get(urljoin(orders.root, following.previous_url)).context["cl"]) == [9, 9, 6, 6]


def test_filters_stand_beside_the_list_and_say_if_they_scan(orders):
    client = orders.client("view")
    changelist = client.get(orders.root).context["cl"]
    assert [spec.title for spec in changelist.filter_specs] == ["state", "placed (scan)", "paid (scan)"]

    narrowed = client.get(orders.root, {"state__exact": "sent"}).context["cl"]
    assert narrowed.sentence == "Query on index by_state"
    assert [spec.title for spec in narrowed.filter_specs] == ["state", "placed", "paid"]
    chosen = {choice["display"]: choice for choice in narrowed.filter_specs[0].choices(narrowed)}
    assert chosen["sent"]["selected"]
    assert client.get(orders.root, {"paid__exact": "true"}).context["cl"].sentence.startswith("Scan, at most")


def test_a_filter_starts_at_the_first_page_again(orders):
    client = orders.client("view")
    second = urljoin(orders.root, client.get(orders.root).context["cl"].next_url)

    page = client.get(second)

    links = [
        choice["query_string"]
        for spec in page.context["cl"].filter_specs
        for choice in spec.choices(page.context["cl"])
    ]
    assert links
    assert not any("_after" in link or "_trail" in link for link in links)
    assert 'type="hidden" name="_after"' not in page.content.decode()


def test_columns_and_search_follow_x_admin(make_shop):
    json = {**ORDER, "x-admin": {"columns": ["note", "customer", "lines"], "search": ["note", "customer"]}}
    shop = make_shop(json, "Order", **KEYS)
    shop.model.objects.create(
        customer="x", number=1, state="new", placed="2026-01-01T00:00:00Z", note="a blue one", lines=["a"]
    )
    client = shop.client("view")

    changelist = client.get(shop.root, {"q": "blue"}).context["cl"]

    assert [column.field for column in changelist.list_display[1:]] == ["note", "customer", "lines"]
    assert [row.note for row in changelist.result_list] == ["a blue one"]
    assert "1 entry" in client.get(shop.root).content.decode()


def test_a_secret_is_on_no_page(orders):
    client = orders.client("view")
    row = orders.model.objects.get(customer="ada", number=1)

    for address in (orders.root, orders.url(row), orders.url(row, "view"), f"{orders.root}tables/"):
        assert "hush" not in client.get(address).content.decode()


def test_a_missing_table_is_said_on_the_list(orders):
    orders.persistence.table.delete_table()

    page = orders.client("view").get(orders.root)

    assert page.status_code == 200
    assert "synctables" in page.content.decode()


def test_the_hint_names_what_needs_no_scan(make_shop):
    json = {**ORDER, "required": ["customer", "number"]}
    shop = make_shop(json, "Order", indexes={**INDEXES, "by_note": {"hash_key": "note"}}, **KEYS)
    client = shop.client("view")

    page = client.get(shop.root).content.decode()

    assert "Quick searches: customer=…, state=… placed!=null, note=…." in page
    for text in ("customer=a", "state=new placed!=null", "note=a"):
        assert client.get(f"{shop.root}plan/", {"q": text}).json()["sentence"].startswith("Query on"), text


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("state=payed", "“payed” isn't one of the values of state: new, paid, sent. Did you mean “paid”?"),
        ("state=new,Sent", "“Sent” isn't one of the values of state: new, paid, sent. Did you mean “sent”?"),
        ("state:lost", "“lost” isn't one of the values of state: new, paid, sent."),
        ("state=paid", None),
        ("state=null", None),
        ("state^=p", None),
        ("colour=red", None),
    ],
)
def test_a_value_that_the_enum_hasn_t_is_searched_for_and_told(orders, text, remark):
    client = orders.client("view")
    remarks = [] if remark is None else [remark]

    assert client.get(f"{orders.root}plan/", {"q": text}).json()["remarks"] == remarks
    assert client.get(orders.root, {"q": text}).context["cl"].remarks == remarks


def test_not_each_of_many_foreign_values_is_compared_with_all_known_ones(orders):
    client = orders.client("view")
    text = "state=" + ",".join(f"other{number}" for number in range(50))
    with mock.patch("macaron_django.admin.lists.search.get_close_matches", return_value=[]) as compared:
        remarks = client.get(f"{orders.root}plan/", {"q": text}).json()["remarks"]
    assert (len(remarks), compared.call_count) == (10, 10)


def test_names_and_values_are_suggested_but_no_secrets(orders):
    suggested = {one["name"]: one["values"] for one in orders.client("view").get(orders.root).context["cl"].suggestions}

    assert suggested["state"] == ["new", "paid", "sent"]
    assert suggested["paid"] == ["true", "false"]
    assert "secret" not in suggested


def test_a_scan_offers_the_index_that_leaves_items_out(make_shop):
    json = {**ORDER, "required": ["customer", "number"]}
    shop = make_shop(json, "Order", indexes=INDEXES, **KEYS)
    shop.model.objects.create(customer="a", number=1, state="paid", placed="2026-01-01T00:00:00Z")
    shop.model.objects.create(customer="a", number=2, state="paid")
    client = shop.client("view")

    for wanted in ({"state__exact": "paid"}, {"q": "state=paid"}):
        page = client.get(shop.root, wanted)
        (offer,) = page.context["cl"].offers
        assert "Use index by_state (leaves out items without placed)" in page.content.decode()
        taken = client.get(urljoin(shop.root, offer.url)).context["cl"]
        assert (taken.sentence, numbers(taken)) == ("Query on index by_state", [1])
        (back,) = taken.taken_offers
        assert sorted(numbers(client.get(urljoin(shop.root, back.url)).context["cl"])) == [1, 2]
    assert client.get(shop.root, {"q": "note=x"}).context["cl"].offers == []


def test_both_keys_lead_to_the_item_and_cells_say_what_they_are(orders, make_shop):
    site = {"type": "string", "format": "uri"}
    shop = make_shop({**ORDER, "properties": {**ORDER["properties"], "site": site, "evil": site}}, "Link", **KEYS)
    shop.model.objects.create(
        customer="a", number=1, state="new", placed="2026-01-01T00:00:00Z", site="https://a.b/?c=1", evil="javascript:x"
    )

    page = shop.client("view").get(shop.root)
    text = page.content.decode()

    assert [column.prop.name for column in page.context["cl"].list_display_links] == ["customer", "number"]
    assert text.count('/change/">') == 2
    assert '<span class="macaron-number">1</span>' in text
    assert 'href="https://a.b/?c=1" title="https://a.b/?c=1" rel="noreferrer noopener nofollow"' in text
    assert 'href="javascript' not in text


def test_filters_are_folded_and_say_which_are_in_use(orders):
    client = orders.client("view")

    assert "<summary>Filters</summary>" in client.get(orders.root).content.decode()
    used = client.get(orders.root, {"state__exact": "sent", "paid__exact": "true"}).content.decode()
    assert "<summary>Filters (state: sent, paid: Yes)</summary>" in used


def test_the_sidebar_leads_to_the_tables_on_every_page(orders):
    client = orders.client()

    for address in ("/admin/", orders.root):
        (app,) = client.get(address).context["available_apps"]
        assert [model["name"] for model in app["models"]] == ["Orders", "Tables"]
