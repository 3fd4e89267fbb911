"""Saves a serializer's validated data, together with generated values. The model's binding writes both to the row."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from typing import Any, ClassVar, cast

from django.db.models import Model

from macaron_django.exceptions import RequestInvalid, ValidationFailed
from macaron_django.openapi import Schema
from macaron_django.schemas.models.orm_bindings import bind_model, model_of
from macaron_django.schemas.models.row_bindings import ModelBinding
from macaron_django.schemas.serializers.error_details import error_details
from macaron_django.schemas.serializers.validation_mixin import SchemaViolated
from macaron_django.schemas.values.api_objects import ObjectSpec
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.generated_values import generated_values
from macaron_django.schemas.values.request_violations import blamed

__all__ = ["SchemaSavingMixin"]


class SchemaSavingMixin:
    """A serializer that creates and updates the instances of its schema's model."""

    schema: ClassVar[Schema]
    classes: ClassVar[Classes]
    model: ClassVar[type[Model] | None]
    instance: Any
    parent: Any
    context: Any
    validated_data: Any
    _spec: ClassVar[ObjectSpec]
    _bindings: ClassVar[dict[type[Model], ModelBinding]] = {}
    #: The names of the properties in the merge patch; None without a merge patch. An update changes only these.
    _patched: frozenset[str] | None = None
    #: The names of the properties with objects in the merge patch. The stored objects keep their other properties.
    _merged: frozenset[str] = frozenset()
    #: The names of additional properties, which the client chose. They are never set as attributes.
    _additional: frozenset[str] = frozenset()

    def get_model(self) -> type[Model]:
        """Returns the model that ``save()`` writes. Raises NotImplementedError if there is none."""
        model = self._model()
        if model is None:
            name = type(self).__name__
            raise NotImplementedError(
                f"{name} can't be saved: its schema has neither x-persist nor x-model. Add one of them, "
                f"or override create() and update() in a subclass of the serializer."
            )
        return model

    def _model(self) -> type[Model] | None:
        model = self.model or self.context.get("model") or model_of(self.schema, self.classes)
        if model is None and isinstance(self.instance, Model):
            model = type(self.instance)
        return cast("type[Model] | None", model)

    def _binding(self, model: type[Model]) -> ModelBinding:
        known = self._bindings.get(model)
        if known is None:
            known = self._bindings[model] = bind_model(model, self.schema, self.classes)
        return known

    def _json_of(self, instance: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _stored_json(self) -> dict[str, Any]:
        return {} if self.instance is None else self._json_of(self.instance)

    def create(self, validated_data: dict[str, Any]) -> Any:
        binding = self._binding(self.get_model())
        given = self._given_by_caller(validated_data)
        values = {**validated_data, **given}
        made = self._generated(values, creating=True, keys=binding.keys)
        for name, value in made.items():
            values[name] = self._spec.conversion(name).to_python(value)
        try:
            return binding.create(values, self._additional)
        except ValidationFailed as failure:
            raise self._blamed(failure, validated_data, {*given, *made}) from None

    def _blamed(self, failure: ValidationFailed, sent: Mapping[str, Any], supplied: set[str]) -> ValidationFailed:
        # The child of a list can't distinguish the values of save(**values) from the client's values.
        found = blamed(failure, self.schema, sent, () if self.parent is not None else supplied)
        if not isinstance(found, RequestInvalid):
            return found
        details = error_details(found.violations, getattr(self, "initial_data", None))
        return SchemaViolated(details, found.violations)

    def _given_by_caller(self, validated_data: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the arguments of ``save(**values)``. Values of properties are in Python form."""
        validated: Mapping[str, Any] = (
            {} if self.parent is not None else self.validated_data
        )  # the child of a list has no validated data
        return {
            name: self._spec.conversion(name).to_python(value) if name in self.schema.properties else value
            for name, value in validated_data.items()
            if name not in validated or validated[name] is not value
        }

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """Sets the given properties, and unsets the schema's other writable properties.

        A patch changes only the properties that it contains.
        """
        binding = self._binding(type(instance))
        properties = self.schema.properties
        writable = {name for name, prop in properties.items() if not prop.read_only} - binding.kept
        if self._patched is not None:
            writable &= self._patched
        # Names that aren't in the schema come from save(**values), or are additional properties.
        values = {
            name: value
            for name, value in validated_data.items()
            if name in writable or name not in properties or name not in self.validated_data
        }
        made = self._generated(values, creating=False)
        for name, value in made.items():
            values[name] = self._spec.conversion(name).to_python(value)
        removed = writable | ((self._patched or frozenset()) - properties.keys())
        unnamed = () if self._patched is None else self._additional - self._patched
        try:
            return binding.update(
                instance, values, sorted(removed - values.keys()), self._additional, self._merged, unnamed
            )
        except ValidationFailed as failure:
            supplied = {*self._given_by_caller(validated_data), *made}
            raise self._blamed(failure, validated_data, supplied) from None

    def _generated(
        self, existing: Container[str], *, creating: bool, keys: Collection[str] | None = None
    ) -> dict[str, Any]:
        return generated_values(self.schema, existing, creating, self.context.get("request"), keys=keys)
