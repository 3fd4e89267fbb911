"""What the bodies and answers of operations hold: JSON schemas, kept schemas among them, statuses.

Operations and the names of kept schemas go in; schemas and names come out. The ground that ``key_bindings``,
``lists`` and ``resources`` stand on, and pure as they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from macaron_django.spec import MediaType, Operation, Schema

__all__ = [
    "Ambiguous",
    "is_json",
    "is_listed",
    "json_schema",
    "kept_schemas",
    "listed_schemas",
    "listing",
    "parameter_names",
    "success_schemas",
    "success_status",
]

_TEMPLATE = re.compile(r"\{([^{}]*)\}")


class Ambiguous(Exception):  # noqa: N818 (an outcome of the rule, caught where it is applied)
    """The operation could mean more than one thing, or nothing; ``hint`` says how to settle it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


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


def success_schemas(operation: Operation) -> list[Schema]:
    return [
        schema
        for status, response in operation.responses.items()
        if str(status).startswith("2")
        for schema in [json_schema(response.content)]
        if schema is not None
    ]


def kept_schemas(schema: Schema, names: Collection[str], depth: int = 0) -> set[str]:
    """The names of the kept schemas that ``schema`` is, itself or through ``allOf``."""
    for each in (schema, schema.resolved):
        if each.name in names:
            return {each.name}  # type: ignore[arg-type]  # None is in no mapping of names
    if depth > 16:  # allOf in circles: the spec layer reports it
        return set()
    return {name for part in schema.resolved.all_of for name in kept_schemas(part, names, depth + 1)}


def listed_schemas(schema: Schema, names: Collection[str]) -> set[str]:
    """The kept schemas of an array's items, or of an envelope's arrays."""
    if is_listed(schema):
        return kept_schemas(schema.resolved.items, names) if schema.resolved.items is not None else set()
    if kept_schemas(schema, names):
        return set()
    return {
        name
        for each in schema.properties.values()
        if is_listed(each.schema)
        for name in listed_schemas(each.schema, names)
    }


def is_listed(schema: Schema) -> bool:
    return schema.types == ("array",) or (not schema.types and schema.resolved.items is not None)


def parameter_names(path: str) -> list[str]:
    """The names in a path template, in their order.

    >>> parameter_names("/a/{from}-{to}/{id}")
    ['from', 'to', 'id']
    """
    return _TEMPLATE.findall(path)


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


def listing(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))
