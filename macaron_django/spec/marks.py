"""Which schemas carry x- attributes: a schema goes in, whether it is worth reading them comes out.

A giant has thousands of components, all of them asked and few of them kept. So this looks at the text's own tree, where
nothing is normalised, and stands apart from ``extensions``, which a document without such attributes needn't import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .references import BrokenReference, Node

if TYPE_CHECKING:
    from .schema import Schema

__all__ = ["TELLING", "may_be_marked"]

MARKS = frozenset({"x-admin", "x-model", "x-parent", "x-persist"})
#: A schema as written that has none of these carries no attribute, and stands for no other schema that might.
TELLING = MARKS | {"$ref", "anyOf", "oneOf"}


def may_be_marked(schema: Schema) -> bool:
    """Whether the schema, or anything that it may stand for, has an x- attribute of ours."""
    todo = [Node(schema.file, schema.source_pointer, schema.written)]
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
                todo.append(schema.document._files.resolve(node, mapping["$ref"]))
            except BrokenReference:
                continue
        for keyword in ("anyOf", "oneOf"):  # "X or null" stands for X
            branches = mapping.get(keyword)
            if isinstance(branches, list) and len(branches) == 2:
                todo += [node.child(keyword, "0"), node.child(keyword, "1")]
    return True
