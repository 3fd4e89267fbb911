"""Many items deleted from the admin's list: shown first, then gone, each with its entry in the log."""

from __future__ import annotations

import json

import pytest
from django.contrib.admin.models import LogEntry

pytestmark = pytest.mark.django_db


def selected(*keys, **others):
    return {"action": "delete_selected", "_selected_action": list(keys), **others}


def left(shop):
    return sorted(row.id for row in shop.model.objects.all())


def test_what_will_go_is_shown_first_and_then_goes(shop):
    for key in "abc":
        shop.model.objects.create(id=key, name=f"<i>{key}", token="s3cret")
    client = shop.client("view", "delete")

    page = client.post(shop.root, selected("a", "b"))
    text = page.content.decode()
    assert "This permanently deletes 2 items" in text
    assert "&lt;i&gt;a" in text
    assert "<i>a" not in text
    assert "s3cret" not in text
    assert left(shop) == ["a", "b", "c"]

    answer = client.post(page.context["delete_url"], {"keys": page.context["keys"]}, follow=True)
    assert "2 items were deleted." in answer.content.decode()
    assert left(shop) == ["c"]
    assert {(entry.object_id, entry.is_deletion()) for entry in LogEntry.objects.all()} == {("a", True), ("b", True)}


def test_a_batch_is_answered_with_what_became_of_each_item(make_shop):
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "a": {"type": "integer"}}}
    shop = make_shop(schema)
    shop.model.objects.create(id="here", a=1)
    client = shop.client("delete", "view")

    answer = client.post(
        f"{shop.root}delete-items/", {"keys": json.dumps(["here", "gone"])}, headers={"Accept": "application/json"}
    )
    assert answer.json() == {"deleted": 1, "gone": 1, "failed": []}
    assert client.post(f"{shop.root}delete-items/", {"keys": "nonsense"}).status_code == 400


def test_all_that_the_search_lists_can_be_deleted(shop):
    for number in range(30):
        shop.model.objects.create(id=f"{number:02}", name="n", state="draft" if number % 2 else "gone")
    client = shop.client("view", "delete")

    page = client.post(f"{shop.root}?q=state%3Ddraft", selected("01", select_across="1"))
    assert page.context["count"] == 15
    client.post(page.context["delete_url"], {"keys": page.context["keys"]})
    assert left(shop) == [f"{number:02}" for number in range(0, 30, 2)]


def test_nobody_deletes_many_without_permission(shop):
    shop.model.objects.create(id="a", name="Tea")
    client = shop.client("view", "change")

    assert client.post(f"{shop.root}delete-items/", {"keys": '["a"]'}).status_code == 403
    client.post(shop.root, selected("a", post="yes"))
    assert left(shop) == ["a"]
    assert client.get(f"{shop.root}delete-items/").status_code == 405


def test_the_preview_has_a_dash_where_nothing_is_set(shop):
    shop.model.objects.create(id="a", name="A")
    page = shop.client().post(shop.root, {"action": "delete_selected", "_selected_action": "a"}).content.decode()
    assert "<td>\u2013</td>" in page
    assert "<td>None</td>" not in page
