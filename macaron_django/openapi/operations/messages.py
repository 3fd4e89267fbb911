"""Parameters, request bodies and responses of an operation, as frozen dataclasses in OpenAPI 3.1's terms.

``dialects.openapi3`` and ``dialects.swagger2`` create them. This module isn't needed for routing or for
reading a document. So it is imported when code first accesses the parameters, body or responses of an operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from macaron_django.openapi.findings import Location

if TYPE_CHECKING:
    from macaron_django.openapi.schema import Schema

__all__ = ["Encoding", "Header", "MediaType", "Parameter", "RequestBody", "Response"]


@dataclass(frozen=True)
class Encoding:
    """How a form encodes one property."""

    content_type: str | None
    style: str
    explode: bool
    allow_reserved: bool
    headers: Mapping[str, Header] = field(default_factory=dict, hash=False)
    item_styles: tuple[str, ...] = ()  # as of a parameter


@dataclass(frozen=True)
class MediaType:
    """A body in one media type. ``item_schema`` is the schema of each item of a stream (OpenAPI 3.2)."""

    schema: Schema | None
    encoding: Mapping[str, Encoding] = field(default_factory=dict, hash=False)
    examples: Mapping[str, Any] = field(default_factory=dict, hash=False)
    item_schema: Schema | None = None


@dataclass(frozen=True)
class Header:
    """A header of a response, or of one part of a form."""

    name: str
    required: bool
    schema: Schema
    style: str = "simple"
    explode: bool = False
    content_type: str | None = None
    description: str = ""
    item_styles: tuple[str, ...] = ()  # as of a parameter


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation.

    If the parameter has ``content``, ``content_type`` and ``encoding`` come from it. ``item_styles`` are the styles of
    nested arrays, outer arrays first. In Swagger 2.0, these styles come from the ``collectionFormat`` of ``items``. In
    OpenAPI 3, ``item_styles`` is empty.
    """

    name: str
    location: str  # "path", "query", "header", "cookie" or (3.2) "querystring"
    required: bool
    schema: Schema
    style: str
    explode: bool
    allow_reserved: bool = False
    allow_empty_value: bool = False
    content_type: str | None = None
    encoding: Mapping[str, Encoding] = field(default_factory=dict, hash=False)
    description: str = ""
    deprecated: bool = False
    key: str | None = None
    lookup: str | None = None
    greedy: bool = False
    item_styles: tuple[str, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict, hash=False)
    place: Location = field(default=Location(""), compare=False)


@dataclass(frozen=True)
class RequestBody:
    """The body of a request. ``content`` maps each media type's name, as written in the spec, to a ``MediaType``."""

    required: bool
    description: str
    content: Mapping[str, MediaType] = field(hash=False)


@dataclass(frozen=True)
class Response:
    """A response of an operation. ``status`` is as written, such as "200", "2XX" or "default"."""

    status: str
    description: str
    headers: Mapping[str, Header] = field(default_factory=dict, hash=False)
    content: Mapping[str, MediaType] = field(default_factory=dict, hash=False)
    extensions: Mapping[str, Any] = field(default_factory=dict, hash=False)
