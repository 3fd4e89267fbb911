"""Compiled writers: the item of a JSON object is the one that its row would be kept as, and is refused as it would."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.signals import post_init
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.codec.row_overrides import has_init_receivers, is_saved_plainly
from macaron_django.dynamodb.codec.wire import request_body
from macaron_django.dynamodb.querysets.manager import ItemManager
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.models.row_models import build_model
from macaron_django.schemas.serializers.schema_serializers import serializer_for
from macaron_django.schemas.validation.validators import validator_for
from macaron_django.schemas.values.conversions import converter

MakePersistence = Callable[..., Persistence]
TEXT = {"type": "string"}
PLACE = {"type": "object", "properties": {"city": TEXT, "zip": {"type": ["string", "null"]}, "at": {"type": "number"}}}
PROPERTIES: dict[str, Any] = {
    "profile_id": TEXT,
    "name": TEXT,
    "maybe": {"type": ["string", "null"]},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    "either": {"type": ["string", "integer"]},
    "flag": {"type": "boolean"},
    "moment": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "lasting": {"type": "string", "format": "duration"},
    "uuid": {"type": "string", "format": "uuid"},
    "price": {"type": "string", "format": "decimal"},
    "octets": {"type": "string", "format": "byte"},
    "raw": {"type": "string", "format": "binary"},
    "tags": {"type": "array", "items": TEXT},
    "moments": {"type": "array", "items": {"type": "string", "format": "date-time"}},
    "table": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    "pair": {"type": "array", "prefixItems": [TEXT], "items": {"type": "integer"}},
    "labels": {"type": "array", "items": TEXT},
    "counts": {"type": "array", "items": {"type": "integer"}},
    "place": PLACE,
    "places": {"type": "array", "items": PLACE},
    "closed": {**PLACE, "additionalProperties": False},
    "dated": {"properties": {"at": TEXT}, "additionalProperties": {"type": "string", "format": "date"}},
    "free": {"type": "object"},
    "prices": {"type": "object", "additionalProperties": {"type": "number"}},
    "anything": {},
    "choice": {"oneOf": [PLACE, {"type": "string", "format": "date"}]},
    "tree": {"$ref": "#/components/schemas/Profile"},
    "class": TEXT,
    "level": {"type": "integer", "default": 3},
    "kept": {"type": "array", "items": TEXT, "default": ["a"], "readOnly": True},
}
SCHEMA = {"type": "object", "required": ["profile_id"], "properties": PROPERTIES}
#: Each kind of key, and what else makes an attribute stand apart.
KEYS: list[dict[str, Any]] = [
    {"sets": ["labels", "counts"]},
    {"range_key": "moment", "indexes": {"a": "name", "b": {"hash_key": "maybe", "range_key": "whole"}}},
    {"range_key": "number", "ttl": "whole", "indexes": {"a": {"hash_key": "day", "range_key": "octets"}}},
    {"ttl": "moment", "version": "whole", "indexes": {"a": {"hash_key": "profile_id", "range_key": "uuid"}}},
]

TEXTS = st.text(max_size=4) | st.sampled_from(
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01t00:00:00.50z",
        "2026-03-01T01:30:00.5+02:00",
        "2016-12-31T23:59:60Z",
        "2026-01-01",
        "0001-01-01",
        "12:00:00Z",
        "P1Y2M",
        "PT36H",
        "6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
        "1.50",
        "1E+3",
        "aGk=",
        "aGl=",
        "a b",
        "\xff",
        "\u20ac",
        "\ud800",
        "",
        "x" * 3000,
    ]
)
NUMBERS = (
    st.integers(-(10**39), 10**39)
    | st.floats()
    | st.decimals(allow_nan=False)
    | st.sampled_from([0, -0.0, 1e23, 1e38, 1e126, 5e-324, 1e-120, 2**53, 10**38, Decimal("1.0"), Decimal("1e2")])
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
NAMES = st.sampled_from(["city", "zip", "at", "profile_id", "tree", "name", "other", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.fixed_dictionaries(
    {"profile_id": st.just("a") | TEXTS},
    optional={name: VALUES for name in PROPERTIES if name != "profile_id"}
    | {"additional": VALUES, "moment#given": TEXTS},
)

_labels = itertools.count()


def _bound(persistence: Persistence, bases: tuple[type, ...] = ()) -> Persistence:
    model = build_model(
        persistence.schema,
        api="shop",
        label=f"macaron_writers_{next(_labels)}",
        classes=persistence.classes,
        manager=ItemManager(persistence),
        hash_key=persistence.hash_key,
        range_key=persistence.range_key,
        bases=bases,
        module="macaron_django.apis.shop",
    )
    persistence.bind(model)
    return persistence


def _of_row(persistence: Persistence, values: dict[str, Any]) -> Any:
    """What the row keeps that a serializer makes of these values."""
    spec = persistence.model._spec
    python = {
        name: converter(spec.schema_of(name), persistence.classes).to_python(value) if spec.schema_of(name) else value
        for name, value in values.items()
    }
    row = persistence.model(**{spec.field_names[name]: value for name, value in python.items() if name in PROPERTIES})
    for name in python:
        if name not in PROPERTIES:
            row[name] = python[name]
    return persistence.encode(row)


def _outcome(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:  # noqa: BLE001 (whatever it is, both have to raise it)
        return type(error), str(error), getattr(error, "pointer", None)


def _both(persistence: Persistence, values: dict[str, Any]) -> tuple[Any, Any]:
    return (
        _outcome(lambda: persistence.item_of_json(values)),
        _outcome(lambda: _of_row(persistence, values)),
    )


@pytest.mark.parametrize("examples", [60, pytest.param(3000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("options", KEYS)
def test_a_written_object_is_the_item_of_its_row_or_refused_as_that(
    make_persistence: MakePersistence, options: dict[str, Any], examples: int
) -> None:
    persistence = _bound(make_persistence(SCHEMA, **options))

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(BODIES)
    def check(values: dict[str, Any]) -> None:
        written, expected = _both(persistence, values)
        assert written == expected

    check()


def _nested(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"profile_id": "leaf"}
    for _ in range(levels):
        tree = {"tree": tree}
    return {"profile_id": "a", **tree}


@pytest.mark.parametrize("options", KEYS)
@pytest.mark.parametrize(
    "values",
    [
        {"name": "Zoë", "maybe": None, "flag": False, "class": "x"},
        {"name": "", "maybe": ""},
        {"name": None, "whole": None, "flag": None, "moment": None, "tags": None, "place": None},
        {"whole": 2**80, "number": 0.1},
        {"whole": 10**38},
        {"whole": 7.0, "number": 1e22},
        {"number": 1e38},
        {"number": float("nan")},
        {"number": Decimal("0.12345678901234567890123456789")},
        {"number": Decimal("1.25"), "either": 3},
        {"moment": "2026-03-01T01:30:00.5+02:00", "moments": ["2026-01-01T00:00:00.50Z", "2016-12-31T23:59:60Z"]},
        {"moment": "2026-01-01T00:00:00Z", "day": "2026-02-29", "uuid": "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"},
        {"octets": "aGk=", "raw": "\xff"},
        {"octets": "aGl=", "raw": "aGk="},
        {"tags": ["a", None, "\ud800"]},
        {"tags": [], "places": [], "place": {}, "free": {}},
        {"labels": ["a", "b"], "counts": [1, 2]},
        {"labels": ["a", "a"]},
        {"labels": [], "counts": None},
        {"place": {"city": "Wien", "zip": None, "at": 1.5}, "places": [{"at": 2}, {"other": [1, None]}]},
        {"dated": {"at": "x", "other": "2026-01-01"}, "prices": {"a": 1, "b": 0.5}, "free": {"": 1}},
        {"anything": [True, {"deep": [1e-7]}], "choice": {"city": "Wien"}, "pair": ["a", 1]},
        {"additional": {"x": 1}},
        {"kept": ["b"], "level": None},
        _nested(5),
        _nested(31),
        _nested(32),
        {"name": "x" * 2048},
        {"name": "ä" * 1025},
    ],
)
def test_a_value_is_written_as_its_row_keeps_it(
    make_persistence: MakePersistence, options: dict[str, Any], values: dict[str, Any]
) -> None:
    persistence = _bound(make_persistence(SCHEMA, **options))
    for more in ({}, {"number": 1, "moment": "2026-01-01T00:00:00Z"}):
        written, expected = _both(persistence, {"profile_id": "a", **more, **values})
        assert written == expected


def test_what_a_request_brings_is_written_as_its_serializer_keeps_it(make_persistence: MakePersistence) -> None:
    persistence = _bound(make_persistence(SCHEMA))
    body = {"profile_id": "a", "kept": ["dropped"], "place": {"city": "Wien"}, "moment": "2026-01-01T00:00:00.5Z"}
    serializer = serializer_for(persistence.schema, persistence.classes)(data=body)
    serializer.is_valid(raise_exception=True)
    clean = validator_for(persistence.schema, "request").clean(body)
    written = persistence.item_of_json(clean)
    assert written == _of_row(persistence, dict(serializer.validated_data))
    assert written["kept"] == {"L": [{"S": "a"}]}
    assert written["level"] == {"N": "3"}
    assert clean == {"profile_id": "a", "place": body["place"], "moment": body["moment"], "level": 3}


def test_what_cannot_be_held_is_named_by_its_pointer(make_persistence: MakePersistence) -> None:
    persistence = _bound(make_persistence(SCHEMA))
    with pytest.raises(UnstorableValue) as refused:
        persistence.item_of_json({"profile_id": "a", "places": [{}, {"at": float("inf")}]})
    assert refused.value.pointer == "/places/1/at"


class Shouting:
    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value.upper() if isinstance(value, str) else value)  # type: ignore[misc]


def test_a_class_that_stores_its_values_in_its_own_way_makes_the_row(make_persistence: MakePersistence) -> None:
    persistence = _bound(make_persistence(SCHEMA), bases=(Shouting,))
    assert persistence.item_of_json({"profile_id": "a", "name": "Ada"})["name"] == {"S": "ADA"}
    assert not is_saved_plainly(persistence.model)


def test_whoever_listens_to_rows_being_made_is_told(make_persistence: MakePersistence) -> None:
    persistence = _bound(make_persistence(SCHEMA))
    heard = []

    def listen(instance: Any, **_: Any) -> None:
        instance.name = "changed"
        heard.append(instance)

    assert not has_init_receivers(persistence.model)
    post_init.connect(listen, sender=persistence.model)
    try:
        assert has_init_receivers(persistence.model)
        assert persistence.item_of_json({"profile_id": "a", "name": "Ada"})["name"] == {"S": "changed"}
    finally:
        post_init.disconnect(listen, sender=persistence.model)
    assert len(heard) == 1


#: What schemas say besides the types of their properties: none of it needs a row.
ORDINARY: list[dict[str, Any]] = [
    {},
    {"sets": ["labels", "counts"]},
    {"version": "whole"},
    {"version": "edition"},
    {"range_key": "moment", "ttl": "expires", "indexes": {"a": "name", "b": {"hash_key": "maybe", "range_key": "day"}}},
]


@pytest.mark.parametrize("options", ORDINARY)
def test_json_is_kept_and_shown_without_making_a_row(
    make_persistence: MakePersistence, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {**SCHEMA, "properties": {**PROPERTIES, "expires": {"type": "string", "format": "date-time"}}}
    persistence = _bound(make_persistence(schema, **options))
    values = {
        "profile_id": "a",
        "name": "Ada",
        "maybe": None,
        "whole": 3,
        "moment": "2026-03-01T01:30:00.5+02:00",
        "expires": "2026-03-01T01:30:00+02:00",
        "labels": ["a", "b"],
        "counts": [1, 10],
        "place": {"city": "Wien", "more": [1]},
        "level": 3,
        "kept": ["a"],
        "additional": {"x": [1, None, "\u20ac"]},
        "more": "text",
    }
    item_of_json, json_of, typed = persistence.item_of_json, persistence.json_of, persistence.typed_items
    assert typed is not None
    item = persistence.encode(persistence.model(**{name: values[name] for name in values}))
    monkeypatch.setattr(persistence.model, "__new__", None)
    assert item_of_json(values) == item
    if persistence.options.version == "edition":
        item["edition"] = {"N": "7"}
    assert json_of(item) == values
    body = request_body({"Items": [item]})
    assert body is not None
    members = typed.members(body, frozenset({"Items"}))
    assert members is not None
    assert [typed.json_of(one) for one in members["Items"]] == [values]
