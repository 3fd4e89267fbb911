"""Describes the tables of persisted schemas as ``synctables`` would create them."""

from __future__ import annotations

import hashlib
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from macaron_django.dynamodb import Persistence

__all__ = ["MOST_UNITS", "PYTHON_RUNTIME", "DescribedIndex", "DescribedTable", "described_tables", "resource_names"]

#: The most that a provisioned table is scaled up to, as a multiple of its capacity.
MOST_UNITS: Final = 10
#: Lambda's name of this Python version. ``manage.py package`` compiles for this version.
PYTHON_RUNTIME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class DescribedIndex:
    """A secondary index. ``held`` has the attributes that the index contains in addition to the keys.

    If ``held`` is None, the index contains all attributes.
    """

    name: str
    hash_key: str
    range_key: str | None
    held: tuple[str, ...] | None
    local: bool = False


@dataclass(frozen=True)
class DescribedTable:
    """A table. ``attributes`` has the types of the key attributes: "S", "N" or "B".

    ``units`` has the read units and the write units. None means that the table is billed on demand.
    """

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

    def scaled(self) -> Iterable[str | None]:
        """Yields None for the table itself, and then the name of each global index.

        The capacity of these parts is scaled. Yields nothing for a table that is billed on demand.
        """
        if self.units is not None:
            yield None
            yield from (index.name for index in self.indexes if not index.local)


def described_tables(persistences: Iterable[Persistence]) -> list[DescribedTable]:
    """Returns the tables of persisted schemas. If several schemas share a table, returns it once."""
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


def resource_names(tables: Iterable[DescribedTable], prefix: str) -> dict[tuple[str, str | None], str]:
    """Returns the resource names of all tables and indexes, in snake case and without the prefix.

    The dictionary's key is (table, None) for a table and (table, index) for an index. CloudFormation's names have only
    letters and digits, so two names that differ only in punctuation would be equal. Each such name gets a suffix from a
    hash. Only a table's name that is already in snake case stays as it is. With this rule, a name doesn't depend on the
    order of the tables. That matters, because a new name means a new resource.

    >>> table = DescribedTable("live-order.lines", "id", None, {}, (), None, None, None, None, {})
    >>> resource_names([table], "live-")
    {('live-order.lines', None): 'order_lines'}
    """
    named: dict[tuple[str, str | None], str] = {}
    for table in tables:
        name = table.name.removeprefix(prefix)
        snake = _snake(name)
        named[table.name, None] = snake if snake[:1].isalpha() else f"table_{snake}"
        named |= {
            (table.name, each.name): f"{named[table.name, None]}_index_{_snake(each.name)}" for each in table.indexes
        }
    seen = Counter(name.replace("_", "") for name in named.values())
    return {
        (table, index): name
        if seen[name.replace("_", "")] == 1 or (index is None and _PLAIN.fullmatch(table.removeprefix(prefix)))
        else f"{name}_{_digest(table.removeprefix(prefix), index)}"
        for (table, index), name in named.items()
    }


#: Plain names: they stay distinct when they are converted from snake case to Pascal case.
_PLAIN: Final = re.compile("[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _digest(table: str, index: str | None) -> str:
    return hashlib.sha256(f"{table}/{index or ''}".encode()).hexdigest()[:8]
