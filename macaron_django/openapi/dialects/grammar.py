"""The fields of each kind of OpenAPI object: one table for Swagger 2.0, one for OpenAPI 3.x.

All code that visits, checks or publishes documents uses these tables, and therefore finds the same objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from macaron_django.openapi.keywords import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS

__all__ = ["ANY", "OTHERS", "REQUIRED", "Field", "fields_of", "is_known"]


class Field(NamedTuple):
    """A field. ``shape`` is "one", "list" or "map". ``kind`` is the kind of the objects in it ("" for plain values)."""

    shape: str
    kind: str


ANY = Field("one", "")
#: The key for every field name that isn't listed for a kind.
OTHERS = "*"


def _one(kind: str) -> Field:
    return Field("one", kind)


def _list(kind: str) -> Field:
    return Field("list", kind)


def _map(kind: str) -> Field:
    return Field("map", kind)


def _any(names: str) -> dict[str, Field]:
    return dict.fromkeys(names.split(), ANY)


_METHODS = "get put post delete options head patch trace"
_SCHEMA: Mapping[str, Field] = {
    **dict.fromkeys(SCHEMA_KEYWORDS, _one("schema")),
    **dict.fromkeys(SCHEMA_LISTS, _list("schema")),
    **dict.fromkeys(SCHEMA_MAPS, _map("schema")),
    "discriminator": _one("discriminator"),
    OTHERS: ANY,
}
_PARAMETER_3 = {
    **_any("name in description required deprecated allowEmptyValue style explode allowReserved example"),
    "schema": _one("schema"),
    "content": _map("media_type"),
    "examples": _map("example"),
}
_INLINE_2 = {
    **_any(
        "type format items collectionFormat default maximum exclusiveMaximum minimum exclusiveMinimum maxLength "
        "minLength pattern maxItems minItems uniqueItems enum multipleOf description"
    ),
}

OPENAPI_3: Mapping[str, Mapping[str, Field]] = {
    "document": {
        **_any("openapi info security tags externalDocs jsonSchemaDialect $self"),
        "servers": _list("server"),
        "paths": _one("paths"),
        "webhooks": _map("path_item"),
        "components": _one("components"),
    },
    "paths": {OTHERS: _one("path_item")},
    "components": {
        "schemas": _map("schema"),
        "responses": _map("response"),
        "parameters": _map("parameter"),
        "examples": _map("example"),
        "requestBodies": _map("request_body"),
        "headers": _map("header"),
        "securitySchemes": _map("security_scheme"),
        "links": _map("link"),
        "callbacks": _map("callback"),
        "pathItems": _map("path_item"),
        "mediaTypes": _map("media_type"),
    },
    "path_item": {
        **_any("summary description"),
        **dict.fromkeys([*_METHODS.split(), "query"], _one("operation")),
        "additionalOperations": _map("operation"),
        "servers": _list("server"),
        "parameters": _list("parameter"),
    },
    "operation": {
        **_any("tags summary description externalDocs operationId deprecated security"),
        "parameters": _list("parameter"),
        "requestBody": _one("request_body"),
        "responses": _one("responses"),
        "callbacks": _map("callback"),
        "servers": _list("server"),
    },
    "parameter": _PARAMETER_3,
    "header": _PARAMETER_3,
    "request_body": {**_any("description required"), "content": _map("media_type")},
    "media_type": {
        **_any("example"),
        "schema": _one("schema"),
        "itemSchema": _one("schema"),
        "examples": _map("example"),
        "encoding": _map("encoding"),
        "prefixEncoding": _list("encoding"),
        "itemEncoding": _one("encoding"),
    },
    "encoding": {
        **_any("contentType style explode allowReserved"),
        "headers": _map("header"),
        "encoding": _map("encoding"),
        "prefixEncoding": _list("encoding"),
        "itemEncoding": _one("encoding"),
    },
    "responses": {OTHERS: _one("response")},
    "response": {
        **_any("description summary"),
        "headers": _map("header"),
        "content": _map("media_type"),
        "links": _map("link"),
    },
    "callback": {OTHERS: _one("path_item")},
    "example": _any("summary description value externalValue dataValue serializedValue"),
    "link": {**_any("operationRef operationId parameters requestBody description"), "server": _one("server")},
    "security_scheme": _any(
        "type description name in scheme bearerFormat flows openIdConnectUrl oauth2MetadataUrl deprecated"
    ),
    "server": _any("url description variables name"),
    "schema": _SCHEMA,
    "discriminator": _any("propertyName mapping defaultMapping"),
}

SWAGGER_2: Mapping[str, Mapping[str, Field]] = {
    "document": {
        **_any("swagger info host basePath schemes consumes produces security tags externalDocs"),
        "paths": _one("paths"),
        "definitions": _map("schema"),
        "parameters": _map("parameter"),
        "responses": _map("response"),
        "securityDefinitions": _map("security_scheme"),
    },
    "paths": {OTHERS: _one("path_item")},
    "path_item": {
        **dict.fromkeys(_METHODS.removesuffix(" trace").split(), _one("operation")),
        "parameters": _list("parameter"),
    },
    "operation": {
        **_any("tags summary description externalDocs operationId consumes produces schemes deprecated security"),
        "parameters": _list("parameter"),
        "responses": _one("responses"),
    },
    "parameter": {**_INLINE_2, **_any("name in required allowEmptyValue"), "schema": _one("schema")},
    "header": _INLINE_2,
    "responses": {OTHERS: _one("response")},
    "response": {**_any("description examples"), "schema": _one("schema"), "headers": _map("header")},
    "security_scheme": _any("type description name in flow authorizationUrl tokenUrl scopes"),
    "schema": _SCHEMA,
    "discriminator": _any("propertyName mapping"),
}

#: Fields that OpenAPI 3.1 and Swagger 2.0 require, although a server doesn't need them.
REQUIRED: Mapping[str, tuple[str, ...]] = {"response": ("description",), "operation": ("responses",)}


def fields_of(dialect: str, kind: str) -> Mapping[str, Field]:
    """Returns the fields of a kind of object, by name. The mapping is empty if the dialect doesn't have that kind."""
    return (SWAGGER_2 if dialect == "2.0" else OPENAPI_3).get(kind, {})


def is_known(fields: Mapping[str, Field], key: str) -> bool:
    """Returns whether an object may have the field ``key``. Every object may have x- attributes and ``$ref``."""
    return key in fields or OTHERS in fields or key.startswith("x-") or key == "$ref"
