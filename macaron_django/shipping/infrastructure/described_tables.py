"""Describes the tables of persisted schemas as ``synctables`` would make them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from macaron_django.dynamodb import Persistence

__all__ = ["MOST_UNITS", "PYTHON_RUNTIME", "DescribedIndex", "DescribedTable", "described_tables", "resource_names"]

#: How many times its capacity a provisioned table may be scaled up to.
MOST_UNITS: Final = 10
#: Lambda's name of this Python, for which ``manage.py package`` compiles.
PYTHON_RUNTIME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class DescribedIndex:
    """A secondary index. ``held`` are the attributes beside the keys that it holds; None: all."""

    name: str
    hash_key: str
    range_key: str | None
    held: tuple[str, ...] | None
    local: bool = False


@dataclass(frozen=True)
class DescribedTable:
    """A table. ``attributes`` has the types of keys: "S", "N" or "B". ``units``: read and write; None: on demand."""

    name: str
    hash_key: str
    range_key: str | None
    attributes: Mapping[str, str]
    indexes: tuple[DescribedIndex, ...]
    units: tuple[int, int] | None
    ttl: str | None
    recovery: bool | None
    protection: bool | None
    tags: Mapping[str, str]

    def scaled(self) -> Iterable[tuple[str, str | None]]:
        """Yields what is scaled of a provisioned table: its name with None, then with each global index."""
        if self.units is not None:
            yield self.name, None
            yield from ((self.name, index.name) for index in self.indexes if not index.local)


def described_tables(persistences: Iterable[Persistence]) -> list[DescribedTable]:
    """Returns the tables of persisted schemas; one for those that share a table."""
    found = {each.table_name: _described(each) for each in persistences}
    return list(found.values())


def _described(persistence: Persistence) -> DescribedTable:
    table: Any = persistence.table
    schema = cast("dict[str, Any]", table._get_schema())
    ttl = table._ttl_attribute()
    meta = table.Meta
    provisioned = meta.billing_mode == "PROVISIONED"
    hash_key, range_key = _keys(schema["key_schema"])
    return DescribedTable(
        name=meta.table_name,
        hash_key=str(hash_key),
        range_key=range_key,
        attributes={each["AttributeName"]: each["AttributeType"] for each in schema["attribute_definitions"]},
        indexes=(
            *(_index(each) for each in schema["global_secondary_indexes"]),
            *(_index(each, local=True) for each in schema["local_secondary_indexes"]),
        ),
        units=(meta.read_capacity_units, meta.write_capacity_units) if provisioned else None,
        ttl=None if ttl is None else ttl.attr_name,
        recovery=meta.point_in_time_recovery,
        protection=meta.deletion_protection,
        tags=dict(meta.tags),
    )


def _index(described: Mapping[str, Any], *, local: bool = False) -> DescribedIndex:
    projection = described["projection"]
    held = None if projection["ProjectionType"] == "ALL" else tuple(projection.get("NonKeyAttributes", ()))
    hash_key, range_key = _keys(described["key_schema"])
    return DescribedIndex(described["index_name"], str(hash_key), range_key, held, local)


def _keys(schema: Iterable[Mapping[str, str]]) -> tuple[str | None, str | None]:
    names = {key["KeyType"]: key["AttributeName"] for key in schema}
    return names.get("HASH"), names.get("RANGE")


def resource_names(tables: Iterable[DescribedTable], prefix: str) -> dict[str, str]:
    """Returns a name in snake case for the resource of each table, by the table's name, without its prefix.

    The names differ without their underscores, too: CloudFormation's have none.

    >>> table = DescribedTable("live-order.lines", "id", None, {}, (), None, None, None, None, {})
    >>> resource_names([table], "live-")
    {'live-order.lines': 'order_lines'}
    """
    found: dict[str, str] = {}
    for table in tables:
        plain = re.sub(r"[^a-z0-9]+", "_", table.name.removeprefix(prefix).lower()).strip("_")
        name = plain if plain[:1].isalpha() else f"table_{plain}"
        others = {each.replace("_", "") for each in found.values()}
        found[table.name] = next(each for each in _numbered(name) if each.replace("_", "") not in others)
    return found


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
