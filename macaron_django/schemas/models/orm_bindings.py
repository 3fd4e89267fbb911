"""Binds a schema's properties to the fields of a Django model that the ORM stores (``x-model``).

A binding creates, changes and reads model instances. Its callers use the names of properties, not of fields. If the
field of a property has another name, ``x-field`` contains that name. For a row model, ``bind_model``
returns the binding in ``row_bindings``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from decimal import InvalidOperation
from functools import cached_property, partial
from typing import Any, cast

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import DataError, IntegrityError, connections, router, transaction
from django.db.models import (
    Field,
    ForeignKey,
    Manager,
    ManyToManyField,
    Model,
)
from django.db.models.constants import LOOKUP_SEP
from django.db.models.fields import AutoFieldMixin
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import m2m_changed, post_save, pre_save

from macaron_django.exceptions import ItemExists, UnstorableValue, ValidationFailed
from macaron_django.openapi import Property, Schema, json_pointers
from macaron_django.schemas.models.column_json import OTHER, json_copier, plain_kinds
from macaron_django.schemas.models.column_limits import ColumnLimits, column_limits
from macaron_django.schemas.models.column_values import held_by
from macaron_django.schemas.models.row_bindings import ModelBinding, RowBinding
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import UNSET, converter, json_value

__all__ = ["OrmBinding", "bind_model", "model_of", "needs_value"]


def model_of(schema: Schema, classes: Classes) -> type[Model] | None:
    """Returns the model that stores objects of ``schema``: its row class, or else the model in its ``x-model``.

    Returns None if the schema has neither.
    """
    schema = schema.resolved
    row = classes.rows.get(schema.name) if schema.name else None
    if row is not None:
        return cast("type[Model]", row)
    label = schema.extensions.model
    return apps.get_model(label) if label else None


def bind_model(model: type[Model], schema: Schema, classes: Classes) -> ModelBinding:
    """Returns the binding of ``schema`` to ``model``. The schema can leave out some of the model's fields."""
    is_row = hasattr(model, "_spec") and hasattr(model._default_manager, "persistence")
    return RowBinding(model, schema, classes) if is_row else OrmBinding(model, schema, classes)


class OrmBinding(ModelBinding):
    """The binding to a project's model. ``x-field`` names the field of a property. By default, both have the same name.

    A property for a foreign key contains either the key of the related instance or a nested object.

    Without ``x-writable``, nested objects are read-only. With ``x-writable``, saving a nested object changes the
    related instance. If the nested object contains a key, this is the instance that has that key. Otherwise, it is the
    instance that the foreign key already refers to. If there is no such instance, it is created.
    """

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(name for name in self.schema.properties if getattr(self._field(name), "primary_key", False))

    @cached_property
    def kept(self) -> frozenset[str]:
        return self.keys | {
            name
            for name, prop in self.schema.properties.items()
            if self._nested_schema(name) is not None and not prop.extensions.writable
        }

    def create(self, values: Mapping[str, Any], additional: Collection[str] = ()) -> Model:
        using = router.db_for_write(self.model)
        with self._refusals(values, using), self._whole(using):
            columns, relations = self._columns(values)
            instance: Model = self.model._default_manager.create(**columns)
            self._relate(instance, relations)
        return instance

    def update(
        self,
        instance: Model,
        values: Mapping[str, Any],
        removed: Collection[str],
        additional: Collection[str] = (),
        merged: Collection[str] = (),
        unnamed: Collection[str] = (),
    ) -> Model:
        using = router.db_for_write(self.model, instance=instance)
        with self._refusals(values, using, instance), self._whole(using):
            columns, relations = self._columns(values, instance)
            for attribute, value in (*columns.items(), *self._emptied(self.schema.properties.keys() & removed)):
                setattr(instance, attribute, value)
            instance.save()
            self._relate(instance, relations)
        return instance

    def violations(self, values: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[Violation]:
        for name in values.keys() & self._limits.keys():
            for code, message in self._limits[name](values[name]):
                yield Violation(message, json_pointers.join([*path, name]), "", code)
        for name in values.keys() & self._written_objects.keys():
            binding, value = self._written_objects[name], values[name]
            if isinstance(value, list):
                for index, element in enumerate(value):
                    yield from binding.violations(_members(element), (*path, name, index))
            else:
                yield from binding.violations(_members(value), (*path, name))

    @cached_property
    def _limits(self) -> Mapping[str, ColumnLimits]:
        """For each property with limits on its column: the function that checks the column's values."""
        fields = {name: self._field(name) for name in self.schema.properties if self._nested_schema(name) is None}
        found = {n: column_limits(f) for n, f in fields.items() if isinstance(f, Field) and not f.many_to_many}
        return {name: limits for name, limits in found.items() if limits is not None}

    @cached_property
    def _written_objects(self) -> Mapping[str, ModelBinding]:
        """The bindings of the nested objects that are saved with an instance, by property name."""
        nested = {name: self._nested_schema(name) for name in self.schema.properties.keys() - self.kept}
        return {
            name: bind_model(self._field(name).related_model, schema, self.classes)
            for name, schema in nested.items()
            if schema is not None
        }

    def to_json(self, instance: Model) -> dict[str, Any]:
        found, columns = {}, vars(instance)
        for name, column, kinds, read in self._readers:
            value = columns.get(column)
            if type(value) not in kinds:
                value = read(instance)
                if value is UNSET:
                    continue
            found[name] = value
        return found

    @cached_property
    def _readers(self) -> Sequence[tuple[str, str, frozenset[type], Callable[[Model], Any]]]:
        """For each property: its name and column, the types of the values that need no conversion, and a function.

        The function reads the property of an instance if the value has another type.
        """
        return [(name, *self._reader(prop)) for name, prop in self.schema.properties.items()]

    def _reader(self, prop: Property) -> tuple[str, frozenset[type], Callable[[Model], Any]]:
        schema, field = prop.schema, self._field(prop.name)
        is_field = isinstance(field, Field) and (prop.extensions.field or prop.name) in {field.name, field.attname}
        # Columns are read directly, except if a project has its own descriptor, because that may return another value.
        if not is_field or type(inspect.getattr_static(self.model, field.attname)) is not DeferredAttribute:
            return "", frozenset(), partial(self._read, prop=prop)
        column, copied, to_json = (
            field.attname,
            json_copier(schema, self.classes),
            converter(schema, self.classes).to_json,
        )

        def read(instance: Model) -> Any:
            value = getattr(instance, column)
            if type(value) is datetime:
                found = to_json(value)
                return found if isinstance(found, str) else self._json_of(value, schema)
            found = copied(value)
            return self._json_of(value, schema) if found is OTHER else found

        return column, plain_kinds(schema, self.classes), read

    def _field(self, name: str) -> Any:
        """Returns the model's field for a property; None if the model has no such field."""
        prop = self.schema.properties.get(name)
        target = (prop.extensions.field if prop else None) or name
        try:
            return self.model._meta.pk if target == "pk" else self.model._meta.get_field(target)
        except FieldDoesNotExist:
            return None

    def _nested_schema(self, name: str) -> Schema | None:
        """Returns the schema of a property's nested objects; None if the property has none, or isn't a relation."""
        field = self._field(name)
        if field is None or not field.is_relation:
            return None
        schema = self.schema.properties[name].schema.resolved
        shown = schema if schema.is_object else schema.items.resolved if schema.items is not None else None
        return shown if shown is not None and shown.is_object else None

    def _columns(
        self, values: Mapping[str, Any], instance: Model | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the values for the instance's columns and for its many-to-many relations, by attribute name.

        This method also saves the nested objects that are stored with the instance.
        """
        columns: dict[str, Any] = {}
        relations: dict[str, Any] = {}
        for name, value in values.items():
            if name in self._plain_columns:
                attribute, held = self._plain_columns[name]
                columns[attribute] = held(value)
                continue
            field = self._field(name)
            if field is None or name in self.kept - self.keys:
                continue  # there is no field (the checks report this), or the nested object is read-only
            nested = self._nested_schema(name)
            if field.many_to_many:  # from Django 6.1 on, such a field isn't concrete
                relations[field.name] = (
                    value
                    if nested is None
                    else [self._saved(nested, field, v, path=(name, n)) for n, v in enumerate(value or ())]
                )
            elif not getattr(field, "concrete", False):
                continue
            elif nested is not None and value is not None and not isinstance(value, Model):
                present = getattr(instance, field.name, None) if instance is not None else None
                columns[field.name] = self._saved(nested, field, value, present, (name,))
            elif isinstance(field, ForeignKey):
                columns[field.name if isinstance(value, Model) else field.attname] = value
            else:
                columns[field.attname] = held_by(field)(value)
        return columns, relations

    @cached_property
    def _plain_columns(self) -> Mapping[str, tuple[str, Callable[[Any], Any]]]:
        """For each property with a plain column: the column's attribute, and the function that returns its value."""
        fields = {name: self._field(name) for name in self.schema.properties}
        return {
            name: (field.attname, held_by(field))
            for name, field in fields.items()
            if isinstance(field, Field) and field.concrete and not (field.is_relation or field.many_to_many)
        }

    def _emptied(self, removed: Collection[str]) -> Iterator[tuple[str, Any]]:
        for name in removed:
            field = self._field(name)
            if isinstance(field, Field) and field.concrete and not field.many_to_many and not field.primary_key:
                empty = field.get_default()
                if empty is not None or field.null:
                    yield field.attname, empty

    def _saved(
        self, schema: Schema, field: Any, value: Any, present: Model | None = None, path: tuple[str | int, ...] = ()
    ) -> Model:
        """Saves the related object that ``value`` describes, and returns it.

        If ``value`` has a key, updates the object with this key. If ``value`` has no key, updates ``present``. If there
        is no such object, creates one.
        """
        related: type[Model] = field.related_model
        binding = bind_model(related, schema, self.classes)
        given = {name: value[name] for name in value}
        if binding.keys and binding.keys <= given.keys():
            (key,) = (given[name] for name in binding.keys)
            present = related._default_manager.filter(pk=key).first()
        try:
            if present is None:
                return binding.create(given)
            writable = {name for name, prop in schema.properties.items() if not prop.read_only} - binding.kept
            changed = {name: given[name] for name in given.keys() & writable}
            return binding.update(present, changed, sorted(writable - given.keys()))
        except ValidationFailed as failure:
            found = [replace(each, pointer=json_pointers.join(path) + each.pointer) for each in failure.violations]
            raise ValidationFailed(violations=found) from failure

    def _whole(self, using: str) -> AbstractContextManager[Any]:
        """Returns the context in which an instance is saved: a transaction, or a savepoint inside a transaction.

        If Django saves the instance with one statement, the context does nothing.
        """
        is_listened_to = any(signal.has_listeners(self.model) for signal in (pre_save, post_save, m2m_changed))
        is_alone = self._is_saved_at_once and not is_listened_to and not connections[using].in_atomic_block
        return nullcontext() if is_alone else transaction.atomic(using=using)

    @cached_property
    def _is_saved_at_once(self) -> bool:
        model: Any = self.model
        fields = [self._field(name) for name in self.schema.properties]
        plain = model.save is Model.save and model.save_base is Model.save_base and not model._meta.parents
        plain = plain and type(model._default_manager) is Manager
        return plain and not any(field is not None and (field.is_relation or field.many_to_many) for field in fields)

    @staticmethod
    def _relate(instance: Model, relations: Mapping[str, Any]) -> None:
        for name, keys in relations.items():
            getattr(instance, name).set(keys or ())

    @contextmanager
    def _refusals(self, values: Mapping[str, Any], using: str, instance: Model | None = None) -> Iterator[None]:
        """Raises this package's exceptions instead of the ORM's.

        If a value must be unique and another row has it, raises ItemExists (409), with the value in the message. If a
        related instance or a needed value is missing, raises ValidationFailed (400). If the database can't hold a
        value, raises UnstorableValue (400), as with DynamoDB.
        """
        own_key = instance.pk if instance is not None else None
        if connections[using].in_atomic_block:
            # Inside a transaction, for example of ATOMIC_REQUESTS, the database checks foreign keys only at the commit.
            self._refuse(self._missing(values))
        try:
            yield
        except ItemExists:
            raise
        except IntegrityError as error:
            self._refuse(self._missing(values), error)
            if instance is None:
                self._refuse(self._needed(values), error)
            raise self._conflict(values, own_key) from error
        except (DataError, OverflowError, InvalidOperation) as error:  # from the database, SQLite's driver and Django
            # The database's message may quote the client's data, or name columns.
            raise UnstorableValue(
                f"The database can't hold a value of this {self._kind}: it is too long or too large for its column, "
                "or has characters that the database doesn't accept."
            ) from error

    @staticmethod
    def _refuse(violations: Iterator[Violation], error: Exception | None = None) -> None:
        found = tuple(violations)
        if found:
            raise ValidationFailed(violations=found) from error

    def _needed(self, values: Mapping[str, Any]) -> Iterator[Violation]:
        """Yields a violation for each missing property if its column needs a value."""
        for name in self.schema.properties:
            field = self._field(name)
            if isinstance(field, Field) and field.concrete and values.get(name) is None and needs_value(field):
                message = f"is needed to create a {self._kind}"
                yield Violation(message, json_pointers.join([name]), "", "required")

    @property
    def _kind(self) -> str:
        return str(self.schema.name or self.model._meta.object_name)

    def _conflict(self, values: Mapping[str, Any], own_key: Any) -> ItemExists:
        for name, value in values.items():
            field = self._field(name)
            if isinstance(field, Field) and value is not None and field.concrete and field.unique:
                others = self.model._base_manager.filter(**{field.attname: held_by(field)(value)}).exclude(pk=own_key)
                if others.exists():
                    shown = _quoted(self._json_of(value, self.schema.properties[name].schema))
                    return ItemExists.of(self._kind, f"{name} {shown}")
        return ItemExists(f"The {self._kind} conflicts with an existing row.")

    def _missing(self, values: Mapping[str, Any]) -> Iterator[Violation]:
        """Yields a violation for each foreign key in ``values`` if the related instance doesn't exist."""
        for name, value in values.items():
            field = self._field(name)
            if value is None or self._nested_schema(name) is not None:
                continue
            if isinstance(field, ForeignKey):
                keys, target = {value.pk if isinstance(value, Model) else value}, field.target_field.attname
            elif isinstance(field, ManyToManyField):
                keys, target = set(value), "pk"
            else:
                continue
            related: type[Model] = field.related_model
            there = related._base_manager.filter(**{f"{target}__in": keys}).values_list(target, flat=True)
            given = list(value) if isinstance(field, ManyToManyField) else None
            for key in sorted(keys - set(there), key=str):
                message = f"There is no {related._meta.object_name} with {name} {_quoted(json_value(key))}."
                pointer = json_pointers.join([name] if given is None else [name, str(given.index(key))])
                yield Violation(message, pointer, "", "does_not_exist")

    def _read(self, instance: Model, prop: Property) -> Any:
        target = prop.extensions.field or prop.name
        field = self._field(prop.name)
        if isinstance(field, ForeignKey) and self._nested_schema(prop.name) is None:
            target = field.attname  # the foreign key, so that the related row isn't fetched
        owner: Any = instance
        try:
            for step in target.split(LOOKUP_SEP) if LOOKUP_SEP in target.strip("_") else (target,):
                owner = getattr(owner, step, UNSET) if owner is not None else None
        except ObjectDoesNotExist:
            owner = None
        return self._json_of(owner, prop.schema)

    def _json_of(self, value: Any, schema: Schema) -> Any:
        if value is UNSET or value is None:
            return None if value is None and schema.nullable else UNSET
        if callable(getattr(value, "all", None)):  # a related manager
            value = list(value.all())
        if isinstance(value, list) and schema.items is not None:
            return [self._json_of(element, schema.items) for element in value]
        if isinstance(value, Model) and not hasattr(value, "to_json"):
            if schema.is_object:
                return bind_model(type(value), schema, self.classes).to_json(value)
            value = value.pk
        conversion = converter(schema, self.classes)
        found = conversion.to_json(conversion.to_python(value))
        return str(found) if found is not None and schema.types == ("string",) and not isinstance(found, str) else found


def needs_value(field: Field[Any, Any]) -> bool:
    """Returns whether a new row needs a value for ``field``, because neither Django nor the database supplies one."""
    is_given = field.null or field.has_default() or field.has_db_default() or getattr(field, "auto_now", False)
    is_given = is_given or getattr(field, "auto_now_add", False) or isinstance(field, AutoFieldMixin)
    return not is_given and field.get_default() is None


def _members(value: Any) -> Mapping[str, Any]:
    """Returns the properties to save in a nested object: none if ``value`` is null or a model instance."""
    return {name: value[name] for name in value} if value is not None and not isinstance(value, Model) else {}


def _quoted(json: Any) -> str:
    return repr(json) if isinstance(json, str) else str(json)
