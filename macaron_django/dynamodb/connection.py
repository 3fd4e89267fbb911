"""The connection of every generated table: PynamoDB's, with endpoint, names and credentials read at each call.

In goes an operation of DynamoDB's; out comes its answer, PynamoDB's exceptions, or WriteOutcomeUnknown.
botocore gets one attempt a call: what may be sent again is decided here, by what is known about the attempt that
failed, so that no write is applied twice. The client itself is ``clients``'.
"""

from __future__ import annotations

import logging
import os
import random
import re
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final, NoReturn, cast

from botocore.exceptions import ClientError, EndpointConnectionError
from pynamodb.connection import Connection as PynamoDBConnection
from pynamodb.connection import TableConnection as PynamoDBTableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.signals import post_dynamodb_send, pre_dynamodb_send

from macaron_django.conf import settings
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.attribute_values import AttributeMap, same_items
from macaron_django.dynamodb.clients import Configuration, clients, reset
from macaron_django.dynamodb.failures import (
    CONDITION_FAILED,
    EXPIRED_CREDENTIALS,
    TRANSPORT_ERRORS,
    Outcome,
    error_code,
    outcome,
)
from macaron_django.dynamodb.wire import ReadMembers, response_members
from macaron_django.exceptions import WriteOutcomeUnknown

__all__ = ["Applied", "Call", "Connection", "TableConnection", "connection"]

#: Given the item that made a condition fail (None: there is none): does it show that our write was applied?
Applied = Callable[[AttributeMap | None], bool]

_ITEM_READS: Final = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})
_READS: Final = _ITEM_READS | {"ListTables"}
_WITH_CAPACITY: Final = _ITEM_READS | {
    "BatchWriteItem",
    "DeleteItem",
    "PutItem",
    "TransactWriteItems",
    "UpdateItem",
}
_TRANSACTION: Final = "TransactWriteItems"
_CONDITIONAL: Final = frozenset({"DeleteItem", "PutItem", "UpdateItem"})
_ABSENT: Final = re.compile(r"\s*attribute_not_exists\s*\(\s*(#?\w+)\s*\)\s*")


class Call(dict[str, Any]):
    """The parameters of an operation, with what would show that a first, unanswered attempt was applied.

    Only a write whose condition is false once it has been applied may carry ``applied``: it is sent
    again after an ambiguous failure.
    """

    applied: Applied | None = None

    def __init__(self, parameters: Mapping[str, Any], applied: Applied | None = None) -> None:
        super().__init__(parameters)
        self.applied = applied


class _Answered:
    """Stands for a connection whose client has got its answer already, an error."""

    _get_table_name_for_error_context = PynamoDBConnection._get_table_name_for_error_context

    def __init__(self, refusal: ClientError) -> None:
        self.client = self
        self._refusal = refusal

    def _make_api_call(self, *_: Any) -> NoReturn:
        raise self._refusal


class Connection(PynamoDBConnection):
    """PynamoDB's connection over the process's client, with this package's rule for retries."""

    def __init__(self, meta_table: MetaTable | None = None) -> None:
        # Not super().__init__(): it would bind host, region and timeouts now.
        self._tables: dict[str, MetaTable] = {}
        self._meta_table = meta_table

    @property
    def host(self) -> str | None:  # type: ignore[override]
        return Configuration.current().endpoint_url

    @property
    def region(self) -> str:  # type: ignore[override]
        return Configuration.current().region

    @property
    def client(self) -> Any:
        return clients.current().client

    def get_meta_table(self, table_name: str) -> MetaTable:
        # One table a connection, whatever its name is under the present prefix.
        return self._meta_table or super().get_meta_table(table_name)

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        if _watched() or operation_name not in _WITH_CAPACITY:
            answer: dict[str, Any] = super().dispatch(operation_name, operation_kwargs)
            return answer
        operation_kwargs.setdefault("ReturnConsumedCapacity", "TOTAL")
        return self._make_api_call(operation_name, operation_kwargs)

    def members(
        self, operation_name: str, operation_kwargs: dict[str, Any], read: ReadMembers = response_members
    ) -> dict[str, Any]:
        """As ``dispatch``, of an item operation and without a need for ResponseMetadata.

        ``read``: what reads the answer, where botocore needn't.
        """
        if _watched():
            return self.dispatch(operation_name, operation_kwargs)
        operation_kwargs.setdefault("ReturnConsumedCapacity", "TOTAL")
        return self._make_api_call(operation_name, operation_kwargs, read)

    def _make_api_call(
        self, operation_name: str, operation_kwargs: dict[str, Any], read: ReadMembers | None = None
    ) -> dict[str, Any]:
        call = operation_kwargs if operation_name in _ITEM_READS else _prepared(operation_name, operation_kwargs)
        try:
            return self._send(operation_name, call, read=read)
        except (ClientError, *TRANSPORT_ERRORS) as error:
            return self._after_failure(operation_name, call, error)

    def _send(
        self, operation: str, call: dict[str, Any], *, repeated: bool = False, read: ReadMembers | None = None
    ) -> dict[str, Any]:
        made = clients.current()
        # What failed once is repeated by botocore, over connections that it has looked at.
        if made.lane is not None and not repeated:
            answer = made.lane.answer(operation, call, read=read)
            if answer is not None:
                return answer
        return cast("dict[str, Any]", cast("Any", made.client)._make_api_call(operation, call))

    def _after_failure(self, operation: str, call: dict[str, Any], first: Exception) -> dict[str, Any]:
        """What comes of a call whose first attempt failed: an answer to another one, or an exception."""
        reads = operation in _READS or operation.startswith("Describe")
        attempts = max(1, settings.DYNAMODB.MAX_ATTEMPTS)
        failure = self._seen(operation, call, first)
        doubtful: Exception | None = None
        for attempt in count(1):
            known = outcome(failure)
            if reads:
                if known is Outcome.REFUSED or attempt == attempts:
                    raise failure
            elif known is Outcome.REFUSED:
                if doubtful is None or (operation == _TRANSACTION and _keeps_tokens()):
                    raise failure
                return self._after_doubt(operation, call, failure, doubtful)
            elif known is Outcome.UNKNOWN:
                doubtful = doubtful or failure
                if not _repeatable(operation, call) or attempt == attempts:
                    raise _unknown(operation, call, doubtful) from failure
            elif doubtful is not None and (attempt == attempts or _forgotten(operation, failure)):
                raise _unknown(operation, call, doubtful) from failure
            elif attempt == attempts:
                raise failure
            _renew(failure)
            _pause(attempt)
            try:
                return self._send(operation, call, repeated=True)
            except (ClientError, *TRANSPORT_ERRORS) as error:
                failure = self._seen(operation, call, error)
        raise AssertionError("unreachable")  # pragma: no cover

    def _seen(self, operation: str, call: dict[str, Any], error: Exception) -> Exception:
        """The failure as PynamoDB shows it, where it is an answer."""
        if not isinstance(error, ClientError):
            return error
        try:
            self._refused(operation, call, error)
        except ClientError as shown:
            return shown

    @staticmethod
    def _refused(operation_name: str, call: dict[str, Any], refusal: ClientError) -> NoReturn:
        """Raise what PynamoDB makes of an answer that is an error."""
        answered: Any = _Answered(refusal)
        try:
            PynamoDBConnection._make_api_call(answered, operation_name, call)
        except ClientError as error:
            # PynamoDB's exception leaves out the status and the item that failed the condition.
            cause = error.__cause__
            if isinstance(cause, ClientError):
                error.response = {**cause.response, **error.response}
            raise
        raise AssertionError("unreachable")  # pragma: no cover

    def _after_doubt(
        self, operation: str, call: dict[str, Any], refusal: Exception, doubtful: Exception
    ) -> dict[str, Any]:
        """The answer to a repeated write that was refused: was it the first attempt that made it so?"""
        applied = _applied(call)
        if error_code(refusal) == CONDITION_FAILED and applied is not None:
            item = getattr(refusal, "response", {}).get("Item")
            if item is None:
                try:
                    item = self._stored(call)
                except (ClientError, *TRANSPORT_ERRORS) as error:
                    # Of a read it would mean that nothing was written.
                    raise _unknown(operation, call, doubtful) from error
            if applied(item):
                return {"Attributes": item or {}}
        raise _unknown(operation, call, doubtful) from refusal

    def _stored(self, call: dict[str, Any]) -> AttributeMap | None:
        """The item that a write is about, for engines that don't send it along with the refusal."""
        key = call.get("Key") or {
            entry["AttributeName"]: call["Item"][entry["AttributeName"]]
            for entry in self.get_meta_table(call["TableName"]).data["KeySchema"]
        }
        answer = self._make_api_call("GetItem", {"TableName": call["TableName"], "Key": key, "ConsistentRead": True})
        item: AttributeMap | None = answer.get("Item")
        return item


def _watched() -> bool:
    """Whether somebody listens to PynamoDB's own dispatching: by its signals, its log or in its place."""
    return bool(
        getattr(pre_dynamodb_send, "receivers", None)  # (none of blinker's, if that isn't installed)
        or getattr(post_dynamodb_send, "receivers", None)
        or _pynamodb_log.isEnabledFor(logging.DEBUG)
        or PynamoDBConnection.dispatch is not _DISPATCH
    )


_pynamodb_log: Final = logging.getLogger("pynamodb.connection.base")
_DISPATCH: Final = PynamoDBConnection.dispatch


def _renew(error: Exception) -> None:
    """Before another attempt: get new credentials, or find the server where it is now."""
    if error_code(error) in EXPIRED_CREDENTIALS:
        reset()
    elif isinstance(error, EndpointConnectionError):
        engines.current().look_again()


def _prepared(operation: str, parameters: dict[str, Any]) -> Call:
    call = parameters if isinstance(parameters, Call) else Call(parameters)
    if operation not in _WITH_CAPACITY:
        call.pop("ReturnConsumedCapacity", None)  # PynamoDB adds it to what it doesn't know
    if operation == _TRANSACTION and not call.get("ClientRequestToken"):
        # botocore would make one for each attempt, and so apply a transaction twice.
        call["ClientRequestToken"] = os.urandom(16).hex()
    if operation in _CONDITIONAL and "ConditionExpression" in call:
        call.setdefault("ReturnValuesOnConditionCheckFailure", "ALL_OLD")
        if operation == "PutItem" and call.applied is None and _undone_by_itself(call):
            item = call["Item"]
            call.applied = lambda stored: stored is not None and same_items(stored, item)
    return call


def _undone_by_itself(call: dict[str, Any]) -> bool:
    """Whether the put is of an item that makes the put's own condition false: it can't be applied twice."""
    condition = _ABSENT.fullmatch(call["ConditionExpression"])
    if condition is None:
        return False
    name = condition[1]
    return call.get("ExpressionAttributeNames", {}).get(name, name) in call["Item"]


def _repeatable(operation: str, call: dict[str, Any]) -> bool:
    return operation == _TRANSACTION or _applied(call) is not None


def _applied(call: dict[str, Any]) -> Applied | None:
    return call.applied if isinstance(call, Call) else None


def _keeps_tokens() -> bool:
    """Whether a transaction's token outlives the server: Amazon keeps it for ten minutes, others in memory."""
    return engines.current().name == "aws"


def _forgotten(operation: str, error: Exception) -> bool:
    """Whether the server may be a new one by now, for which a repeated transaction is a second one."""
    return operation == _TRANSACTION and isinstance(error, EndpointConnectionError) and not _keeps_tokens()


def _unknown(operation: str, call: dict[str, Any], doubtful: Exception) -> WriteOutcomeUnknown:
    table = call.get("TableName") or ", ".join(call.get("RequestItems", ())) or "several tables"
    return WriteOutcomeUnknown(
        f"{operation} on {table} got no answer, so it was applied or it wasn't; sending it again could apply it "
        f"twice. Load the item and look. ({type(doubtful).__name__}: {doubtful})"
    )


def _pause(attempt: int) -> None:
    """Exponential backoff with full jitter: up to 0.05, 0.1, 0.2 … 2 seconds."""
    time.sleep(random.uniform(0, min(2.0, 0.025 * 2**attempt)))  # noqa: S311 (no secret)


class TableConnection(PynamoDBTableConnection):
    """PynamoDB's connection to one table, whose name is read at each call."""

    def __init__(self, name: Callable[[], str], meta_table: MetaTable) -> None:
        self._name = name
        self.connection: Connection = Connection(meta_table)

    @property
    def table_name(self) -> str:  # type: ignore[override]
        return self._name()


def connection() -> Connection:
    """A connection that isn't about one table: transactions, and lists of tables."""
    return Connection()
