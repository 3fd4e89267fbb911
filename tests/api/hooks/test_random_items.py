"""Random writes, by the store and by rows: answered alike, stored alike, and shown as a GET shows them afterwards."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from macaron_django.auth import generate_token
from tests.api.hooks.both_ways import by_rows, told_apart
from tests.api.hooks.item_requests import MERGE_PATCH
from tests.api.hooks.item_seeds import MOMENT, OTHER_MOMENT, SEEDS, TICKET

TOKEN = {"Authorization": f"Bearer {generate_token('ada')}", "Cookie": "colour=red"}
#: A few of each kind of item, among them all that other programs have written.
FEW: dict[str, Any] = {
    "Reading": SEEDS["Reading"][:5],
    "Part": [SEEDS["Part"][0], *SEEDS["Part"][3:6]],
    "Note": SEEDS["Note"],
    "Ticket": SEEDS["Ticket"][:1],
    "Setting": [*SEEDS["Setting"], {"name": {"S": "odd"}, "more": {"SS": ["b", "a"]}, "other": {"N": "1.50"}}],
    "Counter": SEEDS["Counter"],
}
#: Numbers in all spellings, as JSON.
NUMBERS = st.one_of(
    st.sampled_from(["0", "-0", "-0.0", "1.0", "1.50", "0.1e1", "1E+2", "1e22", "1e23", "1e-7", "9007199254740993"]),
    st.sampled_from(["12345678901234567890.12345", "1e38", "1e39", "1e125", "1e126", "1e-130", "1e-131", "9" * 39]),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
)
TEXTS = (st.sampled_from(["", "a", "b", "ab", "é", "\u2028", "😀", "\0", "new"]) | st.text(max_size=4)).map(json.dumps)
SCALARS = st.one_of(NUMBERS, TEXTS, st.sampled_from(["null", "true", "false"]))


def lists(of: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(of, max_size=most).map(lambda members: f"[{','.join(members)}]")


def objects(**members: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects with some of these members."""
    return st.fixed_dictionaries({}, optional=members).map(
        lambda found: "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in found.items()) + "}"
    )


ANYTHING = st.recursive(
    SCALARS, lambda inner: lists(inner, 2) | objects(a=inner, b=inner, **{"": inner, "é": inner}), max_leaves=5
)
MOMENTS = st.sampled_from(
    [MOMENT, "2020-01-02T04:04:05+01:00", "2020-01-01t00:00:00.10z", "2016-12-31T23:59:60Z", "2020-01-01", "x"]
).map(json.dumps)
PLACE = objects(city=TEXTS, position=lists(NUMBERS), opened=MOMENTS) | st.just("null")
#: What each property of a reading or a part may get.
VALUES: dict[str, st.SearchStrategy[str]] = {
    "value": NUMBERS,
    "big": NUMBERS,
    "small": NUMBERS,
    "price": st.sampled_from(["1.10", "1.1", "-0", "1e2", "x"]).map(json.dumps),
    "state": st.sampled_from(["new", "old", "in between"]).map(json.dumps) | SCALARS,
    "mood": st.sampled_from(['"good"', "null"]),
    "raw": st.sampled_from(["AAEC", "", "AA==", "AB==", "x"]).map(json.dumps),
    "seen": MOMENTS,
    "day": st.sampled_from(["2030-02-28", "2030-02-30"]).map(json.dumps),
    "at": st.sampled_from(["10:00:00Z", "10:00:00.10+01:00"]).map(json.dumps),
    "took": st.sampled_from(["P1DT12H", "P1W", "PT36H"]).map(json.dumps),
    "who": st.sampled_from(["00000000-0000-1000-8000-0000000000AB", "x"]).map(json.dumps),
    "labels": lists(TEXTS),
    "sizes": lists(NUMBERS),
    "place": PLACE,
    "places": lists(PLACE, 2),
    "counts": objects(a=NUMBERS, b=NUMBERS),
    "matrix": lists(lists(NUMBERS)),
    "either": TEXTS | NUMBERS | ANYTHING,
    "anything": ANYTHING,
    "flag": st.sampled_from(["true", "false"]),
    "secret": TEXTS,
    "class": TEXTS,
    "a-b": TEXTS,
    "created": MOMENTS,
}
#: What no schema of the document names: DynamoDB keeps these in no order.
OPEN = {"more": TEXTS, "other": ANYTHING, "unheard": lists(TEXTS)}


@st.composite
def bodies(draw: st.DrawFn, values: dict[str, st.SearchStrategy[str]], odd: int = 8, **keys: Any) -> bytes:
    """JSON of the keys and a few other properties; one value in ``odd`` is of any type."""
    names = draw(st.lists(st.sampled_from(sorted(values)), max_size=4, unique=True))
    members = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in keys.items()]
    for name in names:
        value = ANYTHING if draw(st.integers(1, odd)) == odd else values[name]
        members.append(f"{json.dumps(name)}:{draw(value)}")
    return ("{" + ",".join(members) + "}").encode()


def readings() -> st.SearchStrategy[tuple[Any, ...]]:
    moments = st.sampled_from([MOMENT, OTHER_MOMENT, "2023-01-01T00:00:00.000000Z", "2040-01-01T00:00:00.000000Z"])

    def asked(moment: str) -> st.SearchStrategy[tuple[Any, ...]]:
        path = f"/v1/sensors/7/readings/{moment}"
        whole = bodies(VALUES, sensor=7, taken=moment)
        removals = {name: value | st.just("null") for name, value in VALUES.items()}
        return st.one_of(
            st.tuples(st.just("POST /v1/sensors/7/readings"), whole),
            st.tuples(st.just(f"PUT {path}"), whole),
            st.tuples(st.just(f"PATCH {path}"), bodies(removals), st.just(MERGE_PATCH)),
            st.tuples(st.just(f"PATCH {path}"), bodies(removals), st.just({**MERGE_PATCH, "If-Match": "{etag}"})),
        )

    return moments.flatmap(asked)


def others() -> st.SearchStrategy[tuple[Any, ...]]:
    keys = st.sampled_from(["p0", "unknown", "broken", "spelled", "fresh"])
    parts = keys.flatmap(
        lambda key: st.tuples(st.sampled_from([f"PUT /v1/parts/{key}", "POST /v1/parts"]), bodies(VALUES, id=key))
    )
    names = st.sampled_from(["a", "bad", "odd", "fresh"])
    opened = names.flatmap(
        lambda name: st.tuples(
            st.sampled_from([f"PUT /v1/settings/{name}", "POST /v1/settings"]),
            bodies({"value": ANYTHING, **OPEN}, name=name),
            st.just(TOKEN),
        )
    )
    numbers = st.sampled_from([1, 2, 3, -12345678901234567890])
    counted = {"count": NUMBERS, "note": TEXTS | st.just("null"), "until": MOMENTS, **OPEN}
    counters = numbers.flatmap(
        lambda number: st.tuples(
            st.sampled_from([f"PUT /v1/counters/{number}", "POST /v1/counters"]), bodies(counted, number=number)
        )
    )
    titled = {"rank": NUMBERS, "by": TEXTS, "queue": TEXTS, **OPEN}
    tickets = st.tuples(st.just(f"PUT /v1/tickets/{TICKET}"), bodies(titled, title="x"))
    notes = st.sampled_from([MOMENT, OTHER_MOMENT, "2022-01-01T00:00:00Z"]).flatmap(
        lambda taken: st.tuples(
            st.just(f"PUT /v1/sensors/7/notes/{taken}"),
            bodies({"text": TEXTS, "seen": MOMENTS, "hidden": TEXTS, "at": NUMBERS}, sensor=7, taken=taken),
            st.just(TOKEN),
        )
    )
    return st.one_of(parts, parts, opened, counters, tickets, notes)


def shown_again(one: tuple[Any, ...]) -> tuple[Any, ...]:
    """The GET of what a write of one path has written."""
    path = one[0].split(" ")[1]
    is_new = one[0].startswith("POST")
    return (f"GET {'{location}' if is_new else path}", None, TOKEN)


class Spelled(str):
    """A number as it is written, which no string equals."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spelled) and str(self) == str(other)

    __hash__ = str.__hash__


def same(one: Any, other: Any) -> bool:
    """Whether two answers are the same, apart from the order of an object's properties: the engine keeps none."""
    return one == other or (as_json(one) is not None and as_json(one) == as_json(other))


def as_json(text: Any) -> Any:
    """JSON with each number as it is written; None if it isn't JSON."""
    try:
        text = re.sub(r"<(\d+) characters>", r"9\1", text)  # as long numbers are shown
        return json.loads(text, parse_int=Spelled, parse_float=Spelled)
    except (TypeError, ValueError):
        return None


@pytest.mark.parametrize("examples", [12, pytest.param(2_000, marks=pytest.mark.soak)])
def test_random_writes_are_answered_and_stored_alike(both_ways, examples):
    api = both_ways("hooks/apis/everything.yaml", FEW)
    sides = [api.side(None), api.side(by_rows)]

    @settings(
        max_examples=examples,
        derandomize=examples < 1000,  # in the ordinary suite the same ones each time
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=[phase for phase in Phase if phase is not Phase.explain],  # which takes longer than all others
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(readings() | others(), min_size=1, max_size=5))
    def check(writes: list[tuple[Any, ...]]) -> None:
        asked = [one for write in writes for one in (write, shown_again(write))]
        by_store, of_rows = (side.run(asked, api.tables) for side in sides)
        for one, answer, wanted in zip(asked, by_store, of_rows, strict=True):
            for what in wanted:
                assert same(answer[what], wanted[what]), f"{one}: {what}\n{told_apart(answer[what], wanted[what])}"
        for write, answer, shown in zip(writes, by_store[::2], by_store[1::2], strict=True):
            if answer["status"][0] == "2" and answer["body"] and shown["status"][:3] == "200":
                assert same(answer["body"], shown["body"]), f"{write}\n{told_apart(answer['body'], shown['body'])}"

    check()


def test_of_several_unstorable_values_the_first_in_the_request_is_reported(both_ways):
    api = both_ways("hooks/apis/everything.yaml", FEW)
    values = ",".join(f'"other{number}":1e+126' for number in (3, 1, 5, 0, 4, 2))
    for side in (api.side(None), api.side(by_rows)):
        (answer,) = side.run([("PUT /v1/counters/3", f'{{"number":3,{values}}}'.encode(), TOKEN)], api.tables)
        assert [error["pointer"] for error in json.loads(answer["body"])["errors"]] == ["/other3"]
