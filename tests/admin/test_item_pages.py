"""An item's page, for reading: every value by its type, escaped, and nothing that isn't for showing."""

from __future__ import annotations

import json
import re
import time

import pytest
from django.contrib.admin.utils import quote

from macaron_django.admin.pages.item_pages import TABS

MARKUP = "<img src=x onerror=alert(1)>\"'&{{ 7 }}"
DOCUMENT = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "when": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"},
        "site": {"type": "string", "format": "uri"},
        "mail": {"type": "string", "format": "email"},
        "amount": {"type": "number"},
        "photo": {"type": "string", "format": "byte"},
        "nested": {
            "type": "object",
            "properties": {
                "inner": {"type": "array", "items": {"type": "string", "format": "byte"}},
                "pin": {"type": "string", "writeOnly": True},
            },
        },
        "pin": {"type": "string", "writeOnly": True},
        "until": {"type": "integer"},
        "revision": {"type": "integer"},
        "flag": {"type": ["boolean", "null"]},
        "unset": {"type": "string", "description": "Nobody sets it."},
        MARKUP: {"type": "string", "description": MARKUP, "enum": [MARKUP, "b"]},
    },
}


@pytest.fixture
def shop(make_shop):
    return make_shop(DOCUMENT, "Document", ttl="until", version="revision", scan="allowed")


def page_of(shop, row, client=None):
    answer = (client or shop.client("view")).get(shop.url(row))
    assert answer.status_code == 200
    return answer


def test_values_are_shown_by_their_types(shop, settings):
    settings.TIME_ZONE = "Europe/Paris"
    row = shop.model.objects.create(
        id="a",
        when="2026-01-02T23:30:00Z",
        day="2026-01-02",
        site="https://example.com/?a=1&b=2",
        mail="ada@example.com",
        amount=json.loads("12345678901234567890", parse_int=int),
        flag=None,
        photo=b"\x00\x01\x02",
    )

    page = page_of(shop, row)
    text = page.content.decode()

    assert "Jan. 3, 2026, 12:30 a.m. (CET)" in text
    assert "2026-01-02 23:30:00 UTC" in text
    assert 'href="https://example.com/?a=1&amp;b=2"' in text
    assert 'href="mailto:ada@example.com"' in text
    assert "12345678901234567890" in text
    assert "3 bytes" in text
    assert page.context["page"].unset[-2:] == ["unset", MARKUP]


def test_a_link_leads_to_the_web_only(shop):
    row = shop.model.objects.create(id="a", site="javascript:alert(1)")

    assert 'href="javascript' not in page_of(shop, row).content.decode()


def test_binary_values_are_downloads_wherever_they_are(shop):
    row = shop.model.objects.create(id="a", photo=b"\x00\xff<b>", nested={"inner": ["AAE=", "/w=="]})
    client = shop.client("view")

    page = page_of(shop, row, client).content.decode()
    found = [
        client.get(address.replace("&amp;", "&")) for address in re.findall(r'href="([^"]+/download/\?at=[^"]+)"', page)
    ]

    assert sorted(one.content for one in found) == [b"\x00\x01", b"\x00\xff<b>", b"\xff"]
    assert {one.headers["Content-Type"] for one in found} == {"application/octet-stream"}
    assert all(one.headers["Content-Disposition"].startswith("attachment") for one in found)
    assert client.get(f"{shop.root}a/download/", {"at": "/id"}).status_code == 404
    assert client.get(f"{shop.root}a/download/", {"at": "/pho"}).status_code == 404


def test_size_version_and_expiry_are_told(shop):
    row = shop.model.objects.create(id="a", until=int(time.time()) + 3 * 86400 + 60)

    page = page_of(shop, row)

    assert page.context["page"].version == 1
    assert "expires in 3\xa0days" in page.content.decode()
    assert 0 < page.context["page"].size < 200
    old = shop.model.objects.create(id="b", until=1_000_000_000)
    assert "DynamoDB deletes it within a few days" in page_of(shop, old, shop.client("view", "add")).content.decode()


def test_attributes_that_the_schema_doesn_t_know_are_marked(shop):
    shop.persistence.put_item({"id": {"S": "a"}, "legacy": {"SS": ["x", "y"]}, "when": {"N": "12"}})

    page = page_of(shop, shop.model.objects.get(pk="a"))

    assert [one.name for one in page.context["page"].properties if one.unknown] == ["legacy"]
    assert "not in the schema" in page.content.decode()
    assert json.loads(page.context["page"].dynamodb_json)["when"] == {"N": "12"}


def test_what_is_write_only_is_masked_in_every_form(shop):
    row = shop.model.objects.create(id="a", pin="hush-1", nested={"pin": "hush-2", "inner": []})

    pages = [shop.client("view").get(shop.url(row), {"as": tab}).content.decode() for tab in TABS]

    assert "hush" not in "".join(pages)
    assert [page.count("••••••") for page in pages] == [2, 2, 2]


def test_markup_in_keys_names_and_values_is_text(shop):
    item = {"id": {"S": MARKUP}, MARKUP: {"S": MARKUP}, f"{MARKUP}2": {"M": {MARKUP: {"L": [{"S": MARKUP}]}}}}
    item["photo"] = {"B": MARKUP.encode()}
    shop.persistence.put_item(item)
    row = shop.model.objects.get(pk=MARKUP)
    client = shop.client("view")

    for address in (
        shop.root,
        f"{shop.root}?q=%22{quote(MARKUP)}%22",
        shop.url(row),
        shop.url(row, "view"),
        shop.url(row, "history"),
        f"{shop.root}tables/",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "<img src=x" not in answer.content.decode(), address
        assert 'onerror=alert(1)>"' not in answer.content.decode(), address


def test_an_item_that_is_gone_leads_back_to_the_index(shop):
    client = shop.client("view")
    for view in ("view", "change"):
        assert client.get(f"{shop.root}nobody/{view}/").status_code == 302
    assert client.get(f"{shop.root}nobody/download/").status_code == 404


def test_who_may_change_gets_the_form_and_a_link_to_read(shop):
    row = shop.model.objects.create(id="a")
    client = shop.client("view", "change")

    form = client.get(shop.url(row)).content.decode()

    assert shop.url(row, "view") in form
    assert shop.url(row, "change") in client.get(shop.url(row, "view")).content.decode()


def test_the_key_comes_first_then_the_schemas_order_in_every_tab(orders, rich):
    client = orders.client("view")
    pages = [client.get(orders.url(rich), {"as": tab}).context for tab in ("fields", "json", "dynamodb", "other")]
    page = pages[0]["page"]
    names = [one.name for one in page.properties]

    assert names == [name for name in orders.persistence.schema.properties if name in rich]
    assert list(json.loads(page.plain_json)) == names
    assert [name for name in json.loads(page.dynamodb_json) if "#" not in name] == names
    assert [context["tab"] for context in pages] == ["fields", "json", "dynamodb", "fields"]


def test_every_value_says_its_type(orders, rich):
    page = orders.client("view").get(orders.url(rich)).context["page"]
    types = {one.name: one for one in page.properties}

    assert types["updated"].shown_type == "string (date-time)"
    assert types["categories"].shown_type == "set"
    (deep,) = types["anything"].children
    assert [deep.shown_type, *(one.shown_type for one in deep.children)] == ["array", "number", "null", "object"]


def test_what_breaks_the_schema_is_listed_and_marked_at_its_value(orders, broken):
    answer = orders.client("view").get(orders.url(broken))
    text = answer.content.decode()

    assert [(one.pointer, one.problems[0]) for one in answer.context["page"].problems] == [
        ("/status", 'must be one of "new", "paid", "packed", "sent", "returned"'),
        ("/quantity", "must be at most 1000"),
        ("/gift", "must be a boolean, not a string"),
        ("/payment/kind", 'must be one of "Card", "Transfer"'),
        ("/lines/0/size", 'must be one of "S", "M", "L"'),
        ("/lines/1", "sku is required"),
    ]
    assert '<a href="#at/lines/0/size">lines/0/size</a>' in text
    assert 'id="at/lines/0/size" class="macaron-broken"' in text


def test_a_secret_that_breaks_its_rule_doesn_t_say_which(make_shop):
    pin = {"type": "string", "writeOnly": True, "pattern": "^[0-9]+$"}
    shop = make_shop({"type": "object", "properties": {"id": {"type": "string"}, "pin": pin}})
    shop.persistence.put_item({"id": {"S": "a"}, "pin": {"S": "letters"}})

    text = page_of(shop, shop.model.objects.get(pk="a")).content.decode()

    assert "doesn&#x27;t match the schema" in text
    assert "[0-9]" not in text


def test_an_item_leads_to_all_items_of_its_hash_key(orders, rich):
    other = orders.model.from_json({"tenant_id": 'say "hi" or not', "order_id": "1", "status": "new"})
    other.save()
    client = orders.client("view")

    for row in (rich, other):
        text = client.get(orders.url(row)).content.decode()
        (link,) = re.findall(r'href="([^"]+)">All items with this hash key', text)
        listed = client.get(link.replace("&amp;", "&")).context["cl"]
        assert [one.pk for one in listed.result_list] == [row.pk]
        assert listed.plan.kind == "query"
