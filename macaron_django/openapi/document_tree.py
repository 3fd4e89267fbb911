"""A document as a tree of nodes: its files, its sections, and the targets of its references.

This module creates no operations or schemas. The module ``document`` creates them from the nodes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from macaron_django.openapi.computed_values import lazy_attribute
from macaron_django.openapi.operations.security import (
    Requirements,
    SecurityScheme,
    security_requirements,
    security_scheme,
)
from macaron_django.openapi.reading.limits import Limits
from macaron_django.openapi.reading.source_files import SourceFile, SourceNode
from macaron_django.openapi.references.resolution import BrokenReference, Files

if TYPE_CHECKING:
    pass

__all__ = ["DocumentTree", "server_path"]

#: Matches nearly all server URLs, so that ``urlsplit`` is imported only for the others.
_URL = re.compile(r"(?:https?://[\w.:{}-]+)?((?:/[\w.{}-]+)*)/?\Z", re.ASCII)


class DocumentTree:
    """The document's own data, such as its title and version, and the document's nodes.

    ``main`` is the root file, and ``sources`` has all files. ``follow`` returns the target of a node's ``$ref``.
    """

    main: SourceFile
    limits: Limits

    def __init__(
        self,
        main: SourceFile,
        limits: Limits,
        *,
        root: str | Path | None = None,
        allow_hosts: Collection[str] = (),
        cache: str | Path | None = None,
        prebuilt: str | Path | None = None,
        base_path: str | None = None,
    ) -> None:
        self.main, self.limits, self._base_path = main, limits, base_path
        self._root_folder, self._allow_hosts, self._cache, self._prebuilt = root, allow_hosts, cache, prebuilt
        self._path_item_nodes: dict[str, SourceNode] = {}

    # The document's own data

    @property
    def dialect(self) -> str:
        """ "2.0", "3.0", "3.1" or "3.2"."""
        return self.main.dialect

    @property
    def json(self) -> Mapping[str, Any]:
        """The root object as read, in the original dialect."""
        tree: Mapping[str, Any] = self.main.tree
        return tree

    @property
    def version(self) -> str:
        """The version as written, such as "3.0.3"."""
        return str(self.json.get("swagger") or self.json.get("openapi"))

    @lazy_attribute
    def info(self) -> Mapping[str, Any]:
        """The Info Object as read; empty if there is none."""
        node = self.follow(self.root_node.child("info"))
        return node.mapping if node else {}

    @property
    def title(self) -> str:
        """The title; "" if there is none."""
        return str(self.info.get("title") or "")

    @property
    def description(self) -> str:
        """The description; "" if there is none."""
        value = self.info.get("description")
        return value if isinstance(value, str) else ""

    @lazy_attribute
    def base_path(self) -> str:
        """The prefix of every path, such as "/v1"; "" if there is none.

        It is the ``base_path`` given to ``load``, otherwise ``basePath`` or the path of the first server.
        """
        if self._base_path is not None:
            return _clean_path(self._base_path)
        tree = self.main.tree
        if self.main.dialect == "2.0":
            base = tree.get("basePath")
            return _clean_path(base) if isinstance(base, str) else ""
        return server_path(tree["servers"]) if "servers" in tree else ""

    @lazy_attribute
    def security(self) -> Requirements | None:
        """The security requirements for operations that declare none; None if the document has no ``security``."""
        return security_requirements(self.json.get("security"))

    @lazy_attribute
    def security_schemes(self) -> Mapping[str, SecurityScheme]:
        """The declared security schemes by name."""
        found: dict[str, SecurityScheme] = {}
        for name, child in self.section("securitySchemes", "securityDefinitions").children():
            node = self.follow(child)
            if node is not None and isinstance(node.value, dict):
                found[name] = security_scheme(node.value)
        return found

    # Files and nodes

    @lazy_attribute
    def sources(self) -> Files:
        """The root file, and the files that references lead to."""
        root = None if self._root_folder is None else Path(self._root_folder).absolute()
        return Files(self.main, root, self.limits, self._allow_hosts, self._cache, self._prebuilt)

    @property
    def load_options(self) -> dict[str, Any]:
        """The options with which ``load`` was called, except ``cache`` and ``prebuilt``."""
        return {
            "limits": self.limits,
            "root": self._root_folder,
            "allow_hosts": self._allow_hosts,
            "base_path": self._base_path,
        }

    @property
    def reading_options(self) -> tuple[object, ...]:
        """The options that can change the findings.

        They contain the root folder as a path relative to the document's folder. So they stay the same if both folders
        are moved together.
        """
        root, path = self.sources.root, self.main.path
        below = None if root is None or path is None else os.path.relpath(root, path.parent)
        return self.limits, below, tuple(sorted(self._allow_hosts)), self._base_path

    @property
    def files(self) -> tuple[Path, ...]:
        """The paths of the files read so far. A referenced file is read when a reference to it is followed."""
        return tuple(file.path for file in self.sources if file.path is not None)

    @property
    def root_node(self) -> SourceNode:
        """The node of the whole root file."""
        return SourceNode(self.main, "#", self.main.tree)

    def at(self, *keys: str) -> SourceNode:
        """Returns the node at ``keys`` below the root, following references on the way.

        The node's value is None if there is nothing at ``keys``, or if a reference leads nowhere.
        """
        value, pointer = self.main.tree, "#"
        for key in keys:
            value = value.get(key) if type(value) is dict else None
            pointer = f"{pointer}/{key}"
            if type(value) is dict and "$ref" in value:
                return self._beyond_references(keys)
        return SourceNode(self.main, pointer, value)

    def entries(self, *keys: str) -> dict[str, Any]:
        """Follows ``keys`` from the root, as ``at`` does, and returns the mapping there; {} if there is no mapping.

        Creates nodes only if it must follow a ``$ref``.
        """
        value = self.main.tree
        for key in keys:
            value = value.get(key) if type(value) is dict else None
            if type(value) is dict and "$ref" in value:
                return self._beyond_references(keys).mapping
        return value if type(value) is dict else {}

    def _beyond_references(self, keys: tuple[str, ...]) -> SourceNode:
        node: SourceNode | None = self.root_node
        for key in keys:
            node = self.follow(node.child(key)) if node else None
        return node or SourceNode(self.main, "#", None)

    def section(self, name: str, old_name: str) -> SourceNode:
        """Returns the node of ``components/name``, or of ``old_name`` in Swagger 2.0.

        If the section is missing, the node's value is None.
        """
        return self.at(*self.section_keys(name, old_name))

    def section_keys(self, name: str, old_name: str) -> tuple[str, ...]:
        """Returns the keys that lead from the root to a section."""
        return (old_name,) if self.main.dialect == "2.0" else ("components", name)

    def path_item(self, path: str) -> SourceNode:
        """Returns the node of a path item, without following its ``$ref``. Its operations share this node."""
        node = self._path_item_nodes.get(path)
        if node is None:
            node = self._path_item_nodes[path] = self.at("paths").child(path)
        return node

    def follow(self, node: SourceNode) -> SourceNode | None:
        """Returns the node at the end of a chain of ``$ref``s; None if the chain leads nowhere, or in a circle."""
        seen: set[str] = set()
        while isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
            place = node.file.uri + node.pointer
            if place in seen:
                return None
            seen.add(place)
            try:
                node = self.sources.resolve(node, node.value["$ref"])
            except BrokenReference:
                return None
        return node


def server_path(servers: Any) -> str:
    """Returns the path in the first server's URL, with the defaults of its variables.

    >>> server_path([{"url": "https://pets.test/{version}/", "variables": {"version": {"default": "v1"}}}])
    '/v1'
    """
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
        return _clean_path(urlsplit(url).path)
    except ValueError:
        return ""


def _clean_path(path: str) -> str:
    """Returns a path as a prefix for other paths. The prefix is either empty or a path such as "/v1"."""
    path = path.strip().rstrip("/")
    return path if not path or path.startswith("/") else "/" + path
