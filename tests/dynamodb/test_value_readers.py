"""Compiled readers: what format and conversion say in two steps, whoever wrote the value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.signals import post_init
from hypothesis import given
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.codec.formats.numbers import decode_number
from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import converter

MakePersistence = Callable[..., Persistence]
TREE = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"$ref": "#/components/schemas/Tree"}}}
SCHEMAS: dict[str, Any] = {
    "Tree": TREE,
    "Text": {"type": "string"},
    "Moment": {"type": "string", "format": "date-time"},
    "Day": {"type": "string", "format": "date"},
    "Octets": {"type": "string", "format": "byte"},
    "Whole": {"type": "integer"},
    "Number": {"type": "number"},
    "Either": {"type": ["string", "integer"]},
    "Flag": {"type": "boolean"},
    "Texts": {"type": "array", "items": {"type": "string"}},
    "Trees": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    "Pair": {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
    "Free": {"type": "object"},
    "Numbers": {"type": "object", "additionalProperties": {"type": "number"}},
    "Open": {"properties": {"b": {"type": "number"}}, "additionalProperties": {"type": "string", "format": "date"}},
    "Choice": {"oneOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "string"}]},
}
DOCUMENT = spec.load(
    {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": SCHEMAS}}
)
CLASSES = Classes("t", DOCUMENT)
TEXTS = st.text(max_size=4) | st.sampled_from(
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.500000+0000",
        "2026-01-01T00:00:00.50Z",
        "2026-01-01",
        "0",
        "{}",
        "[]",
    ]
)
NUMBERS = st.integers(-(10**20), 10**20).map(str) | st.decimals(-999, 999, places=4).map(str) | st.just("-0")
SCALARS = (
    st.builds(lambda each: {"S": each}, TEXTS)
    | st.builds(lambda each: {"N": each}, NUMBERS)
    | st.builds(lambda each: {"B": each}, st.binary(max_size=3))
    | st.builds(lambda each: {"BOOL": each}, st.booleans())
    | st.just({"NULL": True})
    | st.builds(lambda each: {"SS": each}, st.lists(TEXTS, min_size=1, max_size=2, unique=True))
    | st.builds(lambda each: {"NS": each}, st.lists(st.sampled_from("123"), min_size=1, max_size=2, unique=True))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(lambda each: {"L": each}, st.lists(inner, max_size=3))
        | st.builds(lambda each: {"M": each}, st.dictionaries(st.sampled_from("abc"), inner, max_size=3))
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("name", SCHEMAS)
@given(value=VALUES)
def test_a_reader_gives_what_the_two_steps_give(name: str, value: dict[str, Any]) -> None:
    schema = DOCUMENT.schemas[name]
    codec, conversion = codec_of(schema), converter(schema, CLASSES)
    read, expected = codec.reader(conversion)(value), conversion.to_python(codec.decode(value))
    assert read == expected
    assert type(read) is type(expected)
    assert conversion.to_json(read) == conversion.to_json(expected)


@given(NUMBERS | st.floats(allow_nan=False, allow_infinity=False).map(repr))
def test_numbers_keep_their_value_and_are_whole_where_they_can_be(text: str) -> None:
    number = decode_number(text)
    assert Decimal(repr(number) if isinstance(number, float) else number) == Decimal(text)
    is_whole = Decimal(text) == Decimal(text).to_integral_value()
    assert isinstance(number, int) or not is_whole or abs(number) >= 10**38


@pytest.mark.usefixtures("embedded")
def test_a_row_is_loaded_as_django_loads_it_where_somebody_listens(make_rows: MakePersistence) -> None:
    persistence = make_rows()
    persistence.model(profile_id="a", name="Ada", anything={"x": 1}).save()
    item = persistence.get_item(persistence.key("a"))
    assert item is not None
    ordinary, heard = persistence.decode(item), []

    def listen(instance: Any, **_: Any) -> None:
        heard.append(instance)

    post_init.connect(listen, sender=persistence.model)
    try:
        loaded = persistence.decode(item)
    finally:
        post_init.disconnect(listen, sender=persistence.model)
    assert heard == [loaded]
    assert {**ordinary.__dict__, "_state": None} == {**loaded.__dict__, "_state": None}
    assert vars(ordinary._state) == vars(loaded._state)


@pytest.mark.usefixtures("embedded")
def test_a_class_with_an_init_of_its_own_is_made_by_it(make_rows: MakePersistence) -> None:
    class Greeting:
        def __init__(self, *args: Any, **values: Any) -> None:
            super().__init__(*args, **values)
            self.greeting = f"Hello {self.name}"  # type: ignore[attr-defined]

    persistence = make_rows(bases=(Greeting,))
    row = persistence.decode({"profile_id": {"S": "a"}, "name": {"S": "Ada"}})
    assert (row.greeting, row.pk) == ("Hello Ada", "a")
