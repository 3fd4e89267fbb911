"""OpenAPI 3.x parameters, bodies and responses → the dataclasses of ``messages``.

Stands beside ``swagger2``, which makes the same of Swagger 2.0: the document picks one by its version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .messages import Encoding, Header, MediaType, Parameter, RequestBody, Response
from .references import Node
from .schema import Schema

if TYPE_CHECKING:
    from .document import Document
    from .operation import Operation

__all__ = ["OpenAPI3Reader", "examples_of"]

_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}


class OpenAPI3Reader:
    """Reads what stands below an operation of an OpenAPI 3.x document."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def parameters(self, operation: Operation) -> tuple[Parameter, ...]:
        return tuple(
            self._parameter(node)
            for node in operation.parameter_nodes
            if isinstance(node.value.get("name"), str) and isinstance(node.value.get("in"), str)
        )

    def _parameter(self, node: Node) -> Parameter:
        value = node.mapping
        location = value["in"]
        style = value.get("style") or _STYLES.get(location, "form")
        explode = value.get("explode")
        schema, content_type = self._schema_or_content(node)
        return Parameter(
            name=value["name"],
            location=location,
            required=value.get("required") is True or location == "path",
            schema=schema,
            style=style,
            explode=explode if isinstance(explode, bool) else style in ("form", "cookie"),
            allow_reserved=value.get("allowReserved") is True,
            allow_empty_value=value.get("allowEmptyValue") is True,
            content_type=content_type,
            description=text(value, "description"),
            deprecated=value.get("deprecated") is True,
            key=text(value, "x-key") or None,
            lookup=text(value, "x-lookup") or None,
            greedy=value.get("x-path-greedy") is True,
            examples=examples_of(self.document, node),
            place=node.location,
        )

    def _schema_or_content(self, node: Node) -> tuple[Schema, str | None]:
        content = node.child("content")
        for media_type, _ in content.children():
            return self.document._schema_of(content.child(media_type, "schema")), media_type
        return self.document._schema_of(node.child("schema")), None

    def request_body(self, operation: Operation) -> RequestBody | None:
        node = self.document._follow(operation.node.child("requestBody"))
        if node is None or not node.mapping:
            return None
        return RequestBody(
            required=node.mapping.get("required") is True,
            description=text(node.mapping, "description"),
            content=self._content(node),
        )

    def _content(self, node: Node) -> Mapping[str, MediaType]:
        content = node.child("content")
        found: dict[str, MediaType] = {}
        for name, child in content.children():
            media_type = self.document._follow(child)
            if media_type is not None:
                found[name] = self._media_type(media_type)
        return found

    def _media_type(self, node: Node) -> MediaType:
        value = node.mapping
        return MediaType(
            schema=self.document._schema_of(node.child("schema")) if value.get("schema") is not None else None,
            encoding={name: self._encoding(child) for name, child in node.child("encoding").children()},
            examples=examples_of(self.document, node),
            item_schema=self.document._schema_of(node.child("itemSchema")) if "itemSchema" in value else None,
        )

    def _encoding(self, node: Node) -> Encoding:
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

    def _headers(self, node: Node) -> Mapping[str, Header]:
        found: dict[str, Header] = {}
        for name, child in node.child("headers").children():
            header = self.document._follow(child)
            if header is not None:
                schema, content_type = self._schema_or_content(header)
                found[name] = Header(
                    name=name,
                    required=header.mapping.get("required") is True,
                    schema=schema,
                    explode=header.mapping.get("explode") is True,
                    content_type=content_type,
                    description=text(header.mapping, "description"),
                )
        return found

    def responses(self, operation: Operation) -> Mapping[str, Response]:
        found: dict[str, Response] = {}
        for status, child in operation.node.child("responses").children():
            if status.startswith("x-"):
                continue
            node = self.document._follow(child)
            if node is not None:
                found[status] = Response(
                    status=status,
                    description=text(node.mapping, "description"),
                    headers=self._headers(node),
                    content=self._content(node),
                    extensions={key: value for key, value in node.mapping.items() if key.startswith("x-")},
                )
        return found


def text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def examples_of(document: Document, node: Node) -> Mapping[str, Any]:
    """Name → example; the single ``example`` goes by that name. External ones aren't fetched."""
    found: dict[str, Any] = {}
    if "example" in node.mapping:
        found["example"] = node.mapping["example"]
    for name, child in node.child("examples").children():
        example = document._follow(child)
        for key in ("value", "dataValue"):
            if example is not None and key in example.mapping:
                found.setdefault(name, example.mapping[key])
    return found
