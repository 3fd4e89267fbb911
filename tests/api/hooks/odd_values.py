"""Headers, bodies and values that clients send, good and bad."""

from __future__ import annotations

from tests.api.hooks.item_seeds import MOMENT


def raw(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


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
#: What a body may say besides its key.
PROPERTIES = (
    {},
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
            '"big":1e3',
            '"big":123456789012345678901234567890',
            '"anything":12345678901234567890.12345',
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
TOO_FINE = "2034-01-01T00:00:00.1234567Z"
#: Moments as a client may give them for a key; the first are the moment of READING.
TAKEN = (
    MOMENT,
    "2020-01-02T03:04:05Z",
    "2020-01-02t03:04:05.000z",
    "2020-01-02T04:04:05+01:00",
    TOO_FINE,
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
#: Numbers that JSON spells in more than one way.
SPELLED = ('"value":1.0', '"value":-0.0', '"value":1e+22', '"value":0.1e1', '"anything":1.0')
NAMES = ("a", "x/y", ".", "..", "", "é ☃", "a?b#c", "%2F", "line\nbreak", "\0", "n" * 64, "n" * 65)
