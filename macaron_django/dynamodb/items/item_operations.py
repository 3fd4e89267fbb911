"""Provides DynamoDB's item operations on one table, with items and keys as attribute maps.

The operations raise this package's exceptions. Inside a transaction, writes are collected instead of sent. The module
``persistence`` handles rows and schemas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar

from macaron_django.conf import Section, settings
from macaron_django.drivers import Steps, blocking, run
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls import retries
from macaron_django.dynamodb.calls.call_attempts import Applied, Call
from macaron_django.dynamodb.calls.call_failures import CONDITION_FAILED, error_code, failures, translate
from macaron_django.dynamodb.calls.consumed_capacity import count_capacity
from macaron_django.dynamodb.calls.item_calls import item_steps
from macaron_django.dynamodb.codec.attribute_values import (
    AttributeMap,
    AttributeValue,
    equality_form,
    key_as_given,
    same_items,
)
from macaron_django.dynamodb.codec.attributes import PropertyAttribute
from macaron_django.dynamodb.codec.item_sizes import check_item_size
from macaron_django.dynamodb.codec.wire import ReadMembers, response_members
from macaron_django.dynamodb.items.expressions import Expressions, Where
from macaron_django.dynamodb.items.pending_writes import PendingTransaction, TransactionWrite, gathering
from macaron_django.dynamodb.items.write_conditions import (
    Addition,
    Demand,
    Expected,
    WriteCondition,
    describe_key,
    equal_values,
    values_after,
)
from macaron_django.dynamodb.tables.table_layouts import TableLayout
from macaron_django.exceptions import PyMacaronException, Throttled

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from macaron_django.dynamodb.calls.connection import Connection
    from macaron_django.dynamodb.tables.table_models import ItemModel

__all__ = ["Items", "PageOptions", "ResultPage"]

Basis = TypeVar("Basis")
Made = TypeVar("Made")

# AWS's limits of BatchGetItem and BatchWriteItem.
_GET_BATCH: Final = 100
_WRITE_BATCH: Final = 25


class PageOptions(TypedDict, total=False):
    """The options that a Query and a Scan have in common. ``read`` parses the response. This function can return
    items that aren't attribute maps.
    """

    index: str | None
    filter: Where | None
    projection: Iterable[str] | None
    limit: int | None
    start: AttributeMap | None
    consistent: bool
    count_only: bool
    read: ReadMembers


@dataclass(frozen=True)
class ResultPage:
    """The response to a Query or Scan. The next page begins after ``last_key``; None means that this is the last page.

    ``length`` is the length of the response in bytes; None if botocore has read the response.
    """

    items: list[AttributeMap]
    last_key: AttributeMap | None
    count: int
    scanned_count: int
    capacity: float | None
    length: int | None = None


class Items:
    """The items of one table."""

    def __init__(self, layout: TableLayout) -> None:
        self.layout = layout
        self.key_names: tuple[str, ...] = layout.key_names()
        self.hash_key: str = self.key_names[0]
        self.range_key: str | None = self.key_names[1] if len(self.key_names) > 1 else None
        self._named: tuple[Section | None, str] = (None, "")  # replaced as a whole, because threads share it
        self._derived: dict[Callable[..., Any], tuple[object, Any]] = {}

    def derived(self, make: Callable[[Self, Basis], Made], basis: Basis) -> Made:
        """Returns the result of ``make(self, basis)``, which is cached as long as ``basis`` is the same object.

        The cache is for values that each call needs, and that depend on the table and its row class, or on the
        settings.
        """
        known = self._derived.get(make)
        if known is None or known[0] is not basis:
            known = self._derived[make] = (basis, make(self, basis))
        made: Made = known[1]
        return made

    @property
    def kind(self) -> str:
        """The word for an item in messages to clients, such as "item". The messages never contain the table's name."""
        return "item"

    @property
    def table_name(self) -> str:
        section = settings.DYNAMODB
        named_by, name = self._named
        if named_by is not section:
            name = self.layout.table_name
            self._named = (section, name)
        return name

    @property
    def attributes(self) -> Mapping[str, PropertyAttribute]:
        """Maps each property's name to the attribute that stores the property."""
        return self.layout.attributes

    @cached_property
    def table(self) -> type[ItemModel]:
        """PynamoDB's model of the table, for tasks that need PynamoDB. The first use imports botocore."""
        from macaron_django.dynamodb.tables.table_models import build_table

        return build_table(self.layout)

    def _connect(self) -> Connection:
        return self.table._get_connection().connection

    def _names_of_keys(self, _table_name: str) -> tuple[str, ...]:
        return self.key_names

    def index_keys(self, index: str | None) -> tuple[str, ...]:
        """Returns the names of the hash key and the range key of an index. If ``index`` is None, returns the names of
        the table's keys.
        """
        return self.layout.key_names(index)

    def replaceable(self) -> Where | None:
        """Returns the condition under which an existing item counts as absent, so that a new item can replace it.

        Returns None if existing items never count as absent.
        """
        return None

    def key_in(self, item: AttributeMap) -> AttributeMap:
        """Returns the key of an item."""
        return {name: item[name] for name in self.key_names}

    # -- reading -------------------------------------------------------------------------------

    def get_item_steps(
        self, key: AttributeMap, *, consistent: bool = False, projection: Iterable[str] | None = None
    ) -> Steps[AttributeMap | None]:
        """Returns the item with this key, or None if the item doesn't exist.

        The first attempt spells the key as this version of the package stores it. If no item is found, and the caller
        spelled the key differently, the second attempt uses the caller's spelling. Another program, or an older version
        of this package, might have stored that spelling.
        """
        if _impossible(key):
            return None
        parameters = {"TableName": self.table_name, "Key": key, "ConsistentRead": consistent}
        if projection is not None:
            expressions = Expressions()
            expressions.projection(projection)
            parameters |= expressions.parameters()
        answer = yield from self._steps("GetItem", parameters)
        # If an item has none of the projected attributes, DynamoDB returns {} as the item.
        item: AttributeMap | None = answer.get("Item")
        if item is None and (as_given := key_as_given(key)) is not None:
            return (yield from self.get_item_steps(as_given, consistent=consistent, projection=projection))
        return item

    get_item = blocking(get_item_steps)

    def batch_get(
        self,
        keys: Sequence[AttributeMap],
        *,
        consistent: bool = False,
        projection: Iterable[str] | None = None,
    ) -> list[AttributeMap | None]:
        """Returns the items with these keys, in the order of ``keys``, with None for each missing item. Other spellings
        of keys are tried as in ``get_item``.
        """
        found = self._batch_get(keys, consistent=consistent, projection=projection)
        missed = [number for number, item in enumerate(found) if item is None]
        as_given = {number: key for number in missed if (key := key_as_given(keys[number])) is not None}
        if as_given:
            others = self._batch_get([*as_given.values()], consistent=consistent, projection=projection)
            for number, item in zip(as_given, others, strict=True):
                found[number] = item
        return found

    def _batch_get(
        self, keys: Sequence[AttributeMap], *, consistent: bool, projection: Iterable[str] | None
    ) -> list[AttributeMap | None]:
        expressions = Expressions()
        expressions.projection(None if projection is None else [*self.key_names, *projection])
        parameters = {"ConsistentRead": consistent, **expressions.parameters()}
        wanted = {self._identity(key): key for key in keys if not _impossible(key)}
        found: dict[Any, AttributeMap] = {}
        for chunk in _chunks(wanted.values(), _GET_BATCH):
            remaining: list[AttributeMap] = chunk
            for attempt in retries.batches():
                answer = self._call_batch("BatchGetItem", {**parameters, "Keys": remaining})
                for item in answer.get("Responses", {}).get(self.table_name, ()):
                    found[self._identity(item)] = item
                remaining = answer.get("UnprocessedKeys", {}).get(self.table_name, {}).get("Keys", [])
                if not remaining:
                    break
                if attempt.is_last:
                    raise self._unprocessed("BatchGetItem", remaining)
        return [found.get(self._identity(key)) for key in keys]

    def query(
        self,
        hash_key: AttributeValue,
        *,
        range_condition: Where | None = None,
        forward: bool = True,
        **options: Unpack[PageOptions],
    ) -> ResultPage:
        """Returns one page of the items with this hash key, from the table or from ``index``."""
        name = self.index_keys(options.get("index"))[0]
        if _impossible({name: hash_key}):
            return ResultPage([], None, 0, 0, None)
        expressions = Expressions()
        partition = f"{expressions.name(name)} = {expressions.value(hash_key)}"
        expressions.condition(lambda _: partition, range_condition, parameter="KeyConditionExpression")
        return self._page("Query", expressions, options, ScanIndexForward=forward)

    def scan(
        self, *, segment: int | None = None, total_segments: int | None = None, **options: Unpack[PageOptions]
    ) -> ResultPage:
        """Returns one page of all items. With ``total_segments``, returns one page of the items in ``segment``."""
        return self._page("Scan", Expressions(), options, Segment=segment, TotalSegments=total_segments)

    def _page(self, operation: str, expressions: Expressions, options: PageOptions, **parameters: Any) -> ResultPage:
        expressions.condition(options.get("filter"), parameter="FilterExpression")
        expressions.projection(options.get("projection"))
        parameters |= {
            "IndexName": options.get("index"),
            "Limit": options.get("limit"),
            "ExclusiveStartKey": options.get("start"),
            "ConsistentRead": options.get("consistent") or None,
            "Select": "COUNT" if options.get("count_only") else None,
        }
        parameters = {name: value for name, value in parameters.items() if value is not None}
        parameters = {"TableName": self.table_name, **parameters, **expressions.parameters()}
        length: int | None = None
        read_members = options.get("read", response_members)

        def read(body: bytes, known: AbstractSet[str]) -> dict[str, Any] | None:
            nonlocal length
            length = len(body)
            return read_members(body, known)

        answer = self._dispatch(operation, parameters, read=read)
        return ResultPage(
            answer.get("Items", []),
            answer.get("LastEvaluatedKey") or None,
            answer.get("Count", 0),
            answer.get("ScannedCount", 0),
            answer.get("ConsumedCapacity", {}).get("CapacityUnits"),
            length,
        )

    # -- writing -------------------------------------------------------------------------------

    def put_item_steps(
        self, item: AttributeMap, *, condition: Demand = None, expected: Expected | None = None
    ) -> Steps[None]:
        """Puts an item. An existing item is replaced, unless ``condition`` or ``expected`` doesn't allow that.

        Raises ItemExists if the item must be absent but exists. Raises ItemAbsent or ItemChanged if another condition
        isn't met.
        """
        check_item_size(item)
        demand = WriteCondition(self.kind, self.key_in(item), condition, expected or {}, replaceable=self.replaceable())
        expressions = Expressions()
        demand.add_to(expressions)
        undoes_itself = condition == "absent" or not demand.expects(item)
        yield from self._write(
            "PutItem",
            {"Item": item, **expressions.parameters()},
            demand,
            applied=(lambda stored: stored is not None and same_items(stored, item)) if undoes_itself else None,
        )

    put_item = blocking(put_item_steps)

    def update_item_steps(
        self,
        key: AttributeMap,
        set_: Mapping[str, AttributeValue] | None = None,
        remove: Iterable[str] = (),
        add: Mapping[str, AttributeValue] | None = None,
        *,
        condition: Demand = None,
        expected: Expected | None = None,
        return_values: str = "ALL_NEW",
        addition: Addition | None = None,
    ) -> Steps[AttributeMap]:
        """Changes attributes of an item with one UpdateItem, and returns the changed item.

        ``set_``, ``remove`` and ``add`` are the clauses of the UpdateExpression. For example, ``add={"version": {"N":
        "1"}}`` adds 1 to the existing version, or sets a missing one to 1. If the item doesn't exist, it is created,
        unless a condition doesn't allow that.

        ``condition`` is "present", "absent", or a PynamoDB condition. ``expected`` has the values that attributes must
        have before the write; None means that the attribute must be missing. Raises ItemExists if the item must be
        absent but exists. Raises ItemAbsent if the item must exist but doesn't. Raises ItemChanged if the item has
        values that ``condition`` or ``expected`` doesn't allow. Usually, no second call is needed to choose the
        exception. If the engine doesn't honour ReturnValuesOnConditionCheckFailure, a GetItem is needed.

        If a PynamoDB ``condition`` keeps an ``addition`` within bounds, a failure of the condition can also raise
        ItemOutOfBounds. If the engine doesn't honour ReturnValuesOnConditionCheckFailure, the cause of the failure is
        unknown. The method then raises a plain StaleItem.

        Inside a transaction, the result isn't known yet. This method then returns {}, and the end of the transaction
        raises the exceptions. If ``condition`` is "present", and no attribute is to be changed, the item is read and
        not written.
        """
        set_, removed, added = dict(set_ or {}), tuple(remove), dict(add or {})
        demand = WriteCondition(self.kind, key, condition, expected or {}, addition)
        if condition == "present" and _impossible(key):
            raise demand.decided(None)
        if condition == "present" and not (set_ or removed or added):
            return (yield from self._confirmed(demand))
        expressions = Expressions()
        expressions.update(set_, removed, added)
        demand.add_to(expressions)
        after = values_after(demand.expected, set_, added)
        undoes_itself = added.keys() <= after.keys() and any(
            name in after and not equal_values(after[name], value) for name, value in demand.expected.items()
        )

        def applied(stored: AttributeMap | None) -> bool:
            return (
                stored is not None
                and all(equal_values(stored.get(name), value) for name, value in after.items())
                and stored.keys().isdisjoint(removed)
            )

        answer = yield from self._write(
            "UpdateItem",
            {"Key": key, "ReturnValues": return_values, **expressions.parameters()},
            demand,
            applied=applied if undoes_itself else None,
        )
        item: AttributeMap = answer.get("Attributes", {})
        return item

    update_item = blocking(update_item_steps)

    def _confirmed(self, demand: WriteCondition) -> Steps[AttributeMap]:
        """Returns the item if it meets ``demand``. Raises ItemAbsent or ItemChanged if it doesn't."""
        transaction = gathering()
        if transaction is not None:
            expressions = Expressions()
            demand.add_to(expressions)
            check = {"Key": demand.key, **expressions.parameters()}
            self._gather("ConditionCheck", check, demand, transaction)
            return {}
        item = yield from self.get_item_steps(demand.key, consistent=True)
        if item is None or not demand.expects(item):
            raise demand.decided(item)
        return item

    def delete_item_steps(
        self, key: AttributeMap, *, condition: Demand = None, expected: Expected | None = None
    ) -> Steps[bool]:
        """Deletes an item, and returns whether it existed. Has the same conditions and errors as ``update_item``."""
        return (yield from self.pop_item_steps(key, condition=condition, expected=expected)) is not None

    delete_item = blocking(delete_item_steps)

    def pop_item_steps(
        self, key: AttributeMap, *, condition: Demand = None, expected: Expected | None = None
    ) -> Steps[AttributeMap | None]:
        """Deletes an item and returns the deleted item; None if it didn't exist.

        Returns {} if the deleted item isn't known: inside a transaction, or if the attempt that deleted the item got no
        response. The conditions and errors are the same as in ``update_item``.
        """
        demand = WriteCondition(self.kind, key, condition, expected or {})
        if _impossible(key):
            if condition == "present":
                raise demand.decided(None)
            return None
        expressions = Expressions()
        demand.add_to(expressions)
        certain = any(value is not None for value in demand.expected.values())
        answer = yield from self._write(
            "DeleteItem",
            {"Key": key, "ReturnValues": "ALL_OLD", **expressions.parameters()},
            demand,
            applied=(lambda stored: stored is None) if certain else None,
        )
        item: AttributeMap | None = answer.get("Attributes")
        return item

    pop_item = blocking(pop_item_steps)

    def batch_write(self, puts: Iterable[AttributeMap] = (), deletes: Iterable[AttributeMap] = ()) -> None:
        """Puts and deletes items without conditions. If DynamoDB leaves items unprocessed at every attempt, raises
        Throttled. The exception's message lists the keys of up to five unprocessed items.
        """
        if gathering() is not None:
            for item in puts:
                self.put_item(item)
            for key in deletes:
                self.delete_item(key)
            return
        requests: list[dict[str, Any]] = []
        for item in puts:
            check_item_size(item)
            requests.append({"PutRequest": {"Item": item}})
        requests += [{"DeleteRequest": {"Key": key}} for key in deletes]
        for chunk in _chunks(requests, _WRITE_BATCH):
            remaining = chunk
            for attempt in retries.batches():
                answer = self._call_batch("BatchWriteItem", remaining)
                remaining = answer.get("UnprocessedItems", {}).get(self.table_name, [])
                if not remaining:
                    break
                if attempt.is_last:
                    keys = [self._key_of_request(request) for request in remaining]
                    raise self._unprocessed("BatchWriteItem", keys)

    # -- calls ---------------------------------------------------------------------------------

    def _write(
        self, operation: str, parameters: dict[str, Any], demand: WriteCondition, *, applied: Applied | None
    ) -> Steps[dict[str, Any]]:
        transaction = gathering()
        if transaction is not None:
            self._gather(operation, parameters, demand, transaction)
            return {"Attributes": {}}  # DynamoDB's response isn't known before the transaction ends
        call = Call({"TableName": self.table_name, **parameters}, applied)
        return (yield from self._steps(operation, call, demand))

    def _gather(
        self, operation: str, parameters: dict[str, Any], condition: WriteCondition, transaction: PendingTransaction
    ) -> None:
        key = parameters.get("Key") or self.key_in(parameters["Item"])
        transaction.add(
            TransactionWrite(
                operation,
                {"TableName": self.table_name, **parameters},
                (self.table_name, self._identity(key)),
                condition,
            )
        )

    def _call_batch(self, operation: str, requests: Any) -> dict[str, Any]:
        return self._dispatch(operation, {"RequestItems": {self.table_name: requests}})

    def _dispatch(
        self, operation: str, parameters: dict[str, Any], *, read: ReadMembers = response_members
    ) -> dict[str, Any]:
        return run(self._steps(operation, parameters, read=read))

    def _steps(
        self,
        operation: str,
        parameters: dict[str, Any],
        demand: WriteCondition | None = None,
        *,
        read: ReadMembers = response_members,
    ) -> Steps[dict[str, Any]]:
        try:
            answer = yield from item_steps(self._connect, self._names_of_keys, operation, parameters, read)
        except failures() as error:
            unmet = yield from self._unmet(demand, error)
            try:
                raise translate(error, self.table_name, condition_failed=unmet) from error
            finally:
                del unmet  # the exception would refer to itself through its traceback
        count_capacity(answer)
        return answer

    def _unmet(self, demand: WriteCondition | None, error: Exception) -> Steps[PyMacaronException | None]:
        """Returns the exception for a condition that wasn't met; None if the error has another cause."""
        if demand is None or error_code(error) != CONDITION_FAILED:
            return None
        item: AttributeMap | None = getattr(error, "response", {}).get("Item")
        is_known = engines.current().returns_refused_items
        if item is None and not is_known and demand.is_open_after_refusal:
            item, is_known = (yield from self.get_item_steps(demand.key, consistent=True)), True
        return demand.exception(item, is_known=is_known)

    def _unprocessed(self, operation: str, left: Sequence[AttributeMap]) -> Throttled:
        named = "; ".join(describe_key(key) for key in left[:5]) + ("; …" if len(left) > 5 else "")
        return Throttled(
            f"{operation} on {self.table_name}: DynamoDB left {len(left)} items unprocessed after all retries: {named}"
        )

    def _key_of_request(self, request: Mapping[str, Any]) -> AttributeMap:
        put = request.get("PutRequest")
        return self.key_in(request["DeleteRequest"]["Key"] if put is None else put["Item"])

    def _identity(self, item: AttributeMap) -> Any:
        return tuple(equality_form(item[name]) for name in self.key_names)


#: The most bytes of a hash key (DynamoDB, "Quotas"). A range key has a lower limit.
_LONGEST_KEY = 2048


def _impossible(key: AttributeMap) -> bool:
    """Returns whether a value in the key is empty, or too long for any key. DynamoDB would refuse the key."""
    for value in key.values():
        for tag, content in value.items():
            if tag in {"S", "B"} and (not content or len(content) > _LONGEST_KEY):
                return True
    return False


def _chunks(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk
