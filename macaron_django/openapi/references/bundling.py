"""Bundles a schema and all schemas that it refers to into one JSON Schema 2020-12.

Validators are compiled from bundles. Callers can also get a bundle as JSON Schema. Each schema that the bundled schema
refers to, even indirectly, becomes an entry of ``$defs``. The entry is written once for each direction (request or
response). All bundles of the document share the entry, so bundles are read-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from macaron_django.openapi.json_pointers import escape
from macaron_django.openapi.keywords import SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS
from macaron_django.openapi.references.discriminators import inheritance
from macaron_django.openapi.references.dynamic_scopes import Scope, dynamic_target, entered
from macaron_django.openapi.schema import Direction, Schema

__all__ = ["Bundler", "Definition", "DefinitionPart", "reference_to"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: Keywords to leave out: validators don't use them, or they would change the meaning of references in a bundle.
_LEFT_OUT = frozenset(
    {
        "$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$schema", "$vocabulary", "definitions", "description",
        "discriminator", "example", "examples", "externalDocs", "id", "xml",
    }
)  # fmt: skip
#: Keywords whose subschemas apply to the same instance.
IN_PLACE = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas")
_IGNORED_WHEN = {"request": "readOnly", "response": "writeOnly"}


class Definition(NamedTuple):
    """An entry of ``$defs``: a schema for one direction. ``scope`` has the targets of the schema's ``$dynamicRef``s.

    ``is_base`` marks the form that other schemas inherit from. This form lacks the conditions that a Swagger 2.0
    discriminator adds.
    """

    schema: Schema
    direction: Direction | None
    is_base: bool = False
    scope: Scope = ()


class _Rewritten(NamedTuple):
    """The JSON of a definition, and the definitions that it refers to."""

    json: dict[str, Any] | bool
    references: dict[Definition, None]


class DefinitionPart(NamedTuple):
    """A single definition: its schema, its name in ``$defs``, and its JSON. In the JSON, all definitions that this
    definition refers to are ``true``.
    """

    schema: Schema
    name: str
    json: dict[str, Any]


def _with_definitions(rewritten: _Rewritten, definitions: Mapping[str, Any]) -> dict[str, Any]:
    json = rewritten.json if isinstance(rewritten.json, dict) else ({} if rewritten.json else {"not": {}})
    return {"$schema": DIALECT, **json, **({"$defs": definitions} if definitions else {})}


def reference_to(name: str) -> str:
    """Returns the ``$ref`` of the definition with this name inside a bundle."""
    return "#/$defs/" + quote(escape(name), safe="~")


class Bundler:
    """Bundles the schemas of one document. It is thread-safe."""

    def __init__(self) -> None:
        # Other threads read these dictionaries, so setdefault() adds only finished values.
        self.names: dict[Schema, str] = {}
        self._named: dict[str, Schema] = {}  # the reverse of ``names``
        self._wanted: dict[str, int] = {}  # by name, the approximate number of schemas that wanted it
        self._rewritten: dict[Definition, _Rewritten] = {}

    def bundle(self, schema: Schema, direction: Direction | None) -> dict[str, Any]:
        """Returns a schema as self-contained JSON Schema 2020-12; the schemas that it refers to are in ``$defs``."""
        root = self._rewrite(Definition(schema, direction, scope=entered((), schema)))
        definitions = {self.key(each): rewritten.json for each, rewritten in self._reached(root.references)}
        return _with_definitions(root, definitions)

    def parts(self, schemas: Iterable[Schema], direction: Direction | None) -> Iterator[DefinitionPart]:
        """Yields a part for each of the schemas, and for each schema that they refer to.

        In a part, a reference accepts any value, because the part lacks the other definitions.
        """
        roots = [Definition(schema, direction, scope=entered((), schema)) for schema in schemas]
        for definition, rewritten in self._reached(dict.fromkeys(roots)):
            anything = dict.fromkeys(map(self.key, rewritten.references), True)
            yield DefinitionPart(definition.schema, self.key(definition), _with_definitions(rewritten, anything))

    def part_name(self, schema: Schema, direction: Direction | None) -> str:
        """Returns the schema's name in the bundle. ``parts`` yields the schema under this name."""
        return self.key(Definition(schema, direction, scope=entered((), schema)))

    def _reached(self, definitions: Iterable[Definition]) -> Iterator[tuple[Definition, _Rewritten]]:
        todo = list(definitions)
        seen = set(todo)
        while todo:
            definition = todo.pop()
            rewritten = self._rewrite(definition)
            yield definition, rewritten
            for reference in rewritten.references:
                if reference not in seen:
                    seen.add(reference)
                    todo.append(reference)

    def references(self, schema: Schema, direction: Direction | None) -> list[Schema]:
        """Returns the schemas that a schema refers to directly."""
        definition = Definition(schema, direction, scope=entered((), schema))
        return [reference.schema for reference in self._rewrite(definition).references]

    def name_of(self, schema: Schema) -> str:
        """Returns a schema's name in the ``$defs`` of all bundles."""
        name = self.names.get(schema)
        if name is None:
            component = schema.document.component_name(schema)
            wanted = component or schema.pointer.rpartition("/")[2].strip("#") or "schema"
            count = self._wanted.get(wanted, 1)
            name = wanted if count == 1 else f"{wanted}-{count}"
            while self._named.setdefault(name, schema) != schema:
                count += 1
                name = f"{wanted}-{count}"
            self._wanted[wanted] = count
            name = self.names.setdefault(schema, name)
        return name

    def reference(self, definition: Definition) -> str:
        """Returns the ``$ref`` of a definition inside a bundle."""
        return reference_to(self.key(definition))

    def key(self, definition: Definition) -> str:
        """Returns the name of a definition in ``$defs``."""
        name = self.name_of(definition.schema) + (" (base)" if definition.is_base else "")
        if definition.scope != entered((), definition.schema):
            name += f" ({', '.join(f'{anchor}: {self.name_of(meant)}' for anchor, meant in definition.scope)})"
        return name

    def _rewrite(self, definition: Definition) -> _Rewritten:
        if definition not in self._rewritten:
            writer = _DefinitionWriter(self, definition.direction, definition.scope)
            json = writer.rewrite(definition.schema.json, definition.schema, ())
            if not definition.is_base and isinstance(json, dict):
                writer.add_inheritance(definition.schema, json)
            self._rewritten[definition] = _Rewritten(json, writer.references)
        return self._rewritten[definition]


class _DefinitionWriter:
    """Writes one definition, and collects the definitions that it refers to."""

    def __init__(self, bundler: Bundler, direction: Direction | None, scope: Scope) -> None:
        self._bundler, self.direction, self.scope = bundler, direction, scope
        self.references: dict[Definition, None] = {}

    def rewrite(self, json: Any, schema: Schema, outer: tuple[Schema, ...]) -> dict[str, Any] | bool:
        """Returns a schema's JSON with references that are valid in a bundle.

        ``outer`` has the enclosing schemas for the same instance. An enclosing schema can also mark properties as
        readOnly or writeOnly.
        """
        if not isinstance(json, dict):
            return json if isinstance(json, bool) else True
        if "$id" in json and self.scope != (inside := entered(self.scope, schema)):
            return {"$ref": self._refer(Definition(schema, self.direction, scope=inside))}
        outer = (*outer, schema)
        result: dict[str, Any] = {}
        for keyword, value in json.items():
            if keyword in _LEFT_OUT or keyword.startswith("x-"):
                continue
            passed = outer if keyword in IN_PLACE else ()
            if keyword in ("$ref", "$dynamicRef"):
                target = dynamic_target(schema, self.scope)
                if target is not None:
                    result["$ref"] = self._refer(self._definition(target))
            elif keyword in SCHEMA_MAPS and isinstance(value, dict):
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
            elif keyword in SCHEMA_KEYWORDS and isinstance(value, dict):
                result[keyword] = self.rewrite(value, schema.subschema(keyword), passed)
            elif keyword == "required" and self.direction is not None and isinstance(value, list):
                result[keyword] = [name for name in value if not self._is_ignored(name, outer)]
            else:
                result[keyword] = value
        result |= self._discriminator(schema, result)
        return result

    def _discriminator(self, schema: Schema, json: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the discriminator of a union, with references to the branches. Validators ignore discriminators."""
        discriminator = schema.keywords.get("discriminator")
        if not isinstance(discriminator, dict):
            return {}
        union = next((keyword for keyword in ("oneOf", "anyOf") if keyword in json), None)
        if union is None:
            return {}
        named = zip(schema.branches(union), json[union], strict=True)
        references = {branch.resolved: part.get("$ref") for branch, part in named if isinstance(part, dict)}
        found = schema.document.discriminated(schema, discriminator)
        mapping = {value: references.get(target.resolved) for value, target in found.items()}
        return {"discriminator": {"propertyName": discriminator.get("propertyName"), "mapping": mapping}}

    def _is_ignored(self, name: Any, schemas: tuple[Schema, ...]) -> bool:
        """Returns whether one of the schemas excludes a property from this direction, by readOnly or writeOnly."""
        marker = _IGNORED_WHEN[self.direction] if self.direction else ""
        found = (schema.property_schema(name) for schema in schemas if isinstance(name, str))
        return any(each is not None and each.keyword(marker) is True for each in found)

    def _definition(self, target: Schema, *, is_base: bool = False) -> Definition:
        return Definition(target, self.direction, is_base, entered(self.scope, target))

    def _refer(self, definition: Definition) -> str:
        self.references[definition] = None
        return self._bundler.reference(definition)

    def _refer_to_bases(self, schema: Schema, parts: list[Any]) -> None:
        """Makes ``allOf`` refer to the base form of each parent that has a Swagger 2.0 discriminator."""
        for part, json in zip(schema.branches("allOf"), parts, strict=True):
            if part.target is not None and inheritance(part.target) is not None:
                self.references.pop(self._definition(part.target), None)
                json["$ref"] = self._refer(self._definition(part.target, is_base=True))

    def add_inheritance(self, schema: Schema, json: dict[str, Any]) -> None:
        """Adds the rule of a Swagger 2.0 discriminator.

        An instance must match the definition for its discriminator value.
        """
        found = inheritance(schema)
        if found is None:
            return
        name, values, own = found
        known = list(dict.fromkeys([*values, *([own] if own else [])]))
        added: list[Any] = [{"properties": {name: {"enum": known}}}]
        for value, target in values.items():
            condition = {"properties": {name: {"const": value}}, "required": [name]}
            added.append({"if": condition, "then": {"$ref": self._refer(self._definition(target))}})
        json["allOf"] = [*json.get("allOf", []), *added]
