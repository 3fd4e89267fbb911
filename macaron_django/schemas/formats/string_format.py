"""The base class of string formats: what validators, conversions, forms, fields and stubs must know about a format."""

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
    """Makes a field for a schema; ``options`` are DRF's own: required, allow_null, label, help_text …"""

    def __call__(self, schema: Schema, **options: Any) -> SerializerField: ...


class StringFormat:
    """A value of ``format`` in schemas of type string. A subclass overrides what differs from plain text.

    Reading and writing are lossless: ``write(read(text)) == text`` for every text.
    """

    #: The value of ``format``.
    name: ClassVar[str]
    #: What a valid string is, as it follows "must be …"; if "", messages give the format's name.
    description: ClassVar[str] = ""
    #: The Python types of its values, the one that ``read`` returns first.
    python_types: ClassVar[tuple[type, ...]] = (str,)
    #: Whether values of these types are written in this format if no schema names one.
    is_default_for_types: ClassVar[bool] = False
    #: Whether jsonschema-rs checks the format by itself; otherwise :meth:`check` does.
    is_checked_natively: ClassVar[bool] = True
    #: The class in ``rest_framework.serializers`` that describes a schema, and its options. "" is the class of plain
    #: strings.
    serializer_field_class: ClassVar[str] = ""
    serializer_options: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    #: The class in ``django.db.models`` of a row's field; "" is that of plain strings.
    model_field_class: ClassVar[str] = ""

    def read(self, text: str) -> Any:
        """Returns the Python value of a string; the string itself if Python has no value for it."""
        return text

    def adopted(self, value: Any) -> Any:
        """Returns the value to use for a Python object that isn't a string: by default the object itself."""
        return value

    def write(self, value: Any) -> str:
        """Returns the string of a Python value."""
        return str(value)

    def check(self, text: str) -> bool:
        """Returns whether a string is valid: by default, whether Python has a value for it."""
        return not isinstance(self.read(text), str)

    def serializer_field(self, schema: Schema, plain: FieldFactory, **options: Any) -> SerializerField:
        """Makes the DRF field that describes a schema; ``plain`` makes the field of a string without format."""
        if not self.serializer_field_class:
            return plain(schema, **self.serializer_options, **options)
        from rest_framework import serializers  # validation needs no DRF

        field: SerializerField = getattr(serializers, self.serializer_field_class)(**self.serializer_options, **options)
        return field

    def model_field(self) -> ModelField | None:
        """Returns the class of Django field for a row's property; None means the field of a string without format."""
        from django.db import models

        return getattr(models, self.model_field_class) if self.model_field_class else None

    def from_html(self, text: str) -> str:
        """Returns the string for the text that an HTML form control sent."""
        return text

    def to_html(self, text: str) -> str | None:
        """Returns the text for the HTML form control; None if it can't show this string."""
        return text

    def from_form(self, value: Any) -> Any:
        """Returns the value of a row's property for a value of Django's form field."""
        return value
