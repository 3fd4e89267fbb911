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
from django.db.models.signals import post_delete, post_init, post_save, pre_delete, pre_save

from macaron_django.auth import generate_token, get_userid
from tests.api.hooks.item_requests import COMMON, MERGE_PATCH, everything, reading
from tests.api.hooks.item_seeds import MOMENT, OTHER_MOMENT, OTHER_READING, READING
from tests.api.hooks.odd_values import SPELLED, TOO_FINE
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


@pytest.mark.parametrize("member", SPELLED)
def test_a_number_is_shown_in_one_spelling(everything_api, member):
    body = f"{{{member}}}".encode()
    everything_api.compare([("POST /v1/parts", body), ("PUT /v1/parts/p1", body)], {"POST": 1, "PUT": 1})


def test_a_set_is_shown_in_one_order(everything_api):
    everything_api.compare([("POST /v1/sensors/7/readings", reading("2030-01-01T00:00:00Z", labels=["y", "x"]))])


@pytest.mark.parametrize("member", SPELLED)
def test_the_store_shows_a_new_number_as_it_will_be_read(everything_api, member):
    body = f'{{"id":"n",{member}}}'.encode()
    asked = [("POST /v1/parts", body), ("GET /v1/parts/n",), ("PUT /v1/parts/n", body), ("GET /v1/parts/n",)]
    answers = everything_api.side().run(asked, everything_api.tables)
    assert len({answer["body"] for answer in answers}) == 1


def test_no_item_has_a_key_that_is_too_long(everything_api):
    everything_api.compare([(f"GET /v1/parts/{'x' * 3000}",)])
    assert everything_api.statuses() == {"404"}


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("counters/" + "9" * 50, {"number": 10**50 - 1}),
        (f"sensors/7/notes/{TOO_FINE}", {"sensor": 7, "taken": TOO_FINE}),
    ],
)
def test_no_item_has_a_key_that_is_too_exact(everything_api, key, body):
    token = {"Authorization": f"Bearer {generate_token('ada')}"}
    items = [(f"GET /v1/{key}", None, token), (f"PUT /v1/{key}", body, token)]
    everything_api.compare([*items, (f"GET /v1/sensors/{'9' * 50}/notes",)])
    assert everything_api.statuses() == {"404"}


def test_an_invalid_replacement_of_an_absent_item_is_refused_alike(everything_api):
    everything_api.compare([("PUT /v1/parts/nobody", {"value": "x"}), ("PUT /v1/parts/nobody", {"anything": {"": 0}})])
    assert everything_api.statuses() == {"400"}


def test_a_set_that_was_stored_as_a_list_is_replaced_by_a_set(everything_api):
    everything_api.compare([(f"PUT {OTHER_READING}", reading(OTHER_MOMENT, labels=["z"]))], {"PUT": 1})


@pytest.mark.parametrize("patch", [{}, {"labels": ["z"]}, {"flag": None}])
def test_a_patch_that_changes_nothing_writes_what_it_names(everything_api, patch):
    everything_api.compare([(f"PATCH {OTHER_READING}", patch, MERGE_PATCH)], {"PATCH": 1})


def test_a_receiver_that_saves_again_is_in_the_answer(everything_api):
    def save_again(sender, instance, **_):
        if not instance.flag:
            instance.flag = True
            instance.save()

    watched = everything_api.api.persistences["Reading"].model
    post_save.connect(save_again, sender=watched)
    try:
        asked = [
            ("POST /v1/sensors/7/readings", reading("2030-01-01T00:00:00Z")),
            (f"PUT {READING}", reading(MOMENT, value=1)),
            (f"PATCH {OTHER_READING}", {"value": 1}, MERGE_PATCH),
        ]
        everything_api.compare(asked, {"POST": 1, "PUT": 1, "PATCH": 1})
        assert all('"flag":true' in answer["body"] for answer in everything_api.answers)
    finally:
        post_save.disconnect(save_again, sender=watched)


def test_a_version_that_is_no_number_is_told_alike(everything_api):
    token = {"Authorization": f"Bearer {generate_token('ada')}"}
    everything_api.compare([("PUT /v1/settings/bad", {"name": "bad"}, token)])


@pytest.mark.parametrize("one", [("POST /v1/counters", {"number": 50}), ("PUT /v1/counters/1", {"number": 1})])
def test_a_row_that_is_written_is_made_once_for_whoever_watches(everything_api, one):
    def note(sender, instance, **_):
        everything_api.notes.append(f"{sender.__name__} {json.dumps(instance.to_json(), default=str)}")

    post_init.connect(note)
    try:
        everything_api.compare([one])
    finally:
        post_init.disconnect(note)
