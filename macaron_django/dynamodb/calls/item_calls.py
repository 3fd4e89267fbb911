"""Runs item operations on a table. Each operation is a generator of steps (``macaron_django.drivers``).

A call goes through PynamoDB's connection only if something observes that connection: signals, a log or a patch.
PynamoDB's connection and botocore are imported only for such a call.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final, Protocol

from pynamodb.signals import post_dynamodb_send, pre_dynamodb_send

from macaron_django.drivers import BlockingCall, Steps
from macaron_django.dynamodb.calls.call_attempts import KeyNames, call_steps
from macaron_django.dynamodb.codec.wire import ReadMembers

__all__ = ["Dispatching", "is_watched", "item_steps"]


class Dispatching(Protocol):
    """PynamoDB's connection."""

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]: ...


def item_steps(
    connect: Callable[[], Dispatching],
    key_names: KeyNames,
    operation: str,
    parameters: dict[str, Any],
    read: ReadMembers,
) -> Steps[dict[str, Any]]:
    """Does the same as PynamoDB's ``dispatch``, as a generator of steps. Use it only for item operations whose
    ResponseMetadata the caller doesn't need.

    ``read`` parses the response if the fast lane makes the call. ``connect`` returns PynamoDB's connection.
    """
    if is_watched():
        return _dispatching(connect, operation, parameters)
    if "ReturnConsumedCapacity" not in parameters:
        parameters["ReturnConsumedCapacity"] = "TOTAL"
    return call_steps(key_names, operation, parameters, read)


def _dispatching(
    connect: Callable[[], Dispatching], operation: str, parameters: dict[str, Any]
) -> Steps[dict[str, Any]]:
    answer: dict[str, Any] = yield BlockingCall(connect().dispatch, operation, parameters)
    return answer


def is_watched() -> object:
    """Returns whether something observes or replaces PynamoDB's ``dispatch``: receivers of its signals, its log at
    level DEBUG, or a patch.
    """
    return (
        _SIGNALS[0].receivers
        or _SIGNALS[1].receivers
        or _pynamodb_log.isEnabledFor(logging.DEBUG)
        or _is_dispatch_replaced()
    )


def _is_dispatch_replaced() -> bool:
    module = sys.modules.get(_BASE)
    connection = None if module is None else getattr(module, "Connection", None)
    if module is None or connection is None:  # not imported, so that nothing can have replaced it
        return False
    dispatch = vars(connection)["dispatch"]
    return not (type(dispatch) is FunctionType and dispatch.__globals__ is vars(module))


class _NoSignal:
    """Replaces a PynamoDB signal if blinker isn't installed."""

    receivers = False


_SIGNALS: Final = tuple(
    signal if hasattr(signal, "receivers") else _NoSignal for signal in (pre_dynamodb_send, post_dynamodb_send)
)
_BASE: Final = "pynamodb.connection.base"
_pynamodb_log: Final = logging.getLogger(_BASE)
