"""Describes a table in readable terms: its status, counts, keys, indexes, billing and safeguards.

Properties that an engine doesn't support are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macaron_django.dynamodb.calls.call_failures import translated
from macaron_django.dynamodb.tables.table_differences import (
    NOT_THERE,
    Description,
    Table,
    billing_mode,
    describe,
    has_recovery,
    unless,
)

__all__ = ["IndexDescription", "KeySchemaElement", "TableDescription", "account_of", "describe_table"]

#: The errors of local engines that lack one of AWS's operations, and of AWS if the caller has no permission.
_NO_ANSWER = NOT_THERE | {"AccessDeniedException", "ValidationException", "NotImplemented"}


@dataclass(frozen=True)
class KeySchemaElement:
    """One part of a key. ``role`` is "HASH" or "RANGE", and ``type`` is the attribute's type ("S", "N" or "B")."""

    name: str
    role: str
    type: str


@dataclass(frozen=True)
class IndexDescription:
    """A secondary index. A local index has no status."""

    name: str
    keys: tuple[KeySchemaElement, ...]
    projection: str
    status: str
    local: bool
    items: int | None
    size: int | None


@dataclass(frozen=True)
class TableDescription:
    """A table. Values that the engine doesn't send are None. ``size`` is in bytes. DynamoDB updates the size and the
    count about every six hours.
    """

    name: str
    status: str
    arn: str
    created: dt.datetime | None
    items: int | None
    size: int | None
    keys: tuple[KeySchemaElement, ...]
    indexes: tuple[IndexDescription, ...]
    billing: str
    capacity: tuple[int, int] | None
    expires_by: str | None
    time_to_live: str | None
    stream: str | None
    deletion_protection: bool | None
    recovery: bool | None


def describe_table(table: Table) -> TableDescription | None:
    """Returns the description of a table; None if the table doesn't exist."""
    with translated(table.Meta.table_name):
        found = describe(table)
        if found is None:
            return None
        return _described(table, found)


def account_of(table: Table) -> str | None:
    """Returns the AWS account of the table, from the table's ARN; None if the table doesn't exist."""
    with translated(table.Meta.table_name):
        found = describe(table)
    parts = str((found or {}).get("TableArn", "")).split(":")
    return parts[4] if found is not None and len(parts) > 5 else None


def _described(table: Table, found: Description) -> TableDescription:
    provisioned = found.get("ProvisionedThroughput") or {}
    billing = billing_mode(found)
    units = (int(provisioned.get("ReadCapacityUnits", 0)), int(provisioned.get("WriteCapacityUnits", 0)))
    ttl = unless(_NO_ANSWER, table, "DescribeTimeToLive").get("TimeToLiveDescription")
    backups = unless(_NO_ANSWER, table, "DescribeContinuousBackups")
    stream = found.get("StreamSpecification")
    return TableDescription(
        name=str(found["TableName"]),
        status=str(found.get("TableStatus", "")),
        arn=str(found.get("TableArn", "")),
        created=_moment(found.get("CreationDateTime")),
        items=found.get("ItemCount"),
        size=found.get("TableSizeBytes"),
        keys=_keys(found["KeySchema"], found),
        indexes=tuple(_indexes(found)),
        billing=billing,
        capacity=units if billing == "PROVISIONED" else None,
        expires_by=None if ttl is None else ttl.get("AttributeName"),
        time_to_live=None if ttl is None else ttl.get("TimeToLiveStatus", "DISABLED"),
        stream=str(stream.get("StreamViewType", "")) if stream and stream.get("StreamEnabled") else None,
        deletion_protection=found.get("DeletionProtectionEnabled"),
        recovery=has_recovery(backups),
    )


def _indexes(found: Description) -> Sequence[IndexDescription]:
    return [
        IndexDescription(
            name=str(index["IndexName"]),
            keys=_keys(index["KeySchema"], found),
            projection=_projection(index.get("Projection") or {}),
            status=str(index.get("IndexStatus", "")),
            local=group.startswith("Local"),
            items=index.get("ItemCount"),
            size=index.get("IndexSizeBytes"),
        )
        for group in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        for index in found.get(group) or ()
    ]


def _keys(schema: Sequence[Mapping[str, str]], found: Description) -> tuple[KeySchemaElement, ...]:
    types = {one["AttributeName"]: one["AttributeType"] for one in found.get("AttributeDefinitions", ())}
    ordered = sorted(schema, key=lambda one: one["KeyType"])
    return tuple(
        KeySchemaElement(one["AttributeName"], one["KeyType"], types.get(one["AttributeName"], "")) for one in ordered
    )


def _projection(projection: Mapping[str, Any]) -> str:
    kind = str(projection.get("ProjectionType", ""))
    return f"{kind}: {', '.join(sorted(projection['NonKeyAttributes']))}" if kind == "INCLUDE" else kind


def _moment(value: Any) -> dt.datetime | None:
    if isinstance(value, dt.datetime):
        return value
    return dt.datetime.fromtimestamp(float(value), dt.timezone.utc) if isinstance(value, (int, float)) else None
