"""``with transaction():`` → one TransactWriteItems of all that is written inside; ``transaction.get()`` → one read.

In go rows and query sets of one item each, of any persisted schemas; out comes all or nothing. Apart from
``gathered_writes``, which only keeps them: here they are sent, and a cancellation is told by the item it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async

from macaron_django.dynamodb.connection import connection
from macaron_django.dynamodb.expressions import Expressions
from macaron_django.dynamodb.failures import cancellation_reasons, error_code, translated
from macaron_django.dynamodb.gathered_writes import (
    MAX_TRANSACTION_ITEMS,
    GatheredWrite,
    Gathering,
    gathering,
    use_gathering,
)
from macaron_django.dynamodb.items import describe_key
from macaron_django.dynamodb.lookups import matches
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

    from macaron_django.dynamodb.attribute_values import AttributeMap
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["EngineLimit", "transaction"]

#: AWS: "TransactWriteItems", ClientRequestToken.
_TOKEN: Final = re.compile(r"[!-~]{1,36}")
#: DynamoDB Local of before 2022, of a transaction with more than 10 items (or 25).
_LIMIT: Final = re.compile(r"[Mm]ember must have length less than or equal to (\d+)")
_CONTENTION: Final = {"TransactionConflict"}
_THROTTLING: Final = {"ProvisionedThroughputExceeded", "ThrottlingError", "RequestLimitExceeded"}


class EngineLimit(UnsupportedQuery):
    """The engine takes fewer items in a transaction, ``items``, than AWS does; nothing was written."""

    def __init__(self, items: int) -> None:
        super().__init__(
            f"The DynamoDB engine in use takes at most {items} items in a transaction, AWS {MAX_TRANSACTION_ITEMS}; "
            "nothing was written. Divide the work, or use a newer engine: `embedded` takes as many as AWS."
        )
        self.items = items


class transaction:  # noqa: N801 (used like a function, as Django's atomic is)
    """Gather the saves, deletes and checks made inside, and send them at the end: all are applied, or none.

    ::

        with dynamodb.transaction():
            order.save()
            cart.delete()
            Stock.objects.filter(pk=order.sku).update(left=F("left") - 1)
            dynamodb.transaction.check(Customer.objects.filter(pk=order.customer, active=True))

    Up to 100 items with 4 MB together, each written or checked once. Reads inside see what was there before; a new
    row is put on the condition that its key is free. If an item's condition doesn't hold, its ItemExists or StaleItem
    is raised at the end of the block; an exception inside sends nothing; either way the rows are again what they were:
    unsaved. A block inside another adds to it, and takes back its own part on an exception.

    Calls of this thread (or, in ``async with``, of this task and what it awaits) are gathered, those of other threads
    aren't. With a ``token`` of the caller's, sending the same transaction again within ten minutes isn't a second
    write, not even from another process.
    """

    def __init__(self, *, token: str | None = None) -> None:
        if token is not None and not _TOKEN.fullmatch(token):
            raise ValueError("A transaction's token has 1 to 36 ASCII characters without spaces.")
        self._token = token
        self._gathering: Gathering | None = None

    def __enter__(self) -> Self:
        if self._gathering is not None:
            raise RuntimeError("A transaction is used once: write `with transaction():` each time.")
        outer = gathering()
        if outer is not None and self._token is not None:
            raise UnsupportedQuery("A transaction inside another is sent with that one's token: leave this one out.")
        self._gathering = Gathering(outer)
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
        """Have the transaction fail unless an item that it doesn't write is as it should be.

        ``target`` is a row: its item must be there, at its ``version`` if it has one; or a query set that names one
        key: that item must match. With ``absent``, there must be no item with this key. Outside a transaction this
        raises UnsupportedQuery; StaleItem comes at the end of the block.
        """
        current = gathering()
        if current is None:
            raise UnsupportedQuery("A check belongs into a `with transaction():` block.")
        persistence, key, queryset = _named(target)
        expressions = Expressions()
        if absent:
            expressions.condition(*persistence._demands(expressions, "absent", None))
        elif queryset is not None:
            expressions.condition(queryset._condition())
        else:
            expected = persistence._expected_version(target)
            expressions.condition(*persistence._demands(expressions, "present", expected))
        name = f"{persistence.kind} with {describe_key(key)}"
        refusal = StaleItem(f"The {name} {'is there' if absent else 'is not as it has to be'}; nothing was written.")
        persistence._gather("ConditionCheck", {"Key": key, **expressions.parameters()}, refusal, current)

    @staticmethod
    def get(*targets: Any) -> list[Any]:
        """Read up to 100 items as they were at one moment: rows in the order asked, None where there is none.

        ``ada, order = transaction.get(Profile.objects.filter(pk="ada"), Order.objects.filter(pk=7))``; a row stands
        for the item with its key.
        """
        named = [_named(target) for target in targets]
        identities = [(persistence.table_name, persistence._identity(key)) for persistence, key, _ in named]
        # DynamoDB takes each item once.
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
        assert own is not None  # noqa: S101 (as above)
        if failed:
            own.abandon()
            return
        try:
            if own.outer is not None:
                own.hand_over()
            else:
                _send(own.writes, self._token)
        except BaseException:
            own.abandon()
            raise


def _named(target: Any) -> tuple[Persistence, AttributeMap, Any]:
    """Persistence and key of a row, or of the one item that a query set names; and the query set."""
    if hasattr(target, "_plan"):
        plan = target._plan()
        if plan.kind != "get" or target.query.is_sliced:
            raise UnsupportedQuery(
                f"A transaction takes query sets that name one item by its whole key; this is a {plan.summary()}."
            )
        return target.persistence, dict(plan.keys[0]), target
    manager = getattr(type(target), "objects", None)
    persistence: Persistence | None = getattr(manager, "persistence", None)
    if persistence is None:
        raise TypeError(f"A transaction takes rows and query sets of persisted schemas, not {target!r}.")
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
    gets = [{"Get": {"TableName": persistence.table_name, "Key": key}} for persistence, key in keys]
    with translated(_tables(persistence.table_name for persistence, _ in keys)):
        answer = connection().dispatch("TransactGetItems", {"TransactItems": gets})
    return [response.get("Item") for response in answer["Responses"]]


def _send(writes: Sequence[GatheredWrite], token: str | None) -> None:
    if not writes:
        return
    parameters: dict[str, Any] = {"TransactItems": [write.request for write in writes]}
    if token is not None:
        parameters["ClientRequestToken"] = token
    try:
        with translated(_tables(write.parameters["TableName"] for write in writes)):
            connection().dispatch("TransactWriteItems", parameters)
    except WriteOutcomeUnknown:
        raise  # its cause is the refusal of a second attempt, which says nothing of the first
    except PersistenceError as error:
        limit = _LIMIT.search(str(error)) if error_code(error.__cause__ or error) == "ValidationException" else None
        if limit is not None and int(limit[1]) < len(writes):
            raise EngineLimit(int(limit[1])) from error.__cause__
        cancelled = _cancellation(writes, error)
        if cancelled is None:
            raise
        raise cancelled from error.__cause__


def _cancellation(writes: Sequence[GatheredWrite], error: PersistenceError) -> PyMacaronException | None:
    """What the first item that made DynamoDB cancel the transaction stands for."""
    reasons = cancellation_reasons(error.__cause__)
    for write, (code, message) in zip(writes, reasons, strict=False):
        told = f"{write.refusal} The whole transaction was cancelled."
        if code == "ConditionalCheckFailed":
            return type(write.refusal)(told)
        if code in _CONTENTION:
            return StaleItem(f"Another transaction holds the {write.name}; nothing was written: try again.")
        if code in _THROTTLING:
            return Throttled(f"DynamoDB throttled the transaction at the {write.name}; nothing was written.")
        if code != "None":
            kind = ItemTooLarge if "size" in message.lower() and "exceeded" in message.lower() else PersistenceError
            return kind(f"DynamoDB cancelled the transaction because of the {write.name}: {code}: {message}")
    return None


def _tables(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
