"""Which operations are create, read, update and delete of which schema: a document goes in, resources come out.

Pure and without Django, so that the rule can be read off a table of cases (tests/api/test_resources.py):

- A *resource* is the one kept schema (persisted or modelled) in the item path's 2xx responses, found through
  ``allOf``; the item path is a collection path plus one parameter. A path whose GET answers with an array of
  a kept schema, or with an envelope around a single such array, is a collection path even where no item path
  stands below it.
- Path parameters bind to keys by name, else by ``x-key``, else the last one to the last key. What is left of
  a collection path's parameters binds to the hash key, or restricts the list by the property it names.
- Query parameters of a list filter by ``x-lookup``, else by the property they are named after.
- An input schema may differ from the resource's if its properties are a subset.

Whatever leaves more than one meaning is refused with a finding; such an operation answers 501.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from macaron_django.api.contents import (
    Ambiguous,
    is_listed,
    json_schema,
    kept_schemas,
    listed_schemas,
    listing,
    success_schemas,
)
from macaron_django.api.key_bindings import Keys, bind_keys
from macaron_django.api.lists import Envelope, Filter, envelope_of, query_parameters
from macaron_django.spec import Document, Finding, Operation, Schema

__all__ = [
    "Action",
    "GeneratedOperation",
    "Keys",
    "Resource",
    "Resources",
    "class_name",
    "described",
    "is_dotted",
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
    """One operation answered without code."""

    action: Action
    operation: Operation
    schema: Schema
    #: path parameter → property: the item's keys, and what the list is restricted to
    keys: Mapping[str, str]
    filters: tuple[Filter, ...] = ()
    #: LIMIT, CURSOR or ORDERING → the query parameter that says so
    paging: Mapping[str, str] = field(default_factory=dict)
    envelope: Envelope | None = None
    #: query parameters that no list can honour; a request that sends one is answered with 501
    unanswerable: tuple[str, ...] = ()


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
        return {(each.operation.path, each.operation.method): each.action for each in self.operations}


@dataclass(frozen=True)
class Resources:
    """All resources of a document, and the operations that look like CRUD but have no single meaning."""

    found: tuple[Resource, ...]
    #: (path, method) → why the operation isn't generated
    refused: Mapping[Route, Finding]
    #: what is worth telling about operations that are generated
    notes: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.found)

    @property
    def problems(self) -> tuple[Finding, ...]:
        return (*self.refused.values(), *self.notes)


@dataclass(frozen=True)
class _Candidate:
    schema_name: str
    collection_path: str | None
    item_path: str | None


def resources(document: Document, keys: Mapping[str, Keys]) -> Resources:
    """Find the resources of ``document``.

    ``keys`` holds the schemas that are kept somewhere, by name, each with the properties that name one item.
    """
    if not keys:  # then nothing needs to look at the answers of each operation, which are read when they are asked for
        return Resources((), {}, ())
    by_path: dict[str, list[Operation]] = {}
    for operation in document.operations:
        by_path.setdefault(operation.path, []).append(operation)
    refused: dict[Route, Finding] = {}
    notes: list[Finding] = []
    candidates = list(_candidates(by_path, keys, refused))
    names = _names(candidates)
    found = []
    for candidate in candidates:
        schema = document.schemas[candidate.schema_name]
        generated: list[GeneratedOperation] = []
        for operation, action in _crud_operations(candidate, by_path):
            try:
                one = _generate(operation, action, schema, keys, candidate)
            except Ambiguous as problem:
                refused[operation.path, operation.method] = _refusal(operation, problem)
                continue
            notes += [_unanswerable(operation, name) for name in one.unanswerable]
            generated.append(one)
        if generated:
            found.append(
                Resource(names[candidate], schema, candidate.collection_path, candidate.item_path, tuple(generated))
            )
    return Resources(tuple(found), refused, tuple(notes))


# ------------------------------------------------------------------ which paths belong to which schema


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
            # An item path of bodiless answers alone (PUT or DELETE with 204): its collection tells.
            schemas = {n for each in by_path[collection_path] for n in _kept_in_collection(each, keys)}
        if len(schemas) > 1:
            problem = Ambiguous(
                f"its path answers with {listing(schemas)}, each of which is kept somewhere",
                "Answer with one of them on this path, or bind the operation with x-bind-server.",
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
            if operation.method in actions and is_generated(operation):
                yield operation, actions[operation.method]


def is_generated(operation: Operation) -> bool:
    """Whether generated CRUD may answer: nobody bound the operation to anything else."""
    extensions = operation.extensions
    return not (extensions.bind_server or extensions.no_bind_server or is_dotted(operation.operation_id))


def is_dotted(operation_id: str | None) -> bool:
    """Whether an operationId is the dotted path of a handler, as connexion's are.

    >>> is_dotted("myserver.api.view_profile"), is_dotted("view_profile"), is_dotted("v1.0")
    (True, False, False)
    """
    parts = (operation_id or "").split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


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
    """A class name for each resource, after its path's last literal segment.

    Where two would share it, the longer path takes more of its segments; shorter paths choose first, so that
    adding a nested path to a spec renames nothing.
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
    """A Python class name of path segments.

    >>> class_name(["auth", "version-2"]), class_name(["2fa"]), class_name([])
    ('AuthVersion2', 'Path2fa', 'Root')
    """
    words = re.findall(r"\w+", " ".join(segments).replace("_", " "))
    name = "".join(word[0].upper() + word[1:] for word in words) or "Root"
    return name if name.isidentifier() else f"Path{name}"


# ------------------------------------------------------------------ what one operation does


def _generate(
    operation: Operation, action: Action, schema: Schema, keys: Mapping[str, Keys], candidate: _Candidate
) -> GeneratedOperation:
    name = candidate.schema_name
    is_item = operation.path == candidate.item_path
    bound = bind_keys(operation, schema, keys[name], is_item=is_item)
    envelope = _check_responses(operation, action, name, keys)
    if action in {"create", "replace", "merge_patch"}:
        _check_input(operation, schema, name)
    if action != "list":
        return GeneratedOperation(action, operation, schema, bound)
    filters, paging, unanswerable = query_parameters(operation, schema)
    return GeneratedOperation(action, operation, schema, bound, filters, paging, envelope, unanswerable)


def _check_responses(operation: Operation, action: Action, name: str, keys: Mapping[str, Keys]) -> Envelope | None:
    schemas = success_schemas(operation)
    if action == "list":
        for schema in schemas:
            if listed_schemas(schema, keys) == {name}:
                return None if is_listed(schema) else envelope_of(schema, keys)
        raise Ambiguous(
            f"its 2xx response is neither an array of {name} nor an object with one such array",
            "Declare the response so, or bind the operation with x-bind-server.",
        )
    for schema in schemas:
        if kept_schemas(schema, keys) != {name}:
            raise Ambiguous(
                f"its 2xx response isn't {name}, which this path is about",
                f"Answer with {name} or with no content, or bind the operation with x-bind-server.",
            )
    if action == "retrieve" and not schemas:
        raise Ambiguous("it declares no 2xx response with JSON content", f"Declare a response with the schema {name}.")
    return None


def _check_input(operation: Operation, schema: Schema, name: str) -> None:
    body = operation.request_body
    given = json_schema(body.content) if body is not None else None
    if given is None:
        raise Ambiguous("it takes no JSON body", f"Declare a request body with the schema {name}.")
    if not given.is_object:
        raise Ambiguous(
            "its body isn't an object", f"Declare a body with properties of {name}, or bind it with x-bind-server."
        )
    foreign = [each for each in given.properties if each not in schema.properties]
    if foreign:
        raise Ambiguous(
            f"its body has {listing(foreign)}, which {name} hasn't",
            f"Add what is missing to {name}, or bind the operation with x-bind-server.",
        )


# ------------------------------------------------------------------ findings


def described(operation: Operation) -> str:
    named = f" ({operation.operation_id})" if operation.operation_id else ""
    return f"{operation.method.upper()} {operation.path}{named}"


def _refusal(operation: Operation, problem: Ambiguous) -> Finding:
    return Finding(
        id="W301",
        level="warning",
        message=f"{described(operation)} looks like generated CRUD, but {problem.message}: it answers 501.",
        hint=problem.hint,
        location=operation.location,
    )


def _unanswerable(operation: Operation, parameter: str) -> Finding:
    return Finding(
        id="W302",
        level="warning",
        message=f"{described(operation)} declares the query parameter {parameter!r}, which names no property: "
        "a request that sends it is answered with 501.",
        hint="Say with x-lookup what it filters by (created__gte), or remove it.",
        location=operation.location,
    )
