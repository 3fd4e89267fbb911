"""Pages read by their schema's types: the same JSON as of attribute maps, whoever wrote the items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.signals import post_init
from hypothesis import given, settings
from hypothesis import strategies as st

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.codec.typed_items import TypedItem, TypedItems
from macaron_django.dynamodb.codec.wire import request_body, response_members
from macaron_django.schemas.values.json_text import dump_json

MakePersistence = Callable[..., Persistence]
MakeModel = Callable[[dict[str, Any]], Persistence]
KNOWN = frozenset({"Items", "Count", "ScannedCount", "LastEvaluatedKey", "ConsumedCapacity"})
MOMENT = {"type": "string", "format": "date-time"}
PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "open": MOMENT, "B": {"type": ["integer", "null"]}},
}
EVENT = {
    "type": "object",
    "x-persist": {
        "hash_key": "event_id",
        "ttl": "expires",
        "version": "_version",
        "sets": ["labels", "sizes"],
        "indexes": {"by_seen": {"hash_key": "class", "range_key": "seen"}},
    },
    "properties": {
        "event_id": {"type": "string"},
        "count": {"type": "integer"},
        "size": {"type": ["number", "null"]},
        "done": {"type": "boolean"},
        "created": MOMENT,
        "expires": MOMENT,
        "seen": MOMENT,
        "day": {"type": ["string", "null"], "format": "date"},
        "photo": {"type": "string", "format": "byte"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "grid": {"type": ["array", "null"], "items": {"type": "array", "items": {"type": ["integer", "null"]}}},
        "labels": {"type": "array", "items": {"type": "string"}},
        "sizes": {"type": ["array", "null"], "items": {"type": "number"}},
        "place": PLACE,
        "places": {"type": "array", "items": PLACE},
        "prices": {"type": "object", "additionalProperties": {"type": "integer"}},
        "any": {},
        "tree": {"$ref": "#/components/schemas/Tree"},
        "class": {"type": "string"},
        "it's": {"type": "string"},
        "日本": {"type": "string"},
    },
}
TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "leaves": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}


def _tagged(tag: str, contents: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return contents.map(lambda content: {tag: content})


TEXTS = _tagged(
    "S",
    st.text(max_size=5)
    | st.sampled_from(
        ["null", '"B":"', "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+0000", "2026-01-01", "\\", "\x7f"]
    ),
)
NUMBERS = _tagged(
    "N",
    st.integers(-(10**38) + 1, 10**38 - 1).map(str)
    | st.sampled_from(["0", "-0", "1.5", "1E+125", "1E-130", "-7", "1700000000", "9999999999999999"]),
)
NULL = st.just({"NULL": True})
EMPTY = st.just({"L": []})
FLAGS = _tagged("BOOL", st.booleans())
PLACES = _tagged("M", st.fixed_dictionaries({}, optional={"city": TEXTS, "open": TEXTS, "B": NUMBERS | NULL}))
TREES = st.recursive(
    _tagged("M", st.fixed_dictionaries({"name": TEXTS})),
    lambda inner: _tagged("M", st.fixed_dictionaries({"leaves": _tagged("L", st.lists(inner, max_size=2))})),
    max_leaves=3,
)
ANYTHING = st.recursive(
    TEXTS | NUMBERS | NULL | FLAGS | _tagged("B", st.binary(max_size=3)) | _tagged("SS", st.just(["b", "a"])),
    lambda inner: (
        _tagged("L", st.lists(inner, max_size=2))
        | _tagged("M", st.dictionaries(st.sampled_from(["city", "B", "null", "a"]), inner, max_size=2))
    ),
    max_leaves=4,
)
AS_DESCRIBED: dict[str, st.SearchStrategy[Any]] = {
    "count": NUMBERS,
    "size": NUMBERS | NULL,
    "done": FLAGS,
    "created": TEXTS,
    "expires": NUMBERS,
    "expires#given": TEXTS,
    "seen": TEXTS,
    "seen#given": TEXTS | NULL,
    "class#given": NULL,
    "day": TEXTS | NULL,
    "photo": _tagged("B", st.binary(max_size=3)),
    "tags": _tagged("L", st.lists(TEXTS, max_size=3)),
    "grid": _tagged("L", st.lists(_tagged("L", st.lists(NUMBERS | NULL, max_size=2)), max_size=2)) | NULL,
    "labels": _tagged("SS", st.just(["b", "a"])) | EMPTY,
    "sizes": _tagged("NS", st.just(["2.50", "-1", "10"])) | EMPTY | NULL,
    "_version": _tagged("N", st.just("7")),
    "place": PLACES,
    "places": _tagged("L", st.lists(PLACES, max_size=2)),
    "prices": _tagged("M", st.dictionaries(st.text(min_size=1, max_size=2), NUMBERS, max_size=2)),
    "any": ANYTHING,
    "tree": TREES,
    "class": TEXTS,
    "it's": TEXTS,
    "日本": TEXTS,
}
KEYS = _tagged("S", st.text(min_size=1, max_size=3))
ITEMS = st.fixed_dictionaries({"event_id": KEYS}, optional=AS_DESCRIBED)
FOREIGN = st.dictionaries(st.sampled_from([*AS_DESCRIBED, "other", "expires#given", "m0", ""]), ANYTHING, max_size=4)
PAGES = st.lists(ITEMS | st.builds(lambda item, more: {**item, **more}, ITEMS, FOREIGN), max_size=3)


@pytest.fixture(scope="module")
def persistence(make_model: MakeModel) -> Persistence:
    return make_model({"Event": EVENT, "Tree": TREE})


@pytest.fixture(scope="module")
def typed(persistence: Persistence) -> TypedItems:
    assert persistence.typed_items is not None
    return persistence.typed_items


@settings(deadline=None, max_examples=400)
@given(items=PAGES)
def test_a_page_shows_what_its_attribute_maps_show(
    persistence: Persistence, typed: TypedItems, items: list[dict[str, Any]]
) -> None:
    body = request_body({"Items": items, "Count": len(items)})
    assert body is not None
    members, expected = typed.members(body, KNOWN), response_members(body, KNOWN)
    if expected is None:
        assert members is None
        return
    assert members is not None
    shown = [dump_json(typed.json_of(item)) for item in members["Items"]]
    assert shown == [dump_json(persistence.json_of(item)) for item in expected["Items"]]
    as_maps = [item.as_map() if isinstance(item, TypedItem) else item for item in members["Items"]]
    assert as_maps == expected["Items"]


@settings(deadline=None)
@given(item=ITEMS)
def test_an_item_as_described_is_read_by_its_types(typed: TypedItems, item: dict[str, Any]) -> None:
    body = request_body({"Items": [item]})
    assert body is not None
    members = typed.members(body, KNOWN)
    if b"null" in body:  # a text, which botocore is let look at
        assert members is None
        return
    assert members is not None
    (read,) = members["Items"]
    assert isinstance(read, TypedItem)
    assert read.as_map() == item


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"{", b'{"Items": null}', b'{"Items": [null]}', b'{"Items": {}}', b'{"Items": [1]}'),
        b'{"Items": [{"event_id": null}]}',
        b'{"Items": [{"event_id": {"S": null}}]}',
        b'{"Items": [{"event_id": {"S": "\\ud800"}}]}',
        b'{"Items": [{"event_id": {"S": "\xff"}}]}',
        b'{"Items": [{"photo": {"B": "?"}}]}',
        b'{"Items": [{"event_id": {}}]}',
        b'{"Items": [{"size": {}}]}',
        b'{"Items": [{"size": {"NULL": false}}]}',
        b'{"Items": [{"tags": {"L": ' + b"[" * 5000 + b"]" * 5000 + b"}}]}",
        b'{"Items": [{"any": {"L": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}]}",
        b'{"Items": [], "Count": 0, "Surprise": 1}',
        b'{"Items": [], "ConsumedCapacity": {"CapacityUnits": null}}',
        b'{"Items": [], "ConsumedCapacity": {"TableName": "t"}}',
        b'{"Items": [], "LastEvaluatedKey": {"event_id": {"S": "a"}}}',
        b'{"Items": [], "LastEvaluatedKey": {"event_id": {"B": "AAEC"}, "at": {"N": "1"}}}',
        b'{"Count": 3, "ScannedCount": 4}',
    ],
)
def test_an_odd_answer_is_what_it_is_to_everybody(typed: TypedItems, body: bytes) -> None:
    members, expected = typed.members(body, KNOWN), response_members(body, KNOWN)
    if expected is None:
        assert members is None
        return
    assert members is not None
    plain = {name: value for name, value in members.items() if name not in {"Items", "ConsumedCapacity"}}
    assert plain == {name: value for name, value in expected.items() if name not in {"Items", "ConsumedCapacity"}}
    units = (each.get("ConsumedCapacity", {}).get("CapacityUnits") for each in (members, expected))
    assert len({*units}) == 1
    as_maps = [item.as_map() if isinstance(item, TypedItem) else item for item in members.get("Items", ())]
    assert as_maps == list(expected.get("Items", ()))


def test_whoever_listens_to_rows_gets_them(persistence: Persistence, typed: TypedItems) -> None:
    heard = []

    def listen(instance: Any, **_: Any) -> None:
        heard.append(instance.event_id)

    post_init.connect(listen, sender=persistence.model)
    try:
        members = typed.members(b'{"Items": [{"event_id": {"S": "a"}}]}', KNOWN)
        assert members is not None
        shown = [typed.json_of(item) for item in members["Items"]]
    finally:
        post_init.disconnect(listen, sender=persistence.model)
    assert (shown, heard) == ([{"event_id": "a"}], ["a"])


@pytest.mark.parametrize("name", ['"', "\\", "\n", "a\x00b"])
def test_a_name_of_any_characters_is_shown(make_model: MakeModel, name: str) -> None:
    text = {"type": "string"}
    event = {"type": "object", "x-persist": {"hash_key": "event_id"}, "properties": {"event_id": text, name: text}}
    made = make_model({"Event": event})
    item = {"event_id": {"S": "a"}, name: {"S": "b"}}
    typed, body = made.typed_items, request_body({"Items": [item]})
    assert body is not None
    assert made.json_of(item) == {"event_id": "a", name: "b"}
    if typed is not None:
        members = typed.members(body, KNOWN)
        assert members is not None
        assert [typed.json_of(each) for each in members["Items"]] == [{"event_id": "a", name: "b"}]


def test_a_class_that_shows_its_rows_itself_is_asked(make_rows: MakePersistence, embedded: object) -> None:
    class Loud:
        def to_json(self) -> dict[str, Any]:
            return {"profile_id": self.pk, "name": self.name.upper()}  # type: ignore[attr-defined]

    persistence = make_rows(bases=(Loud,))
    assert persistence.typed_items is None
    persistence.model.objects.create(profile_id="a", name="Ada")
    assert persistence.model.objects.all().as_json().page(10).rows == [{"profile_id": "a", "name": "ADA"}]


def test_pages_go_on_where_the_last_one_ended(make_rows: MakePersistence, engine: object) -> None:
    objects = make_rows().model.objects
    for number in range(7):
        objects.create(profile_id=f"p{number}", name=f"Ada {number}", view_count=number)
    whole = {row["profile_id"]: row for row in objects.all().as_json()}
    cursor, shown = None, []
    while True:
        page = objects.all().as_json().page(3, cursor)
        shown += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(shown) == 7
    assert {row["profile_id"]: row for row in shown} == whole == {row.pk: row.to_json() for row in objects.all()}


def test_a_nested_object_that_shows_itself_is_asked(make_model: MakeModel) -> None:
    loud = {**PLACE, "x-parent": "tests.schemas.parents.Loud"}
    event = {
        "type": "object",
        "x-persist": {"hash_key": "event_id"},
        "properties": {"event_id": {"type": "string"}, "place": loud},
    }
    made = make_model({"Event": event})
    item = {"event_id": {"S": "a"}, "place": {"M": {"city": {"S": "Paris"}}}}
    typed, body = made.typed_items, request_body({"Items": [item]})
    assert typed is not None
    assert body is not None
    members = typed.members(body, KNOWN)
    assert members is not None
    expected = {"event_id": "a", "place": {"city": "PARIS"}}
    assert [typed.json_of(each) for each in members["Items"]] == [expected]
    assert made.json_of(item) == made.decode(item).to_json() == expected


def test_schemas_that_use_each_other_many_times_are_made_once(make_model: MakeModel) -> None:
    schemas: dict[str, Any] = {"Level0": {"type": "object", "properties": {"name": {"type": "string"}}}}
    for level in range(1, 25):
        below = {"$ref": f"#/components/schemas/Level{level - 1}"}
        schemas[f"Level{level}"] = {"type": "object", "properties": {"one": below, "other": below}}
    properties = {"event_id": {"type": "string"}, "deep": {"$ref": "#/components/schemas/Level24"}}
    event = {"type": "object", "x-persist": {"hash_key": "event_id"}, "properties": properties}
    assert make_model({"Event": event, **schemas}).typed_items is not None


def test_pages_of_a_binary_key_are_read_to_the_end(make_rows: MakePersistence, embedded: object) -> None:
    text = {"type": "string"}
    properties = {"profile_id": text, "part": {**text, "format": "byte"}, "pad": text}
    objects = make_rows({"type": "object", "properties": properties}, range_key="part").model.objects
    for number in range(8):  # over the megabyte of an answer
        objects.create(profile_id="a", part=bytes([240 + number, 255]), pad="x" * 300_000)
    rows = objects.filter(profile_id="a")
    assert rows.as_json().page(7).next_cursor is not None
    assert list(rows.as_json()) == [row.to_json() for row in rows]


SELF = {"$ref": "#/components/schemas/Nested"}


@pytest.mark.parametrize(
    ("name", "nested"),
    [
        ("lists", {"type": "array", "items": SELF}),
        ("pairs", {"type": ["array", "null"], "items": {"type": "array", "items": SELF}}),
        ("objects", {"type": "array", "items": {"type": "object", "properties": {"in": SELF}}}),
    ],
)
def test_arrays_of_themselves_are_shown(make_model: MakeModel, name: str, nested: dict[str, Any]) -> None:
    properties = {"event_id": {"type": "string"}, "tree": SELF}
    event = {"type": "object", "x-persist": {"hash_key": "event_id"}, "properties": properties}
    made = make_model({"Event": event, "Nested": nested})
    typed = made.typed_items
    assert typed is not None
    value: dict[str, Any] = {"L": []}
    for _ in range(14):
        value = {"L": [{"M": {"in": value}}]} if name == "objects" else {"L": [{"L": []}, {"L": [value]}]}
        item = {"event_id": {"S": "a"}, "tree": value}
        body = request_body({"Items": [item]})
        assert body is not None
        members = typed.members(body, KNOWN)
        assert members is not None
        assert typed.json_of(members["Items"][0]) == made.json_of(item)


@pytest.mark.parametrize("nullable", [False, True])
def test_the_most_arrays_within_one_another_that_dynamodb_holds_are_shown(
    make_model: MakeModel, *, nullable: bool
) -> None:
    schema: dict[str, Any] = {"type": "integer"}
    value: dict[str, Any] = {"N": "7"}
    for _ in range(30):
        schema = {"type": ["array", "null"] if nullable else "array", "items": schema}
        value = {"L": [value, {"NULL": True}] if nullable else [value]}
    properties = {"event_id": {"type": "string"}, "grid": schema}
    event = {"type": "object", "x-persist": {"hash_key": "event_id"}, "properties": properties}
    made = make_model({"Event": event})
    typed, item = made.typed_items, {"event_id": {"S": "a"}, "grid": value}
    body = request_body({"Items": [item]})
    assert typed is not None
    assert body is not None
    members = typed.members(body, KNOWN)
    assert members is not None
    (read,) = members["Items"]
    assert isinstance(read, TypedItem)
    assert typed.json_of(read) == made.json_of(item) == made.decode(item).to_json()


def test_an_index_key_in_another_spelling_is_shown_as_it_was_given(persistence: Persistence, typed: TypedItems) -> None:
    given = {"event_id": "a", "class": None, "seen": "2026-01-01T01:00:00+01:00", "expires": "2026-01-01T00:00:00.5Z"}
    item = persistence.item_of_json(given)
    assert item.keys() == {"event_id", "class#given", "seen", "seen#given", "expires", "expires#given"}
    body = request_body({"Items": [item]})
    assert body is not None
    members = typed.members(body, KNOWN)
    assert members is not None
    (read,) = members["Items"]
    assert isinstance(read, TypedItem)
    assert typed.json_of(read) == {name: given[name] for name in persistence.schema.properties if name in given}
