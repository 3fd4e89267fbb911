"""Builds the DRF serializer class of a schema. The class is named after the schema.

Objects get a ``Serializer``, arrays of objects a ``ListSerializer``, and other values a ``BaseSerializer``. The
serializers' fields have one purpose: they describe the schema to forms and drf-spectacular. The compiled schema
validates the data, ``conversions`` converts it to Python values, and ``orm_bindings`` and ``row_bindings`` store it.

A project can extend a serializer class like any other. Added fields, ``validate``, ``validate_<name>``, ``create`` and
``update`` work as in DRF's documentation. They run after the schema's validation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from sys import intern
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty, get_error_detail
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings
from rest_framework.utils.html import is_html_input
from rest_framework.utils.serializer_helpers import BoundField

from macaron_django.openapi import Direction, Schema
from macaron_django.schemas.serializers.error_details import error_details
from macaron_django.schemas.serializers.fields import FormJSON, field_for, is_nested
from macaron_django.schemas.serializers.html_forms import bound_field, form_value
from macaron_django.schemas.serializers.saving_mixin import SchemaSavingMixin
from macaron_django.schemas.serializers.validation_mixin import SchemaValidationMixin, SchemaViolated, violations_in
from macaron_django.schemas.validation.defaults import cleaner_for
from macaron_django.schemas.validation.violation_search import (
    MAX_VIOLATIONS,
    at_most_violations,
    searches_share_time,
)
from macaron_django.schemas.values.api_objects import ObjectSpec
from macaron_django.schemas.values.classes import Classes, class_name
from macaron_django.schemas.values.conversions import UNSET, converter
from macaron_django.schemas.values.merge_patches import merge_patch, with_defaults_for_nulls, without_write_only

__all__ = [
    "SchemaListSerializer",
    "SchemaSerializer",
    "SchemaValueSerializer",
    "SchemaViolated",
    "serializer_for",
]


def serializer_for(
    schema: Schema, classes: Classes, direction: Direction = "request", *, model: type[Model] | None = None
) -> type[serializers.BaseSerializer[Any]]:
    """Returns the serializer class of ``schema``. Later calls return the same class.

    If the schema itself isn't persisted, ``save()`` creates or updates an instance of ``model``. For example, a schema
    for requests may have only some of the stored properties.

    >>> Profile = serializer_for(document.schemas["Profile"], classes)        # doctest: +SKIP
    >>> serializer = Profile(data={"name": "Ann", "age": -1})                 # doctest: +SKIP
    >>> serializer.is_valid(), serializer.violations[0].pointer               # doctest: +SKIP
    (False, '/age')
    """
    target = schema.resolved
    made = classes.serializer_classes
    key = (target, direction, model)
    found = made.get(key)
    if found is None:
        found = made.setdefault(key, _build(target, classes, direction, model))
    return cast("type[serializers.BaseSerializer[Any]]", found)


def _build(
    schema: Schema, classes: Classes, direction: Direction, model: type[Model] | None
) -> type[serializers.BaseSerializer[Any]]:
    members: dict[str, Any] = {
        "__doc__": schema.description or "",  # drf-spectacular shows this, or else the docstring of the base class
        "__module__": __name__,
        "schema": schema,
        "classes": classes,
        "direction": direction,
        "model": model,
        "_spec": ObjectSpec(classes.api, schema, classes),
        "_bindings": {},
        "_method_names": {name: intern(f"validate_{name}") for name in schema.properties},
    }
    if schema.is_object:
        return type(_class_name(schema), (_base(classes, SchemaSerializer),), members)
    if schema.types == ("array",) and schema.items is not None and is_nested(schema.items):
        members["child"] = serializer_for(schema.items, classes, direction, model=model)()
        return type(_class_name(schema), (_base(classes, SchemaListSerializer),), members)
    return type(_class_name(schema), (_base(classes, SchemaValueSerializer),), members)


def _base(classes: Classes, kind: type[serializers.BaseSerializer[Any]]) -> type[serializers.BaseSerializer[Any]]:
    """Returns a subclass of ``kind`` that is the base class of at most a hundred serializer classes.

    DRF counts fields in an attribute of the class ``Field``. When this attribute changes, CPython visits all subclasses
    that were used since the last change. With 13,000 serializers below one class, each new field took half a
    millisecond.
    """
    group = kind, len(classes.serializer_classes) // 100
    if group not in classes.serializer_bases:
        base = type(kind.__name__, (kind,), {"__doc__": kind.__doc__, "__module__": kind.__module__})
        classes.serializer_bases[group] = base
    return cast("type[serializers.BaseSerializer[Any]]", classes.serializer_bases[group])


def _class_name(schema: Schema) -> str:
    if schema.name is None and schema.is_object and schema.properties:
        return class_name(schema)
    return re.sub(r"\W", "_", schema.name or schema.title or "Value")


class SchemaListSerializer(SchemaValidationMixin, FormJSON, serializers.ListSerializer[Any]):
    """The serializer for an array of objects. Array schemas and :class:`SchemaSerializer` with ``many=True`` use it."""

    def get_initial(self) -> Any:
        return super().get_initial() if self.parent is None else self.initial

    def to_internal_value(self, data: Any) -> list[Any]:
        child = cast("SchemaSerializer", self.child)
        if hasattr(self, "schema") and not is_html_input(data):
            return [child.own_values(child.python_values(element)) for element in self._clean(data)]
        if not isinstance(data, list) or not isinstance(child, SchemaSerializer):
            return cast("list[Any]", super().to_internal_value(data))
        values, details, violations = [], {}, []
        with searches_share_time():
            for index, element in enumerate(data):
                try:
                    values.append(child.run_validation(element))
                except ValidationError as error:  # noqa: PERF203 (the violations of all elements are collected)
                    details[index] = error.detail
                    found = getattr(error, "violations", None) or violations_in(error.detail, ())
                    violations += [replace(violation, pointer=f"/{index}{violation.pointer}") for violation in found]
                    if len(violations) > MAX_VIOLATIONS:
                        break
        if details:
            self._violations = tuple(violations := at_most_violations(violations))
            by_index = getattr(api_settings, "LIST_SERIALIZER_ERRORS_AS_DICT", False)
            raise SchemaViolated(
                details if by_index else [details.get(index, {}) for index in range(len(data))], violations
            )
        return values

    def to_representation(self, data: Any) -> list[Any]:
        elements = data.all() if isinstance(getattr(data, "all", None), Callable) else data  # type: ignore[arg-type]
        represent = cast("Any", self.child).to_representation
        return [represent(element) for element in elements]


class SchemaValueSerializer(SchemaValidationMixin, serializers.BaseSerializer[Any]):
    """The serializer for other values, such as strings, numbers, and values of a union."""

    fields: ClassVar[dict[str, Any]] = {}

    def run_validation(self, data: Any = empty) -> Any:
        return converter(self.schema, self.classes).to_python(self._clean(None if data is empty else data))

    def to_representation(self, instance: Any) -> Any:
        return without_write_only(self.schema, converter(self.schema, self.classes).to_json(instance))


class SchemaSerializer(SchemaValidationMixin, SchemaSavingMixin, serializers.Serializer[Any]):
    """The serializer for the objects of a schema. ``validated_data`` maps property names to Python values."""

    #: The names of the methods that validate properties, by property name.
    _method_names: ClassVar[Mapping[str, str]] = {}
    #: The result of ``_state_in_views`` for this class.
    _known_state: ClassVar[Mapping[str, Any] | None] = None

    class Meta:
        list_serializer_class = SchemaListSerializer

    def __init__(self, instance: Any = None, data: Any = empty, **kwargs: Any) -> None:
        state = self._state_in_views() if kwargs.keys() in _OF_VIEWS else None
        if state is None:
            super().__init__(instance, data, **kwargs)
            return
        attributes = self.__dict__
        attributes.update(state, instance=instance, partial=kwargs.get("partial", False), _context=kwargs["context"])
        attributes["style"], attributes["error_messages"] = {}, dict(state["error_messages"])
        if data is not empty:
            attributes["initial_data"] = data

    @classmethod
    def _state_in_views(cls) -> Mapping[str, Any] | None:
        """Returns the attributes that DRF sets on a view's serializer; None if another base class has an ``__init__``.

        A new serializer gets copies of these attributes, so that DRF doesn't count it as a new field. Each count
        changes an attribute of DRF's class ``Field``, so CPython would clear the method caches of all field classes.
        """
        state: Mapping[str, Any] | None = vars(cls).get("_known_state", _NOTHING)
        if state is _NOTHING:
            state = None
            if super().__init__ is serializers.BaseSerializer.__init__:  # no other base class has an __init__
                made = cls.__new__(cls)
                super(SchemaSerializer, made).__init__(context={})
                state = {name: value for name, value in vars(made).items() if name not in _OF_EACH}
            cls._known_state = state
        return state

    # Description ---------------------------------------------------------------------------------------------

    def get_fields(self) -> dict[str, Any]:
        declared = super().get_fields() if self._declared_fields else {}
        fields = {
            name: declared.pop(name)
            if name in declared
            else field_for(
                prop.schema,
                required=prop.required,
                read_only=prop.read_only,
                write_only=prop.write_only,
                nested=self._nested,
            )
            for name, prop in self.schema.properties.items()
        }
        return {**fields, **declared}

    def _nested(self, schema: Schema) -> type[serializers.BaseSerializer[Any]]:
        return serializer_for(schema, self.classes, self.direction)

    @property
    def _is_jsonfield(self) -> bool:
        """Whether an enclosing object has the same schema. If so, a form shows the object as JSON.

        Otherwise the form would have an endless series of nested fieldsets.
        """
        ancestor = self.parent
        while ancestor is not None:
            if getattr(ancestor, "schema", None) == self.schema:
                return True
            ancestor = ancestor.parent
        return False

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        if self._is_jsonfield:
            self.style.setdefault("base_template", "textarea.html")

    def get_initial(self) -> Any:
        return self.initial if self._is_jsonfield else super().get_initial()

    def get_value(self, dictionary: Any) -> Any:
        if is_html_input(dictionary) and self.field_name in dictionary:
            return FormJSON.get_value(cast("FormJSON", self), dictionary)
        return super().get_value(dictionary)

    def __getitem__(self, key: str) -> BoundField:
        errors = self.errors.get(key) if hasattr(self, "_errors") else None
        return bound_field(self.fields[key], cast("Any", self.data).get(key), errors)

    # Input ----------------------------------------------------------------------------------------------

    def run_validation(self, data: Any = empty) -> Any:
        if data is empty:
            is_done, data = self.validate_empty_values(data)
            if is_done:
                return data
        values = self.to_internal_value(data)
        if values is None:
            return None
        try:
            if self.validators:
                self.run_validators(values)
            return self.validate(values)
        except (ValidationError, DjangoValidationError) as error:
            raise ValidationError(detail=as_serializer_error(error)) from error

    def to_internal_value(self, data: Any) -> Any:
        if is_html_input(data):
            data = self.json_of_form(data)
        stored = None
        if getattr(self.root, "partial", False) and isinstance(data, Mapping):
            patch = cleaner_for(self.schema).without_read_only(data)
            self._patched = frozenset(patch)
            self._merged = frozenset(name for name, value in patch.items() if isinstance(value, Mapping))
            stored = self._stored_json()
            data = merge_patch(stored, with_defaults_for_nulls(self.schema, patch))
        elif self._spec.generates_writable and self.instance is None and isinstance(data, Mapping):
            data = self._with_generated(data)
        values = self.own_values(self.python_values(self._clean(data, stored)))
        if values is None:
            return None
        self._refuse_unheld(values, data)
        return self._validated_by_methods(values, data)

    def _refuse_unheld(self, values: Mapping[str, Any], data: Any) -> None:
        """Raises SchemaViolated if the model's fields refuse a value.

        In a patched object, only the changed values are checked.
        """
        model = self._model()
        if model is None:
            return
        patched = self._patched
        given = values if patched is None else {name: values[name] for name in values.keys() & patched}
        violations = tuple(self._binding(model).violations(given))
        if violations:
            self._violations = violations
            raise SchemaViolated(error_details(violations, data), violations)

    def own_values(self, values: Any) -> Any:
        """Returns the values to save, and records the names of additional properties.

        If the model can't store additional properties, they are left out. So clients can't set a field of an ORM model
        if the schema leaves out this field on purpose.
        """
        if values is None or values.keys() <= self.schema.properties.keys():
            return values
        writable = {name for name, field in self._declared_fields.items() if not field.read_only}
        strays = frozenset(values.keys() - self.schema.properties.keys() - writable)
        model = self._model() if strays else None
        if model is not None and not self._binding(model).keeps_additional:
            return {name: value for name, value in values.items() if name not in strays}
        self._additional |= strays  # the child of a list collects the names of all elements
        return values

    def json_of_form(self, form: Any) -> dict[str, Any]:
        """Returns the data of an HTML form as a JSON object."""
        found = {}
        for name, field in self.fields.items():
            prop = self.schema.properties.get(name)
            if not field.read_only and prop is not None:
                value = form_value(field, prop.schema, field.get_value(form))
                if value is not empty:
                    found[name] = value
        return found

    def python_values(self, value: Any) -> Any:
        """Returns the Python values of a JSON object's properties; None for null."""
        if not isinstance(value, Mapping):
            return value
        return self._spec.python_values(value)

    def _with_generated(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Adds the writable generated values, which the schema may require. ``create`` adds the readOnly values."""
        made = self._generated(self._spec.read_only.union(data), creating=True)
        return {**data, **made} if made else data

    def _validated_by_methods(self, values: dict[str, Any], data: Any) -> dict[str, Any]:
        """Validates with the fields that a subclass declares, and with its ``validate_<name>`` methods."""
        errors: dict[str, Any] = {}
        for name, field in self._declared_fields.items():
            bound = self.fields[name] if not field.read_only else None
            try:
                if bound is not None:
                    values[name] = bound.run_validation(bound.get_value(data))
            except ValidationError as error:
                errors[name] = error.detail
            except serializers.SkipField:
                pass
        kind, names = type(self), self._method_names
        for name in list(values):
            named = names.get(name) or f"validate_{name}"
            method = getattr(kind, named, None)
            if method is not None and not hasattr(serializers.Serializer, named):
                try:
                    values[name] = method(self, values[name])
                except ValidationError as error:
                    errors[name] = error.detail
                except DjangoValidationError as error:
                    errors[name] = get_error_detail(error)
        if errors:
            raise ValidationError(errors)
        return values

    # Output ----------------------------------------------------------------------------------------------

    def to_representation(self, instance: Any) -> Any:
        represented = without_write_only(self.schema, self._json_of(instance))
        for name, field in self._declared_fields.items():
            if not field.write_only:
                bound = self.fields[name]
                attribute = bound.get_attribute(instance)
                represented[name] = None if attribute is None else bound.to_representation(attribute)
        return represented

    def _json_of(self, instance: Any) -> dict[str, Any]:
        if isinstance(instance, Mapping):
            return self._json_of_values(instance)
        properties = self.schema.properties
        if hasattr(instance, "to_json"):
            found = instance.to_json()
            own = getattr(getattr(instance, "_spec", None), "schema", None)
            if own is None or own == self.schema or not properties:
                return dict(found)
            return {name: value for name, value in found.items() if name in properties}
        if isinstance(instance, Model):
            return self._binding(type(instance)).to_json(instance)
        return self._json_of_values({name: getattr(instance, name, UNSET) for name in properties})

    def _json_of_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        conversion = self._spec.conversion
        return {name: conversion(name).to_json(value) for name, value in values.items() if value is not UNSET}


_NOTHING: dict[str, Any] = {}
#: The arguments with which views create serializers.
_OF_VIEWS = ({"context"}, {"context", "partial"})
#: The attributes that differ between serializers of the same class.
_OF_EACH = frozenset({"_args", "_context", "_kwargs", "instance", "partial"})
