"""Finds the schemas that could have this package's x- attributes. The search doesn't normalise the schemas.

A large document has thousands of components, nearly all without such attributes. This module isn't part of
``extensions``, because most documents don't need to import ``extensions``.
"""

from __future__ import annotations

from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.references.resolution import BrokenReference, Files

__all__ = ["TELLING", "may_be_marked"]

MARKS = frozenset({"x-admin", "x-model", "x-parent", "x-persist"})
#: A schema without any of these keys has no attribute, and refers to no schema with one.
TELLING = MARKS | {"$ref", "anyOf", "oneOf"}


def may_be_marked(schema: SourceNode, sources: Files) -> bool:
    """Returns whether a schema can have one of this package's x- attributes, directly or through a reference."""
    todo = [schema]
    for _ in range(20):
        if not todo:
            return False
        node = todo.pop()
        mapping = node.mapping
        if TELLING.isdisjoint(mapping):
            continue
        if not MARKS.isdisjoint(mapping):
            return True
        if isinstance(mapping.get("$ref"), str):
            try:
                todo.append(sources.resolve(node, mapping["$ref"]))
            except BrokenReference:
                continue
        for keyword in ("anyOf", "oneOf"):  # "X or null" means X
            branches = mapping.get(keyword)
            if isinstance(branches, list) and len(branches) == 2:
                todo += [node.child(keyword, "0"), node.child(keyword, "1")]
    return True
