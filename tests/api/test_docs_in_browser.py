"""What a browser makes of the documentation pages, on a real server: Chromium, driven by Playwright."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
PAGES = {
    "/docs/": "h2:text-is('Library')",
    "/docs/myserver/": ".opblock-summary-path:has-text('/profiles/{profile_id}/view')",
    "/docs/library/": ".opblock-summary-description:text-is('Replace a book')",
    "/redoc/myserver/": "h2:has-text('Count one more view of a profile')",
    "/redoc/library/": "h2:has-text('Replace a book')",
}
#: What a project with a strict policy sends with every answer.
STRICT = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:; object-src 'none'"
)
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
#: What axe finds in the bundles, and no template, option or style of this package can change.
OF_THE_BUNDLE = {
    "nested-interactive": "Swagger UI's button that opens an operation has a link to the operation in it",
}
MIDDLEWARE = f'''
def add_policy(get_response):
    """A second policy beside the page's own: browsers enforce both."""
    def middleware(request):
        response = get_response(request)
        own = response.get("Content-Security-Policy")
        response["Content-Security-Policy"] = ", ".join(filter(None, [own, "{STRICT}"]))
        return response
    return middleware
'''


@dataclass
class Seen:
    """What a page asked for, and what its console complained about."""

    hosts: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)  # by a Content-Security-Policy: never sent
    broken: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"There is no {CHROMIUM}: `apt-get install chromium` brings it.")
    with sync_playwright() as playwright:
        quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *quiet])
        yield browser
        browser.close()


@contextmanager
def opened(chromium: Browser, url: str, **options: object) -> Iterator[tuple[Page, Seen]]:
    context = chromium.new_context(**options)
    page, seen = context.new_page(), Seen()
    page.set_default_timeout(120_000)
    page.on("console", lambda message: seen.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("requestfinished", lambda request: _finished(seen, request))
    page.on("requestfailed", lambda request: _failed(seen, request))
    page.on("response", lambda response: seen.broken.append(response.url) if response.status >= 400 else None)
    page.goto(url)
    yield page, seen
    context.close()


def barriers(page: Page) -> list[str]:
    """What keeps people from using the page, as axe sees it: the rule and the element."""
    page.evaluate(AXE.read_text("utf-8"))  # not as a script tag, which the policy refuses
    found = page.evaluate("axe.run(document)")["violations"]
    return [f"{one['id']}: {node['html']}" for one in found if one["id"] not in OF_THE_BUNDLE for node in one["nodes"]]


def _is_remote(request: Request) -> bool:
    return urlsplit(request.url).scheme in {"http", "https"}


def _finished(seen: Seen, request: Request) -> None:
    if _is_remote(request):
        seen.hosts.add(urlsplit(request.url).netloc)


def _failed(seen: Seen, request: Request) -> None:
    if _is_remote(request) and request.failure == "csp":
        seen.refused.append(request.url)
    else:
        _finished(seen, request)


@pytest.fixture
def server(example) -> Callable[[], str]:
    """Start the example project with a strict policy of its own on every answer."""

    def start() -> str:
        folder = example.folder / "example_project" / "config"
        (folder / "policy.py").write_text(MIDDLEWARE, "utf-8")
        settings = folder / "settings.py"
        added = '\nMIDDLEWARE.insert(0, "config.policy.add_policy")\n'
        settings.write_text(settings.read_text("utf-8") + added, "utf-8")
        return str(example.serve().base_url).rstrip("/")

    return start


def test_pages_show_operations_under_a_strict_policy_ask_nobody_else_and_fit_a_telephone(server, chromium):
    base = server()
    telephone = {"width": 360, "height": 740}
    for path, shown in PAGES.items():
        for options in ({"color_scheme": "dark"}, {"color_scheme": "light", "viewport": telephone}):
            with opened(chromium, base + path, **options) as (page, seen):
                page.wait_for_selector(shown)
                page.wait_for_load_state("networkidle")
                if "viewport" in options:
                    assert page.evaluate("document.documentElement.scrollWidth") <= telephone["width"], path
                assert barriers(page) == [], (path, options)
            assert seen == Seen(hosts={urlsplit(base).netloc}), path


def test_requests_can_be_tried_out_and_images_from_elsewhere_stay_out(server, example, chromium):
    spec = example.folder / "example_project" / "apis" / "library.yaml"
    text = spec.read_text("utf-8")
    shelf = "https://images.invalid/shelf.png"
    embedded = f"description: Books. ![A shelf]({shelf})\n  x-logo: {{url: https://images.invalid/logo.png}}\n"
    spec.write_text(text.replace(text[text.index("description:") : text.index("servers:")], embedded, 1), "utf-8")
    base = server()
    for path in ("/docs/library/", "/redoc/library/"):
        with opened(chromium, base + path) as (page, seen):
            page.wait_for_selector(PAGES[path])
            page.wait_for_load_state("networkidle")
        assert seen.hosts == {urlsplit(base).netloc}
        assert set(seen.refused) <= {shelf}

    with opened(chromium, f"{base}/docs/myserver/") as (page, seen):
        page.locator(".opblock-get .opblock-summary-control").first.click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        page.wait_for_selector(".live-responses-table .response-col_status:has-text('200')")
        assert "profile_id" in page.locator(".live-responses-table .highlight-code").first.inner_text()
    assert seen.complaints == []


@pytest.mark.parametrize(("page_of_all", "kind"), [("Swagger UI", "docs"), ("Redoc", "redoc")])
def test_another_api_is_chosen_by_keyboard_and_without_scripts(server, chromium, page_of_all, kind):
    base = server()
    for scripted in (True, False):
        with opened(chromium, f"{base}/docs/", java_script_enabled=scripted) as (page, seen):
            page.locator(".of-all").get_by_role("link", name=page_of_all).click()
            page.locator("summary").focus()
            page.keyboard.press("Enter")
            page.get_by_role("navigation", name="APIs").get_by_role("link", name="Library").focus()
            page.keyboard.press("Enter")
            page.wait_for_url(f"{base}/{kind}/library/")
            if scripted:
                page.wait_for_selector(PAGES[f"/{kind}/library/"])
        assert (seen.refused, seen.broken) == ([], [])
