"""Creates the requests to the APIs of hooks.py, and checks that the APIs answer them correctly.

A request depends on the hook, the operation and a number. If a response is wrong, the program prints the response and
exits.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import catalogue
from client import Exchange
from hooks import HOOKS, OPERATIONS, Hook
from profiles import body_of

__all__ = ["EXPECTED", "PROFILES", "Ask", "check", "exchanges", "headers", "seeds"]

#: The number of profiles in each table, and how many of them have the address that the index is searched for: two
#: pages.
PROFILES, SHARED = 120, 110
EMAIL = "shared@example.com"
EXPECTED = {
    **{name: 201 if name == "create" else 200 for name in OPERATIONS},
    "patch": 200,
    "absent": 404,
    "wrong": 400,
    "view": 200,
    "by_index": 200,
}

#: Sends a request with additional headers. Returns the status, the headers by lower-case names, and the JSON.
Ask = Callable[[Exchange, Mapping[str, str]], tuple[int, Mapping[str, str], Any]]


def headers(hook: Hook) -> dict[str, str]:
    """Returns the additional headers of each request to the hook's API."""
    if not hook.token:
        return dict(hook.headers)
    import jwt

    claims = {"sub": "benchmark", "iat": int(time.time()), "exp": int(time.time()) + 24 * 3600}
    return {"Authorization": f"Bearer {jwt.encode(claims, catalogue.JWT_SECRET, algorithm='HS256')}"}


def seeds(hook: Hook) -> list[Exchange]:
    """Returns the requests that fill the API's table.

    The list is empty if the API has no table or another hook fills it.
    """
    if hook.spec is None:
        return []
    profiles = [json.loads(body_of(number, with_id=True)) for number in range(PROFILES)]
    for profile in profiles[:SHARED]:
        profile["email"] = EMAIL
    return [Exchange("POST", f"{hook.prefix}/profiles", json.dumps(profile).encode()) for profile in profiles]


def exchanges(hook: Hook, operation: str, count: int) -> list[Exchange]:
    """Returns the requests of one turn, which are the same for all hooks."""
    all_of = f"{hook.prefix}/profiles"
    choose = random.Random(operation).randrange
    ones = [f"{all_of}/person-{choose(PROFILES)}" for _ in range(count)]
    if operation in ("list100", "by_index"):
        shared = f"&email={EMAIL}" if operation == "by_index" else ""
        return [Exchange("GET", f"{all_of}?limit=100{shared}")] * count
    if operation == "create":
        return [Exchange("POST", all_of, body_of(number, with_id=False)) for number in range(count)]
    if operation == "wrong":
        wrong = json.dumps({**json.loads(body_of(0, with_id=False)), "age": 200}).encode()
        return [Exchange("POST", all_of, wrong)] * count
    if operation == "put":
        return [Exchange("PUT", one, body_of(number, with_id=False)) for number, one in enumerate(ones)]
    if operation == "patch":
        changes = [json.dumps({"name": f"Patched {number}", "age": number}).encode() for number in range(count)]
        return [Exchange("PATCH", one, change) for one, change in zip(ones, changes, strict=True)]
    if operation == "view":
        return [Exchange("POST", f"{one}/view") for one in ones]
    return [Exchange("GET", f"{all_of}/nobody" if operation == "absent" else one) for one in ones]


def check(ask: Ask) -> None:
    """Checks that each API answers each of its operations correctly, and that its hook has an effect."""
    for hook in HOOKS.values():
        own = headers(hook)
        for operation in hook.operations:
            request = exchanges(hook, operation, 1)[0]
            status, told, answer = ask(request, own)
            if status != EXPECTED[operation] or not _holds(hook, operation, request, told, answer):
                sys.exit(f"{hook.name}, {operation}: {request.method} {request.path} was answered {status}: {answer}")
    for what, wanted, (request, own) in _MORE:
        status, _, answer = ask(request, own)
        if status != wanted:
            sys.exit(f"{what}: {wanted} was expected, not {status}: {answer}")


def _holds(hook: Hook, operation: str, request: Exchange, told: Mapping[str, str], answer: Any) -> bool:
    """Returns whether a response with the right status has the right content."""
    if hook.name.startswith("bare"):
        return bool(answer == {"answered": True})
    if operation in ("absent", "wrong"):
        return bool(answer["status"] == EXPECTED[operation])
    if operation in ("list100", "by_index"):
        shared = operation == "list100" or all(profile["email"] == EMAIL for profile in answer)
        return len(answer) == 100 and 'rel="next"' in told.get("link", "") and shared and "name" in answer[0]
    expected = json.loads(request.body) if request.body else {"tags": ["mathematics", "engines", "poetry"]}
    if (hook.name, operation) in {("creating", "create"), ("updating", "put")}:
        expected["email"] = "set@example.com"
    if hook.name == "sets":
        expected["tags"] = sorted(expected["tags"])
        answer = {**answer, "tags": sorted(answer["tags"])}
    if hook.name == "versioned" and "etag" not in told:
        return False
    if hook.name == "startproject" and "x-frame-options" not in told:
        return False
    if operation == "view":
        number = int(answer["profile_id"].removeprefix("person-"))
        expected["view_count"] = number + 1
    return {name: answer.get(name) for name in expected} == expected and "created" in answer and "profile_id" in answer


def _put(hook: str, **properties: object) -> Exchange:
    return Exchange("PUT", f"/{hook}/profiles/person-7", json.dumps({"name": "x", **properties}).encode())


#: What is checked, the expected status, the request and its headers.
_MORE: tuple[tuple[str, int, tuple[Exchange, dict[str, str]]], ...] = (
    ("a property that isn't named is refused", 400, (_put("plain", unknown=1), {})),
    ("a property that isn't named is no mistake", 200, (_put("open", unknown=1), {})),
    ("the permission class is asked", 403, (_put("permission"), {"X-Refused": "1"})),
    ("without a token nothing is answered", 401, (_put("jwt"), {})),
    ("a stale version is refused", 412, (_put("versioned"), {"If-Match": '"0"'})),
)
