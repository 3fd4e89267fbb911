"""Adding, changing, duplicating and deleting items in the admin: what is written, and what is refused."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry

from macaron_django.schemas.values.json_text import dump_json, exact_json

pytestmark = pytest.mark.django_db


def form_of(page):
    """What the page's form would send: the item's JSON and what it was loaded as."""
    form = page.context["adminform"].form
    data = form.data or form.initial
    return exact_json(data["item"]), {"loaded": data.get("loaded", "")}


def sent(json, loaded=None, **others):
    return {"item": json if isinstance(json, str) else dump_json(json).decode(), **(loaded or {}), **others}


def errors_of(page):
    form = page.context["adminform"].form
    return [message for messages in form.errors.values() for message in messages]


def test_an_item_is_added_from_its_json_with_every_digit(shop):
    client = shop.client("view", "add")
    text = (
        '{"id": "a", "name": "Tea", "price": 0.10000000000000000000000000000000000001, "stock": 12345678901234567890}'
    )

    answer = client.post(f"{shop.root}add/", sent(text))

    assert answer.status_code == 302, errors_of(answer)
    stored = shop.stored("a")
    assert stored["price"] == {"N": "0.10000000000000000000000000000000000001"}
    assert stored["stock"] == {"N": "12345678901234567890"}
    assert "created" in stored
    json, _ = form_of(shop.client("view", "change").get(f"{shop.root}a/change/"))
    assert json["price"] == Decimal("0.10000000000000000000000000000000000001")
    assert LogEntry.objects.get().change_message == '[{"added": {}}]'


def test_the_empty_form_has_the_schema_s_defaults_and_nothing_that_is_set_by_itself(shop):
    page = shop.client("add").get(f"{shop.root}add/")

    assert form_of(page)[0] == {"stock": 0}
    names = [
        entry["name"]
        for entry in page.context["adminform"].form.fields["item"].widget.description["nodes"][0]["properties"]
    ]
    assert "created" not in names
    assert names[:2] == ["id", "name"]


def test_a_taken_key_is_an_error_and_what_was_typed_is_shown_again(shop):
    shop.model.objects.create(id="a", name="Tea")

    answer = shop.client("add").post(f"{shop.root}add/", sent({"id": "a", "name": "Coffee"}))

    assert answer.status_code == 200
    assert errors_of(answer) == ["There is already a Product with id 'a'."]
    assert form_of(answer)[0] == {"id": "a", "name": "Coffee"}
    assert shop.stored("a")["name"] == {"S": "Tea"}
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("json", "message"),
    [
        ('{"id": "a"', "line 1, column"),
        ('{"id": "a", "id": "b"}', "occurs twice"),
        ("[]", "a JSON object"),
        ({"id": "a"}, "/name: is required"),
        (
            {"id": "a", "name": "Tea", "maker": {"country": "FRA"}},
            "/maker/country: must not be longer than 2 characters",
        ),
        ({"id": "a", "name": "Tea", "nmae": 1}, "/nmae: is not a known property"),
        ({"id": "a", "name": "Tea", "created": "2026-01-01T00:00:00Z"}, "/created: is set automatically"),
        ({"id": "", "name": "Tea"}, "/id: must not be empty"),
        ({"id": "a", "name": "Tea", "price": Decimal("1e200")}, "/price: "),
        ({"id": "a", "name": "x" * 410_000}, "more than DynamoDB's limit of 409600"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_written(shop, json, message):
    answer = shop.client("add").post(f"{shop.root}add/", sent(json))

    assert answer.status_code == 200
    assert any(message in error for error in errors_of(answer)), errors_of(answer)
    assert shop.stored("a") is None


def test_saving_sends_what_was_changed_and_nothing_else(shop, monkeypatch):
    shop.persistence.put_item(
        {
            "id": {"S": "a"},
            "name": {"S": "Tea"},
            "tags": {"L": [{"S": "hot"}]},
            "legacy": {"SS": ["x", "y"]},
            "token": {"S": "s3cret"},
        }
    )
    client = shop.client("view", "change")
    page = client.get(f"{shop.root}a/change/")
    json, loaded = form_of(page)
    assert json == {"id": "a", "name": "Tea", "tags": ["hot"]}
    assert "s3cret" not in page.content.decode()
    written = []
    update = shop.persistence.update_item
    monkeypatch.setattr(
        shop.persistence,
        "update_item",
        lambda key, set_, remove, **how: (
            written.append((set_, remove, how["expected"])) or update(key, set_, remove, **how)
        ),
    )

    answer = client.post(f"{shop.root}a/change/", sent({**json, "name": "Green tea"}, loaded))

    assert answer.status_code == 302, errors_of(answer)
    assert written == [({"name": {"S": "Green tea"}}, [], {"name": {"S": "Tea"}})]
    stored = shop.stored("a")
    assert (stored["name"], sorted(stored["legacy"]["SS"]), stored["token"]) == (
        {"S": "Green tea"},
        ["x", "y"],
        {"S": "s3cret"},
    )


def test_unset_null_and_empty_are_three_things(shop):
    shop.model.objects.create(id="a", name="Tea", note="x", tags=["a"], stock=1)
    client = shop.client("view", "change")

    for json, expected in (
        ({"id": "a", "name": "Tea", "note": None, "tags": []}, {"note": {"NULL": True}, "tags": {"L": []}}),
        ({"id": "a", "name": "Tea", "note": ""}, {"note": {"S": ""}}),
        ({"id": "a", "name": "Tea"}, {}),
    ):
        before, loaded = form_of(client.get(f"{shop.root}a/change/"))
        kept = {"created": before["created"]}
        answer = client.post(f"{shop.root}a/change/", sent({**json, **kept}, loaded))
        assert answer.status_code == 302, errors_of(answer)
        assert {
            name: value for name, value in shop.stored("a").items() if name in ("note", "tags", "stock")
        } == expected


def test_saving_without_changes_writes_nothing(shop, monkeypatch):
    row = shop.model.objects.create(id="a", name="Tea")
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))
    monkeypatch.setattr(shop.persistence, "update_item", lambda *_, **__: pytest.fail("written"))

    assert client.post(shop.url(row), sent(json, loaded)).status_code == 302
    assert LogEntry.objects.get().get_change_message() == "No fields changed."


@pytest.mark.parametrize("change", [{"id": "b"}, {"created": "2020-01-01T00:00:00Z"}])
def test_keys_and_read_only_properties_stay(shop, change):
    row = shop.model.objects.create(id="a", name="Tea")
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))

    answer = client.post(shop.url(row), sent({**json, **change}, loaded))

    (message,) = errors_of(answer)
    assert message.startswith(f"/{next(iter(change))}: is ")
    assert shop.stored("b") is None


def test_what_both_changed_is_shown_side_by_side_and_then_decided(shop):
    row = shop.model.objects.create(id="a", name="Tea", stock=1)
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))
    shop.persistence.update_item({"id": {"S": "a"}}, {"name": {"S": "<b>Theirs"}, "stock": {"N": "7"}})

    page = client.post(shop.url(row), sent({**json, "name": "Mine"}, loaded))

    (conflict,) = page.context["adminform"].form.conflicts
    assert (conflict.name, conflict.loaded, conflict.theirs, conflict.mine) == ("name", "Tea", "<b>Theirs", "Mine")
    assert "&lt;b&gt;Theirs" in page.content.decode()
    assert "<b>Theirs" not in page.content.decode()
    assert shop.stored("a")["name"] == {"S": "<b>Theirs"}
    merged, now = form_of(page)
    assert (merged["name"], merged["stock"]) == ("Mine", 7)
    assert client.post(shop.url(row), sent(merged, now)).status_code == 302
    assert (shop.stored("a")["name"], shop.stored("a")["stock"]) == ({"S": "Mine"}, {"N": "7"})


def test_changes_of_different_properties_are_both_kept(shop):
    row = shop.model.objects.create(id="a", name="Tea", stock=1)
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))
    shop.persistence.update_item({"id": {"S": "a"}}, {"stock": {"N": "7"}})

    answer = client.post(shop.url(row), sent({**json, "name": "Mine"}, loaded), follow=True)

    assert "Someone else has changed this item, too: stock." in html.unescape(answer.content.decode())
    assert (shop.stored("a")["name"], shop.stored("a")["stock"]) == ({"S": "Mine"}, {"N": "7"})


def test_a_version_makes_any_change_of_others_a_conflict(make_shop):
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "a": {"type": "integer"},
            "b": {"type": "integer"},
            "version": {"type": "integer"},
        },
    }
    shop = make_shop(schema, version="version")
    row = shop.model.objects.create(id="x", a=1, b=1)
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))
    shop.model.objects.get(id="x").update_from_dict({"b": 2}).save()

    page = client.post(shop.url(row), sent({**json, "a": 5}, loaded))
    assert page.context["adminform"].form.only_by_others == ["b", "version"]
    assert shop.stored("x")["a"] == {"N": "1"}
    merged, now = form_of(page)
    assert client.post(shop.url(row), sent(merged, now)).status_code == 302
    stored = shop.stored("x")
    assert (stored["a"], stored["b"], stored["version"]) == ({"N": "5"}, {"N": "2"}, {"N": "3"})


@pytest.mark.parametrize("version", [None, "version"])
def test_whoever_is_faster_by_an_instant_is_noticed_too(make_shop, monkeypatch, version):
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "a": {"type": "integer"}}}
    shop = make_shop(schema, version=version)
    row = shop.model.objects.create(id="x", a=1)
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))
    update = shop.persistence.update_item

    def meanwhile(*args, **kwargs):
        monkeypatch.setattr(shop.persistence, "update_item", update)
        update({"id": {"S": "x"}}, {"a": {"N": "7"}, **({"version": {"N": "9"}} if version else {})})
        return update(*args, **kwargs)

    monkeypatch.setattr(shop.persistence, "update_item", meanwhile)
    page = client.post(shop.url(row), sent({**json, "a": 5}, loaded))

    assert [conflict.theirs for conflict in page.context["adminform"].form.conflicts] == [7]
    assert shop.stored("x")["a"] == {"N": "7"}


def test_an_item_deleted_meanwhile_is_told_and_not_made_again(shop):
    row = shop.model.objects.create(id="a", name="Tea")
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))
    row.delete()

    assert client.post(shop.url(row), sent({**json, "name": "Mine"}, loaded)).status_code == 302  # to the index
    assert shop.stored("a") is None


def test_an_altered_note_of_what_was_loaded_is_refused(shop):
    row = shop.model.objects.create(id="a", name="Tea")
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))

    answer = client.post(shop.url(row), sent({**json, "name": "Mine"}, {"loaded": loaded["loaded"][:-3]}))

    assert "Load the item again" in errors_of(answer)[0]
    assert shop.stored("a")["name"] == {"S": "Tea"}


def test_the_history_tells_what_was_changed_from_what_to_what(shop):
    row = shop.model.objects.create(id="a", name="Tea", tags=["x"])
    client = shop.client("view", "change")
    json, loaded = form_of(client.get(shop.url(row)))
    changed = {**json, "name": "<i>Green</i>", "tags": ["y"], "token": "s3cret"}
    assert client.post(shop.url(row), sent(changed, loaded)).status_code == 302

    entry = LogEntry.objects.get()
    assert entry.get_change_message() == "Changed name and tags."
    page = client.get(shop.url(row, "history")).content.decode()
    for text in ("/name", "&quot;Tea&quot;", "&quot;&lt;i&gt;Green&lt;/i&gt;&quot;", "/tags/0", "&quot;y&quot;"):
        assert text in page
    assert "s3cret" not in entry.change_message
    assert shop.stored("a")["token"] == {"S": "s3cret"}


def test_a_duplicate_begins_as_its_original_and_keeps_what_the_schema_doesn_t_know(shop):
    shop.persistence.put_item(
        {"id": {"S": "a"}, "name": {"S": "Tea"}, "legacy": {"BS": [b"x"]}, "created": {"S": "2020-01-01T00:00:00Z"}}
    )
    client = shop.client("view", "add", "change")
    assert f"{shop.root}add/?duplicate=a" in client.get(f"{shop.root}a/change/").content.decode()

    page = client.get(f"{shop.root}add/?duplicate=a")
    json, _ = form_of(page)
    assert json == {"name": "Tea"}
    assert client.post(f"{shop.root}add/?duplicate=a", sent({**json, "id": "b"})).status_code == 302

    assert shop.stored("b")["legacy"] == {"BS": [b"x"]}
    assert shop.stored("b")["created"] != {"S": "2020-01-01T00:00:00Z"}
    assert shop.client("add").get(f"{shop.root}add/?duplicate=a").status_code == 403
    assert client.get(f"{shop.root}add/?duplicate=nobody").status_code == 404


def test_an_item_is_deleted_after_asking(shop):
    row = shop.model.objects.create(id="a", name="Tea")
    client = shop.client("view", "delete")

    assert "Are you sure" in client.get(shop.url(row, "delete")).content.decode()
    assert client.post(shop.url(row, "delete"), {"post": "yes"}).status_code == 302
    assert shop.stored("a") is None
    assert LogEntry.objects.get().is_deletion()


@pytest.mark.parametrize(
    ("may", "address", "status"),
    [
        (["view"], "add/", 403),
        (["view"], "add/validate/", 403),
        (["view"], "a/validate/", 403),
        (["view", "add"], "a/validate/", 403),
        (["view", "change"], "add/validate/", 403),
        (["view", "change"], "a/delete/", 403),
        (["add"], "a/change/", 403),
        (["view", "change"], "a/change/", 302),
    ],
)
def test_nobody_writes_without_permission(shop, may, address, status):
    row = shop.model.objects.create(id="a", name="Tea")
    client = shop.client(*may)
    loaded = form_of(shop.client("view", "change", "delete").get(shop.url(row)))[1]
    json = {**row.to_json(), "name": "Other"}

    assert client.post(f"{shop.root}{address}", sent(json, loaded, post="yes")).status_code == status
    assert shop.stored("a")["name"] == {"S": "Tea" if status == 403 else "Other"}


def test_whoever_may_only_view_gets_no_form(shop):
    row = shop.model.objects.create(id="a", name="Tea")
    page = shop.client("view").get(shop.url(row))

    assert page.status_code == 200
    assert "macaron-json" not in page.content.decode()
    assert not re.search(r"<textarea", page.content.decode())


def test_while_typing_the_server_says_what_is_wrong_and_how_large_it_is(shop):
    row = shop.model.objects.create(id="a", name="Tea")
    client = shop.client("view", "change", "add")

    def ask(text, address="a/validate/"):
        return client.post(f"{shop.root}{address}", text, content_type="text/plain").json()

    assert ask(dump_json(row.to_json())) == {"errors": [], "size": 51}
    assert ask('{"id": "a",\n "name": }')["errors"][0]["line"] == 2
    assert ask('{"name": ""}', "add/validate/")["errors"] == [
        {"message": "is required", "pointer": "/id"},
        {"message": "must not be empty", "pointer": "/name"},
    ]
    assert client.get(f"{shop.root}a/validate/").status_code == 405


def test_items_with_two_keys_are_added_and_changed(make_shop):
    schema = {
        "type": "object",
        "required": ["id", "at"],
        "properties": {
            "id": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "n": {"type": "integer"},
        },
    }
    shop = make_shop(schema, range_key="at")
    client = shop.client("view", "add", "change")
    assert client.post(f"{shop.root}add/", sent({"id": "a/b", "at": "2026-01-01T00:00:00+02:00"})).status_code == 302
    row = shop.model.objects.get(id="a/b")

    json, loaded = form_of(client.get(shop.url(row)))
    assert json == {"id": "a/b", "at": "2026-01-01T00:00:00+02:00"}
    assert client.post(shop.url(row), sent({**json, "n": 3, "more": [1]}, loaded)).status_code == 302
    changed = shop.model.objects.get(id="a/b")
    assert changed.to_json() == {**json, "n": 3, "more": [1]}


def test_the_form_says_on_load_what_the_stored_item_breaks_and_counts_its_errors(orders, broken):
    client = orders.client("view", "change")
    page = client.get(orders.url(broken))
    text = page.content.decode()

    assert "The stored item breaks its schema" in text
    assert "<li>status: must be one of &quot;new&quot;" in text
    form = page.context["adminform"].form
    answer = client.post(orders.url(broken), {"item": form.initial["item"], "loaded": form.initial["loaded"]})
    assert "Please correct the errors below." in answer.content.decode()
    assert answer.status_code == 200
