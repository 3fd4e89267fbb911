"""Takes the pictures in docs/images: `.venv/bin/python docs/screenshots.py`.

Runs a copy of the example project on a free port, and looks at it with Playwright and the Chromium that is
installed (`CHROMIUM` names it; Debian's otherwise). Nothing of the checkout is touched but the pictures.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = Path(__file__).parent / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 60  # seconds


@contextlib.contextmanager
def example_project() -> Iterator[str]:
    """Serve a copy of the example project with its sample data; its address."""
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        example_folder(folder)
        server = subprocess.Popen(  # noqa: S603
            [sys.executable, "manage.py", "runserver", "--noreload", address], cwd=folder
        )
        try:
            wait_for(f"http://{address}/ping")
            yield f"http://{address}"
        finally:
            server.terminate()
            server.wait(PATIENCE)
            stop = [sys.executable, "manage.py", "dynamodb", "--stop"]
            subprocess.run(stop, cwd=folder, check=False)  # noqa: S603


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def example_folder(folder: Path) -> None:
    """Copy the example project, with its tables and its sample data."""
    shutil.copy(ROOT / "manage.py", folder)
    kept_out = shutil.ignore_patterns("*.sqlite3*", "__pycache__")
    shutil.copytree(ROOT / "example_project", folder / "example_project", ignore=kept_out)
    for command in (["migrate", "--verbosity", "0"], ["synctables"], ["loadsample"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=folder, check=True)  # noqa: S603


def wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310 (our own server)
            return
        time.sleep(0.2)
    raise SystemExit(f"{url} does not answer.")


def swagger_ui(page: Page, site: str) -> None:
    page.goto(f"{site}/docs/myserver/")
    page.locator(".opblock").nth(6).wait_for()
    page.wait_for_timeout(500)  # its sections unfold
    page.screenshot(path=IMAGES / "swagger-ui.png")


def log_in(page: Page, site: str) -> None:
    page.request.post(f"{site}/greetings", data={"to": "shigeru", "text": "good morning."})  # who has no address: fails
    page.request.delete(f"{site}/profiles/shigeru")  # his name needs a font that few Linux machines have
    page.goto(f"{site}/admin/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "admin")
    page.click("[type=submit]")
    page.locator("#user-tools").wait_for()


def admin_index(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/")


def admin_list(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/macaron_myserver/profile/?q=age%3E30")
    page.locator("#result_list").wait_for()


def admin_item(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/macaron_myserver/profile/")
    page.click("#result_list th a")
    page.locator(".object-tools a[href$='/view/']").click()
    page.locator(".macaron-values").first.wait_for()


def admin_form(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/macaron_myserver/profile/")
    page.click("#result_list th a")
    page.wait_for_timeout(500)  # the form is made by its script


def admin_tables(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/macaron_myserver/profile/tables/")


def admin_failed_task(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/macaron_django/failedtask/")
    page.click("#result_list tbody th a")
    page.get_by_role("heading", name="Traceback").wait_for()
    # Where the files are on this machine is of no use to anybody.
    shortened = """pre => { pre.textContent = pre.textContent.replace(
      /File "[^"]*[/](?=(macaron_django|example_project)[/])/g, 'File "…/'); }"""
    page.locator("#macaron-task-trace + pre").evaluate(shortened)


#: The pages of the admin, each taken in light and in dark, and how high its picture is.
ADMIN_PAGES = (
    *((admin_index, 560), (admin_list, 620), (admin_item, 860), (admin_form, 900), (admin_tables, 760)),
    (admin_failed_task, 860),
)


def admin(browser: Browser, site: str) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 600})
        page = context.new_page()
        log_in(page, site)
        for take, height in ADMIN_PAGES:
            page.set_viewport_size({"width": 1280, "height": height})
            take(page, site)
            page.screenshot(path=IMAGES / f"{take.__name__.replace('_', '-')}-{scheme}.png")
        context.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with example_project() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1180, "height": 730})
        swagger_ui(page, site)
        page.close()
        admin(browser, site)
        browser.close()


if __name__ == "__main__":
    main()
