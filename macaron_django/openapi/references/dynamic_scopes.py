"""Resolves ``$dynamicRef`` for bundles.

JSON Schema resolves it while validating: among the resources entered so far (schemas with an ``$id``, files), the
outermost one with the anchor counts. So of the path to a schema only the anchors on it matter: they are its scope. A
bundle holds a schema once for each scope, with plain references.
"""

from __future__ import annotations

from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.schema import Schema

__all__ = ["Scope", "dynamic_target", "entered"]

#: Dynamic anchors met so far, by name, and the schema that each means.
Scope = tuple[tuple[str, Schema], ...]


def entered(scope: Scope, schema: Schema) -> Scope:
    """Returns the scope inside ``schema``: it adds the anchors of its resource, unless they were met before."""
    if not schema.file.has_ids:
        return scope
    own = schema.file.dynamic_anchors.get(schema.file.base_at(schema.source_pointer))
    if not own:
        return scope
    met = dict(scope)
    for name, pointer in own.items():
        if name not in met:
            met[name] = schema.document.schema_of(SourceNode(schema.file, pointer, schema.file.lookup(pointer)))
    return tuple(sorted(met.items(), key=lambda anchor: anchor[0]))


def dynamic_target(schema: Schema, scope: Scope) -> Schema | None:
    """Returns the schema that the reference of ``schema`` leads to in ``scope``; None if it leads nowhere."""
    target, keywords = schema.target, schema.keywords
    reference = keywords.get("$dynamicRef")
    if target is None or "$ref" in keywords or not isinstance(reference, str):
        return target
    name = reference.partition("#")[2]
    if target.keywords.get("$dynamicAnchor") != name:  # it behaves as $ref then (JSON Schema Core, 8.2.3.2)
        return target
    return dict(scope).get(name, target)
