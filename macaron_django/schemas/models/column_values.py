"""Converts the Python values of a schema's properties into the values of a Django model's columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Any, Final

from django.conf import settings as django_settings
from django.db.models import BinaryField, CharField, DateTimeField, DecimalField, DurationField, JSONField, TextField

from macaron_django.exceptions import UnstorableValue
from macaron_django.schemas.values.conversions import json_value

__all__ = ["compared_with", "held_by"]

_OCTETS: Final = (bytes, bytearray, memoryview)


def held_by(field: Any) -> Callable[[Any], Any]:
    """Returns the function that converts a property's value into the value of ``field``.

    That function raises ``UnstorableValue``, ``InvalidOperation`` or ``OverflowError`` if the column can't hold the
    value.
    """
    if isinstance(field, DecimalField):
        return partial(_decimal, field)
    if isinstance(field, DurationField):
        return _duration
    if isinstance(field, DateTimeField):
        return _moment
    if isinstance(field, BinaryField):
        return _octets
    if isinstance(field, CharField | TextField):
        return _text_held
    return json_value if isinstance(field, JSONField) else _plain


def compared_with(field: Any, value: Any) -> Any:
    """Returns ``value`` in a form that can be compared with a field's values.

    The field's ``to_python`` converts the value and may raise errors.
    """
    if isinstance(field, BinaryField):
        return value  # Django decodes a string
    return field.to_python(_text_held(value) if isinstance(field, CharField | TextField) else value)


def _text_held(value: Any) -> Any:
    """Returns the value for a text column. Octets become base64, as in JSON, because Django would write ``b'...'``."""
    return json_value(value) if isinstance(value, _OCTETS) else _plain(value)


def _octets(value: Any) -> Any:
    if isinstance(value, str):
        raise UnstorableValue("Only base64 text can be stored in a binary column.")
    return value


def _decimal(field: DecimalField[Any, Any], value: Any) -> Any:
    """Returns the value. Raises InvalidOperation if the value has too many digits.

    SQLite would store such a value, but Django couldn't read it.
    """
    if value is not None:
        field.to_python(value).quantize(Decimal(1).scaleb(-field.decimal_places), context=field.context)
    return value


def _moment(value: Any) -> Any:
    """Returns a date-time as Django will read it from the database, so that all responses show the same time."""
    is_aware = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(timezone.utc) if is_aware and django_settings.USE_TZ else value


def _duration(value: Any) -> Any:
    """Returns the value. Raises UnstorableValue for a string.

    The value is a string if the duration has years, months or too many days.
    """
    if isinstance(value, str):
        raise UnstorableValue("A duration can't be stored in a column if it has years, months or billions of days.")
    return value


def _plain(value: Any) -> Any:
    """Returns the value for the ORM: API objects become dictionaries."""
    return value.to_json() if hasattr(value, "to_json") else value
