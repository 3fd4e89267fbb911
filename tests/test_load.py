"""Many clients at once, a third of them talking nonsense: nothing fails, and the workers don't grow."""

from __future__ import annotations

import random
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--chdir=example_project", "--bind=127.0.0.1:{port}", "--workers=2"),
    *("--log-level=warning", "config.wsgi:application"),
)
JSON = {"Content-Type": "application/json"}
NAMES = [f"p{number}" for number in range(200)]
#: What clients do: method, path with {name} in it, and what is sent.
GOOD = (
    ("POST", "/profiles", {"json": {"name": "Somebody", "age": 40, "tags": ["a", "b"]}}),
    ("GET", "/profiles/{name}", {}),
    ("GET", "/profiles/{name}", {}),
    ("GET", "/profiles?limit=20", {}),
    ("PATCH", "/profiles/{name}", {"json": {"age": 41}}),
    ("PUT", "/profiles/{name}", {"json": {"name": "Somebody else"}}),
    ("POST", "/profiles/{name}/view", {}),
    ("GET", "/library/books?limit=5", {}),
    ("GET", "/openapi/myserver.json", {}),
)
BAD = (
    ("POST", "/profiles", {"json": {"age": -1, "email": "nobody", "tags": [1]}}),
    ("POST", "/profiles", {"content": b'{"name": "a", "name": "b"}', "headers": JSON}),
    ("POST", "/profiles", {"content": b"[" * 100_000, "headers": JSON}),
    ("POST", "/profiles", {"content": b'{"name": "' + b"x" * 1_000_000 + b'"}', "headers": JSON}),
    ("PUT", "/profiles/{name}", {"content": b"\xff\xfe\x00", "headers": JSON}),
    ("PUT", "/profiles/{name}", {"content": b"<a/>", "headers": {"Content-Type": "application/xml"}}),
    ("GET", "/profiles/%00", {}),
    ("GET", "/profiles?cursor=nonsense", {}),
    ("GET", "/profiles?limit=99999999999999999999", {}),
    ("GET", "/auth/version", {"headers": {"Authorization": "Bearer " + "e" * 7000}}),
    ("TRACE", "/profiles", {}),
    ("GET", "/library/books/" + "9" * 3000, {}),
    ("GET", "/nowhere", {}),
)


class Client(threading.Thread):
    def __init__(self, url: str, seed: int, ends: float) -> None:
        super().__init__(daemon=True)
        self.url, self.random, self.ends = url, random.Random(seed), ends  # noqa: S311 (no secret)
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while time.monotonic() < self.ends:
                method, path, sent = self.random.choice(BAD if self.random.random() < 1 / 3 else GOOD)
                try:
                    answer = client.request(method, path.replace("{name}", self.random.choice(NAMES)), **sent)
                except httpx.HTTPError as error:
                    self.failures.append(f"{method} {path[:40]}: {error!r}")
                    continue
                self.statuses[answer.status_code] += 1
                if answer.status_code >= 500:
                    self.failures.append(f"{method} {path[:40]}: {answer.status_code} {answer.text[:300]}")


def resident(processes: list[int]) -> float:
    """Megabytes of memory that processes hold together."""
    pages = (int(Path(f"/proc/{each}/statm").read_text("ascii").split()[1]) for each in processes)
    return sum(pages) * 4096 / 1e6


@pytest.mark.soak
def test_64_clients_for_a_minute_get_no_5xx_and_memory_stays_flat(example):
    client = example.serve(*GUNICORN)
    for name in NAMES:
        client.post("/profiles", json={"profile_id": name, "name": "Somebody"})
    server = example.servers[-1].pid
    workers = [int(each) for each in Path(f"/proc/{server}/task/{server}/children").read_text("ascii").split()]
    seconds = 60
    clients = [Client(str(client.base_url), seed, time.monotonic() + seconds) for seed in range(64)]
    for each in clients:
        each.start()
    samples: list[float] = []
    while any(each.is_alive() for each in clients):
        samples.append(resident(workers))
        time.sleep(1)
    statuses = sum((each.statuses for each in clients), Counter[int]())
    quarter = len(samples) // 4
    early, late = statistics.median(samples[quarter : 2 * quarter]), statistics.median(samples[-quarter:])
    print(f"{sum(statuses.values())} requests in {seconds} s: {dict(sorted(statuses.items()))}")
    print(f"workers: {samples[0]:.1f} MB at first, {early:.1f} MB in the second quarter, {late:.1f} MB in the last")
    assert [failure for each in clients for failure in each.failures] == []
    assert sum(count for status, count in statuses.items() if status < 300) > 500
    assert late < early * 1.05
