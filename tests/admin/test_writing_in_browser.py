"""The forms and the exchange of items as people use them: in a real browser, by mouse and by keyboard."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from macaron_django.schemas.values.json_text import exact_json

pytestmark = pytest.mark.django_db(transaction=True)

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def control(page, name):
    """The control of a property of the item itself or, of ``country``, of its one nested object."""
    return page.locator(f"[data-property={name}] > .macaron-value input").first


def saved(page):
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/product/")


def test_nested_values_are_edited_and_what_is_not_touched_stays_as_it_was(shop, open_page):
    number = Decimal("12345678901234567890.123456789")
    shop.model.objects.create(
        id="tea",
        name="Green\r\ntea",
        price=number,
        tags=["a", "b", "c"],
        sizes=[{"label": "S", "grams": 50}],
        parcel={"kind": "Letter", "stamps": 2},
        anything={"deep": [1, None, "x"]},
        note=None,
    )
    before = shop.stored("tea")
    page = open_page(shop.client(), f"{shop.root}tea/change/")

    sizes = page.get_by_role("group", name="sizes")
    sizes.get_by_role("button", name="Add sizes").click()
    sizes.locator("[data-property=label] input").last.fill("L")
    sizes.locator("[data-property=grams] input").last.fill("99999999999999999999")
    sizes.get_by_role("button", name="Move up: sizes 1").click()
    tags = page.get_by_role("group", name="tags")
    tags.get_by_role("button", name="Remove: tags 0").click()
    page.get_by_role("combobox", name="Kind: parcel").select_option("Box")
    page.get_by_role("group", name="parcel").locator("[data-property=litres] input").fill("1.50")
    control(page, "since").fill("2026-01-31")
    page.get_by_role("button", name="Add maker").click()
    control(page, "country").fill("Japan")
    page.get_by_text("maker → country: must not be longer than 2 characters").wait_for()
    control(page, "country").fill("JP")
    page.get_by_text("Valid ·").wait_for()
    saved(page)

    stored = shop.stored("tea")
    row = shop.model.objects.get(id="tea").to_json()
    assert row["sizes"] == [{"label": "L", "grams": 99999999999999999999}, {"label": "S", "grams": 50}]
    assert (row["tags"], row["parcel"]) == (["b", "c"], {"kind": "Box", "litres": 1.5})
    assert (row["since"], row["maker"]) == ("2026-01-31", {"country": "JP"})
    for name in ("name", "price", "anything", "note", "created"):
        assert stored[name] == before[name]


def test_the_text_of_an_item_is_checked_as_one_types(shop, open_page):
    page = open_page(shop.client(), f"{shop.root}add/")
    page.get_by_role("button", name="As JSON").click()
    text = page.locator("textarea[name=item]")

    text.fill('{"id": "a",\n  "name" "b"}')
    page.get_by_role("button", name="line 2:10: This isn't valid JSON").wait_for()
    text.fill('{"id": "a",\n  "name": ""}')
    page.get_by_role("button", name="/name, line 2:11: must not be empty").click()
    assert text.evaluate("area => area.selectionStart") == 22
    text.fill('{"id": "a", "name": "Tea", "price": 0.1000000000000000000000000000000000001}')
    page.get_by_text("Valid ·").wait_for()
    page.get_by_role("button", name="Form").click()
    assert control(page, "price").input_value() == "0.1000000000000000000000000000000000001"
    saved(page)
    assert shop.stored("a")["price"] == {"N": "0.1000000000000000000000000000000000001"}


def test_a_conflict_is_shown_and_theirs_can_be_taken(shop, open_page):
    shop.model.objects.create(id="tea", name="Tea", stock=1)
    page = open_page(shop.client(), f"{shop.root}tea/change/")
    shop.persistence.update_item({"id": {"S": "tea"}}, {"name": {"S": "Theirs"}, "stock": {"N": "7"}})

    control(page, "name").fill("Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="You and another user have changed this item").wait_for()
    assert control(page, "name").input_value() == "Mine"
    assert control(page, "stock").input_value() == "7"
    table, tools = page.locator(".macaron-conflict").bounding_box(), page.locator(".object-tools").bounding_box()
    assert tools["y"] + tools["height"] <= table["y"]
    page.get_by_role("button", name="Take this (name)").click()
    assert control(page, "name").input_value() == "Theirs"
    control(page, "stock").fill("8")
    saved(page)
    assert (shop.stored("tea")["name"], shop.stored("tea")["stock"]) == ({"S": "Theirs"}, {"N": "8"})


def test_items_are_deleted_batch_by_batch_with_progress(shop, open_page, monkeypatch):
    monkeypatch.setattr("macaron_django.admin.forms.bulk_deletion.BATCH", 2)
    for key in "abcde":
        shop.model.objects.create(id=key, name=key)
    page = open_page(shop.client(), shop.root)

    for key in "abcd":
        page.locator(f"input[name=_selected_action][value={key}]").check()
    page.locator("select[name=action]").select_option("delete_selected")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    page.get_by_role("button", name="Delete 4 items").click()
    page.get_by_text("Done. 4 deleted").wait_for()
    assert [row.id for row in shop.model.objects.all()] == ["e"]
    page.get_by_role("link", name="Back to the list").click()
    page.wait_for_url("**/product/")


def test_an_export_is_downloaded_and_imported_again(shop, open_page, tmp_path):
    shop.model.objects.create(id="a", name="=1+1", price=Decimal("0.12345678901234567890123"), tags=["x"])
    page = open_page(shop.client(), f"{shop.root}export/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download JSON lines").click()
    file = tmp_path / "items.jsonl"
    download.value.save_as(file)
    assert exact_json(Path(file).read_bytes()) == shop.model.objects.get(id="a").to_json()

    shop.model.objects.get(id="a").delete()
    page.goto(f"{shop.root}import/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_role("heading", name="New").wait_for()
    page.get_by_role("button", name="Import").click()
    page.get_by_text("1 item created").wait_for()
    assert shop.model.objects.get(id="a").name == "=1+1"


def test_an_item_is_added_with_the_keyboard_alone(shop, open_page):
    page = open_page(shop.client(), f"{shop.root}add/")
    keys = page.keyboard

    def tab_to(name):
        """Tab until the control with this name has the focus."""
        for _ in range(80):
            keys.press("Tab")
            focused = page.evaluate(
                "() => { const at = document.activeElement;"
                " return at.getAttribute('aria-label') || (at.labels && at.labels[0] && at.labels[0].textContent)"
                " || at.value || at.textContent; }"
            )
            if str(focused).strip() == name:
                return
        pytest.fail(f"{name!r} can't be reached")

    tab_to("id *")
    keys.type("tea")
    tab_to("name *")
    keys.type("Green tea")
    tab_to("Add tags")
    keys.press("Enter")
    keys.press("Enter")  # the focus is on the button that adds an element
    keys.type("hot")
    tab_to("Add tags")
    keys.press("Enter")
    keys.type("green")
    tab_to("Move up: tags 1")
    keys.press("Enter")
    keys.press("Tab")
    tab_to("Save")
    keys.press("Enter")
    page.wait_for_url("**/product/")
    assert shop.model.objects.get(id="tea").to_json()["tags"] == ["green", "hot"]


def test_the_form_runs_under_a_strict_content_security_policy(shop, open_page):
    shop.model.objects.create(id="tea", name="Tea")
    page = open_page(shop.client(), "about:blank")

    def strictly(route):
        if route.request.method != "GET":
            route.continue_()
            return
        answer = route.fetch()
        policy = {"content-security-policy": "default-src 'self'; img-src 'self' data:"}
        route.fulfill(response=answer, headers={**answer.headers, **policy})

    page.route("**/change/", strictly)
    problems = []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    page.goto(f"{shop.root}tea/change/")

    control(page, "name").fill("Green tea")
    page.get_by_text("Valid ·").wait_for()
    assert problems == []
    saved(page)
    assert json.dumps(shop.stored("tea")["name"]) == '{"S": "Green tea"}'


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_that_write_have_no_serious_barriers(shop, open_page, tmp_path, scheme):
    shop.model.objects.create(id="tea", name="Tea", tags=["x"], sizes=[{"label": "S"}], anything={"a": [1]}, note=None)
    page = open_page(shop.client(), f"{shop.root}tea/change/", color_scheme=scheme)
    found = []

    def look():
        page.add_script_tag(path=AXE)
        report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found.extend(
            f"{page.url}: {one['id']}: {node['html'][:150]}"
            for one in report["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        )

    shop.persistence.update_item({"id": {"S": "tea"}}, {"name": {"S": "Theirs"}})
    control(page, "name").fill("Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="You and another user have changed this item").wait_for()
    control(page, "name").fill("")
    page.get_by_role("button", name="name: must not be empty").wait_for()
    look()
    page.get_by_role("button", name="As JSON").click()
    look()
    for address in ("export/?q=tea", "import/"):
        page.goto(f"{shop.root}{address}")
        look()
    file = tmp_path / "items.csv"
    file.write_text("id,name\ntea,Other\nnew,New\nbad,\n")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_role("heading", name="Changed").wait_for()
    look()
    page.goto(shop.root)
    page.locator("input[name=_selected_action]").check()
    page.locator("select[name=action]").select_option("delete_selected")
    page.locator("button[name=index]").click()
    page.get_by_role("button", name="Delete 1 item").wait_for()
    look()
    assert found == []
