"""Reads requests: parameters, bodies and preconditions become Python values, and what is wrong becomes a 4xx answer.

Open ``parameters`` for where parameters are found (how they are written: ``schemas.styles``), and
``field_readers`` for the value that a text has by its schema. Open ``bodies`` for how a body is read and converted,
``parsers`` for its media types, ``form_bodies`` and ``multipart_texts`` for forms, ``body_bytes`` for sizes and
chunks, ``operation_requests`` for DRF's request, ``preconditions`` for ``If-Match``, and ``unknown_properties`` for
properties that no schema names.
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
