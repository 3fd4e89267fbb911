"""The store and rows with serializers answer every request alike: status, headers, body, and what is kept.

A viewset's actions call the store where no hook wants to see rows or serializers. A hook that changes nothing, but
wants to see them, sends the same requests the other way.
"""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest
from django.core.signals import got_request_exception, request_finished, request_started
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from macaron_django.auth import generate_token, get_userid
from tests.api.hooks.item_requests import COMMON, everything
from tests.api.hooks.project_settings import STARTPROJECT, merged

SIGNALS = {
    "pre_save": pre_save,
    "post_save": post_save,
    "pre_delete": pre_delete,
    "post_delete": post_delete,
    "request_started": request_started,
    "request_finished": request_finished,
    "got_request_exception": got_request_exception,
}
STATUSES = {"200", "201", "204", "304", "400", "401", "403", "404", "405", "406", "409", "411", "412", "413", "415"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # chunks are gathered in a file
def test_every_request_is_answered_alike(everything_api):
    everything_api.compare(
        everything(),
        {"GET": 60, "HEAD": 3, "OPTIONS": 3, "POST": 60, "PUT": 60, "PATCH": 20, "DELETE": 2},
        {"read": 60, "create": 60, "replace": 60, "patch": 20, "delete": 1, "list": 15},
        MIDDLEWARE=STARTPROJECT,
    )
    assert everything_api.statuses() >= STATUSES
    gc.collect()  # or the next test is warned of this one's files


def test_the_same_signals_are_sent(everything_api):
    def note(signal, sender, **arguments):
        known = {name: arguments[name] for name in ("created", "raw", "using", "update_fields") if name in arguments}
        instance = arguments.get("instance")
        shown = "" if instance is None else json.dumps(instance.to_json(), default=str)
        title = next(name for name, each in SIGNALS.items() if each is signal)
        everything_api.notes.append(f"{title} {getattr(sender, '__name__', sender)} {known} {shown} {get_userid()}")

    for signal in SIGNALS.values():
        signal.connect(note)
    try:
        token = {"Authorization": f"Bearer {generate_token('ada')}"}
        asked = [*COMMON, ("POST /v1/tickets", {"title": "x"}, token), ("GET /v1/tickets?queue=broken",)]
        everything_api.compare(asked)
    finally:
        for signal in SIGNALS.values():
            signal.disconnect(note)
    seen = {note.split(" ")[0] for answer in everything_api.answers for note in answer["seen"]}
    assert {"pre_save", "post_save", "pre_delete", "post_delete", "request_finished"} <= seen


@pytest.mark.parametrize("mode", ["raise", "off"])
def test_parameters_and_what_is_stored_are_judged_alike(both_ways, mode):
    stored = ({"S": "text"}, {"N": "1.5"}, {"NULL": True}, {"N": "3"}, {"BOOL": True}, {"L": []})
    seeds = {"Mark": [{"id": {"S": "a"}, "n": {"N": "1"}}, {"id": {"S": "other"}, "zz": {"S": "x"}, "n": {"S": "t"}}]}
    seeds["Mark"] += [{"id": {"S": f"ro{n}"}, "ro": value} for n, value in enumerate(stored)]
    seeds["Mark"] += [
        {"id": {"S": f"s{n}"}, "s": value} for n, value in enumerate((*stored, {"S": "x"}, {"B": "AA=="}))
    ]
    ok = {"X-Trace": "1", "Cookie": "colour=red"}
    asked: list[Any] = []
    for place in "abc":
        for headers in ({}, ok, {"X-Trace": "x", "Cookie": "colour=green"}):
            for query in ("", "?q=1", "?q=x"):
                asked.append((f"POST /{place}{query}", {"id": f"n{len(asked)}"}, headers))
                asked.append((f"GET /{place}/a{query}", None, headers))
                asked.append((f"PUT /{place}/a{query}", {"n": len(asked)}, headers))
    for item in seeds["Mark"]:
        key = item["id"]["S"]
        asked += [(f"GET /c/{key}",), (f"PUT /c/{key}", {"n": 2}), (f"GET /c/{key}",), (f"PUT /a/{key}", {"n": 3}, ok)]
    made = both_ways("hooks/apis/params.yaml", seeds)
    made.compare(
        asked,
        {"GET": 10, "POST": 10, "PUT": 10},
        {"read": 10, "create": 10, "replace": 10},
        **merged(MACARON={"RESPONSE_VALIDATION": mode}),
    )
    assert made.statuses() >= {"200", "201", "400"}
