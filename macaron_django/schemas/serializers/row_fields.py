"""The fields for a row's properties in DRF's ``ModelSerializer``. They accept the values that ``save()`` accepts."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import json_pointers
from macaron_django.schemas.models.model_fields import PropertyField
from macaron_django.schemas.serializers.error_details import error_details
from macaron_django.schemas.validation.validators import validator_for
from macaron_django.schemas.values.api_objects import APIObject
from macaron_django.schemas.values.merge_patches import without_write_only

__all__ = ["RowPropertyField", "install"]


class RowPropertyField(serializers.ModelField):
    """A field for a row's property.

    The property's schema validates each value: it checks the bounds, and whether null is allowed. The field also adds
    a ``RowValidator`` to its serializer. This validator checks the whole row against its schema.
    """

    def __init__(self, model_field: PropertyField, **kwargs: Any) -> None:
        prop = model_field.schema_property
        assert prop is not None  # noqa: S101 (the field is from a row model, not a clone in a migration)
        self.property = prop
        for described in ("max_length", "encoder", "decoder"):
            kwargs.pop(described, None)
        kwargs["allow_null"] = prop.schema.nullable
        if prop.read_only:  # for a read-only field, DRF refuses arguments about input
            kwargs = {name: value for name, value in kwargs.items() if name in _DESCRIPTIONS} | {"read_only": True}
        elif not kwargs.get("read_only"):
            kwargs["write_only"] = prop.write_only
        super().__init__(model_field, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        serializer = self.parent
        # The validator is added here, because listing validators creates all fields. Validators run after the fields.
        if isinstance(serializer, serializers.ModelSerializer) and _ROW_VALIDATOR not in serializer.validators:
            serializer.validators = [*serializer.validators, _ROW_VALIDATOR]
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> Any:
        try:
            clean = validator_for(self.property.schema, "request").clean(data)
        except ValidationFailed as failure:
            raise ValidationError(error_details(failure.violations, data)) from failure
        return self._conversion.to_python(clean)

    def to_representation(self, obj: Any) -> Any:
        row = cast("APIObject", obj)
        if self.property.name not in row:
            return None
        return without_write_only(self.property.schema, self._conversion.to_json(row[self.property.name]))

    @property
    def _conversion(self) -> Any:
        return self.model_field.model._spec.conversion(self.property.name)


class RowValidator:
    """Raises DRF's ``ValidationError`` if the row's ``save()`` would refuse the values of the fields.

    A property without a field can be set later, for example by ``serializer.save(owner=user)``. So this validator
    doesn't check whether such a property is missing. If the property is missing, the validator also skips all rules
    about the whole row, because the value that is set later could satisfy these rules. ``save()`` checks the property
    and the rules.
    """

    requires_context = True

    def __call__(self, values: Mapping[str, Any], serializer: Any) -> None:
        model, stored = serializer.Meta.model, serializer.instance
        if (stored is None and serializer.partial) or not isinstance(stored, model | None):
            return  # the project's own code updates a list of rows
        row = model() if stored is None else copy.copy(stored)
        names: Mapping[str, str] = row._spec.property_names
        for field, value in values.items():
            if field in names:
                setattr(row, field, value)
        for name, value in row._generated(creating=row._state.adding).items():
            row[name] = value
        try:
            row._check()
        except ValidationFailed as failure:
            self._raise(failure, row, serializer)

    def _raise(self, failure: ValidationFailed, row: Any, serializer: Any) -> None:
        names: Mapping[str, str] = row._spec.property_names
        fields = {
            names[f.source]: name for name, f in serializer.fields.items() if f.source in names and not f.read_only
        }
        properties = row._spec.properties
        later = [name for name, p in properties.items() if not (p.read_only or name in fields or name in row)]
        blamed = [json_pointers.split(one.pointer)[:1] for one in failure.violations]
        found = [
            one
            for one, place in zip(failure.violations, blamed, strict=True)
            if (place[0] in fields if place and place[0] in properties else not later)
        ]
        if found:
            details = cast("dict[str, Any]", error_details(found, row.to_json()))
            raise ValidationError({fields.get(name, name): detail for name, detail in details.items()})


#: Shared by all serializers, because it has no state.
_ROW_VALIDATOR = RowValidator()
#: The arguments that a read-only field may have: about its appearance, and the source of its value.
_DESCRIPTIONS = frozenset({"help_text", "initial", "label", "source", "style"})


def install() -> None:
    """Adds ``RowPropertyField`` to DRF's table of fields, so that ``ModelSerializer`` and its subclasses use it."""
    serializers.ModelSerializer.serializer_field_mapping[PropertyField] = RowPropertyField
