"""What every binding of a schema to a model does, and the binding to rows (``x-persist``).

In: a schema and a model. Out: a binding that creates, changes and reads instances by property names. A row is
addressed by item access, as every API object is. Apart from ``model_bindings``, whose models of the ORM have fields,
relations and transactions instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Model

from macaron_django.spec import Schema

if TYPE_CHECKING:
    from macaron_django.schemas.classes import Classes

__all__ = ["ModelBinding", "RowBinding"]


class ModelBinding:
    """What both kinds of model do. ``values`` are Python values by property name."""

    def __init__(self, model: type[Model], schema: Schema, classes: Classes) -> None:
        self.model, self.schema, self.classes = model, schema.resolved, classes

    @property
    def keys(self) -> frozenset[str]:
        """Names of the properties that identify an instance: an update doesn't change them."""
        raise NotImplementedError

    @property
    def kept(self) -> frozenset[str]:
        """Names of the properties that an update leaves alone: keys, and what the store itself counts."""
        return self.keys

    @property
    def keeps_additional(self) -> bool:
        """Whether properties that the schema allows without naming them have a place."""
        return False

    def create(self, values: Mapping[str, Any], additional: Collection[str] = ()) -> Model:
        """Store a new instance; ``ItemExists`` if its key is taken.

        ``additional`` are the names that a client chose: not the schema's, so they never mean an attribute. There
        are none where :attr:`keeps_additional` says no.
        """
        raise NotImplementedError

    def update(
        self, instance: Model, values: Mapping[str, Any], removed: Collection[str], additional: Collection[str] = ()
    ) -> Model:
        """Set ``values``, unset the properties in ``removed``, and save; ``additional`` as in :meth:`create`."""
        raise NotImplementedError

    def to_json(self, instance: Model) -> dict[str, Any]:
        """The instance's properties as JSON, writeOnly ones among them; unset ones are left out."""
        raise NotImplementedError


class RowBinding(ModelBinding):
    """Rows: a field for every property, and item access by property name."""

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
        names = self.model._spec.field_names  # type: ignore[attr-defined]
        own = {names.get(name, name): value for name, value in values.items() if name not in additional}
        row = self.model(**own)
        self._set_additional(row, values, additional)
        row.save(force_insert=True)
        return row

    def update(
        self, instance: Model, values: Mapping[str, Any], removed: Collection[str], additional: Collection[str] = ()
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
        instance.save()
        return instance

    def _set_additional(self, row: Any, values: Mapping[str, Any], additional: Collection[str]) -> None:
        for name, value in values.items():
            if name in additional and not self._is_hidden(name):
                row[name] = value

    def _is_hidden(self, name: str) -> bool:
        """Whether the rows have a property that this schema, a part of theirs, leaves out."""
        return name not in self.schema.properties and name in self.model._spec.properties  # type: ignore[attr-defined]

    def to_json(self, instance: Model) -> dict[str, Any]:
        return dict(cast("Any", instance).to_json())
