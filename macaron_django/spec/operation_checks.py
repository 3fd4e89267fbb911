"""What is wrong with operations: a document goes in, findings come out.

Routes, path parameters, bodies, security: what decides whether a document can be served. Cheap enough to run
each time a document is loaded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .findings import Finding, finding
from .operation import Operation
from .references import Node

if TYPE_CHECKING:
    from .document import Document

__all__ = ["operation_findings", "template_variables"]

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_PLACES = ("path", "query", "header", "cookie", "querystring", "body", "formData")
#: RFC 9110, section 9.3: content in these requests has no defined meaning.
_BODILESS = ("get", "head", "trace")


def template_variables(path: str) -> list[str]:
    """
    >>> template_variables("/pets/{id}/photos/{size}.png")
    ['id', 'size']
    """
    return _VARIABLE.findall(path)


def operation_findings(document: Document) -> Iterator[Finding]:
    routes: dict[tuple[str, str], Operation] = {}
    ids: dict[str, Operation] = {}
    yield from _paths(document)
    for operation in document.operations:
        route = (operation.method, _VARIABLE.sub("{}", operation.route))
        if route in routes:
            first = routes[route]
            yield finding(
                "E020",
                operation.location,
                f"{operation.method.upper()} {operation.path} has the same route as {first.path}.",
                "Remove one of them, or make the paths differ outside the braces.",
            )
        routes.setdefault(route, operation)
        name = operation.operation_id
        if name is not None:
            if name in ids:
                message = f"The operationId {name!r} is also that of {ids[name].method.upper()} {ids[name].path}."
                yield finding("W020", operation.node.child("operationId").location, message, "Make each unique.")
            ids.setdefault(name, operation)
        yield from _parameters(operation)
        yield from _bodies(operation)
        yield from _security(operation)


def _paths(document: Document) -> Iterator[Finding]:
    paths = document._follow(document._root.child("paths"))
    for path, child in paths.children() if paths else ():
        if not path.startswith(("/", "x-")) and path != "$ref":
            yield finding(
                "E022", child.location, f"The path {path!r} doesn't begin with a slash.", f"Write {'/' + path!r}."
            )


def _parameters(operation: Operation) -> Iterator[Finding]:
    described: set[str] = set()
    broken = False
    for owner in (*operation.path_items, operation.node):
        counts: Counter[tuple[str, str]] = Counter()
        for _, child in owner.child("parameters").children():
            node = operation.document._follow(child)
            if node is None or not isinstance(node.value, dict):
                broken = True  # reported as a broken reference
                continue
            yield from _parameter(node, child)
            name, place = str(node.value.get("name")), str(node.value.get("in"))
            counts[name, place] += 1
            if counts[name, place] == 2:
                message = f"The {place} parameter {name!r} is described twice."
                yield finding("E024", child.location, message, "Remove one of them.")
            if place == "path":
                described.add(name)
    variables = template_variables(operation.path)
    for variable in variables:
        if variable not in described and not broken:
            yield finding(
                "E021",
                operation.location,
                f"{operation.method.upper()} {operation.path}: no parameter describes {{{variable}}}.",
                f"Add a parameter with name: {variable}, in: path, required: true.",
            )
    for name in sorted(described.difference(variables)):
        message = f"{operation.method.upper()} {operation.path}: the path parameter {name!r} isn't in the path."
        yield finding("W017", operation.location, message, f"Remove it, or write {{{name}}} into the path.")


def _parameter(node: Node, child: Node) -> Iterator[Finding]:
    name, place = node.value.get("name"), node.value.get("in")
    if not isinstance(name, str) or not name:
        yield finding("E025", child.location, "A parameter without a name.", "Give it a name.")
    if place not in _PLACES:
        message = f"The parameter {name!r} is in {place!r}, which is no place for one."
        yield finding("E025", child.location, message, f"Write in: with one of {', '.join(_PLACES[:4])}.")


def _bodies(operation: Operation) -> Iterator[Finding]:
    places = Counter(str(node.value.get("in")) for node in operation.parameter_nodes)
    if operation.document.dialect == "2.0" and (places["body"] > 1 or (places["body"] and places["formData"])):
        message = f"{operation.method.upper()} {operation.path} has more than one body."
        yield finding("E026", operation.location, message, "Keep one body parameter, or only formData parameters.")
    if operation.method in _BODILESS and (operation.json.get("requestBody") or places["body"] or places["formData"]):
        message = f"A body means nothing in a {operation.method.upper()} request."
        yield finding("W016", operation.location, message, "Use POST (or QUERY, in OpenAPI 3.2), or parameters.")


def _security(operation: Operation) -> Iterator[Finding]:
    document = operation.document
    declared = document._section("securitySchemes", "securityDefinitions").mapping
    for requirement in operation.security or ():
        for name in requirement:
            # From OpenAPI 3.2 on, a name may also be the URI of a scheme.
            if name not in declared and not (document.dialect == "3.2" and ("/" in name)):
                own = operation.json.get("security") is not None
                yield finding(
                    "E027",
                    operation.node.child("security").location if own else document.locate("#/security"),
                    f"The security scheme {name!r} isn't declared.",
                    "Declare it in components/securitySchemes (Swagger 2.0: securityDefinitions).",
                )
