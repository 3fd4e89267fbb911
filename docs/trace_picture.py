"""Draws docs/images/trace-*.svg, one trace from a browser to a worker: `.venv/bin/python docs/trace_picture.py`.

Runs the example project's two services, a Celery worker and Redis, and greets somebody from a page in Chromium
(`CHROMIUM` names it; Debian's otherwise). Spans come over OTLP, to the receiver that the tests have, and are kept in
docs/files/trace.json; with `--draw`, those are drawn without a run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import sync_playwright
from screenshots import CHROMIUM, IMAGES, PATIENCE, ROOT, example_folder, free_port, wait_for

sys.path.insert(0, str(ROOT))
from tests.observability.otlp_receiver import ExportedSpan, OTLPReceiver

EXPORTED = Path(__file__).parent / "files" / "trace.json"
#: What the page does: it begins a trace (W3C Trace Context), and tells when its request began and ended.
GREET = """
async () => {
  const hex = (length) => [...crypto.getRandomValues(new Uint8Array(length))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const traceId = hex(16), spanId = hex(8), began = performance.timeOrigin + performance.now();
  const answer = await fetch("/greetings", {
    method: "POST",
    headers: {"Content-Type": "application/json", traceparent: `00-${traceId}-${spanId}-01`},
    body: JSON.stringify({to: "ada", text: "well done."}),
  });
  await answer.text();
  return {traceId, spanId, began, ended: performance.timeOrigin + performance.now(), status: answer.status};
}
"""
#: The last span that comes, by its name.
LAST = "process greetings.tasks.deliver"

# -- the run -------------------------------------------------------------------------------------


@contextmanager
def process(folder: Path, *command: str, **environment: str) -> Iterator[None]:
    """A program in the background."""
    started = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment})  # noqa: S603
    try:
        yield
    finally:
        started.terminate()
        started.wait(PATIENCE)


def exported_trace() -> list[ExportedSpan]:
    """Greets somebody, and returns the spans of the trace."""
    with ExitStack() as running, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        example_folder(folder)
        receiver = running.enter_context(closing(OTLPReceiver()))
        ports = {each: free_port() for each in ("redis", "profiles", "greetings")}
        shared = {
            "PYTHONPATH": str(folder / "example_project"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TASKS_BACKEND": "celery",
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{ports['redis']}/0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        greeter = {**shared, "SERVE": "greetings", "PROFILES_URL": f"http://127.0.0.1:{ports['profiles']}"}
        gunicorn = (sys.executable, "-m", "gunicorn", "--workers=1", "--threads=2", "config.wsgi")

        def serve(service: str, **environment: str) -> None:
            bind = f"--bind=127.0.0.1:{ports[service]}"
            running.enter_context(process(folder, *gunicorn, bind, OTEL_SERVICE_NAME=service, **environment))
            wait_for(f"http://127.0.0.1:{ports[service]}/ping")

        redis = ("redis-server", "--port", str(ports["redis"]), "--bind", "127.0.0.1", "--save", "")
        running.enter_context(process(folder, *redis))
        serve("profiles", **{**shared, "SERVE": "myserver"})
        serve("greetings", **greeter)
        worker = (sys.executable, "manage.py", "macaronworker", "--concurrency", "1")
        running.enter_context(process(folder, *worker, OTEL_SERVICE_NAME="worker", **greeter))
        site = f"http://127.0.0.1:{ports['greetings']}"
        found = [*greeted(site, receiver)]
        stop = [sys.executable, "manage.py", "dynamodb", "--stop"]
        subprocess.run(stop, cwd=folder, check=False)  # noqa: S603
    return found


def greeted(site: str, receiver: OTLPReceiver) -> list[ExportedSpan]:
    """Returns the spans of the last of three greetings, the page's own first: the others load what is loaded once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto(f"{site}/docs/")
        for _ in range(3):
            seen: dict[str, Any] = page.evaluate(GREET)
            if seen["status"] != 200:
                raise SystemExit(f"The greeting was answered {seen['status']}.")
            spans = wait_for_worker(receiver, seen["traceId"])
        browser.close()
    times = int(seen["began"] * 1_000_000), int(seen["ended"] * 1_000_000)
    return [ExportedSpan("browser", "POST /greetings", seen["traceId"], seen["spanId"], "", *times), *spans]


def wait_for_worker(receiver: OTLPReceiver, trace: str) -> list[ExportedSpan]:
    """Returns the spans of a trace once the worker's and those within it are there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if LAST in {each.name for each in receiver.of_trace(trace)}:
            time.sleep(1)  # what ended before may come after it
            return receiver.of_trace(trace)
        time.sleep(0.1)
    raise SystemExit("The spans of the worker did not come.")


# -- the picture ---------------------------------------------------------------------------------


class DrawnSpan(NamedTuple):
    service: str
    name: str
    depth: int
    start: float  # milliseconds after the first
    duration: float


def drawn_spans(spans: list[ExportedSpan]) -> list[DrawnSpan]:
    """Returns the spans in the order of a tree, each below its parent."""
    first = min(each.start for each in spans)

    def below(parent: str, depth: int) -> Iterator[DrawnSpan]:
        for each in sorted(spans, key=lambda one: one.start):
            if each.parent == parent:
                start, duration = (each.start - first) / 1e6, (each.end - each.start) / 1e6
                yield DrawnSpan(each.service, each.name, depth, start, duration)
                yield from below(each.id, depth + 1)

    return list(below("", 0))


#: Of each service, its colour in light and in dark.
COLOURS = {
    "browser": ("#6b4fbb", "#b39dff"),
    "greetings": ("#0b6e99", "#5cc3f0"),
    "profiles": ("#1b7f3b", "#63d68a"),
    "worker": ("#b35900", "#ffb366"),
}
INK = {"light": ("#ffffff", "#1f2328", "#d0d7de"), "dark": ("#131416", "#e6edf3", "#3d444d")}
WIDTH, NAMES, ROW, TOP, BOTTOM = 960, 400, 28, 46, 34


def picture(spans: list[DrawnSpan], theme: str) -> str:
    """Returns the waterfall as SVG."""
    paper, ink, line = INK[theme]
    whole = max(each.start + each.duration for each in spans)
    step = next(each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if whole / each <= 8)
    scale = (WIDTH - NAMES - 90) / whole
    height = TOP + ROW * len(spans) + BOTTOM
    told = "; ".join(f"{each.service} {each.name}, {each.duration:.1f} ms from {each.start:.1f} ms" for each in spans)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="13" fill="{ink}">',
        '<title id="title">One trace from a browser to a worker</title>',
        f'<desc id="desc">{escape(told)}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="{paper}"/>',
    ]
    for number, (service, colours) in enumerate(COLOURS.items()):
        x = 16 + number * 110
        parts.append(f'<rect x="{x}" y="14" width="12" height="12" rx="2" fill="{colours[theme == "dark"]}"/>')
        parts.append(f'<text x="{x + 18}" y="25">{service}</text>')
    for tick in range(0, int(whole) + 1, step):
        x = NAMES + tick * scale
        parts.append(f'<path d="M{x:.1f} {TOP - 4}V{height - BOTTOM + 6}" stroke="{line}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 10}" text-anchor="middle">{tick} ms</text>')
    for number, each in enumerate(spans):
        y = TOP + number * ROW
        x, width = NAMES + each.start * scale, max(2.0, each.duration * scale)
        colour = COLOURS[each.service][theme == "dark"]
        parts.append(f'<text x="{16 + each.depth * 16}" y="{y + 18}">{escape(each.name)}</text>')
        parts.append(f'<rect x="{x:.1f}" y="{y + 5}" width="{width:.1f}" height="18" rx="3" fill="{colour}"/>')
        parts.append(f'<text x="{x + width + 6:.1f}" y="{y + 18}">{each.duration:.1f} ms</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    if "--draw" not in sys.argv:
        spans = [each._asdict() for each in exported_trace()]
        EXPORTED.write_text(json.dumps(spans, indent=1) + "\n", "utf-8")
    drawn = drawn_spans([ExportedSpan(**each) for each in json.loads(EXPORTED.read_text("utf-8"))])
    for theme in INK:
        (IMAGES / f"trace-{theme}.svg").write_text(picture(drawn, theme), "utf-8")


if __name__ == "__main__":
    main()
