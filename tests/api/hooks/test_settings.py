"""Settings mean the same by the store and by rows, and take the way that they leave open."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.urls import resolve

from macaron_django.auth import generate_token
from tests.api.hooks.item_requests import COMMON
from tests.api.hooks.project_settings import HERE, SETTINGS, merged

PUBLIC = ("refuse_control_characters", "negotiate", "admit_anybody", "read_parameters")
WITH_TOKEN = ("refuse_control_characters", "negotiate", "authenticate", "check_permissions", "read_parameters")
#: The step that a setting puts into each plan, and the one before it.
STEPS = {"throttled": ("check_throttles", -1), "versions": ("determine_version", 2)}
#: Settings under which something wants to see the rows of operations that ask for a token.
SEEING_ROWS = {"permissions"}
SUCCESSES = {"GET": 15, "POST": 3, "PUT": 5, "PATCH": 1, "DELETE": 1}
STORED = {"read": 10, "list": 5, "create": 3, "replace": 4, "patch": 1, "delete": 1}
#: Where a setting refuses more than the others do.
FEWER: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "small bodies": ({**SUCCESSES, "PUT": 0}, {**STORED, "create": 1, "replace": 2}),
    "users looked up, versions demanded": (
        {"GET": 15, "POST": 6, "PUT": 5},
        {"read": 10, "list": 5, "create": 3, "replace": 0},
    ),
    "throttled": ({**SUCCESSES, "GET": 10}, {"read": 5, "list": 3, "create": 3, "replace": 3, "patch": 1, "delete": 1}),
    "pages first": (SUCCESSES, {**STORED, "delete": 0}),  # an answer without a body is a page, too
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_choose_the_plan(everything_api, name):
    changes = merged(**SETTINGS[name])
    with override_settings(**changes):
        everything_api.configure(changes)
        urls = everything_api.side().urls
        plans = {path: resolve(path, urls).func.initkwargs["plans"].of("GET") for path in PATHS}
    for path, steps in PATHS.items():
        expected = list(steps)
        if name in STEPS:
            step, place = STEPS[name]
            expected.insert(place, step)
        assert plans[path].steps == tuple(expected), path
        assert plans[path].stores == (steps is PUBLIC or name not in SEEING_ROWS), path
        assert not plans[path].overridden


PATHS = {"/v1/parts/p1": PUBLIC, "/v1/settings/a": WITH_TOKEN}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_mean_the_same(everything_api, name):
    token = {"Authorization": f"Bearer {generate_token('ada')}"}
    User.objects.create_user("ada", password="ada")
    asked = [
        *COMMON,
        ("GET /v1/settings/a", None, token),
        ("PUT /v1/settings/a", {"name": "a", "value": 2}, {**token, "X-Who": "ada"}),
        ("PUT /v1/settings/b", {"name": "b", "value": 2}, {**token, "X-Who": "ada", "X-Forwarded-Host": "p.example"}),
        ("POST /v1/tickets", {"title": "By Ada"}, {**token, "X-Forwarded-Proto": "https"}),
        ("POST /v1/tickets", {"title": "By Ada"}, {"Authorization": "Basic YWRhOmFkYQ=="}),
        ("GET /v1/sensors/7/readings", None, {"Accept-Encoding": "gzip"}),
        ("GET /v1/sensors/8/readings", None, {"Accept-Encoding": "gzip", "Host": "example.com"}),
        ("GET /v1/sensors/7/readings?state=new&limit=2", None, {"Host": "elsewhere.example.com"}),
        ("GET /v1/counters/2?limit=2",),
        ("GET /v1/counters/2?limit=3",),
        ("GET /v1/counters/2?whatever=json",),
        ("GET /v1/counters/-12345678901234567890",),
        ("PUT /v1/counters/2", {"number": 2, "note": "é"}, {"X-Who": "ada"}),
        ("GET /v1/settings/bad", None, token),
    ]
    everything_api.compare(asked, *FEWER.get(name, (SUCCESSES, STORED)), **merged(**SETTINGS[name]))
    if "versions demanded" in name:  # which only the row can tell
        assert everything_api.stored[0].keys().isdisjoint({"replace", "patch", "delete"})


def test_an_exception_that_nobody_handles_is_raised_alike(everything_api):
    settings_ = {"REST_FRAMEWORK": {"EXCEPTION_HANDLER": f"{HERE}.reraising_handler"}}
    asked = [
        ("GET /v1/sensors/7/readings/2023-01-01T00:00:00Z",),
        ("GET /v1/counters/404",),
        ("POST /v1/counters", b"{"),
    ]
    everything_api.compare(asked, {}, {"read": 2}, **settings_, DEBUG_PROPAGATE_EXCEPTIONS=False)
    assert [answer["status"][:3] for answer in everything_api.answers] == ["500", "404", "500"]
