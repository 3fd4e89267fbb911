"""Reads the parameters, bodies and responses of OpenAPI 3.x operations into the dataclasses of ``messages``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from macaron_django.openapi.operations.messages import Encoding, Header, MediaType, Parameter, RequestBody, Response
from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.schema import Schema

if TYPE_CHECKING:
    from macaron_django.openapi.schema import SchemaDocument

__all__ = ["OpenAPI3Reader", "examples_of"]

_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}


class OpenAPI3Reader:
    """Reads the parameters, bodies and responses of an OpenAPI 3.x document's operations."""

    def __init__(self, document: SchemaDocument) -> None:
        self.document = document

    def parameters(self, parameters: Sequence[SourceNode]) -> tuple[Parameter, ...]:
        """Returns the parameters that have a name and a location."""
        return tuple(
            self._parameter(node)
            for node in parameters
            if isinstance(node.value.get("name"), str) and isinstance(node.value.get("in"), str)
        )

    def _parameter(self, node: SourceNode) -> Parameter:
        value = node.mapping
        location = value["in"]
        style, explode = self._style(value, location)
        schema, content_type, encoding = self._schema_or_content(node)
        return Parameter(
            name=value["name"],
            location=location,
            required=value.get("required") is True or location == "path",
            schema=schema,
            style=style,
            explode=explode,
            allow_reserved=value.get("allowReserved") is True,
            allow_empty_value=value.get("allowEmptyValue") is True,
            content_type=content_type,
            encoding=encoding,
            description=text(value, "description"),
            deprecated=value.get("deprecated") is True,
            key=text(value, "x-key") or None,
            lookup=text(value, "x-lookup") or None,
            greedy=value.get("x-path-greedy") is True,
            item_styles=self._item_styles(value),
            examples=self._examples(node),
            place=node.location,
        )

    def _style(self, value: Mapping[str, Any], location: str) -> tuple[str, bool]:
        style = value.get("style") or _STYLES.get(location, "form")
        explode = value.get("explode")
        return style, explode if isinstance(explode, bool) else style in ("form", "cookie")

    def _item_styles(self, value: Mapping[str, Any]) -> tuple[str, ...]:
        return ()

    def _examples(self, node: SourceNode) -> Mapping[str, Any]:
        return examples_of(self.document, node)

    def _schema_or_content(self, node: SourceNode) -> tuple[Schema, str | None, Mapping[str, Encoding]]:
        for name, child in node.child("content").children():
            media_type = self.document.follow(child) or child
            return self.document.schema_of(media_type.child("schema")), name, self._encodings(media_type)
        return self.document.schema_of(node.child("schema")), None, {}

    def request_body(self, operation: SourceNode, parameters: Sequence[SourceNode]) -> RequestBody | None:
        """Returns the request body; None if there is none. ``parameters`` is used only for Swagger 2.0."""
        node = self.document.follow(operation.child("requestBody"))
        if node is None or not node.mapping:
            return None
        return RequestBody(
            required=node.mapping.get("required") is True,
            description=text(node.mapping, "description"),
            content=self._content(node, operation),
        )

    def _content(self, node: SourceNode, operation: SourceNode) -> Mapping[str, MediaType]:
        content = node.child("content")
        found: dict[str, MediaType] = {}
        for name, child in content.children():
            media_type = self.document.follow(child)
            if media_type is not None:
                found[name] = self._media_type(media_type)
        return found

    def _media_type(self, node: SourceNode) -> MediaType:
        value = node.mapping
        return MediaType(
            schema=self.document.schema_of(node.child("schema")) if value.get("schema") is not None else None,
            encoding=self._encodings(node),
            examples=examples_of(self.document, node),
            item_schema=self.document.schema_of(node.child("itemSchema")) if "itemSchema" in value else None,
        )

    def _encodings(self, node: SourceNode) -> dict[str, Encoding]:
        return {name: self._encoding(child) for name, child in node.child("encoding").children()}

    def _encoding(self, node: SourceNode) -> Encoding:
        value = node.mapping
        style = text(value, "style") or "form"
        explode = value.get("explode")
        return Encoding(
            content_type=text(value, "contentType") or None,
            style=style,
            explode=explode if isinstance(explode, bool) else style == "form",
            allow_reserved=value.get("allowReserved") is True,
            headers=self._headers(node),
        )

    def _headers(self, node: SourceNode) -> Mapping[str, Header]:
        found: dict[str, Header] = {}
        for name, child in node.child("headers").children():
            header = self.document.follow(child)
            if header is not None:
                schema, content_type, _ = self._schema_or_content(header)
                style, explode = self._style(header.mapping, "header")
                found[name] = Header(
                    name=name,
                    required=header.mapping.get("required") is True,
                    schema=schema,
                    style=style,
                    explode=explode,
                    content_type=content_type,
                    description=text(header.mapping, "description"),
                    item_styles=self._item_styles(header.mapping),
                )
        return found

    def responses(self, operation: SourceNode) -> Mapping[str, Response]:
        """Returns the responses by status, without x- attributes."""
        found: dict[str, Response] = {}
        for status, child in operation.child("responses").children():
            node = None if status.startswith("x-") else self.document.follow(child)
            if node is not None:
                found[status] = Response(
                    status=status,
                    description=text(node.mapping, "description"),
                    headers=self._headers(node),
                    content=self._content(node, operation),
                    extensions={key: value for key, value in node.mapping.items() if key.startswith("x-")},
                )
        return found


def text(value: Mapping[str, Any], key: str) -> str:
    """Returns the text of the field ``key``, or "" if the field is missing or has no text."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def examples_of(document: SchemaDocument, node: SourceNode) -> Mapping[str, Any]:
    """Returns the examples by name. A single ``example`` is named "example". External examples aren't fetched."""
    found: dict[str, Any] = {}
    if "example" in node.mapping:
        found["example"] = node.mapping["example"]
    for name, child in node.child("examples").children():
        example = document.follow(child)
        for key in ("value", "dataValue"):
            if example is not None and key in example.mapping:
                found.setdefault(name, example.mapping[key])
    return found
