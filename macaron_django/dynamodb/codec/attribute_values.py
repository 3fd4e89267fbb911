"""Compares attribute values as DynamoDB does: order, equality, ``contains`` and ``begins_with``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

__all__ = [
    "TYPES",
    "AttributeMap",
    "AttributeValue",
    "Path",
    "SortedValue",
    "compare",
    "contains",
    "equality_form",
    "key_as_given",
    "same",
    "same_items",
    "starts_with",
    "value_at",
]

#: A value with its type, as on the wire: ``{"S": "text"}``, ``{"N": "7"}``, ``{"L": [{"BOOL": True}]}``.
AttributeValue: TypeAlias = dict[str, Any]
#: An item, a key, or the members of a map.
AttributeMap: TypeAlias = dict[str, AttributeValue]
#: DynamoDB's types.
TYPES: Final = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})
#: Attribute names from the item to a nested value. An int is a position in a list.
Path: TypeAlias = tuple[str | int, ...]
#: The types whose values are equal only if their JSON is the same.
_AS_WRITTEN: Final = frozenset({"S", "BOOL", "NULL"})


class SortedValue(AttributeValue):
    """The value of a key attribute. Its spelling differs from the original spelling of the property's value.

    ``given`` is the value in the original spelling. The keys of older items can have the original spelling.
    """

    def __init__(self, value: AttributeValue, given: AttributeValue) -> None:
        super().__init__(value)
        self.given = given


def key_as_given(key: AttributeMap) -> AttributeMap | None:
    """Returns a key with the original spelling of its values. Returns None if ``key`` already has that spelling.

    >>> key_as_given({"id": SortedValue({"S": "0a"}, {"S": "0A"}), "year": {"N": "7"}})
    {'id': {'S': '0A'}, 'year': {'N': '7'}}
    """
    for value in key.values():
        if type(value) is SortedValue:
            return {name: one.given if type(one) is SortedValue else one for name, one in key.items()}
    return None


def compare(left: AttributeValue, right: AttributeValue) -> int | None:
    """Returns the order of two scalars: negative, 0 or positive; None if their types differ or have no order.

    >>> compare({"N": "10"}, {"N": "9.5"}), compare({"N": "1"}, {"N": "1.0"}), compare({"S": "1"}, {"N": "1"})
    (1, 0, None)
    """
    ((left_type, left_value),) = left.items()
    ((right_type, right_value),) = right.items()
    if left_type != right_type or left_type not in {"S", "N", "B"}:
        return None
    a, b = _sortable(left_type, left_value), _sortable(right_type, right_value)
    return int(a > b) - int(a < b)


def _sortable(kind: str, value: Any) -> Any:
    if kind == "N":
        return Decimal(value)
    # DynamoDB orders strings by their UTF-8 bytes, which is the order of code points.
    return value.encode("utf-8", "surrogatepass") if kind == "S" else bytes(value)


def equality_form(value: AttributeValue) -> Any:
    """Returns a hashable form of an attribute value. Two forms are equal if, and only if, DynamoDB considers the values
    equal.
    """
    ((kind, content),) = value.items()
    if kind == "N":
        return kind, Decimal(content)
    if kind == "NS":
        return kind, frozenset(map(Decimal, content))
    if kind in {"SS", "BS"}:
        return kind, frozenset(content)
    if kind == "L":
        return kind, tuple(map(equality_form, content))
    if kind == "M":
        return kind, frozenset((name, equality_form(nested)) for name, nested in content.items())
    return kind, content


def same(left: AttributeValue, right: AttributeValue) -> bool:
    """Returns whether DynamoDB considers two attribute values equal. The numbers 1 and 1.0 are equal; "1" and 1
    aren't.
    """
    if left == right:  # the usual case
        return True
    ((kind, one),) = left.items()
    ((other_kind, other),) = right.items()
    if kind != other_kind or kind in _AS_WRITTEN:
        return False
    if kind == "M":
        return bool(one.keys() == other.keys()) and all(same(value, other[name]) for name, value in one.items())
    if kind == "L":
        return len(one) == len(other) and all(map(same, one, other))
    return bool(equality_form(left) == equality_form(right))


def same_items(one: AttributeMap, other: AttributeMap) -> bool:
    """Returns whether DynamoDB considers two items equal. DynamoDB compares numbers by value, and ignores the order
    of sets.
    """
    return same({"M": one}, {"M": other})


def value_at(item: AttributeMap, path: Path) -> AttributeValue | None:
    """Returns the attribute value at ``path``, or None if there is no such value."""
    value: AttributeValue | None = item.get(str(path[0]))
    for step in path[1:]:
        if value is None:
            return None
        if isinstance(step, int):
            elements: Sequence[AttributeValue] = value.get("L", ())
            value = elements[step] if step < len(elements) else None
        else:
            value = value.get("M", {}).get(step)
    return value


def contains(value: AttributeValue, wanted: AttributeValue) -> bool:
    """Returns whether ``value`` contains ``wanted``.

    ``wanted`` can be a part of a string or of bytes, an element of a list, or a member of a set.
    """
    ((kind, content),) = value.items()
    ((wanted_kind, wanted_content),) = wanted.items()
    if kind == "L":
        return any(same(element, wanted) for element in content)
    if kind in {"S", "B"}:
        return bool(kind == wanted_kind and wanted_content in content)
    if kind in {"SS", "NS", "BS"}:
        return any(same({kind[0]: member}, wanted) for member in content)
    return False


def starts_with(value: AttributeValue, prefix: AttributeValue) -> bool:
    """Returns whether ``value`` begins with ``prefix``, as ``begins_with`` does for strings and for bytes."""
    ((kind, content),) = value.items()
    ((prefix_kind, prefix_content),) = prefix.items()
    return bool(kind == prefix_kind and kind in {"S", "B"} and content.startswith(prefix_content))
