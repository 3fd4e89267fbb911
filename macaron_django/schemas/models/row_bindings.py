"""Binds a schema's properties to a model: the interface of all bindings, and the binding to row models (``x-persist``).

A binding creates, changes and reads instances by property names. Rows are API objects, so their properties are read and
set by item access (``row["name"]``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Any, cast

from django.db.models import Model

from macaron_django.openapi import Schema
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.classes import Classes

__all__ = ["ModelBinding", "RowBinding"]


class ModelBinding:
    """The interface of bindings. ``values`` are Python values by property name."""

    model: type[Any]
    schema: Schema
    classes: Classes

    def __init__(self, model: type[Model], schema: Schema, classes: Classes) -> None:
        self.model, self.schema, self.classes = model, schema.resolved, classes

    @property
    def keys(self) -> frozenset[str]:
        """The names of the properties that identify an instance. An update doesn't change them."""
        raise NotImplementedError

    @property
    def kept(self) -> frozenset[str]:
        """The names of the properties that an update doesn't set: for example, keys, and a version that the store
        increments.
        """
        return self.keys

    @property
    def keeps_additional(self) -> bool:
        """Whether the model can store additional properties, which the schema allows but doesn't name."""
        return False

    def create(self, values: Mapping[str, Any], additional: Collection[str] = ()) -> Model:
        """Stores a new instance. Raises ``ItemExists`` if its key is taken.

        ``additional`` are the names of additional properties, which the client chose. These properties are never set as
        attributes. If :attr:`keeps_additional` is false, ``additional`` is empty.
        """
        raise NotImplementedError

    def update(
        self,
        instance: Model,
        values: Mapping[str, Any],
        removed: Collection[str],
        additional: Collection[str] = (),
        merged: Collection[str] = (),
        unnamed: Collection[str] = (),
    ) -> Model:
        """Sets ``values``, unsets the properties in ``removed``, and saves the instance.

        ``additional`` has the same meaning as in :meth:`create`. ``merged`` has the names of the properties whose
        new value contains parts of the old value. ``unnamed`` has the names of the properties that the request doesn't
        contain. An unnamed property is written only if its value has changed.
        """
        raise NotImplementedError

    def violations(self, values: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[Violation]:
        """Yields a violation for each value that the model refuses, even if the schema allows the value.

        Pointers begin with ``path``.
        """
        return iter(())

    def to_json(self, instance: Model) -> dict[str, Any]:
        """Returns the instance's properties as JSON. Includes writeOnly properties, but leaves out unset properties."""
        raise NotImplementedError


class RowBinding(ModelBinding):
    """The binding to row models. A row model has a field for every property, and its rows support ``row["name"]``."""

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(cast("Any", self.model)._key_names)

    @cached_property
    def kept(self) -> frozenset[str]:
        version = cast("Any", self.model._default_manager).persistence.options.version
        return self.keys | {version} if version else self.keys

    @property
    def keeps_additional(self) -> bool:
        return True

    def create(self, values: Mapping[str, Any], additional: Collection[str] = ()) -> Model:
        model = cast("Any", self.model)
        own = {name: value for name, value in values.items() if name not in additional} if additional else values
        if own.keys() <= model._spec.properties.keys():
            row: Model = model.of_values(own)
        else:  # save(**values) may also contain attributes of the row that aren't properties
            names = model._spec.field_names
            row = model(**{names.get(name, name): value for name, value in own.items()})
        if additional:
            self._set_additional(row, values, additional)
        row.save(force_insert=True)
        return row

    def update(
        self,
        instance: Model,
        values: Mapping[str, Any],
        removed: Collection[str],
        additional: Collection[str] = (),
        merged: Collection[str] = (),
        unnamed: Collection[str] = (),
    ) -> Model:
        item = cast("Any", instance)
        for name, value in values.items():
            if name in item._spec.properties and name not in additional:
                item[name] = value
            elif name not in additional:
                setattr(instance, name, value)
        self._set_additional(instance, values, additional)
        for name in removed:
            if name in item and not self._is_hidden(name):
                del item[name]
        cast("Any", self.model._default_manager).persistence.rewrite(
            instance, {*values, *removed}.difference(unnamed), merged
        )
        instance.save()
        return instance

    def _set_additional(self, row: Any, values: Mapping[str, Any], additional: Collection[str]) -> None:
        for name, value in values.items():
            if name in additional and not self._is_hidden(name):
                row[name] = value

    def _is_hidden(self, name: str) -> bool:
        """Returns whether the rows' own schema has a property that the binding's schema lacks."""
        return name not in self.schema.properties and name in self.model._spec.properties

    def to_json(self, instance: Model) -> dict[str, Any]:
        return dict(cast("Any", instance).to_json())
