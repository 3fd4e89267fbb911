"""Secrets in the admin: no page shows one, and no list, search or export can be filtered by one."""

from __future__ import annotations

import json

import pytest

CARD = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["card"]},
        "number": {"type": "string", "writeOnly": True},
        "holder": {"type": "string"},
    },
}
TRANSFER = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"enum": ["transfer"]}, "bank": {"type": "string"}},
}
ACCOUNT = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "password": {"type": "string", "writeOnly": True},
        "login": {"type": "object", "properties": {"pin": {"type": "string", "format": "password"}}},
        "devices": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"label": {"type": "string"}, "key": {"type": "string", "writeOnly": True}},
            },
        },
        "payment": {"oneOf": [CARD, TRANSFER]},
        "choice": {"type": "object", "properties": {"note": {"type": "string"}}, "anyOf": [CARD, TRANSFER]},
        "codes": {"type": "array", "items": {"type": "string", "format": "password"}},
        "tokens": {"type": "object", "additionalProperties": {"type": "string", "writeOnly": True}},
        "extra": {"type": "object", "patternProperties": {"^secret_": {"writeOnly": True}}},
    },
}
STORED = {
    "id": "ada",
    "name": "Ada",
    "password": "hush-1",
    "login": {"pin": "hush-2"},
    "devices": [{"label": "phone", "key": "hush-3"}],
    "payment": {"kind": "card", "number": "hush-4", "holder": "Ada L"},
    "choice": {"kind": "card", "number": "hush-5", "note": "n"},
    "codes": ["hush-6"],
    "tokens": {"laptop": "hush-7"},
    "extra": {"secret_one": "hush-8", "open": "seen"},
}


@pytest.fixture
def accounts(make_shop):
    shop = make_shop(ACCOUNT, "Account")
    shop.model.from_json(STORED).save(force_insert=True)
    return shop


@pytest.mark.parametrize(
    "lookup",
    [
        "password",
        "password__startswith",
        "password__gte",
        "password__isnull",
        "login__pin__startswith",
        "login",
        "devices__0__key__startswith",
        "devices__contains",
        "payment__number__startswith",
        "codes__contains",
        "codes__0__startswith",
        "tokens__laptop__startswith",
        "extra__secret_one__startswith",
    ],
)
@pytest.mark.parametrize("page", ["", "plan/", "export/csv/", "export/jsonl/", "export/dynamodb/"])
def test_no_list_can_be_filtered_by_a_secret(accounts, lookup, page):
    assert accounts.client("view").get(f"{accounts.root}{page}", {lookup: "hush"}).status_code == 400


def test_an_action_on_a_filtered_list_refuses_a_filter_by_a_secret(accounts):
    action = {"action": "export_csv", "select_across": "1", "_selected_action": "ada"}
    assert accounts.client("view").post(f"{accounts.root}?password__startswith=hush", action).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "password^=hush",
        "payment.number^=hush",
        "devices.0.key^=h",
        "tokens.laptop=x",
        "login=x",
    ],
)
def test_the_search_box_refuses_what_the_filters_of_a_url_refuse(accounts, text):
    page = accounts.client("view").get(accounts.root, {"q": text})

    assert "is secret and can&#x27;t be searched" in page.content.decode()
    assert page.context["cl"].read == 0


@pytest.mark.parametrize(
    "lookup",
    [
        {"name__startswith": "A"},
        {"login__isnull": "0"},
        {"payment__holder__startswith": "Ada"},
        {"devices__0__label": "phone"},
        {"extra__open": "seen"},
        {"pk": "ada"},
        {"q": "payment.holder^=Ada name=Ada"},
    ],
)
def test_what_is_beside_a_secret_can_be_filtered_by(accounts, lookup):
    assert len(accounts.client("view").get(accounts.root, lookup).context["cl"].result_list) == 1


def test_a_project_refuses_more_lookups_for_all_pages(accounts, monkeypatch):
    from macaron_django.admin import ItemAdmin

    stock = ItemAdmin.lookup_allowed

    def lookup_allowed(self, lookup, value, request=None):
        return stock(self, lookup, value, request) and not lookup.startswith("name")

    monkeypatch.setattr(ItemAdmin, "lookup_allowed", lookup_allowed)
    client = accounts.client("view")

    assert client.get(accounts.root, {"name": "Ada"}).status_code == 400
    assert client.get(f"{accounts.root}export/csv/", {"name": "Ada"}).status_code == 400
    assert client.get(accounts.root, {"q": "name=Ada"}).context["cl"].problem


@pytest.mark.parametrize("page", ["", "ada/change/", "ada/view/", "export/csv/", "export/jsonl/", "export/dynamodb/"])
@pytest.mark.parametrize("permissions", [("view",), ()], ids=["staff", "superuser"])
def test_no_page_shows_a_secret_wherever_the_schema_has_it(accounts, page, permissions):
    answer = accounts.client(*permissions).get(f"{accounts.root}{page}")
    text = (b"".join(answer) if answer.streaming else answer.content).decode()

    assert answer.status_code == 200
    assert "hush" not in text
    assert "Ada" in text


def test_secrets_behind_one_of_survive_an_edit_that_does_not_show_them(accounts):
    from macaron_django.admin.display.redaction import with_secrets, without_secrets

    schema = accounts.persistence.schema
    shown = without_secrets(schema, STORED)

    assert "hush" not in json.dumps(shown)
    assert with_secrets(schema, {**shown, "name": "Ada L"}, STORED) == {**STORED, "name": "Ada L"}
