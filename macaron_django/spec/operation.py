"""One operation as the rest of the package reads it: a path and a method go in, ``Operation`` comes out.

Parameters, bodies and responses are described completely, in OpenAPI 3.1's terms, whatever the document's
version: ``openapi3`` and ``swagger2`` make them from what was written, when they are first looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .lazy_values import Frozen, lazy_attribute
from .references import Node
from .security import Requirements, security_requirements

if TYPE_CHECKING:
    from .document import Document
    from .extensions import OperationExtensions
    from .findings import Location
    from .messages import Parameter, RequestBody, Response

__all__ = ["METHODS", "Operation"]

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})


class Operation(Frozen):
    """A path and a method."""

    document: Document
    path: str
    method: str
    route: str  # the path, below that of the servers
    json: Mapping[str, Any]  # as read, in the document's own dialect

    def __init__(
        self,
        document: Document,
        path: str,
        method: str,
        route: str,
        json: Mapping[str, Any],
        node: Node | None = None,
        path_items: tuple[Node, ...] = (),
    ) -> None:
        """Where it stands is left out if that is in its path's item, under its method, with no reference between."""
        attributes = self.__dict__
        attributes["document"], attributes["path"], attributes["method"] = document, path, method
        attributes["route"], attributes["json"] = route, json
        if node is not None:
            attributes["node"], attributes["path_items"] = node, path_items

    def __repr__(self) -> str:
        return f"Operation(path={self.path!r}, method={self.method!r}, route={self.route!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operation):
            return NotImplemented
        return (self.document, self.path, self.method) == (other.document, other.path, other.method)

    def __hash__(self) -> int:
        return hash((self.path, self.method))

    @lazy_attribute
    def node(self) -> Node:
        """Where it stands."""
        return self.path_items[0].child(self.method)

    @lazy_attribute
    def path_items(self) -> tuple[Node, ...]:
        """Its path's, nearest first: the siblings of a $ref, then what that leads to."""
        return (self.document._path_item(self.path),)

    @property
    def location(self) -> Location:
        return self.node.location

    @property
    def operation_id(self) -> str | None:
        value = self.json.get("operationId")
        return value if isinstance(value, str) and value else None

    @property
    def summary(self) -> str:
        return self._text("summary")

    @property
    def description(self) -> str:
        return self._text("description")

    def _text(self, key: str) -> str:
        for node in (self.node, *self.path_items):
            if isinstance(node.mapping.get(key), str):
                return str(node.mapping[key])
        return ""

    @lazy_attribute
    def tags(self) -> tuple[str, ...]:
        tags = self.json.get("tags")
        return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()

    @property
    def deprecated(self) -> bool:
        return self.json.get("deprecated") is True

    @lazy_attribute
    def parameter_nodes(self) -> tuple[Node, ...]:
        """The parameters, references followed: the path's, replaced and followed by the operation's own."""
        found: dict[tuple[str, str], Node] = {}
        for owner in (*reversed(self.path_items), self.node):
            for _, child in owner.child("parameters").children():
                node = self.document._follow(child)
                if node is not None and isinstance(node.value, dict):
                    found[str(node.value.get("name")), str(node.value.get("in"))] = node
        return tuple(found.values())

    @lazy_attribute
    def parameters(self) -> tuple[Parameter, ...]:
        """All but bodies and form fields, which are the ``request_body``."""
        return self.document._reader.parameters(self)

    @property
    def greedy_parameters(self) -> frozenset[str]:
        """The names of path parameters that may hold slashes: all that routing asks, without reading the rest."""
        found = (node.mapping for node in self.parameter_nodes)
        names = (each.get("name") for each in found if each.get("in") == "path" and each.get("x-path-greedy") is True)
        return frozenset(name for name in names if isinstance(name, str))

    @lazy_attribute
    def request_body(self) -> RequestBody | None:
        return self.document._reader.request_body(self)

    @lazy_attribute
    def responses(self) -> Mapping[str, Response]:
        return self.document._reader.responses(self)

    @lazy_attribute
    def success(self) -> Response | None:
        """The first 2xx response as written, else "2XX", else "default"."""
        for status, response in self.responses.items():
            if len(status) == 3 and status[0] == "2" and status.isdecimal():
                return response
        return self.responses.get("2XX") or self.responses.get("default")

    @lazy_attribute
    def security(self) -> Requirements | None:
        """Any one of these requirements lets a caller in; (): public; None: the document says nothing."""
        own = self.json.get("security")
        return self.document.security if own is None else security_requirements(own)

    @lazy_attribute
    def extensions(self) -> OperationExtensions:
        from .extensions import operation_extensions

        return operation_extensions(self.json)
