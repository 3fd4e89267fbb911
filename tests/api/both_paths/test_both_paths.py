"""Whatever way a request takes through a viewset, its answer is the same: status, headers, body, and what is kept.

The generated viewset may answer what is common in a way of its own; a subclass that overrides a hook takes DRF's.
Here both get the same requests, good and bad, over every API of the fixtures and under the settings that projects have.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.models import User
from django.core.signals import got_request_exception, request_finished, request_started
from django.db.models.signals import post_init, post_save, pre_init, pre_save
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path
from django.utils.functional import lazy
from django.utils.translation import gettext
from rest_framework import exceptions, permissions, throttling, versioning
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView
from rest_framework.views import exception_handler as drf_exception_handler

from macaron_django.api.contents import json_schema
from macaron_django.api.samples import NoSample, sample_of
from macaron_django.auth import generate_token, get_user_token_data, get_userid
from macaron_django.schemas import validator_for

HERE = __name__
#: Not of version 4: those are the server's own, which differ from one way to the other.
TICKET, OTHER_TICKET, NO_TICKET = (f"00000000-0000-1000-8000-00000000000{n}" for n in "123")
MOMENT, OTHER_MOMENT = "2020-01-02T03:04:05.000000Z", "2021-06-07T08:09:10.500000Z"
READING = f"/v1/sensors/7/readings/{MOMENT}"
OTHER_READING = f"/v1/sensors/7/readings/{OTHER_MOMENT}"
READINGS = "/v1/sensors/7/readings"
SEEDS = {
    "Reading": [
        {
            "sensor": {"N": "7"},
            "taken": {"S": MOMENT},
            "value": {"N": "1.50"},
            "big": {"N": "9007199254740993"},
            "price": {"S": "12.30"},
            "state": {"S": "new"},
            "mood": {"NULL": True},
            "raw": {"B": "AAEC/w=="},
            "seen": {"S": "2020-01-01T00:00:00+02:00"},
            "labels": {"SS": ["b", "a"]},
            "sizes": {"NS": ["1", "2.5"]},
            "place": {"M": {"city": {"S": "Bern"}, "position": {"L": [{"N": "46.9"}, {"N": "7.4"}]}}},
            "counts": {"M": {"a": {"N": "1"}}},
            "anything": {"L": [{"BOOL": True}, {"NULL": True}, {"M": {}}, {"N": "1E+2"}]},
            "secret": {"S": "hidden"},
            "version": {"N": "3"},
        },
        # As other programs write: another spelling of the key's moment beside it, numbers as text, what nobody knows.
        {"sensor": {"N": "7"}, "taken": {"S": OTHER_MOMENT}, "unknown": {"S": "x"}, "labels": {"L": [{"S": "z"}]}},
        {"sensor": {"N": "7"}, "taken": {"S": "2022-01-01T00:00:00Z"}, "state": {"S": "old"}},
        {"sensor": {"N": "7"}, "taken": {"S": "2023-01-01T00:00:00.000000Z"}, "small": {"S": "no number"}},
        {"sensor": {"N": "7"}, "taken": {"S": "2024-01-01T00:00:00.000000Z"}, "value": {"N": "1E+125"}},
        *({"sensor": {"N": "8"}, "taken": {"S": f"2020-01-0{n}T00:00:00.000000Z"}} for n in range(1, 8)),
    ],
    "Part": [
        *({"id": {"S": f"p{n}"}, "by": {"S": "x"}, "created": {"S": MOMENT}, "secret": {"S": "s"}} for n in range(3)),
        {"id": {"S": "unknown"}, "unheard": {"SS": ["x"]}, "labels": {"L": [{"S": "z"}]}, "created": {"N": "5"}},
        {"id": {"S": "broken"}, "small": {"S": "no number"}, "place": {"M": {"a": {"S": "b"}}}},
        {
            "id": {"S": "spelled"},
            "seen": {"S": "2020-01-01t00:00:00.10z"},
            "value": {"N": "1.50"},
            "big": {"N": "1E+3"},
        },
        {"id": {"S": "a b/%é"}, "raw": {"B": "AA=="}, "sizes": {"NS": ["3", "1"]}, "anything": {"BS": ["AA=="]}},
    ],
    "Note": [
        {"sensor": {"N": "7"}, "taken": {"S": MOMENT}, "text": {"S": "x"}, "hidden": {"S": "h"}, "at": {"N": "1"}},
        {"sensor": {"N": "7"}, "taken": {"S": OTHER_MOMENT}, "taken#given": {"S": "2021-06-07T10:09:10.5+02:00"}},
        {"sensor": {"N": "7"}, "taken": {"S": "2022-01-01T00:00:00Z"}, "seen": {"S": "2022-01-01T00:00:00Z"}},
    ],
    "Ticket": [
        {
            "id": {"S": TICKET},
            "title": {"S": "One"},
            "queue": {"S": "inbox"},
            "rank": {"N": "1"},
            "extra": {"L": [{"N": "12345678901234567890"}]},
        },
        {"id": {"S": OTHER_TICKET}, "title": {"S": "Two"}, "queue": {"S": "inbox"}, "rank": {"N": "2"}},
        {"id": {"S": NO_TICKET[:-1] + "9"}, "title": {"S": ""}, "queue": {"S": "broken"}, "rank": {"N": "2"}},
    ],
    "Setting": [
        {"name": {"S": "a"}, "value": {"M": {"x": {"N": "1"}}}, "edition": {"N": "4"}, "more": {"S": "text"}},
        {"name": {"S": "bad"}, "edition": {"S": "many"}, "more": {"N": "1"}},
        {"name": {"S": "b/c%d é"}, "value": {"BOOL": False}},
    ],
    "Counter": [
        {"number": {"N": "1"}, "count": {"N": "1"}, "note": {"NULL": True}, "until": {"S": "2020-02-30T00:00:00Z"}},
        {"number": {"N": "2"}, "count": {"N": "2"}, "until": {"S": "2020-02-03t04:05:06.7-01:00"}},
        {"number": {"N": "-12345678901234567890"}, "other": {"BS": ["AA=="]}},
    ],
}
SEEDS_OF_EXAMPLE = {
    "Profile": [
        {"profile_id": {"S": "ada"}, "name": {"S": "Ada"}, "view_count": {"N": "3"}, "created": {"S": MOMENT}},
        {"profile_id": {"S": "bob"}, "name": {"S": "Bob"}, "address": {"M": {"city": {"S": "Bern"}, "x": {"N": "1"}}}},
        {"profile_id": {"S": "eve"}, "age": {"N": "999"}},
    ]
}
JSON = "application/json"
FULL = {
    "sensor": 7,
    "taken": "2030-01-01T01:00:00+01:00",
    "value": 0.1,
    "big": 2**63,
    "price": "1.10",
    "state": "in between",
    "mood": None,
    "raw": "AAEC",
    "seen": "2030-01-01t00:00:00.123456789z",
    "day": "2030-02-28",
    "at": "10:00:00Z",
    "took": "P1Y2DT3H",
    "who": "00000000-0000-1000-8000-0000000000AB",
    "labels": ["y", "x", "é"],
    "sizes": [3, 1.5, 1e2],
    "place": {"city": "Zürich", "position": [1, 2.5]},
    "places": [{"city": "A", "opened": "2000-01-01T00:00:00Z"}],
    "counts": {"a": 1, "": -5},
    "matrix": [[], [1.0, 2]],
    "either": 5,
    "anything": {"deep": [1, "2", None, {"x": 1e-7}]},
    "flag": False,
    "secret": "s",
    "class": "reserved",
    "a-b": "word",
}


def raw(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def reading(taken: str, **more: Any) -> dict[str, Any]:
    return {"sensor": 7, "taken": taken, **more}


#: Short, and enough to tell whether settings change anything.
COMMON = [
    (f"GET {READING}",),
    (f"GET {READING}", None, {"Accept": JSON}),
    (f"GET {READING}?format=json",),
    (f"GET {READING}?whatever=1",),
    (f"HEAD {READING}",),
    (f"OPTIONS {READING}",),
    (f"GET {READING}", None, {"If-None-Match": '"3"'}),
    (f"GET {READING}", None, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}),
    (f"GET {READING}", None, {"Accept": "application/xml"}),
    (f"GET {READING}", None, {"Accept-Language": "de"}),
    ("GET /v1/sensors/7/readings/2001-01-01T00:00:00Z", None, {"Accept-Language": "de"}),
    ("GET /v1/sensors/x/readings/2001-01-01T00:00:00Z",),
    ("GET /v1/sensors/8/readings?limit=3",),
    ("GET {next}",),
    ("GET /v1/sensors/8/readings?since=2020-01-05T00:00:00Z&ordering=-taken",),
    ("GET /v1/sensors/9/readings", None, {"Accept": "application/json; indent=4"}),
    ("GET /v1/tickets?queue=inbox&limit=1",),
    ("GET {next}",),
    (f"GET /v1/tickets/{TICKET}",),
    ("GET /v1/counters/1",),
    ("GET /v1/counters/404",),
    ("GET /v1/settings/a",),
    ("GET /v1/settings/a", None, {"Authorization": "Bearer wrong"}),
    ("PUT /v1/settings/a", {"name": "a", "value": [1]}),
    ("POST /v1/tickets", {"title": "New"}),
    ("GET {location}",),
    ("POST /v1/tickets", {"title": ""}, {"Accept-Language": "de"}),
    ("POST /v1/tickets", b"{", {"Accept-Language": "de"}),
    ("POST /v1/tickets", {"title": "New"}, {"Content-Type": "text/csv", "Accept-Language": "de"}),
    ("POST /v1/counters", {"number": 50, "note": "x"}),
    ("POST /v1/counters", {"number": 50, "note": "x"}),
    ("POST /v1/counters",),
    ("PUT /v1/counters/50", {"number": 50, "count": 7}),
    ("GET /v1/counters/50",),
    ("PUT /v1/counters/51", {"number": 51, "count": 7}),
    (f"PUT {READING}", reading(MOMENT, value=2.5)),
    (f"PUT {READING}", reading(MOMENT, value=3.5), {"If-Match": "{etag}"}),
    (f"PUT {READING}", reading(MOMENT, value=4.5), {"If-Match": '"1"'}),
    (f"PATCH {READING}", {"value": None}, {"Content-Type": "application/merge-patch+json"}),
    (f"DELETE {READING}",),
    (f"POST {READING}", {}),
    ("DELETE /v1/counters",),
    ("GET /v1/nowhere",),
    ("GET /v1/parts",),
    *((f"GET /v1/parts/{key}",) for key in ("p1", "unknown", "broken", "spelled", "nothing")),
    ("GET /v1/parts/nothing", None, {"Accept-Language": "de"}),
    ("POST /v1/parts", {"value": 1.5, "state": "old"}),
    ("GET {location}",),
    ("POST /v1/parts", {"id": "mine", "labels": ["b", "a"], "secret": "s"}),
    ("POST /v1/parts", {"id": "mine", "labels": ["b", "a"], "secret": "s"}),
    ("POST /v1/parts", {"id": "", "value": "x"}, {"Accept-Language": "de"}),
    ("PUT /v1/parts/mine", {"value": 2}),
    ("PUT /v1/parts/mine", {"id": "other"}),
    ("PUT /v1/parts/nothing", {"value": 2}),
    ("GET /v1/parts/mine",),
    (f"GET /v1/sensors/7/notes/{MOMENT}",),
]


def everything() -> list[Any]:
    """Every kind of request that a generated operation can get."""
    token = {"Authorization": f"Bearer {generate_token('ada', data={'scope': 'writing'})}"}
    poor = {"Authorization": f"Bearer {generate_token('bob')}"}
    expired = {"Authorization": f"Bearer {generate_token('ada', expire_in=-1000)}"}
    vendor = "application/vnd.ticket+json"
    gets = [
        *((f"GET {READINGS}/{taken}",) for taken in (OTHER_MOMENT, "2022-01-01T00:00:00Z", "2023-01-01T00:00:00Z")),
        *((f"GET {READINGS}/{taken}",) for taken in ("2024-01-01T00:00:00Z", "2020-01-02t04:04:05.0%2B01:00")),
        *((f"GET {READINGS}/{taken}",) for taken in ("2020-01-02T03:04:05%00", "%FF", "a%2Fb", "x" * 3000, "%0A")),
        *((f"GET /v1/counters/{key}",) for key in (2, -12345678901234567890, 1e2, "01", "+1", "1.0", "9" * 50, "é")),
        *((f"GET /v1/tickets/{key}",) for key in (NO_TICKET, "nobody", TICKET.upper(), NO_TICKET[:-1] + "9")),
        *((f"GET /v1/settings/{key}", None, token) for key in ("a", "bad", "b%2Fc%25d%20%C3%A9", "%F0%9F", "n" * 65)),
        *((f"GET /v1/settings/{key}", None, token) for key in (".", "..", "%2E%2E", "a%00", "a%7F", "%C2%85", "%20")),
        *(
            ("GET /v1/settings/a", None, {"Authorization": each})
            for each in ("", "Bearer", "Basic YTpi", "bearer  x y")
        ),
        *(("GET /v1/settings/a", None, each) for each in (poor, expired, {**token, "X-Trace": "1"})),
        *(("GET /v1/settings/a", None, {**token, "X-Trace": each}) for each in ("", "x", "1e2", "1,2")),
        *(("GET /v1/settings/a", None, {**token, "Cookie": each}) for each in ("colour=blue", "colour=", "a=b; c")),
        ("GET /v1/settings/a", None, {"Cookie": token["Authorization"].replace("Bearer ", "token=")}),
        *((f"GET /v1/settings/a?format={each}", None, token) for each in ("json", "xml", "", "a&format=b")),
        *((f"GET /v1/settings/a?{each}", None, token) for each in ("x=1", "%FF=%FF", "format", "=", "&&", "a%00=1")),
        ("GET /v1/settings", None, token),
        ("GET /v1/settings", None, {**token, "X-Trace": "no"}),
        ("GET /v1/settings",),
        ("HEAD /v1/settings/a", None, token),
        ("HEAD /v1/settings/a",),
        ("OPTIONS /v1/settings/a",),
        ("OPTIONS /v1/settings", None, token),
        *((f"GET {READING}", None, {"Accept": each}) for each in ACCEPTS),
        *((f"GET /v1/tickets/{TICKET}", None, {"Accept": each}) for each in ACCEPTS),
        *(("GET /v1/counters/2", None, {"Accept": each}) for each in ACCEPTS),
        *(("GET /v1/tickets?queue=inbox", None, {"Accept": each}) for each in ACCEPTS),
        *((f"GET {READING}?format={each}",) for each in ("json", "api", "xml", "")),
        *((f"GET {READING}", None, {"If-None-Match": each}) for each in ("*", 'W/"3"', '"1", "3"', "3", "")),
        *((f"GET {READING}", None, {"If-Match": each}) for each in ("*", '"3"', '"9"')),
        (f"GET {READING}", None, {"If-Modified-Since": "Wed, 21 Oct 2015 07:28:00 GMT", "Range": "bytes=0-3"}),
        (f"GET {READING}", {"a": "body"}),
        (f"GET {READING}", b"{", {"Content-Type": "text/plain"}),
        (f"GET {READING}/",),
        (f"GET {READING}", None, {"X-HTTP-Method-Override": "DELETE", "X-Requested-With": "XMLHttpRequest"}),
        *((f"{method} {READING}",) for method in ("TRACE", "CONNECT", "QUERY", "PROPFIND", "get", "")),
        *((f"GET /v1/tickets?{query}",) for query in TICKET_QUERIES),
        *((f"GET /v1/sensors/8/readings?{query}",) for query in READING_QUERIES),
        *(("GET {next}",) for _ in range(2)),
        ("GET /v1/sensors/8/readings?limit=2&cursor=abc",),
        ("GET /v1/sensors/7/readings",),
        ("GET /v1/sensors/7/notes",),
        *((f"GET /v1/parts/{key}",) for key in ("a%20b%2F%25%C3%A9", "%00", "x" * 3000, "%FF", "..", "p1/")),
        *(("GET /v1/parts/p1", None, {"Accept": each}) for each in ACCEPTS),
        ("HEAD /v1/parts/p1",),
        ("OPTIONS /v1/parts/p1",),
        ("GET /v1/parts/p1?x=1",),
        ("GET /v1/parts/p1", {"a": "body"}),
        ("GET /v1/parts/nothing", b"{", {"Content-Type": "text/plain"}),
        ("GET /v1/parts/p1", None, {"If-None-Match": "*"}),
        ("GET /v1/parts/p1", None, {"If-Match": '"1"', "Cookie": "sessionid=x"}),
        *(
            (f"GET /v1/sensors/7/notes/{taken}", None, token)
            for taken in (MOMENT, OTHER_MOMENT, "2001-01-01T00:00:00Z")
        ),
        *((f"GET /v1/sensors/7/notes/{MOMENT}", None, each) for each in ({}, poor, expired)),
        *((f"GET /v1/sensors/{sensor}/notes/{MOMENT}", None, token) for sensor in ("7.0", "x", "07", "1" + "0" * 40)),
        ("GET /v1/sensors/%00/readings",),
        ("GET /v1/counters",),
        ("GET /v1/tickets",),
    ]
    where = [
        (f"GET {READING}", None, {"Host": "evil.example.com:99"}),
        (f"GET {READING}", None, {"Host": "not allowed/"}),
        ("GET /v1/sensors/8/readings?limit=2", None, {"Host": "example.com:8443"}, {"wsgi.url_scheme": "https"}),
        (
            "POST /v1/tickets",
            {"title": "x"},
            {"Host": "example.com"},
            {"wsgi.url_scheme": "https", "SERVER_PORT": "443"},
        ),
        ("POST /v1/tickets", {"title": "x"}, None, {"SCRIPT_NAME": "/mounted"}),
        ("GET {location}", None, None, {"SCRIPT_NAME": "/mounted"}),
        ("GET /v1/sensors/8/readings?limit=2", None, None, {"SCRIPT_NAME": "/mounted"}),
        ("POST /v1/tickets", {"title": "x"}, {"X-Forwarded-Host": "proxy.example.com", "X-Forwarded-Proto": "https"}),
        ("POST /v1/counters", {"number": 88}, {"Host": "not allowed/"}),
    ]
    posts = [
        ("POST /v1/tickets", {"title": "New", "queue": "q"}, token),
        ("GET {location}",),
        ("POST /v1/tickets", {"title": "New"}, expired),
        ("POST /v1/tickets", {"title": "New", "rank": 2**70}, {"Content-Type": vendor}),
        ("POST /v1/tickets", {"title": "New", "id": TICKET}),
        ("POST /v1/tickets", {"title": "x" * 51, "rank": "1", "more": 1}),
        *((f"POST {READINGS}", body) for body in (FULL, FULL, {**FULL, "taken": "2030-01-01T00:00:00Z"})),
        ("GET {location}",),
        (f"PUT {READINGS}/2030-01-01T00:00:00Z", FULL),
        *((f"POST {READINGS}", reading(f"2031-01-01T00:00:{n:02}Z", **more)) for n, more in enumerate(PROPERTIES)),
        *((f"POST {READINGS}", raw(f'{{"sensor":7,"taken":"2032-01-01T00:00:{n:02}Z",{text}}}')) for n, text in TEXTS),
        *((f"POST {READINGS}", {"taken": taken}) for taken in TAKEN),
        *(("POST /v1/parts", {"id": f"made{n}", **more}) for n, more in enumerate(PROPERTIES)),
        *(("POST /v1/parts", raw(f'{{"id":"text{n}",{text}}}')) for n, text in TEXTS),
        *(("POST /v1/parts", body) for body in BODIES),
        *(("POST /v1/parts", {"id": name, "flag": True}) for name in (*NAMES, 5, None, "k" * 2100)),
        *(("POST /v1/parts", {"id": f"head{n}"}, headers) for n, headers in enumerate(HEADERS)),
        *(("POST /v1/parts", {"id": f"accept{n}"}, {"Accept": each}) for n, each in enumerate(ACCEPTS)),
        ("POST /v1/parts", {"id": "by", "by": "me", "created": "x", "taken": "2030-01-01T00:00:00+01:00"}, token),
        ("POST /v1/parts", {"taken": "2030-01-01T00:00:00+01:00"}, {"Cookie": "a=b"}),
        ("GET {location}",),
        ("POST /v1/parts?x=1", {"id": "query"}),
        ("POST /v1/parts", [b'{"id": ', b'"chunks"}']),
        ("POST /v1/parts", {**{k: v for k, v in FULL.items() if k != "sensor"}, "id": "full"}),
        ("PUT /v1/parts/full", {**{k: v for k, v in FULL.items() if k not in ("sensor", "seen")}, "id": "full"}),
        (f"POST {READINGS}", {"sensor": 8, "taken": MOMENT}),
        (f"POST {READINGS}", {"sensor": 7.0, "taken": "2033-01-01T00:00:00Z"}),
        ("POST /v1/sensors/x/readings", reading(MOMENT)),
        *(("POST /v1/counters", body) for body in BODIES),
        *(("POST /v1/counters", {"number": 60}, headers) for headers in HEADERS),
        *(("POST /v1/counters", {"number": 61}, {"Accept": each}) for each in ACCEPTS),
        ("POST /v1/counters", gzip.compress(b'{"number": 70}'), {"Content-Encoding": "gzip"}),
        ("POST /v1/counters", [b'{"num', b'ber": 71}']),
        ("POST /v1/counters", [b"x"], None, {"wsgi.input_terminated": None}),
        ("POST /v1/counters", b'{"number": 72}', None, {"CONTENT_LENGTH": "7"}),
        ("POST /v1/counters", b'{"number": 73}', None, {"CONTENT_LENGTH": "99"}),
        ("POST /v1/counters", b'{"number": 74}', None, {"CONTENT_LENGTH": "many"}),
        ("POST /v1/counters", b'{"number": 75}', None, {"CONTENT_LENGTH": "99999999999"}),
        ("POST /v1/counters", b'{"number": 76}', None, {"CONTENT_TYPE": None}),
        ("POST /v1/counters?format=xml", {"number": 77}),
        ("POST /v1/counters?_method=PUT", {"number": 78}, {"X-HTTP-Method-Override": "PUT"}),
        ("POST /v1/counters", b"", None, {"CONTENT_TYPE": "application/json"}),
        ("POST /v1/settings", {"name": "p"}, {**token, "Cookie": "colour=red"}),
        ("POST /v1/settings", {"name": "p2"}, {**token, "Cookie": "colour=green"}),
        ("POST /v1/settings", {"name": "p3"}, token),
        ("POST /v1/settings", {"name": "p4"}, {**poor, "Cookie": "colour=red"}),
        ("POST /v1/settings", b"{", {**poor, "Cookie": "colour=red"}),
        *(("POST /v1/settings", {"name": name}, {**token, "Cookie": "colour=red"}) for name in NAMES),
    ]
    puts = [
        *((f"PUT {READING}", reading(MOMENT, **more)) for more in PROPERTIES),
        *((f"PUT {READING}", body) for body in BODIES),
        *((f"PUT {READING}", {"taken": taken, "sensor": 7}) for taken in TAKEN),
        *(("PUT /v1/parts/p1", more) for more in PROPERTIES),
        *(("PUT /v1/parts/p1", raw(f"{{{text}}}")) for n, text in TEXTS),
        *(("PUT /v1/parts/p1", body) for body in BODIES),
        *(("PUT /v1/parts/p1", {"id": key}) for key in ("p1", "p2", None, 1)),
        *(("PUT /v1/parts/p2", {"value": 1}, headers) for headers in HEADERS),
        *(
            (f"PUT /v1/parts/{key}", {"flag": True})
            for key in ("unknown", "broken", "spelled", "a%20b%2F%25%C3%A9", "%00")
        ),
        *((f"GET /v1/parts/{key}",) for key in ("unknown", "broken", "spelled", "p1")),
        ("PUT /v1/parts/p2", {"value": 1}, {"If-Match": "*"}),
        ("PUT /v1/parts/p2", {"value": 1}, {"If-None-Match": "*"}),
        *((f"PUT /v1/sensors/7/notes/{taken}", {"sensor": 7}, token) for taken in TAKEN),
        *((f"PUT /v1/sensors/7/notes/{MOMENT}", {"sensor": 7, "taken": taken}, token) for taken in TAKEN),
        (f"PUT /v1/sensors/7/notes/{OTHER_MOMENT}", {"sensor": 7.0, "seen": "2020-01-01T00:00:00+02:00"}, token),
        (f"PUT /v1/sensors/7/notes/{OTHER_MOMENT}", {}, token),
        *((f"PUT /v1/sensors/7/notes/{year}-01-01T00:00:00Z", {"sensor": 7}, token) for year in (2022, 2001)),
        ("GET /v1/sensors/7/notes/2022-01-01T00:00:00Z", None, token),
        (f"PUT /v1/sensors/7/notes/{OTHER_MOMENT}", {"sensor": 8}, token),
        (f"PUT /v1/sensors/7/notes/{OTHER_MOMENT}", {"sensor": 7}),
        (f"GET /v1/sensors/7/notes/{OTHER_MOMENT}", None, token),
        *(
            ("POST /v1/marks", body)
            for body in ({}, {"id": "m"}, {"id": "m"}, {"id": "o", "n": 7, "hidden": "y"}, {"id": None})
        ),
        *(
            (f"PUT /v1/marks/{key}", body)
            for key in ("m", "o", "none")
            for body in ({}, {"id": key}, {"n": "x"}, {"x": 1})
        ),
        *((f"GET /v1/marks/{key}",) for key in ("m", "o", "none")),
        (f"PUT {READING}", reading(MOMENT, value=1), {"If-Match": "*"}),
        (f"PUT {READING}", reading(MOMENT, value=2), {"If-Match": "{etag}"}),
        (f"PUT {READING}", reading(MOMENT, value=2), {"If-Match": 'W/"2"'}),
        (f"PUT {READING}", reading(MOMENT, value=2), {"If-None-Match": "*"}),
        (f"PUT {READING}", reading(MOMENT, value=2), {"If-Match": '"1"', "If-None-Match": '"2"'}),
        *((f"PUT {READING}", reading(MOMENT), headers) for headers in HEADERS),
        *((f"PUT {READING}", reading(MOMENT), {"Accept": each}) for each in ACCEPTS),
        (f"PUT {OTHER_READING}", reading(OTHER_MOMENT, labels=["z"])),
        (f"PUT {OTHER_READING}", reading("2021-06-07T10:09:10.5+02:00", big=1)),
        (f"GET {OTHER_READING}",),
        *(
            (f"PUT {READINGS}/{each}", reading(each, flag=True))
            for each in ("2022-01-01T00:00:00Z", "2001-01-01T00:00:00Z")
        ),
        (f"PUT {READINGS}/2023-01-01T00:00:00Z", reading("2023-01-01T00:00:00Z", flag=True)),
        (f"PUT /v1/tickets/{TICKET}", {"title": "Changed", "unheard": {"of": 1}}),
        (f"PUT /v1/tickets/{TICKET}", {"title": "Changed", "id": OTHER_TICKET, "by": "me", "at": 1}),
        (f"PUT /v1/tickets/{NO_TICKET}", {"title": "Changed"}),
        (f"PUT /v1/tickets/{TICKET}", {"title": ""}),
        (f"PUT /v1/tickets/{TICKET}",),
        (f"GET /v1/tickets/{TICKET}",),
        *((f"PUT /v1/settings/{name}", {"name": name, "value": name}, token) for name in ("a", "new", "new", "bad")),
        ("PUT /v1/settings/other", {"name": "a"}, token),
        ("PUT /v1/settings/other", {}, token),
        ("PUT /v1/settings/other", {"name": "other", "x": 1}, token),
        ("PUT /v1/settings/other", {"name": "other", "x": "1", "secret/é": ""}, {**token, "If-Match": "*"}),
        ("PUT /v1/settings/other", {"name": "other", "x": "1", "secret/é": ""}, {**token, "If-None-Match": "*"}),
        ("PUT /v1/settings/other", {"name": "other"}, {**token, "If-None-Match": "*"}),
        ("PUT /v1/settings/other", {"name": "other"}, {**token, "If-Match": "{etag}"}),
        ("PUT /v1/settings/x%2Fy", {"name": "x/y"}, token),
        ("PUT /v1/settings/a", {"name": "a"}),
        ("PUT /v1/settings/a", b"{"),
        ("PUT /v1/settings/%00", {"name": "\0"}, token),
        *((f"PUT /v1/counters/{n}", {"number": n, "note": None}) for n in (1, 2, -12345678901234567890, 3)),
        ("PUT /v1/counters/1.0", {"number": 1}),
        ("PUT /v1/counters/1", {"number": 1.0, "until": "2020-01-01T00:00:00.1Z"}),
        ("PUT /v1/counters/1", {"number": 2}),
        ("PUT /v1/counters/1", {"count": 2}),
        (f"PATCH {READING}", {"place": {"position": None}}, {"Content-Type": "application/merge-patch+json"}),
        (f"PATCH {READING}", {"place": 1}, {"Content-Type": "application/merge-patch+json"}),
        (f"PATCH {READING}", {"value": 1}),
        ("DELETE /v1/settings/a", None, token),
        ("DELETE /v1/settings/a", None, token),
        (f"DELETE {READING}", None, {"If-Match": '"1"'}),
        (f"DELETE {READING}", {"a": "body"}),
    ]
    return [*COMMON, *gets, *where, *posts, *puts]


ACCEPTS = (
    "",
    "*/*",
    "application/*",
    "application/json;q=0.5, text/html;q=0.4",
    "text/html, application/json;q=0.1",
    "application/json; indent=2",
    "application/json;indent=x",
    "application/json; charset=utf-8",
    "application/vnd.ticket+json",
    "application/vnd.ticket+json; indent=1",
    "application/problem+json",
    "application/xml, */*;q=0.1",
    "image/png",
    "application/json;q=0",
    "json",
    ",",
    "APPLICATION/JSON",
    "text/html",
)
TICKET_QUERIES = (
    *(
        "queue=inbox",
        "queue=inbox&rank=2",
        "queue=nobody",
        "queue=broken",
        "queue=",
        "rank=1",
        "rank=x",
        "queue=a&queue=b",
    ),
    *("queue=inbox&ordering=-rank", "queue=inbox&ordering=title", "queue=inbox&ordering=rank,-id", "ordering=nothing"),
    *("queue=inbox&limit=1", "limit=0", "limit=51", "limit=1e1", "limit=", "cursor=x&queue=inbox", "queue=%FF&limit=1"),
    *("queue=inbox&limit=1&unknown=1", "queue=inbox&format=json", "queue=inbox&format=xml", "queue=+inbox", "page=2"),
)
READING_QUERIES = (
    *("state=old", "state=nothing", "place__city=Bern", "meaningless=1", "since=yesterday", "ordering=taken&limit=2"),
    *("since=2020-01-03T00:00:00%2B00:00&limit=2", "ordering=-value", "ordering=", "limit=3&state=new", "limit=3"),
)
#: What a body may say beside its key.
PROPERTIES = (
    {},
    {"value": 1.0},
    {"value": -0.0},
    {"value": 1e22},
    {"value": 0.1 + 0.2},
    {"big": 2**53 + 1},
    {"big": 10**37},
    {"big": 10**40},
    {"big": 1.0},
    {"big": True},
    {"small": 2**31},
    {"price": "1.10"},
    {"price": "a lot"},
    {"state": None},
    {"state": "unheard of"},
    {"mood": "good"},
    {"mood": None},
    {"raw": ""},
    {"raw": "not base64!"},
    {"seen": "2020-01-01T00:00:00"},
    {"seen": "2016-12-31T23:59:60Z"},
    {"seen": "2020-01-01T00:00:00-00:00"},
    {"seen": "2020-01-01 00:00:00Z"},
    {"day": "2020-02-30"},
    {"at": "24:00:00Z"},
    {"took": "P1W"},
    {"who": "nobody"},
    {"labels": []},
    {"labels": ["a", "a"]},
    {"sizes": [1, 1.0]},
    {"sizes": [1, "2"]},
    {"place": {}},
    {"place": {"city": "x", "other": 1}},
    {"places": [{"city": "x"}] * 4},
    {"counts": {"a": 1.5}},
    {"matrix": [[1], "x"]},
    {"either": "ab"},
    {"either": [1]},
    {"anything": None},
    {"anything": [[[[]]]]},
    {"anything": "\ud800"},
    {"anything": "\x00\x1f\u2028é😀"},
    {"anything": {"": {"": ""}}},
    {"created": "2000-01-01T00:00:00Z", "changed": 1, "version": "x"},
    {"unknown": 1},
    {"class": 1, "a-b": "two words"},
)
#: The same where Python's json wouldn't write it.
TEXTS = tuple(
    enumerate(
        (
            '"value":1e400',
            '"value":-1E-400',
            '"value":1.10000000000000000000001',
            '"value":0.1e1',
            '"big":1e3',
            '"big":123456789012345678901234567890',
            '"anything":12345678901234567890.12345',
            '"anything":1.0',
            '"value":1,"value":2',
            '"anything":{"a":1,"a":2}',
            '"value":NaN',
            '"value":01',
            '"anything":"\\ud800"',
            '"flag":TRUE',
            '"flag":true,',
            '"anything":' + "[" * 200 + "]" * 200,
            '"anything":' + "[" * 3000 + "]" * 3000,
            '"anything":"' + "x" * 400_001 + '"',
        )
    )
)
#: Moments as a client may give them for a key; the first are the moment of READING.
TAKEN = (
    MOMENT,
    "2020-01-02T03:04:05Z",
    "2020-01-02t03:04:05.000z",
    "2020-01-02T04:04:05+01:00",
    "2034-01-01T00:00:00.1234567Z",
    "2034-01-01T00:00:00",
    "2034-01-01",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "",
    None,
    5,
)
BODIES = (
    *(
        None,
        [],
        [{}],
        "text",
        5,
        True,
        {},
        {"number": None},
        {"number": "1"},
        {"number": 1.5},
        {"number": 80, "x" * 70000: 1},
    ),
    *map(raw, ("", " ", "{", "nul", '{"number": 81}{}', '{"number": 82, "number": 83}', "\ufeff{}", "[" * 5000, "'a'")),
    *(b"\xff", b"\xff\xfe{\0}\0", '{"number": 84, "note": "é"}'.encode("utf-16"), b'{"number": 85, "note": "\xe9"}'),
    *(b'{"number": 86, "note": "\xed\xa0\x80"}', b'{"number": 87}\n\n', b"\0", b'{"note": "no number"}'),
)
HEADERS = (
    *({"Content-Type": each} for each in ("application/json; charset=utf-8", "application/json; charset=latin-1")),
    *({"Content-Type": each} for each in ("application/json; charset=nothing", "APPLICATION/JSON", "application/*")),
    *({"Content-Type": each} for each in ("text/plain", "application/vnd.x+json", "application/x-www-form-urlencoded")),
    *(
        {"Content-Type": each}
        for each in ("multipart/form-data; boundary=x", "multipart/form-data", "", "json", ";", "a/b;c")
    ),
    {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"},
    {"Content-Language": "de", "Expect": "100-continue", "Prefer": "return=minimal"},
)
NAMES = ("a", "x/y", ".", "..", "", "é ☃", "a?b#c", "%2F", "line\nbreak", "\0", "n" * 64, "n" * 65)


# ------------------------------------------------------------------ what projects have around their views


class Watching:
    """A middleware that writes down what it can see of each request and its answer."""

    notes: list[str] = []

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        view = request.resolver_match
        self.note("route", view and (view.view_name, view.kwargs, view.route, getattr(view.func, "cls", type).__name__))
        self.note("user", type(getattr(request, "user", None)).__name__, str(getattr(request, "user", None)))
        self.note("who", get_userid(), get_user_token_data().get("sub"))
        self.note("data", getattr(response, "data", "no data"), response.status_code, response.reason_phrase)
        for name in ("accepted_media_type", "exception", "charset", "content_type", "streaming", "closed"):
            self.note(name, getattr(response, name, "nothing"))
        self.note("renderer", type(getattr(response, "accepted_renderer", None)).__name__)
        self.note("context", sorted(getattr(response, "renderer_context", None) or ()))
        self.note("rendered", getattr(response, "is_rendered", None), len(response.content), type(response.content))
        self.look(getattr(response, "renderer_context", None) or {})
        response["X-Watched"] = "yes"
        return response

    def look(self, context):
        """What DRF keeps beside a response."""
        if not context:
            return
        view, request = context["view"], context["request"]
        self.note("allowed", view.allowed_methods, view.action_map, view.action, view.detail, view.kwargs)
        self.note("name", view.get_view_name(), view.request is request)
        self.note("response", getattr(view, "response", None) is context.get("response"))
        self.note("request", request.version, sorted(request.parser_context), request.user == request._request.user)
        self.note("recognised", type(request.successful_authenticator).__name__, type(request.auth).__name__)
        self.note("ways", [type(each).__name__ for each in (*request.authenticators, *request.parsers)])
        self.note("accepted", request.accepted_media_type, type(request.accepted_renderer).__name__)

    def note(self, *what):
        self.notes.append(" ".join(map(repr, what)))

    def process_view(self, request, view_func, view_args, view_kwargs):
        self.note("view", getattr(view_func, "csrf_exempt", None), view_func.__name__, view_args, view_kwargs)

    def process_template_response(self, request, response):
        self.note("template response", type(response).__name__, response.is_rendered, response.data)
        response.add_post_render_callback(lambda rendered: self.note("rendered", rendered.content))
        return response

    def process_exception(self, request, exception):
        self.note("exception", type(exception).__name__)


class Rewriting:
    """A middleware that changes what answers hold before they are rendered, as DRF documents."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_template_response(self, request, response):
        if isinstance(response.data, dict):
            response.data = {"wrapped": response.data}
        return response


class Twice(throttling.SimpleRateThrottle):
    rate = "2/day"
    scope = "twice"
    timer = staticmethod(lambda: 1_000_000.0)  # or the seconds that are left would tell the two ways apart

    def get_cache_key(self, request, view):
        return f"{request.method}.{type(view).__name__}.{view.action}"


class OnlyAda(permissions.BasePermission):
    message = "You aren't Ada."

    def has_permission(self, request, view):
        return request.method != "PUT" or request.headers.get("X-Who") == "ada"


class NotTheFirst(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return str(getattr(obj, "pk", "")) not in {"1", TICKET}


class OfQuery(versioning.QueryParameterVersioning):
    allowed_versions = ("1", "2")


def own_handler(exc, context):
    """A project's EXCEPTION_HANDLER."""
    response = drf_exception_handler(exc, context)
    if response is None:
        response = Response({"own": type(exc).__name__}, status=getattr(exc, "status", 500))
    response["X-Own"] = type(context["view"]).__name__
    return response


def reraising_handler(exc, context):
    """A project's EXCEPTION_HANDLER that leaves all but a few to Django."""
    return Response({"detail": "no"}, status=404) if isinstance(exc, exceptions.NotFound) else None


STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def drf(*names: str) -> list[str]:
    return [f"rest_framework.{name}" for name in names]


#: What a project may set, by what it is about; MACARON and REST_FRAMEWORK are added to those of the tests.
SETTINGS: dict[str, dict[str, Any]] = {
    "no middleware": {"MIDDLEWARE": []},
    "DEBUG": {"DEBUG": True, "MIDDLEWARE": STARTPROJECT},
    "proxies believed, other hosts refused, another time zone": {
        "USE_X_FORWARDED_HOST": True,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "ALLOWED_HOSTS": ["testserver", "example.com", "p.example"],
        "TIME_ZONE": "Asia/Kolkata",
    },
    "languages": {
        "USE_I18N": True,
        "MIDDLEWARE": ["django.middleware.locale.LocaleMiddleware", "django.middleware.common.CommonMiddleware"],
    },
    "compression and conditions": {
        "MIDDLEWARE": [
            "django.middleware.gzip.GZipMiddleware",
            "django.middleware.http.ConditionalGetMiddleware",
            "django.middleware.cache.UpdateCacheMiddleware",
        ]
    },
    "a middleware that looks": {"MIDDLEWARE": [*STARTPROJECT, f"{HERE}.Watching"]},
    "a middleware that changes": {"MIDDLEWARE": [f"{HERE}.Rewriting"]},
    "errors as problems": {"MACARON": {"ERROR_FORMAT": "problem"}},
    "errors as DRF's": {"MACARON": {"ERROR_FORMAT": "drf"}},
    "answers not validated, unknown parameters refused": {
        "MACARON": {"RESPONSE_VALIDATION": "off", "UNKNOWN_PARAMETERS": "refuse"}
    },
    "answers logged": {"MACARON": {"RESPONSE_VALIDATION": "log"}},
    "small bodies": {"MACARON": {"MAX_BODY_SIZE": 20, "MAX_BODY_DEPTH": 1}},
    "small pages, no cookie": {
        "MACARON": {"PAGE_SIZE": 1, "MAX_PAGE_SIZE": 2, "JWT": {"SECRET": settings.SECRET_KEY, "COOKIE": None}}
    },
    "users looked up, versions demanded": {
        "MACARON": {"JWT": {"SECRET": settings.SECRET_KEY, "USER": "lookup"}, "REQUIRE_IF_MATCH": True}
    },
    "throttled": {"REST_FRAMEWORK": {"DEFAULT_THROTTLE_CLASSES": [f"{HERE}.Twice"]}},
    "sessions": {
        "REST_FRAMEWORK": {
            "DEFAULT_AUTHENTICATION_CLASSES": drf(
                "authentication.SessionAuthentication", "authentication.BasicAuthentication"
            )
        },
        "MIDDLEWARE": STARTPROJECT,
    },
    "nobody authenticates": {"REST_FRAMEWORK": {"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None}},
    "closed": {"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": drf("permissions.IsAuthenticated")}},
    "permissions": {"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": [f"{HERE}.OnlyAda", f"{HERE}.NotTheFirst"]}},
    "a handler of exceptions": {"REST_FRAMEWORK": {"EXCEPTION_HANDLER": f"{HERE}.own_handler"}},
    "pages first": {
        "REST_FRAMEWORK": {"DEFAULT_RENDERER_CLASSES": drf("renderers.BrowsableAPIRenderer", "renderers.JSONRenderer")},
        "MIDDLEWARE": STARTPROJECT,
    },
    "JSON only, in ASCII": {
        "REST_FRAMEWORK": {
            "DEFAULT_RENDERER_CLASSES": drf("renderers.JSONRenderer"),
            "UNICODE_JSON": False,
            "COMPACT_JSON": False,
        }
    },
    "versions": {"REST_FRAMEWORK": {"DEFAULT_VERSIONING_CLASS": f"{HERE}.OfQuery", "VERSION_PARAM": "limit"}},
    "another format parameter": {"REST_FRAMEWORK": {"URL_FORMAT_OVERRIDE": "whatever"}},
}


def merged(**changes: Any) -> dict[str, Any]:
    """Settings with what a case adds to MACARON and to DRF's own."""
    if "MACARON" in changes:
        changes["MACARON"] = {**settings.MACARON, **changes["MACARON"]}
    return changes


def report(differences: list[str]) -> str:
    return f"{len(differences)} differences:\n" + "\n".join(each[:2000] for each in differences[:40])


@pytest.fixture
def everything_api(both_paths: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = both_paths("both-paths/apis/everything.yaml", SEEDS)
    monkeypatch.setattr(Watching, "notes", made.notes)
    return made


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # chunks are gathered in a file
def test_every_request_is_answered_alike(everything_api):
    differences = everything_api.differences(everything(), MIDDLEWARE=STARTPROJECT)
    assert not differences, report(differences)
    statuses = {answer["status"][:3] for answer in everything_api.answers}
    assert {
        "200",
        "201",
        "204",
        "304",
        "400",
        "401",
        "403",
        "404",
        "405",
        "406",
        "409",
        "411",
        "412",
        "413",
        "415",
    } <= statuses


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
    differences = everything_api.differences(asked, **merged(**SETTINGS[name]))
    assert not differences, report(differences)
    assert {"4", "5"} != {answer["status"][0] for answer in everything_api.answers}, "nothing was answered"


def test_an_exception_that_nobody_handles_is_raised_alike(everything_api):
    settings_ = {"REST_FRAMEWORK": {"EXCEPTION_HANDLER": f"{HERE}.reraising_handler"}}
    asked = [
        ("GET /v1/sensors/7/readings/2023-01-01T00:00:00Z",),
        ("GET /v1/counters/404",),
        ("POST /v1/counters", b"{"),
    ]
    differences = everything_api.differences(asked, **settings_, DEBUG_PROPAGATE_EXCEPTIONS=False)
    assert not differences, report(differences)
    assert everything_api.answers[0]["status"].startswith("5")


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
        differences = everything_api.differences(asked)
    finally:
        for signal in SIGNALS.values():
            signal.disconnect(note)
    assert not differences, report(differences)
    seen = {note.split(" ")[0] for answer in everything_api.answers for note in answer["seen"]}
    assert {"pre_save", "post_save", "post_init", "request_finished"} <= seen


SIGNALS = {
    "pre_init": pre_init,
    "post_init": post_init,
    "pre_save": pre_save,
    "post_save": post_save,
    "request_started": request_started,
    "request_finished": request_finished,
    "got_request_exception": got_request_exception,
}


# ------------------------------------------------------------------ every other API of the fixtures

EXAMPLE = {
    "myserver": [
        ("GET /profiles",),
        ("GET /profiles?limit=2",),
        ("GET {next}",),
        ("GET /profiles/ada",),
        ("GET /profiles/eve",),
        ("GET /profiles/nobody",),
        ("POST /profiles", {"name": "New", "email": "n@example.com", "tags": ["a"], "age": 5}),
        ("GET {location}",),
        ("POST /profiles", {"profile_id": "ada", "name": "Taken"}),
        ("POST /profiles", {"profile_id": "zoe", "name": "Zoe", "address": {"zip": "!"}}),
        ("PUT /profiles/ada", {"name": "Ada", "view_count": 2**70}),
        ("PUT /profiles/ada", {"name": "Ada", "view_count": 2**62}),
        ("PUT /profiles/bob", {"profile_id": "bob", "name": "Bob", "address": {"city": "Basel"}}),
        ("PUT /profiles/eve", {"name": "Eve"}),
        ("PATCH /profiles/ada", {"email": "a@example.com"}),
        ("POST /profiles/ada/view",),
        ("DELETE /profiles/bob",),
    ],
    "library": [
        ("POST /library/authors", {"name": "Ada"}),
        ("GET {location}",),
        ("GET /library/authors",),
        ("POST /library/books", {"isbn": "123456789X", "title": "One"}),
        ("GET {location}",),
        ("POST /library/books", {"isbn": "123456789X", "title": "Taken"}),
        ("POST /library/books", {"isbn": "1234567890", "title": "Two", "author_id": NO_TICKET}),
        ("POST /library/books", {"isbn": "1234567891", "title": "", "pages": 0}),
        ("POST /library/books", {"isbn": "1234567892", "title": "Three", "genre": "poetry", "published": "2020-01-01"}),
        ("PUT /library/books/123456789X", {"isbn": "123456789X", "title": "Changed", "pages": 5}),
        ("PUT /library/books/123456789X", {"isbn": "1234567890", "title": "Changed"}),
        ("PATCH /library/books/123456789X", {"pages": None, "available": False}),
        ("GET /library/books",),
        ("GET /library/books?limit=1",),
        ("GET {next}",),
        ("DELETE /library/books/123456789X",),
        ("GET /library/books/123456789X",),
        ("GET /library/authors/nobody",),
    ],
}


@pytest.mark.parametrize("name", EXAMPLE)
def test_the_example_project_answers_alike(both_paths, name):
    made = both_paths(name, SEEDS_OF_EXAMPLE)
    differences = made.differences(EXAMPLE[name]) + made.differences(samples(made.api.document))
    assert not differences, report(differences)


def test_whoever_drf_recognises_is_recognised(both_paths):
    """Where a spec says nothing of security, DRF's own authenticators say who asks."""
    client = Client()
    client.force_login(User.objects.create_user("ada", password="ada"))
    session = f"sessionid={client.cookies['sessionid'].value}"
    csrf = "c" * 32
    asked = [
        (f"{line}", body, headers)
        for line, body in (
            ("GET /profiles/ada", None),
            ("GET /profiles", None),
            ("PUT /profiles/ada", {"name": "Ada"}),
            ("POST /profiles", {"profile_id": "new", "name": "New"}),
            ("POST /profiles", {"profile_id": "new", "name": "New"}),
            ("GET /profiles/nobody", None),
        )
        for headers in (
            {},
            {"Authorization": "Basic YWRhOmFkYQ=="},
            {"Authorization": "Basic YWRhOndyb25n"},
            {"Authorization": "Basic"},
            {"Authorization": "Bearer x.y.z"},
            {"Cookie": session},
            {"Cookie": f"{session}; csrftoken={csrf}", "X-CSRFToken": csrf},
            {"Cookie": "sessionid=nobodys"},
        )
    ]
    made = both_paths("myserver", SEEDS_OF_EXAMPLE)
    for permission in ("AllowAny", "IsAuthenticated", "IsAuthenticatedOrReadOnly", "IsAdminUser"):
        settings_ = {"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": drf(f"permissions.{permission}")}}
        login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        middleware = [*STARTPROJECT, login] if permission == "AllowAny" else STARTPROJECT
        differences = made.differences(asked, MIDDLEWARE=middleware, **settings_)
        assert not differences, report(differences)
    assert {answer["status"][:3] for answer in made.answers} == {"403"}  # Ada is nobody's admin


OTHERS = [
    "items/apis/notes.yaml",
    *(f"{case}/apis/{api}" for case, api in (("handlers", "kinds.yaml"), ("bodies", "bodies.yaml"))),
    "parameters/apis/styles.yaml",
]


def samples(document: Any) -> list[Any]:
    """For each operation of a document a request that it accepts, as far as one can be made up, and worse ones."""
    asked: list[Any] = []
    for operation in document.operations:
        target, query, headers = operation.route, [], {}
        for parameter in operation.parameters:
            value = sampled(parameter.schema)
            text = value if isinstance(value, str) else json.dumps(value)
            if parameter.location == "path":
                target = target.replace(f"{{{parameter.name}}}", text)
            elif parameter.location == "query" and parameter.required:
                query.append(f"{parameter.name}={text}")
            elif parameter.location == "header" and parameter.required:
                headers[parameter.name] = text
        if "{" in target:
            continue
        line = f"{operation.method.upper()} {target}?{'&'.join(query)}"
        body = None
        takes = operation.request_body
        if takes is not None and takes.content:
            schema = json_schema(takes.content)
            body = sampled(schema) if schema is not None else b"text"
            headers["Content-Type"] = next(iter(takes.content))
        asked += [
            (line, body, headers),
            (line, body, {**headers, "Accept": "application/xml;q=0.5"}),
            (line, body, {**headers, "Content-Type": "application/x-unheard-of"}),
            (line, None if body is None else b"{", headers),
            (f"{line}&unknown=%00",),
            *(((f"OPTIONS {target}",), (f"HEAD {target}",)) if operation.method == "get" else ()),
        ]
    return asked


def sampled(schema: Any) -> Any:
    try:
        return sample_of(validator_for(schema, "request"))
    except NoSample:
        return "text"


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")  # a handler is asynchronous
@pytest.mark.parametrize("path", OTHERS)
def test_the_other_fixtures_answer_alike(both_paths, monkeypatch, path):
    monkeypatch.syspath_prepend(str(settings.BASE_DIR / "fixtures" / path.split("/")[0]))
    monkeypatch.delitem(sys.modules, "handlers", raising=False)
    made = both_paths(path)
    notes = [("POST /notes", {"text": "x", "topic": "t", "written": "2020-01-01"}), ("GET {location}",)]
    differences = made.differences(samples(made.api.document)) + made.differences(notes if "notes" in path else ())
    assert not differences, report(differences)
    sys.modules.pop("handlers", None)


# ------------------------------------------------------------------ what tests see


@pytest.mark.parametrize("mode", ["raise", "off"])
def test_parameters_and_what_is_stored_are_judged_alike(both_paths, mode):
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
    made = both_paths("both-paths/apis/params.yaml", seeds)
    differences = made.differences(asked, **merged(MACARON={"RESPONSE_VALIDATION": mode}))
    assert not differences, report(differences)
    assert {answer["status"][:3] for answer in made.answers} >= {"200", "201", "400"}


def test_what_is_common_goes_the_straight_way(everything_api):
    """Or all that is compared here would be DRF's path with itself."""
    token = {"Authorization": f"Bearer {generate_token('ada')}"}
    asked = [
        ("GET /v1/parts/p1",),
        ("POST /v1/parts", {"id": "new", "value": 1.5}),
        ("PUT /v1/parts/p1", {"value": 2.5}),
        (f"GET /v1/sensors/7/notes/{MOMENT}", None, token),
        ("GET /v1/sensors/8/readings?limit=2",),
        ("GET /v1/tickets?queue=inbox", None, {"Accept": "application/vnd.tickets+json"}),
    ]
    ran: set[Any] = set()
    answers = {}
    for change in (None, everything_api.ordinary):
        ran.clear()
        sys.setprofile(lambda frame, event, _: ran.add(frame.f_code))
        try:
            answers[change] = everything_api.side(change).run(asked, everything_api.tables)
        finally:
            sys.setprofile(None)
        assert (APIView.dispatch.__code__ in ran) == (change is not None)
    assert [answer["status"][0] for answer in answers[None]] == ["2"] * 6


def test_it_is_the_same_over_asgi(everything_api):
    asked = [
        ("get", "/v1/parts/p1", None),
        ("post", "/v1/parts", {"id": "new", "value": 1.5}),
        ("put", "/v1/parts/p1", {"value": 2.5}),
        ("put", "/v1/parts/p1", {"value": "x"}),
        ("get", "/v1/sensors/8/readings?limit=7", None),
        ("get", "/v1/counters/404", None),
    ]
    answers = []
    for side in (everything_api.side(), everything_api.side(everything_api.ordinary)):
        everything_api.tables.reset()
        normal = side.normal()
        with override_settings(ROOT_URLCONF=side.urls):
            client = AsyncClient(raise_request_exception=False)
            for method, path, body in asked:
                response = async_to_sync(getattr(client, method))(path, body, content_type=JSON)
                found = (response.status_code, sorted(response.items()), normal(response.content.decode()))
                answers.append((found, list(map(normal, everything_api.tables.changes()))))
    assert answers[:6] == answers[6:]
    assert [status for ((status, _, _), _) in answers[:6]] == [200, 201, 200, 400, 200, 404]


def test_an_items_address_is_in_the_language_of_the_request(everything_api):
    side = everything_api.side()
    side.urls.urlpatterns = i18n_patterns(*side.urls.urlpatterns)
    middleware = ["django.middleware.locale.LocaleMiddleware"]
    asked = [(f"POST /{language}/v1/counters", {"number": n}) for n, language in enumerate(("en", "de", "en"), 100)]
    asked += [(f"POST /{language}/v1/parts", {"id": language}) for language in ("en", "de", "fr")]
    with override_settings(MIDDLEWARE=middleware):
        answers = side.run(asked, everything_api.tables)
    assert [answer["status"] for answer in answers] == ["201 Created"] * 6
    for one, answer in zip(asked, answers, strict=True):
        (address,) = [header for header in answer["headers"] if header.startswith("Location")]
        assert address.startswith(f"Location: http://testserver{one[0].removeprefix('POST ')}/")


def test_drfs_test_client_sees_the_same(everything_api):
    def seen(side):
        found = []
        everything_api.tables.reset()
        with override_settings(ROOT_URLCONF=side.urls):
            client = APIClient(raise_request_exception=False)
            for method, path, body in (
                ("get", READING, None),
                ("get", "/v1/sensors/8/readings?limit=2", None),
                ("get", "/v1/tickets?queue=inbox", None),
                ("get", "/v1/counters/404", None),
                ("get", "/v1/settings/a", None),
                ("post", "/v1/counters", {"number": 5}),
                ("post", "/v1/counters", {"number": "x"}),
                ("put", "/v1/counters/5", {"number": 5, "count": 3}),
                ("put", READING, reading(MOMENT, big=2**60, labels=["a"])),
                ("delete", READING, None),
            ):
                response = getattr(client, method)(path, body, format="json")
                data = re.sub(
                    r"(?<=error_id\": \")[^\"]+|(?<=changed\": \")[^\"]+", "", json.dumps(response.data, default=str)
                )
                match, request = response.resolver_match, response.wsgi_request
                found.append(
                    {
                        "asked": f"{method} {path}",
                        "status": (response.status_code, response.status_text),
                        "data": data,
                        "kind": type(response),
                        "renderer": (response.accepted_renderer.media_type, response.accepted_media_type),
                        "context": sorted(response.renderer_context),
                        "action": response.renderer_context["view"].action,
                        "name": type(response.renderer_context["view"]).__name__,
                        "request": type(response.renderer_context["request"]).__name__,
                        "exception": response.exception,
                        "match": (match.view_name, match.kwargs, match.func.cls.__name__, match.func.actions),
                        "user": str(getattr(request, "user", None)),
                    }
                )
        return found

    generated = seen(everything_api.side())
    assert generated == seen(everything_api.side(everything_api.ordinary))


def test_an_items_address_is_translated_as_its_route_is(everything_api: Any) -> None:
    side = everything_api.side()
    side.urls.urlpatterns = [path(lazy(lambda: f"{gettext('Monday')}/", str)(), include(side.urls.urlpatterns))]
    days = [("en", "Monday"), ("de", "Montag"), ("en", "Monday")]
    asked = [
        (f"POST /{day}/v1/parts", {"id": f"part-{number}"}, {"Accept-Language": language})
        for number, (language, day) in enumerate(days, 100)
    ]
    with override_settings(MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"]):
        answers = side.run(asked, everything_api.tables)
    for (verb, _, _), answer in zip(asked, answers, strict=True):
        (address,) = [header for header in answer["headers"] if header.startswith("Location")]
        assert address.startswith(f"Location: http://testserver{verb.removeprefix('POST ')}/")
