"""The attributes of an item beside its schema's: properties that the schema allows without naming them, and strangers.

In go a row and its item; out come the attributes that the row's additional properties are kept in, what has to be
changed of them, and the row's additional properties from an item. Apart from ``persistence`` because these have no
attribute of their own in the table's model: how each is held follows from its name at the time.
"""

from __future__ import annotations

from typing import Any, Final

from macaron_django.dynamodb.attribute_values import AttributeMap, AttributeValue, Format, format_of, pointer_to
from macaron_django.dynamodb.comparisons import same
from macaron_django.exceptions import UnstorableValue

__all__ = ["AdditionalAttributes"]

#: Attributes that pymacaron-dynamodb adds: kept, and shown to nobody.
_OTHERS_NOTES: Final = frozenset({"__persistence_class__"})


class AdditionalAttributes:
    """Those of one table's items; ``known`` are the attributes that the schema's own properties are kept in."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known

    def shown(self, row: Any, item: AttributeMap) -> set[str]:
        """Names of the attributes that are properties of the row."""
        return set(item.keys() - self.known - _OTHERS_NOTES) if row._spec.is_open else set()

    def strangers(self, row: Any, item: AttributeMap) -> AttributeMap:
        """The attributes that the row doesn't show, and keeps."""
        return {name: item[name] for name in item.keys() - self.known - self.shown(row, item)}

    def encode(self, row: Any) -> AttributeMap:
        """The attributes of the row's additional properties; UnstorableValue for a name that none can have."""
        found: AttributeMap = {}
        for name, value in row._additional.items():
            pointer = pointer_to(name)
            if not name or name in self.known:
                raise UnstorableValue("this name can't be an additional property here", pointer)
            found[name] = _format(row, name).encode(row._spec.conversion(name).to_json(value), pointer)
        return found

    def load(self, row: Any, item: AttributeMap) -> None:
        """Make the row's additional properties those of the item."""
        row.__dict__.pop("_additional_properties", None)
        shown = self.shown(row, item)
        for name in (name for name in item if name in shown):
            row._store(name, row._spec.conversion(name).to_python(_format(row, name).decode(item[name])))

    def changes(self, row: Any, held: AttributeMap) -> tuple[AttributeMap, set[str]]:
        """What to set and what to remove of an item, so that it says what the row says."""
        wanted = self.encode(row)
        # Sets and bytes, which JSON has no types for, stay what they are while they mean the same.
        set_ = {
            name: value
            for name, value in wanted.items()
            if name not in held or not (same(held[name], value) or _means(_format(row, name), held[name], value))
        }
        return set_, self.shown(row, held) - wanted.keys()


def _format(row: Any, name: str) -> Format:
    schema = row._spec.schema_of(name)
    return Format() if schema is None else format_of(schema)


def _means(form: Format, held: AttributeValue, wanted: AttributeValue) -> bool:
    try:
        return same(form.encode(form.decode(held)), wanted)
    except UnstorableValue:
        return False
