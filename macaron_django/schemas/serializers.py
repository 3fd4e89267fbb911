"""Schema → DRF serializer class: real ``rest_framework`` serializers whose judge is the compiled schema.

In: a schema and the API's classes. Out: a ``Serializer`` subclass named after it (``ListSerializer`` for arrays
of objects, ``BaseSerializer`` for other values), made once. Its fields describe: forms and drf-spectacular read
them. What is valid is decided by ``validators``, what a value becomes in Python by ``conversions``, how it is
kept by ``model_bindings``; this module puts them in DRF's places.

A class may be extended as any other: added fields, ``validate``, ``validate_<name>``, ``create`` and ``update``
work as DRF documents them, after the schema has been satisfied.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty, get_error_detail
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings
from rest_framework.utils.html import is_html_input
from rest_framework.utils.serializer_helpers import BoundField

from macaron_django.schemas.bound_fields import bound_field
from macaron_django.schemas.cleaning import cleaner_for
from macaron_django.schemas.conversions import UNSET, Conversion, converter, json_value
from macaron_django.schemas.fields import FormJSON, field_for, is_nested
from macaron_django.schemas.form_values import form_value
from macaron_django.schemas.generated import generated_values
from macaron_django.schemas.judging import Direction, Judged, SchemaViolated, violations_in
from macaron_django.schemas.merge_patches import merge_patch, without_write_only
from macaron_django.schemas.model_bindings import bind_model, model_of
from macaron_django.schemas.row_bindings import ModelBinding
from macaron_django.spec import Schema

if TYPE_CHECKING:
    from macaron_django.schemas.classes import Classes

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
    """The serializer class of ``schema``, the same each time.

    ``model`` is what ``save()`` works on where the schema itself isn't persisted: an input schema that names a
    part of the stored one's properties.

    >>> Profile = serializer_for(document.schemas["Profile"], classes)        # doctest: +SKIP
    >>> serializer = Profile(data={"name": "Ann", "age": -1})                 # doctest: +SKIP
    >>> serializer.is_valid(), serializer.violations[0].pointer               # doctest: +SKIP
    (False, '/age')
    """
    target = schema.resolved
    made = vars(classes).setdefault("_serializer_classes", {})
    key = (target, direction, model)
    found = made.get(key)
    if found is None:
        found = made.setdefault(key, _build(target, classes, direction, model))
    return cast("type[serializers.BaseSerializer[Any]]", found)


def _build(
    schema: Schema, classes: Classes, direction: Direction, model: type[Model] | None
) -> type[serializers.BaseSerializer[Any]]:
    members: dict[str, Any] = {
        "__doc__": schema.description or "",  # drf-spectacular shows it; "" keeps the base class's out
        "__module__": __name__,
        "schema": schema,
        "classes": classes,
        "direction": direction,
        "model": model,
        "_conversions": {},
        "_generates_required": any(
            prop.extensions.generated and not prop.read_only for prop in schema.properties.values()
        ),
        "_bindings": {},
    }
    if schema.is_object:
        return type(_class_name(schema, classes), (_base(classes, SchemaSerializer),), members)
    if schema.types == ("array",) and schema.items is not None and is_nested(schema.items):
        members["child"] = serializer_for(schema.items, classes, direction, model=model)()
        return type(_class_name(schema, classes), (_base(classes, SchemaListSerializer),), members)
    return type(_class_name(schema, classes), (_base(classes, SchemaValueSerializer),), members)


def _base(classes: Classes, kind: type[serializers.BaseSerializer[Any]]) -> type[serializers.BaseSerializer[Any]]:
    """A class of ``kind`` that at most a hundred serializer classes are derived from.

    DRF counts its fields on the class ``Field``. CPython then goes over all subclasses of a class it has changed, as
    far as they were used since: with 13,000 serializers below one class, each new field took half a millisecond.
    """
    groups = vars(classes).setdefault("_serializer_groups", {})
    group = kind, len(vars(classes)["_serializer_classes"]) // 100
    if group not in groups:
        groups[group] = type(kind.__name__, (kind,), {"__doc__": kind.__doc__, "__module__": kind.__module__})
    return cast("type[serializers.BaseSerializer[Any]]", groups[group])


def _class_name(schema: Schema, classes: Classes) -> str:
    name = schema.name
    if name is None and schema.is_object and schema.properties:
        name = classes.for_schema(schema).__name__
    return re.sub(r"\W", "_", name or schema.title or "Value")


class SchemaListSerializer(Judged, FormJSON, serializers.ListSerializer[Any]):
    """Arrays of objects: ``many=True`` of a :class:`SchemaSerializer`, or a schema of type array itself."""

    def get_initial(self) -> Any:
        return super().get_initial() if self.parent is None else self.initial

    def to_internal_value(self, data: Any) -> list[Any]:
        child = cast("SchemaSerializer", self.child)
        if hasattr(self, "schema") and not is_html_input(data):
            return [child.own_values(child.python_values(element)) for element in self._clean(data)]
        if not isinstance(data, list) or not isinstance(child, SchemaSerializer):
            return cast("list[Any]", super().to_internal_value(data))
        values, details, violations = [], {}, []
        for index, element in enumerate(data):
            try:
                values.append(child.run_validation(element))
            except ValidationError as error:  # noqa: PERF203 (all of them are wanted)
                details[index] = error.detail
                found = getattr(error, "violations", None) or violations_in(error.detail, ())
                violations += [replace(violation, pointer=f"/{index}{violation.pointer}") for violation in found]
        if details:
            self._violations = tuple(violations)
            by_index = getattr(api_settings, "LIST_SERIALIZER_ERRORS_AS_DICT", False)
            raise SchemaViolated(
                details if by_index else [details.get(index, {}) for index in range(len(data))], violations
            )
        return values

    def to_representation(self, data: Any) -> list[Any]:
        elements = data.all() if isinstance(getattr(data, "all", None), Callable) else data  # type: ignore[arg-type]
        represent = cast("Any", self.child).to_representation
        return [represent(element) for element in elements]


class SchemaValueSerializer(Judged, serializers.BaseSerializer[Any]):
    """Anything but objects with properties, as a body of its own: a string, a number, one of several shapes."""

    fields: ClassVar[dict[str, Any]] = {}

    def run_validation(self, data: Any = empty) -> Any:
        return converter(self.schema, self.classes).to_python(self._clean(None if data is empty else data))

    def to_representation(self, instance: Any) -> Any:
        return without_write_only(self.schema, converter(self.schema, self.classes).to_json(instance))


class SchemaSerializer(Judged, serializers.Serializer[Any]):
    """Objects of one schema. ``validated_data`` holds Python values by property name."""

    _conversions: ClassVar[dict[str, Conversion]] = {}
    _bindings: ClassVar[dict[type[Model], ModelBinding]] = {}
    #: Whether the server makes up values that clients may give, too: they have to be there when the schema judges.
    _generates_required: ClassVar[bool] = False
    #: Names in a merge patch, once one has been read: an update touches these only.
    _patched: frozenset[str] | None = None
    #: Names that the client chose and the schema doesn't have: properties of that name, never attributes.
    _additional: frozenset[str] = frozenset()

    class Meta:
        list_serializer_class = SchemaListSerializer

    # What describes ---------------------------------------------------------------------------------------------

    def get_fields(self) -> dict[str, Any]:
        declared = super().get_fields()
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
        """Inside an object of its own kind a form shows JSON: its fieldsets would have no end."""
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

    # What comes in ----------------------------------------------------------------------------------------------

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
        if getattr(self.root, "partial", False) and isinstance(data, Mapping):
            patch = cleaner_for(self.schema).without_read_only(data)
            self._patched = frozenset(patch)
            data = merge_patch(self._stored_json(), self._with_defaults_for_nulls(patch))
        elif self._generates_required and self.instance is None and isinstance(data, Mapping):
            data = self._with_generated(data)
        values = self.own_values(self.python_values(self._clean(data)))
        return values if values is None else self._validated_by_methods(values, data)

    def _with_defaults_for_nulls(self, patch: Mapping[str, Any]) -> dict[str, Any]:
        """A null removes a property; one with a default is then back at it, as a column of the ORM's is."""
        defaults = {
            name: prop.schema.default for name, prop in self.schema.properties.items() if prop.schema.has_default
        }
        return {
            name: copy.deepcopy(defaults[name]) if value is None and name in defaults else value
            for name, value in patch.items()
        }

    def own_values(self, values: Any) -> Any:
        """Tell the names that the client chose from the schema's; they are dropped where nothing can keep them.

        A field of the ORM's model that the schema leaves out would be set by them otherwise.
        """
        if values is None:
            return None
        writable = {name for name, field in self._declared_fields.items() if not field.read_only}
        strays = frozenset(values.keys() - self.schema.properties.keys() - writable)
        model = self._model() if strays else None
        if model is not None and not self._binding(model).keeps_additional:
            return {name: value for name, value in values.items() if name not in strays}
        self._additional |= strays  # of all elements, where this is a list's child
        return values

    def json_of_form(self, form: Any) -> dict[str, Any]:
        """What an HTML form sent, as JSON: each declared field finds its text, its schema says what it means."""
        found = {}
        for name, field in self.fields.items():
            prop = self.schema.properties.get(name)
            if not field.read_only and prop is not None:
                value = form_value(field, prop.schema, field.get_value(form))
                if value is not empty:
                    found[name] = value
        return found

    def python_values(self, value: Any) -> Any:
        """Python values of a JSON object's properties; None for null."""
        if not isinstance(value, Mapping):
            return value
        return {name: self._conversion(name).to_python(member) for name, member in value.items()}

    def _conversion(self, name: str) -> Conversion:
        known = self._conversions.get(name)
        if known is None:
            prop = self.schema.properties.get(name)
            additional = self.schema.additional_properties
            schema = prop.schema if prop else None if isinstance(additional, bool) else additional
            known = _AS_IT_IS if schema is None else converter(schema, self.classes)
            if prop:  # names that clients choose would pile up
                self._conversions[name] = known
        return known

    def _with_generated(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add what the server makes up and the schema may require; readOnly values come at ``create``."""
        made = self._generated(data, creating=True)
        properties = self.schema.properties
        made = {name: value for name, value in made.items() if not properties[name].read_only}
        return {**data, **made} if made else data

    def _generated(
        self, existing: Mapping[str, Any], *, creating: bool, keys: Collection[str] | None = None
    ) -> dict[str, Any]:
        user = getattr(self.context.get("request"), "user", None)
        return generated_values(self.schema, existing, creating, user, keys=keys)

    def _validated_by_methods(self, values: dict[str, Any], data: Any) -> dict[str, Any]:
        """Run fields that a subclass declares, and its ``validate_<name>`` methods."""
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
        for name in list(values):
            method = getattr(type(self), f"validate_{name}", None)
            if method is not None and not hasattr(serializers.Serializer, f"validate_{name}"):
                try:
                    values[name] = method(self, values[name])
                except ValidationError as error:
                    errors[name] = error.detail
                except DjangoValidationError as error:
                    errors[name] = get_error_detail(error)
        if errors:
            raise ValidationError(errors)
        return values

    # What goes out ----------------------------------------------------------------------------------------------

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
            return {
                name: self._conversion(name).to_json(value) for name, value in instance.items() if value is not UNSET
            }
        properties = self.schema.properties
        if hasattr(instance, "to_json"):
            found = instance.to_json()
            own = getattr(getattr(instance, "_spec", None), "schema", None)
            if own is None or own == self.schema or not properties:
                return dict(found)
            return {name: value for name, value in found.items() if name in properties}
        if isinstance(instance, Model):
            return self._binding(type(instance)).to_json(instance)
        given = {name: getattr(instance, name, UNSET) for name in properties}
        return {name: self._conversion(name).to_json(value) for name, value in given.items() if value is not UNSET}

    # What is kept -----------------------------------------------------------------------------------------------

    def get_model(self) -> type[Model]:
        """The model that ``save()`` works on."""
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

    def _stored_json(self) -> dict[str, Any]:
        return {} if self.instance is None else self._json_of(self.instance)

    def create(self, validated_data: dict[str, Any]) -> Any:
        binding = self._binding(self.get_model())
        values = dict(validated_data)
        for name, value in self._generated(values, creating=True, keys=binding.keys).items():
            values[name] = self._conversion(name).to_python(value)
        return binding.create(values, self._additional)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """Replace: set what is given, unset the schema's other writable properties. A patch touches its names."""
        binding = self._binding(type(instance))
        properties = self.schema.properties
        writable = {name for name, prop in properties.items() if not prop.read_only} - binding.kept
        if self._patched is not None:
            writable &= self._patched
        # Names that aren't properties came with save(**values), or are additional ones.
        values = {
            name: value
            for name, value in validated_data.items()
            if name in writable or name not in properties or name not in self.validated_data
        }
        for name, value in self._generated(values, creating=False).items():
            values[name] = self._conversion(name).to_python(value)
        removed = writable | ((self._patched or frozenset()) - properties.keys())
        return binding.update(instance, values, sorted(removed - values.keys()), self._additional)


_AS_IT_IS = Conversion(lambda value: value, json_value)
