"""Properties of a schema ↔ fields of a Django model, whichever store is behind the model's manager.

In: a schema and a model. Out: a binding that creates, changes and reads instances by property names: a model of the
ORM (``x-model``) by field names, the property's own or what ``x-field`` says; a row as ``row_bindings`` does. Apart
from ``serializers`` because it knows models and nothing of requests.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import DataError, IntegrityError, connections, router, transaction
from django.db.models import DecimalField, DurationField, Field, ForeignKey, JSONField, Manager, ManyToManyField, Model
from django.db.models.constants import LOOKUP_SEP
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import m2m_changed, post_save, pre_save

from macaron_django.exceptions import ItemExists, UnstorableValue
from macaron_django.schemas.column_json import OTHER, json_copier, plain_kinds
from macaron_django.schemas.conversions import UNSET, converter, json_value
from macaron_django.schemas.row_bindings import ModelBinding, RowBinding
from macaron_django.spec import Property, Schema

if TYPE_CHECKING:
    from macaron_django.schemas.classes import Classes

__all__ = ["PLAIN_COLUMNS", "OrmBinding", "ShownColumn", "bind_model", "model_of"]

#: The descriptors that give a column's value as it is.
PLAIN_COLUMNS = frozenset({DeferredAttribute, ForeignKeyDeferredAttribute})


def model_of(schema: Schema, classes: Classes) -> type[Model] | None:
    """The model that keeps objects of ``schema``: its row class, or what ``x-model`` names; None: it has none."""
    schema = schema.resolved
    row = classes.rows.get(schema.name) if schema.name else None
    if row is not None:
        return cast("type[Model]", row)
    label = schema.extensions.model
    return apps.get_model(label) if label else None


def bind_model(model: type[Model], schema: Schema, classes: Classes) -> ModelBinding:
    """The binding of ``schema`` to ``model``; the schema may know a part of the model's properties only."""
    is_row = hasattr(model, "_spec") and hasattr(model._default_manager, "persistence")
    return RowBinding(model, schema, classes) if is_row else OrmBinding(model, schema, classes)


class ShownColumn(NamedTuple):
    """A property that shows a column: values of ``kinds`` as they are, others as ``json`` says, or not (UNSET)."""

    name: str
    attribute: str
    kinds: frozenset[type]
    json: Callable[[Any], Any]


class OrmBinding(ModelBinding):
    """Models of the project: fields by name or ``x-field``; a foreign key by ``<name>_id`` or as an object.

    Nested objects are read-only unless ``x-writable`` says otherwise. Then one with a key means the instance that has
    it, or a new one of that key; one without changes the instance that is there already, or makes a new one.
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

    def create(
        self,
        values: Mapping[str, Any],
        additional: Collection[str] = (),
        *,
        insert: Callable[..., Model] | None = None,
    ) -> Model:
        """Store a new instance; ``insert`` does as the manager's ``create()``."""
        insert = insert or self.model._default_manager.create
        using = router.db_for_write(self.model)
        with self._refusals(values, using), self._whole(using):
            columns, relations = self._columns(values)
            instance = insert(**columns)
            self._relate(instance, relations)
        return instance

    def update(
        self,
        instance: Model,
        values: Mapping[str, Any],
        removed: Collection[str],
        additional: Collection[str] = (),
        *,
        save: Callable[[Model], None] | None = None,
    ) -> Model:
        """Change and store an instance; ``save`` does as its ``save()``."""
        save = save or type(instance).save
        using = router.db_for_write(self.model, instance=instance)
        with self._refusals(values, using, instance), self._whole(using):
            columns, relations = self._columns(values, instance)
            for attribute, value in (*columns.items(), *self._emptied(self.schema.properties.keys() & removed)):
                setattr(instance, attribute, value)
            save(instance)
            self._relate(instance, relations)
        return instance

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
        """Of each property its name, a column whose values of some types are its JSON, and what reads any other."""
        return [(name, *self._reader(prop)) for name, prop in self.schema.properties.items()]

    def _reader(self, prop: Property) -> tuple[str, frozenset[type], Callable[[Model], Any]]:
        column = self.column(prop.name)
        if column is None:
            return "", frozenset(), partial(self._read, prop=prop)
        attribute, of_value = column.attribute, column.json
        return attribute, column.kinds, lambda instance: of_value(getattr(instance, attribute))

    def column(self, name: str) -> ShownColumn | None:
        """The column that a property shows; None where an instance has to be asked."""
        prop = self.schema.properties[name]
        target, schema, field = prop.extensions.field or name, prop.schema, self._field(name)
        if not (isinstance(field, Field) and target in {field.name, field.attname}):
            return None
        # A descriptor of the project's own may say something else than the column.
        if type(inspect.getattr_static(self.model, field.attname)) not in PLAIN_COLUMNS:
            return None
        if field.is_relation:
            is_key = isinstance(field, ForeignKey) and self._nested_schema(name) is None
            of_key = partial(self._json_of, schema=schema)
            return ShownColumn(name, field.attname, frozenset(), of_key) if is_key else None
        copied, nothing = json_copier(schema, self.classes), None if schema.nullable else UNSET
        to_json = converter(schema, self.classes).to_json

        def json(value: Any) -> Any:
            if value is None:
                return nothing
            if type(value) is datetime:
                found = to_json(value)
                return found if isinstance(found, str) else self._json_of(value, schema)
            shown = copied(value)
            return self._json_of(value, schema) if shown is OTHER else shown

        return ShownColumn(name, field.attname, plain_kinds(schema, self.classes), json)

    def _field(self, name: str) -> Any:
        """The model's field for a property; None where there is only an attribute, or nothing."""
        prop = self.schema.properties.get(name)
        target = (prop.extensions.field if prop else None) or name
        try:
            return self.model._meta.pk if target == "pk" else self.model._meta.get_field(target)
        except FieldDoesNotExist:
            return None

    def _nested_schema(self, name: str) -> Schema | None:
        """The schema of the related objects that a property shows; None if it shows none, or their keys."""
        field = self._field(name)
        if field is None or not field.is_relation:
            return None
        schema = self.schema.properties[name].schema.resolved
        shown = schema if schema.is_object else schema.items.resolved if schema.items is not None else None
        return shown if shown is not None and shown.is_object else None

    def _columns(
        self, values: Mapping[str, Any], instance: Model | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Split property values into what the row holds and what many-to-many tables hold, by attribute name.

        Related objects that are written along are saved here.
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
                continue  # a property without a field: the checks report it; or a nested object to be read only
            nested = self._nested_schema(name)
            if field.many_to_many:  # not concrete from Django 6.1 on
                relations[field.name] = (
                    value if nested is None else [self._saved(nested, field, v) for v in value or ()]
                )
            elif not getattr(field, "concrete", False):
                continue
            elif nested is not None and value is not None and not isinstance(value, Model):
                present = getattr(instance, field.name, None) if instance is not None else None
                columns[field.name] = self._saved(nested, field, value, present)
            elif isinstance(field, ForeignKey):
                columns[field.name if isinstance(value, Model) else field.attname] = value
            else:
                columns[field.attname] = _held_by(field)(value)
        return columns, relations

    @cached_property
    def _plain_columns(self) -> Mapping[str, tuple[str, Callable[[Any], Any]]]:
        """Of each property that is a column, and no key of another row: its attribute, and what makes the value."""
        fields = {name: self._field(name) for name in self.schema.properties}
        return {
            name: (field.attname, _held_by(field))
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

    def _saved(self, schema: Schema, field: Any, value: Any, present: Model | None = None) -> Model:
        """Save the related object that ``value`` describes; ``present`` is the one that was there."""
        related: type[Model] = field.related_model
        binding = bind_model(related, schema, self.classes)
        given = {name: value[name] for name in value}
        if binding.keys and binding.keys <= given.keys():
            (key,) = (given[name] for name in binding.keys)
            present = related._default_manager.filter(pk=key).first()
        if present is None:
            return binding.create(given)
        writable = {name for name, prop in schema.properties.items() if not prop.read_only} - binding.kept
        changed = {name: given[name] for name in given.keys() & writable}
        return binding.update(present, changed, sorted(writable - given.keys()))

    def _whole(self, using: str) -> AbstractContextManager[Any]:
        """A transaction (or within one, a savepoint), unless a save is one statement of Django's that stands alone."""
        told = any(signal.has_listeners(self.model) for signal in (pre_save, post_save, m2m_changed))
        is_alone = self._is_saved_at_once and not told and not connections[using].in_atomic_block
        return nullcontext() if is_alone else transaction.atomic(using=using)

    @cached_property
    def _is_saved_at_once(self) -> bool:
        model: Any = self.model
        fields = [self._field(name) for name in self.schema.properties]
        plain = (model.save is Model.save and model.save_base is Model.save_base) and not model._meta.parents
        manager = model._default_manager
        plain = plain and type(manager) is Manager
        return plain and not any(field is not None and (field.is_relation or field.many_to_many) for field in fields)

    @staticmethod
    def _relate(instance: Model, relations: Mapping[str, Any]) -> None:
        for name, keys in relations.items():
            getattr(instance, name).set(keys or ())

    @contextmanager
    def _refusals(self, values: Mapping[str, Any], using: str, instance: Model | None = None) -> Iterator[None]:
        """The ORM's IntegrityError as the 409 that a taken key of an item is, naming the value that is taken.

        What the database can't hold is 400, as what DynamoDB can't.
        """
        own_key = instance.pk if instance is not None else None
        if connections[using].in_atomic_block:
            # As under ATOMIC_REQUESTS: the database judges foreign keys at the commit, when the answer is written.
            missing = next(self._missing(values), None)
            if missing is not None:
                raise ItemExists(missing)
        try:
            yield
        except ItemExists:
            raise
        except IntegrityError as error:
            raise self._conflict(self._kind, values, own_key) from error
        except (DataError, OverflowError, InvalidOperation) as error:  # the database's, SQLite's driver's, Django's
            # The database's own words may quote what was sent, or name its columns.
            raise UnstorableValue(
                f"The database can't hold a value of this {self._kind}: it is too long or too large for its column, "
                "or has characters that the database doesn't take."
            ) from error

    @property
    def _kind(self) -> str:
        return str(self.schema.name or self.model._meta.object_name)

    def _conflict(self, kind: str, values: Mapping[str, Any], own_key: Any) -> ItemExists:
        missing = next(self._missing(values), None)
        if missing is not None:
            return ItemExists(missing)
        for name, value in values.items():
            field = self._field(name)
            if isinstance(field, Field) and value is not None and field.concrete and field.unique:
                others = self.model._base_manager.filter(**{field.attname: value}).exclude(pk=own_key)
                if others.exists():
                    return ItemExists.of(kind, f"{name} {self._text(name, value)}")
        return ItemExists(f"The {kind} conflicts with what is already there.")

    def _missing(self, values: Mapping[str, Any]) -> Iterator[str]:
        """A sentence for each key among ``values`` that no related instance has."""
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
            for key in sorted(keys - set(there), key=str):
                yield f"There is no {related._meta.object_name} with {name} {self._key_text(key)}."

    @staticmethod
    def _key_text(key: Any) -> str:
        found = json_value(key)
        return repr(found) if isinstance(found, str) else str(found)

    def _text(self, name: str, value: Any) -> str:
        found = self._json_of(value, self.schema.properties[name].schema)
        return repr(found) if isinstance(found, str) else str(found)

    def _read(self, instance: Model, prop: Property) -> Any:
        target = prop.extensions.field or prop.name
        field = self._field(prop.name)
        if isinstance(field, ForeignKey) and self._nested_schema(prop.name) is None:
            target = field.attname  # the key, without fetching what it leads to
        owner: Any = instance
        try:
            for step in target.split(LOOKUP_SEP) if LOOKUP_SEP in target.strip("_") else (target,):
                owner = getattr(owner, step, UNSET) if owner is not None else None
        except ObjectDoesNotExist:
            owner = None
        return self._json_of(owner, prop.schema)

    def _json_of(self, value: Any, schema: Schema) -> Any:
        if value is UNSET or (value is None and not schema.nullable):
            return UNSET
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


def _held_by(field: Any) -> Callable[[Any], Any]:
    """What makes a field's value of a property's; it raises what ``_refusals`` knows where the column can't hold it."""
    if isinstance(field, DecimalField):
        return partial(_decimal, field)
    if isinstance(field, DurationField):
        return _duration
    return json_value if isinstance(field, JSONField) else _plain


def _decimal(field: DecimalField[Any, Any], value: Any) -> Any:
    """As it is; InvalidOperation for a number of more digits, which SQLite would keep and Django couldn't read."""
    if value is not None:
        field.to_python(value).quantize(Decimal(1).scaleb(-field.decimal_places), context=field.context)
    return value


def _duration(value: Any) -> Any:
    """As it is; a text is a duration of years or months, or of more days than there are."""
    if isinstance(value, str):
        raise UnstorableValue("A duration of years, months or some billion days fits no column.")
    return value


def _plain(value: Any) -> Any:
    """A value of the ORM's: API objects become dictionaries, the rest stays."""
    return value.to_json() if hasattr(value, "to_json") else value
