"""Binds a schema's properties to a model: the interface of all bindings, and the binding to rows (``x-persist``).

A binding creates, changes and reads instances by property names. It reads and sets a row's properties by item access
(``row["name"]``), as with every API object.
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
        """Names of the properties that identify an instance: an update doesn't change them."""
        raise NotImplementedError

    @property
    def kept(self) -> frozenset[str]:
        """Names of the properties that an update leaves unchanged: keys, and the version that the store counts."""
        return self.keys

    @property
    def keeps_additional(self) -> bool:
        """Whether the model can store properties that the schema allows without naming them."""
        return False

    def create(self, values: Mapping[str, Any], additional: Collection[str] = ()) -> Model:
        """Stores a new instance; raises ``ItemExists`` if its key is taken.

        ``additional`` are names that a client chose and the schema doesn't have: they are stored as properties and
        never set as attributes. There are none if :attr:`keeps_additional` is false.
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
        """Sets ``values``, unsets the properties in ``removed``, and saves; ``additional`` is as in :meth:`create`.

        ``merged`` are the properties whose new value keeps parts of the old one. ``unnamed`` are those that the request
        doesn't have: they are written only if they have changed.
        """
        raise NotImplementedError

    def violations(self, values: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[Violation]:
        """Yields a violation for each value that only the model refuses; pointers begin with ``path``."""
        return iter(())

    def to_json(self, instance: Model) -> dict[str, Any]:
        """Returns the instance's properties as JSON, including writeOnly ones, without unset ones."""
        raise NotImplementedError


class RowBinding(ModelBinding):
    """The binding to rows. Rows have a field for every property, and item access by property name."""

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
        own = {name: value for name, value in values.items() if name not in additional}
        if own.keys() <= model._spec.properties.keys():
            row: Model = model.of_values(own)
        else:  # save(**values) also named attributes of the row that aren't properties
            names = model._spec.field_names
            row = model(**{names.get(name, name): value for name, value in own.items()})
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
        """Returns whether the rows have a property that this schema leaves out."""
        return name not in self.schema.properties and name in self.model._spec.properties

    def to_json(self, instance: Model) -> dict[str, Any]:
        return dict(cast("Any", instance).to_json())
