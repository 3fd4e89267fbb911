"""``$dynamicRef``: the schemas that a validation has come through go in, what the reference means there comes out.

JSON Schema decides it while validating: of the resources entered so far (schemas with an ``$id``, files), the
outermost that has the anchor. All that matters of the way there is which anchors it has met, so a bundle holds a
schema once for each such scope, and its references are plain ones. It stands apart because nothing else needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .references import Node, SourceFile

if TYPE_CHECKING:
    from .schema import Schema

__all__ = ["Scope", "dynamic_target", "entered"]

#: Dynamic anchors met so far, by name, and the schema that each means.
Scope = tuple[tuple[str, "Schema"], ...]


def entered(scope: Scope, schema: Schema) -> Scope:
    """The scope inside ``schema``: anchors of its resource are added, those met before stay."""
    if not schema.file.has_ids:
        return scope
    own = _anchors(schema.file).get(schema.file.base_at(schema.source_pointer))
    if not own:
        return scope
    met = dict(scope)
    for name, pointer in own.items():
        if name not in met:
            met[name] = schema.document._schema_of(Node(schema.file, pointer, schema.file.lookup(pointer)))
    return tuple(sorted(met.items(), key=lambda anchor: anchor[0]))


def dynamic_target(schema: Schema, scope: Scope) -> Schema | None:
    """The schema that the reference of ``schema`` leads to in ``scope``."""
    target, keywords = schema.target, schema._keywords
    reference = keywords.get("$dynamicRef")
    if target is None or "$ref" in keywords or not isinstance(reference, str):
        return target
    name = reference.partition("#")[2]
    if target._keywords.get("$dynamicAnchor") != name:  # it behaves as $ref then (JSON Schema Core, 8.2.3.2)
        return target
    return dict(scope).get(name, target)


def _anchors(file: SourceFile) -> dict[str, dict[str, str]]:
    """Base URI of a resource → name of a dynamic anchor in it → pointer."""
    kept: dict[str, dict[str, str]] | None = file.__dict__.get("_dynamic_anchors")
    if kept is None:
        kept = file.__dict__["_dynamic_anchors"] = {}
        for uri, pointer in file.identified.items():
            base, _, name = uri.partition("#")
            value = file.lookup(pointer) if name else None
            if isinstance(value, dict) and value.get("$dynamicAnchor") == name:
                kept.setdefault(base, {})[name] = pointer
    return kept
