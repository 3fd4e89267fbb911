"""The paths of a document → its operations, with the routes at which they are served.

Separate from ``document`` because this is what each start does with each operation: where a path item is as most are,
nothing is made but the operation; references, servers and methods of OpenAPI 3.2 take the longer way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .operation import METHODS, Operation
from .references import BrokenReference, Node

if TYPE_CHECKING:
    from .document import Document

__all__ = ["clean_path", "operations_of", "server_path"]

#: Nearly all URLs of servers; ``urlsplit``, which knows the rest, isn't imported for them.
_URL = re.compile(r"(?:https?://[\w.:{}-]+)?((?:/[\w.{}-]+)*)/?\Z", re.ASCII)
#: What a path item that needs no second look has, and what an operation that does.
_PLAIN_PATH_ITEM = METHODS | {"description", "parameters", "summary"}
_UNUSUAL = frozenset({"$ref", "servers"})


def server_path(servers: Any) -> str:
    """The path of the first server's URL, its variables at their defaults: "" or like "/v1"."""
    if not isinstance(servers, list) or not servers or not isinstance(servers[0], dict):
        return ""
    url = servers[0].get("url")
    if not isinstance(url, str):
        return ""
    variables = servers[0].get("variables")
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        if isinstance(variable, dict):
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    usual = _URL.match(url)
    if usual is not None:
        return usual[1]
    from urllib.parse import urlsplit  # few need it

    try:
        return clean_path(urlsplit(url).path)
    except ValueError:
        return ""


def operations_of(document: Document) -> tuple[Operation, ...]:
    """Every operation, in document order."""
    found: list[Operation] = []
    base_path = document.base_path
    for path, item in document._entries("paths").items():
        if path.startswith("x-") or not isinstance(item, dict):
            continue
        if _PLAIN_PATH_ITEM.issuperset(item):
            route = base_path + path
            for key, value in item.items():
                if key in METHODS and type(value) is dict:
                    if _UNUSUAL.isdisjoint(value):
                        found.append(Operation(document, path, key, route, value))
                    else:
                        node = document._path_item(path)
                        found.append(_operation(document, path, key, node.child(key), (node,)))
        else:
            found += _unusual(document, path, document._path_item(path))
    return tuple(found)


def _unusual(document: Document, path: str, child: Node) -> Iterator[Operation]:
    """Those of a path item with references, servers, additional operations or methods in capitals."""
    path_items = _path_items(document, child)
    methods: dict[str, Node] = {}
    for item in path_items:
        for key, value in item.value.items():
            method = key if key in METHODS else key.lower()
            if method in METHODS and isinstance(value, dict):
                methods.setdefault(method, Node(item.file, f"{item.pointer}/{key}", value))
        if "additionalOperations" in item.value:
            for key, node in item.child("additionalOperations").children():
                if isinstance(node.value, dict):
                    methods.setdefault(key.lower(), node)
    for method, node in methods.items():
        yield _operation(document, path, method, node, path_items)


def _operation(document: Document, path: str, method: str, node: Node, path_items: tuple[Node, ...]) -> Operation:
    node = _operation_node(document, node)
    route = _base_path_of(document, node, *path_items) + path
    return Operation(document, path, method, route, node.mapping, node, path_items)


def _base_path_of(document: Document, operation: Node, *path_items: Node) -> str:
    """Of an operation's own ``servers``, or its path's, or the document's."""
    for node in (operation, *path_items):
        if "servers" in node.mapping and document.dialect != "2.0":
            servers = node.mapping["servers"]
            if isinstance(servers, list) and servers:
                return server_path(servers)
    return document.base_path


def _operation_node(document: Document, node: Node) -> Node:
    """An operation. OpenAPI allows no reference there, but documents in many files have them."""
    if "$ref" not in node.value:
        return node
    target = document._follow(node) or node
    if "security" in node.value and target is not node:  # to overlook it might open what the author closed
        return Node(target.file, target.pointer, {**target.mapping, "security": node.value["security"]})
    return target


def _path_items(document: Document, node: Node) -> tuple[Node, ...]:
    """A path item, and those that its chain of ``$ref``s leads to."""
    items = [node]
    while isinstance(items[-1].value.get("$ref"), str) and len(items) < 100:
        try:
            following = document._files.resolve(items[-1], items[-1].value["$ref"])
        except BrokenReference:
            break
        if following in items or not isinstance(following.value, dict):
            break
        items.append(following)
    return tuple(items)


def clean_path(path: str) -> str:
    """A path as it stands before others: "" or like "/v1"."""
    path = path.strip().rstrip("/")
    return path if not path or path.startswith("/") else "/" + path
