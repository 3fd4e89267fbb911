"""Walks over the objects of a document, visiting each once.

The walk also follows references, including those to other files. If a reference can't be followed, its ``Visit``
contains the reason. The walk is iterative and visits nothing twice, so deep nesting and cycles do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from macaron_django.openapi.dialects.grammar import OTHERS, fields_of
from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.references.resolution import BrokenReference, Files

__all__ = ["Visit", "children_of", "walk"]


@dataclass(frozen=True)
class Visit:
    """A visited object, or a visited reference to an object. ``kind`` is one of the kinds in ``grammar``.

    For a reference, ``target`` is the node that it leads to. If it leads nowhere, ``broken`` says why.
    """

    kind: str
    node: SourceNode
    target: SourceNode | None = None
    broken: BrokenReference | None = None


def walk(
    files: Files, dialect: str, roots: Sequence[tuple[str, SourceNode]], seen: set[tuple[str, str, str]]
) -> Iterator[Visit]:
    """Visits the roots, the objects below them and the targets of references, in document order.

    ``seen`` holds the URI, pointer and kind of each object already visited. ``walk`` adds each visited object to
    ``seen``.
    """
    todo = list(reversed(roots))
    while todo:
        kind, node = todo.pop()
        place = (node.file.uri, node.pointer, kind)
        if place in seen:
            continue
        seen.add(place)
        reference = node.value.get("$ref") if isinstance(node.value, dict) else None
        if isinstance(reference, str):
            try:
                target = files.resolve(node, reference)
            except BrokenReference as broken:
                yield Visit(kind, node, broken=broken)
            else:
                yield Visit(kind, node, target=target)
                if isinstance(target.value, dict | bool):  # structure_checks reports any other target
                    todo.append((kind, target))
        else:
            yield Visit(kind, node)
        todo += reversed(list(children_of(dialect, kind, node)))


def children_of(dialect: str, kind: str, node: SourceNode) -> Iterator[tuple[str, SourceNode]]:
    """Yields the objects directly below a node, each with its kind. x- attributes and plain values are left out."""
    if not isinstance(node.value, dict):
        return
    if "$ref" in node.value and not _reads_beside_reference(kind, node):
        return
    if kind.startswith(_MAP_OF):
        for _, child in node.children():
            yield kind.removeprefix(_MAP_OF), child
        return
    fields = fields_of(node.file.dialect if kind == "schema" else dialect, kind)
    others = fields.get(OTHERS)
    for key, child in node.children():
        field = fields.get(key) or (None if key.startswith("x-") or key == "$ref" else others)
        if field is None or not field.kind:
            continue
        if field.shape == "one" and not (kind == "schema" and isinstance(child.value, list)):
            yield field.kind, child
        elif kind != "schema" and isinstance(child.mapping.get("$ref"), str):
            yield _MAP_OF + field.kind, child  # a whole section in another file
        else:
            for _, item in child.children():
                yield field.kind, item


_MAP_OF = "map of "


def _reads_beside_reference(kind: str, node: SourceNode) -> bool:
    """Returns whether the fields beside a ``$ref`` have an effect. They do in path items and, since OpenAPI 3.1, in
    schemas.
    """
    if not isinstance(node.value.get("$ref"), str):
        return True
    return kind == "path_item" or (kind == "schema" and node.file.dialect not in ("2.0", "3.0"))
