"""Reads the parameters, bodies and responses of Swagger 2.0 operations into the dataclasses of ``messages``.

``in: body`` and ``in: formData`` become the request body, and ``collectionFormat`` becomes a style. The media types in
``produces`` and ``consumes`` become the keys of ``content``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from macaron_django.openapi.dialects.openapi3 import OpenAPI3Reader, text
from macaron_django.openapi.dialects.schema_dialects import normalise_schema
from macaron_django.openapi.operations.media_types import JSON, MULTIPART, URL_ENCODED
from macaron_django.openapi.operations.messages import Encoding, MediaType, Parameter, RequestBody
from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.schema import Schema

__all__ = ["COLLECTIONS", "Swagger2Reader", "item_formats"]

#: The style and ``explode`` of each collectionFormat in a query or form; ``tsv`` has no style in OpenAPI 3.
COLLECTIONS = {
    "csv": ("form", False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
_NOT_SCHEMA = frozenset({"allowEmptyValue", "collectionFormat", "description", "in", "name", "required", "schema"})


def item_formats(value: Mapping[str, Any]) -> list[str]:
    """Returns the ``collectionFormat`` of each array that is nested in a parameter's array, outer arrays first.

    >>> item_formats({"type": "array", "items": {"type": "array", "items": {"type": "string"}}})
    ['csv']
    """
    found = []
    items = value.get("items")
    while isinstance(items, dict) and items.get("type") == "array":
        found.append(str(items.get("collectionFormat", "csv")))
        items = items.get("items")
    return found


class Swagger2Reader(OpenAPI3Reader):
    """Reads the parameters, bodies and responses of a Swagger 2.0 document's operations, in OpenAPI 3.1's terms."""

    def parameters(self, parameters: Sequence[SourceNode]) -> tuple[Parameter, ...]:
        """Returns all parameters except bodies and form fields."""
        return super().parameters([node for node in parameters if node.value.get("in") not in ("body", "formData")])

    def _style(self, value: Mapping[str, Any], location: str) -> tuple[str, bool]:
        style, explode = COLLECTIONS.get(str(value.get("collectionFormat", "csv")), ("form", False))
        if location in ("path", "header") and style == "form":
            style = "simple"
        return style, explode

    def _item_styles(self, value: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(COLLECTIONS.get(each, COLLECTIONS["csv"])[0] for each in item_formats(value))

    def _examples(self, node: SourceNode) -> Mapping[str, Any]:
        return {}

    def _schema_or_content(self, node: SourceNode) -> tuple[Schema, str | None, Mapping[str, Encoding]]:
        return self._inline_schema(node), None, {}

    def _inline_schema(self, node: SourceNode) -> Schema:
        """Returns the schema of a parameter or header: its JSON Schema keywords, without ``name``, ``in`` etc."""
        if isinstance(node.mapping.get("schema"), dict):  # not allowed in Swagger 2.0, but some documents have it
            return self.document.schema_of(node.child("schema"))
        json = normalise_schema(
            {key: value for key, value in node.mapping.items() if key not in _NOT_SCHEMA},
            "2.0",
            max_depth=self.document.limits.max_depth,
        )
        return self.document.schema_at(node.file, node.pointer, node.pointer, json)

    def request_body(self, operation: SourceNode, parameters: Sequence[SourceNode]) -> RequestBody | None:
        """Returns the body parameter, or all form fields as one body; None if there is neither."""
        fields = [node for node in parameters if node.value.get("in") == "formData"]
        if fields:
            return self._form(operation, fields)
        for node in parameters:
            if node.value.get("in") == "body":
                media_type = MediaType(schema=self.document.schema_of(node.child("schema")))
                return RequestBody(
                    required=node.value.get("required") is True,
                    description=text(node.value, "description"),
                    content=dict.fromkeys(self._media_types(operation, "consumes"), media_type),
                )
        return None

    def _form(self, operation: SourceNode, fields: list[SourceNode]) -> RequestBody:
        properties: dict[str, Any] = {}
        encoding: dict[str, Encoding] = {}
        required: list[str] = []
        has_file = False
        for node in fields:
            name = str(node.value.get("name"))
            json = dict(self._inline_schema(node).keywords)
            if text(node.value, "description"):
                json["description"] = node.value["description"]
            properties[name] = json
            has_file = has_file or node.value.get("type") == "file"
            if node.value.get("required") is True:
                required.append(name)
            style, explode = self._style(node.value, "formData")
            if json.get("type") == "array":
                encoding[name] = Encoding(
                    None, style, explode, allow_reserved=False, item_styles=self._item_styles(node.value)
                )
        json = {"type": "object", "properties": properties, **({"required": required} if required else {})}
        pointer = operation.pointer + "/requestBody/schema"
        source = operation.pointer + "/parameters"
        schema = self.document.schema_at(operation.file, source, pointer, json)
        forms = [name for name in self._media_types(operation, "consumes") if name in (URL_ENCODED, MULTIPART)]
        media_type = MediaType(schema=schema, encoding=encoding)
        content = dict.fromkeys(forms or [MULTIPART if has_file else URL_ENCODED], media_type)
        return RequestBody(required=bool(required), description="", content=content)

    def _media_types(self, operation: SourceNode, key: str) -> list[str]:
        for value in (operation.mapping.get(key), self.document.json.get(key)):
            if isinstance(value, list):
                names = [name for name in value if isinstance(name, str)]
                return names or [JSON]
        return [JSON]

    def _content(self, node: SourceNode, operation: SourceNode) -> Mapping[str, MediaType]:
        if node.mapping.get("schema") is None:
            return {}
        schema = self.document.schema_of(node.child("schema"))
        examples = node.child("examples").mapping
        return {
            name: MediaType(schema=schema, examples={"example": examples[name]} if name in examples else {})
            for name in self._media_types(operation, "produces")
        }
