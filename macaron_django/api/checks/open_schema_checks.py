"""Finds generated operations that let clients store unknown properties. ``manage.py check --deploy`` reports them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from macaron_django.api.checks.public_write_checks import WRITES
from macaron_django.api.plans.served_operations import Served
from macaron_django.api.requests.unknown_properties import is_open, unknown_properties
from macaron_django.api.rules.operation_schemas import json_schema
from macaron_django.openapi import Finding, Schema
from macaron_django.schemas.values.applied_schemas import AppliedSchemas, applied_schemas

__all__ = ["open_writes"]


def open_writes(served: Iterable[tuple[Any, Served]]) -> Iterator[Finding]:
    """Yields a warning for each persisted schema whose items can have properties that the schema doesn't name."""
    found: dict[Schema, Finding] = {}
    for viewset, each in served:
        generated = each.generated
        if generated is None or generated.action not in WRITES or not viewset.store.is_row:
            continue
        schema = generated.schema
        if schema not in found and _keeps_unknown(each, schema):
            found[schema] = Finding(
                "W402",
                "warning",
                f"Generated operations write items of the schema {schema.name}, which doesn't forbid additional "
                "properties. Any additional property that a client sends, such as is_admin, is stored.",
                "Add additionalProperties: false, or set MACARON['UNKNOWN_PROPERTIES'] to 'refuse' or 'drop'. If "
                "additional properties are intended, add additionalProperties: true.",
                schema.location,
            )
    yield from found.values()


def _keeps_unknown(served: Served, resource: Schema) -> bool:
    body = served.operation.request_body
    schema = json_schema(body.content) if body is not None else None
    if schema is None:
        return False
    unknown = unknown_properties(served.classes.api, served.operation, resource)
    todo: list[tuple[AppliedSchemas, str]] = [(applied_schemas(schema), "keep" if unknown is None else unknown.policy)]
    seen = set(todo)
    while todo:
        applied, policy = todo.pop()
        policy = policy if unknown is None else unknown.policy_of(applied, policy)
        if policy == "keep" and is_open(applied):
            return True
        following = {(inner, policy) for inner in applied.directly_inside()} - seen
        todo += following
        seen |= following
    return False
