"""Builds Python objects from schemas: validators, values, Django models, DRF serializers and stubs.

From a ``Schema``, this package builds a validator, an API object class, a row model (the Django model of a DynamoDB
table), a serializer class or a stub. It works without URLs and without DynamoDB. The folders:

- ``validation``: validators, and the violations that they find
- ``formats``: string formats
- ``values``: Python values, and the classes of API objects
- ``models``: Django models
- ``styles``: the text of parameters and form fields
- ``serializers``: DRF serializers and their fields
- ``checks``: the findings of ``checkspec`` about schemas
- ``stubs``: type stubs
"""

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports
from macaron_django.schemas.formats.format_checks import register_format
from macaron_django.schemas.validation.compilable_schemas import SchemaError
from macaron_django.schemas.validation.validators import Validator, compile_schema, validator_for
from macaron_django.schemas.validation.violations import Violation
from macaron_django.schemas.values.api_objects import APIObject, Value
from macaron_django.schemas.values.classes import Classes
from macaron_django.schemas.values.conversions import UNSET, converter, json_value

if TYPE_CHECKING:
    from macaron_django.schemas.models.row_models import build_model
    from macaron_django.schemas.serializers.fields import register_field
    from macaron_django.schemas.serializers.schema_serializers import serializer_for

__all__ = [
    "UNSET",
    "APIObject",
    "Classes",
    "SchemaError",
    "Validator",
    "Value",
    "Violation",
    "build_model",
    "compile_schema",
    "converter",
    "json_value",
    "register_field",
    "register_format",
    "serializer_for",
    "validator_for",
]

#: Imported at first use, because validation and values need neither DRF nor row models.
__getattr__ = lazy_exports(
    __name__,
    {
        "models.row_models": ("build_model",),
        "serializers.fields": ("register_field",),
        "serializers.schema_serializers": ("serializer_for",),
    },
)
