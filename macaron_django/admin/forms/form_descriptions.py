"""Describes the form for items of a persisted schema. A script in the browser builds the form from this description.

The description has no ``$ref`` and no ``allOf``: both are resolved. A recursive schema appears only once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from macaron_django.admin.display.readable_json import readable_json
from macaron_django.admin.display.redaction import is_secret

if TYPE_CHECKING:
    from macaron_django.openapi import Property, Schema

__all__ = ["describe_form"]

#: A string that may be longer gets a text area.
ONE_LINE = 200
_KINDS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "array": "array"}
_LIMITS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern")


def describe_form(
    schema: Schema,
    *,
    fixed: Collection[str] = (),
    without: Collection[str] = (),
    keys: Collection[str] = (),
    sets: Collection[str] = (),
) -> dict[str, Any]:
    """Returns ``{"nodes": […]}``. Nodes refer to other nodes by their index. Node 0 describes the item.

    The last four arguments are collections of property names. Properties in ``fixed`` are shown but can't be changed.
    Properties in ``without`` aren't shown. Properties in ``keys`` come first. Properties in ``sets`` are arrays whose
    order has no meaning.
    """
    descriptions = _Descriptions(schema, fixed, without)
    properties = descriptions.nodes[0]["properties"]
    for entry in properties:
        if entry["name"] in sets:
            entry["set"] = True
    properties.sort(key=lambda entry: entry["name"] not in keys)
    return {"nodes": descriptions.nodes}


class _Descriptions:
    def __init__(self, schema: Schema, fixed: Collection[str], without: Collection[str]) -> None:
        self.nodes: list[dict[str, Any]] = []
        self._places: dict[Any, int] = {}
        self._item: dict[str, Any] = {}
        self.nodes.append(self._item)
        self._item |= self._object(schema, fixed, without)

    def place(self, schema: Schema) -> int:
        """Returns the index of a schema's node. Adds the node if the schema has none yet."""
        place = self._places.get(schema)
        if place is None:
            place = self._places[schema] = len(self.nodes)
            node: dict[str, Any] = {}
            self.nodes.append(node)
            node |= self._node(schema)
        return place

    def _node(self, schema: Schema) -> dict[str, Any]:
        node = {
            "title": schema.title,
            "help": schema.description,
            "nullable": schema.nullable,
            **{name: limit for name in _LIMITS if isinstance(limit := schema.keyword(name), int | float | str)},
        }
        if schema.has_default:
            node["default"] = readable_json(schema.default)
        return node | self._by_kind(schema)

    def _by_kind(self, schema: Schema) -> dict[str, Any]:
        if schema.enum is not None:
            values = [value for value in schema.enum if value is not None]
            return {
                "kind": "enum",
                "values": [{"json": readable_json(value), "label": _label(value)} for value in values],
            }
        branches = [branch for branch in schema.one_of or schema.any_of if branch.types or branch.properties]
        if branches and not schema.properties:
            return {"kind": "choice", "branches": self._branches(schema, branches)}
        if schema.is_object:
            return self._object(schema)
        if len(schema.types) > 1 and set(schema.types) != {"integer", "number"}:
            return {"kind": "any", "types": list(schema.types)}
        kind = _KINDS.get(schema.types[0]) if schema.types else None
        if kind is None:
            return {"kind": "any"}
        if kind == "array":
            items = None if schema.items is None else self.place(schema.items)
            return {"kind": kind, "items": items, "unique": schema.keyword("uniqueItems") is True}
        if kind == "number":
            return {"kind": kind, "integer": schema.types == ("integer",)}
        if schema.format in ("byte", "binary"):
            return {"kind": kind, "octets": True}
        return {"kind": kind, **({"format": schema.format} if schema.format else {}), **_lines(schema)}

    def _branches(self, schema: Schema, branches: list[Schema]) -> list[dict[str, Any]]:
        told = schema.discriminator
        values: dict[Schema, str] = {}
        for value, branch in (told.mapping if told is not None else {}).items():
            values.setdefault(branch.resolved, value)
        described = []
        for branch in branches:
            entry = {"label": branch.title or branch.name or _types(branch), "node": self.place(branch)}
            if told is not None and branch.resolved in values:
                entry |= {"property": told.property_name, "value": values[branch.resolved]}
            described.append(entry)
        return described

    def _object(self, schema: Schema, fixed: Collection[str] = (), without: Collection[str] = ()) -> dict[str, Any]:
        additional = schema.additional_properties
        members: int | bool = additional if isinstance(additional, bool) else self.place(additional)
        if schema.keyword("patternProperties"):
            members = True
        return {
            "kind": "object",
            "additional": members,
            "properties": [
                self._property(described, described.name in fixed)
                for described in schema.properties.values()
                if described.name not in without
            ],
        }

    def _property(self, described: Property, fixed: bool) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": described.name, "node": self.place(described.schema)}
        if described.required:
            entry["required"] = True
        if fixed:
            entry["fixed"] = True
        if described.extensions.generated:
            entry["generated"] = True
        if is_secret(described):
            entry["secret"] = True
        return entry


def _lines(schema: Schema) -> Mapping[str, bool]:
    longest = schema.keyword("maxLength")
    return {"long": True} if isinstance(longest, int) and longest > ONE_LINE and not schema.format else {}


def _label(value: Any) -> str:
    return value if isinstance(value, str) and value else readable_json(value)


def _types(schema: Schema) -> str:
    return " / ".join(schema.types) or "…"
