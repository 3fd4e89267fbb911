"""Derives the data for an API object class from its schema, only once."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cached_property
from importlib import import_module
from typing import Any

from macaron_django.openapi import Property, Schema, json_pointers
from macaron_django.schemas.validation.validators import SchemaError, Violation, validator_for
from macaron_django.schemas.values.conversions import (
    PLAIN_TYPES,
    UNSET,
    Conversion,
    ObjectClasses,
    converter,
    json_value,
)
from macaron_django.schemas.values.field_names import field_names

__all__ = ["ObjectSpec", "parent_of"]


@dataclass(frozen=True, eq=False)
class ObjectSpec:
    """The schema of an API object class, and the data derived from it.

    Each attribute is computed at first use, and only once.
    """

    api: str
    schema: Schema
    classes: ObjectClasses

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """The properties by name, in schema order."""
        return self.schema.properties

    @cached_property
    def field_names(self) -> Mapping[str, str]:
        """Maps each property name to its field name."""
        return field_names(self.properties)

    @cached_property
    def property_names(self) -> Mapping[str, str]:
        """Maps each field name to its property name."""
        return {field: name for name, field in self.field_names.items()}

    @cached_property
    def _conversions(self) -> dict[str, Conversion]:
        return {}

    def conversion(self, name: str) -> Conversion:
        """Returns the ``Conversion`` for the property ``name``, which can be an additional property."""
        known = self._conversions.get(name)
        if known is None:
            schema = self.schema_of(name)
            known = _UNKNOWN if schema is None else converter(schema, self.classes)
            if name in self.properties:  # clients may choose any number of other names
                self._conversions[name] = known
        return known

    def python_values(self, json: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the Python values of a JSON object's properties, including additional ones."""
        known, conversion = self._conversions, self.conversion
        return {name: (known.get(name) or conversion(name)).to_python(value) for name, value in json.items()}

    @cached_property
    def json_writers(self) -> Sequence[tuple[str, str, Callable[[Any], Any], frozenset[type]]]:
        """For each property: its name, field name, conversion to JSON, and the types that need no conversion."""
        writers = ((name, field, self.conversion(name).to_json) for name, field in self.field_names.items())
        return [(*each, PLAIN_TYPES if each[2] is json_value else frozenset()) for each in writers]

    @cached_property
    def field_defaults(self) -> Sequence[tuple[str, str, Callable[[], Any]]]:
        """For each property: its name, its field name, and a function that returns the Python default or UNSET."""
        return [(name, field, self._default_maker(name)) for name, field in self.field_names.items()]

    def _default_maker(self, name: str) -> Callable[[], Any]:
        schema = self.properties[name].schema
        if not schema.has_default:
            return lambda: UNSET
        return lambda: self.conversion(name).to_python(copy.deepcopy(schema.default))

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The scalar defaults by property name.

        Defaults that are lists or objects are left out, because all instances would share the same list or object.
        """
        scalars = {
            name: prop.schema.default
            for name, prop in self.properties.items()
            if prop.schema.has_default and not isinstance(prop.schema.default, (list, dict))
        }
        return {
            name: self.conversion(name).to_python(default)
            for name, default in scalars.items()
            if not self.violations(name, default)
        }

    def schema_of(self, name: str) -> Schema | None:
        """Returns the schema of a property; None for an additional property without a schema."""
        if name in self.properties:
            return self.properties[name].schema
        additional = self.schema.additional_properties
        return None if isinstance(additional, bool) or self.schema.keyword("patternProperties") else additional

    @cached_property
    def is_open(self) -> bool:
        """Whether properties that the schema doesn't name are allowed."""
        return self.schema.additional_properties is not False or bool(self.schema.keyword("patternProperties"))

    @cached_property
    def read_only(self) -> frozenset[str]:
        """The names of the readOnly properties."""
        return frozenset(name for name, prop in self.properties.items() if prop.read_only)

    @cached_property
    def generates_writable(self) -> bool:
        """Whether the server generates values that clients can also send. Such values must exist before validation."""
        return any(prop.extensions.generated and not prop.read_only for prop in self.properties.values())

    def name_of(self, name: str) -> str:
        """Returns the property name for a keyword argument, which may be a property name or a field name."""
        return name if name in self.properties else self.property_names.get(name, name)

    def violations(self, name: str, value: Any) -> list[Violation]:
        """Validates ``value`` (JSON) by the schema of the property ``name``, and returns the violations."""
        schema = self.schema_of(name)
        if schema is None:
            if self.is_open:
                return []
            pointer = json_pointers.join([name])
            return [Violation("is not a known property", pointer, "/additionalProperties", "additionalProperties")]
        try:
            found = validator_for(schema).iter_errors(value)
        except SchemaError:  # the checks of the document report this
            return []
        prefix = json_pointers.join([name])
        below = json_pointers.join(["properties", name])
        return [
            replace(each, pointer=prefix + each.pointer, schema_pointer=below + each.schema_pointer) for each in found
        ]

    @cached_property
    def mandatory(self) -> tuple[str, ...]:
        """The properties that have ``x-mandatory``, have no default and aren't readOnly.

        An object must have these properties when it is created.
        """
        return tuple(
            name
            for name, prop in self.properties.items()
            if prop.extensions.mandatory and not prop.schema.has_default and not prop.read_only
        )

    def difference(self, other: ObjectSpec) -> str:
        """Returns a unified diff of both schemas, without descriptions; "" if they don't differ."""
        mine, its = self._lines(), other._lines()
        before, after = (f"{each.api}.{each.schema.name}" for each in (self, other))
        return "\n".join(unified_diff(mine, its, before, after, lineterm=""))

    def _lines(self) -> list[str]:
        bundle = self.schema.document.bundle(self.schema, None)
        return json.dumps(bundle, indent=2, sort_keys=True, default=str).splitlines()


_UNKNOWN = Conversion(lambda value: value, json_value)


def parent_of(schema: Schema) -> type | None:
    """Returns the class that ``x-parent`` names, or None. Raises ``ImportError`` if it can't be imported."""
    path = schema.extensions.parent
    if not path:
        return None
    module, _, name = path.rpartition(".")
    try:
        parent = getattr(import_module(module), name, None) if module else None
    except Exception as error:  # the imported code may raise any exception
        cause = f"{type(error).__name__}: {error}"
        raise ImportError(f"{schema.location}: x-parent {path!r} can't be imported ({cause})") from error
    if not isinstance(parent, type):
        raise ImportError(  # noqa: TRY004 (the path is wrong, as for a missing module)
            f"{schema.location}: x-parent {path!r} is not the dotted path of a class"
        )
    return parent
