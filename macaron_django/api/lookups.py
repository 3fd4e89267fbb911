"""Properties of a resource → lookups of its query set, whichever manager is behind it.

In go property names and JSON values, as paths and query parameters give them; out come keyword arguments of
``filter()``. Apart from the views, because rows name their fields by a rule and the ORM by ``x-field``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Field, ForeignKey, Model
from django.db.models.constants import LOOKUP_SEP

from macaron_django.api.key_bindings import Keys
from macaron_django.api.lists import Filter
from macaron_django.schemas import Classes, converter, json_value
from macaron_django.schemas.json_text import JSONTextError, exact_json
from macaron_django.schemas.names import field_names
from macaron_django.spec import Property, Schema

__all__ = ["Store", "Unmatched", "related_model"]


class Unmatched(ValueError):  # noqa: N818 (an answer: nothing can match)
    """The value can't be one of the property's, so nothing can have it."""


class Store:
    """A schema and the model that keeps its objects: how one names and finds the other's."""

    def __init__(self, schema: Schema, model: type[Model], classes: Classes) -> None:
        self.schema, self.model, self.classes = schema.resolved, model, classes
        self._spec = getattr(model, "_spec", None)

    @property
    def is_row(self) -> bool:
        return self._spec is not None

    def keys(self) -> Keys:
        """What names one item. A model's key that no property shows goes by its field's name."""
        if self.is_row:
            options = self.model._default_manager.persistence.options
            return Keys(tuple(filter(None, (options.hash_key, options.range_key))))
        fields = {name: self.field(name) for name in self.schema.properties}
        primary = [name for name, field in fields.items() if field is not None and field.primary_key]
        unique = [n for n, f in fields.items() if f is not None and f.unique and not f.null and not f.primary_key]
        return Keys((primary[0] if primary else self.model._meta.pk.name,), tuple(unique))

    def version(self, instance: Any) -> Any:
        """The stored version of an item; None where its schema names none. An item older than that has version 0."""
        name = self.model._default_manager.persistence.options.version if self.is_row else None
        if name is None:
            return None
        stored = getattr(instance._state, "item", None) or {}
        return next(iter(stored.get(name, {}).values()), "0")

    def field(self, name: str) -> Field[Any, Any] | None:
        """The concrete field of a property of an ORM model."""
        prop = self.schema.properties.get(name)
        target = (prop.extensions.field if prop is not None else None) or name
        meta = self.model._meta
        # author_id is the column of author, which is the field
        named = (f for f in meta.concrete_fields if target in {f.name, f.attname} or (target == "pk" and f is meta.pk))
        return next(named, None)

    def lookup(self, path: Iterable[str]) -> str:
        """The name under which a query set looks a property up; ``path`` leads into nested objects."""
        first, *nested = path
        prop = self.schema.properties.get(first)
        if self._spec is None:
            name = (prop.extensions.field if prop is not None else None) or first
            return "__".join([name, *nested])
        names = [self._spec.field_names.get(first, first)]
        for step in nested:
            # A property may hold what separates the parts of a lookup; its field's name never does.
            properties = prop.schema.resolved.properties if prop is not None else {}
            names.append(field_names(properties).get(step, step))
            prop = properties.get(step)
        return "__".join(names)

    def filter_lookup(self, narrowing: Filter, value: Any) -> tuple[str, Any]:
        """The lookup of a list's query parameter."""
        name = self.lookup(narrowing.path)
        if narrowing.lookup in {"in", "range"}:
            values = value if isinstance(value, (list, tuple)) else str(value).split(",")
            converted: Any = [self.python_value(narrowing.path, each) for each in values]
        elif narrowing.lookup in {"exact", "lt", "lte", "gt", "gte"}:
            converted = self.python_value(narrowing.path, value)
        else:
            converted = value
        return (name if narrowing.lookup == "exact" else f"{name}__{narrowing.lookup}"), converted

    def property(self, path: Iterable[str]) -> Property | None:
        schema: Schema | None = self.schema
        prop = None
        for name in path:
            prop = schema.properties.get(name) if schema is not None else None
            schema = prop.schema.resolved if prop is not None else None
        return prop

    def python_value(self, path: Iterable[str], value: Any) -> Any:
        """The Python value of a property: text is read as what the property's schema says it is."""
        path = list(path)
        prop = self.property(path)
        if prop is not None:
            schema = prop.schema.resolved
            # A parameter's schema may say another type than the property's: JSON is what they have in common.
            value = converter(schema, self.classes).to_python(_typed(json_value(value), schema))
        if not self.is_row and len(path) == 1 and (field := self.field(path[0])) is not None:
            try:
                return (field.target_field if isinstance(field, ForeignKey) else field).to_python(value)
            except Exception as error:  # a field of the project's may raise anything of its own
                raise Unmatched(str(error)) from error
        return value

    @cached_property
    def related(self) -> tuple[list[str], list[str]]:
        """The relations that an object shows: what to join, and what to fetch beside, for any number of rows."""
        joined: list[str] = []
        beside: list[str] = []
        for path, many in _shown_relations(self.schema, self.model):
            (beside if many else joined).append(path)
        return list(dict.fromkeys(joined)), list(dict.fromkeys(beside))


def _shown_relations(
    schema: Schema, model: Any, prefix: str = "", many: bool = False, depth: int = 0
) -> Iterator[tuple[str, bool]]:
    """Each relation whose objects a schema shows, however deeply nested, and whether one row has many of them."""
    for name, prop in schema.properties.items():
        target = prop.extensions.field or name
        relations = list(_relations_along(target, model))
        shown = prop.schema.resolved
        shown = shown.items.resolved if shown.items is not None else shown
        has_many = any(relation.many_to_many or relation.one_to_many for relation in relations)
        # A foreign key that is shown as a key is in the row itself.
        if not relations or not (has_many or shown.is_object or LOOKUP_SEP in target):
            continue
        path = prefix + LOOKUP_SEP.join(_attribute(relation) for relation in relations)
        yield path, many or has_many
        if shown.is_object and depth < _DEPTH:
            owner = relations[-1].related_model
            yield from _shown_relations(shown, owner, f"{path}{LOOKUP_SEP}", many or has_many, depth + 1)


def related_model(model: type[Model], target: str) -> type[Model] | None:
    """The model at the end of a field's path; None if the path ends at a value."""
    relations = list(_relations_along(target, model))
    return relations[-1].related_model if len(relations) == len(target.split(LOOKUP_SEP)) else None


def _relations_along(target: str, model: Any) -> Iterator[Any]:
    """The relations that a field's path begins with: author, publisher of author__publisher__name."""
    for step in target.split(LOOKUP_SEP):
        fields = (field for field in model._meta.get_fields() if field.is_relation and field.related_model is not None)
        relation = next((field for field in fields if _attribute(field) == step), None)
        if relation is None:
            return
        yield relation
        model = relation.related_model


def _attribute(relation: Any) -> str:
    """What an instance calls a relation: one from the other side has a name of its own for that (book_set)."""
    return str(relation.get_accessor_name() if relation.auto_created and not relation.concrete else relation.name)


#: How far objects that nest in themselves are fetched ahead.
_DEPTH = 4
_KINDS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float, Decimal),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _typed(value: Any, schema: Schema) -> Any:
    if not isinstance(value, str) or not schema.types or "string" in schema.types:
        return value
    try:
        found = exact_json(value)
    except JSONTextError as error:
        raise Unmatched(f"{value[:50]!r} is no {schema.types[0]}") from error
    if not any(isinstance(found, _KINDS.get(t, ())) for t in schema.types):
        raise Unmatched(f"{value[:50]!r} is no {schema.types[0]}")
    return found
