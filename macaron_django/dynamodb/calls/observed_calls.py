"""Tells the subscribers of ``macaron_django.events`` which calls are sent to DynamoDB, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from macaron_django import events
from macaron_django.drivers import Steps
from macaron_django.dynamodb.calls.call_failures import error_code
from macaron_django.dynamodb.codec.wire import request_body
from macaron_django.events import DYNAMODB_CALLS, ConsumedUnits, DynamoDBCallBegan, DynamoDBCallEnded

__all__ = ["CallTally", "observed_call"]

#: The operations whose capacity units are read units, unless an answer says what kind they are.
_READS: Final = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})


class CallTally:
    """How often a call was sent, and the bytes of its body and of its answer's, where the fast lane sent it."""

    __slots__ = ("attempts", "request_size", "response_size")

    def __init__(self) -> None:
        self.attempts, self.request_size, self.response_size = 1, 0, 0


def observed_call(
    operation: str, call: Mapping[str, Any], tally: CallTally, steps: Steps[dict[str, Any]]
) -> Steps[dict[str, Any]]:
    """Returns what ``steps`` return, which send a call and count in ``tally``."""
    tables, index = _tables(call), call.get("IndexName", "")
    within = events.within()
    observed = DYNAMODB_CALLS.begin(DynamoDBCallBegan(operation, tables, index, within, call))
    answer: dict[str, Any] | None = None
    failure: BaseException | None = None
    try:
        return (answer := (yield from steps))
    except BaseException as error:
        failure = error
        raise
    finally:
        observed.leave()
        said = answer if failure is None else getattr(failure, "response", None)
        if not tally.request_size:
            _measure(tally, call, said or {})
        observed.end(
            DynamoDBCallEnded(
                operation,
                tables,
                index,
                within,
                () if answer is None else _consumed(operation, tables, answer),
                tally.attempts,
                tally.request_size,
                tally.response_size,
                observed.duration,
                "" if failure is None else error_code(failure) or type(failure).__name__,
                failure,
                answer,
            )
        )
        del failure  # it would refer to itself through its traceback


def _tables(call: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the names of the tables that a call is about, each once."""
    if (name := call.get("TableName")) is not None:
        return (name,)
    if (items := call.get("RequestItems")) is not None:
        return tuple(items)
    actions = (action for item in call.get("TransactItems", ()) for action in item.values())
    return tuple(dict.fromkeys(action["TableName"] for action in actions))


def _consumed(operation: str, tables: tuple[str, ...], answer: Mapping[str, Any]) -> tuple[ConsumedUnits, ...]:
    said = answer.get("ConsumedCapacity")
    if not said:
        return ()
    if isinstance(said, list):
        return tuple([_units(operation, tables, each) for each in said])
    return (_units(operation, tables, said),)


def _units(operation: str, tables: tuple[str, ...], said: Mapping[str, Any]) -> ConsumedUnits:
    name = said.get("TableName") or tables[0]
    read, write = said.get("ReadCapacityUnits"), said.get("WriteCapacityUnits")
    if read is not None or write is not None:
        return ConsumedUnits(name, float(read or 0.0), float(write or 0.0))
    total = float(said.get("CapacityUnits", 0.0))
    return ConsumedUnits(name, total, 0.0) if operation in _READS else ConsumedUnits(name, 0.0, total)


def _measure(tally: CallTally, call: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    """Counts the bytes of a call that botocore has sent, which writes the same JSON."""
    tally.request_size = len(request_body(call) or b"")
    headers = said.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    length = headers.get("content-length", "")
    tally.response_size = int(length) if length.isdecimal() else 0
