"""JSON values ↔ attribute values: nothing is lost, and what can't be held is refused with its place."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macaron_django import spec
from macaron_django.dynamodb.attribute_values import (
    Format,
    NumberFormat,
    encode_number,
    format_of,
    same_items,
)
from macaron_django.exceptions import UnstorableValue

FormatOf = Callable[..., Format]

STORABLE_FLOATS = st.floats(allow_nan=False, allow_infinity=False, min_value=-9e125, max_value=9e125).filter(
    lambda number: number == 0 or abs(number) >= 1e-130
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | STORABLE_FLOATS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=20,
)


@pytest.fixture
def form() -> FormatOf:
    def make(json: dict[str, Any], **options: Any) -> Format:
        document = spec.load(
            {
                "openapi": "3.1.0",
                "info": {"title": "t", "version": "1"},
                "paths": {},
                "components": {"schemas": {"X": json}},
            }
        )
        return format_of(document.schemas["X"], **options)

    return make


@settings(deadline=None)
@given(JSON)
def test_any_json_value_comes_back_equal(value: Any) -> None:
    assert Format().decode(Format().encode(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**20), max_value=10**20))
def test_decimals_come_back_as_the_same_number(value: Decimal) -> None:
    decoded = NumberFormat(integer=False).decode({"N": encode_number(value)})
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
    assert NumberFormat(integer=False).decode({"N": text}) == (float(value) if isinstance(value, Decimal) else value)


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
        Format().encode({"prices": [1, value]}, "/offer")
    assert refused.value.pointer == "/offer/prices/1"


def test_a_large_integer_is_held_where_the_schema_says_integer(form: FormatOf) -> None:
    integer = form({"type": "integer"})
    assert integer.decode(integer.encode(10**40)) == 10**40


@pytest.mark.parametrize(("depth", "held"), [(31, True), (32, False), (20_000, False)])
def test_nesting_stops_at_dynamodbs_32_levels(depth: int, held: bool) -> None:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    if held:
        assert Format().decode(Format().encode(value)) == value
    else:
        with pytest.raises(UnstorableValue, match="32 levels"):
            Format().encode(value)


def test_text_that_utf8_cannot_carry_and_empty_names_are_refused() -> None:
    with pytest.raises(UnstorableValue) as half:
        Format().encode({"a/b": "\ud800"})
    assert half.value.pointer == "/a~1b"
    with pytest.raises(UnstorableValue, match="without a name"):
        Format().encode({"": 1})


@pytest.mark.parametrize(
    ("text", "held"),
    [("aGk=", {"B": b"hi"}), ("", {"B": b""}), ("aGk", {"S": "aGk"}), ("not base64!", {"S": "not base64!"})],
)
def test_base64_is_held_as_bytes_where_it_comes_back_the_same(form: FormatOf, text: str, held: Any) -> None:
    binary = form({"type": "string", "format": "byte"})
    assert binary.encode(text) == held
    assert binary.decode(held) == text


def test_sets_have_no_order_and_no_duplicates(form: FormatOf) -> None:
    numbers = form({"type": "array", "items": {"type": "number"}}, as_set=True)
    assert numbers.attr_type == "NS"
    assert numbers.encode([3, 1.5]) == {"NS": ["3", "1.5"]}
    assert numbers.decode({"NS": ["3", "1.5", "20"]}) == [1.5, 3, 20]
    assert numbers.decode(numbers.encode([])) == []
    with pytest.raises(UnstorableValue, match="twice"):
        numbers.encode([1, 1.0])
    with pytest.raises(UnstorableValue, match="only strings"):
        form({"type": "array"}, as_set=True).encode(["a", 1])


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
def test_what_others_wrote_is_read(form: FormatOf, schema: Any, written: Any, read: Any) -> None:
    assert form(schema).decode(written) == read


def test_an_object_holds_each_property_by_its_schema(form: FormatOf) -> None:
    schema = {
        "type": "object",
        "properties": {"photo": {"type": "string", "format": "byte"}, "next": {"$ref": "#/components/schemas/X"}},
        "additionalProperties": {"type": "integer"},
    }
    nested = form(schema)
    value = {"photo": "aGk=", "next": {"photo": "aGk=", "count": 10**40}}
    assert nested.encode(value)["M"]["next"]["M"]["photo"] == {"B": b"hi"}
    assert nested.decode(nested.encode(value)) == value


def test_items_are_the_same_by_value_not_by_spelling() -> None:
    one = {"n": {"N": "1.0"}, "s": {"SS": ["a", "b"]}}
    assert same_items(one, {"n": {"N": "1"}, "s": {"SS": ["b", "a"]}})
    assert not same_items(one, {"n": {"N": "1"}})
