"""Keeps the writes of an open transaction until its end, within DynamoDB's limits.

``item_operations`` hands writes over to it; ``transactions`` opens it and sends them.
"""

from __future__ import annotations

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
    "use_gathering",
]

# AWS: "Service, account, and table quotas in Amazon DynamoDB", "Transactions".
MAX_TRANSACTION_ITEMS: Final = 100
MAX_TRANSACTION_BYTES: Final = 4 * 1024 * 1024

_ACTIONS: Final = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete", "ConditionCheck": "ConditionCheck"}
#: Parameters of single writes that a transaction doesn't take.
_SINGLE: Final = frozenset({"ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"})


@dataclass(frozen=True)
class TransactionWrite:
    """One write of a transaction. ``identity``: the item, told apart from any other."""

    operation: str
    parameters: Mapping[str, Any]
    identity: Hashable
    condition: WriteCondition

    @property
    def name(self) -> str:
        """The item as a person reads it."""
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
        """Bytes that are sent of the item; what an update leaves alone, only DynamoDB knows."""
        if "Item" in self.parameters:
            return item_size(self.parameters["Item"])
        return item_size(self.parameters["Key"]) + item_size(self.parameters.get("ExpressionAttributeValues", {}))


class PendingTransaction:
    """The writes of an open transaction, and how to undo what objects in memory already say of them.

    That of a block inside another has an ``outer`` one, which takes it over when it is done.
    """

    def __init__(self, outer: PendingTransaction | None = None) -> None:
        self._lock = threading.Lock()
        self._undo: list[Callable[[], None]] = []
        self.outer = outer
        self.writes: list[TransactionWrite] = []
        self.is_open = True

    def add(self, write: TransactionWrite) -> None:
        """Gather a write; UnsupportedQuery or ItemTooLarge where DynamoDB wouldn't take it along with the others."""
        with self._lock:
            others = self._all_writes()
            if any(write.identity == other.identity for other in others):
                raise UnsupportedQuery(
                    f"A transaction has one operation for each item, and a second one came for the {write.name}: "
                    "make all changes, then save it once."
                )
            if len(others) == MAX_TRANSACTION_ITEMS:
                raise UnsupportedQuery(
                    f"A transaction holds at most {MAX_TRANSACTION_ITEMS} items, and the {write.name} would be one "
                    "more: divide the work into several."
                )
            size = write.size + sum(other.size for other in others)
            if size > MAX_TRANSACTION_BYTES:
                raise ItemTooLarge(
                    f"The items of a transaction may have {MAX_TRANSACTION_BYTES} bytes together, and with the "
                    f"{write.name} they would have {size}: divide the work into several."
                )
            self.writes.append(write)

    def _all_writes(self) -> list[TransactionWrite]:
        return self.writes if self.outer is None else [*self.outer._all_writes(), *self.writes]

    def on_abandon(self, undo: Callable[[], None]) -> None:
        """Call ``undo`` if what was gathered isn't written."""
        self._undo.append(undo)

    def close(self) -> None:
        """Gather no more: what a task writes that outlives the block is sent at once."""
        self.is_open = False

    def hand_over(self) -> None:
        """Make this part of the outer transaction."""
        outer = self.outer
        if outer is None:
            raise RuntimeError("There is no outer transaction.")
        writes, self.writes = self.writes, []
        for write in writes:
            outer.add(write)
        outer._undo += self._undo

    def abandon(self) -> None:
        """Forget everything."""
        self.writes = []
        while self._undo:
            self._undo.pop()()


# A thread starts without it; a task of asyncio's and a call by sync_to_async take it along.
_gathering: ContextVar[PendingTransaction | None] = ContextVar("macaron_django_transaction", default=None)


def gathering() -> PendingTransaction | None:
    """What the open transaction of this thread or task gathers; None outside of one."""
    current = _gathering.get()
    while current is not None and not current.is_open:
        current = current.outer
    return current


def use_gathering(current: PendingTransaction | None) -> None:
    """Have this thread or task gather its writes there; None: send each at once."""
    _gathering.set(current)
