"""``with transaction():`` sends all writes of its block as one TransactWriteItems.

``transaction.get()`` reads a snapshot of up to 100 items. If DynamoDB cancels a transaction, the exception
names the item that caused it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async

from macaron_django.dynamodb.calls.call_failures import (
    PASSING_REASONS,
    TRANSACTION_CONFLICT,
    cancellation_reasons,
    error_code,
    is_about_size,
    translated,
)
from macaron_django.dynamodb.items.expressions import Expressions
from macaron_django.dynamodb.items.pending_writes import (
    MAX_TRANSACTION_ITEMS,
    PendingTransaction,
    TransactionWrite,
    gathering,
    use_gathering,
)
from macaron_django.dynamodb.items.write_conditions import WriteCondition
from macaron_django.dynamodb.planning.conditions import matches
from macaron_django.exceptions import (
    ItemTooLarge,
    PersistenceError,
    PyMacaronException,
    StaleItem,
    Throttled,
    UnsupportedQuery,
    WriteOutcomeUnknown,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from macaron_django.dynamodb.codec.attribute_values import AttributeMap
    from macaron_django.dynamodb.items.persistence import Persistence

__all__ = ["EngineLimit", "transaction"]

#: AWS: "TransactWriteItems", ClientRequestToken.
_TOKEN: Final = re.compile(r"[!-~]{1,36}")
#: The message of DynamoDB Local before 2022 for a transaction with more than 10 (or 25) items.
_LIMIT: Final = re.compile(r"[Mm]ember must have length less than or equal to (\d+)")


class EngineLimit(UnsupportedQuery):
    """A transaction has more items than the engine accepts, so nothing was written.

    ``items`` is the number of items that the engine accepts in a transaction. AWS accepts more.
    """

    def __init__(self, items: int) -> None:
        super().__init__(
            f"The DynamoDB engine in use accepts at most {items} items in a transaction (AWS accepts "
            f"{MAX_TRANSACTION_ITEMS}), so nothing was written. Divide the work, or use a newer engine: `embedded` "
            "accepts as many items as AWS does."
        )
        self.items = items


class transaction:  # noqa: N801 (used like a function, as Django's atomic is)
    """Collects the saves, deletes and checks in its block, and sends them at the end. DynamoDB applies either all
    writes or none.

    ::

        with dynamodb.transaction():
            order.save()
            cart.delete()
            Stock.objects.filter(pk=order.sku).update(left=F("left") - 1)
            dynamodb.transaction.check(Customer.objects.filter(pk=order.customer, active=True))

    A transaction can have up to 100 items, with 4 MB in total. The block can write or check each item only once. Reads
    in the block don't see the block's writes. The key of a new row must be free, and an item that is updated or deleted
    must exist.

    If the condition of an item fails, ItemExists or StaleItem is raised at the end of the block. The exception has the
    item's key. If the code in the block raises an exception, nothing is sent. In both cases, the rows get the state
    that they had before the block, and count as unsaved. A nested block adds its writes to the outer block. If the
    nested block raises an exception, its writes are dropped. Django's signals ``post_save`` and ``post_delete`` are
    sent, and the functions of ``dynamodb.on_commit()`` are called, only after the transaction has succeeded.

    The block collects the writes of its own thread, but not of other threads. With ``async with``, it collects the
    writes of its own task, and of coroutines that the task awaits. With a ``token`` from the caller, the same
    transaction can be sent again within ten minutes without writing twice, even from another process.
    """

    def __init__(self, *, token: str | None = None) -> None:
        if token is not None and not _TOKEN.fullmatch(token):
            raise ValueError("A transaction's token must have 1 to 36 ASCII characters and no spaces.")
        self._token = token
        self._gathering: PendingTransaction | None = None

    def __enter__(self) -> Self:
        if self._gathering is not None:
            raise RuntimeError("A transaction can be used only once: write `with transaction():` each time.")
        outer = gathering()
        if outer is not None and self._token is not None:
            raise UnsupportedQuery(
                "A nested transaction is sent with the outer transaction: give a token only to the outer transaction."
            )
        self._gathering = PendingTransaction(outer)
        use_gathering(self._gathering)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self._finish(failed=kind is not None)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        await sync_to_async(self._finish)(failed=kind is not None)

    @staticmethod
    def check(target: Any, *, absent: bool = False) -> None:
        """Adds a condition on an item that the transaction doesn't write. If the condition isn't met, the transaction
        fails.

        If ``target`` is a row, its item must exist. If the schema has versions, the item must also have the row's
        ``version``. If ``target`` is a query set, it must specify one key, and the item with this key must match the
        query set's filters. If ``absent`` is True, the condition is instead that no item has the key.

        Raises UnsupportedQuery outside a transaction. If the condition isn't met, an exception is raised at the end of
        the block: ItemExists if ``absent`` is True, otherwise StaleItem.
        """
        current = gathering()
        if current is None:
            raise UnsupportedQuery("A check needs a `with transaction():` block.")
        persistence, key, queryset = _named(target)
        if absent:
            replaceable = persistence.replaceable()
            condition = WriteCondition(persistence.kind, key, "absent", {}, replaceable=replaceable)
        elif queryset is not None:
            condition = WriteCondition(persistence.kind, key, queryset.write_demand(), {})
        else:
            condition = WriteCondition(persistence.kind, key, "present", persistence.expected_version(target))
        expressions = Expressions()
        condition.add_to(expressions)
        persistence._gather("ConditionCheck", {"Key": key, **expressions.parameters()}, condition, current)

    @staticmethod
    def get(*targets: Any) -> list[Any]:
        """Reads a snapshot of up to 100 items. Returns rows in the order of ``targets``, and None for a missing item.

        ``ada, order = transaction.get(Profile.objects.filter(pk="ada"), Order.objects.filter(pk=7))``; if a target is a
        row, the item with the row's key is read.
        """
        named = [_named(target) for target in targets]
        identities = [(persistence.table_name, persistence._identity(key)) for persistence, key, _ in named]
        # DynamoDB accepts each item only once in a transaction.
        places = {identity: number for number, identity in enumerate(dict.fromkeys(identities))}
        if len(places) > MAX_TRANSACTION_ITEMS:
            raise UnsupportedQuery(f"transaction.get() reads at most {MAX_TRANSACTION_ITEMS} items.")
        wanted = dict(zip(identities, named, strict=True))
        items = _read([wanted[identity][:2] for identity in places])
        return [
            _answer(persistence, queryset, items[places[identity]])
            for identity, (persistence, _, queryset) in zip(identities, named, strict=True)
        ]

    def _close(self) -> None:
        assert self._gathering is not None  # noqa: S101 (entered, or Python wouldn't leave)
        self._gathering.close()
        use_gathering(self._gathering.outer)

    def _finish(self, *, failed: bool) -> None:
        own = self._gathering
        assert own is not None  # noqa: S101 (as in _close)
        if failed:
            own.abandon()
            return
        try:
            outer = own.heir
            if outer is not None:
                own.hand_over(outer)
            else:
                _send(own.writes, self._token)
        except BaseException:
            own.abandon()
            raise
        own.committed()  # calls no function if an outer transaction has taken over


def _named(target: Any) -> tuple[Persistence, AttributeMap, Any]:
    """Returns the persistence, the key and the query set of a target. For a row, the query set is None."""
    if hasattr(target, "_plan"):
        plan = target._plan()
        if plan.kind != "get" or target.query.is_sliced:
            raise UnsupportedQuery(
                "A query set in a transaction must name one item by its whole key. The plan of this query set is: "
                f"{plan.summary()}."
            )
        return target.persistence, dict(plan.keys[0]), target
    manager = getattr(type(target), "objects", None)
    persistence: Persistence | None = getattr(manager, "persistence", None)
    if persistence is None:
        raise TypeError(f"A transaction accepts rows and query sets of persisted schemas, not {target!r}.")
    return persistence, persistence.key_of(target), None


def _answer(persistence: Persistence, queryset: Any, item: AttributeMap | None) -> Any:
    if item is None:
        return None
    if queryset is None:
        return persistence.decode(item)
    return queryset._convert(item) if matches(queryset._plan().remainder, item) else None


def _read(keys: Sequence[tuple[Persistence, AttributeMap]]) -> list[AttributeMap | None]:
    if not keys:
        return []
    from macaron_django.dynamodb.calls.connection import connection  # imported here: it needs botocore

    gets = [{"Get": {"TableName": persistence.table_name, "Key": key}} for persistence, key in keys]
    with translated(_tables(persistence.table_name for persistence, _ in keys)):
        answer = connection().dispatch("TransactGetItems", {"TransactItems": gets})
    return [response.get("Item") for response in answer["Responses"]]


def _send(writes: Sequence[TransactionWrite], token: str | None) -> None:
    if not writes:
        return
    from macaron_django.dynamodb.calls.connection import connection  # imported here: it needs botocore

    parameters: dict[str, Any] = {"TransactItems": [write.request for write in writes]}
    if token is not None:
        parameters["ClientRequestToken"] = token
    try:
        with translated(_tables(write.parameters["TableName"] for write in writes)):
            connection().dispatch("TransactWriteItems", parameters)
    except WriteOutcomeUnknown:
        raise  # the cause is the refusal of a later attempt; the outcome of the first is still unknown
    except PersistenceError as error:
        limit = _LIMIT.search(str(error)) if error_code(error.__cause__ or error) == "ValidationException" else None
        if limit is not None and int(limit[1]) < len(writes):
            raise EngineLimit(int(limit[1])) from error.__cause__
        cancelled = _cancellation(writes, error)
        if cancelled is None:
            raise
        raise cancelled from error.__cause__


def _cancellation(writes: Sequence[TransactionWrite], error: PersistenceError) -> PyMacaronException | None:
    """Returns the exception for the first item that made DynamoDB cancel the transaction."""
    reasons = cancellation_reasons(error.__cause__)
    for write, reason in zip(writes, reasons, strict=False):
        code, condition = reason.code, write.condition
        if code == "ConditionalCheckFailed":
            refusal = condition.exception(reason.item, is_known=reason.names_items)
            refusal.add_sentence("The whole transaction was cancelled.")
            return refusal
        if code == TRANSACTION_CONFLICT:
            message = f"Another transaction holds the {write.name}; nothing was written: try again."
            return StaleItem(message, schema=condition.kind, key=condition.key)
        if code in PASSING_REASONS:
            return Throttled(f"DynamoDB throttled the transaction at the {write.name}; nothing was written.")
        if code != "None":
            kind = ItemTooLarge if is_about_size(reason.message) else PersistenceError
            return kind(f"DynamoDB cancelled the transaction because of the {write.name}: {code}: {reason.message}")
    return None


def _tables(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
