"""A rich item in a browser: readable at every width, and edited field by field even where it breaks its schema."""

from __future__ import annotations

from base64 import b64decode

import pytest

WIDTHS = (390, 1024, 1280, 1440, 1920)
pytestmark = pytest.mark.django_db(transaction=True)

#: What is wrong with the layout of an item's page: what reaches out of the window, and values of a few letters a line.
UNREADABLE = """
() => {
  const window_ = document.documentElement;
  const wide = [...document.querySelectorAll("#content *")].filter(
    (one) => !one.closest(".visually-hidden, .results") && one.getBoundingClientRect().right > window_.clientWidth + 1);
  const narrow = [...document.querySelectorAll(".macaron-tree li, .macaron-values dd, .macaron-value")].filter(
    (one) => one.getBoundingClientRect().width < 180);
  return [...wide, ...narrow].map((one) => one.outerHTML.slice(0, 100));
}
"""


def unreadable(page, address):
    found = {}
    page.goto(address)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found[width] = page.evaluate(UNREADABLE)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    return {width: wrong for width, wrong in found.items() if wrong}


def field(page, name):
    return page.locator(f"[data-property={name}]").first


def test_nested_values_are_readable_from_a_phone_to_a_wide_screen(orders, rich, open_page):
    page = open_page(orders.client(), "/admin/")

    assert unreadable(page, orders.url(rich, "view")) == {}
    assert unreadable(page, orders.url(rich)) == {}


def test_a_stored_value_that_breaks_the_schema_is_corrected_in_its_own_field(orders, broken, open_page):
    page = open_page(orders.client(), orders.url(broken))

    problems = page.locator(".macaron-violations li")
    problems.nth(5).wait_for()
    assert page.get_by_role("heading", name="The stored item breaks its schema").count() == 1
    assert problems.first.inner_text() == 'status: must be one of "new", "paid", "packed", "sent", "returned"'
    status = field(page, "status").locator("select")
    assert status.locator("option:checked").inner_text() == "lost (not in the schema's enum)"
    page.get_by_role("button", name="lines → 0 → size").click()
    assert page.evaluate("document.activeElement.closest('[data-property]').dataset.property") == "size"

    status.select_option("paid")
    field(page, "quantity").locator("input").fill("5")
    field(page, "gift").locator("textarea").fill("true")
    field(page, "payment").get_by_role("combobox", name="Kind: payment").select_option("Card")
    field(page, "size").locator("select").select_option("M")
    field(page, "lines").locator("[data-property=sku] input").last.fill("B")
    page.get_by_text("Valid ·").wait_for()
    assert problems.count() == 0
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/order/")
    stored = orders.stored("acme", "broken")
    assert (stored["status"], stored["gift"], stored["quantity"]) == ({"S": "paid"}, {"BOOL": True}, {"N": "5"})


def test_secrets_sets_times_and_files_have_controls_of_their_own(orders, rich, open_page):
    page = open_page(orders.client(), orders.url(rich))

    token, pin = field(page, "api_token"), field(page, "pin")
    assert [one.locator(".macaron-state").inner_text() for one in (token, pin)] == ["set (hidden)"] * 2
    assert field(page, "password").locator(".macaron-state").inner_text() == "not set"
    token.locator("input").fill("new")
    field(page, "password").locator("input").fill("new")
    assert token.locator(".macaron-state").inner_text() == "will be replaced"
    assert field(page, "password").locator(".macaron-state").inner_text() == "will be set"

    categories, lines = field(page, "categories"), field(page, "lines")
    assert (categories.get_by_text("↑").count(), lines.get_by_text("↑").count()) == (0, 2)

    updated = field(page, "updated")
    updated.get_by_role("button", name="Pick … updated").click()
    updated.locator(".macaron-picker").evaluate(
        "one => { one.value = '2027-01-02T03:04'; one.dispatchEvent(new Event('change')); }"
    )
    pickup = field(page, "pickup")
    pickup.locator(".macaron-picker").evaluate(
        "one => { one.value = '10:15'; one.dispatchEvent(new Event('change')); }"
    )
    assert updated.locator("input").first.input_value() == "2027-01-02T03:04:00+02:00"
    assert pickup.locator("input").first.input_value() == "10:15:00Z"

    photo = field(page, "photo")
    octets = bytes(range(256))
    photo.locator("input[type=file]").set_input_files({"name": "a.bin", "mimeType": "image/png", "buffer": octets})
    photo.get_by_text("256 bytes").wait_for()
    page.get_by_text("Valid ·").wait_for()
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_text("was changed successfully").wait_for()
    stored = orders.stored("acme", "rich")
    assert (stored["photo"], stored["api_token"]) == ({"B": octets}, {"S": "new"})
    assert stored["payment"]["M"]["pin"] == {"S": "hush"}
    assert b64decode(page.locator("[data-property=photo] textarea").input_value()) == octets

    # The buttons stay in sight, and cover nothing that has the focus.
    saves = page.locator(".submit-row")
    assert saves.bounding_box()["y"] + saves.bounding_box()["height"] <= page.viewport_size["height"] + 1
    field(page, "expires").locator("input").first.focus()
    focused = field(page, "expires").locator("input").first.bounding_box()
    assert focused["y"] + focused["height"] <= saves.bounding_box()["y"]


def test_a_list_of_twelve_columns_is_readable_and_its_search_suggests(orders, rich, broken, open_page):
    for number in range(30):
        item = {**rich._state.item, "order_id": {"S": f"2026-{number:05}"}, "title": {"S": "A long title " * 9}}
        orders.persistence.put_item(item)
    page = open_page(orders.client(), orders.root, viewport={"width": 1280, "height": 800})

    assert page.locator("#result_list thead th").count() == 13
    heights = page.locator("#result_list tbody tr").evaluate_all("rows => rows.map((row) => row.offsetHeight)")
    assert max(heights) < 60  # two lines
    one_line = page.locator("#result_list tbody tr").first.locator(".macaron-one-line").all()
    assert len(one_line) == 4  # the keys and the dates
    assert all(cell.bounding_box()["height"] < 30 for cell in one_line)
    assert (
        page.locator("#result_list .field-total .macaron-number").first.evaluate(
            "one => getComputedStyle(one).textAlign"
        )
        == "right"
    )
    head = page.locator("#result_list thead th").nth(1)
    before = head.bounding_box()
    page.locator(".results").evaluate("one => { one.scrollTop = 400; one.scrollLeft = 300; }")
    after = head.bounding_box()
    assert after["y"] == before["y"]
    assert after["x"] >= page.locator(".results").bounding_box()["x"]

    box = page.locator("#searchbar")
    box.press_sequentially("stat")
    page.get_by_role("option", name="status=").wait_for()
    box.press("ArrowDown")
    box.press("Enter")
    assert box.input_value() == "status="
    box.press_sequentially("p")
    assert page.locator(".macaron-suggestions li").all_inner_texts() == ["paid", "packed"]
    page.locator(".macaron-suggestions li", has_text="packed").click()
    assert box.input_value() == "status=packed "
    box.fill("status=lost")
    page.get_by_text("“lost” isn't one of the values of status").wait_for()
    box.press("Enter")
    page.wait_for_url("**q=status*")
    assert page.locator("#result_list tbody tr").count() == 1
    page.get_by_role("link", name="Use index by_status (leaves out items without updated)").click()
    page.wait_for_url("**updated__isnull*")
    assert "Query on index by_status" in page.inner_text(".macaron-plan")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
