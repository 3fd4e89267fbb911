"""Defines a difference between a table and its schema. Sends the calls that describe or change a table."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from botocore.exceptions import ClientError

from macaron_django.dynamodb.calls.call_failures import error_code
from macaron_django.dynamodb.tables.table_models import ItemModel

__all__ = [
    "NOT_THERE",
    "Description",
    "Table",
    "TableDifference",
    "billing_mode",
    "call",
    "describe",
    "has_recovery",
    "send",
    "unless",
]

Table: TypeAlias = type[ItemModel]
Description: TypeAlias = Mapping[str, Any]

#: The error code of a local engine that lacks one of AWS's operations.
NOT_THERE: Final = frozenset({"UnknownOperationException"})
_SIGNS: Final = {"create": "+", "add": "+", "change": "~", "conflict": "!", "extra": "?", "unsupported": "?"}


@dataclass(frozen=True)
class TableDifference:
    """One difference between a table and its schema.

    ``sync_table`` resolves differences of the kinds ``create``, ``add`` and ``change``. A ``conflict`` needs a new
    table. An ``extra`` is something that the schema doesn't mention; it is left unchanged. The kind ``unsupported``
    means that the engine lacks a feature, and that nothing else depends on this feature.
    """

    kind: Literal["create", "add", "change", "conflict", "extra", "unsupported"]
    text: str
    subject: str = ""

    @property
    def is_applied(self) -> bool:
        return self.kind in {"create", "add", "change"}

    def __str__(self) -> str:
        return f"{_SIGNS[self.kind]} {self.text}"


def call(table: Table, operation: str, **parameters: Any) -> dict[str, Any]:
    """Returns DynamoDB's response to an operation on the table."""
    return send(table, operation, TableName=table.Meta.table_name, **parameters)


def send(table: Table, operation: str, **parameters: Any) -> dict[str, Any]:
    """Returns DynamoDB's response to an operation that has no parameter TableName."""
    answer: dict[str, Any] = table._get_connection().connection.dispatch(operation, parameters)
    return answer


def describe(table: Table) -> Description | None:
    """Returns the table's description from DescribeTable; None if there is no such table."""
    return cast("Description | None", unless({"ResourceNotFoundException"}, table, "DescribeTable").get("Table"))


def unless(codes: AbstractSet[str], table: Table, operation: str, **parameters: Any) -> dict[str, Any]:
    """Does what ``call`` does, but returns {} if the engine refuses the operation with an error code in ``codes``."""
    try:
        return call(table, operation, **parameters)
    except ClientError as error:
        if error_code(error) in codes:
            return {}
        raise


def billing_mode(found: Description) -> str:
    """Returns a table's billing mode. DescribeTable leaves the mode out if the mode has never changed."""
    return str((found.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED"))


def has_recovery(backups: Mapping[str, Any]) -> bool | None:
    """Returns whether point-in-time recovery is on, from a response to DescribeContinuousBackups; None if the response
    is empty.
    """
    if not backups:
        return None
    described = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription") or {}
    return bool(described.get("PointInTimeRecoveryStatus") == "ENABLED")
