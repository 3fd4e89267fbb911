"""The base class of string formats. Validators, conversions, forms, fields and stubs use formats through this class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from macaron_django.openapi import Schema

if TYPE_CHECKING:
    from django.db import models
    from rest_framework import serializers

    SerializerField: TypeAlias = "serializers.Field[Any, Any, Any, Any]"
    ModelField: TypeAlias = "type[models.Field[Any, Any]]"

__all__ = ["FieldFactory", "StringFormat"]


class FieldFactory(Protocol):
    """Returns a field for a schema.

    ``options`` are DRF's arguments for fields: required, allow_null, label, help_text …
    """

    def __call__(self, schema: Schema, **options: Any) -> SerializerField: ...


class StringFormat:
    """A format of strings. This base class treats values as if their schema had no format. Subclasses override what
    differs.

    Reading and writing are lossless: ``write(read(text)) == text`` for every text.
    """

    #: The value of ``format``.
    name: ClassVar[str]
    #: A description of a valid string, as the end of "must be …". If it is "", messages contain the format's name.
    description: ClassVar[str] = ""
    #: The Python types of its values. The type that ``read`` returns is first.
    python_types: ClassVar[tuple[type, ...]] = (str,)
    #: Whether values of these types are written in this format even if no schema has the format.
    is_default_for_types: ClassVar[bool] = False
    #: Whether jsonschema-rs itself checks the format. Otherwise, :meth:`check` checks it.
    is_checked_natively: ClassVar[bool] = True
    #: The class in ``rest_framework.serializers`` for a schema with this format, and its options. "" means the class
    #: for a string without a format.
    serializer_field_class: ClassVar[str] = ""
    serializer_options: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    #: The class in ``django.db.models`` for a row's field. "" means the class for a string without a format.
    model_field_class: ClassVar[str] = ""

    def read(self, text: str) -> Any:
        """Returns the Python value of a string. If Python can't represent the value, returns the string unchanged."""
        return text

    def adopted(self, value: Any) -> Any:
        """Returns the Python value for an object that isn't a string: by default, the object itself."""
        return value

    def write(self, value: Any) -> str:
        """Returns the string for a Python value."""
        return str(value)

    def check(self, text: str) -> bool:
        """Returns whether a string is valid. By default, a string is valid if ``read`` converts it to another type."""
        return not isinstance(self.read(text), str)

    def serializer_field(self, schema: Schema, plain: FieldFactory, **options: Any) -> SerializerField:
        """Returns the DRF field for a schema. ``plain`` creates the field for a string without a format."""
        if not self.serializer_field_class:
            return plain(schema, **self.serializer_options, **options)
        from rest_framework import serializers  # imported here, because validation doesn't need DRF

        field: SerializerField = getattr(serializers, self.serializer_field_class)(**self.serializer_options, **options)
        return field

    def model_field(self) -> ModelField | None:
        """Returns the class of the Django model field for a row's property.

        None means that the property gets the same class as a string without a format.
        """
        from django.db import models

        return getattr(models, self.model_field_class) if self.model_field_class else None

    def from_html(self, text: str) -> str:
        """Converts the text of an HTML form control to the string that the API uses."""
        return text

    def to_html(self, text: str) -> str | None:
        """Returns the text that the HTML form control shows for a string; None if it can't show that string."""
        return text

    def from_form(self, value: Any) -> Any:
        """Turns a value from Django's form field into the value of a row's property."""
        return value
