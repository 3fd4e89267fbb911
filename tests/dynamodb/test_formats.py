"""JSON values ↔ attribute values: nothing is lost, and what can't be held is refused with its place."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import date, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.dynamodb.codec.attribute_values import same, same_items
from macaron_django.dynamodb.codec.formats.anything import ANYTHING
from macaron_django.dynamodb.codec.formats.base import OTHER_TYPE, Codec
from macaron_django.dynamodb.codec.formats.numbers import decode_number, encode_number
from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import converter

MakeCodec = Callable[..., Codec]

STORABLE_FLOATS = st.floats(allow_nan=False, allow_infinity=False, min_value=-9e125, max_value=9e125).filter(
    lambda number: number == 0 or abs(number) >= 1e-130
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | STORABLE_FLOATS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=20,
)


def _schema(json: dict[str, Any]) -> tuple[spec.Schema, Classes]:
    head = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}
    document = spec.load({**head, "components": {"schemas": {"X": json}}})
    return document.schemas["X"], Classes("t", document)


@pytest.fixture
def make_codec() -> MakeCodec:
    def make(json: dict[str, Any], **options: Any) -> Codec:
        return codec_of(_schema(json)[0], **options)

    return make


@settings(deadline=None)
@given(JSON)
def test_any_json_value_comes_back_equal(value: Any) -> None:
    assert ANYTHING.decode(ANYTHING.encode(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**20), max_value=10**20))
def test_decimals_come_back_as_the_same_number(value: Decimal) -> None:
    decoded = decode_number(encode_number(value))
    assert Decimal(str(decoded)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2**64, "18446744073709551616"),
        (12345678901234567890123456789012345678, "12345678901234567890123456789012345678"),
        (0.1, "0.1"),
        (-1.5e-7, "-1.5e-07"),
        (3.0, "3"),
        (1e23, "99999999999999991611392"),
        (10**23, "100000000000000000000000"),
        (1e40, "1e+40"),
        (Decimal("1.10"), "11E-1"),
    ],
)
def test_a_number_is_held_with_all_its_digits(value: float, text: str) -> None:
    assert encode_number(value) == text
    assert decode_number(text) == (float(value) if isinstance(value, Decimal) else value)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        Decimal("NaN"),
        123456789012345678901234567890123456789,
        Decimal("1E126"),
        1e126,
        1e-131,
        Decimal("0.123456789012345678901234567890123456789"),
        10**40,
    ],
)
def test_a_number_that_would_change_is_refused_with_its_place(value: float) -> None:
    with pytest.raises(UnstorableValue) as refused:
        ANYTHING.encode({"prices": [1, value]}, "/offer")
    assert refused.value.pointer == "/offer/prices/1"


def test_a_large_integer_is_held_where_the_schema_says_integer(make_codec: MakeCodec) -> None:
    integer = make_codec({"type": "integer"})
    assert integer.decode(integer.encode(10**40)) == 10**40


@pytest.mark.parametrize(("depth", "held"), [(31, True), (32, False), (20_000, False)])
def test_nesting_stops_at_dynamodbs_32_levels(depth: int, held: bool) -> None:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    if held:
        assert ANYTHING.decode(ANYTHING.encode(value)) == value
    else:
        with pytest.raises(UnstorableValue, match="32 levels"):
            ANYTHING.encode(value)


def test_text_that_utf8_cannot_carry_and_empty_names_are_refused() -> None:
    with pytest.raises(UnstorableValue) as half:
        ANYTHING.encode({"a/b": "\ud800"})
    assert half.value.pointer == "/a~1b"
    with pytest.raises(UnstorableValue, match="without a name"):
        ANYTHING.encode({"": 1})


@pytest.mark.parametrize(
    ("text", "held"),
    [("aGk=", {"B": b"hi"}), ("", {"B": b""}), ("aGk", {"S": "aGk"}), ("not base64!", {"S": "not base64!"})],
)
def test_base64_is_held_as_bytes_where_it_comes_back_the_same(make_codec: MakeCodec, text: str, held: Any) -> None:
    binary = make_codec({"type": "string", "format": "byte"})
    assert binary.encode(text) == held
    assert binary.decode(held) == text


def test_sets_have_no_order_and_no_duplicates(make_codec: MakeCodec) -> None:
    numbers = make_codec({"type": "array", "items": {"type": "number"}}, as_set=True)
    assert numbers.attr_type == "NS"
    assert numbers.encode([3, 1.5]) == {"NS": ["3", "1.5"]}
    assert numbers.decode({"NS": ["3", "1.5", "20"]}) == [1.5, 3, 20]
    assert numbers.decode(numbers.encode([])) == []
    with pytest.raises(UnstorableValue, match="twice"):
        numbers.encode([1, 1.0])
    with pytest.raises(UnstorableValue, match="only strings"):
        make_codec({"type": "array"}, as_set=True).encode(["a", 1])


@pytest.mark.parametrize(
    ("schema", "written", "read"),
    [
        ({"type": "boolean"}, {"N": "1"}, True),
        ({"type": "boolean"}, {"N": "0"}, False),
        ({"type": "object", "properties": {"a": {}}}, {"S": '{"a": [1.5]}'}, {"a": [1.5]}),
        ({"type": "array", "items": {}}, {"S": "[1]"}, [1]),
        ({"type": "array", "items": {"type": "string"}}, {"SS": ["b"]}, ["b"]),
        (
            {"type": "string", "format": "date-time"},
            {"S": "2020-01-02T03:04:05.000006+0000"},
            "2020-01-02T03:04:05.000006Z",
        ),
        ({"type": "string", "format": "date-time"}, {"N": "1577934245"}, "2020-01-02T03:04:05Z"),
        ({"type": "integer"}, {"N": "5.0"}, 5),
        ({"type": "number"}, {"N": "0.30000000000000000001"}, Decimal("0.30000000000000000001")),
        ({}, {"B": b"hi"}, "aGk="),
        ({}, {"NS": ["2", "10"]}, [2, 10]),
    ],
)
def test_what_others_wrote_is_read(make_codec: MakeCodec, schema: Any, written: Any, read: Any) -> None:
    assert make_codec(schema).decode(written) == read


TEXT, NUMBER = {"type": "string"}, {"type": "number"}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SIZES = st.integers(-(10**38) + 1, 10**38 - 1) | STORABLE_FLOATS
OCTETS = st.binary(max_size=5).map(lambda octets: b64encode(octets).decode())
MOMENTS = st.datetimes(timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=2))])).map(
    lambda moment: moment.isoformat().replace("+00:00", "Z")
)
NESTED = {"type": "object", "properties": {"at": {**TEXT, "format": "date-time"}, "size": NUMBER}}
#: A schema of each format, and values of it.
VALUES: dict[str, tuple[dict[str, Any], st.SearchStrategy[Any]]] = {
    "text": (TEXT, TEXTS),
    "text or null": ({"type": ["string", "null"]}, st.none() | TEXTS),
    "date-time": ({**TEXT, "format": "date-time"}, MOMENTS),
    "date": ({**TEXT, "format": "date"}, st.dates().map(str)),
    "uuid": ({**TEXT, "format": "uuid"}, st.uuids().map(str) | st.uuids().map(lambda one: str(one).upper())),
    "decimal": ({**TEXT, "format": "decimal"}, st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)),
    "binary": ({**TEXT, "format": "byte"}, OCTETS),
    "integer": ({"type": "integer"}, st.integers(-(10**38) + 1, 10**38 - 1)),
    "number": (NUMBER, SIZES),
    "boolean": ({"type": "boolean"}, st.booleans()),
    "array": ({"type": "array", "items": {**TEXT, "format": "byte"}}, st.lists(OCTETS, max_size=3)),
    "array of arrays": ({"type": "array", "items": {"type": "array", "items": NUMBER}}, st.lists(st.lists(SIZES))),
    "tuple": ({"type": "array", "prefixItems": [TEXT, NUMBER]}, st.tuples(TEXTS, SIZES).map(list)),
    "object": (
        NESTED,
        st.fixed_dictionaries({}, optional={"at": MOMENTS, "size": SIZES, "more": JSON, "a/b": TEXTS}),
    ),
    "dictionary": (
        {"type": "object", "additionalProperties": NUMBER},
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3), SIZES, max_size=3),
    ),
    "free-form object": ({"type": "object"}, st.dictionaries(st.text(min_size=1, max_size=3), JSON, max_size=3)),
    "anything": ({}, JSON),
    "choice": ({"oneOf": [NESTED, TEXT]}, TEXTS | st.fixed_dictionaries({"size": SIZES})),
}


@pytest.mark.parametrize("name", VALUES)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_each_format_gives_values_back_and_shows_them_as_they_were(name: str, data: st.DataObject) -> None:
    json, values = VALUES[name]
    schema, classes = _schema(json)
    codec, conversion = codec_of(schema), converter(schema, classes)
    value = data.draw(values)
    held = codec.encode(value)
    assert codec.decode(held) == value
    assert conversion.to_json(codec.reader(conversion)(held)) == value
    assert codec.json_writer(conversion)(value, 0) == held
    assert codec.writer(conversion)(conversion.to_python(value), 0) == held
    try:
        assert codec.json_reader(conversion)(held) == value
    except OTHER_TYPE:
        assert value is None


@pytest.mark.parametrize(
    ("items", "members"),
    [(TEXT, TEXTS), (NUMBER, SIZES), ({**TEXT, "format": "byte"}, OCTETS), ({**TEXT, "format": "date"}, st.dates())],
)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_set_comes_back_sorted(items: dict[str, Any], members: st.SearchStrategy[Any], data: st.DataObject) -> None:
    schema, classes = _schema({"type": "array", "items": items})
    codec, conversion = codec_of(schema, as_set=True), converter(schema, classes)
    value = [str(one) if isinstance(one, date) else one for one in data.draw(st.lists(members, unique=True))]
    held = codec.encode(value)
    assert held.keys() == {codec.attr_type if value else "L"}
    python = codec.reader(conversion)(held)
    assert isinstance(python, set)
    assert codec.json_reader(conversion)(held) == conversion.to_json(python) == sorted(value)
    assert codec.json_writer(conversion)(value, 0) == held
    assert same(codec.writer(conversion)(python, 0), held)


def test_an_object_holds_each_property_by_its_schema(make_codec: MakeCodec) -> None:
    schema = {
        "type": "object",
        "properties": {"photo": {"type": "string", "format": "byte"}, "next": {"$ref": "#/components/schemas/X"}},
        "additionalProperties": {"type": "integer"},
    }
    nested = make_codec(schema)
    value = {"photo": "aGk=", "next": {"photo": "aGk=", "count": 10**40}}
    assert nested.encode(value)["M"]["next"]["M"]["photo"] == {"B": b"hi"}
    assert nested.decode(nested.encode(value)) == value


def test_items_are_the_same_by_value_not_by_spelling() -> None:
    one = {"n": {"N": "1.0"}, "s": {"SS": ["a", "b"]}}
    assert same_items(one, {"n": {"N": "1"}, "s": {"SS": ["b", "a"]}})
    assert not same_items(one, {"n": {"N": "1"}})
