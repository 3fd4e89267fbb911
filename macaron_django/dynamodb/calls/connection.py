"""PynamoDB's connection with endpoint, names and credentials read at each call, and with this package's retries."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from pynamodb.connection import Connection as PynamoDBConnection
from pynamodb.connection import TableConnection as PynamoDBTableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.signals import post_dynamodb_send, pre_dynamodb_send

from macaron_django.drivers import BlockingCall, Steps, run
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.call_attempts import WITH_CAPACITY, call_steps
from macaron_django.dynamodb.calls.clients import clients
from macaron_django.dynamodb.codec.wire import ReadMembers, response_members

__all__ = ["Connection", "TableConnection", "connection"]


class Connection(PynamoDBConnection):
    """PynamoDB's connection over the process's client, with this package's retries."""

    def __init__(self, meta_table: MetaTable | None = None) -> None:
        # Not super().__init__(): it would bind host, region and timeouts now.
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
        # A connection has one table, whatever its name is under the present prefix.
        return self._meta_table or super().get_meta_table(table_name)

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        if _watched() or operation_name not in WITH_CAPACITY:
            answer: dict[str, Any] = super().dispatch(operation_name, operation_kwargs)
            return answer
        operation_kwargs.setdefault("ReturnConsumedCapacity", "TOTAL")
        return self._make_api_call(operation_name, operation_kwargs)

    def steps(
        self, operation_name: str, operation_kwargs: dict[str, Any], read: ReadMembers = response_members
    ) -> Steps[dict[str, Any]]:
        """As ``dispatch``, in steps, for item operations whose ResponseMetadata isn't needed.

        ``read`` reads the answer where botocore doesn't have to.
        """
        if _watched():
            return _dispatching(self, operation_name, operation_kwargs)
        if "ReturnConsumedCapacity" not in operation_kwargs:
            operation_kwargs["ReturnConsumedCapacity"] = "TOTAL"
        return call_steps(self, operation_name, operation_kwargs, read)

    def _make_api_call(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        return run(call_steps(self, operation_name, operation_kwargs))


def _dispatching(connection: Connection, operation: str, parameters: dict[str, Any]) -> Steps[dict[str, Any]]:
    answer: dict[str, Any] = yield BlockingCall(connection.dispatch, operation, parameters)
    return answer


def _watched() -> object:
    """Whether PynamoDB's own dispatching is observed, by its signals or its log, or replaced."""
    return (
        _SIGNALS[0].receivers
        or _SIGNALS[1].receivers
        or _pynamodb_log.isEnabledFor(logging.DEBUG)
        or PynamoDBConnection.dispatch is not _DISPATCH
    )


class _NoSignal:
    """A signal of PynamoDB's where blinker isn't installed."""

    receivers = False


_SIGNALS: Final = tuple(
    signal if hasattr(signal, "receivers") else _NoSignal for signal in (pre_dynamodb_send, post_dynamodb_send)
)
_pynamodb_log: Final = logging.getLogger("pynamodb.connection.base")
_DISPATCH: Final = PynamoDBConnection.dispatch


class TableConnection(PynamoDBTableConnection):
    """PynamoDB's connection to one table, whose name is read at each call."""

    def __init__(self, name: Callable[[], str], meta_table: MetaTable) -> None:
        self._name = name
        self.connection: Connection = Connection(meta_table)

    @property
    def table_name(self) -> str:  # type: ignore[override]
        return self._name()


def connection() -> Connection:
    """A connection for calls that aren't about one table: transactions, and lists of tables."""
    return Connection()
