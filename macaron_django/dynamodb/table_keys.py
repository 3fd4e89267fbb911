"""A persisted schema → what the planner needs to know of its table.

In goes a ``Persistence``; out come its keys, indexes and policy as plain values. Apart from the planner, which is pure,
because settings are read here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from macaron_django.conf import Section, settings
from macaron_django.dynamodb.plans import IndexKeys, TableKeys

if TYPE_CHECKING:
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["table_keys"]


def table_keys(persistence: Persistence) -> TableKeys:
    """What the planner needs to know of a persisted schema; made again where settings have changed."""
    section = settings.DYNAMODB
    known: tuple[Section, TableKeys] | None = persistence.__dict__.get("_table_keys")
    if known is None or known[0] is not section:
        made = _made(persistence, persistence.table_name, section.SCAN_LIMIT)
        known = persistence.__dict__["_table_keys"] = (section, made)
    return known[1]


def _made(persistence: Persistence, table_name: str, scan_limit: int) -> TableKeys:
    options, schema = persistence.options, persistence.schema
    indexes = [
        IndexKeys(
            name,
            (persistence.hash_key if local else index.hash_key) or persistence.hash_key,
            index.range_key,
            index.projection,
            local=local,
        )
        for local, group in ((False, options.indexes), (True, options.local_indexes))
        for name, index in group.items()
    ]
    return TableKeys(
        table_name,
        persistence.hash_key,
        persistence.range_key,
        tuple(indexes),
        frozenset(name for name, prop in schema.properties.items() if prop.required and not prop.schema.nullable),
        options.scan,
        scan_limit,
    )
