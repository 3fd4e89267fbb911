"""Resolves ``$dynamicRef`` for bundles.

JSON Schema resolves a ``$dynamicRef`` during validation. A resource is a file, or a schema with an ``$id``. Validation
looks for the anchor in the resources that it has entered so far, beginning with the outermost. So the target depends
only on the anchors found on the path to a schema. These anchors are the schema's *scope*. A bundle contains a separate
definition of the schema for each scope. These definitions use ``$ref`` instead of ``$dynamicRef``.
"""

from __future__ import annotations

from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.schema import Schema

__all__ = ["Scope", "dynamic_target", "entered"]

#: The dynamic anchors found so far: the name of each anchor, and its schema.
Scope = tuple[tuple[str, Schema], ...]


def entered(scope: Scope, schema: Schema) -> Scope:
    """Returns the scope inside ``schema``: ``scope`` together with the new anchors of the schema's resource."""
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
    """Returns the target of the schema's reference in ``scope``; None if the reference leads nowhere."""
    target, keywords = schema.target, schema.keywords
    reference = keywords.get("$dynamicRef")
    if target is None or "$ref" in keywords or not isinstance(reference, str):
        return target
    name = reference.partition("#")[2]
    if target.keywords.get("$dynamicAnchor") != name:  # then $dynamicRef behaves like $ref (JSON Schema Core, 8.2.3.2)
        return target
    return dict(scope).get(name, target)
