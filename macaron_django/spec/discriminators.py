"""Which schema a discriminator's value stands for: a schema goes in, its values and their schemas come out.

In Swagger 2.0 a discriminator decides what is valid: its value names the definition, built on the base through
``allOf``, that the instance must match. In OpenAPI 3 it only says which branch is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .document import Document
    from .schema import Schema

__all__ = ["children_by_parent", "discriminated", "inheritance", "inheritors", "mapped"]


def discriminated(schema: Schema, discriminator: Mapping[str, Any]) -> Mapping[str, Schema]:
    """Each value → its schema: by ``mapping``, else by the names of the branches, or of those built on it."""
    found: dict[str, Schema] = {}
    mapping = discriminator.get("mapping")
    for value, reference in mapping.items() if isinstance(mapping, Mapping) else ():
        target = mapped(schema, reference)
        if target is not None:
            found[value] = target
    branches = (*schema._branches("oneOf"), *schema._branches("anyOf"))
    for branch in branches or inheritors(schema):
        target = branch.resolved
        if branch.name is not None and target not in found.values():
            found.setdefault(_own_value(branch) or branch.name, target)
    return found


def mapped(schema: Schema, reference: Any) -> Schema | None:
    """The schema that a value of ``mapping`` names, by component name or by reference."""
    if not isinstance(reference, str):
        return None
    if reference in schema.document.schemas:
        return schema.document.schemas[reference].resolved
    target = schema.document._referred(schema, reference)
    return target.resolved if target else None


def inheritors(schema: Schema) -> tuple[Schema, ...]:
    """The components that are built on a schema through ``allOf``, at any distance, in document order."""
    children = schema.document._children
    found: dict[Schema, None] = {}
    todo = [schema]
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in found and child != schema:
                found[child] = None
                todo.append(child)
    return tuple(component for component in schema.document.schemas.values() if component in found) if found else ()


def children_by_parent(document: Document) -> Mapping[Schema, list[Schema]]:
    """Each schema that components name in their ``allOf`` → these components."""
    found: dict[Schema, list[Schema]] = {}
    for schema in document.schemas.values():
        for part in schema._branches("allOf"):
            if part.target is not None:
                found.setdefault(part.target, []).append(schema)
    return found


def inheritance(schema: Schema) -> dict[str, Any] | None:
    """What Swagger 2.0 adds to a schema that has a discriminator: value → the schema to match; None elsewhere."""
    if schema.file.dialect != "2.0":
        return None
    discriminator = schema._keywords.get("discriminator")
    if not isinstance(discriminator, Mapping) or not isinstance(discriminator.get("propertyName"), str):
        return None
    values = discriminated(schema, discriminator)
    if not values:
        return None
    return {"property": discriminator["propertyName"], "values": values, "own": _own_value(schema) or schema.name}


def _own_value(schema: Schema) -> str | None:
    """The value that some generators give a schema instead of its name."""
    for keyword in ("x-ms-discriminator-value", "x-discriminator-value"):
        value = schema.resolved._keywords.get(keyword)
        if isinstance(value, str):
            return value
    return None
