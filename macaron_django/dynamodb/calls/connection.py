"""PynamoDB's connection with this package's retries. Each call reads the endpoint, the table names and the credentials
again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynamodb.connection import Connection as PynamoDBConnection
from pynamodb.connection import TableConnection as PynamoDBTableConnection
from pynamodb.connection.base import MetaTable

from macaron_django.drivers import Steps, run
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.call_attempts import WITH_CAPACITY, call_steps
from macaron_django.dynamodb.calls.clients import clients
from macaron_django.dynamodb.calls.item_calls import is_watched, item_steps
from macaron_django.dynamodb.codec.wire import ReadMembers, response_members

__all__ = ["Connection", "TableConnection", "connection"]


class Connection(PynamoDBConnection):
    """A PynamoDB connection that uses the process's client and this package's retries."""

    def __init__(self, meta_table: MetaTable | None = None) -> None:
        # super().__init__() isn't called, because it would fix the host, the region and the timeouts now.
        self._tables: dict[str, MetaTable] = {}
        self._meta_table = meta_table

    @property
    def host(self) -> str | None:  # type: ignore[override]
        return engines.current().endpoint_url

    @property
    def region(self) -> str:  # type: ignore[override]
        return engines.current().region

    @property
    def client(self) -> Any:
        return clients.current().client

    def get_meta_table(self, table_name: str) -> MetaTable:
        # A connection to a table has no other tables. It ignores ``table_name``, which may change with the table
        # prefix.
        return self._meta_table or super().get_meta_table(table_name)

    def key_names(self, table_name: str) -> list[str]:
        """Returns the names of the table's key attributes. Calls DescribeTable if the names aren't known yet."""
        return [entry["AttributeName"] for entry in self.get_meta_table(table_name).data["KeySchema"]]

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        if is_watched() or operation_name not in WITH_CAPACITY:
            answer: dict[str, Any] = super().dispatch(operation_name, operation_kwargs)
            return answer
        operation_kwargs.setdefault("ReturnConsumedCapacity", "TOTAL")
        return self._make_api_call(operation_name, operation_kwargs)

    def steps(
        self, operation_name: str, operation_kwargs: dict[str, Any], read: ReadMembers = response_members
    ) -> Steps[dict[str, Any]]:
        """Makes the same call as ``dispatch``, but is a generator of steps. Use it only for item operations, and only
        if the caller doesn't need ResponseMetadata.

        ``read`` parses the response if the fast lane makes the call.
        """
        return item_steps(lambda: self, self.key_names, operation_name, operation_kwargs, read)

    def _make_api_call(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        return run(call_steps(self.key_names, operation_name, operation_kwargs))


class TableConnection(PynamoDBTableConnection):
    """PynamoDB's connection to one table. Each call reads the table's name again."""

    def __init__(self, name: Callable[[], str], meta_table: MetaTable) -> None:
        self._name = name
        self.connection: Connection = Connection(meta_table)

    @property
    def table_name(self) -> str:  # type: ignore[override]
        return self._name()


def connection() -> Connection:
    """Returns a connection for calls that don't belong to one table: transactions and ListTables."""
    return Connection()
