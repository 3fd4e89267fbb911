"""Describes the keys, the indexes and the scan policy of a persisted schema's table for the planner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.conf import Section, settings
from macaron_django.dynamodb.planning.query_plans import IndexKeySchema, TableKeySchema
from macaron_django.openapi import Schema
from macaron_django.openapi.extensions import implied_hash_key

if TYPE_CHECKING:
    from macaron_django.dynamodb.items.persistence import Persistence

__all__ = ["key_schema_of"]


def key_schema_of(persistence: Persistence) -> TableKeySchema:
    """Returns a table's description for the planner. The description is cached until the settings change."""
    return persistence.derived(_key_schema, settings.DYNAMODB)


def _key_schema(persistence: Persistence, section: Section) -> TableKeySchema:
    options, schema = persistence.options, persistence.schema
    indexes = [
        IndexKeySchema(
            name,
            (persistence.hash_key if local else index.hash_key) or persistence.hash_key,
            index.range_key,
            index.projection,
            local=local,
        )
        for local, group in ((False, options.indexes), (True, options.local_indexes))
        for name, index in group.items()
    ]
    return TableKeySchema(
        persistence.table_name,
        persistence.hash_key,
        persistence.range_key,
        tuple(indexes),
        frozenset(name for name, prop in schema.properties.items() if prop.required and not prop.schema.nullable),
        options.scan,
        section.SCAN_LIMIT,
        {name: count for name, prop in schema.properties.items() if (count := _listed(prop.schema)) is not None},
        _identifiers(schema),
    )


def _listed(schema: Schema) -> int | None:
    """Returns the number of values that a schema allows; None if the schema doesn't limit the number."""
    if schema.enum is not None:
        return max(1, len(schema.enum))
    types = set(schema.types) - {"null"}
    if types == {"boolean"}:
        return 2
    least, most = schema.keyword("minimum"), schema.keyword("maximum")
    if types == {"integer"} and isinstance(least, int) and isinstance(most, int) and least <= most:
        return most - least + 1
    return None


def _identifiers(schema: Schema) -> frozenset[str]:
    """Returns the properties whose value identifies an item: generated UUIDs, and the property whose name implies that
    it is the hash key.
    """
    generated = {n for n, prop in schema.properties.items() if (prop.extensions.generated or "").startswith("uuid")}
    implied = implied_hash_key(schema.name, schema.properties)
    return frozenset(generated if implied is None else {*generated, implied})
