"""What the requests and responses of an operation hold, as frozen dataclasses.

``openapi3`` and ``swagger2`` make them, in OpenAPI 3.1's terms. They stand apart from ``operation`` because routing
asks for none of them, and dataclasses take their time to be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .findings import Location

if TYPE_CHECKING:
    from .schema import Schema

__all__ = ["Encoding", "Header", "MediaType", "Parameter", "RequestBody", "Response"]


@dataclass(frozen=True)
class Encoding:
    """How one property of a form is written."""

    content_type: str | None
    style: str
    explode: bool
    allow_reserved: bool
    headers: Mapping[str, Header] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class MediaType:
    """What a body of one media type holds; ``item_schema`` is for each item of a stream (3.2)."""

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


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation; ``content_type`` is set where it is a document of its own (``content``)."""

    name: str
    location: str  # "path", "query", "header", "cookie" or (3.2) "querystring"
    required: bool
    schema: Schema
    style: str
    explode: bool
    allow_reserved: bool = False
    allow_empty_value: bool = False
    content_type: str | None = None
    description: str = ""
    deprecated: bool = False
    key: str | None = None
    lookup: str | None = None
    greedy: bool = False
    examples: Mapping[str, Any] = field(default_factory=dict, hash=False)
    place: Location = field(default=Location(""), compare=False)


@dataclass(frozen=True)
class RequestBody:
    required: bool
    description: str
    content: Mapping[str, MediaType] = field(hash=False)


@dataclass(frozen=True)
class Response:
    """What an operation answers; ``status`` as written: "200", "2XX" or "default"."""

    status: str
    description: str
    headers: Mapping[str, Header] = field(default_factory=dict, hash=False)
    content: Mapping[str, MediaType] = field(default_factory=dict, hash=False)
    extensions: Mapping[str, Any] = field(default_factory=dict, hash=False)
