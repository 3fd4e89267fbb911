"""Swagger 2.0 parameters, bodies and responses → the dataclasses of ``messages``, in OpenAPI 3.1's terms.

``in: body`` and ``in: formData`` become the request body, ``collectionFormat`` a style, ``produces`` and
``consumes`` the keys of ``content``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .dialects import normalise_schema
from .messages import Encoding, Header, MediaType, Parameter, RequestBody, Response
from .openapi3 import text
from .references import Node
from .schema import Schema

if TYPE_CHECKING:
    from .document import Document
    from .operation import Operation

__all__ = ["Swagger2Reader"]

#: collectionFormat → (style in a query or form, explode); ``tsv`` has no style in OpenAPI 3.
_COLLECTIONS = {
    "csv": ("form", False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
_NOT_SCHEMA = frozenset({"allowEmptyValue", "collectionFormat", "description", "in", "name", "required", "schema"})
_JSON = "application/json"
_URL_ENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


class Swagger2Reader:
    """Reads what stands below an operation of a Swagger 2.0 document."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def parameters(self, operation: Operation) -> tuple[Parameter, ...]:
        return tuple(
            self._parameter(node)
            for node in operation.parameter_nodes
            if node.value.get("in") not in ("body", "formData")
            and isinstance(node.value.get("name"), str)
            and isinstance(node.value.get("in"), str)
        )

    def _parameter(self, node: Node) -> Parameter:
        value = node.mapping
        location = value["in"]
        style, explode = _style(value, location)
        return Parameter(
            name=value["name"],
            location=location,
            required=value.get("required") is True or location == "path",
            schema=self._inline_schema(node),
            style=style,
            explode=explode,
            allow_empty_value=value.get("allowEmptyValue") is True,
            description=text(value, "description"),
            key=text(value, "x-key") or None,
            lookup=text(value, "x-lookup") or None,
            greedy=value.get("x-path-greedy") is True,
            place=node.location,
        )

    def _inline_schema(self, node: Node) -> Schema:
        """The schema that a parameter or header is, its own keywords left out."""
        if isinstance(node.mapping.get("schema"), dict):  # not Swagger, but seen and unmistakable
            return self.document._schema_of(node.child("schema"))
        json = normalise_schema(
            {key: value for key, value in node.mapping.items() if key not in _NOT_SCHEMA},
            "2.0",
            max_depth=self.document.limits.max_depth,
        )
        return self.document._schema(node.file, node.pointer, node.pointer, json)

    def request_body(self, operation: Operation) -> RequestBody | None:
        fields = [node for node in operation.parameter_nodes if node.value.get("in") == "formData"]
        if fields:
            return self._form(operation, fields)
        for node in operation.parameter_nodes:
            if node.value.get("in") == "body":
                media_type = MediaType(schema=self.document._schema_of(node.child("schema")))
                return RequestBody(
                    required=node.value.get("required") is True,
                    description=text(node.value, "description"),
                    content=dict.fromkeys(self._media_types(operation, "consumes"), media_type),
                )
        return None

    def _form(self, operation: Operation, fields: list[Node]) -> RequestBody:
        properties: dict[str, Any] = {}
        encoding: dict[str, Encoding] = {}
        required: list[str] = []
        has_file = False
        for node in fields:
            name = str(node.value.get("name"))
            json = dict(self._inline_schema(node)._keywords)
            if text(node.value, "description"):
                json["description"] = node.value["description"]
            properties[name] = json
            has_file = has_file or node.value.get("type") == "file"
            if node.value.get("required") is True:
                required.append(name)
            style, explode = _style(node.value, "formData")
            if json.get("type") == "array":
                encoding[name] = Encoding(None, style, explode, allow_reserved=False)
        json = {"type": "object", "properties": properties, **({"required": required} if required else {})}
        pointer = operation.node.pointer + "/requestBody/schema"
        source = operation.node.pointer + "/parameters"
        schema = self.document._schema(operation.node.file, source, pointer, json)
        forms = [name for name in self._media_types(operation, "consumes") if name in (_URL_ENCODED, _MULTIPART)]
        media_type = MediaType(schema=schema, encoding=encoding)
        content = dict.fromkeys(forms or [_MULTIPART if has_file else _URL_ENCODED], media_type)
        return RequestBody(required=bool(required), description="", content=content)

    def _media_types(self, operation: Operation, key: str) -> list[str]:
        for value in (operation.json.get(key), self.document.json.get(key)):
            if isinstance(value, list):
                names = [name for name in value if isinstance(name, str)]
                return names or [_JSON]
        return [_JSON]

    def responses(self, operation: Operation) -> Mapping[str, Response]:
        found: dict[str, Response] = {}
        for status, child in operation.node.child("responses").children():
            node = None if status.startswith("x-") else self.document._follow(child)
            if node is not None:
                found[status] = Response(
                    status=status,
                    description=text(node.mapping, "description"),
                    headers=self._headers(node),
                    content=self._content(operation, node),
                    extensions={key: value for key, value in node.mapping.items() if key.startswith("x-")},
                )
        return found

    def _headers(self, node: Node) -> Mapping[str, Header]:
        return {
            name: Header(
                name=name,
                required=False,
                schema=self._inline_schema(child),
                description=text(child.mapping, "description"),
            )
            for name, child in node.child("headers").children()
        }

    def _content(self, operation: Operation, node: Node) -> Mapping[str, MediaType]:
        if node.mapping.get("schema") is None:
            return {}
        schema = self.document._schema_of(node.child("schema"))
        examples = node.child("examples").mapping
        return {
            name: MediaType(schema=schema, examples={"example": examples[name]} if name in examples else {})
            for name in self._media_types(operation, "produces")
        }


def _style(value: Mapping[str, Any], location: str) -> tuple[str, bool]:
    style, explode = _COLLECTIONS.get(str(value.get("collectionFormat", "csv")), ("form", False))
    if location in ("path", "header") and style == "form":
        style = "simple"
    return style, explode
