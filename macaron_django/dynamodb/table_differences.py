"""A table as DynamoDB describes it, and one thing in which it differs from its schema.

In goes a PynamoDB model class of ``build_table``; out come DynamoDB's answers about its table. Apart from what
compares tables, of which there are two: keys and indexes, and what protects them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from botocore.exceptions import ClientError

from macaron_django.dynamodb.failures import error_code
from macaron_django.dynamodb.table_models import ItemModel

__all__ = ["Description", "Difference", "Table", "call", "describe", "send"]

Table: TypeAlias = type[ItemModel]
Description: TypeAlias = Mapping[str, Any]

_SIGNS: Final = {"create": "+", "add": "+", "change": "~", "conflict": "!", "extra": "?", "unsupported": "?"}


@dataclass(frozen=True)
class Difference:
    """One thing in which a table isn't as its schema says.

    ``create``, ``add`` and ``change`` are made by ``sync_table``; a ``conflict`` can't be without a new table;
    ``extra`` is something that the schema doesn't mention, and that is left alone; ``unsupported``: the engine
    can't do it, and nothing depends on it.
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
    """DynamoDB's answer to an operation on the table."""
    return send(table, operation, TableName=table.Meta.table_name, **parameters)


def send(table: Table, operation: str, **parameters: Any) -> dict[str, Any]:
    """As ``call``, for the operations that name no table."""
    answer: dict[str, Any] = table._get_connection().connection.dispatch(operation, parameters)
    return answer


def describe(table: Table) -> Description | None:
    """DescribeTable; None where there is no such table."""
    try:
        return cast("Description", call(table, "DescribeTable")["Table"])
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise
