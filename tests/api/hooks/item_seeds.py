"""What the tables hold before each test, as DynamoDB writes it, and a body that has every property."""

from __future__ import annotations

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
    "took": "P1DT12H",
    "who": "00000000-0000-1000-8000-0000000000AB",
    "labels": ["x", "y", "é"],
    "sizes": [1.5, 3, 100],
    "place": {"city": "Zürich", "position": [1, 2.5]},
    "places": [{"city": "A", "opened": "2000-01-01T00:00:00Z"}],
    "counts": {"a": 1, "b": -5},
    "matrix": [[], [1, 2.5]],
    "either": 5,
    "anything": {"deep": [1, "2", None, {"x": 1e-7}]},
    "flag": False,
    "secret": "s",
    "class": "reserved",
    "a-b": "word",
}
