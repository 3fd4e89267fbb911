"""Decides which operations of a document create, read, update or delete the items of a schema.

- An *item path* is a collection path plus one parameter. If exactly one schema in the 2xx responses of this path is
  persisted or bound to a model, this schema is the path's *resource*. The schema can also be in a response's ``allOf``.
- A path is also a collection path if its GET returns an array whose items have such a schema. The array can be inside
  an object that has only one such array (an *envelope*). The collection path doesn't need an item path.
- Path parameters are bound to keys (``key_bindings``). The query parameters of a list are filters
  (``list_parameters``).
- A request body's schema may differ from the resource's schema if the resource has all properties of the body's schema.

If it isn't clear what an operation would have to do, the operation gets a finding, and responds with 501.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from macaron_django.api.rules.envelopes import Envelope, envelope_of
from macaron_django.api.rules.key_bindings import Keys, bind_keys
from macaron_django.api.rules.list_parameters import Filter, query_parameters
from macaron_django.api.rules.operation_schemas import (
    AmbiguousOperation,
    is_listed,
    json_schema,
    kept_schemas,
    listed_schemas,
    listing,
    success_schemas,
)
from macaron_django.openapi import Document, Finding, Operation, Schema, is_dotted

__all__ = [
    "Action",
    "GeneratedOperation",
    "Keys",
    "Resource",
    "Resources",
    "class_name",
    "described",
    "is_generated",
    "resources",
]

Action = Literal["list", "create", "retrieve", "replace", "merge_patch", "destroy"]
Route = tuple[str, str]  # (path, method)

_ITEM_ACTIONS: Mapping[str, Action] = {
    "get": "retrieve",
    "put": "replace",
    "patch": "merge_patch",
    "delete": "destroy",
}
_COLLECTION_ACTIONS: Mapping[str, Action] = {"get": "list", "post": "create"}
_LAST_PARAMETER = re.compile(r"^(?P<collection>.*)/\{(?P<name>[^{}/]*)\}(?P<slash>/?)$")


@dataclass(frozen=True)
class GeneratedOperation:
    """An operation that works without the project's code."""

    action: Action
    operation: Operation
    schema: Schema
    #: The property for each path parameter: a key of the item, or a property by which the list is filtered.
    keys: Mapping[str, str]
    #: The sources of the keys that come from the caller, by property: ``claim:<name>`` or ``user``.
    caller_keys: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[Filter, ...] = ()
    #: The names of the query parameters that mean LIMIT, CURSOR and ORDERING.
    paging: Mapping[str, str] = field(default_factory=dict)
    envelope: Envelope | None = None
    #: The query parameters without a meaning. If a request sends one, the response is a 501.
    unanswerable: tuple[str, ...] = ()
    #: Whether the operation's path continues after the item's path. Its body and response may then have any schema.
    is_below: bool = False

    @property
    def given(self) -> frozenset[str]:
        """The properties whose values come from the path or the caller."""
        return frozenset((*self.keys.values(), *self.caller_keys))


@dataclass(frozen=True)
class Resource:
    """The generated operations of a collection path and its item path."""

    name: str
    schema: Schema
    collection_path: str | None
    item_path: str | None
    operations: tuple[GeneratedOperation, ...]

    @property
    def actions(self) -> Mapping[Route, Action]:
        """The action of each operation, by (path, method)."""
        return {(each.operation.path, each.operation.method): each.action for each in self.operations}


@dataclass(frozen=True)
class Resources:
    """All resources of a document, and findings about operations."""

    found: tuple[Resource, ...]
    #: For each operation that isn't generated, by (path, method): the reason.
    refused: Mapping[Route, Finding]
    #: Warnings about generated operations.
    notes: tuple[Finding, ...]
    #: For each operation with a handler: the generated operation that it replaces, and an operation on its item's path.
    bound: Mapping[Route, tuple[GeneratedOperation, GeneratedOperation | None]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.found)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """All findings."""
        return (*self.refused.values(), *self.notes)


@dataclass(frozen=True)
class _Candidate:
    schema_name: str
    collection_path: str | None
    item_path: str | None


def resources(document: Document, keys: Mapping[str, Keys]) -> Resources:
    """Returns the resources of a document.

    ``keys`` maps the name of each persisted schema to the schema's keys.
    """
    if not keys:  # then the responses of the operations needn't be read
        return Resources((), {}, ())
    by_path: dict[str, list[Operation]] = {}
    for operation in document.operations:
        by_path.setdefault(operation.path, []).append(operation)
    refused: dict[Route, Finding] = {}
    notes: list[Finding] = []
    bound: dict[Route, tuple[GeneratedOperation, GeneratedOperation | None]] = {}
    items: dict[str, GeneratedOperation] = {}
    candidates = list(_candidates(by_path, keys, refused))
    names = _names(candidates)
    found = []
    for candidate in candidates:
        schema = document.schemas[candidate.schema_name]
        generated: list[GeneratedOperation] = []
        handled: list[GeneratedOperation] = []
        for operation, action in _crud_operations(candidate, by_path):
            try:
                one = _generate(operation, action, schema, keys, candidate)
            except AmbiguousOperation as problem:
                if not is_generated(operation):
                    continue
                refused[operation.path, operation.method] = _refusal(operation, problem)
                continue
            if not is_generated(operation):
                handled.append(one)
                continue
            notes += [_unanswerable(operation, name) for name in one.unanswerable]
            generated.append(one)
        item = next((o for o in (*generated, *handled) if o.operation.path == candidate.item_path), None)
        bound |= {(each.operation.path, each.operation.method): (each, item) for each in handled}
        if item is not None:
            items[item.operation.path] = item
        if generated:
            found.append(
                Resource(names[candidate], schema, candidate.collection_path, candidate.item_path, tuple(generated))
            )
    others = [each for each in document.operations if not is_generated(each) and _route(each) not in bound]
    bound |= {_route(each.operation): (each, item) for each, item in _below(others, items)}
    return Resources(tuple(found), refused, tuple(notes), bound)


def _route(operation: Operation) -> Route:
    return operation.path, operation.method


# ------------------------------------------------------------------ paths and their schemas


def _candidates(
    by_path: Mapping[str, Sequence[Operation]], keys: Mapping[str, Keys], refused: dict[Route, Finding]
) -> Iterator[_Candidate]:
    taken: set[str] = set()
    for path, operations in by_path.items():
        match = _LAST_PARAMETER.match(path)
        if match is None:
            continue
        collection = match["collection"] + match["slash"]
        collection_path = next((p for p in (collection, match["collection"]) if p and p in by_path), None)
        schemas = {name for each in operations for name in _kept_in_responses(each, keys, listed=False)}
        if not schemas and collection_path is not None and any(o.method in _ITEM_ACTIONS for o in operations):
            # If no response on an item path has a body (PUT or DELETE with 204), the path gets the schema of its
            # collection.
            schemas = {n for each in by_path[collection_path] for n in _kept_in_collection(each, keys)}
        if len(schemas) > 1:
            problem = AmbiguousOperation(
                f"its path returns several persisted schemas: {listing(schemas)}",
                "Return only one of them on this path, or bind the operation with x-bind-server.",
            )
            for operation in operations:
                if operation.method in _ITEM_ACTIONS and is_generated(operation):
                    refused[operation.path, operation.method] = _refusal(operation, problem)
        elif schemas:
            taken |= {path} | ({collection_path} if collection_path else set())
            yield _Candidate(schemas.pop(), collection_path, path)
    for path, operations in by_path.items():
        if path in taken:
            continue
        for operation in operations:
            if operation.method == "get" and len(schemas := _kept_in_responses(operation, keys, listed=True)) == 1:
                yield _Candidate(schemas.pop(), path, None)


def _crud_operations(
    candidate: _Candidate, by_path: Mapping[str, Sequence[Operation]]
) -> Iterator[tuple[Operation, Action]]:
    for path, actions in ((candidate.collection_path, _COLLECTION_ACTIONS), (candidate.item_path, _ITEM_ACTIONS)):
        for operation in by_path.get(path or "", ()):
            if operation.method in actions and not operation.extensions.no_bind_server:
                yield operation, actions[operation.method]


def _below(
    operations: Iterable[Operation], items: Mapping[str, GeneratedOperation]
) -> Iterator[tuple[GeneratedOperation, GeneratedOperation]]:
    """Yields two generated operations for each of ``operations`` whose path is below an item's path.

    The first is the operation that the handler replaces. For a GET, it reads the item. For any other method, it changes
    the item. The second is the generated operation of the item's path. If items are nested, the innermost item is used.
    """
    for operation in operations:
        path = operation.path
        while items and "/" in path:
            path = path.rpartition("/")[0]
            if (item := items.get(path)) is not None:
                action: Action = "retrieve" if operation.method == "get" else "merge_patch"
                yield (
                    GeneratedOperation(action, operation, item.schema, item.keys, item.caller_keys, is_below=True),
                    item,
                )
                break


def is_generated(operation: Operation) -> bool:
    """Returns whether the spec allows this package to generate an operation.

    Returns False if the spec names a handler for the operation, or sets ``x-no-bind-server``.
    """
    extensions = operation.extensions
    return not (extensions.bind_server or extensions.no_bind_server or is_dotted(operation.operation_id))


def _kept_in_collection(operation: Operation, keys: Mapping[str, Keys]) -> set[str]:
    if operation.method == "get":
        return _kept_in_responses(operation, keys, listed=True)
    return _kept_in_responses(operation, keys, listed=False) if operation.method == "post" else set()


def _kept_in_responses(operation: Operation, keys: Mapping[str, Keys], *, listed: bool) -> set[str]:
    return {
        name
        for schema in success_schemas(operation)
        for name in (listed_schemas(schema, keys) if listed else kept_schemas(schema, keys))
    }


def _names(candidates: Iterable[_Candidate]) -> dict[_Candidate, str]:
    """Returns a class name for each resource.

    The name comes from a segment of the resource's path: the last segment without a parameter.

    If two resources would have the same name, the name for the longer path has more segments. Shorter paths are named
    first, so a nested path that is added to a spec doesn't change existing names.
    """
    names: dict[_Candidate, str] = {}
    for candidate in sorted(candidates, key=lambda c: len(_literals(c)) + (c.item_path is None)):
        literals = _literals(candidate) or [candidate.schema_name]
        options = [class_name(literals[-n:]) for n in range(1, len(literals) + 1)]
        options += [f"{options[-1]}{n}" for n in range(2, 2 + len(names))]
        names[candidate] = next(option for option in options if option not in names.values())
    return names


def _literals(candidate: _Candidate) -> list[str]:
    path = candidate.collection_path or candidate.item_path or ""
    return [segment for segment in path.split("/") if segment and "{" not in segment]


def class_name(segments: Iterable[str]) -> str:
    """Returns a Python class name made from path segments.

    >>> class_name(["auth", "version-2"]), class_name(["2fa"]), class_name([])
    ('AuthVersion2', 'Path2fa', 'Root')
    """
    words = re.findall(r"\w+", " ".join(segments).replace("_", " "))
    name = "".join(word[0].upper() + word[1:] for word in words) or "Root"
    return name if name.isidentifier() else f"Path{name}"


# ------------------------------------------------------------------ the action of an operation


def _generate(
    operation: Operation, action: Action, schema: Schema, keys: Mapping[str, Keys], candidate: _Candidate
) -> GeneratedOperation:
    name = candidate.schema_name
    is_item = operation.path == candidate.item_path
    bound = bind_keys(operation, schema, keys[name], is_item=is_item)
    envelope = _check_responses(operation, action, name, keys)
    if action in {"create", "replace", "merge_patch"}:
        _check_input(operation, schema, name)
    caller_keys = keys[name].from_caller
    if action != "list":
        return GeneratedOperation(action, operation, schema, bound, caller_keys)
    filters, paging, unanswerable = query_parameters(operation, schema)
    return GeneratedOperation(action, operation, schema, bound, caller_keys, filters, paging, envelope, unanswerable)


def _check_responses(operation: Operation, action: Action, name: str, keys: Mapping[str, Keys]) -> Envelope | None:
    schemas = success_schemas(operation)
    if action == "list":
        for schema in schemas:
            if listed_schemas(schema, keys) == {name}:
                return None if is_listed(schema) else envelope_of(schema, keys)
        raise AmbiguousOperation(
            f"its 2xx response is neither an array of {name} nor an object with one such array",
            "Declare such a response, or bind the operation with x-bind-server.",
        )
    for schema in schemas:
        if kept_schemas(schema, keys) != {name}:
            raise AmbiguousOperation(
                f"its 2xx response isn't {name}, the schema of this path's resource",
                f"Declare a response with {name} or without content, or bind the operation with x-bind-server.",
            )
    if action == "retrieve" and not schemas:
        raise AmbiguousOperation(
            "it declares no 2xx response with JSON content", f"Declare a response with the schema {name}."
        )
    return None


def _check_input(operation: Operation, schema: Schema, name: str) -> None:
    body = operation.request_body
    given = json_schema(body.content) if body is not None else None
    if given is None:
        raise AmbiguousOperation("it doesn't accept a JSON body", f"Declare a request body with the schema {name}.")
    if not given.is_object:
        raise AmbiguousOperation(
            "its body isn't an object",
            f"Declare a body with properties of {name}, or bind the operation with x-bind-server.",
        )
    foreign = [each for each in given.properties if each not in schema.properties]
    if foreign:
        raise AmbiguousOperation(
            f"its body has properties that {name} doesn't have: {listing(foreign)}",
            f"Add the missing properties to {name}, or bind the operation with x-bind-server.",
        )


# ------------------------------------------------------------------ findings


def described(operation: Operation) -> str:
    """Returns the text that names an operation in a finding: its method, path and operationId."""
    named = f" ({operation.operation_id})" if operation.operation_id else ""
    return f"{operation.method.upper()} {operation.path}{named}"


def _refusal(operation: Operation, problem: AmbiguousOperation) -> Finding:
    return Finding(
        id="W301",
        level="warning",
        message=f"{described(operation)} looks like generated CRUD, but {problem.message}. It responds with 501.",
        hint=problem.hint,
        location=operation.location,
    )


def _unanswerable(operation: Operation, parameter: str) -> Finding:
    return Finding(
        id="W302",
        level="warning",
        message=f"{described(operation)} declares the query parameter {parameter!r}, which isn't the name of "
        "a property. A request with this parameter gets a 501.",
        hint="Add x-lookup with the lookup that the parameter filters by (such as created__gte), or remove the "
        "parameter.",
        location=operation.location,
    )
