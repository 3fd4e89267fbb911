"""Creates the Django fields of a row model.

The fields only describe and convert values. When a row is saved, the schema validates it. So the fields lack the checks
and validators for SQL databases, such as integer ranges and column lengths.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from django.core.checks import CheckMessage
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from macaron_django.openapi import Property, Schema
from macaron_django.schemas.formats.known_formats import STRING_FORMATS
from macaron_django.schemas.values.api_objects import APIObject, PropertyDescriptor
from macaron_django.schemas.values.conversions import UNSET, json_value

if TYPE_CHECKING:
    from django import forms

__all__ = ["ItemKeyField", "PropertyField", "RowAttribute", "field_of"]

#: Strings that may be longer than this get a text area.
_ONE_LINE = 500


class RowAttribute(PropertyDescriptor):
    """The descriptor for a field of a row model. It stores the value under the field's ``attname``."""

    def __init__(self, field: PropertyField) -> None:
        super().__init__(field.property_name, field.attname)


class APIObjectEncoder(DjangoJSONEncoder):
    """Encodes API objects in a JSONField."""

    def default(self, o: Any) -> Any:
        plain = json_value(o)
        return super().default(o) if plain is o else plain


class PropertyField(models.Field):  # type: ignore[type-arg]
    """The field of a property: a mixin for Django's field classes."""

    descriptor_class = RowAttribute
    #: The property, which :func:`field_of` sets. Clones of the field in migrations don't have it.
    schema_property: Property | None = None

    @property
    def property_name(self) -> str:
        """The name of the property. The field's name can be different."""
        return self.attname if self.schema_property is None else self.schema_property.name

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        if self.choices and self.blank:
            kwargs.setdefault("empty_value", None)
        found: forms.Field | None = super().formfield(**kwargs)
        return found

    def get_internal_type(self) -> str:
        return type(self).__mro__[2].__name__  # Django's class, so that its displays and widgets are used

    def get_default(self) -> Any:
        """Returns the schema's default as JSON; UNSET if the schema has none."""
        schema = None if self.schema_property is None else self.schema_property.schema
        return copy.deepcopy(schema.default) if schema is not None and schema.has_default else UNSET

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """Sets the property.

        An empty value makes the property null if the property is set and the schema allows null. Otherwise, an empty
        value unsets the property.
        """
        if data is not None and data != "":
            schema = None if self.schema_property is None else self.schema_property.schema
            string_format = None if schema is None else STRING_FORMATS.get(schema.format or "")
            setattr(instance, self.name, data if string_format is None else string_format.from_form(data))
        elif self.schema_property is not None and instance.__dict__.get(self.attname, UNSET) != data:
            is_null = self.schema_property.schema.nullable and self.attname in instance.__dict__
            is_set = instance.__dict__.get(self.attname, UNSET) is not UNSET
            setattr(instance, self.name, None if is_null and is_set else UNSET)


class _CharField(PropertyField, models.CharField):  # type: ignore[type-arg]
    def _check_max_length_attribute(self, **kwargs: Any) -> list[CheckMessage]:
        return []


class _IntegerField(PropertyField, models.IntegerField):  # type: ignore[type-arg]
    @property
    def validators(self) -> list[Any]:
        # Django would add validators for the integer range of the default database.
        return list(self._validators)  # type: ignore[attr-defined]

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        schema = None if self.schema_property is None else self.schema_property.schema
        bounds = (
            {} if schema is None else {"min_value": schema.keyword("minimum"), "max_value": schema.keyword("maximum")}
        )
        return super().formfield(**{**bounds, **kwargs})


class _DecimalField(PropertyField, models.DecimalField):  # type: ignore[type-arg]
    """A field for numbers with any number of digits before and after the point."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return models.Field.check(self, **kwargs)

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, (int, float)) else super().to_python(value)


class _JSONField(PropertyField, models.JSONField):
    def value_to_string(self, obj: models.Model) -> Any:
        """Returns the value in JSON form, as Django's serializers do for a JSONField."""
        value = self.value_from_object(obj)
        return (
            value if self.schema_property is None else cast("APIObject", obj).to_json().get(self.property_name, value)
        )

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return models.Field.check(self, **kwargs)


class _BinaryField(PropertyField, models.BinaryField):  # type: ignore[type-arg]
    """A field for bytes. It is editable, so that DRF's serializers can write it, but it has no form field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"editable": True, **kwargs})

    def formfield(self, **kwargs: Any) -> None:
        return None


#: The property fields that change more in Django's field than ``PropertyField`` does.
_PROPERTY_FIELDS: Mapping[type[models.Field[Any, Any]], type[PropertyField]] = MappingProxyType(
    {
        models.CharField: _CharField,
        models.IntegerField: _IntegerField,
        models.DecimalField: _DecimalField,
        models.JSONField: _JSONField,
        models.BinaryField: _BinaryField,
    }
)
_BY_TYPE: Mapping[tuple[str, ...], type[models.Field[Any, Any]]] = MappingProxyType(
    {("integer",): models.IntegerField, ("number",): models.DecimalField, ("boolean",): models.BooleanField}
)


@cache
def _property_field(kind: type[Any]) -> type[PropertyField]:
    """Returns the subclass of ``PropertyField`` for one of Django's field classes."""
    return _PROPERTY_FIELDS.get(kind) or type(f"_{kind.__name__}", (PropertyField, kind), {"__module__": __name__})


def field_of(prop: Property, *, primary_key: bool = False) -> PropertyField:
    """Returns a new field for ``prop``, with its column, label, help text, choices, null and blank."""
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
    if kind in (models.CharField, models.IntegerField, models.TextField) and schema.enum:
        options["choices"] = [(value, str(value)) for value in schema.enum if value is not None]
        # DRF creates a ChoiceField for this. It accepts null if `null` is set, and "" if `blank` is set.
        options["validators"] = [partial(_check_choice, schema.enum)]
        if not primary_key:
            options["null"] = schema.nullable
    if kind is models.CharField:
        options["max_length"] = schema.keyword("maxLength")
    if kind is models.JSONField:
        options["encoder"] = APIObjectEncoder
    field = _property_field(kind)(**options)  # type: ignore[arg-type]  # classes of fields are hashable
    field.schema_property = prop
    return field


def _check_choice(choices: Sequence[Any], value: Any) -> None:
    if value not in choices:
        raise ValidationError(_("Value %(value)r is not a valid choice."), "invalid_choice", {"value": value})


def _kind(schema: Schema) -> type[models.Field[Any, Any]]:
    if schema.types != ("string",):
        return _BY_TYPE.get(schema.types, models.JSONField)
    string_format = STRING_FORMATS.get(schema.format or "")
    kind = None if string_format is None else string_format.model_field()
    if kind is None:
        longest = schema.keyword("maxLength")
        is_long = isinstance(longest, int) and longest > _ONE_LINE and not schema.enum
        kind = models.TextField if is_long else models.CharField
    return kind


class ItemKeyAttribute:
    """The descriptor of the primary key that is composed of an item's two keys. It reads and sets both keys."""

    def __init__(self, field: ItemKeyField) -> None:
        self.field = field

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else self.field.compose(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        if value is not UNSET:
            self.field.decompose(instance, value)


class ItemKeyField(models.CharField):  # type: ignore[type-arg]
    """The primary key of items with a hash and a range key.

    ``compose`` returns the primary key for a row's two keys. ``decompose`` sets both keys from a primary key.
    """

    descriptor_class = ItemKeyAttribute
    compose: Callable[[APIObject], str | None]
    decompose: Callable[[APIObject, str | None], None]

    def get_internal_type(self) -> str:
        return "CharField"

    def get_default(self) -> Any:
        return UNSET

    def _check_max_length_attribute(self, **kwargs: Any) -> list[CheckMessage]:
        return []
