"""How large an item is."""

from __future__ import annotations

from typing import Any

import pytest

from macaron_django.dynamodb.codec.item_sizes import MAX_ITEM_SIZE, check_item_size, item_size
from macaron_django.exceptions import ItemTooLarge


def test_sizes_are_counted_as_aws_counts_them() -> None:
    item = {
        "k": {"S": "a"},
        "x": {"S": "é" * 10},
        "n": {"N": "-12345"},
        "l": {"L": [{"BOOL": True}]},
        "b": {"B": b"12"},
    }
    assert item_size(item) == (1 + 1) + (1 + 20) + (1 + 5) + (1 + 3 + 1 + 1) + (1 + 2)
    check_item_size({"k": {"S": "a"}, "x": {"S": "x" * (MAX_ITEM_SIZE - 3)}})
    with pytest.raises(ItemTooLarge, match=r"409601 bytes.*x \(409598\)"):
        check_item_size({"k": {"S": "a"}, "x": {"S": "x" * (MAX_ITEM_SIZE - 2)}})


NUMBER = "-9." + "9" * 37 + "E-125"


@pytest.mark.parametrize(
    "value",
    [{"S": "€"}, {"N": NUMBER}, {"L": [{"N": NUMBER}, {"NULL": True}]}, {"M": {"€": {"B": b"12"}}}, {"NS": [NUMBER]}],
)
def test_the_limit_is_exact_whatever_the_item_holds(value: dict[str, Any]) -> None:
    rest = {f"v{number}": value for number in range(100)}
    filling = MAX_ITEM_SIZE - item_size(rest) - 1
    check_item_size({"x": {"S": "x" * filling}, **rest})
    with pytest.raises(ItemTooLarge, match="409601 bytes"):
        check_item_size({"x": {"S": "x" * (filling + 1)}, **rest})
