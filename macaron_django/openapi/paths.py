"""Finds the operations in the paths of a document, and the routes at which they are served.

A server finds all operations each time it starts. To save time, no nodes are created for a plain path item. A path item
isn't plain if it has unusual fields, such as ``$ref``, ``servers`` or ``additionalOperations``. It then takes longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from macaron_django.openapi.document_tree import DocumentTree, server_path
from macaron_django.openapi.reading.source_files import SourceNode
from macaron_django.openapi.references.resolution import BrokenReference

__all__ = ["METHODS", "FoundOperation", "found_operations"]

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})
#: Path, method, route (the server's path, then the path), the operation as read, its node, and its path items (the
#: path item with a $ref before its target). A plain operation has None instead of a node, and no path items.
FoundOperation = tuple[str, str, str, Mapping[str, Any], SourceNode | None, tuple[SourceNode, ...]]

#: A path item with only these fields is plain. An operation with one of ``_UNUSUAL`` isn't plain.
_PLAIN_PATH_ITEM = METHODS | {"description", "parameters", "summary"}
_UNUSUAL = frozenset({"$ref", "servers"})


def found_operations(document: DocumentTree) -> Iterator[FoundOperation]:
    """Yields every operation, in document order."""
    base_path = document.base_path
    for path, item in document.entries("paths").items():
        if path.startswith("x-") or not isinstance(item, dict):
            continue
        if _PLAIN_PATH_ITEM.issuperset(item):
            route = base_path + path
            for key, value in item.items():
                if key in METHODS and type(value) is dict:
                    if _UNUSUAL.isdisjoint(value):
                        yield path, key, route, value, None, ()
                    else:
                        node = document.path_item(path)
                        yield _operation(document, path, key, node.child(key), (node,))
        else:
            yield from _unusual(document, path, document.path_item(path))


def _unusual(document: DocumentTree, path: str, child: SourceNode) -> Iterator[FoundOperation]:
    """Yields the operations of a path item that isn't plain, for example because of references or ``servers``."""
    path_items = _path_items(document, child)
    methods: dict[str, SourceNode] = {}
    for item in path_items:
        for key, value in item.value.items():
            method = key if key in METHODS else key.lower()
            if method in METHODS and isinstance(value, dict):
                methods.setdefault(method, SourceNode(item.file, f"{item.pointer}/{key}", value))
        if "additionalOperations" in item.value:
            for key, node in item.child("additionalOperations").children():
                if isinstance(node.value, dict):
                    methods.setdefault(key.lower(), node)
    for method, node in methods.items():
        yield _operation(document, path, method, node, path_items)


def _operation(
    document: DocumentTree, path: str, method: str, node: SourceNode, path_items: tuple[SourceNode, ...]
) -> FoundOperation:
    node = _operation_node(document, node)
    route = _base_path_of(document, node, *path_items) + path
    return path, method, route, node.mapping, node, path_items


def _base_path_of(document: DocumentTree, operation: SourceNode, *path_items: SourceNode) -> str:
    """Returns the path of the first ``servers`` in this order: the operation, its path items, the document."""
    for node in (operation, *path_items):
        if "servers" in node.mapping and document.dialect != "2.0":
            servers = node.mapping["servers"]
            if isinstance(servers, list) and servers:
                return server_path(servers)
    return document.base_path


def _operation_node(document: DocumentTree, node: SourceNode) -> SourceNode:
    """Returns the operation that ``node`` refers to if ``node`` is a reference; otherwise returns ``node`` itself.

    OpenAPI doesn't allow a ``$ref`` instead of an operation. However, some documents that are split into several files
    use such references.
    """
    if "$ref" not in node.value:
        return node
    target = document.follow(node) or node
    if "security" in node.value and target is not node:  # without this, a protected operation might become public
        return SourceNode(target.file, target.pointer, {**target.mapping, "security": node.value["security"]})
    return target


def _path_items(document: DocumentTree, node: SourceNode) -> tuple[SourceNode, ...]:
    """Returns a path item, and the path items that its chain of ``$ref``s leads to."""
    items = [node]
    while isinstance(items[-1].value.get("$ref"), str) and len(items) < 100:
        try:
            following = document.sources.resolve(items[-1], items[-1].value["$ref"])
        except BrokenReference:
            break
        if following in items or not isinstance(following.value, dict):
            break
        items.append(following)
    return tuple(items)
