"""Fields of a serializer → what a form of the browsable API shows of them.

In: a field, its value and its errors. Out: DRF's bound field, which shows JSON where objects nest in their own kind.
Apart from ``serializers`` because only forms need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.utils.serializer_helpers import BoundField, JSONBoundField, NestedBoundField

from macaron_django.schemas.form_values import local_moment

__all__ = ["bound_field"]


class _NestedBoundField(NestedBoundField):
    def as_form_field(self) -> NestedBoundField:
        return self  # its fields are turned into text one by one, as those outside are

    def __getitem__(self, key: str) -> BoundField:
        value = self.value.get(key) if self.value else None
        errors = self.errors.get(key) if isinstance(self.errors, Mapping) else None
        return bound_field(self.fields[key], value, errors, f"{self.name}.")


def bound_field(field: Any, value: Any, errors: Any, prefix: str = "") -> BoundField:
    if getattr(field, "_is_jsonfield", False):
        # What is unset is left blank: "null" would be sent, and be wrong unless it is what is there.
        is_there = value is not None or (field.allow_null and field.root.instance is not None)
        return (JSONBoundField if is_there else BoundField)(field, value, errors, prefix)
    if isinstance(field, serializers.DateTimeField):
        value = local_moment(value)
    kind = _NestedBoundField if isinstance(field, serializers.Serializer) else BoundField
    return kind(field, value, errors, prefix)
