"""An object Schema in, an API object class out: the value, and the mixin that values share with rows.

An API object has its properties as attributes, by field name (``names``), and as items, by property name; reads
an unset one as None, and ``"name" in object`` tells the difference. A *value* checks each property when it is set
and compares by content; a *row* (``models``) is a Django model with this mixin, checked when it is saved.
:class:`Classes` holds the classes of one API.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from reprlib import Repr
from typing import TYPE_CHECKING, Any, ClassVar

from macaron_django.exceptions import ValidationFailed

from .conversions import UNSET, Conversion, converter, json_value
from .instances import too_deep
from .names import field_names
from .validators import SchemaError, Violation, validator_for
from .violations import pointer_to

if TYPE_CHECKING:
    from typing_extensions import Self

    from macaron_django.spec import Property, Schema

    from .classes import Classes

__all__ = ["APIObject", "ObjectSpec", "PropertyAttribute", "Value", "parent_of", "value_class"]


@dataclass(frozen=True, eq=False)
class ObjectSpec:
    """What an API object class was made from."""

    api: str
    schema: Schema
    classes: Classes

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """By property name, in schema order."""
        return self.schema.properties

    @cached_property
    def field_names(self) -> Mapping[str, str]:
        """Property name → field name."""
        return field_names(self.properties)

    @cached_property
    def property_names(self) -> Mapping[str, str]:
        """Field name → property name."""
        return {field: name for name, field in self.field_names.items()}

    @cached_property
    def _conversions(self) -> dict[str, Conversion]:
        return {}

    def conversion(self, name: str) -> Conversion:
        """How the property ``name``, or an additional one, is converted."""
        known = self._conversions.get(name)
        if known is None:
            schema = self.schema_of(name)
            known = _UNKNOWN if schema is None else converter(schema, self.classes)
            if name in self.properties:  # names that clients choose would pile up
                self._conversions[name] = known
        return known

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """What an unset property reads as, by name: the defaults of scalars. A list or an object would be shared."""
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
        """The schema of a property; None for an additional one of any kind."""
        if name in self.properties:
            return self.properties[name].schema
        additional = self.schema.additional_properties
        return None if isinstance(additional, bool) or self.schema.keyword("patternProperties") else additional

    @cached_property
    def is_open(self) -> bool:
        """Whether properties that the schema doesn't name are allowed."""
        return self.schema.additional_properties is not False or bool(self.schema.keyword("patternProperties"))

    def name_of(self, name: str) -> str:
        """The property that a keyword argument means: its own name, or its field name."""
        return name if name in self.properties else self.property_names.get(name, name)

    def violations(self, name: str, value: Any) -> list[Violation]:
        """How ``value`` (JSON) breaks the schema of the property ``name``."""
        schema = self.schema_of(name)
        if schema is None:
            if self.is_open:
                return []
            pointer = pointer_to([name])
            return [
                Violation(
                    "is not a property that is known here", pointer, "/additionalProperties", "additionalProperties"
                )
            ]
        try:
            found = validator_for(schema).iter_errors(value)
        except SchemaError:  # a fault of the document, which its checks report
            return []
        prefix = pointer_to([name])
        below = pointer_to(["properties", name])
        return [
            replace(each, pointer=prefix + each.pointer, schema_pointer=below + each.schema_pointer) for each in found
        ]


_UNKNOWN = Conversion(lambda value: value, json_value)


class PropertyAttribute:
    """The attribute of a property: kept in the instance's ``__dict__`` under its field name.

    Unset, it reads as its schema's default (a scalar's), else as None.
    """

    def __init__(self, name: str, field: str) -> None:
        self.name = name
        self.field = field

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = instance.__dict__.get(self.field, UNSET)
        return instance._spec.defaults.get(self.name) if value is UNSET else value

    def __set__(self, instance: Any, value: Any) -> None:
        instance[self.name] = value

    def __delete__(self, instance: Any) -> None:
        instance.__dict__[self.field] = UNSET


class APIObject:
    """What values and rows have in common."""

    _spec: ClassVar[ObjectSpec]

    # By property name

    def __getitem__(self, name: str) -> Any:
        field = self._spec.field_names.get(name)
        value = self._additional.get(name, UNSET) if field is None else self.__dict__.get(field, UNSET)
        if value is UNSET:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        try:
            self._store(name, self._spec.conversion(name).to_python(value))
        except RecursionError:
            raise ValidationFailed(violations=[too_deep(name)]) from None

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._store(name, UNSET)

    def __contains__(self, name: object) -> bool:
        field = self._spec.field_names.get(name) if isinstance(name, str) else None
        return name in self._additional if field is None else self.__dict__.get(field, UNSET) is not UNSET

    def __iter__(self) -> Iterator[str]:
        """The names of the properties that are set: in schema order, then the additional ones."""
        values = self.__dict__
        yield from (name for name, field in self._spec.field_names.items() if values.get(field, UNSET) is not UNSET)
        yield from self._additional

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True  # an object without properties is still one

    @property
    def _additional(self) -> dict[str, Any]:
        """Properties that the schema doesn't name."""
        additional: dict[str, Any] = self.__dict__.get("_additional_properties", _NOTHING)
        return additional

    def _store(self, name: str, value: Any) -> None:
        field = self._spec.field_names.get(name)
        if field is not None:
            self.__dict__[field] = value
        elif value is UNSET:
            self._additional.pop(name, None)
        else:
            self.__dict__.setdefault("_additional_properties", {})[name] = value

    # Whole

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Self:
        """Make an object from its JSON form; raises ``ValidationFailed`` with every violation."""
        validator_for(cls._spec.schema).validate(json)
        return cls._from_properties(json)

    @classmethod
    def _from_properties(cls, properties: Mapping[str, Any]) -> Self:
        """Make an object from property names and JSON or Python values, without a check."""
        made = cls.__new__(cls)
        for name, value in properties.items():
            made._store(name, cls._spec.conversion(name).to_python(value))
        return made

    def to_json(self) -> dict[str, Any]:
        """Return the properties that are set, as JSON holds them."""
        conversion = self._spec.conversion
        return {name: conversion(name).to_json(self[name]) for name in self}

    def to_dict(self) -> dict[str, Any]:
        """Return the properties that are set as Python values, nested objects as dictionaries."""
        return {name: _plain(self[name]) for name in self}

    def copy(self) -> Self:
        """Return a shallow copy: nested objects are shared."""
        return copy.copy(self)

    def clone(self) -> Self:
        """Return a deep copy."""
        return copy.deepcopy(self)

    def update_from_dict(self, properties: Mapping[str, Any], *, ignore_none: bool = False) -> Self:
        """Set each property of ``properties`` (by property or field name), and return self."""
        for name, value in properties.items():
            if not (ignore_none and value is None):
                self[self._spec.name_of(name)] = value
        return self


_NOTHING: dict[str, Any] = {}


def _plain(value: Any) -> Any:
    if isinstance(value, APIObject):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


class Value(APIObject):
    """An API object that is nobody's row.

    Keyword arguments are property or field names, their values JSON or Python forms; what the schema requires may
    be set later. Raises ``ValidationFailed`` with every violation.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, /, **properties: Any) -> None:
        spec = self._spec
        violations: list[Violation] = []
        for given, value in properties.items():
            name = spec.name_of(given)
            if name not in spec.properties and not spec.is_open:
                raise TypeError(f"{type(self).__name__} has no property {given!r}")
            violations += self._set(name, value)
        if violations:
            raise ValidationFailed(violations=violations)

    def __setitem__(self, name: str, value: Any) -> None:
        violations = self._set(name, value)
        if violations:
            raise ValidationFailed(violations=violations)

    def _set(self, name: str, value: Any) -> list[Violation]:
        if value is UNSET:
            self._store(name, UNSET)
            return []
        conversion = self._spec.conversion(name)
        try:
            python = conversion.to_python(value)
            violations = self._spec.violations(name, conversion.to_json(python))
        except RecursionError:
            return [too_deep(name)]
        if not violations:
            self._store(name, python)
        return violations

    def __setattr__(self, name: str, value: Any) -> None:
        known = getattr(type(self), name, UNSET)  # data of an x-parent's may be set, methods may not
        if not (
            isinstance(known, PropertyAttribute) or name.startswith("_") or not (known is UNSET or callable(known))
        ):
            raise AttributeError(
                f"{type(self).__name__} has no property {name!r}; an additional one is set as an item, [{name!r}]"
            )
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return {name: self[name] for name in self} == {name: other[name] for name in other}

    def __repr__(self) -> str:
        shown = (f"{self._spec.field_names.get(name, name)}={_shown(self, name)}" for name in self)
        return f"{type(self).__name__}({', '.join(shown)})"

    def __copy__(self) -> Self:
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        if "_additional_properties" in made.__dict__:
            made.__dict__["_additional_properties"] = dict(self._additional)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._spec.classes, self._spec.classes.key_of(self._spec.schema), dict(self.__dict__))


def _restored(classes: Classes, key: str, state: dict[str, Any]) -> Any:
    kind = classes.by_key(key)
    made = kind.__new__(kind)
    made.__dict__.update(state)
    return made


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def _shown(value: APIObject, name: str) -> str:
    prop = value._spec.properties.get(name)
    if prop is not None and (prop.write_only or prop.schema.format == "password"):
        return "'…'"
    return _SHORT.repr(value[name]) if not isinstance(value[name], APIObject) else repr(value[name])


def value_class(spec: ObjectSpec, name: str, qualified_name: str, module: str) -> type[Value]:
    """Make the value class of an object schema."""
    attributes: dict[str, Any] = {
        field: PropertyAttribute(property_name, field) for property_name, field in spec.field_names.items()
    }
    parent = parent_of(spec.schema)
    return type(
        name,
        (Value,) if parent is None else (parent, Value),
        {
            **attributes,
            "__doc__": spec.schema.description or spec.schema.title or None,
            "__module__": module,
            "__qualname__": qualified_name,
            "_spec": spec,
        },
    )


def parent_of(schema: Schema) -> type | None:
    """The class that ``x-parent`` names; raises ``ImportError`` where there is none."""
    path = schema.extensions.parent
    if not path:
        return None
    module, _, name = path.rpartition(".")
    parent = getattr(import_module(module), name, None) if module else None
    if not isinstance(parent, type):
        raise ImportError(  # noqa: TRY004 (the path is wrong, as when the module isn't there)
            f"{schema.location}: x-parent {path!r} is not the dotted path of a class"
        )
    return parent
