"""Items in boto3's Python values, and as the definitions of a Swagger 2.0 document have them."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from macaron_django.dynamodb.boto3_items import attribute_value, normalized_dict, python_item
from macaron_django.exceptions import UnstorableValue

VALUES: list[Any] = [
    *("text", "", True, False, None, Decimal("1.50"), 7, b"\x00"),
    *([1, [None, {"a": "b"}]], {"a": {"b": 1}}, {"x", "y"}, {1, 2}, {b"z"}),
]


@pytest.mark.parametrize("value", VALUES)
def test_values_are_written_and_read_as_boto3_does(value: Any) -> None:
    written = attribute_value(value)
    ((kind, content),) = written.items()
    ((boto3s_kind, boto3s_content),) = TypeSerializer().serialize(value).items()
    as_sets = kind in ("SS", "NS", "BS")
    assert kind == boto3s_kind
    assert (set(content), set(boto3s_content)) if as_sets else content == boto3s_content
    assert python_item({"v": written})["v"] == TypeDeserializer().deserialize(written)


@pytest.mark.parametrize("value", [float("nan"), Decimal("Infinity"), {1, "a"}, set(), Ellipsis, [Ellipsis]])
def test_what_dynamodb_has_no_type_for_is_refused(value: Any) -> None:
    with pytest.raises(UnstorableValue):
        attribute_value(value, "/x")


def test_a_float_keeps_its_digits() -> None:
    assert attribute_value(0.1) == {"N": "0.1"}


DEFINITIONS: dict[str, Any] = {
    "Profile": {
        "properties": {
            "id": {"type": "string"},
            "age": {"type": "integer"},
            "score": {"type": "number"},
            "active": {"type": "boolean"},
            "scores": {"type": "array", "items": {"type": "number"}},
            "grid": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            "friends": {"type": "array", "items": {"$ref": "#/definitions/Profile"}},
            "best": {"$ref": "#/definitions/Profile"},
            "place": {"type": "object", "properties": {"zip": {"type": "integer"}}},
            "note": {"type": "string"},
        }
    }
}


def test_items_become_what_their_definition_says(caplog: pytest.LogCaptureFixture) -> None:
    item = {
        "id": "a", "age": Decimal(3), "score": Decimal("1.5"), "active": 1, "scores": [Decimal("0.1")],
        "grid": [[Decimal(1)]], "friends": [{"age": Decimal(4)}], "best": {"age": Decimal(5)},
        "place": {"zip": Decimal(6)}, "note": None, "extra": Decimal(7),
    }  # fmt: skip
    with caplog.at_level(logging.WARNING):
        found = normalized_dict(None, DEFINITIONS, DEFINITIONS["Profile"]["properties"], item)
    assert found == {
        "id": "a", "age": 3, "score": 1.5, "active": True, "scores": [0.1], "grid": [[1]], "friends": [{"age": 4}],
        "best": {"age": 5}, "place": {"zip": 6}, "note": None, "extra": Decimal(7),
    }  # fmt: skip
    assert {type(found["age"]), type(found["score"]), type(found["active"])} == {int, float, bool}
    assert [record.args for record in caplog.records] == [("extra",)]


def test_a_number_that_no_float_holds_stays_a_decimal() -> None:
    long = Decimal("0.12345678901234567890123")
    assert normalized_dict(None, {}, {"n": {"type": "number"}, "i": {"type": "integer"}}, {"n": long, "i": long}) == {
        "n": long,
        "i": long,
    }
