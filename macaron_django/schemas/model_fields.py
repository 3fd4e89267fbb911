"""A Property in, the Django field of a row's model out.

The fields describe and convert; what is valid, the schema decides when a row is saved. So they bring none of the
checks and validators that a SQL database would need: no ranges of integers, no lengths of columns.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from .conversions import UNSET, json_value
from .objects import APIObject, PropertyAttribute

if TYPE_CHECKING:
    from django import forms

    from macaron_django.spec import Property, Schema

__all__ = ["ItemKeyField", "PropertyField", "field_of"]

#: Strings that may be longer than this get a text area.
_ONE_LINE = 500


class RowAttribute(PropertyAttribute):
    """The descriptor that Django makes for a field; ``field_name`` is Django's ``attname``."""

    def __init__(self, field: PropertyField) -> None:
        super().__init__(field.property_name, field.attname)


class APIObjectEncoder(DjangoJSONEncoder):
    """Writes API objects wherever Django writes a JSONField."""

    def default(self, o: Any) -> Any:
        plain = json_value(o)
        return super().default(o) if plain is o else plain


class PropertyField(models.Field):  # type: ignore[type-arg]
    """What the fields of all types share."""

    descriptor_class = RowAttribute
    #: Set by :func:`field_of`; a clone, which migrations make, lacks it.
    schema_property: Property | None = None

    @property
    def property_name(self) -> str:
        return self.attname if self.schema_property is None else self.schema_property.name

    def get_internal_type(self) -> str:
        return type(self).__mro__[2].__name__  # Django's class, whose displays and widgets fit

    def get_default(self) -> Any:
        """The schema's default as JSON; unset where it has none."""
        schema = None if self.schema_property is None else self.schema_property.schema
        return copy.deepcopy(schema.default) if schema is not None and schema.has_default else UNSET

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """A form can't tell null from unset: nothing stays nothing, else it is null where that is allowed."""
        if data is not None and data != "":
            setattr(instance, self.name, data)
        elif self.schema_property is not None and instance.__dict__.get(self.attname, UNSET) != data:
            is_null = self.schema_property.schema.nullable and self.attname in instance.__dict__
            is_set = instance.__dict__.get(self.attname, UNSET) is not UNSET
            setattr(instance, self.name, None if is_null and is_set else UNSET)


class TextLine(PropertyField, models.CharField):  # type: ignore[type-arg]
    def _check_max_length_attribute(self, **kwargs: Any) -> list[CheckMessage]:
        return []


class Text(PropertyField, models.TextField):  # type: ignore[type-arg]
    pass


class Integer(PropertyField, models.IntegerField):  # type: ignore[type-arg]
    @property
    def validators(self) -> list[Any]:
        # Django would add the range of integers in the default database.
        return list(self._validators)  # type: ignore[attr-defined]

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        schema = None if self.schema_property is None else self.schema_property.schema
        bounds = (
            {} if schema is None else {"min_value": schema.keyword("minimum"), "max_value": schema.keyword("maximum")}
        )
        return super().formfield(**{**bounds, **kwargs})


class Number(PropertyField, models.DecimalField):  # type: ignore[type-arg]
    """Any number of digits before and after the point."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return models.Field.check(self, **kwargs)

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, (int, float)) else super().to_python(value)


class Boolean(PropertyField, models.BooleanField):  # type: ignore[type-arg]
    pass


class DateTime(PropertyField, models.DateTimeField):  # type: ignore[type-arg]
    def save_form_data(self, instance: models.Model, data: Any) -> None:
        if data is not None and timezone.is_naive(data):  # what forms give where USE_TZ is off
            data = timezone.make_aware(data)
        super().save_form_data(instance, data)


class Date(PropertyField, models.DateField):  # type: ignore[type-arg]
    pass


class Time(PropertyField, models.TimeField):  # type: ignore[type-arg]
    pass


class Duration(PropertyField, models.DurationField):  # type: ignore[type-arg]
    pass


class UUID(PropertyField, models.UUIDField):  # type: ignore[type-arg]
    pass


class Binary(PropertyField, models.BinaryField):  # type: ignore[type-arg]
    pass


class JSON(PropertyField, models.JSONField):
    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return models.Field.check(self, **kwargs)


_BY_FORMAT: Mapping[str, type[PropertyField]] = MappingProxyType(
    {
        "date-time": DateTime,
        "date": Date,
        "time": Time,
        "duration": Duration,
        "uuid": UUID,
        "decimal": Number,
        "byte": Binary,
        "binary": Binary,
    }
)
_BY_TYPE: Mapping[tuple[str, ...], type[PropertyField]] = MappingProxyType(
    {("integer",): Integer, ("number",): Number, ("boolean",): Boolean}
)


def field_of(prop: Property, *, primary_key: bool = False) -> PropertyField:
    """Return a new field for ``prop``, with its column, label, help text, choices, null and blank."""
    schema = prop.schema
    kind = _kind(schema)
    is_optional = not prop.required or prop.read_only or prop.extensions.generated is not None
    options: dict[str, Any] = {
        "verbose_name": schema.title or prop.name.replace("_", " ").strip() or prop.name,
        "help_text": schema.description,
        "db_column": prop.name,
        "blank": is_optional or schema.nullable,
    }
    if primary_key:
        options["primary_key"] = True
    else:
        options["null"] = is_optional or schema.nullable
    if kind in (TextLine, Integer, Text) and schema.enum:
        options["choices"] = [(value, str(value)) for value in schema.enum if value is not None]
    if kind is TextLine:
        options["max_length"] = schema.keyword("maxLength")
    if kind is JSON:
        options["encoder"] = APIObjectEncoder
    if kind is Binary:
        options["editable"] = False
    field = kind(**options)
    field.schema_property = prop
    return field


def _kind(schema: Schema) -> type[PropertyField]:
    if schema.types == ("string",):
        longest = schema.keyword("maxLength")
        is_long = isinstance(longest, int) and longest > _ONE_LINE
        return _BY_FORMAT.get(schema.format or "", Text if is_long and not schema.enum else TextLine)
    return _BY_TYPE.get(schema.types, JSON)


class ItemKeyAttribute:
    """The descriptor of the synthetic primary key: computed from both keys, and sets both."""

    def __init__(self, field: ItemKeyField) -> None:
        self.field = field

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else self.field.compose(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        if value is not UNSET:
            self.field.decompose(instance, value)


class ItemKeyField(models.CharField):  # type: ignore[type-arg]
    """The primary key of items with a hash and a range key. Both functions take the row."""

    descriptor_class = ItemKeyAttribute
    compose: Callable[[APIObject], str | None]
    decompose: Callable[[APIObject, str | None], None]

    def get_internal_type(self) -> str:
        return "CharField"

    def get_default(self) -> Any:
        return UNSET

    def _check_max_length_attribute(self, **kwargs: Any) -> list[CheckMessage]:
        return []
