"""Builds API object classes from object schemas, and defines the common methods of values and rows.

You can read and set the properties of an API object as attributes, by field name (``field_names``), or as items, by
property name. The value of an unset property is its default or None. ``"name" in object`` is true if the property is
set.

There are two kinds of API objects. Each property of a *value* is validated when it is set. Two values are equal if
their content is equal. A *row* (``models``) is an instance of a Django model that inherits :class:`APIObject`. It is
validated when it is saved. :class:`~macaron_django.schemas.values.classes.Classes` has the classes of one API.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from reprlib import Repr
from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar

from macaron_django.conf import under_compat
from macaron_django.exceptions import ValidationFailed
from macaron_django.openapi import json_pointers
from macaron_django.overrides import overrides
from macaron_django.schemas.validation.json_instances import is_plain, too_deep
from macaron_django.schemas.validation.validators import Violation, validator_for
from macaron_django.schemas.values.conversions import UNSET, ObjectClasses
from macaron_django.schemas.values.json_options import JSONOptions, without_nulls
from macaron_django.schemas.values.object_specs import ObjectSpec, parent_of

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["APIObject", "ObjectSpec", "PropertyDescriptor", "Value", "parent_of", "value_class"]


class PropertyDescriptor:
    """The attribute for a property. The value is in the instance's ``__dict__``, under the field name.

    If the property is unset, the attribute is the schema's default. It is None if there is no default, or if the
    default is a list or an object.
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
    """The base class of values and rows."""

    _spec: ClassVar[ObjectSpec]

    # Access by property name

    def __getitem__(self, name: str) -> Any:
        field = self._spec.field_names.get(name)
        value = self._additional.get(name, UNSET) if field is None else self.__dict__.get(field, UNSET)
        if value is UNSET:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Returns the property ``name`` if it is set, otherwise ``default``, like ``dict.get()``."""
        try:
            return self[name]
        except KeyError:
            return default

    def __setitem__(self, name: str, value: Any) -> None:
        if value is None and self._is_unset_by_none(name):
            value = UNSET
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
        """Yields the names of the properties that are set.

        The properties in the schema come first, in the schema's order, and then the additional properties.
        """
        values = self.__dict__
        yield from (name for name, field in self._spec.field_names.items() if values.get(field, UNSET) is not UNSET)
        yield from self._additional

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True  # an object without properties is still true

    @classmethod
    def _is_unset_by_none(cls, name: str) -> bool:
        """Returns whether setting a property to None unsets the property, as in PyMacaron.

        None unsets the property if three conditions are met: ``MACARON["COMPAT"]`` is on, the schema doesn't allow
        null, and the property isn't mandatory (``x-mandatory``).
        """
        return under_compat() and name not in cls._spec.mandatory and bool(cls._spec.violations(name, None))

    @property
    def _additional(self) -> dict[str, Any]:
        """The additional properties, which the schema doesn't name."""
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

    # The whole object

    @classmethod
    def from_json(
        cls, json: Mapping[str, Any], prune_none: bool | None = None, keep_datetime: bool | None = None
    ) -> Self:
        """Returns an object from its JSON form. In that form, datetimes can be Python objects.

        ``prune_none`` leaves out nulls, at any depth. Without this argument, ``MACARON["COMPAT"]`` decides.
        ``keep_datetime`` comes from PyMacaron 1 and has no effect: datetimes never change. Raises ``ValidationFailed``
        with every violation.
        """
        return cls._from_properties(cls._readable(json, prune_none, check=True))

    @classmethod
    def _readable(cls, json: Mapping[str, Any], prune_none: bool | None, *, check: bool) -> Mapping[str, Any]:
        """Returns the JSON from which ``from_json`` creates the object. If ``check`` is true, validates it first."""
        if under_compat() if prune_none is None else prune_none:
            with suppress(RecursionError):  # validation reports it
                json = without_nulls(json)
        if check:
            validator_for(cls._spec.schema).validate(json if is_plain(json) else cls._plain_json(json))
        return json

    @classmethod
    def _plain_json(cls, json: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns plain JSON for ``json``, which may contain Python values."""
        try:
            return APIObject.to_json(cls._from_properties(json))
        except RecursionError:  # validation reports it
            return json

    @classmethod
    def _from_properties(cls, properties: Mapping[str, Any]) -> Self:
        """Returns an object with ``properties``: JSON or Python values by property name. Doesn't validate them."""
        made = cls.__new__(cls)
        for name, value in cls._spec.python_values(properties).items():
            made._store(name, value)
        return made

    def to_json(
        self,
        keep_datetime: bool = False,
        keep_nullable: bool = False,
        datetime_encoder: Callable[[dt.datetime], Any] | None = None,
        exclude_unset: bool = True,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """Returns the properties that are set, as JSON.

        The options come from PyMacaron, and also apply to nested objects. ``keep_datetime`` leaves dates and datetimes
        unchanged. ``datetime_encoder`` is a function that encodes datetimes. ``keep_nullable`` adds null for each unset
        property with ``x-nullable``. ``exclude_unset=False`` also includes unset properties, with their defaults or
        null. ``exclude_none`` leaves out properties that are null.
        """
        if keep_datetime or keep_nullable or datetime_encoder is not None or exclude_none or not exclude_unset:
            given = keep_datetime, keep_nullable, datetime_encoder, exclude_unset, exclude_none
            return JSONOptions(*given).written(self)
        spec, values = self._spec, self.__dict__
        if not self._reads_fields():
            return {name: spec.conversion(name).to_json(self[name]) for name in self}
        json = {
            name: value if type(value) in plain else to_json(value)
            for name, field, to_json, plain in spec.json_writers
            if (value := values.get(field, UNSET)) is not UNSET
        }
        for name, value in self._additional.items():
            json[name] = spec.conversion(name).to_json(value)
        return json

    def _json_with(self, options: JSONOptions) -> Any:
        """Returns the JSON of this object when it is nested in another object.

        A project's own ``to_json()`` doesn't get the ``options``.
        """
        return self.to_json() if overrides(type(self), ("to_json",), APIObject) else options.written(self)

    @classmethod
    def _reads_fields(cls) -> bool:
        """Returns whether the class has the original methods for item access, which a project may override."""
        return cls.__getitem__ is APIObject.__getitem__ and cls.__iter__ is APIObject.__iter__

    def to_dict(self) -> dict[str, Any]:
        """Returns the properties that are set, as Python values. Nested objects become dictionaries."""
        return {name: _plain(self[name]) for name in self}

    def copy(self) -> Self:
        """Returns a shallow copy: nested objects are shared."""
        return copy.copy(self)

    def clone(self) -> Self:
        """Returns a deep copy."""
        return copy.deepcopy(self)

    # The schema

    @classmethod
    def get_model_name(cls) -> str:
        """Returns the name of the schema. If the schema has no name, returns the name of the class."""
        return cls._spec.schema.name or cls.__name__

    @classmethod
    def get_model_api(cls) -> str:
        """Returns the name of the API."""
        return cls._spec.api

    @classmethod
    def get_property_names(cls) -> list[str]:
        """Returns the names of the schema's properties, in the schema's order."""
        return list(cls._spec.properties)

    get_model_properties = get_property_names

    @classmethod
    def get_nullable_properties(cls) -> list[str]:
        """Returns the names of the properties with ``x-nullable``."""
        return [name for name, prop in cls._spec.properties.items() if prop.extensions.nullable]

    @classmethod
    def diff_with(cls, other: type[APIObject]) -> str:
        """Returns a unified diff of both classes' schemas, without descriptions; "" if they don't differ."""
        return cls._spec.difference(other._spec)

    def update_from_dict(self, properties: Mapping[str, Any], ignore_none: bool = False) -> Self:
        """Sets each property of ``properties`` (by property or field name), and returns self."""
        for name, value in properties.items():
            if not (ignore_none and value is None):
                self[self._spec.name_of(name)] = value
        return self

    def to_bravado(self) -> Self:
        """Returns self, because an API object holds its own values. In PyMacaron, a bravado object holds the values."""
        return self

    @classmethod
    def from_bravado(cls, o: Any) -> Self:
        """Returns an API object with the properties of ``o``: a bravado object, another API object or a mapping.

        As in bravado, a property that is None counts as unset.
        """
        properties: Mapping[str, Any] = o.to_dict() if isinstance(o, APIObject) else _without_bravado(o)
        return cls(**{name: value for name, value in properties.items() if value is not None})


_NOTHING: dict[str, Any] = {}


def _without_bravado(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_bravado(item) for item in value]
    if hasattr(value, "_as_dict"):
        value = value._as_dict()
    return {name: _without_bravado(item) for name, item in value.items()} if isinstance(value, Mapping) else value


def _plain(value: Any) -> Any:
    if isinstance(value, APIObject):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


class Value(APIObject):
    """An API object that isn't a row.

    The names of keyword arguments are property names or field names. Their values are in JSON or Python form. Required
    properties can be set later. Raises ``ValidationFailed`` with every violation.
    """

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __init__(self, /, **properties: Any) -> None:
        spec = self._spec
        violations: list[Violation] = []
        for given, value in properties.items():
            name = spec.name_of(given)
            if name not in spec.properties and not spec.is_open:
                raise TypeError(f"{type(self).__name__} has no property {given!r}")
            violations += self._set(name, value)
        violations += [_missing(name) for name in spec.mandatory if name not in self and name not in properties]
        if violations:
            raise ValidationFailed(violations=violations)

    def __setitem__(self, name: str, value: Any) -> None:
        violations = self._set(name, value)
        if violations:
            raise ValidationFailed(violations=violations)

    def _set(self, name: str, value: Any) -> list[Violation]:
        if value is UNSET or (value is None and self._is_unset_by_none(name)):
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
        known = getattr(type(self), name, UNSET)  # attributes from x-parent's class may be set, and methods replaced
        is_known = isinstance(known, PropertyDescriptor) or not (known is UNSET or callable(known))
        if not (is_known or name.startswith("_") or callable(value)):
            raise AttributeError(
                f"{type(self).__name__} has no property {name!r}. To set an additional property, write "
                f"object[{name!r}] = value."
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
        for name, method in _own_methods(self).items():
            made.__dict__[name] = MethodType(method.__func__, made) if _is_bound(method, self) else method
        if "_additional_properties" in made.__dict__:
            made.__dict__["_additional_properties"] = dict(self._additional)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name not in _own_methods(self)}
        return _restored, (self._spec.classes, self._spec.classes.key_of(self._spec.schema), state)


def _own_methods(value: Value) -> dict[str, Any]:
    """Returns the methods that were set on one object, not on its class."""
    fields = value._spec.property_names
    return {name: each for name, each in value.__dict__.items() if callable(each) and name not in fields}


def _is_bound(method: Any, value: Value) -> bool:
    return getattr(method, "__self__", None) is value and hasattr(method, "__func__")


def _missing(name: str) -> Violation:
    return Violation("is required", json_pointers.join([name]), "/required", "required")


def _restored(classes: ObjectClasses, key: str, state: dict[str, Any]) -> Any:
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


def value_class(
    spec: ObjectSpec, name: str, qualified_name: str, module: str, grafted: type | None = None
) -> type[Value]:
    """Returns a new value class for an object schema.

    If ``grafted`` is given, the new class also inherits from ``grafted``, which has the methods that store objects.
    """
    attributes: dict[str, Any] = {
        field: PropertyDescriptor(property_name, field) for property_name, field in spec.field_names.items()
    }
    parent = parent_of(spec.schema)
    bases = (*(() if parent is None else (parent,)), Value, *(() if grafted is None else (grafted,)))
    persist = spec.schema.extensions.persist
    return type(
        name,
        bases,
        {
            **attributes,
            "__doc__": spec.schema.description or spec.schema.title or None,
            "__module__": module,
            "__qualname__": qualified_name,
            "__persistence_class__": None if persist is None else persist.class_path,
            "_spec": spec,
        },
    )
