"""Reads descriptions and sample items of tables that no schema describes. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from macaron_django.dynamodb.calls.call_failures import error_code, translated
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.dynamodb.tables.table_differences import NOT_THERE, Description, has_recovery

__all__ = ["ExistingTable", "existing_table", "table_names"]

#: Errors that are treated as an empty response: a local engine lacks the operation, or the caller has no permission for
#: it.
_NO_ANSWER: Final = NOT_THERE | {"AccessDeniedException", "ValidationException", "NotImplemented"}


@dataclass(frozen=True)
class ExistingTable:
    """A table's description from DescribeTable, its TTL attribute, and a sample of its items as attribute maps."""

    name: str
    description: Description
    expires_by: str | None
    has_recovery: bool
    items: Sequence[Mapping[str, Any]]


def table_names(prefix: str = "") -> list[str]:
    """Finds the account's tables in the region. Returns the names that begin with ``prefix``, in alphabetical order."""
    names: list[str] = []
    start: dict[str, Any] = {}
    with translated("*"):
        while True:
            answer = connection().dispatch("ListTables", dict(start))
            names += answer.get("TableNames", ())
            if not (last := answer.get("LastEvaluatedTableName")):
                return sorted(name for name in names if name.startswith(prefix))
            start = {"ExclusiveStartTableName": last}


def existing_table(name: str, sample: int) -> ExistingTable | None:
    """Returns a table with at most ``sample`` of its items; None if there is no such table.

    The items are the first items of a scan, which is eventually consistent.
    """
    with translated(name):
        found = _unless({"ResourceNotFoundException"}, "DescribeTable", name).get("Table")
        if found is None:
            return None
        ttl = _unless(_NO_ANSWER, "DescribeTimeToLive", name).get("TimeToLiveDescription") or {}
        backups = _unless(_NO_ANSWER, "DescribeContinuousBackups", name)
        expires_by = ttl.get("AttributeName") if ttl.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"} else None
        return ExistingTable(name, found, expires_by, bool(has_recovery(backups)), _sampled(name, sample))


def _sampled(name: str, sample: int) -> list[Mapping[str, Any]]:
    items: list[Mapping[str, Any]] = []
    start: dict[str, Any] = {}
    while len(items) < sample:
        answer = connection().dispatch("Scan", {"TableName": name, "Limit": sample - len(items), **start})
        items += answer.get("Items", ())
        if not (last := answer.get("LastEvaluatedKey")):
            break
        start = {"ExclusiveStartKey": last}
    return items


def _unless(codes: frozenset[str] | set[str], operation: str, name: str) -> dict[str, Any]:
    """Returns DynamoDB's response to an operation on a table; {} if DynamoDB refuses the operation with one of these
    codes.
    """
    try:
        answer: dict[str, Any] = connection().dispatch(operation, {"TableName": name})
    except (ClientError, PynamoDBException) as error:
        cause = error if isinstance(error, ClientError) else error.cause
        if isinstance(cause, ClientError) and error_code(cause) in codes:
            return {}
        raise
    return answer
