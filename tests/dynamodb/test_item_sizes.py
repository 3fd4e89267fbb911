"""How large an item is."""

from __future__ import annotations

import pytest

from macaron_django.dynamodb.item_sizes import MAX_ITEM_SIZE, check_item_size, item_size
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
