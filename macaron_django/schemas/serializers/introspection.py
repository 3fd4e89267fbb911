"""Gives drf-spectacular the schemas of generated serializers.

Fields can't express everything in a schema, such as exclusive bounds of decimals, additional properties or ``oneOf``.
With this module, a project that documents its own views with drf-spectacular gets the whole schema. Each referenced
schema becomes a component with the same name. Without this module, drf-spectacular only reads the fields, so the
description is correct but incomplete. Only ``manage.py spectacular`` and the documentation pages import this module,
because importing drf-spectacular is slow.
"""

# drf-spectacular claims to be typed, but much of it isn't.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import ComponentIdentity, force_instance, is_jsonschema_compliant, is_patched_serializer

from macaron_django.openapi import Schema
from macaron_django.openapi.keywords import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS
from macaron_django.openapi.publishing import SERVER_EXTENSIONS
from macaron_django.schemas.serializers import schema_serializers as serializers
from macaron_django.schemas.serializers.openapi30 import as_openapi30

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema
    from drf_spectacular.utils import Direction

__all__ = ["ObjectExtension", "ValueExtension"]

#: Keywords that have a meaning only in the schema's own document.
_LEFT_OUT = SERVER_EXTENSIONS | {
    "$anchor", "$defs", "$dynamicAnchor", "$id", "$schema", "$vocabulary", "definitions", "id",
}  # fmt: skip


class _FromSchema(OpenApiSerializerExtension):
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str | None:
        name = self.target.schema.name
        generated = force_instance(self.target).__class__.__module__ == serializers.__name__
        return re.sub(r"[^\w.-]", "_", name) if name and generated else None

    def get_identity(self, auto_schema: AutoSchema, direction: Direction) -> Any:
        """Returns the identity of a generated serializer's component: the serializer's schema.

        The serializer classes for requests and for responses have the same schema, so they share one component.
        """
        target = force_instance(self.target)
        return ComponentIdentity(self.target.schema) if type(target).__module__ == serializers.__name__ else None

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        serializer = force_instance(self.target)
        described = _Describer(auto_schema, direction, serializer).described(serializer.schema)
        if not described:  # drf-spectacular drops an empty component
            described = {"title": type(serializer).__name__}
        if is_patched_serializer(serializer, direction):
            described.pop("required", None)
        return described


class ObjectExtension(_FromSchema):
    target_class = "macaron_django.schemas.serializers.schema_serializers.SchemaSerializer"

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        described = super().map_serializer(auto_schema, direction)
        if described.get("type") == "object":  # also if the schema names no properties
            described.setdefault("additionalProperties", {})
        declared = force_instance(self.target)._declared_fields
        if declared:  # fields that a subclass declares
            plain = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
            properties = {name: plain["properties"][name] for name in declared if name in plain["properties"]}
            described["properties"] = {**described.get("properties", {}), **properties}
            required = {*described.get("required", ()), *(declared.keys() & set(plain.get("required", ())))}
            described |= {"required": sorted(required)} if required else {}
        return described


class ValueExtension(_FromSchema):
    target_class = "macaron_django.schemas.serializers.schema_serializers.SchemaValueSerializer"


class _Describer:
    """Writes schemas in drf-spectacular's version of OpenAPI. References become components of drf-spectacular."""

    def __init__(self, auto_schema: AutoSchema, direction: Direction, serializer: Any) -> None:
        self.auto_schema, self.direction, self.serializer = auto_schema, direction, serializer
        self.inlined: list[Schema] = []

    def described(self, schema: Schema) -> dict[str, Any]:
        json = schema.json
        if not isinstance(json, Mapping):
            return {} if json else {"not": {}}
        result: dict[str, Any] = {}
        for keyword, value in json.items():
            if keyword in _LEFT_OUT:
                continue
            if keyword in ("$ref", "$dynamicRef"):
                result |= self._reference(schema, alone=len(json) == 1)
            elif keyword in SCHEMA_MAPS and isinstance(value, Mapping):
                result[keyword] = {name: self._member(schema, keyword, name) for name in value}
            elif keyword in SCHEMA_LISTS and isinstance(value, list):
                result[keyword] = [self.described(schema.subschema(keyword, str(i))) for i in range(len(value))]
            elif keyword in SCHEMA_KEYWORDS and isinstance(value, Mapping):
                result[keyword] = self.described(schema.subschema(keyword))
            elif keyword == "discriminator":
                result |= self._discriminator(schema)
            else:
                result[keyword] = value
        return result if is_jsonschema_compliant() else as_openapi30(result)

    def _member(self, schema: Schema, keyword: str, name: str) -> dict[str, Any]:
        described = self.described(schema.subschema(keyword, name))
        types = described.get("type")
        if "enum" in described and not (isinstance(types, str) and types == "string"):
            # drf-spectacular would turn a property's enum into a component with only the first of the property's types.
            return {"allOf": [described]}
        return described

    def _reference(self, schema: Schema, *, alone: bool) -> dict[str, Any]:
        target = schema.target
        if target is None:
            return {}
        component = self._component(target)
        if component is None:
            if target in self.inlined:
                return {}
            self.inlined.append(target)
            component = self.described(target)
            self.inlined.pop()
        return component if alone or (is_jsonschema_compliant() and "$ref" in component) else {"allOf": [component]}

    def _component(self, target: Schema) -> dict[str, Any] | None:
        if target.resolved != target:
            return None
        kind = serializers.serializer_for(target, self.serializer.classes, self.serializer.direction)
        if issubclass(kind, serializers.SchemaListSerializer):
            return None
        component = self.auto_schema.resolve_serializer(cast("Any", kind), self.direction)
        return component.ref if component else None

    def _discriminator(self, schema: Schema) -> dict[str, Any]:
        found = schema.discriminator
        if found is None or not isinstance(schema.json, Mapping) or not schema.json.keys() & {"oneOf", "anyOf"}:
            return {}
        mapping = {value: self._component(target) for value, target in found.mapping.items()}
        references = {value: component["$ref"] for value, component in mapping.items() if component}
        return {"discriminator": {"propertyName": found.property_name, "mapping": references}}
