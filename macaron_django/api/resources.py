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
from typing import Literal, NamedTuple

from macaron_django.spec import Document, Finding, Location, MediaType, Operation, Parameter, Schema

__all__ = [
    "CURSOR",
    "LIMIT",
    "ORDERING",
    "Action",
    "Envelope",
    "Filter",
    "GeneratedOperation",
    "Keys",
    "Resource",
    "Resources",
    "class_name",
    "is_dotted",
    "is_json",
    "is_listed",
    "json_schema",
    "parameter_names",
    "resources",
    "success_status",
]

Action = Literal["list", "create", "retrieve", "replace", "merge_patch", "destroy"]
Route = tuple[str, str]  # (path, method)

#: Query parameters that mean the same on every list; ``x-lookup`` gives one of these meanings to another name.
LIMIT, CURSOR, ORDERING = "limit", "cursor", "ordering"

LOOKUPS = frozenset(
    {
        "exact", "iexact", "lt", "lte", "gt", "gte", "range", "in", "isnull", "contains", "icontains", "startswith",
        "istartswith", "endswith", "iendswith", "regex", "iregex", "year", "month", "day", "date",
    }
)  # fmt: skip
_ITEM_ACTIONS: Mapping[str, Action] = {
    "get": "retrieve",
    "put": "replace",
    "patch": "merge_patch",
    "delete": "destroy",
}
_COLLECTION_ACTIONS: Mapping[str, Action] = {"get": "list", "post": "create"}
_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_LAST_PARAMETER = re.compile(r"^(?P<collection>.*)/\{(?P<name>[^{}/]*)\}(?P<slash>/?)$")
_NEXT_URLS = frozenset({"next", "next_url", "nexturl", "next_link", "nextlink", "next_page", "nextpage"})
_NEXT_CURSORS = frozenset(
    {"cursor", "next_cursor", "nextcursor", "next_token", "nexttoken", "next_page_token", "nextpagetoken"}
)
_TOTALS = frozenset({"count", "total", "total_count", "totalcount"})
_MORE = frozenset({"has_more", "hasmore", "has_next", "hasnext"})


class Keys(NamedTuple):
    """What names one item of a schema: its ``primary`` properties (hash key, then range key).

    Any one of ``alternative`` (unique properties of a Django model) names it as well.
    """

    primary: tuple[str, ...]
    alternative: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filter:
    """A query parameter that narrows a list: ``path`` holds property names, the outermost first."""

    parameter: str
    path: tuple[str, ...]
    lookup: str = "exact"


@dataclass(frozen=True)
class Envelope:
    """The object around a list: which property holds the rows, and which tell how to go on."""

    items: str
    next_url: str | None = None
    next_cursor: str | None = None
    total: str | None = None
    more: str | None = None
    nullable: frozenset[str] = frozenset()  # properties to write as null, not to leave out, on the last page
    required: frozenset[str] = frozenset()


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


class _Ambiguous(Exception):  # noqa: N818 (an outcome of the rule, caught below)
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True)
class _Candidate:
    schema_name: str
    collection_path: str | None
    item_path: str | None


def resources(document: Document, keys: Mapping[str, Keys]) -> Resources:
    """Find the resources of ``document``.

    ``keys`` holds the schemas that are kept somewhere, by name, each with the properties that name one item.
    """
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
            except _Ambiguous as problem:
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
            problem = _Ambiguous(
                f"its path answers with {_listing(schemas)}, each of which is kept somewhere",
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
        for schema in _success_schemas(operation)
        for name in (_listed_in(schema, keys) if listed else _kept(schema, keys))
    }


def _success_schemas(operation: Operation) -> list[Schema]:
    return [
        schema
        for status, response in operation.responses.items()
        if str(status).startswith("2")
        for schema in [json_schema(response.content)]
        if schema is not None
    ]


def is_json(media_type: str) -> bool:
    """Whether a media type's (or range's) content is JSON.

    >>> [is_json(t) for t in ("application/json; charset=utf-8", "application/hal+json", "*/*", "text/plain")]
    [True, True, True, False]
    """
    essence = media_type.partition(";")[0].strip().lower()
    return essence in {"application/json", "text/json", "*/*", "application/*"} or essence.endswith("+json")


def json_schema(content: Mapping[str, MediaType]) -> Schema | None:
    """The schema of the first JSON media type."""
    return next((m.schema for name, m in content.items() if is_json(name) and m.schema is not None), None)


def _kept(schema: Schema, keys: Mapping[str, Keys], depth: int = 0) -> set[str]:
    """The names of the kept schemas that ``schema`` is, itself or through ``allOf``."""
    for each in (schema, schema.resolved):
        if each.name in keys:
            return {each.name}  # type: ignore[arg-type]  # None is in no mapping of names
    if depth > 16:  # allOf in circles: the spec layer reports it
        return set()
    return {name for part in schema.resolved.all_of for name in _kept(part, keys, depth + 1)}


def _listed_in(schema: Schema, keys: Mapping[str, Keys]) -> set[str]:
    """The kept schemas of an array's items, or of an envelope's arrays."""
    if is_listed(schema):
        return _kept(schema.resolved.items, keys) if schema.resolved.items is not None else set()
    if _kept(schema, keys):
        return set()
    return {
        name for each in schema.properties.values() if is_listed(each.schema) for name in _listed_in(each.schema, keys)
    }


def is_listed(schema: Schema) -> bool:
    return schema.types == ("array",) or (not schema.types and schema.resolved.items is not None)


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
    return [segment for segment in path.split("/") if segment and not _TEMPLATE.search(segment)]


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
    bound = _bind(operation, schema, keys[name], candidate, is_item=is_item)
    envelope = _check_responses(operation, action, name, keys)
    if action in {"create", "replace", "merge_patch"}:
        _check_input(operation, schema, name)
    if action != "list":
        return GeneratedOperation(action, operation, schema, bound)
    filters, paging, unanswerable = _query_parameters(operation, schema)
    return GeneratedOperation(action, operation, schema, bound, filters, paging, envelope, unanswerable)


def parameter_names(path: str) -> list[str]:
    """The names in a path template, in their order.

    >>> parameter_names("/a/{from}-{to}/{id}")
    ['from', 'to', 'id']
    """
    return _TEMPLATE.findall(path)


def _bind(
    operation: Operation, schema: Schema, keys: Keys, candidate: _Candidate, *, is_item: bool
) -> Mapping[str, str]:
    names = parameter_names(operation.path)
    by_name = {p.name: p for p in operation.parameters if p.location == "path"}
    bound: dict[str, str] = {}
    free = list(keys.primary)

    def bind(parameter: str, key: str) -> None:
        bound[parameter] = key
        if key in free:
            free.remove(key)

    for name in names:
        if name in keys.primary or (is_item and name == names[-1] and name in keys.alternative):
            bind(name, name)
    for name in names:
        key = by_name[name].key if name in by_name else None
        if name not in bound and key:
            if key not in schema.properties:
                raise _Ambiguous(
                    f"x-key of its path parameter {name!r} names {key!r}, which isn't a property of the schema",
                    f"Name one of {_listing(keys.primary)}.",
                )
            bind(name, key)
    unbound = [name for name in names if name not in bound]
    last = names[-1] if is_item else None
    if last in unbound and keys.primary and keys.primary[-1] in free and last not in schema.properties:
        bind(last, keys.primary[-1])
        unbound.remove(last)
    for name in unbound:
        if name in schema.properties:
            if not (is_item and free):
                bind(name, name)  # not a key: restricts the list, or the item, to what has this value
        elif len(keys.primary) > 1 and keys.primary[0] in free:
            bind(name, keys.primary[0])
        else:
            raise _Ambiguous(
                f"nothing says what its path parameter {name!r} is",
                "Name it like a property of the schema, or say with x-key which property is meant.",
            )
    if is_item and free and not (last in bound and bound[last] in keys.alternative):
        raise _Ambiguous(
            f"its path doesn't give {_listing(free)}, part of the key of {candidate.schema_name}",
            "Add a path parameter of that name, or say with x-key which parameter is meant.",
        )
    return bound


def _check_responses(operation: Operation, action: Action, name: str, keys: Mapping[str, Keys]) -> Envelope | None:
    schemas = _success_schemas(operation)
    if action == "list":
        for schema in schemas:
            if _listed_in(schema, keys) == {name}:
                return None if is_listed(schema) else _envelope(schema, keys)
        raise _Ambiguous(
            f"its 2xx response is neither an array of {name} nor an object with one such array",
            "Declare the response so, or bind the operation with x-bind-server.",
        )
    for schema in schemas:
        if _kept(schema, keys) != {name}:
            raise _Ambiguous(
                f"its 2xx response isn't {name}, which this path is about",
                f"Answer with {name} or with no content, or bind the operation with x-bind-server.",
            )
    if action == "retrieve" and not schemas:
        raise _Ambiguous("it declares no 2xx response with JSON content", f"Declare a response with the schema {name}.")
    return None


def _envelope(schema: Schema, keys: Mapping[str, Keys]) -> Envelope:
    arrays = [n for n, each in schema.properties.items() if is_listed(each.schema) and _listed_in(each.schema, keys)]
    if len(arrays) != 1:
        raise _Ambiguous(
            f"its response holds more than one list: {_listing(arrays)}",
            "Leave one of them, or bind the operation with x-bind-server.",
        )
    roles: dict[str, str] = {}
    for name, each in schema.properties.items():
        role = _role(name, each.schema) if name != arrays[0] else None
        if role is not None:
            roles.setdefault(role, name)
    known = {arrays[0], *roles.values()}
    nullable = frozenset(n for n, each in schema.properties.items() if each.schema.nullable)
    unknown = [n for n in schema.required if n not in known and n not in nullable]
    if unknown:
        raise _Ambiguous(
            f"its response requires {_listing(unknown)}, which a generated list can't fill in",
            "Make it optional or nullable, or bind the operation with x-bind-server.",
        )
    return Envelope(items=arrays[0], nullable=nullable, required=schema.required, **roles)


def _role(name: str, schema: Schema) -> str | None:
    lowered = name.lower()
    if "string" in schema.types or not schema.types:
        if lowered in _NEXT_CURSORS:
            return "next_cursor"
        if lowered in _NEXT_URLS:
            return "next_url"
    if "integer" in schema.types and lowered in _TOTALS:
        return "total"
    return "more" if "boolean" in schema.types and lowered in _MORE else None


def _check_input(operation: Operation, schema: Schema, name: str) -> None:
    body = operation.request_body
    given = json_schema(body.content) if body is not None else None
    if given is None:
        raise _Ambiguous("it takes no JSON body", f"Declare a request body with the schema {name}.")
    if not given.is_object:
        raise _Ambiguous(
            "its body isn't an object", f"Declare a body with properties of {name}, or bind it with x-bind-server."
        )
    foreign = [each for each in given.properties if each not in schema.properties]
    if foreign:
        raise _Ambiguous(
            f"its body has {_listing(foreign)}, which {name} hasn't",
            f"Add what is missing to {name}, or bind the operation with x-bind-server.",
        )


def _query_parameters(
    operation: Operation, schema: Schema
) -> tuple[tuple[Filter, ...], Mapping[str, str], tuple[str, ...]]:
    filters: list[Filter] = []
    paging = {LIMIT: LIMIT, CURSOR: CURSOR}
    unanswerable: list[str] = []
    for parameter in operation.parameters:
        if parameter.location != "query":
            continue
        meaning = parameter.lookup or parameter.name
        if meaning in {LIMIT, CURSOR, ORDERING} and (parameter.lookup or meaning not in schema.properties):
            paging[meaning] = parameter.name
        elif (found := _filter(parameter, schema)) is not None:
            filters.append(found)
        else:
            unanswerable.append(parameter.name)
    return tuple(filters), paging, tuple(unanswerable)


def _filter(parameter: Parameter, schema: Schema) -> Filter | None:
    lookup = parameter.lookup
    if lookup in LOOKUPS and parameter.name in schema.properties:
        return Filter(parameter.name, (parameter.name,), lookup)
    found = _property_path(lookup or parameter.name, schema)
    if found is None:
        return None
    path, suffix = found
    if not suffix and is_listed(parameter.schema):
        return Filter(parameter.name, path, "in")
    return Filter(parameter.name, path, suffix or "exact")


def _property_path(text: str, schema: Schema) -> tuple[tuple[str, ...], str] | None:
    """Split ``address__zip__gte`` into properties and a lookup; a property may itself hold two underscores."""
    names = sorted(schema.properties, key=len, reverse=True)
    for name in names:
        if text == name:
            return (name,), ""
        if text.startswith(f"{name}__"):
            rest = text[len(name) + 2 :]
            if rest in LOOKUPS:
                return (name,), rest
            nested = _property_path(rest, schema.properties[name].schema)
            if nested is not None:
                return (name, *nested[0]), nested[1]
    return None


def success_status(operation: Operation, *wanted: int) -> int:
    """The status of a good answer: the first of ``wanted`` that is declared, else the first 2xx declared.

    ``2XX`` and ``default`` declare every one of ``wanted``; so does an operation without a 2xx response.
    """
    declared = [str(status).upper() for status in operation.responses]
    for status in wanted:
        if str(status) in declared:
            return status
    exact = next((int(s) for s in declared if s.startswith("2") and s.isdigit()), None)
    return wanted[0] if exact is None or "2XX" in declared else exact


# ------------------------------------------------------------------ findings


def _listing(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))


def described(operation: Operation) -> str:
    named = f" ({operation.operation_id})" if operation.operation_id else ""
    return f"{operation.method.upper()} {operation.path}{named}"


def _refusal(operation: Operation, problem: _Ambiguous) -> Finding:
    return Finding(
        id="W301",
        level="warning",
        message=f"{described(operation)} looks like generated CRUD, but {problem.message}: it answers 501.",
        hint=problem.hint,
        location=operation.location,
    )


def _unanswerable(operation: Operation, parameter: str) -> Finding:
    location: Location = operation.location
    return Finding(
        id="W302",
        level="warning",
        message=f"{described(operation)} declares the query parameter {parameter!r}, which names no property: "
        "a request that sends it is answered with 501.",
        hint="Say with x-lookup what it filters by (created__gte), or remove it.",
        location=location,
    )
