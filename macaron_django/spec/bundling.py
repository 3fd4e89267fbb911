"""A schema and all that it refers to → one self-contained JSON Schema 2020-12, to compile or to hand on.

Each schema reached becomes one entry of ``$defs``, rewritten once per document and direction and shared by
all bundles that hold it: treat what comes out as read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote

from .dialects import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS
from .discriminators import inheritance
from .dynamic_scopes import Scope, dynamic_target, entered
from .pointers import pointer_token

if TYPE_CHECKING:
    from .schema import Schema

__all__ = ["Direction", "Entry", "Rewritten", "bundle_schema"]

Direction = Literal["request", "response"] | None

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: What a validator has no use for, or what would change the meaning of the references in a bundle.
_LEFT_OUT = frozenset(
    {
        "$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$schema", "$vocabulary", "definitions", "description",
        "discriminator", "example", "examples", "externalDocs", "id", "xml",
    }
)  # fmt: skip
#: Keywords whose subschemas apply to the same instance.
IN_PLACE = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas")
_IGNORED_WHEN = {"request": "readOnly", "response": "writeOnly"}


class Entry(NamedTuple):
    """A schema for one direction; ``base``: without what its discriminator adds, as those built on it need it.

    ``scope``: what the ``$dynamicRef``s in it mean.
    """

    schema: Schema
    direction: Direction
    base: bool = False
    scope: Scope = ()

    @property
    def name(self) -> str:
        named = self.schema.document._definition_name
        name = named(self.schema) + (" (base)" if self.base else "")
        if self.scope != entered((), self.schema):
            name += f" ({', '.join(f'{anchor}: {named(meant)}' for anchor, meant in self.scope)})"
        return name

    @property
    def reference(self) -> str:
        return "#/$defs/" + quote(pointer_token(self.name), safe="~")


@dataclass
class Rewritten:
    """The JSON of an entry, and the entries that it refers to."""

    json: dict[str, Any] | bool
    references: dict[Entry, None] = field(default_factory=dict)


def bundle_schema(schema: Schema, direction: Direction) -> dict[str, Any]:
    root = _rewritten(Entry(schema, direction, scope=entered((), schema)))
    definitions: dict[str, Any] = {}
    seen = set(root.references)
    todo = list(root.references)
    while todo:
        entry = todo.pop()
        rewritten = _rewritten(entry)
        definitions[entry.name] = rewritten.json
        for reference in rewritten.references:
            if reference not in seen:
                seen.add(reference)
                todo.append(reference)
    body = root.json if isinstance(root.json, dict) else ({} if root.json else {"not": {}})
    bundle = {"$schema": DIALECT, **body}
    if definitions:
        bundle["$defs"] = definitions
    return bundle


def _rewritten(entry: Entry) -> Rewritten:
    cache = entry.schema.document._rewritten
    if entry not in cache:
        writer = _Writer(entry.direction, entry.scope)
        json = writer.rewrite(entry.schema.json, entry.schema, frozenset())
        if not entry.base and isinstance(json, dict):
            writer.add_inheritance(entry.schema, json)
        cache[entry] = Rewritten(json, writer.references)
    return cache[entry]


class _Writer:
    """Rewrites one schema, and collects what it refers to."""

    def __init__(self, direction: Direction, scope: Scope) -> None:
        self.direction, self.scope = direction, scope
        self.references: dict[Entry, None] = {}

    def rewrite(self, json: Any, schema: Schema, ignored: frozenset[str]) -> dict[str, Any] | bool:
        """``ignored``: properties that an enclosing schema makes readOnly (or writeOnly) for the same instance."""
        if not isinstance(json, Mapping):
            return json if isinstance(json, bool) else True
        if "$id" in json and self.scope != (inside := entered(self.scope, schema)):
            return {"$ref": self._refer(Entry(schema, self.direction, scope=inside))}
        ignored |= self._ignored(json, schema)
        result: dict[str, Any] = {}
        for keyword, value in json.items():
            if keyword in _LEFT_OUT or keyword.startswith("x-"):
                continue
            passed = ignored if keyword in IN_PLACE else frozenset()
            if keyword in ("$ref", "$dynamicRef"):
                target = dynamic_target(schema, self.scope)
                if target is not None:
                    result["$ref"] = self._refer(self._entry(target))
            elif keyword in SCHEMA_MAPS and isinstance(value, Mapping):
                result[keyword] = {
                    name: self.rewrite(item, schema.subschema(keyword, name), passed) for name, item in value.items()
                }
            elif keyword in SCHEMA_LISTS and isinstance(value, list):
                result[keyword] = [
                    self.rewrite(item, schema.subschema(keyword, str(index)), passed)
                    for index, item in enumerate(value)
                ]
                if keyword == "allOf":
                    self._refer_to_bases(schema, result[keyword])
            elif keyword in SCHEMA_KEYWORDS and isinstance(value, Mapping):
                result[keyword] = self.rewrite(value, schema.subschema(keyword), passed)
            elif keyword == "required" and ignored and isinstance(value, list):
                result[keyword] = [name for name in value if name not in ignored]
            else:
                result[keyword] = value
        return result

    def _ignored(self, json: Mapping[str, Any], schema: Schema) -> frozenset[str]:
        if self.direction is None or not json.keys() & {"properties", "allOf", "$ref", "required"}:
            return frozenset()
        marker = _IGNORED_WHEN[self.direction]
        return frozenset(
            name for name, property_ in schema.properties.items() if property_.schema.keyword(marker) is True
        )

    def _entry(self, target: Schema, *, base: bool = False) -> Entry:
        return Entry(target, self.direction, base, entered(self.scope, target))

    def _refer(self, entry: Entry) -> str:
        self.references[entry] = None
        return entry.reference

    def _refer_to_bases(self, schema: Schema, parts: list[Any]) -> None:
        """What is built on a schema with a Swagger 2.0 discriminator needs that schema without its branches."""
        for part, json in zip(schema._branches("allOf"), parts, strict=True):
            if part.target is not None and inheritance(part.target) is not None:
                self.references.pop(self._entry(part.target), None)
                json["$ref"] = self._refer(self._entry(part.target, base=True))

    def add_inheritance(self, schema: Schema, json: dict[str, Any]) -> None:
        """Swagger 2.0's discriminator: its value is the name of the definition that the instance must match."""
        found = inheritance(schema)
        if found is None:
            return
        name, values = found["property"], found["values"]
        known = list(dict.fromkeys([*values, *([found["own"]] if found["own"] else [])]))
        added: list[Any] = [{"properties": {name: {"enum": known}}}]
        for value, target in values.items():
            condition = {"properties": {name: {"const": value}}, "required": [name]}
            added.append({"if": condition, "then": {"$ref": self._refer(self._entry(target))}})
        json["allOf"] = [*json.get("allOf", []), *added]
