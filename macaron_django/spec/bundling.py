"""A schema and all that it refers to → one self-contained JSON Schema 2020-12, to compile or to hand on.

Each schema reached becomes one entry of ``$defs``, rewritten once per document and direction and shared by
all bundles that hold it: treat what comes out as read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from .dialects import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS
from .yaml_events import pointer_token

if TYPE_CHECKING:
    from .schema import Schema

__all__ = ["Direction", "Rewritten", "bundle_schema"]

Direction = Literal["request", "response"] | None

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: What a validator has no use for, or what would change the meaning of the references in a bundle.
_LEFT_OUT = frozenset(
    {
        "$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$schema", "$vocabulary", "definitions", "description",
        "discriminator", "example", "examples", "externalDocs", "id", "xml",
    }
)  # fmt: skip
_IN_PLACE = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas")
_IGNORED_WHEN = {"request": "readOnly", "response": "writeOnly"}


@dataclass
class Rewritten:
    """One entry of ``$defs`` and the schemas that it refers to."""

    json: dict[str, Any] | bool
    references: dict[Schema, None] = field(default_factory=dict)


def bundle_schema(schema: Schema, direction: Direction) -> dict[str, Any]:
    root = _rewritten(schema, direction)
    definitions: dict[str, Any] = {}
    todo = list(root.references)
    seen = set(todo)
    while todo:
        target = todo.pop()
        rewritten = _rewritten(target, direction)
        definitions[target.document._definition_name(target)] = rewritten.json
        for reference in rewritten.references:
            if reference not in seen:
                seen.add(reference)
                todo.append(reference)
    body = root.json if isinstance(root.json, dict) else ({} if root.json else {"not": {}})
    bundle = {"$schema": DIALECT, **body}
    if definitions:
        bundle["$defs"] = definitions
    return bundle


def _rewritten(schema: Schema, direction: Direction) -> Rewritten:
    cache = schema.document._rewritten
    key = (schema, direction)
    if key not in cache:
        rewritten = Rewritten(True)
        rewritten.json = _rewrite(schema.json, schema, direction, frozenset(), rewritten)
        cache[key] = rewritten
    return cache[key]


def _rewrite(
    json: Any, schema: Schema, direction: Direction, ignored: frozenset[str], rewritten: Rewritten
) -> dict[str, Any] | bool:
    """``ignored``: properties that an enclosing schema makes readOnly (or writeOnly) for the same instance."""
    if not isinstance(json, Mapping):
        return json if isinstance(json, bool) else True
    result: dict[str, Any] = {}
    if direction is not None and ("properties" in json or "allOf" in json or "$ref" in json or "required" in json):
        marker = _IGNORED_WHEN[direction]
        ignored = ignored | {
            name for name, property_ in schema.properties.items() if property_.schema.keyword(marker) is True
        }

    def below(keyword: str, item: Any, *keys: str) -> dict[str, Any] | bool:
        passed = ignored if keyword in _IN_PLACE else frozenset()
        return _rewrite(item, schema.subschema(keyword, *keys), direction, passed, rewritten)

    for keyword, value in json.items():
        if keyword in _LEFT_OUT or keyword.startswith("x-"):
            continue
        if keyword in ("$ref", "$dynamicRef"):
            if schema.target is not None:
                rewritten.references[schema.target] = None
                name = schema.document._definition_name(schema.target)
                result["$ref"] = "#/$defs/" + quote(pointer_token(name), safe="~")
        elif keyword in SCHEMA_MAPS and isinstance(value, Mapping):
            result[keyword] = {name: below(keyword, item, name) for name, item in value.items()}
        elif keyword in SCHEMA_LISTS and isinstance(value, list):
            result[keyword] = [below(keyword, item, str(index)) for index, item in enumerate(value)]
        elif keyword in SCHEMA_KEYWORDS and isinstance(value, Mapping):
            result[keyword] = below(keyword, value)
        elif keyword == "required" and ignored and isinstance(value, list):
            result[keyword] = [name for name in value if name not in ignored]
        else:
            result[keyword] = value
    return result
