"""Builds the row model of an object schema with ``x-persist``: an unmanaged Django model.

Django's admin, forms, signals and permissions work with it as with any model. The manager's ``persistence`` stores the
rows: ``save()``, ``delete()`` and ``refresh_from_db()`` call it. Rows are validated against the
schema: for forms in ``full_clean()``, and for all other callers in ``save()``.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.checks import CheckMessage
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, router
from django.db.models.base import ModelBase, ModelState
from django.db.models.expressions import BaseExpression
from django.db.models.signals import post_delete, post_init, post_save, pre_delete, pre_init, pre_save
from django.utils.text import camel_case_to_spaces
from inflection import pluralize

from macaron_django.exceptions import UnsupportedQuery, ValidationFailed
from macaron_django.openapi import Schema, json_pointers
from macaron_django.overrides import overrides
from macaron_django.schemas.models.item_keys import keys_from_pk, pk_for
from macaron_django.schemas.models.model_fields import ItemKeyField, field_of
from macaron_django.schemas.validation.json_instances import too_deep
from macaron_django.schemas.validation.validators import Violation, validator_for
from macaron_django.schemas.values.api_objects import APIObject, ObjectSpec, parent_of
from macaron_django.schemas.values.classes import Classes, class_name
from macaron_django.schemas.values.conversions import UNSET, json_value
from macaron_django.schemas.values.generated_values import generated_values
from macaron_django.schemas.values.request_violations import new_violations

if TYPE_CHECKING:
    from typing_extensions import Self

    from macaron_django.openapi import Document

    _Model = models.Model

else:
    _Model = object  # this module is imported before Django's app registry is ready for a model class

__all__ = ["Row", "build_model", "model_names"]


class Row(APIObject, _Model):
    """The base class of row models. A row model also inherits Django's ``Model``."""

    #: The names of the key properties: (hash key,) or (hash key, range key).
    _key_names: ClassVar[tuple[str, ...]]

    def __init__(self, /, *args: Any, **values: Any) -> None:
        """Creates a row. ``values`` maps names of fields or properties to values.

        Properties without a value get the schema's defaults.
        """
        spec = self._spec
        known = {spec.field_names.get(name, name): value for name, value in values.items()}
        additional = {name: known.pop(name) for name in values if name in known and self._is_additional(name)}
        super().__init__(*args, **known)
        self._state.item = None  # type: ignore[attr-defined]  # the attribute map last read or written
        for name, value in additional.items():
            self[name] = value

    @classmethod
    def _is_additional(cls, name: str) -> bool:
        spec = cls._spec
        return spec.is_open and not (name in spec.property_names or name in spec.properties or hasattr(cls, name))

    @classmethod
    def from_json(
        cls, json: Mapping[str, Any], prune_none: bool | None = None, keep_datetime: bool | None = None
    ) -> Self:
        """Returns a new row from its JSON form, without defaults. It is validated when it is saved."""
        return cls._from_properties(cls._readable(json, prune_none, check=False))

    @classmethod
    def _from_properties(cls, properties: Mapping[str, Any]) -> Self:
        names = cls._spec.property_names
        made = cls(*(properties.get(names.get(f.attname, ""), UNSET) for f in cls._meta.concrete_fields))
        for name, value in properties.items():
            if name not in cls._spec.properties:
                made[name] = value
        return made

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> Self:
        """Returns a new row. ``values`` maps names of properties to Python values.

        Properties without a value get the schema's defaults.
        """
        names = cls._spec.field_names
        if not cls._is_made_plainly():
            return cls(**{names[name]: value for name, value in values.items()})
        row = cls.__new__(cls)
        row._state = ModelState()
        row._state.item = None  # type: ignore[attr-defined]  # as in __init__
        fields = row.__dict__
        for name, field, default in cls._spec.field_defaults:
            fields[field] = values[name] if name in values else default()
        return row

    @classmethod
    def _is_made_plainly(cls) -> bool:
        """Returns whether a row can be created without the project's code, such as methods and signal receivers."""
        return (
            not overrides(cls, ("__init__", "__new__", "__setattr__", "__setitem__"), Row)
            and cls._store is Row._store
            and not (pre_init.receivers and pre_init.has_listeners(cls))
            and not (post_init.receivers and post_init.has_listeners(cls))
        )

    def __str__(self) -> str:
        keys = [json_value(self[name]) for name in self._key_names if name in self]
        return " / ".join(map(str, keys)) or super().__str__()

    def __copy__(self) -> Self:
        return self._copied(dict(self.__dict__))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        kept = {name: value for name, value in self.__dict__.items() if name != "_state"}
        return self._copied({"_state": self._state, **copy.deepcopy(kept, memo)})

    def _copied(self, values: dict[str, Any]) -> Self:
        made = type(self).__new__(type(self))
        made.__dict__.update(values)
        made._state = copy.copy(self._state)
        made._state.fields_cache = {}
        if "_additional_properties" in values:
            made.__dict__["_additional_properties"] = dict(values["_additional_properties"])
        return made

    @property
    def _stored_version(self) -> str | None:
        """The version of the item at the last read or write; None if there was no item, or items have no versions."""
        item = self._state.item  # type: ignore[attr-defined]
        return type(self).objects.persistence.version_of(item) if item else None  # type: ignore[attr-defined]

    def get_deferred_fields(self) -> set[str]:
        return set()  # an unset property isn't a deferred field

    # Validity

    def to_json(self, *options: Any, **named: Any) -> dict[str, Any]:
        """Returns the row as JSON, without unset properties. Raises ``ValidationFailed`` if a value contains itself.

        The options are described in :meth:`APIObject.to_json`.
        """
        try:
            return super().to_json(*options, **named)
        except RecursionError:
            pass
        name = ""
        try:
            for name in self:
                self._spec.conversion(name).to_json(self[name])
        except RecursionError:
            raise ValidationFailed(violations=[too_deep(name)]) from None
        return super().to_json(*options, **named)

    def _violations(self, json: Mapping[str, Any]) -> list[Violation]:
        validator = validator_for(self._spec.schema)
        return [] if validator.is_valid(json) else list(validator.iter_errors(json))

    def _check(self) -> Mapping[str, Any]:
        """Returns the row's JSON.

        Raises ``ValidationFailed`` if the row violates its schema. Ignores violations that the stored item already had.
        """
        json = self.to_json()
        violations = self._violations(json)
        if violations:
            self.refuse_expressions()
        item = self._state.item  # type: ignore[attr-defined]
        if violations and item:
            stored = type(self).objects.persistence.decode(item)  # type: ignore[attr-defined]
            violations = new_violations(self._spec.schema, None, stored.to_json(), json)
        if violations:
            raise ValidationFailed(violations=violations)
        return json

    def refuse_expressions(self) -> None:
        """Raises ``UnsupportedQuery`` if a property is an ``F()``, which only a query set's ``update()`` computes."""
        for name, field in self._spec.field_names.items():
            value = self.__dict__.get(field)
            if isinstance(value, models.F | BaseExpression):
                raise UnsupportedQuery(
                    f"{name} is the expression {value}, but a saved row can contain only values. Use "
                    f"{type(self).__name__}.objects.filter(pk=…).update({field}=…): DynamoDB then computes the value."
                )

    def _generated(self, *, creating: bool) -> dict[str, Any]:
        return generated_values(self._spec.schema, self, creating, keys=self._key_names)

    def full_clean(
        self, exclude: Iterable[str] | None = None, validate_unique: bool = True, validate_constraints: bool = True
    ) -> None:
        """Raises Django's ``ValidationError``, with the errors of each field, if the row violates its schema or if
        ``clean()`` fails.
        """
        excluded = set(exclude or ())
        errors: dict[str, Any] = {}
        json = {**self.to_json(), **(self._generated(creating=True) if self._state.adding else {})}
        for violation in validator_for(self._spec.schema).iter_errors(json):
            field, message = self._field_and_message(violation)
            if field not in excluded:
                errors.setdefault(field, []).append(message)
        try:
            self.clean()
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if validate_unique and not errors:
            try:
                self.validate_unique(exclude=excluded)
            except ValidationError as error:
                errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def _field_and_message(self, violation: Violation) -> tuple[str, str]:
        first, _, rest = violation.pointer.removeprefix("/").partition("/")
        name = json_pointers.unescape(first)
        field = self._spec.field_names.get(name)
        if field is None:
            return NON_FIELD_ERRORS, f"{violation.pointer}: {violation.message}" if name else violation.message
        return field, f"/{rest}: {violation.message}" if rest else violation.message

    # Storage

    def save(
        self,
        *,
        force_insert: bool | tuple[Any, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Sets generated values, validates and stores the row, and sends Django's signals.

        In a transaction, ``post_save`` is sent after the commit.

        ``update_fields`` contains names of fields or properties. Keys can't be updated. If the row is invalid, raises
        ``ValidationFailed`` before anything is written. If the key of a new row is taken, raises ``ItemExists``. A
        stored item can have an invalid value, from another program or an older schema. Such a value is accepted until
        it is changed.
        """
        if force_insert and (force_update or update_fields):
            raise ValueError("Cannot force both insert and updating in model saving.")  # Django's message
        fields = None if update_fields is None else frozenset(update_fields)
        if fields is not None:
            if not fields:
                return
            self._check_updatable(fields)
        creating = self._state.adding and not force_update
        generated = self._generated(creating=creating)
        for name, value in generated.items():
            self[name] = value
        if fields is not None:
            fields |= {self._spec.field_names[name] for name in generated}
        using = using or router.db_for_write(type(self), instance=self)
        signal = {"sender": type(self), "instance": self, "raw": False, "using": using, "update_fields": fields}
        pre_save.send(**signal)
        json = self._check()
        persistence = type(self).objects.persistence  # type: ignore[attr-defined]
        created = persistence.save_row(
            self, force_insert=bool(force_insert), force_update=force_update, update_fields=fields, json=json
        )
        self._state.adding = False
        self._state.db = using
        persistence.on_commit(partial(post_save.send, created=created, **signal))

    save.alters_data = True  # type: ignore[attr-defined]

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: bool | tuple[Any, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> bool:
        """Stores the row. ``loaddata`` calls this through ``save_base()``. Returns whether the row replaced an item.

        In a fixture, null may mean unset, because Django's serializers write null for unset properties. So if the
        schema doesn't allow null, the property is unset.
        """
        for name, prop in self._spec.properties.items():
            if raw and name in self and self[name] is None and not prop.schema.nullable:
                del self[name]
        self._check()
        persistence = type(self).objects.persistence  # type: ignore[attr-defined]
        stored = None if force_insert else persistence.get_item(persistence.key_of(self), consistent=True)
        if raw and stored is not None:  # a fixture replaces the item, whatever its version
            self._state.item, self._state.adding = stored, False  # type: ignore[attr-defined]
        persistence.save_row(
            self, force_insert=bool(force_insert), force_update=force_update, update_fields=update_fields
        )
        return stored is not None

    def _check_updatable(self, fields: frozenset[str]) -> None:
        names = self._spec.field_names
        keys = {*self._key_names, *(names[key] for key in self._key_names)}
        refused = fields - ({*names, *names.values()} - keys)
        if refused:  # the same message as Django's
            raise ValueError(
                "The following fields do not exist in this model, are m2m fields, primary keys, or are non-concrete "
                f"fields: {', '.join(sorted(refused))}"
            )

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Deletes the item and sends Django's signals. In a transaction, ``post_delete`` is sent after the commit.

        Like Django's method, it returns the number of deleted rows: (1, {label: 1}).
        """
        if self.pk is None:
            raise ValueError(f"{self._meta.object_name} object can't be deleted because its key is not set.")
        using = using or router.db_for_write(type(self), instance=self)
        signal = {"sender": type(self), "instance": self, "using": using, "origin": self}
        pre_delete.send(**signal)
        persistence = type(self).objects.persistence  # type: ignore[attr-defined]
        persistence.delete_row(self)
        persistence.on_commit(partial(post_delete.send, **signal))
        return 1, {self._meta.label: 1}

    delete.alters_data = True  # type: ignore[attr-defined]

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Reads the item again. If ``fields`` is given, updates only these fields."""
        type(self).objects.persistence.refresh_row(self, fields)  # type: ignore[attr-defined]

    # Django's checks for SQL databases, disabled

    @classmethod
    def _check_id_field(cls) -> list[CheckMessage]:
        return []  # a property "id" may be an ordinary property

    @classmethod
    def _check_long_column_names(cls, databases: Any) -> list[CheckMessage]:
        return []


def build_model(
    schema: Schema,
    *,
    api: str,
    label: str,
    classes: Classes,
    manager: models.Manager[Any],
    hash_key: str,
    range_key: str | None = None,
    bases: tuple[type, ...] = (),
    module: str,
) -> type[models.Model]:
    """Returns a new row model for a schema, registered with Django's apps under ``label``.

    The model inherits ``bases`` first, then the class that ``x-parent`` names. Raises ``KeyError`` if a key isn't a
    property of the schema. Call this function while Django's apps load models, or later.
    """
    spec = ObjectSpec(api, schema.resolved, classes)
    keys = (hash_key,) if range_key is None else (hash_key, range_key)
    for key in keys:
        if key not in spec.properties:
            raise KeyError(f"{schema.location}: the key {key!r} is not a property of {schema.name}")
    attributes: dict[str, Any] = {
        "__module__": module,
        "__doc__": schema.description or schema.title or f"A {schema.name} of the API {api}.",
        "__persistence_class__": schema.extensions.persist and schema.extensions.persist.class_path,
        "objects": manager,
        "_spec": spec,
        "_key_names": keys,
    }
    for name, field in spec.field_names.items():
        attributes[field] = field_of(spec.properties[name], primary_key=keys == (name,))
    if range_key is not None:
        attributes[_item_key_name(spec)] = _item_key_field(hash_key, range_key)
    parent = parent_of(schema)
    parents = (*bases, *((parent,) if parent is not None and parent not in bases else ()), Row, models.Model)
    if not classes.model_names:  # computed together, because each name depends on the names before it
        classes.model_names.update(model_names(classes.document))
    name = classes.model_names[schema.name or ""]
    made: Any = ModelBase(name, parents, {**attributes, "Meta": _meta(schema, label, name)})
    return cast("type[models.Model]", made)


def model_names(document: Document) -> dict[str, str]:
    """Returns the model name of each component, by the component's name.

    No two names differ only in case, because content types and permissions use the names in lower case. No name begins
    or ends with an underscore, or has two underscores in a row.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for component in document.schemas:
        plain = re.sub("_+", "_", class_name(document.schemas[component], component)).strip("_") or "Schema"
        name, number = plain, 1
        while name.lower() in taken:
            number += 1
            name = f"{plain}{number}"
        taken.add(name.lower())
        names[component] = name
    return names


def _meta(schema: Schema, label: str, name: str) -> type:
    singular = schema.title or camel_case_to_spaces(name)
    options: dict[str, Any] = {
        "managed": False,
        "app_label": label,
        "base_manager_name": "objects",
        "verbose_name": singular,
        "verbose_name_plural": pluralize(singular),  # Django's would be "entitys"
    }
    return type("Meta", (), options)


def _item_key_name(spec: ObjectSpec) -> str:
    """Returns ``item_key``, or the next free name if a property has this name."""
    taken = set(spec.property_names)
    names = ["item_key", *(f"item_key_{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _item_key_field(hash_key: str, range_key: str) -> ItemKeyField:
    def compose(row: APIObject) -> str | None:
        is_set = hash_key in row and range_key in row
        return pk_for(row[hash_key], row[range_key]) if is_set else None

    def decompose(row: APIObject, pk: str | None) -> None:
        row[hash_key], row[range_key] = (UNSET, UNSET) if pk is None else keys_from_pk(pk)

    field = ItemKeyField("key", primary_key=True, editable=False)
    field.compose, field.decompose = compose, decompose
    return field
