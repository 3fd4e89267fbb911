"""Stage 2: from a schema to Python. Validation, values, Django models, DRF serializers and stubs; no URLs, no DynamoDB.

It takes a Schema, and makes a validator, an API object class, a row model, a serializer class or a stub. Open
``validation`` for what is valid, ``formats`` for a string format, ``values`` for Python values and classes, ``models``
for Django models, ``styles`` for how parameters and forms are written, ``serializers`` for DRF serializers and fields,
``checks`` for what ``checkspec`` finds in schemas, and ``stubs`` for type stubs.
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

#: Serializers need DRF, and rows are needed only where items are kept: validation and values need neither.
__getattr__ = lazy_exports(
    __name__,
    {
        "models.row_models": ("build_model",),
        "serializers.fields": ("register_field",),
        "serializers.schema_serializers": ("serializer_for",),
    },
)
