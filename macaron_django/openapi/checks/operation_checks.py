"""Checks routes, path parameters, bodies and security. If one of these has an error, the document can't be served.

These checks run at each start, so they must be fast. They read plain mappings, read each list of parameters only once,
and create a location only for a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from macaron_django.openapi.document import Document, Operation
from macaron_django.openapi.findings import Finding, finding
from macaron_django.openapi.operations.security import malformed_requirement
from macaron_django.openapi.paths import METHODS
from macaron_django.openapi.reading.source_files import SourceNode

__all__ = ["operation_findings", "template_variables"]

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_PLACES = ("path", "query", "header", "cookie", "querystring", "body", "formData")
#: RFC 9110, section 9.3: content in these requests has no defined meaning.
_BODILESS = ("get", "head", "trace")


def template_variables(path: str) -> list[str]:
    """Returns the names of the variables in a path.

    >>> template_variables("/pets/{id}/photos/{size}.png")
    ['id', 'size']
    """
    return _VARIABLE.findall(path)


class _Described(NamedTuple):
    """The parameters in one ``parameters`` list, and the findings about them."""

    parameters: frozenset[tuple[str, str]]  # (name, place)
    path_names: frozenset[str]
    is_broken: bool  # whether a reference in the list leads nowhere (structure_checks reports it)
    findings: tuple[Finding, ...]


_NOTHING = _Described(frozenset(), frozenset(), is_broken=False, findings=())


def operation_findings(document: Document) -> Iterator[Finding]:
    """Yields the findings about operations, about paths, and about the document's ``security``."""
    routes: dict[tuple[str, str], Operation] = {}
    ids: dict[str, Operation] = {}
    descriptions: dict[int, _Described] = {}
    yield from _paths(document)
    declared = document.section("securitySchemes", "securityDefinitions").mapping
    inherits_security = False
    for operation in document.operations:
        route = (operation.method, _VARIABLE.sub("{}", operation.route))
        first = routes.setdefault(route, operation)
        if first is not operation:
            message = f"{operation.method.upper()} {operation.path} has the same route as {first.path}."
            hint = "Remove one of them, or make the paths differ outside the braces."
            yield finding("E020", operation.location, message, hint)
        name = operation.operation_id
        if name is not None:
            first = ids.setdefault(name, operation)
            if first is not operation:
                message = f"The operationId {name!r} is also used by {first.method.upper()} {first.path}."
                yield finding("W020", operation.node.child("operationId").location, message, "Make each unique.")
        described = [_described(owner, document, descriptions) for owner in (*operation.path_items, operation.node)]
        for each in described:
            yield from each.findings
        yield from _template(operation, described)
        yield from _bodies(operation, described)
        if operation.json.get("security") is None:
            inherits_security = True
        else:
            yield from _requirements(document, operation.node, declared)
    yield from _requirements(document, document.root_node, declared if inherits_security else None)


def _paths(document: Document) -> Iterator[Finding]:
    paths = document.follow(document.root_node.child("paths"))
    if paths is None:
        return
    for path, item in paths.mapping.items():
        if isinstance(item, dict) and len({key.lower() for key in item}) < len(item):
            yield from _methods(path, paths.child(path))
        if path[:1] == "/" and "#" not in path and "?" not in path:
            continue
        if path.startswith("x-") or path == "$ref":
            continue
        place = paths.child(path).location
        if path[:1] != "/":
            message = f"The path {path!r} doesn't begin with a slash."
            yield finding("E022", place, message, f"Write {'/' + path!r}.")
        for mark, part in (("?", "a query"), ("#", "a fragment")):
            if mark in path:
                message = f"No request can have the path {path!r}. In a URL, {part} begins at {mark!r}."
                hint = "Declare parameters instead of a query, and give each operation its own path."
                yield finding("W024", place, message, hint)


def _methods(path: str, node: SourceNode) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for key, child in node.children():
        other = first.setdefault(key.lower(), key)
        if other != key and key.lower() in METHODS:
            message = f"{path} has both {other!r} and {key!r}, which are the same method. The first one is used."
            yield finding("E020", child.location, message, "Remove one of them.")


def _described(owner: SourceNode, document: Document, known: dict[int, _Described]) -> _Described:
    given = owner.mapping.get("parameters")
    if not isinstance(given, list | dict) or not given:
        return _NOTHING
    found = known.get(id(given))
    if found is None:
        found = known[id(given)] = _read(owner, given, document)
    return found


def _read(owner: SourceNode, given: list[Any] | dict[str, Any], document: Document) -> _Described:
    parameters: set[tuple[str, str]] = set()
    findings: list[Finding] = []
    is_broken = False
    for key, value in enumerate(given) if isinstance(given, list) else given.items():
        if not isinstance(value, dict) or "$ref" in value:
            node = document.follow(SourceNode(owner.file, owner.pointer, value))  # the file is enough for a reference
            value = node.value if node else None
        if not isinstance(value, dict):
            is_broken = True
            continue
        name, place = value.get("name"), value.get("in")
        if not (isinstance(name, str) and name and isinstance(place, str) and place in _PLACES):
            findings += _parameter(name, place, owner.child("parameters", str(key)))
            name, place = str(name), str(place)
        # RFC 9110, section 5.1: header names are case-insensitive.
        own = (name.lower(), place) if place == "header" else (name, place)
        if own in parameters:
            message = f"The {place} parameter {name!r} is described twice."
            location = owner.child("parameters", str(key)).location
            findings.append(finding("E024", location, message, "Remove one of them."))
        parameters.add(own)
    path_names = frozenset(name for name, place in parameters if place == "path")
    return _Described(frozenset(parameters), path_names, is_broken, tuple(findings))


def _parameter(name: Any, place: Any, node: SourceNode) -> Iterator[Finding]:
    if not isinstance(name, str) or not name:
        yield finding("E025", node.location, "A parameter has no name.", "Give it a name.")
    if place not in _PLACES:
        message = f"The parameter {name!r} is in {place!r}, which isn't a location for parameters."
        yield finding("E025", node.location, message, f"Set `in` to one of {', '.join(_PLACES[:4])}.")


def _template(operation: Operation, described: Iterable[_Described]) -> Iterator[Finding]:
    variables = template_variables(operation.path) if "{" in operation.path else []
    names: set[str] = set().union(*(each.path_names for each in described))
    if not variables and not names:
        return
    is_broken = any(each.is_broken for each in described)
    for variable in variables:
        if variable not in names and not is_broken:
            message = f"{operation.method.upper()} {operation.path}: no parameter describes {{{variable}}}."
            hint = f"Add a parameter with name: {variable}, in: path, required: true."
            yield finding("E021", operation.location, message, hint)
    for name in sorted(names.difference(variables)):
        message = f"{operation.method.upper()} {operation.path}: the path parameter {name!r} isn't in the path."
        yield finding("W017", operation.location, message, f"Remove it, or write {{{name}}} into the path.")


def _bodies(operation: Operation, described: Iterable[_Described]) -> Iterator[Finding]:
    is_old, is_bodiless = operation.document.dialect == "2.0", operation.method in _BODILESS
    if not is_old and not is_bodiless:
        return
    parameters: set[tuple[str, str]] = set().union(*(each.parameters for each in described))
    bodies = sum(place == "body" for _, place in parameters)
    has_form = any(place == "formData" for _, place in parameters)
    if is_old and (bodies > 1 or (bodies and has_form)):
        message = f"{operation.method.upper()} {operation.path} has more than one body."
        yield finding("E026", operation.location, message, "Keep one body parameter, or only formData parameters.")
    if is_bodiless and (operation.json.get("requestBody") or bodies or has_form):
        message = f"A body has no meaning in a {operation.method.upper()} request."
        yield finding("W016", operation.location, message, "Use POST (or QUERY, in OpenAPI 3.2), or parameters.")


def _requirements(document: Document, owner: SourceNode, declared: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Yields findings about a malformed ``security``, and about schemes that aren't in ``declared``.

    If ``declared`` is None, the names of schemes aren't checked.
    """
    given = owner.mapping.get("security")
    if given is None:
        return
    right = malformed_requirement(given)
    if right is not None:
        message = "`security` isn't a list of security requirements: until it is, every request is refused."
        yield finding("E028", owner.child("security").location, message, f"Write it as `security: {right}`.")
        return
    for requirement in given:
        for name, scopes in requirement.items():
            if scopes is None:
                message = f"The security requirement {name!r} has no list of scopes."
                yield finding("W023", owner.child("security").location, message, f"Write `{name}: []`.")
            # From OpenAPI 3.2 on, a name may also be the URI of a scheme.
            if declared is not None and name not in declared and not (document.dialect == "3.2" and "/" in name):
                message = f"The security scheme {name!r} isn't declared."
                hint = "Declare it in components/securitySchemes (Swagger 2.0: securityDefinitions)."
                yield finding("E027", owner.child("security").location, message, hint)
