"""Finds the envelope of a list: the object in the response that has the items, and properties such as the next URL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from macaron_django.api.rules.operation_schemas import AmbiguousOperation, is_listed, listed_schemas, listing
from macaron_django.openapi import Schema

__all__ = ["Envelope", "envelope_of"]

_NEXT_URLS = frozenset({"next", "next_url", "nexturl", "next_link", "nextlink", "next_page", "nextpage"})
_NEXT_CURSORS = frozenset(
    {"cursor", "next_cursor", "nextcursor", "next_token", "nexttoken", "next_page_token", "nextpagetoken"}
)
_TOTALS = frozenset({"count", "total", "total_count", "totalcount"})
_MORE = frozenset({"has_more", "hasmore", "has_next", "hasnext"})


@dataclass(frozen=True)
class Envelope:
    """The object around a list in a response. The fields have the names of the object's properties."""

    items: str
    next_url: str | None = None
    next_cursor: str | None = None
    total: str | None = None
    more: str | None = None
    nullable: frozenset[str] = frozenset()  # null on the last page; other properties are left out there
    required: frozenset[str] = frozenset()


def envelope_of(schema: Schema, names: Collection[str]) -> Envelope:
    """Returns the envelope that a response schema describes. ``names`` has the names of the persisted schemas.

    Raises ``AmbiguousOperation`` if the schema has a second list, or a required property without a known meaning.
    """
    arrays = [
        n for n, each in schema.properties.items() if is_listed(each.schema) and listed_schemas(each.schema, names)
    ]
    if len(arrays) != 1:
        raise AmbiguousOperation(
            f"its response has more than one list: {listing(arrays)}",
            "Remove all lists but one, or bind the operation with x-bind-server.",
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
        raise AmbiguousOperation(
            f"its response requires properties that a generated list can't fill in: {listing(unknown)}",
            "Make the properties optional or nullable, or bind the operation with x-bind-server.",
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
