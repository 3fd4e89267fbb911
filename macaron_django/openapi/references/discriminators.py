"""Finds the schema that each value of a discriminator names.

In Swagger 2.0, a discriminator affects validity: an instance must match the definition that the discriminator's value
names. The ``allOf`` of that definition refers to the schema with the discriminator. In OpenAPI 3, a discriminator only
names the intended branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from macaron_django.openapi.schema import Schema

__all__ = ["Inheritance", "children_by_parent", "discriminated", "inheritance", "inheritors"]


def discriminated(schema: Schema, discriminator: Mapping[str, Any]) -> Mapping[str, Schema]:
    """Returns the schema for each value that a discriminator can have.

    These values are the keys of ``mapping``, and one value for each branch that ``mapping`` doesn't refer to. A
    branch's value is its ``x-ms-discriminator-value`` or ``x-discriminator-value``, or else its name. If ``schema`` has
    no branches, the schemas that inherit from it count as branches.
    """
    found: dict[str, Schema] = {}
    mapping = discriminator.get("mapping")
    for value, reference in mapping.items() if isinstance(mapping, Mapping) else ():
        target = _mapped(schema, reference)
        if target is not None:
            found[value] = target
    branches = (*schema.branches("oneOf"), *schema.branches("anyOf"))
    for branch in branches or inheritors(schema):
        target = branch.resolved
        if branch.name is not None and target not in found.values():
            found.setdefault(_own_value(branch) or branch.name, target)
    return found


def _mapped(schema: Schema, reference: Any) -> Schema | None:
    """Returns the schema for an entry of ``mapping``. The entry's value is a component's name or a reference."""
    if not isinstance(reference, str):
        return None
    if reference in schema.document.schemas:
        return schema.document.schemas[reference].resolved
    target = schema.document.referred(schema, reference)
    return target.resolved if target else None


def inheritors(schema: Schema) -> tuple[Schema, ...]:
    """Returns the components that inherit from a schema through ``allOf``, even indirectly, in document order."""
    children = schema.document.children_by_parent
    found: dict[Schema, None] = {}
    todo = [schema]
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in found and child != schema:
                found[child] = None
                todo.append(child)
    return tuple(component for component in schema.document.schemas.values() if component in found) if found else ()


def children_by_parent(components: Mapping[str, Schema]) -> Mapping[Schema, list[Schema]]:
    """Returns, for each schema, the components that refer to it in their ``allOf``."""
    found: dict[Schema, list[Schema]] = {}
    for schema in components.values():
        for part in schema.branches("allOf"):
            if part.target is not None:
                found.setdefault(part.target, []).append(schema)
    return found


class Inheritance(NamedTuple):
    """The rule of a Swagger 2.0 discriminator: the property's value names the schema that an instance must match."""

    property_name: str
    values: Mapping[str, Schema]
    own: str | None  # the value for the schema itself


def inheritance(schema: Schema) -> Inheritance | None:
    """Returns the rule of a discriminator in Swagger 2.0. Returns None for other dialects, and if ``schema`` has no
    discriminator.
    """
    if schema.file.dialect != "2.0":
        return None
    discriminator = schema.keywords.get("discriminator")
    if not isinstance(discriminator, Mapping) or not isinstance(discriminator.get("propertyName"), str):
        return None
    values = discriminated(schema, discriminator)
    return Inheritance(discriminator["propertyName"], values, _own_value(schema) or schema.name) if values else None


def _own_value(schema: Schema) -> str | None:
    """Returns the discriminator value that some generators write into a schema; None if there is none.

    It replaces the schema's name.
    """
    for keyword in ("x-ms-discriminator-value", "x-discriminator-value"):
        value = schema.resolved.keywords.get(keyword)
        if isinstance(value, str):
            return value
    return None
