"""Sends a call to DynamoDB. After a failure, waits and sends the call again if that is safe.

A failed call is sent again only if this can't apply a write twice. Reads can be repeated. A write can be repeated if
DynamoDB refused it for a temporary reason. A write can also be repeated if the write makes its own condition false,
because then DynamoDB refuses to apply the write a second time. A transaction can be sent again, because AWS remembers
the transaction's token. Other engines forget the token when they stop, and would apply the transaction again after a
restart. Any other write whose outcome isn't known raises WriteOutcomeUnknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from botocore.exceptions import ClientError, EndpointConnectionError

from macaron_django.attempts import Circuit, CircuitOpenError, CircuitRules, Pause
from macaron_django.drivers import BlockingCall, Steps, in_thread
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls import deadlines, retries
from macaron_django.dynamodb.calls.call_failures import (
    CONDITION_FAILED,
    EXPIRED_CREDENTIALS,
    CallNotSentError,
    FailureKind,
    botocore_errors,
    error_code,
    failure_kind,
    is_outage,
)
from macaron_django.dynamodb.calls.clients import MadeClient, clients, reset
from macaron_django.dynamodb.calls.observed_calls import ObservedCall
from macaron_django.dynamodb.codec.attribute_values import AttributeMap, same_items
from macaron_django.dynamodb.codec.wire import ReadMembers
from macaron_django.events import DYNAMODB_CALLS
from macaron_django.exceptions import WriteOutcomeUnknown

__all__ = ["WITH_CAPACITY", "Applied", "Call", "KeyNames", "call_steps"]

#: Returns the names of the key attributes of a table. The call may block, because it may need DescribeTable.
KeyNames = Callable[[str], Iterable[str]]

#: Returns whether the item that made a condition fail shows that our write was applied. The item is None if none is
#: stored.
Applied = Callable[[AttributeMap | None], bool]

_ITEM_READS: Final = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})
_READS: Final = _ITEM_READS | {"ListTables"}
#: The operations whose responses have the consumed capacity.
WITH_CAPACITY: Final = _ITEM_READS | {
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
    """The parameters of an operation.

    If an earlier attempt got no response, the function ``applied`` finds out whether that attempt was applied. If a
    write has this function, the write is sent again when its outcome is unknown. Therefore, the write must make its own
    condition false, so that it can't be applied twice.
    """

    applied: Applied | None = None

    def __init__(self, parameters: Mapping[str, Any], applied: Applied | None = None) -> None:
        super().__init__(parameters)
        self.applied = applied


def call_steps(
    key_names: KeyNames, operation: str, parameters: dict[str, Any], read: ReadMembers | None = None
) -> Steps[dict[str, Any]]:
    """Sends a call, and repeats it if that is safe. Returns the response, or raises the exceptions of PynamoDB's
    connection.

    ``read`` parses the response if the fast lane makes the call.
    """
    call = parameters if operation in _ITEM_READS else _prepared(operation, parameters)
    observed = ObservedCall(operation, call) if DYNAMODB_CALLS.subscribers else None
    try:
        waiting = deadlines.begin(operation)
        try:
            timeout = deadlines.left() if waiting is None else waiting.seconds
            answer = yield _CallAttempt(operation, call, read, timeout, observed)
        except botocore_errors() as error:
            answer = yield from _after_failure(key_names, operation, call, error, observed)
        finally:
            if waiting is not None:
                deadlines.end(waiting)
    except BaseException as error:
        if observed is not None:
            observed.failed(error)
        raise
    if observed is not None:
        observed.answered(answer)
    return answer  # type: ignore[no-any-return]  # typed so by Steps


class _CallAttempt:
    """One attempt at a call, by the fast lane or by botocore. ``timeout`` is in seconds; None means the client's
    timeouts.
    """

    __slots__ = ("call", "is_repeated", "operation", "read", "tally", "timeout")

    def __init__(
        self,
        operation: str,
        call: dict[str, Any],
        read: ReadMembers | None,
        timeout: float | None,
        tally: ObservedCall | None,
        *,
        is_repeated: bool = False,
    ) -> None:
        self.operation, self.call, self.read = operation, call, read
        self.timeout, self.tally, self.is_repeated = timeout, tally, is_repeated

    @classmethod
    def again(cls, operation: str, call: dict[str, Any], tally: ObservedCall | None) -> _CallAttempt:
        """Returns a further attempt at ``call``, and adds 1 to the attempts in ``tally``."""
        if tally is not None:
            tally.attempts += 1
        return cls(operation, call, None, deadlines.left(), tally, is_repeated=True)

    def block(self) -> dict[str, Any]:
        made = clients.present() or clients.current()
        rules = None if self.timeout is None else made.circuit_rules
        if rules is None:
            return self._block(made)
        trial = _entered(made.circuit, rules)
        try:
            answer = self._block(made)
        except BaseException as error:
            _count(made.circuit, rules, trial, error)
            raise
        made.circuit.succeeded()
        return answer

    def _block(self, made: MadeClient) -> dict[str, Any]:
        # Botocore makes all further attempts, because it checks its connections.
        if made.lane is not None and not self.is_repeated:
            answer = made.lane.answer(self.operation, self.call, self.tally, read=self.read, timeout=self.timeout)
            if answer is not None:
                return answer
        return self._by_botocore(made)

    def _by_botocore(self, made: MadeClient) -> dict[str, Any]:
        # Reading ``made.client`` may import botocore.
        return cast("dict[str, Any]", made.client._make_api_call(self.operation, self.call))

    async def wait(self) -> dict[str, Any]:
        made = clients.present()
        if made is None:
            made = await in_thread(clients.current)
        rules = None if self.timeout is None else made.circuit_rules
        if rules is None:
            return await self._wait(made)
        trial = _entered(made.circuit, rules)
        try:
            answer = await self._wait(made)
        except BaseException as error:
            _count(made.circuit, rules, trial, error)
            raise
        made.circuit.succeeded()
        return answer

    async def _wait(self, made: MadeClient) -> dict[str, Any]:
        lane = made.lane
        if lane is not None:
            if lane.renews_credentials:
                await in_thread(lane.renew_credentials)
            answer = await lane.answer_on_loop(
                self.operation, self.call, self.tally, read=self.read, timeout=self.timeout
            )
            if answer is not None:
                return answer
        return await in_thread(self._by_botocore, made)


def _entered(circuit: Circuit, rules: CircuitRules) -> int:
    try:
        return circuit.enter(rules)
    except CircuitOpenError as refused:
        raise CallNotSentError(refused.failures, refused.seconds) from None


def _count(circuit: Circuit, rules: CircuitRules, trial: int, error: BaseException) -> None:
    if is_outage(error):
        circuit.failed(rules, trial)
    elif isinstance(error, ClientError):
        circuit.succeeded()
    else:
        circuit.given_up(trial)


def _after_failure(
    key_names: KeyNames, operation: str, call: dict[str, Any], first: Exception, tally: ObservedCall | None
) -> Steps[dict[str, Any]]:
    """Repeats a call whose first attempt failed, if that is safe. Returns the response, or raises the failure."""
    failure = _seen(operation, call, first)
    doubtful: Exception | None = None
    policy = retries.calls()
    for number, pause in enumerate(policy.pauses(), 1):
        if pause:
            yield Pause(deadlines.pausing(pause))
        if number > 1 and not deadlines.is_over():
            yield BlockingCall(_renew, failure)
            try:
                return (yield _CallAttempt.again(operation, call, tally))  # type: ignore[no-any-return]  # typed so by Steps
            except botocore_errors() as error:
                failure = _seen(operation, call, error)
        kind = failure_kind(failure)
        is_last = number == policy.attempts or deadlines.is_over()
        if operation in _READS or operation.startswith("Describe"):
            if kind is FailureKind.REFUSED or is_last:
                raise _unanswered(operation, failure)
        elif kind is FailureKind.REFUSED and doubtful is not None and operation != _TRANSACTION:
            return (yield from _after_doubt(key_names, operation, call, failure, doubtful))
        elif kind is FailureKind.REFUSED:
            raise failure
        else:
            if kind is FailureKind.AMBIGUOUS:
                doubtful = doubtful or failure
            if is_last or (kind is FailureKind.AMBIGUOUS and not _repeatable(operation, call)):
                if doubtful is not None:
                    raise _unknown(operation, call, doubtful) from failure
                raise failure
    raise AssertionError("unreachable")  # pragma: no cover


def _seen(operation: str, call: dict[str, Any], error: Exception) -> Exception:
    """Returns PynamoDB's exception for ``error`` if DynamoDB answered the call; otherwise, returns ``error`` itself."""
    if not isinstance(error, ClientError):
        return error
    from macaron_django.dynamodb.calls.aws_sdk.shown_refusals import shown_refusal  # imported here: it needs botocore

    return shown_refusal(operation, call, error)


def _after_doubt(
    key_names: KeyNames, operation: str, call: dict[str, Any], refusal: Exception, doubtful: Exception
) -> Steps[dict[str, Any]]:
    """Decides the outcome of a write if DynamoDB refuses an attempt, and an earlier attempt got no clear response.

    Returns a response if the earlier attempt was applied. Raises WriteOutcomeUnknown if that isn't certain.
    """
    applied = _applied(call)
    if error_code(refusal) == CONDITION_FAILED and applied is not None:
        item = getattr(refusal, "response", {}).get("Item")
        if item is None:
            try:
                item = yield from _stored(key_names, call)
            except botocore_errors() as error:
                # The exception of the failed read would mean that nothing was written.
                raise _unknown(operation, call, doubtful) from error
        if applied(item):
            return {"Attributes": item or {}}
    raise _unknown(operation, call, doubtful) from refusal


def _stored(key_names: KeyNames, call: dict[str, Any]) -> Steps[AttributeMap | None]:
    """Loads the stored item for a refused write. Some engines don't send this item when they refuse a write."""
    key = call.get("Key")
    if not key:
        names = yield BlockingCall(key_names, call["TableName"])
        key = {name: call["Item"][name] for name in names}
    wanted = {"TableName": call["TableName"], "Key": key, "ConsistentRead": True}
    answer = yield from call_steps(key_names, "GetItem", wanted)
    item: AttributeMap | None = answer.get("Item")
    return item


def _renew(error: Exception) -> None:
    """Gets new credentials if ``error`` shows that the current ones have expired. Updates the server's address if no
    connection could be opened.
    """
    if error_code(error) in EXPIRED_CREDENTIALS:
        reset()
    elif isinstance(error, EndpointConnectionError):
        engines.current().look_again()


def _prepared(operation: str, parameters: dict[str, Any]) -> Call:
    call = parameters if isinstance(parameters, Call) else Call(parameters)
    if operation not in WITH_CAPACITY:
        call.pop("ReturnConsumedCapacity", None)  # PynamoDB adds it to operations that it doesn't know
    if operation == _TRANSACTION and not call.get("ClientRequestToken"):
        # botocore would make a new token for each attempt, so that a transaction could be applied twice.
        call["ClientRequestToken"] = os.urandom(16).hex()
    if operation in _CONDITIONAL and "ConditionExpression" in call:
        call.setdefault("ReturnValuesOnConditionCheckFailure", "ALL_OLD")
        if operation == "PutItem" and call.applied is None and _undone_by_itself(call):
            item = call["Item"]
            call.applied = lambda stored: stored is not None and same_items(stored, item)
    return call


def _undone_by_itself(call: dict[str, Any]) -> bool:
    """Returns whether a PutItem makes its own condition false. If so, DynamoDB can't apply the PutItem twice."""
    condition = _ABSENT.fullmatch(call["ConditionExpression"])
    if condition is None:
        return False
    name = condition[1]
    return call.get("ExpressionAttributeNames", {}).get(name, name) in call["Item"]


def _repeatable(operation: str, call: dict[str, Any]) -> bool:
    """Returns whether a write whose outcome isn't known can safely be sent again."""
    return engines.current().keeps_tokens if operation == _TRANSACTION else _applied(call) is not None


def _applied(call: dict[str, Any]) -> Applied | None:
    return call.applied if isinstance(call, Call) else None


def _unanswered(operation: str, failure: Exception) -> Exception:
    """Returns the exception of a read whose last attempt failed."""
    if deadlines.is_over() and failure_kind(failure) is not FailureKind.REFUSED:
        return deadlines.overdue(operation)
    return failure


def _unknown(operation: str, call: dict[str, Any], doubtful: Exception) -> WriteOutcomeUnknown:
    table = call.get("TableName") or ", ".join(call.get("RequestItems", ())) or "several tables"
    return WriteOutcomeUnknown(
        f"{operation} on {table} got no answer: it may have been applied, and sending it again could apply it twice. "
        f"Load the item to find out. ({type(doubtful).__name__}: {doubtful})"
    )
