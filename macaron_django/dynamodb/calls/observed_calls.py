"""Sends events about calls to DynamoDB, and about their outcome, to the subscribers of ``macaron_django.events``."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

from macaron_django.dynamodb.calls.call_failures import error_code
from macaron_django.dynamodb.codec.wire import request_body
from macaron_django.events import (
    DYNAMODB_CALLS,
    ConsumedUnits,
    DynamoDBCallBegan,
    DynamoDBCallEnded,
    Observed,
    within,
)

__all__ = ["ObservedCall"]

#: The operations that consume read units if the response doesn't have the kind of the units.
_READS: Final = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})


class ObservedCall(Observed[DynamoDBCallEnded]):
    """A call to DynamoDB. When the call ends, subscribers get an event.

    Attempts are counted by the code that sends the call. The fast lane also sets the sizes of the last request and
    response. If botocore sends the call, this class determines the sizes.
    """

    __slots__ = ("_call", "_index", "_operation", "_tables", "_within", "attempts", "request_size", "response_size")

    def __init__(self, operation: str, call: Mapping[str, Any]) -> None:
        self._operation, self._call = operation, call
        name = call.get("TableName")
        self._tables = (name,) if name is not None else _tables(call)
        self._index, self._within = call.get("IndexName", ""), within()
        self.attempts, self.request_size, self.response_size = 1, 0, 0
        began = None
        if DYNAMODB_CALLS.beginnings:
            began = DynamoDBCallBegan(operation, self._tables, self._index, self._within, call)
        super().__init__(DYNAMODB_CALLS, began)

    def answered(self, answer: Mapping[str, Any]) -> None:
        """Sends the event for a call that DynamoDB has answered."""
        self.leave()
        if not self.request_size:
            self._measure(answer)
        said = answer.get("ConsumedCapacity")
        consumed: tuple[ConsumedUnits, ...] = ()
        if isinstance(said, list):
            consumed = tuple([_units(self._operation, self._tables, each) for each in said])
        elif said:
            consumed = (_units(self._operation, self._tables, said),)
        self._tell(consumed, answer)

    def failed(self, error: BaseException) -> None:
        """Sends the event for a call whose last attempt has failed."""
        self.leave()
        if not self.request_size:
            self._measure(getattr(error, "response", None) or {})
        self._tell((), None, error_code(error) or type(error).__name__, error)

    def _tell(
        self,
        consumed: tuple[ConsumedUnits, ...],
        answer: Mapping[str, Any] | None,
        code: str = "",
        error: BaseException | None = None,
    ) -> None:
        self.end(
            DynamoDBCallEnded(
                self._operation,
                self._tables,
                self._index,
                self._within,
                consumed,
                self.attempts,
                self.request_size,
                self.response_size,
                perf_counter() - self.began_at,
                code,
                error,
                answer,
            )
        )

    def _measure(self, said: Mapping[str, Any]) -> None:
        """Measures a call that botocore has sent. Converts the parameters to JSON again to get the request's size."""
        self.request_size = len(request_body(self._call) or b"")
        headers = said.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        length = headers.get("content-length", "")
        self.response_size = int(length) if length.isdecimal() else 0


def _tables(call: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the names of the tables in a batch or a transaction, without repetition."""
    if (items := call.get("RequestItems")) is not None:
        return tuple(items)
    actions = (action for item in call.get("TransactItems", ()) for action in item.values())
    return tuple(dict.fromkeys(action["TableName"] for action in actions))


def _units(operation: str, tables: tuple[str, ...], said: Mapping[str, Any]) -> ConsumedUnits:
    name = said.get("TableName") or tables[0]
    read, write = said.get("ReadCapacityUnits"), said.get("WriteCapacityUnits")
    if read is not None or write is not None:
        return ConsumedUnits(name, float(read or 0.0), float(write or 0.0))
    total = float(said.get("CapacityUnits", 0.0))
    return ConsumedUnits(name, total, 0.0) if operation in _READS else ConsumedUnits(name, 0.0, total)
