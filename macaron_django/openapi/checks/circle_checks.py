"""Finds schemas that lead back to themselves for the same instance, for example through ``allOf``.

A schema that leads back to itself through ``properties`` or ``items`` is ordinary recursion. A schema that leads back
to itself for the same instance has no meaning: a validator would never end.
"""

from __future__ import annotations

from collections.abc import Iterator

from macaron_django.openapi.document import Document
from macaron_django.openapi.findings import Finding, finding
from macaron_django.openapi.schema import Schema

__all__ = ["circle_findings"]


def circle_findings(document: Document) -> Iterator[Finding]:
    """Yields a finding for each cycle of schemas. The search for cycles starts at the components."""
    done: set[Schema] = set()
    for schema in document.schemas.values():
        if schema not in done:
            yield from _from(schema, done)


def _from(start: Schema, done: set[Schema]) -> Iterator[Finding]:
    """Yields the findings about ``start``. The search is iterative, because a path may have any length."""
    path: dict[Schema, str] = {start: ""}  # the schemas on the way, and the keyword that led to each
    todo = [(start, _applied(start))]
    while todo:
        schema, following = todo[-1]
        for keyword, other in following:
            if other in path:
                yield from _circle(path, other, keyword)
            elif other not in done:
                path[other] = keyword
                todo.append((other, _applied(other)))
                break
        else:
            done.add(schema)
            del path[schema]
            todo.pop()


def _applied(schema: Schema) -> Iterator[tuple[str, Schema]]:
    if schema.target is not None:
        yield "$ref", schema.target
    for keyword in ("allOf", "anyOf", "oneOf"):
        for branch in schema.branches(keyword):
            yield keyword, branch


def _circle(path: dict[Schema, str], back: Schema, keyword: str) -> Iterator[Finding]:
    schemas = list(path)
    members = schemas[schemas.index(back) :]
    keywords = {keyword, *(path[schema] for schema in members[1:])}
    if keywords == {"$ref"}:  # structure_checks reports it
        return
    names = " → ".join(dict.fromkeys(schema.name for schema in members if schema.name))
    if keywords & {"anyOf", "oneOf"}:
        message = f"{names} is a branch of itself: that branch has no meaning."
        yield finding("W014", back.location, message, "Take the parent out of allOf, or the child out of oneOf.")
    else:
        message = f"{names} inherits from itself through allOf, so it can never be resolved."
        yield finding("E014", back.location, message, "Remove the schema from its own allOf.")
