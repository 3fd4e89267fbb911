"""Compiled writers: what conversion and format say in steps, or a word that those have to be taken."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.dynamodb.codec.attribute_values import equality_form, same
from macaron_django.dynamodb.codec.formats.base import UnusualValue
from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of
from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import converter

TEXT = {"type": "string"}
FORMATS = ["date-time", "date", "time", "duration", "uuid", "decimal", "byte", "binary"]
TREE = {
    "type": "object",
    "properties": {"b": TEXT, "class": {"type": "number"}, "a": {"$ref": "#/components/schemas/Tree"}},
}
SCHEMAS: dict[str, Any] = {
    "Tree": TREE,
    "Text": TEXT,
    "Whole": {"type": "integer"},
    "Number": {"type": "number"},
    "Either": {"type": ["string", "integer"]},
    "Flag": {"type": "boolean"},
    "Trees": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    "Numbers": {"type": "array", "items": {"type": "number"}},
    "Pair": {"type": "array", "prefixItems": [TEXT], "items": {"type": "integer"}},
    "Free": {"type": "object"},
    "Prices": {"type": "object", "additionalProperties": {"type": "number"}},
    "Open": {"properties": {"b": {"type": "number"}}, "additionalProperties": {"type": "string", "format": "date"}},
    "Choice": {"oneOf": [{"$ref": "#/components/schemas/Tree"}, TEXT]},
    **{name.title().replace("-", ""): {"type": "string", "format": name} for name in FORMATS},
    "Moments": {"type": "array", "items": {"type": "string", "format": "date-time"}},
}
DOCUMENT = spec.load(
    {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": SCHEMAS}}
)
CLASSES = Classes("t", DOCUMENT)
SPELLED = "2026-01-01T00:00:00Z 2026-01-01t00:00:00.50z 2026-01-01 12:00:00Z P1DT1H 1.50 aGk= \ud800 \xff"
TEXTS = st.text(max_size=3) | st.sampled_from([*SPELLED.split(), "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"])
NUMBERS = st.integers(-(10**39), 10**39) | st.floats() | st.decimals(allow_nan=False, places=3)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "class", "x", ""]), inner),
    max_leaves=6,
)


def _outcome(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except (UnstorableValue, UnusualValue) as refused:
        return UnusualValue if isinstance(refused, UnusualValue) else type(refused)


def _agree(straight: Any, steps: Any) -> bool:
    # Whoever calls a writer takes the steps where it says so; it may say so only where they refuse, too.
    return bool(straight == steps or (straight is UnusualValue and steps is UnstorableValue))


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=50, deadline=None)
@given(value=VALUES)
@example(value=1e23)
@example(value=-0.0)
@example(value=Decimal("1.0"))
def test_a_writer_gives_what_the_steps_give(name: str, value: Any) -> None:
    schema = DOCUMENT.schemas[name]
    codec, conversion = codec_of(schema), converter(schema, CLASSES)
    python = conversion.to_python(value)
    steps = _outcome(lambda: codec.encode(conversion.to_json(python)))
    assert _agree(_outcome(lambda: codec.json_writer(conversion)(value, 0)), steps)
    assert _agree(_outcome(lambda: codec.writer(conversion)(python, 0)), steps)
    if isinstance(python, list):
        longer = [*python, value]  # somebody has added something in its JSON form
        steps = _outcome(lambda: codec.encode(conversion.to_json(longer)))
        assert _agree(_outcome(lambda: codec.writer(conversion)(longer, 0)), steps)


def test_objects_within_themselves_are_unusual() -> None:
    schema = DOCUMENT.schemas["Tree"]
    codec, conversion = codec_of(schema), converter(schema, CLASSES)
    tree = conversion.to_python({"b": "x"})
    tree.__dict__["a"] = tree
    with pytest.raises((UnusualValue, RecursionError)):
        codec.writer(conversion)(tree, 0)
    deep: dict[str, Any] = {}
    for _ in range(31):
        deep = {"a": deep}
    for write, value in ((codec.writer, conversion.to_python(deep)), (codec.json_writer, deep)):
        with pytest.raises(UnusualValue):
            write(conversion)(value, 0)


def test_each_level_of_an_object_is_written_once() -> None:
    schema = DOCUMENT.schemas["Tree"]
    codec, conversion = codec_of(schema), converter(schema, CLASSES)
    deep: dict[str, Any] = {}
    for level in range(30):
        deep = {"a": deep, "more": level} if level % 2 else {"a": deep, "\u20ac": level}
    held = codec.json_writer(conversion)(deep, 0)  # twice a level would take days
    assert held == codec.encode(deep)
    assert codec.writer(conversion)(conversion.to_python(deep), 0) == held
    assert codec.json_reader(conversion)(held) == deep


SOME = st.recursive(
    st.sampled_from([{"S": "1"}, {"S": "a"}, {"N": "1"}, {"N": "1.0"}, {"BOOL": True}, {"NULL": True}, {"B": b"a"}])
    | st.sampled_from([{"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}, {"SS": ["a", "b"]}, {"SS": ["b", "a"]}]),
    lambda inner: (
        st.builds(lambda each: {"L": each}, st.lists(inner, max_size=2))
        | st.builds(lambda each: {"M": each}, st.dictionaries(st.sampled_from("ab"), inner, max_size=2))
    ),
    max_leaves=4,
)


@given(SOME, SOME)
def test_values_are_the_same_where_dynamodb_calls_them_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert same(one, other) is (equality_form(one) == equality_form(other))
