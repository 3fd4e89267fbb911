"""Items that another program wrote, whatever stands in them: each is shown, and none stands in the others' way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macaron_django.dynamodb import Persistence
from macaron_django.schemas.values.json_text import dump_json

MakePersistence = Callable[..., Persistence]
MakeModel = Callable[[dict[str, Any]], Persistence]
MOMENT = {"type": "string", "format": "date-time"}
EVENT = {
    "type": "object",
    "x-persist": {
        "hash_key": "event_id",
        "ttl": "expires",
        "version": "version",
        "sets": ["labels", "sizes"],
        "indexes": {"by_seen": {"hash_key": "name", "range_key": "seen"}},
    },
    "properties": {
        "event_id": {"type": "string"},
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "size": {"type": "number"},
        "done": {"type": "boolean"},
        "created": MOMENT,
        "seen": MOMENT,
        "expires": MOMENT,
        "day": {"type": "string", "format": "date"},
        "clock": {"type": "string", "format": "time"},
        "takes": {"type": "string", "format": "duration"},
        "key": {"type": "string", "format": "uuid"},
        "price": {"type": "string", "format": "decimal"},
        "photo": {"type": "string", "format": "byte"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "moments": {"type": "array", "items": MOMENT},
        "labels": {"type": "array", "items": {"type": "string"}},
        "sizes": {"type": "array", "items": {"type": "integer"}},
        "place": {"type": "object", "properties": {"city": {"type": "string"}, "open": MOMENT}},
        "prices": {"type": "object", "additionalProperties": {"type": "integer"}},
        "either": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"a": {"type": "integer"}}}]},
        "version": {"type": "integer"},
    },
}
NAMES = [*EVENT["properties"], "seen#given", "expires#given", "event_id#given", "other", "__class__", "_state", "pk"]

NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1).map(str) | st.sampled_from(
    [
        "1700000000",
        "1700000000000",
        "1E+125",
        "-9.9E+125",
        "1E-130",
        "0",
        "-0",
        "1.5",
        "0.10000000000000000000000000001",
    ]
)
LONG = st.sampled_from([99, 100, 101, 2000]).map(lambda depth: "[" * depth + "]" * depth) | st.integers(4299, 4302).map(
    lambda digits: f"[{'9' * digits}]"
)
TEXTS = (
    st.text()
    | LONG
    | st.sampled_from(
        [
            *(
                "[",
                "{",
                '["a"]',
                "[NaN]",
                "[1e999]",
                '["\\ud800"]',
                '{"a":1,"a":2}',
            ),
            *("{}", "[1e-999999999]", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "24:00:00Z"),
            *("9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "2026-01-01T00:00:00+0000"),
            *("P1Y", "P99999999999D", "-P1D", "1e999999", "NaN", "sNaN", "Infinity", "====", "aGk", "\x00", "0" * 36),
        ]
    )
)
VALUES = st.recursive(
    st.builds(lambda text: {"S": text}, TEXTS)
    | st.builds(lambda number: {"N": number}, NUMBERS)
    | st.builds(lambda octets: {"B": octets}, st.binary())
    | st.builds(lambda flag: {"BOOL": flag}, st.booleans())
    | st.just({"NULL": True})
    | st.builds(lambda members: {"SS": members}, st.lists(TEXTS, min_size=1, max_size=3, unique=True))
    | st.builds(lambda members: {"NS": members}, st.lists(NUMBERS, min_size=1, max_size=3, unique_by=float))
    | st.builds(lambda members: {"BS": members}, st.lists(st.binary(), min_size=1, max_size=3, unique=True)),
    lambda inner: (
        st.builds(lambda members: {"L": members}, st.lists(inner, max_size=3))
        | st.builds(lambda members: {"M": members}, st.dictionaries(st.sampled_from(["city", "open", "a", "b"]), inner))
    ),
    max_leaves=6,
)
ITEMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)


@pytest.fixture(scope="module")
def persistence(make_model: MakeModel) -> Persistence:
    return make_model({"Event": EVENT})


@settings(deadline=None, max_examples=300)
@given(item=ITEMS, key=st.text(min_size=1))
def test_any_item_is_shown_as_json_and_is_written_back_as_it_was(
    persistence: Persistence, item: dict[str, Any], key: str
) -> None:
    item = {**item, "event_id": {"S": key}}
    row = persistence.decode(item)
    json = row.to_json()
    dump_json(json).decode()
    assert repr(row)
    assert row.event_id == key
    assert persistence.table.attribute("event_id").value_in(item) == key
    set_, remove = persistence._changes(row, item, None)
    assert {name for name in set_ if not name.endswith("#given")} <= {"version"}
    assert not [name for name in remove if not name.endswith("#given")]


@pytest.mark.parametrize(
    ("name", "held", "shown"),
    [
        ("created", {"N": "1700000000"}, "2023-11-14T22:13:20Z"),
        ("created", {"N": "1700000000000"}, 1_700_000_000_000),
        ("expires", {"N": "1700000000000"}, 1_700_000_000_000),
        ("created", {"N": "1E+100"}, 1e100),
        ("tags", {"S": '["a"]'}, ["a"]),
        ("tags", {"S": "[" * 100_000}, "[" * 100_000),
        ("tags", {"S": "[" * 101 + "]" * 101}, "[" * 101 + "]" * 101),
        ("tags", {"S": "[NaN]"}, "[NaN]"),
        ("tags", {"S": '["\\ud800"]'}, '["\\ud800"]'),
        ("labels", {"L": [{"L": []}, {"M": {}}]}, [[], {}]),
        ("count", {"S": "thirty"}, "thirty"),
        ("place", {"L": []}, []),
    ],
)
def test_what_the_schema_does_not_say_is_shown_as_it_is(
    persistence: Persistence, name: str, held: dict[str, Any], shown: Any
) -> None:
    row = persistence.decode({"event_id": {"S": "1"}, name: held})
    assert row.to_json()[name] == shown


def test_additional_properties_are_shown_in_the_order_of_the_item(persistence: Persistence) -> None:
    names = [f"extra {number}" for number in range(20)]
    row = persistence.decode({"event_id": {"S": "1"}} | {name: {"N": "1"} for name in names})
    assert list(row.to_json()) == ["event_id", *names]


def test_a_twin_that_is_no_moment_is_ignored(persistence: Persistence) -> None:
    item = {"event_id": {"S": "1"}, "expires": {"N": "1700000000"}, "expires#given": {"S": "x"}}
    assert persistence.decode(item).to_json()["expires"] == "2023-11-14T22:13:20Z"


def test_one_foreign_item_does_not_stand_in_the_way_of_a_list(make_rows: MakePersistence, embedded: object) -> None:
    persistence = make_rows()
    persistence.model.objects.create(profile_id="ours", name="Ann")
    foreign = {"profile_id": {"S": "theirs"}, "created": {"N": "1700000000000"}, "tags": {"S": "[" * 5000}}
    persistence.put_item(foreign)
    shown = {row.profile_id: row.to_json() for row in persistence.model.objects.all()}
    assert shown["ours"]["name"] == "Ann"
    assert shown["theirs"]["created"] == 1_700_000_000_000


def test_saving_a_row_leaves_alone_what_another_program_wrote(make_rows: MakePersistence, embedded: object) -> None:
    persistence = make_rows(ttl="created")
    foreign = {
        "profile_id": {"S": "1"},
        "labels": {"SS": ["a", "b"]},
        "sizes": {"NS": ["1", "2"]},
        "blob": {"B": b"\x00\xff"},
        "deep": {"M": {"blobs": {"BS": [b"\x00"]}}},
        "_state": {"S": "x"},
        "pk": {"S": "x"},
    }
    persistence.put_item(foreign)
    row = persistence.model.objects.get(pk="1")
    row.name = "Ann"
    row.save()
    held = persistence.get_item(persistence.key("1"), consistent=True) or {}
    assert {**held, "labels": {"SS": sorted(held["labels"]["SS"])}, "sizes": {"NS": sorted(held["sizes"]["NS"])}} == {
        **foreign,
        "name": {"S": "Ann"},
    }


#: The same with what a schema may say of properties that it doesn't name, of its version and of its keys.
VARIANTS: dict[str, dict[str, Any]] = {
    "open": EVENT,
    "closed": {**EVENT, "additionalProperties": False},
    "typed": {**EVENT, "additionalProperties": MOMENT},
    "mapped": {**EVENT, "additionalProperties": {"type": "object", "properties": {"a": {"type": "integer"}}}},
    "patterned": {**EVENT, "additionalProperties": False, "patternProperties": {"^o": {"type": "integer"}}},
    "another version": {**EVENT, "x-persist": {**EVENT["x-persist"], "version": "other"}},
    "range key": {**EVENT, "x-persist": {**EVENT["x-persist"], "range_key": "seen", "indexes": {"by_day": "day"}}},
}


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest, make_model: MakeModel) -> Persistence:
    return make_model({"Event": VARIANTS[request.param]})


@settings(deadline=None, max_examples=150)
@given(item=ITEMS, key=st.text(min_size=1))
def test_an_answer_shows_of_any_item_what_its_row_says(variant: Persistence, item: dict[str, Any], key: str) -> None:
    item = {**item, "event_id": {"S": key}}
    expected = variant.decode(item).to_json()
    shown = variant.json_of(item)
    assert list(shown) == list(expected)
    assert dump_json(shown) == dump_json(expected)


@settings(deadline=None, max_examples=150)
@given(item=ITEMS, other=ITEMS)
def test_the_differences_of_two_items_make_one_show_what_the_other_shows(
    variant: Persistence, item: dict[str, Any], other: dict[str, Any]
) -> None:
    key = {name: value for name, value in item.items() if name.removesuffix("#given") in variant.key_names}
    version = {name: item[name] for name in [variant.options.version] if name in item}
    hidden = {name for name in other if name not in variant.additional.known} - variant.additional.shown(other)
    wanted = {name: value for name, value in other.items() if name not in hidden} | key
    set_, remove = variant.item_changes(item, wanted)
    assert not set_.keys() & {*remove, *variant.key_names, variant.options.version}
    made = {name: value for name, value in {**item, **set_}.items() if name not in remove}
    assert made.keys() >= item.keys() - variant.additional.known - variant.additional.shown(item)
    wanted = {name: value for name, value in wanted.items() if name != variant.options.version} | version
    assert {n: v for n, v in variant.json_of(made).items() if n not in variant.key_names} == {
        n: v for n, v in variant.json_of(wanted).items() if n not in variant.key_names
    }
    assert variant.item_changes(made, wanted) == ({}, [])


def test_an_item_of_this_package_is_shown_without_making_a_row(
    persistence: Persistence, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {
        "event_id": "1",
        "name": "Fair",
        "count": 2**60,
        "size": 0.1,
        "done": False,
        "created": "2026-01-01T00:00:00+02:00",
        "seen": "2026-01-01T00:00:00.000000Z",
        "expires": "2026-01-01T00:00:00Z",
        "day": "2026-01-01",
        "clock": "10:00:00Z",
        "takes": "P1Y",
        "key": "7D444840-9DC0-11D1-B245-5FFDCE74FAD2",
        "price": "1.50",
        "photo": "aGk=",
        "tags": ["b", "a", ""],
        "moments": ["2026-01-01T00:00:00.5Z"],
        "labels": ["a", "b"],
        "sizes": [1, 20],
        "place": {"city": "Bern", "open": "2026-01-01T00:00:00Z"},
        "prices": {"a": 1},
        "either": {"a": 1},
        "version": 3,
        "other": {"a": [1, None, 0.5]},
        "more": "x",
    }
    item = persistence.encode(persistence.model.from_json(given))
    json_of = persistence.json_of
    monkeypatch.setattr(persistence.model, "__new__", None)
    shown = json_of(item)
    assert shown == given
    assert list(shown) == list(given)


def test_names_are_shown_as_they_are_whatever_stands_in_them(make_model: MakeModel) -> None:
    names = ["it's", 'a "quote"', "{place}", "a\nline", "日本", "%s", "\\", "class", "it's}'] or ["]
    inner = {"type": "object", "properties": {name: {"type": "integer"} for name in names}}
    properties = {"id": {"type": "string"}, **dict.fromkeys(names, inner)}
    schema = {"type": "object", "x-persist": {"hash_key": "id"}, "properties": properties}
    made = make_model({"Event": schema})
    item = {"id": {"S": "a"}, **{name: {"M": {one: {"N": "7"} for one in names}} for name in names}}
    assert made.json_of(item) == {"id": "a", **{name: dict.fromkeys(names, 7) for name in names}}
    assert made.json_of(item) == made.decode(item).to_json()


@settings(deadline=None)
@given(item=ITEMS, key=st.text(min_size=1))
def test_values_of_all_fields_are_those_of_each(persistence: Persistence, item: dict[str, Any], key: str) -> None:
    item = {**item, "event_id": {"S": key}}
    names = [field.attname for field in persistence.model._meta.concrete_fields]
    rows = persistence.model.objects.all()
    whole, named = rows.values(), rows.values(*names)
    assert repr(whole._convert(item)) == repr(named._convert(item))
    assert whole._names == named._names


def test_values_have_the_names_of_fields_whatever_the_properties_are_called(make_model: MakeModel) -> None:
    properties = {"id": {"type": "string"}, **{name: {} for name in ("it's", "{place}", "日本", "a__b", "class")}}
    schema = {"type": "object", "x-persist": {"hash_key": "id"}, "properties": properties}
    rows = make_model({"Event": schema}).model.objects.all()
    item = {name: {"S": name} for name in properties}
    assert list(rows.values()._convert(item).values()) == list(properties)
