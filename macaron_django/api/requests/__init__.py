"""Reads requests: converts parameters and bodies to Python values, and raises exceptions with 4xx statuses for errors.

``parameters`` finds parameters, ``schemas.styles`` splits their texts by style, and ``field_readers`` converts the
texts to values. ``bodies`` reads and converts bodies, ``parsers`` parses media types, and ``form_bodies`` and
``multipart_texts`` read forms. ``body_bytes`` handles sizes and chunks. ``operation_requests`` has a subclass of DRF's
request, ``preconditions`` evaluates ``If-Match``, and ``unknown_properties`` handles undeclared properties.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from macaron_django.api.requests.bodies import BodyReader
    from macaron_django.api.requests.body_bytes import BodyTooLarge, LengthRequired, MalformedBody
    from macaron_django.api.requests.operation_requests import OperationRequest
    from macaron_django.api.requests.parameters import ParameterReader, ParameterValues
    from macaron_django.api.requests.preconditions import PreconditionFailed, PreconditionRequired

__all__ = [
    "BodyReader",
    "BodyTooLarge",
    "LengthRequired",
    "MalformedBody",
    "OperationRequest",
    "ParameterReader",
    "ParameterValues",
    "PreconditionFailed",
    "PreconditionRequired",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "bodies": ("BodyReader",),
        "body_bytes": ("BodyTooLarge", "LengthRequired", "MalformedBody"),
        "operation_requests": ("OperationRequest",),
        "parameters": ("ParameterReader", "ParameterValues"),
        "preconditions": ("PreconditionFailed", "PreconditionRequired"),
    },
)
