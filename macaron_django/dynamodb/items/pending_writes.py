"""Collects the writes of an open transaction, and the functions to call after its end.

Refuses writes that exceed DynamoDB's limits.

``item_operations`` adds writes, and ``transactions`` sends them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from macaron_django.dynamodb.codec.item_sizes import item_size
from macaron_django.dynamodb.items.write_conditions import WriteCondition
from macaron_django.exceptions import ItemTooLarge, UnsupportedQuery

__all__ = [
    "MAX_TRANSACTION_BYTES",
    "MAX_TRANSACTION_ITEMS",
    "PendingTransaction",
    "TransactionWrite",
    "gathering",
    "on_commit",
    "use_gathering",
]

logger = logging.getLogger("macaron_django")

# AWS: "Service, account, and table quotas in Amazon DynamoDB", "Transactions".
MAX_TRANSACTION_ITEMS: Final = 100
MAX_TRANSACTION_BYTES: Final = 4 * 1024 * 1024

_ACTIONS: Final = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete", "ConditionCheck": "ConditionCheck"}
#: Parameters of single writes that a transaction doesn't accept.
_SINGLE: Final = frozenset({"ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"})


@dataclass(frozen=True)
class TransactionWrite:
    """One write of a transaction. ``identity`` is a value that is different for each item."""

    operation: str
    parameters: Mapping[str, Any]
    identity: Hashable
    condition: WriteCondition

    @property
    def name(self) -> str:
        """The item's schema and key, for messages."""
        return self.condition.name

    @property
    def request(self) -> dict[str, Any]:
        """An element of ``TransactItems``."""
        parameters = {name: value for name, value in self.parameters.items() if name not in _SINGLE}
        if "ConditionExpression" in parameters:
            parameters["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return {_ACTIONS[self.operation]: parameters}

    @cached_property
    def size(self) -> int:
        """The size in bytes of the attributes that the write sends. An update doesn't send unchanged attributes,
        so their size isn't known here.
        """
        if "Item" in self.parameters:
            return item_size(self.parameters["Item"])
        return item_size(self.parameters["Key"]) + item_size(self.parameters.get("ExpressionAttributeValues", {}))


class PendingTransaction:
    """The writes of an open transaction, functions that undo the writes' effects on objects in memory, and functions to
    call after the transaction.

    The transaction of a nested block has an ``outer`` transaction, which takes over the writes when the nested block
    ends.
    """

    def __init__(self, outer: PendingTransaction | None = None) -> None:
        self._lock = threading.Lock()
        self._undo: list[Callable[[], None]] = []
        self._waiting: list[Callable[[], object]] = []
        self.outer = outer
        self.writes: list[TransactionWrite] = []
        self.is_open = True

    def add(self, write: TransactionWrite) -> None:
        """Adds a write to the transaction. Raises UnsupportedQuery or ItemTooLarge if DynamoDB wouldn't accept a
        transaction with this write.
        """
        with self._lock:
            others = self._all_writes()
            if any(write.identity == other.identity for other in others):
                raise UnsupportedQuery(
                    f"A transaction can have only one operation for each item, but this is the second one for the "
                    f"{write.name}: make all changes, then save the item once."
                )
            if len(others) == MAX_TRANSACTION_ITEMS:
                raise UnsupportedQuery(
                    f"A transaction holds at most {MAX_TRANSACTION_ITEMS} items, and the {write.name} would be "
                    "one more: use several transactions."
                )
            size = write.size + sum(other.size for other in others)
            if size > MAX_TRANSACTION_BYTES:
                raise ItemTooLarge(
                    f"The items of a transaction can have at most {MAX_TRANSACTION_BYTES} bytes in total, and the "
                    f"{write.name} would increase the total to {size} bytes: use several transactions."
                )
            self.writes.append(write)

    def _all_writes(self) -> list[TransactionWrite]:
        return self.writes if self.outer is None else [*self.outer._all_writes(), *self.writes]

    def on_abandon(self, undo: Callable[[], None]) -> None:
        """Registers a function to call if the writes aren't made."""
        self._undo.append(undo)

    def on_commit(self, function: Callable[[], object]) -> None:
        """Registers a function to call after the writes are made."""
        self._waiting.append(function)

    def close(self) -> None:
        """Stops collecting writes. If a task runs longer than the block, an open outer transaction collects the task's
        later writes. If no outer transaction is open, these writes are sent at once.
        """
        self.is_open = False

    @property
    def heir(self) -> PendingTransaction | None:
        """Returns the transaction that takes over the writes: the nearest outer transaction that is still open.
        Returns None if all outer transactions have ended.

        A task can run longer than the block in which it was started.
        """
        return _open(self.outer)

    def hand_over(self, outer: PendingTransaction) -> None:
        """Moves the writes and the functions of this transaction to an outer transaction."""
        writes, self.writes = self.writes, []
        for write in writes:
            outer.add(write)
        outer._undo += self._undo
        outer._waiting += self._waiting
        self._waiting = []

    def committed(self) -> None:
        """Calls the functions registered with ``on_commit``, in order.

        If a function raises an exception, the others are still called. Then the first exception is raised.
        """
        waiting, self._waiting = self._waiting, []
        errors = [error for error in map(_raised_by, waiting) if error is not None]
        for error in errors[1:]:
            logger.error("Another on_commit function of the transaction raised an exception, too.", exc_info=error)
        if errors:
            raise errors[0]

    def abandon(self) -> None:
        """Drops the writes and all functions registered with ``on_commit``. Undoes the effects on objects in memory."""
        self.writes = []
        self._waiting = []
        while self._undo:
            self._undo.pop()()


def _raised_by(function: Callable[[], object]) -> Exception | None:
    try:
        function()
    except Exception as error:  # noqa: BLE001 (it is raised, or logged, after the other functions)
        return error
    return None


# A new thread starts without this value. asyncio's tasks and calls of sync_to_async inherit it.
_gathering: ContextVar[PendingTransaction | None] = ContextVar("macaron_django_transaction", default=None)


def gathering() -> PendingTransaction | None:
    """Returns the open transaction of this thread or task; None if there is none."""
    return _open(_gathering.get())


def _open(current: PendingTransaction | None) -> PendingTransaction | None:
    """Returns the first open transaction among ``current`` and its outer transactions; None if all have ended."""
    while current is not None and not current.is_open:
        current = current.outer
    return current


def use_gathering(current: PendingTransaction | None) -> None:
    """Makes ``current`` collect the writes of this thread or task. If it is None, each write is sent
    immediately.
    """
    _gathering.set(current)


def on_commit(function: Callable[[], object]) -> None:
    """Calls a function after the open transaction of this thread or task is written. If no transaction is open, calls
    the function immediately.

    ::

        with dynamodb.transaction():
            order.save()
            dynamodb.on_commit(lambda: mail_receipt(order.pk))

    The function isn't called if the transaction fails, or if its outcome is unknown. If the transaction has several
    functions, they are called in order. At the end of an ``async with`` block, they are called in a thread. If a
    function raises an exception, the others are still called. Then the block raises the first exception. The writes
    aren't undone.
    """
    current = gathering()
    if current is None:
        function()
    else:
        current.on_commit(function)
