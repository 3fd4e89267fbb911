"""Determines the meaning of each query parameter of a generated list: filter, limit, cursor or ordering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from macaron_django.api.rules.operation_schemas import is_listed
from macaron_django.openapi import Operation, Parameter, Schema

__all__ = ["CURSOR", "LIMIT", "ORDERING", "Filter", "query_parameters"]

#: The query parameters for paging. With ``x-lookup``, a parameter with a different name can have one of these meanings.
LIMIT, CURSOR, ORDERING = "limit", "cursor", "ordering"

LOOKUPS = frozenset(
    {
        "exact", "iexact", "lt", "lte", "gt", "gte", "range", "in", "isnull", "contains", "icontains", "startswith",
        "istartswith", "endswith", "iendswith", "regex", "iregex", "year", "month", "day", "date",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """A query parameter that filters a list by a property. ``path`` has property names, the outermost first."""

    parameter: str
    path: tuple[str, ...]
    lookup: str = "exact"


def query_parameters(
    operation: Operation, schema: Schema
) -> tuple[tuple[Filter, ...], Mapping[str, str], tuple[str, ...]]:
    """Returns the filters of a list, the names of its paging parameters, and the names of all other query parameters.

    The second value maps LIMIT, CURSOR and ORDERING to the names of the parameters. Every list has LIMIT and CURSOR,
    even if they aren't declared.
    """
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
    """Splits ``address__zip__gte`` into properties and a lookup. A property's own name may contain two underscores."""
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
