"""The page about an API's tables, and the engine on every page."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from macaron_django.dynamodb import engines
from macaron_django.dynamodb.tables.syncing import sync_table

THING = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "kind": {"type": "string"}, "until": {"type": "integer"}},
}


def test_a_table_is_shown_with_its_keys_indexes_and_settings(make_shop):
    shop = make_shop(THING, "Thing", indexes={"by_kind": {"hash_key": "kind", "range_key": "id"}})

    page = shop.client("view").get(f"{shop.root}tables/")
    text = page.content.decode()
    (part,) = page.context["parts"]

    assert part.description.status == "ACTIVE"
    assert [key.name for key in part.description.keys] == ["id"]
    assert [index.name for index in part.description.indexes] == ["by_kind"]
    for told in (shop.persistence.table_name, "PAY_PER_REQUEST", "ACTIVE", "kind (S), id (S)", "DynamoDB updates"):
        assert told in text
    assert "The table matches its schema." in text


def test_what_differs_is_shown_with_the_command_that_mends_it(make_shop):
    shop = make_shop(THING, "Thing", ttl="until")
    shop.persistence.table.delete_table()
    client = shop.client("view")

    page = client.get(f"{shop.root}tables/").content.decode()
    assert "There is no such table." in page
    assert "manage.py synctables shop" in page
    sync_table(shop.persistence.table)
    assert "The table matches its schema." in client.get(f"{shop.root}tables/").content.decode()


def test_only_tables_of_schemas_that_one_may_view_are_shown(make_shop):
    first = make_shop(THING, "Thing")
    second = make_shop(THING, "Other")

    page = first.client("view").get(f"{first.root}tables/")

    assert [part.schema for part in page.context["parts"]] == ["Thing"]
    assert second.persistence.table_name not in page.content.decode()
    assert len(first.client().get(f"{first.root}tables/").context["parts"]) == 2


@pytest.mark.parametrize("production", [False, True])
def test_every_page_says_which_engine_it_shows_and_marks_production(make_shop, settings, production):
    shop = make_shop(THING, "Thing")
    shop.model.objects.create(id="a")
    settings.MACARON = {**settings.MACARON, "ADMIN": {"PRODUCTION": production}}
    client = shop.client()
    engine = engines.current()
    bulk = {"action": "delete_selected", "_selected_action": "a"}
    upload = {"file": SimpleUploadedFile("things.jsonl", b'{"id": "b"}')}

    pages = [
        client.get(f"{shop.root}{address}")
        for address in ("", "add/", "a/view/", "a/change/", "a/history/", "a/delete/", "tables/", "export/", "import/")
    ]
    pages += [client.post(shop.root, bulk), client.post(f"{shop.root}import/", upload)]

    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200
        assert text.count('class="macaron-engine') == 1, page.request
        assert engine.endpoint_url in text
        assert f"Region {engine.region}" in text
        assert "Account" in text
        assert ("macaron-production" in text) is production


def test_the_indexes_say_which_engine_they_lead_to(dynamodb, admin_client):
    for address, shown in (("/admin/", 1), ("/admin/macaron_myserver/", 1), ("/admin/auth/", 0)):
        assert admin_client.get(address).content.decode().count('class="macaron-engine') == shown


def test_the_index_describes_the_schemas_and_leads_to_their_tables(dynamodb, admin_client):
    for address in ("/admin/", "/admin/macaron_myserver/"):
        page = admin_client.get(address).content.decode()
        assert "A person&#x27;s profile." in page
        assert "/admin/macaron_myserver/profile/tables/" in page
