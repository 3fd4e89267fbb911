"""Many clients at once, a third of them talking nonsense: nothing fails, and the workers don't grow."""

from __future__ import annotations

import json
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import PATIENCE

GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--chdir=example_project", "--bind=127.0.0.1:{port}", "--workers=2"),
    *("--log-level=warning", "config.wsgi:application"),
)
JSON = {"Content-Type": "application/json"}
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
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


Request = tuple[str, str, dict[str, Any]]


def usual(chance: random.Random) -> Iterator[Request]:
    """What clients do, and a third of nonsense."""
    while True:
        method, path, sent = chance.choice(BAD if chance.random() < 1 / 3 else GOOD)
        yield method, path.replace("{name}", chance.choice(NAMES)), sent


def always_different(chance: random.Random) -> Iterator[Request]:
    """Requests of which no two are alike in anything that could be remembered: keys, names, values, headers, paths.

    What they create they delete, so that the databases don't grow. Charsets are left out: Django asks Python for each,
    and Python keeps the names that it doesn't know.
    """
    while True:
        word, other = (chance.randbytes(chance.randrange(4, 24)).hex() for _ in range(2))
        isbn = str(chance.randrange(10**12, 10**13))
        tree: Any = chance.random()
        for _ in range(chance.randrange(20)):
            tree = {chance.randbytes(3).hex(): tree, "or": [tree, word]} if chance.random() < 0.2 else [tree]
        patch = {"content": json.dumps({"name": other, "email": f"{word}@example.com"}), "headers": MERGE_PATCH}
        accepted = {
            "Accept": f"application/json;v={word}, */*;q=0.{chance.randrange(1, 1000)}",
            "Accept-Language": other,
        }
        yield "POST", "/profiles", {"json": {"profile_id": word, "name": other, "tags": [word], "age": len(other)}}
        yield "GET", f"/profiles/{word}", {"headers": {**accepted, "If-None-Match": f'"{other}"'}}
        yield "PATCH", f"/profiles/{word}", patch
        yield "DELETE", f"/profiles/{word}", {"headers": {"Cookie": f"sessionid={word}; {other}=1"}}
        yield "GET", f"/profiles?limit={chance.randrange(1, 1000)}&cursor={other}&{word}={other}", {}
        yield "POST", "/profiles", {"json": {"name": word, other: tree, "address": {word: tree}, "age": other}}
        yield "POST", "/profiles", {"content": word, "headers": {"Content-Type": f"x-{word}/{other}; v={word}"}}
        yield "POST", "/library/books", {"json": {"isbn": isbn, "title": word, "pages": chance.randrange(1, 100_000)}}
        yield "GET", f"/library/books/{isbn}?fields={word}", {}
        yield "PUT", f"/library/books/{isbn}", {"json": {"isbn": isbn, "title": other, word: tree, "genre": word}}
        yield "DELETE", f"/library/books/{isbn}", {"headers": {f"X-{word}": other}}
        yield "GET", f"/library/books?limit={chance.randrange(1, 100)}&{other}", {}
        yield "GET", f"/auth/version?{word}", {"headers": {"Authorization": f"Bearer {word}.{other}.{word}"}}
        yield "GET", f"/{word}/{other}", {"headers": {"Host": f"{word}.example.com"}}
        yield "GET", f"/profiles/{word}/{other}", {}
        yield word[:8].upper(), f"/profiles/{other}", {}
        yield "OPTIONS", "/profiles", {"headers": {"Origin": f"https://{word}.example.com"}}
        yield "GET", f"/openapi/myserver.json?{word}", {"headers": {"If-None-Match": f'"{word}"'}}


#: Requests that each client sends, however long they take.
LEAST = 200


class Client(threading.Thread):
    def __init__(self, url: str, requests: Iterator[Request], ends: float) -> None:
        super().__init__(daemon=True)
        self.url, self.requests, self.ends = url, requests, ends
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=PATIENCE) as client:
            for method, path, sent in self.requests:
                if time.monotonic() > self.ends and self.statuses.total() >= LEAST:
                    return
                try:
                    answer = client.request(method, path, **sent)
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


def growth(
    example: Any, requests: Callable[[random.Random], Iterator[Request]], clients: int, seconds: float
) -> tuple[Counter[int], float]:
    """Send requests for so long, none of which may fail; their statuses, and how the workers' memory grew meanwhile.

    It is compared after a quarter of the requests: by then everything is loaded, and caches are full.
    """
    client = example.serve(*GUNICORN)
    for name in NAMES:
        client.post("/profiles", json={"profile_id": name, "name": "Somebody"})
    server = example.servers[-1].pid
    workers = [int(each) for each in Path(f"/proc/{server}/task/{server}/children").read_text("ascii").split()]
    ends = time.monotonic() + seconds
    threads = [
        Client(str(client.base_url), requests(random.Random(seed)), ends)  # noqa: S311 (no secret)
        for seed in range(clients)
    ]
    for thread in threads:
        thread.start()
    samples: list[tuple[int, float]] = []  # requests answered, megabytes
    while any(thread.is_alive() for thread in threads):
        samples.append((sum(thread.statuses.total() for thread in threads), resident(workers)))
        time.sleep(min(1, seconds / 40))
    samples.append((sum(thread.statuses.total() for thread in threads), resident(workers)))
    statuses = sum((thread.statuses for thread in threads), Counter[int]())
    loaded = [held for answered, held in samples if 4 * answered >= statuses.total()]
    third = max(1, len(loaded) // 3)
    early, late = statistics.median(loaded[:third]), statistics.median(loaded[-third:])
    print(f"{statuses.total()} requests in {seconds} s: {dict(sorted(statuses.items()))}")
    print(f"workers: {samples[0][1]:.1f} MB at first, {early:.1f} MB after a quarter, {late:.1f} MB at the end")
    assert [failure for thread in threads for failure in thread.failures] == []
    return statuses, late / early


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [60])
def test_64_clients_get_no_5xx_and_memory_stays_flat(example, seconds):
    statuses, grown = growth(example, usual, 64, seconds)
    assert sum(count for status, count in statuses.items() if status < 300) > 500
    assert grown < 1.05


@pytest.mark.parametrize(
    ("seconds", "most"),
    [
        (5, 1.2),  # some of it is still being loaded
        pytest.param(3600, 1.05, marks=pytest.mark.soak),
    ],
)
def test_requests_that_are_always_different_leave_nothing_in_memory(example, seconds, most):
    statuses, grown = growth(example, always_different, 4, seconds)
    assert {200, 201, 204, 400, 404, 405} <= statuses.keys()
    assert grown < most
