"""Requests for rows of Django models, good and bad, and cells as other programs write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.api.hooks.row_models import OF_SIMPLE, WHO

FULL = {
    "name": "full",
    "number": None,
    "big": 2**63 - 1,
    "ratio": 1.0,
    "price": "1.10",
    "flag": False,
    "day": "2024-02-29",
    "at": "2024-02-29T10:00:00.123456789+02:00",
    "hour": "23:59:59",
    "who": str(WHO).upper(),
    "data": {"deep": [1, "2", None, {"x": 1e-7}]},
    "tags": ["a"],
    "place": {"since": "2000-01-01", "city": "Zürich"},
    "owner_id": 1,
    "hidden": "shh",
    "id": 77,
    "made": "2001-01-01T00:00:00Z",
}
VALUES = (
    *({"number": value} for value in (0, -(2**31), 2**40, 1.0, 1.5, "1", True)),
    *({"big": value} for value in (2**63, -(2**63), None, 10**40)),
    *({"ratio": value} for value in (1, -0.0, 1e308, 1e22, 0.1 + 0.2)),
    *({"price": value} for value in ("1.005", "999999.99", "1e3", "x", "12345678901", 5)),
    *({"at": value} for value in ("2024-01-01T00:00:00", "2016-12-31T23:59:60Z", "2024-01-01t00:00:00z", None, "x")),
    *({"hour": value} for value in ("24:00:00", "10:00:00Z", "10:00:00.5", "10:00")),
    *({"day": value} for value in ("2020-02-30", "0001-01-01", "")),
    *({"who": value} for value in ("nobody", WHO.hex, "")),
    *({"data": value} for value in (None, [], "text", 5, 10**30, [[[[]]]], {"": {"": ""}}, "\x00é\u2028", "\ud800")),
    *({"tags": value} for value in ([], ["a", "a"], [1], None, "a")),
    *({"place": value} for value in ({}, {"size": 1.0}, {"since": "x"}, {"more": 1}, None, {"size": 2**70})),
    *({"owner_id": value} for value in (2, None, 99, "1", 2**70)),
    *({"flag": value} for value in (None, 1, "true")),
    *({"by": value} for value in ("me", "", None)),
    {"stamped": "2001-01-01T00:00:00Z"},
    {"name": "first"},
    {"name": "x" * 51},
    {"name": None},
    {"unknown": 1},
    {"pk": 9},
)
#: What a schema allows that doesn't name it, and the model may.
STRAYS = ({}, {"more": 1}, {"id": 50}, {"pk": 51}, {"x-a": 1}, {"x-a": "1"}, {"objects": 1, "save": None}, {"rank": 3})
TEXTS = ('"data":1.10000000000000000000001', '"data":{"a":1,"a":2}', '"data":NaN', '"number":01', '"ratio":1e400')
TEXTS = (*TEXTS, '"data":123456789012345678901234567890', '"ratio":1.0e0', '"big":1e3', '"data":[1.0,-0,-0.0,1E2]')
BODIES = (None, [], [{}], "text", {}, {"name": "b"}, b"", b"{", b"\xff", b'{"name": "\xed\xa0\x80"}', b"[" * 5000)
HEADERS = (
    {"If-Match": '"1"'},
    {"If-None-Match": "*"},
    {"Accept": "application/json; indent=2"},
    {"Accept": "application/xml"},
    {"Content-Type": "application/json; charset=utf-8"},
    {"Content-Type": "application/json; charset=latin-1"},
    {"Content-Type": "text/csv"},
    {"Accept-Language": "de"},
)
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
KEYS = (1, 2, 3, 0, -1, "01", "+1", "1.0", "1e0", "x", 2**63, 2**64, "9" * 50, "%00", "a%2Fb", "%20", "é")
CODES = ("a", "b%2Fc%20d", "%C3%A9", "nobody", "%00", "..", "x" * 3000, "%FF", "a'--")


def everything() -> list[Any]:
    return [
        *((f"GET /things/{key}",) for key in KEYS),
        *((f"GET /keyed/{code}",) for code in CODES),
        *((f"GET /by-name/{code}'s",) for code in CODES),
        *(("GET /things/1", None, headers) for headers in (*HEADERS, {"Accept": "text/html"})),
        ("HEAD /things/1",),
        ("OPTIONS /things/1",),
        ("GET /things/1?x=1",),
        ("GET /things/1?format=json",),
        ("GET /things/1", {"a": "body"}),
        *((f"GET /things{query}",) for query in ("", "?limit=1", "?limit=0", "?limit=x", "?limit=1&limit=2", "?x=1")),
        *((f"GET /things?cursor={cursor}",) for cursor in ("", "abc", "%00")),
        *(("GET /things", None, headers) for headers in HEADERS),
        *((f"GET /{name}?limit=2",) for name in ("keyed", *OF_SIMPLE)),
        ("POST /things", FULL),
        ("GET {location}",),
        ("POST /things", FULL),
        *(("POST /things", {"name": f"v{n}", **more}) for n, more in enumerate(VALUES)),
        *(("POST /things", f'{{"name":"t{n}",{text}}}'.encode()) for n, text in enumerate(TEXTS)),
        *(("POST /things", body) for body in BODIES),
        *(("POST /things", {"name": f"h{n}"}, headers) for n, headers in enumerate(HEADERS)),
        ("GET /things",),
        ("PUT /things/1", FULL),
        ("PUT /things/1", {**FULL, "name": "mine"}),
        *(("PUT /things/2", {"name": "second", **more}) for more in VALUES),
        *(("PUT /things/2", f'{{"name":"t{n}u",{text}}}'.encode()) for n, text in enumerate(TEXTS)),
        *(("PUT /things/2", body) for body in BODIES),
        *(("PUT /things/2", {"name": "w"}, headers) for headers in HEADERS),
        *((f"PUT /things/{key}", {"name": f"k{key}"}) for key in KEYS),
        ("PUT /things/1?x=1", {"name": "one"}),
        ("GET /things/1",),
        *(("PATCH /things/2", value, MERGE_PATCH) for value in (*VALUES, *BODIES)),
        *((f"PATCH /things/{key}", {"by": f"k{key}"}, MERGE_PATCH) for key in KEYS),
        ("PATCH /things/2", {"by": "x"}),
        ("GET /things/2",),
        *((f"DELETE /things/{key}",) for key in (2, 1, 1, *KEYS)),
        ("GET /things",),
        *(("POST /keyed", {"code": code, "name": f"of {code}"}) for code in ("a", "n", "n", "", "x" * 65, ".", "a/b")),
        *(("POST /keyed", {"code": f"c{n}", "name": name}) for n, name in enumerate(("a's", "", "\0", "é"))),
        *((f"PUT /keyed/{code}", {"name": f"now {code}"}) for code in CODES),
        *(("PUT /keyed/a", {"code": code, "name": "A"}) for code in ("a", "b", None, 1)),
        *((f"PUT /by-name/{code}'s", {"name": f"{code}'s", "size": 8}) for code in CODES),
        *(("PUT /by-name/n%201", {"name": name}) for name in ("n 1", "other", None)),
        ("POST /by-name", {"name": "keyless"}),
        ("GET /keyed",),
        ("GET /by-name",),
        *(("POST /bare", {"name": "bare", **more}) for more in STRAYS),
        *(("PUT /bare/1", {"name": "bare", **more}) for more in STRAYS),
        ("GET /bare",),
        ("GET /bare/1",),
        ("PUT /bare/99", {"name": "x"}),
        ("POST /keyed", {"name": "made"}),
        ("GET {location}",),
    ]


def of_simple(names: Sequence[str] = OF_SIMPLE) -> list[Any]:
    return [
        (line, body)
        for name in names
        for line, body in (
            *((f"GET /{name}", None), (f"GET /{name}?limit=1", None), ("GET {next}", None), ("GET {next}", None)),
            *((f"GET /{name}/{key}", None) for key in (1, 2, 3, 99)),
            *((f"POST /{name}", {"name": "new", "rank": 2}), ("GET {location}", None)),
            *((f"POST /{name}", {"name": "new", "rank": "x"}), (f"POST /{name}", {"rank": 1})),
            *((f"PUT /{name}/{key}", {"name": "put"}) for key in (1, 3, 99)),
            *((f"PUT /{name}/1", {"name": None}), (f"GET /{name}/1", None)),
        )
    ]


ODD = (
    *("NaN", "[NaN, Infinity, -Infinity]", "not json", "", "123456789012345678901234567890", "18446744073709551616"),
    *("[-0, -0.0, 0.0, 1.0, 1E5, 1e400, -1e-400]", '{"a": 1, "a": 2}', '"\\ud800"', '"\\ud83d\\ude00"', "01", "[1,]"),
    *("9007199254740993.0", "0.10000000000000000000000001", "[9223372036854775808, -9223372036854775809]", "1.5e300"),
    *(' { "b" : [ null , { } ] } ', "nul", "null", "true", '"\x01"', "\ufeff[]", "'a'", "[1]]", "-", "1_0", "٣"),
    *("[" * 600 + "]" * 600, '{"size": 3.0, "city": "x"}', '{"size": null}', '["a", 1]', '["a", null]', "[[]]"),
)


#: By column, what other programs write into it.
CELLS = {
    "number": ("text", 1.5, 2**63 - 1, b"x", ""),
    "at": ("2020-01-01", "2020-01-01 00:00:00+02:00", "never", 5, ""),
    "day": ("2020-01-01 00:00:00", "never", 5),
    "who": ("short", str(WHO), b"0" * 16),
    "flag": (0, 2, "t"),
    "price": ("12.345", 1e300, "x"),
    "hour": ("25:00", "10:00"),
    "ratio": ("x", 5, float("inf")),
    "by": (5, b"bytes", ""),
    "data": ODD,
    "tags": ODD,
    "place": ODD,
}


SHORT = [
    *(("GET /things/1",), ("GET /things",), ("POST /things", {"name": "new"}), ("PUT /things/1", {"name": "put"})),
    *(("GET /things/99",), ("POST /things", {"name": "second"}), ("PUT /things/1", {"name": "second"})),
    *(("PUT /things/99", {"name": "x"}), ("GET /things/1",), ("PUT /things/1", {"name": 5}), ("GET /things/2",)),
]
