"""Layer 2: Schema → Python. What is valid, API object classes, Django models, DRF serializers.

No URLs and no DynamoDB in here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .classes import Classes
    from .conversions import UNSET, Conversion, converter, json_value
    from .fields import field_for, register_field
    from .formats import register_format
    from .models import build_model, keys_from_pk, pk_for
    from .names import field_names
    from .objects import APIObject, ObjectSpec, Value
    from .serializers import serializer_for
    from .validators import (
        Note,
        SchemaError,
        SchemaValidator,
        Validator,
        Violation,
        compile_schema,
        validator_for,
    )

#: Name → module. Imported when first asked for: `compile_schema` alone needs neither DRF nor Django's settings.
_EXPORTS = {
    "APIObject": "objects",
    "Classes": "classes",
    "Conversion": "conversions",
    "Note": "validators",
    "ObjectSpec": "objects",
    "SchemaError": "validators",
    "SchemaValidator": "validators",
    "UNSET": "conversions",
    "Validator": "validators",
    "Value": "objects",
    "Violation": "validators",
    "build_model": "models",
    "compile_schema": "validators",
    "converter": "conversions",
    "field_for": "fields",
    "field_names": "names",
    "json_value": "conversions",
    "keys_from_pk": "models",
    "pk_for": "models",
    "register_field": "fields",
    "register_format": "formats",
    "serializer_for": "serializers",
    "validator_for": "validators",
}
__all__ = [
    "UNSET",
    "APIObject",
    "Classes",
    "Conversion",
    "Note",
    "ObjectSpec",
    "SchemaError",
    "SchemaValidator",
    "Validator",
    "Value",
    "Violation",
    "build_model",
    "compile_schema",
    "converter",
    "field_for",
    "field_names",
    "json_value",
    "keys_from_pk",
    "pk_for",
    "register_field",
    "register_format",
    "serializer_for",
    "validator_for",
]


def __getattr__(name: str) -> object:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
