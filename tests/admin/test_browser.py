"""The admin in a browser: by mouse and by keyboard, in light and dark, on a phone, and without barriers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType

from macaron_django.admin.forms.log_entries import change_message
from macaron_django.schemas.values.json_text import dump_json

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
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
        "site": {"type": "string", "format": "uri"},
        "photo": {"type": "string", "format": "byte"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "lines": {"type": "array"}}},
        "until": {"type": "integer"},
    },
}
#: Elements that reach out of the window, except where they can be scrolled.
TOO_WIDE = """
[...document.querySelectorAll("#content *")]
  .filter((one) => !one.closest(".results, .macaron-table, .macaron-plan pre, .visually-hidden"))
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 100))
"""
INDEXES = {"by_state": {"hash_key": "state", "range_key": "placed"}}


def order(number: int) -> dict:
    return {
        "customer": f"customer-{number % 7}",
        "number": number,
        "state": ("new", "paid", "sent")[number % 3],
        "placed": f"2026-01-{number % 28 + 1:02}T12:00:00Z",
        "paid": number % 2 == 0,
        "note": f"Note {number}",
    }


def fill(shop, count: int) -> None:
    rows = [shop.model(**order(number)) for number in range(count)]
    for start in range(0, count, 1000):
        shop.persistence.batch_write(puts=[shop.persistence.encode(row) for row in rows[start : start + 1000]])


@pytest.fixture
def orders(make_shop):
    """The admin of orders, by customer and number."""
    return make_shop(
        ORDER, "Order", hash_key="customer", range_key="number", scan="forbidden", indexes=INDEXES, ttl="until"
    )


def barriers(page) -> list[str]:
    """What axe calls serious or critical."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url}: {one['id']}: {node['html'][:120]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def rows(page) -> list[str]:
    return page.locator("#result_list tbody tr").all_inner_texts()


def search(page, text: str) -> str:
    """Type a search, wait for what it will ask, search; what was announced."""
    page.fill("#searchbar", text)
    page.locator("#macaron-preview").filter(has_text=re.compile(".")).wait_for()
    announced = page.inner_text("#macaron-preview")
    page.press("#searchbar", "Enter")
    page.wait_for_url(re.compile(r"\?.*q="))
    page.locator(".macaron-plan, .errornote").first.wait_for()
    return announced


def find_everything(shop, open_page, count: int) -> None:
    page = open_page(shop.client("view"), shop.root)
    assert search(page, "customer=customer-3 number=3") == "Will run: GetItem by the whole key"
    assert len(rows(page)) == 1
    assert search(page, "state=paid placed>=2026-01-20") == "Will run: Query on index by_state"
    assert "Query on index by_state" in page.inner_text(".macaron-plan")
    assert rows(page)
    limit = 1000
    assert search(page, f'note="Note {count - 1}"') == f"Will run: Scan, at most {limit:,} items read"
    for _ in range(count // limit + 1):
        if rows(page):
            break
        with page.expect_navigation():
            page.click("text=Continue the scan")
    assert f"Note {count - 1}" in page.inner_text("#result_list")


def test_items_are_found_by_key_by_index_and_by_scan(orders, open_page):
    fill(orders, 300)
    find_everything(orders, open_page, 300)


@pytest.mark.soak
def test_items_are_found_among_fifty_thousand(orders, open_page):
    fill(orders, 50_000)
    find_everything(orders, open_page, 50_000)


def test_a_keyboard_is_enough_to_find_and_read_an_item(orders, open_page):
    fill(orders, 30)
    page = open_page(orders.client("view"), orders.root)

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({selector!r})"):
                return
        pytest.fail(f"no way by keyboard to {selector}")

    tab_to("#searchbar")
    page.keyboard.type("customer=customer-2 number=2")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?.*q="))
    tab_to("#result_list a")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/change/"))
    tab_to(".macaron-tabs a[href*=json]")
    page.keyboard.press("Enter")
    assert "Note 2" in page.inner_text("#macaron-raw-text")
    tab_to("[data-macaron-copy]")
    page.keyboard.press("Enter")
    page.locator("text=Copied").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(orders, open_page, settings, scheme):
    fill(orders, 30)
    settings.MACARON = {**settings.MACARON, "ADMIN": {"PRODUCTION": scheme == "dark"}}
    nested = {"city": "Paris", "lines": ["a", {"b": None}]}
    row = orders.model.objects.create(
        **{**order(1), "number": 500, "site": "https://example.com", "photo": "AAE=", "address": nested, "until": 9}
    )
    page = open_page(orders.client(), orders.root, color_scheme=scheme)
    LogEntry.objects.create(
        user=User.objects.get(),
        content_type=ContentType.objects.get_for_model(orders.model),
        object_id=row.pk,
        object_repr=str(row),
        action_flag=CHANGE,
        change_message=json.dumps(change_message({"note": "a"}, {"note": "b"}, adding=False)),
    )
    found: list[str] = []
    for address in (
        "/admin/",
        orders.root,
        f"{orders.root}?q=state%3Dpaid",
        f"{orders.root}?q=note%3D1",
        f"{orders.root}?q=nonsense%3D1",
        orders.url(row, "view"),
        orders.url(row, "history"),
        orders.url(row, "change"),
        orders.url(row, "delete"),
        f"{orders.root}tables/",
        f"{orders.root}add/",
        f"{orders.root}export/?q=state%3Dpaid",
        f"{orders.root}import/",
    ):
        page.goto(address)
        if address.endswith("/view/"):
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        inline = page.evaluate("document.querySelectorAll('script:not([src]):not([type$=json]), [onclick]').length")
        assert inline == 0, f"{address} has inline scripts, which a Content-Security-Policy forbids"
        found += barriers(page)
    page.get_by_label("File").set_input_files(
        {"name": "orders.jsonl", "mimeType": "application/jsonl", "buffer": import_of_each_kind(row)}
    )
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_role("heading", name="Refused").wait_for()
    found += barriers(page)
    page.goto(orders.root)
    page.locator("input[name=_selected_action]").first.check()
    page.locator("select[name=action]").select_option("delete_selected")
    page.locator("#changelist-form .actions button").first.click()
    page.get_by_role("button", name="Delete 1 item").wait_for()
    found += barriers(page)
    page.get_by_role("button", name="Delete 1 item").click()
    page.get_by_text("Done. 1 deleted").wait_for()
    found += barriers(page)
    assert found == [], "\n".join(found)


def import_of_each_kind(row) -> bytes:
    """A file of which one item is refused, one changed, one created and one as it is."""
    changed = {**row.to_json(), "note": "Changed"}
    lines = [{"customer": "x"}, changed, {**order(1), "number": 501}, order(2)]
    return b"".join(dump_json(line) + b"\n" for line in lines)


def test_pages_fit_a_phone(orders, open_page):
    fill(orders, 30)
    row = orders.model.objects.create(
        **{**order(1), "number": 500, "note": "x" * 300, "site": f"https://a.b/{'y' * 300}"}
    )
    page = open_page(orders.client("view"), orders.root, viewport={"width": 375, "height": 740})
    for address in (orders.root, orders.url(row, "view"), f"{orders.root}tables/"):
        page.goto(address)
        wide = page.evaluate(TOO_WIDE)
        assert wide == [], address
