"""Creates the requests of the Profile API for measurements, and checks that a stack answers them correctly.

The requests depend on an operation's name and a number. `check` sends requests to a running stack, and ends the run if
a response doesn't follow the spec.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
from collections.abc import Mapping

from catalogue import FLOORS
from client import Exchange
from processes import Serving

__all__ = ["EXPECTED", "OPERATIONS", "PROFILES", "body_of", "check", "exchanges", "large", "mixed", "pages", "seed"]

PROFILES = 1000
#: operation → how many requests a round makes
OPERATIONS = {"get": 1200, "list100": 200, "put": 800, "create": 800}
EXPECTED = {"get": 200, "list100": 200, "put": 200, "create": 201}
#: The mix: of twenty requests, how many are of each operation.
MIX = {"get": 10, "list100": 1, "put": 6, "create": 3}


def body_of(number: int, *, with_id: bool, notes: list[str] | None = None) -> bytes:
    """Returns a valid profile of 250 bytes as JSON, with ``notes`` if given."""
    profile: dict[str, object] = {
        "name": f"Person {number}",
        "email": f"person{number}@example.com",
        "age": number % 100,
        "tags": ["mathematics", "engines", "poetry"],
        "address": {"street": f"{number} Long Street", "city": "London", "zip": "N1 9GU"},
        "view_count": number,
    }
    if with_id:
        profile = {"profile_id": f"person-{number}", **profile}
    if notes:
        profile["notes"] = notes
    return json.dumps(profile).encode()


def exchanges(operation: str, count: int) -> list[Exchange]:
    """Returns the requests of one round."""
    choose = random.Random(operation).randrange
    if operation == "get":
        return [Exchange("GET", f"/profiles/person-{choose(PROFILES)}") for _ in range(count)]
    if operation == "list100":
        return pages(100, count)
    if operation == "put":
        return [
            Exchange("PUT", f"/profiles/person-{choose(PROFILES)}", body_of(number, with_id=False))
            for number in range(count)
        ]
    return [Exchange("POST", "/profiles", body_of(number, with_id=False)) for number in range(count)]


def pages(size: int, count: int) -> list[Exchange]:
    return [Exchange("GET", f"/profiles?limit={size}")] * count


def large(kilobytes: float, count: int) -> list[Exchange]:
    """Returns requests that replace one profile by a body of this size, filled with notes of 100 characters."""
    note = "It is written down here what was said about it, by whom, and what became of it in the end. " + "." * 9
    notes = [note] * round((kilobytes * 1024 - len(body_of(0, with_id=False))) / (len(note) + 4))
    return [Exchange("PUT", "/profiles/person-0", body_of(0, with_id=False, notes=notes))] * count


def mixed(count: int) -> dict[str, list[Exchange]]:
    """Returns ``count`` requests in total, by operation."""
    return {operation: exchanges(operation, count * share // 20) for operation, share in MIX.items()}


def seed(serving: Serving, connections: int = 4) -> None:
    """Fills the stack's table through the stack's own API."""
    seeds = [Exchange("POST", "/profiles", body_of(number, with_id=True)) for number in range(PROFILES)]
    serving.send(seeds, 201, connections)


def check(serving: Serving) -> None:
    """Checks that a stack answers with whole profiles, and refuses the bodies and requests that the spec forbids."""
    name = serving.stack.name

    def ask(
        method: str, path: str, body: object = None, credentials: Mapping[str, str] = serving.headers
    ) -> tuple[int, object, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=30)
        headers = {"Content-Type": "application/json", **credentials}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read()), response.headers["Link"]

    def demand(holds: bool, what: str, got: object) -> None:
        if not holds:
            sys.exit(f"{name}: {what}; it answered {got}")

    status, profile, _ = ask("GET", "/profiles/person-7")
    expected = json.loads(body_of(7, with_id=True))
    kept = isinstance(profile, dict) and {name: profile.get(name) for name in expected} == expected
    demand(status == 200 and kept and "created" in profile, "GET answers the profile as it was sent", profile)  # type: ignore[operator]
    status, page, link = ask("GET", "/profiles?limit=100")
    demand(status == 200 and len(page) == 100, "a page has 100 profiles", status)  # type: ignore[arg-type]
    demand('rel="next"' in (link or ""), "a page leads to the next", link)
    demand(ask("GET", "/profiles/nobody")[0] == 404, "an unknown id is 404", ask("GET", "/profiles/nobody"))
    if serving.stack.token:
        demand(ask("GET", "/profiles/person-7", credentials={})[0] == 401, "without a token it is 401", None)
    if name in FLOORS:
        return
    unknown = {"name": "x", "unknown": 1}
    wrong_ones: tuple[dict[str, object], ...] = (
        {"age": 3},
        {"name": "x" * 201},
        {"name": "x", "age": 200},
        {"name": "x", "address": {"zip": "!"}},
        {"name": "x", "tags": "one"},
    )
    for wrong in wrong_ones if serving.stack.open else (*wrong_ones, unknown):
        status, answer, _ = ask("PUT", "/profiles/person-7", wrong)
        demand(status in (400, 422), f"{wrong} is refused", (status, answer))
    if serving.stack.open:
        demand(ask("PUT", "/profiles/person-7", unknown)[0] == 200, "a property may have any name", None)
    demand(ask("PUT", "/profiles/nobody", {"name": "x"})[0] == 404, "PUT on an absent profile is 404", None)
    demand(ask("POST", "/profiles", {"name": "x", "profile_id": "person-7"})[0] == 409, "a taken key is 409", None)
