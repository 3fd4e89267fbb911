"""Copies the values of an item to its saved row. The row then shows the same values as if it were loaded again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Protocol

from macaron_django.dynamodb.codec.attribute_values import AttributeMap
from macaron_django.dynamodb.codec.formats.base import OTHER_TYPE
from macaron_django.dynamodb.codec.formats.sets import SetCodec
from macaron_django.dynamodb.codec.item_shapes import ItemShape, JSONReader
from macaron_django.dynamodb.codec.row_overrides import has_init_receivers, is_shown_plainly
from macaron_django.schemas.values.conversions import UNSET, Unset
from macaron_django.schemas.values.json_text import are_written_alike

__all__ = ["RowRefresher", "row_refresher"]


class RowRefresher(Protocol):
    """Copies the values of an item to a row. If ``names`` is given, copies only the properties with these names.

    ``json`` is the row's JSON; None if the caller doesn't know it.
    """

    def __call__(
        self,
        row: Any,
        item: AttributeMap,
        names: Collection[str] | None = None,
        json: Mapping[str, Any] | None = None,
        /,
    ) -> None: ...


def row_refresher(shape: ItemShape, json_of: JSONReader) -> RowRefresher:
    """Returns the function that refreshes the rows of one schema. ``json_of`` returns the JSON of an item.

    If the item and the row have the same value for a property, the row keeps its own Python object. The caller may have
    a reference to this object, and can still change the row through it.
    """
    places = [
        (
            *(name, field, one, None if one.has_twin else one.attr_name),
            *(one.codec.json_reader(one.conversion), isinstance(one.codec, SetCodec)),
        )
        for name, field, one in shape.places
    ]

    model = shape.model
    # A set can be given as a list, which has the same JSON.
    compares_json = is_shown_plainly(model) and not any(is_set for *_, is_set in places)

    def refresh(
        row: Any,
        item: AttributeMap,
        names: Collection[str] | None = None,
        json: Mapping[str, Any] | None = None,
        /,
    ) -> None:
        # If pre_init or post_init has receivers, json_of would create another row.
        is_comparable = json is not None and names is None and compares_json and not has_init_receivers(model)
        if is_comparable and _are_alike(json_of(item), json):
            return
        values = row.__dict__
        for name, field, attribute, place, read_json, is_set in places:
            if names is not None and name not in names:
                continue
            held, value = attribute.held_in(item) if place is None else item.get(place), values.get(field, UNSET)
            if held is None:
                if value is not UNSET:
                    setattr(row, field, UNSET)
                continue
            kind = type(value)
            if kind is str and "S" in held and held["S"] == value:
                continue
            try:
                shown = read_json(held)
            except OTHER_TYPE:
                shown = attribute.conversion.to_json(attribute.decode(held))
            own = value if kind in _PLAIN else attribute.conversion.to_json(value)
            if (is_set and kind is list) or not _are_alike(shown, own):
                setattr(row, field, attribute.decode(held))

    return refresh


#: Python types whose values are the same in JSON.
_PLAIN = frozenset({str, int, bool, type(None), Unset})


def _are_alike(one: Any, other: Any) -> bool:
    """Returns whether two JSON values have the same text, except for the order of objects' members."""
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is dict or kind is list:
        if are_written_alike(one, other):  # the usual case
            return True
        if kind is dict:
            return bool(one.keys() == other.keys()) and all(_are_alike(one[name], other[name]) for name in one)
        return len(one) == len(other) and all(map(_are_alike, one, other))
    return str(one) == str(other) if kind is Decimal else bool(one == other)
