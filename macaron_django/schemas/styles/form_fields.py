"""Describes a form field as a query parameter, because both have the same syntax (OpenAPI 3.1, Encoding Object)."""

from __future__ import annotations

from macaron_django.openapi import Encoding, Parameter, Schema
from macaron_django.openapi.operations.media_types import JSON, is_json
from macaron_django.schemas.values.text_values import schema_types

__all__ = ["field_parameter"]


def field_parameter(name: str, schema: Schema, encoding: Encoding | None) -> Parameter:
    """Returns a query parameter with the same serialization as the field.

    An object without ``encoding`` is written as JSON.
    """
    content_type = encoding.content_type if encoding else None
    if content_type is None:
        is_document = encoding is None and "object" in schema_types(schema)
    else:
        is_document = any(map(is_json, content_type.split(",")))
    return Parameter(
        name=name,
        location="query",
        required=False,
        schema=schema,
        style=encoding.style if encoding else "form",
        explode=encoding.explode if encoding else True,
        content_type=JSON if is_document else None,
        item_styles=encoding.item_styles if encoding else (),
    )
