"""Finds the permissions that a call to DynamoDB needs: actions on a table, or on one of its indexes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["TableAccess", "accesses_of_call"]

#: A transaction needs the permissions of its actions. There is no separate permission for transactions (AWS, "Using IAM
#: with transactions").
_IN_TRANSACTIONS: Final[Mapping[str, str]] = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


@dataclass(frozen=True, order=True)
class TableAccess:
    """A DynamoDB action, such as ``Query``, on a table. If ``index`` is the name of an index, the action is on that
    index.
    """

    table: str
    index: str
    action: str


def accesses_of_call(operation: str, parameters: Mapping[str, Any]) -> Iterator[TableAccess]:
    """Yields each table access that a call needs. Yields nothing if the call names no table, such as ``ListTables``.

    >>> list(accesses_of_call("Query", {"TableName": "profiles", "IndexName": "by_email"}))
    [TableAccess(table='profiles', index='by_email', action='Query')]
    """
    for item in parameters.get("TransactItems", ()):
        for kind, part in item.items():
            yield TableAccess(_name(part["TableName"]), "", _IN_TRANSACTIONS[kind])
    for table in parameters.get("RequestItems", ()):
        yield TableAccess(_name(table), "", operation)
    named = parameters.get("TableName") or parameters.get("ResourceArn")
    if named is not None:
        yield TableAccess(_name(named), parameters.get("IndexName", ""), operation)


def _name(named: str) -> str:
    """Returns a table's name, from the name or the ARN in a call."""
    return named.partition(":table/")[2].partition("/")[0] if named.startswith("arn:") else named
