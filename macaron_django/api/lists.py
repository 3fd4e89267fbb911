"""Lists of a resource: the envelope around their rows, and what their query parameters mean.

An operation and its response schema go in; ``Envelope``, ``Filter``s and paging parameters come out. Apart from
``resources``, which says that an operation is a list at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from macaron_django.api.contents import Ambiguous, is_listed, listed_schemas, listing
from macaron_django.spec import Operation, Parameter, Schema

__all__ = ["CURSOR", "LIMIT", "ORDERING", "Envelope", "Filter", "envelope_of", "query_parameters"]

#: Query parameters that mean the same on every list; ``x-lookup`` gives one of these meanings to another name.
LIMIT, CURSOR, ORDERING = "limit", "cursor", "ordering"

LOOKUPS = frozenset(
    {
        "exact", "iexact", "lt", "lte", "gt", "gte", "range", "in", "isnull", "contains", "icontains", "startswith",
        "istartswith", "endswith", "iendswith", "regex", "iregex", "year", "month", "day", "date",
    }
)  # fmt: skip
_NEXT_URLS = frozenset({"next", "next_url", "nexturl", "next_link", "nextlink", "next_page", "nextpage"})
_NEXT_CURSORS = frozenset(
    {"cursor", "next_cursor", "nextcursor", "next_token", "nexttoken", "next_page_token", "nextpagetoken"}
)
_TOTALS = frozenset({"count", "total", "total_count", "totalcount"})
_MORE = frozenset({"has_more", "hasmore", "has_next", "hasnext"})


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


def envelope_of(schema: Schema, names: Collection[str]) -> Envelope:
    arrays = [
        n for n, each in schema.properties.items() if is_listed(each.schema) and listed_schemas(each.schema, names)
    ]
    if len(arrays) != 1:
        raise Ambiguous(
            f"its response holds more than one list: {listing(arrays)}",
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
        raise Ambiguous(
            f"its response requires {listing(unknown)}, which a generated list can't fill in",
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


def query_parameters(
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
