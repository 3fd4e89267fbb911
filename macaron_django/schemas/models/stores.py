"""Reads, creates, replaces, patches and deletes the objects of a schema, as JSON, in any database.

Most methods of a store are generators. They yield each call to DynamoDB. The caller makes the call and sends back the
response. So one implementation serves blocking and asynchronous callers (see ``macaron_django.drivers``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey, Model
from django.db.models.constants import LOOKUP_SEP
from django.utils import timezone

from macaron_django.drivers import Steps
from macaron_django.exceptions import RequestInvalid, ValidationFailed
from macaron_django.openapi import Direction, Property, Schema
from macaron_django.schemas.formats.format_checks import formats_version
from macaron_django.schemas.models.column_values import compared_with
from macaron_django.schemas.validation.defaults import cleaner_for
from macaron_django.schemas.validation.validators import SchemaValidator, validator_for
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import converter, json_value
from macaron_django.schemas.values.field_names import field_names
from macaron_django.schemas.values.json_text import JSONTextError, exact_json
from macaron_django.schemas.values.merge_patches import hides_write_only
from macaron_django.schemas.values.request_violations import new_violations

__all__ = ["UNCOMPARABLE", "Store", "Stored", "Unmatched", "related_model"]

#: The message for a value that can't be compared with a field's values, by the field or the database.
UNCOMPARABLE = "isn't a value that this list can be filtered by"


class Stored(NamedTuple):
    """A stored object: its JSON, including writeOnly properties, and its version if ``x-persist`` sets one."""

    json: Mapping[str, Any]
    version: str | None = None


class Unmatched(ValueError):  # noqa: N818 (the result is known: nothing can match)
    """A property can't have this value, so no object matches."""


class Store:
    """Reads and writes the objects of a schema. The objects are stored in ``model``.

    A key maps property names to Python values. A body is JSON that hasn't been validated yet. ``request`` can be None.
    The request's credentials determine the values of ``x-generated: user`` and ``claim:<name>``.
    """

    schema: Schema
    model: type[Model]
    classes: Classes

    #: Whether the model is a DynamoDB row.
    is_row: ClassVar[bool] = False
    #: The keys that the caller's credentials determine, with their source: ``claim:<name>`` or ``user``.
    keys_from: Mapping[str, str] = MappingProxyType({})

    def __init__(self, schema: Schema, model: type[Model], classes: Classes) -> None:
        self.schema, self.model, self.classes = schema.resolved, model, classes
        self._spec = getattr(model, "_spec", None)
        self._validators: tuple[int, dict[Direction | None, SchemaValidator]] = (-1, {})

    def hooks(self) -> object:
        """Returns the parts of the model that a project can replace at run time.

        If a later call returns a different result, the project has replaced one of these parts.
        """
        return None

    def serves(self, action: str) -> bool:
        """Returns whether an action works without creating instances of the model.

        Instances are needed only if they are passed to the project's code, such as a receiver of ``post_save``.
        """
        raise NotImplementedError

    def shows(self) -> bool:
        """Returns whether stored objects can be turned into JSON without instances of the model."""
        return False

    def waits_in_steps(self, action: str) -> bool:
        """Returns whether the steps of an action never block, because they yield every call that may block."""
        return False

    def queryset(self) -> Any:
        """Returns a query set of all objects, with the relations that their JSON contains."""
        raise NotImplementedError

    def narrowed(self, queryset: Any) -> Store | None:
        """Returns a store that contains only the objects in ``queryset``.

        Returns None if the objects are unknown until the query set is read.
        """
        raise NotImplementedError

    def read(self, key: Mapping[str, Any]) -> Steps[Stored | None]:
        """Returns the object with this key; None if there is no such object."""
        raise NotImplementedError

    def create(self, body: Any, key: Mapping[str, Any], request: Any) -> Steps[Stored]:
        """Creates an object and returns it. ``key`` has the properties from the path of the URL.

        Raises ``RequestInvalid`` for a body that violates the schema, and ``ItemExists`` if the key is already taken.
        """
        raise NotImplementedError

    def replace(self, key: Mapping[str, Any], body: Any) -> Steps[Stored | None]:
        """Sets the properties that ``body`` contains. Removes the schema's other properties from the object.

        Returns None if there is no object with this key.
        """
        raise NotImplementedError

    def patch(self, key: Mapping[str, Any], patch: Any) -> Steps[Stored | None]:
        """Applies a JSON merge patch (RFC 7386). Returns None if there is no such object."""
        raise NotImplementedError

    def delete(self, key: Mapping[str, Any]) -> Steps[bool]:
        """Deletes the object. Returns whether it existed."""
        raise NotImplementedError

    def refuse_unstorable(self, values: Any) -> None:
        """Raises ``UnstorableValue`` if the database can't store one of the values.

        ``values`` maps property names to valid values.
        """

    def valid(self, body: Any, *, defaults: bool = True) -> dict[str, Any]:
        """Returns a valid body as a dictionary, with defaults. Raises ``RequestInvalid`` if the body is invalid."""
        try:
            clean = self.validator("request").clean(body, defaults=defaults)
        except ValidationFailed as failure:
            raise RequestInvalid(violations=failure.violations) from failure
        if not isinstance(clean, dict):
            raise RequestInvalid(violations=[Violation("must be an object", "", "/type", "type")])
        return clean

    def validator(self, direction: Direction | None = None) -> SchemaValidator:
        """Returns the schema's validator for a direction.

        If formats have been registered since the last call, the schema is compiled again.
        """
        version, validators = self._validators
        if version != formats_version():
            version, validators = self._validators = formats_version(), {}
        known = validators.get(direction)
        if known is None:
            known = validators[direction] = validator_for(self.schema, direction)
        return known

    def as_json(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the JSON form of Python values, by property name."""
        properties = self.schema.properties
        return {name: converter(properties[name].schema, self.classes).to_json(v) for name, v in values.items()}

    def valid_patch(self, before: Mapping[str, Any], patched: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the object ``patched``, but leaves out its readOnly properties.

        Raises ``RequestInvalid`` for violations that the patch causes. Accepts violations that were already in
        ``before``, the object before the patch.
        """
        try:
            return self.valid(patched, defaults=False)
        except RequestInvalid as failure:
            writable = cleaner_for(self.schema).without_read_only
            violations = new_violations(self.schema, "request", writable(before), writable(patched))
            if violations:
                raise RequestInvalid(violations=violations) from failure
            return dict(writable(patched))

    # -- names ---------------------------------------------------------------------------------

    def keys(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Returns the properties that together identify an object, and the other unique properties.

        If the primary key isn't a property, the field's name is returned instead.
        """
        fields = {name: self.field(name) for name in self.schema.properties}
        primary = [name for name, field in fields.items() if field is not None and field.primary_key]
        unique = [n for n, f in fields.items() if f is not None and f.unique and not f.null and not f.primary_key]
        return (primary[0] if primary else self.model._meta.pk.name,), tuple(unique)

    def version(self, instance: Any) -> Any:
        """Returns the stored version of an item; None if its schema sets no version."""
        return None

    def field(self, name: str) -> Field[Any, Any] | None:
        """Returns the concrete field of a property of an ORM model."""
        prop = self.schema.properties.get(name)
        target = (prop.extensions.field if prop is not None else None) or name
        meta = self.model._meta
        # for example, the field author has the column author_id
        named = (f for f in meta.concrete_fields if target in {f.name, f.attname} or (target == "pk" and f is meta.pk))
        return next(named, None)

    def lookup(self, path: Iterable[str]) -> str:
        """Returns the name that the lookups of a query set use for a property.

        ``path`` is the path of the property, and can lead into nested objects.
        """
        first, *nested = path
        prop = self.schema.properties.get(first)
        if self._spec is None:
            name = (prop.extensions.field if prop is not None else None) or first
            return "__".join([name, *nested])
        names = [self._spec.field_names.get(first, first)]
        for step in nested:
            # "__" separates the parts of a lookup. A property's name may contain it, but a field's name never does.
            properties = prop.schema.resolved.properties if prop is not None else {}
            names.append(field_names(properties).get(step, step))
            prop = properties.get(step)
        return "__".join(names)

    def filter_lookup(self, path: Iterable[str], lookup: str, value: Any) -> tuple[str, Any]:
        """Returns the keyword argument for ``filter()``: its name and its value."""
        path = list(path)
        name = self.lookup(path)
        if lookup in {"in", "range"}:
            values = value if isinstance(value, (list, tuple)) else str(value).split(",")
            if lookup == "range" and len(values) != _ENDS:
                raise Unmatched(f"needs two values, the lowest and the highest, not {len(values)}")
            converted: Any = [self.python_value(path, each) for each in values]
        elif lookup in {"exact", "lt", "lte", "gt", "gte"}:
            converted = self.python_value(path, value)
        else:
            converted = _operand(lookup, value)
        return (name if lookup == "exact" else f"{name}__{lookup}"), converted

    def refuses(self, lookup: str, value: Any) -> bool:
        """Returns whether a query failed because of the value of a lookup. Call it after a query has failed."""
        try:
            self.model._default_manager.filter(**{lookup: value})
        except (ValueError, ValidationError):
            return True
        return False

    def property(self, path: Iterable[str]) -> Property | None:
        schema: Schema | None = self.schema
        prop = None
        for name in path:
            prop = schema.properties.get(name) if schema is not None else None
            schema = prop.schema.resolved if prop is not None else None
        return prop

    def python_value(self, path: Iterable[str], value: Any) -> Any:
        """Returns the Python value of a property. Text is converted to the type in the property's schema."""
        return self.value_reader(tuple(path))(value)

    def value_reader(self, path: tuple[str, ...]) -> Callable[[Any], Any]:
        """Returns the function that ``python_value`` calls for one property."""
        reads = self._value_readers.get(path)
        if reads is None:
            reads = self._value_readers[path] = self._value_reader(path)
        return reads

    def _value_reader(self, path: tuple[str, ...]) -> Callable[[Any], Any]:
        prop = self.property(path)
        schema = prop.schema.resolved if prop is not None else None
        to_python = converter(schema, self.classes).to_python if schema is not None else None
        field = self.field(path[0]) if not self.is_row and len(path) == 1 else None
        target = field.target_field if isinstance(field, ForeignKey) else field
        is_text = schema is not None and (not schema.types or "string" in schema.types)
        if is_text and target is None and converter(schema, self.classes).unchanged:  # type: ignore[arg-type]
            return json_value

        def read(value: Any) -> Any:
            if schema is not None and to_python is not None:
                # The value is converted through JSON, because a parameter's type may differ from the property's type.
                value = to_python(_typed(json_value(value), schema))
            if target is None:
                return value
            try:
                found = compared_with(target, value)
                is_naive = isinstance(found, datetime) and settings.USE_TZ and timezone.is_naive(found)
                return timezone.make_aware(found) if is_naive else found
            except Exception as error:  # a project's own field may raise any exception
                raise Unmatched(UNCOMPARABLE) from error

        return read

    @cached_property
    def _value_readers(self) -> dict[tuple[str, ...], Callable[[Any], Any]]:
        return {}

    @cached_property
    def hides(self) -> bool:
        """Whether the schema has writeOnly properties, which are hidden from clients."""
        return hides_write_only(self.schema)

    @cached_property
    def related(self) -> tuple[list[str], list[str]]:
        """The relations that the objects' JSON contains.

        The first list has the relations to join. The second list has the relations that need a separate query.
        """
        joined: list[str] = []
        beside: list[str] = []
        for path, many in _shown_relations(self.schema, self.model):
            (beside if many else joined).append(path)
        return list(dict.fromkeys(joined)), list(dict.fromkeys(beside))


def _shown_relations(
    schema: Schema, model: Any, prefix: str = "", many: bool = False, depth: int = 0
) -> Iterator[tuple[str, bool]]:
    """Yields the path of each relation with nested objects, and whether the path may lead to several objects."""
    for name, prop in schema.properties.items():
        target = prop.extensions.field or name
        relations = list(_relations_along(target, model))
        shown = prop.schema.resolved
        shown = shown.items.resolved if shown.items is not None else shown
        has_many = any(relation.many_to_many or relation.one_to_many for relation in relations)
        # If the JSON contains only the key of a related object, the object itself has a column with this key.
        if not relations or not (has_many or shown.is_object or LOOKUP_SEP in target):
            continue
        path = prefix + LOOKUP_SEP.join(_attribute(relation) for relation in relations)
        yield path, many or has_many
        if shown.is_object and depth < _DEPTH:
            owner = relations[-1].related_model
            yield from _shown_relations(shown, owner, f"{path}{LOOKUP_SEP}", many or has_many, depth + 1)


def related_model(model: type[Model], target: str) -> type[Model] | None:
    """Returns the model at the end of a field's path; None if the path ends at a value."""
    relations = list(_relations_along(target, model))
    return relations[-1].related_model if len(relations) == len(target.split(LOOKUP_SEP)) else None


def _relations_along(target: str, model: Any) -> Iterator[Any]:
    """Yields the relations at the beginning of a field's path: author and publisher in author__publisher__name."""
    for step in target.split(LOOKUP_SEP):
        fields = (field for field in model._meta.get_fields() if field.is_relation and field.related_model is not None)
        relation = next((field for field in fields if _attribute(field) == step), None)
        if relation is None:
            return
        yield relation
        model = relation.related_model


def _attribute(relation: Any) -> str:
    """Returns the name of a relation's attribute on instances. A reverse relation has an accessor, such as book_set."""
    return str(relation.get_accessor_name() if relation.auto_created and not relation.concrete else relation.name)


#: The number of values for a range lookup.
_ENDS = 2
#: If objects contain objects of the same kind, this many levels are fetched together with the outermost object.
_DEPTH = 4
#: The lowest and highest value for lookups by a part of a date. Dates in Python have only years from 1 to 9999.
_DATE_PARTS = {"year": (1, 9999), "month": (1, 12), "day": (1, 31)}
_DIGITS = 4
_KINDS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float, Decimal),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _operand(lookup: str, value: Any) -> Any:
    """Returns the value for a lookup. Some lookups, such as isnull and year, have their own type of value."""
    if isinstance(value, (list, tuple, Mapping)):
        raise Unmatched("takes one value")
    if lookup == "isnull" and not isinstance(value, bool):
        if (text := str(value).lower()) not in {"true", "false"}:
            raise Unmatched(f"{text[:50]!r} is neither true nor false")
        return text == "true"
    if lookup in _DATE_PARTS:
        least, greatest = _DATE_PARTS[lookup]
        text = str(value)
        if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS and least <= int(text) <= greatest):
            raise Unmatched(f"{text[:50]!r} is not a number from {least} to {greatest}")
        return int(text)
    return value


def _typed(value: Any, schema: Schema) -> Any:
    if not isinstance(value, str) or not schema.types or "string" in schema.types:
        return value
    try:
        found = exact_json(value)
    except JSONTextError as error:
        raise Unmatched(f"{value[:50]!r} isn't of type {schema.types[0]}") from error
    if not any(isinstance(found, _KINDS.get(t, ())) for t in schema.types):
        raise Unmatched(f"{value[:50]!r} isn't of type {schema.types[0]}")
    return found
