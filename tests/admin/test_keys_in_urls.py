"""Keys in the admin's URLs that no item can have."""

from __future__ import annotations

import base64
import json

import pytest
from django.contrib.admin.utils import quote

VIEWS = ["change", "view", "delete", "history", "download", "validate"]
KEYS = {
    "number": {"type": "integer"},
    "price": {"type": "number"},
    "text": {"type": "string"},
    "at": {"type": "string", "format": "date-time"},
    "who": {"type": "string", "format": "uuid"},
    "day": {"type": "string", "format": "date"},
    "octets": {"type": "string", "format": "byte"},
}
VALUES = ["a", "", 7, 1.5, 10**50, True, None, [], {}, "a" * 3000, "2026-01-01T00:00:00Z", "\0", "\ud800"]


def pk_of(*keys):
    text = json.dumps(keys)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def schema(**keys):
    return {"type": "object", "required": ["id", *keys], "properties": {"id": {"type": "string"}, **keys}}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_key_that_no_item_can_have_is_no_server_error(make_shop, key):
    shop = make_shop(schema(**{key: KEYS[key]}), range_key=key)
    client = shop.client()
    pks = [*(pk_of("a", value) for value in VALUES), pk_of(7, 7), pk_of("a"), "x", "WyJhIl", "%", pk_of("", "")]
    answers = {}
    for pk in pks:
        for view in VIEWS:
            send = client.post if view == "validate" else client.get
            answers[pk, view] = send(f"{shop.root}{quote(pk)}/{view}/").status_code
        answers[pk, "add"] = client.get(f"{shop.root}add/", {"duplicate": pk}).status_code
    assert not {key: status for key, status in answers.items() if status >= 500}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_hash_key_of_another_type_is_no_server_error(make_shop, key):
    shop = make_shop({"type": "object", "required": [key], "properties": {key: KEYS[key]}}, hash_key=key)
    client = shop.client()
    for value in ("a", "7", "1.5", "x" * 3000, "2026-01-01", "%00", "AAA", "1e400", "9" * 60):
        for view in VIEWS[:4]:
            assert client.get(f"{shop.root}{quote(value)}/{view}/").status_code < 500, (value, view)


@pytest.mark.parametrize("range_key", [None, "number"])
def test_an_item_page_after_a_key_was_renamed_is_no_server_error(make_shop, range_key):
    before = make_shop(schema(number=KEYS["number"]), range_key=range_key, table="renamed")
    row = before.model.objects.create(id="a", number=7)
    properties = {"code": {"type": "string"}, "number": KEYS["number"]}
    renamed = {"type": "object", "required": ["code"], "properties": properties}
    shop = make_shop(renamed, "Renamed", hash_key="code", range_key=range_key, table="renamed")
    client = shop.client()
    assert client.get(shop.root).status_code < 500
    for view in VIEWS[:5]:
        answer = client.get(f"{shop.root}{quote(row.pk)}/{view}/", follow=True)
        assert answer.status_code < 500, view
        if view in {"change", "view", "delete"}:
            assert any("needs a new table" in str(message) for message in answer.context["messages"])
