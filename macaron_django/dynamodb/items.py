"""One table's items as attribute maps: each of DynamoDB's item operations as a function.

In go keys, attribute maps and conditions; out come attribute maps, pages and this package's exceptions. No
rows and no schemas in here: those are ``persistence``'s.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

from macaron_django.conf import Section, settings
from macaron_django.dynamodb.attribute_values import AttributeMap, AttributeValue, same_items
from macaron_django.dynamodb.capacities import count_capacity
from macaron_django.dynamodb.comparisons import equality_form, same
from macaron_django.dynamodb.connection import Applied, Call, Connection
from macaron_django.dynamodb.expressions import Expressions, Where
from macaron_django.dynamodb.failures import FAILURES, translate
from macaron_django.dynamodb.gathered_writes import GatheredWrite, Gathering, gathering
from macaron_django.dynamodb.item_sizes import check_item_size
from macaron_django.dynamodb.table_models import ItemModel
from macaron_django.dynamodb.wire import ReadMembers, response_members
from macaron_django.exceptions import ItemExists, PyMacaronException, StaleItem, Throttled

__all__ = ["Items", "Page"]

#: What a write may demand of the item that is there: its absence, its presence, or any condition.
Demand: TypeAlias = Literal["absent", "present"] | Where | None
#: Attributes that must have these values; None: that must not be there.
Expected: TypeAlias = Mapping[str, AttributeValue | None]

# AWS's limits of BatchGetItem and BatchWriteItem.
_GET_BATCH: Final = 100
_WRITE_BATCH: Final = 25
_BATCH_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


@dataclass(frozen=True)
class Page:
    """One answer to a Query or a Scan. ``last_key`` says where to go on, None at the end."""

    items: list[AttributeMap]
    last_key: AttributeMap | None
    count: int
    scanned_count: int
    capacity: float | None


class Items:
    """The items of one table."""

    def __init__(self, table: type[ItemModel]) -> None:
        self.table = table
        keys = {entry["KeyType"]: entry["AttributeName"] for entry in table._get_schema()["key_schema"]}
        self.hash_key: str = keys["HASH"]
        self.range_key: str | None = keys.get("RANGE")
        self.key_names = (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)
        self._named: tuple[Section | None, str] = (None, "")  # one tuple, as threads share it

    @property
    def kind(self) -> str:
        """What an item is called where clients read it; a table's name is the operators'."""
        return "item"

    @property
    def table_name(self) -> str:
        section = settings.DYNAMODB
        named_by, name = self._named
        if named_by is not section:
            name = self.table.Meta.table_name
            self._named = (section, name)
        return name

    @cached_property
    def _connection(self) -> Connection:
        return self.table._get_connection().connection

    def index_keys(self, index: str | None) -> tuple[str, ...]:
        """Hash and range key of an index; the table's for None."""
        if index is None:
            return self.key_names
        meta: Any = self.table._get_connection().get_meta_table()
        return tuple(filter(None, (meta.get_index_hash_keyname(index), meta.get_index_range_keyname(index))))

    def key_in(self, item: AttributeMap) -> AttributeMap:
        """The key of an item."""
        return {name: item[name] for name in self.key_names}

    # -- reading -------------------------------------------------------------------------------

    def get_item(
        self, key: AttributeMap, *, consistent: bool = False, projection: Iterable[str] | None = None
    ) -> AttributeMap | None:
        """The item with this key, None if there is none."""
        if _impossible(key):
            return None
        parameters = {"TableName": self.table_name, "Key": key, "ConsistentRead": consistent}
        if projection is not None:
            expressions = Expressions()
            expressions.projection(projection)
            parameters |= expressions.parameters()
        answer = self._dispatch("GetItem", parameters)
        # DynamoDB answers {} where an item has none of the attributes asked for.
        item: AttributeMap | None = answer.get("Item")
        return item

    def batch_get(
        self,
        keys: Sequence[AttributeMap],
        *,
        consistent: bool = False,
        projection: Iterable[str] | None = None,
    ) -> list[AttributeMap | None]:
        """The items with these keys in the order asked, None where there is none."""
        expressions = Expressions()
        expressions.projection(None if projection is None else [*self.key_names, *projection])
        parameters = {"ConsistentRead": consistent, **expressions.parameters()}
        wanted = {self._identity(key): key for key in keys if not _impossible(key)}
        found: dict[Any, AttributeMap] = {}
        for chunk in _chunks(wanted.values(), _GET_BATCH):
            remaining: list[AttributeMap] = chunk
            for pause in self._pauses():
                answer = self._call_batch("BatchGetItem", {**parameters, "Keys": remaining})
                for item in answer.get("Responses", {}).get(self.table_name, ()):
                    found[self._identity(item)] = item
                remaining = answer.get("UnprocessedKeys", {}).get(self.table_name, {}).get("Keys", [])
                if not remaining:
                    break
                self._wait(pause, "BatchGetItem", remaining)
        return [found.get(self._identity(key)) for key in keys]

    def query(
        self,
        hash_key: AttributeValue,
        *,
        index: str | None = None,
        range_condition: Where | None = None,
        filter: Where | None = None,  # noqa: A002 (DynamoDB's word)
        projection: Iterable[str] | None = None,
        forward: bool = True,
        limit: int | None = None,
        start: AttributeMap | None = None,
        consistent: bool = False,
        count_only: bool = False,
        read: ReadMembers = response_members,
    ) -> Page:
        """One page of the items with this hash key, of the table's or of ``index``.

        ``read`` may make other items of the answer than attribute maps.
        """
        name = self.index_keys(index)[0]
        if _impossible({name: hash_key}):
            return Page([], None, 0, 0, None)
        expressions = Expressions()
        partition = f"{expressions.name(name)} = {expressions.value(hash_key)}"
        expressions.condition(lambda _: partition, range_condition, parameter="KeyConditionExpression")
        expressions.condition(filter, parameter="FilterExpression")
        expressions.projection(projection)
        return self._page(
            "Query",
            expressions,
            read,
            IndexName=index,
            Limit=limit,
            ExclusiveStartKey=start,
            ConsistentRead=consistent or None,
            Select="COUNT" if count_only else None,
            ScanIndexForward=forward,
        )

    def scan(
        self,
        *,
        index: str | None = None,
        filter: Where | None = None,  # noqa: A002 (DynamoDB's word)
        projection: Iterable[str] | None = None,
        limit: int | None = None,
        start: AttributeMap | None = None,
        consistent: bool = False,
        count_only: bool = False,
        segment: int | None = None,
        total_segments: int | None = None,
        read: ReadMembers = response_members,
    ) -> Page:
        """One page of all items, or of one of ``total_segments`` parts of them; ``read`` as for a query."""
        expressions = Expressions()
        expressions.condition(filter, parameter="FilterExpression")
        expressions.projection(projection)
        return self._page(
            "Scan",
            expressions,
            read,
            IndexName=index,
            Limit=limit,
            ExclusiveStartKey=start,
            ConsistentRead=consistent or None,
            Select="COUNT" if count_only else None,
            Segment=segment,
            TotalSegments=total_segments,
        )

    def _page(self, operation: str, expressions: Expressions, read: ReadMembers, **optional: Any) -> Page:
        parameters = {name: value for name, value in optional.items() if value is not None}
        parameters = {"TableName": self.table_name, **parameters, **expressions.parameters()}
        answer = self._dispatch(operation, parameters, read=read)
        return Page(
            answer.get("Items", []),
            answer.get("LastEvaluatedKey") or None,
            answer.get("Count", 0),
            answer.get("ScannedCount", 0),
            answer.get("ConsumedCapacity", {}).get("CapacityUnits"),
        )

    # -- writing -------------------------------------------------------------------------------

    def put_item(self, item: AttributeMap, *, condition: Demand = None, expected: Expected | None = None) -> None:
        """Put an item, replacing what is there unless ``condition`` or ``expected`` forbid it.

        ItemExists where it should have been absent, StaleItem where another demand isn't met.
        """
        check_item_size(item)
        expressions = Expressions()
        expressions.condition(*self._demands(expressions, condition, expected))
        undoes_itself = condition == "absent" or any(
            not _equal(item.get(name), value) for name, value in (expected or {}).items()
        )
        self._write(
            "PutItem",
            {"Item": item, **expressions.parameters()},
            refusal=self._refusal(condition, self.key_in(item)),
            applied=(lambda stored: stored is not None and same_items(stored, item)) if undoes_itself else None,
        )

    def update_item(
        self,
        key: AttributeMap,
        set_: Mapping[str, AttributeValue] | None = None,
        remove: Iterable[str] = (),
        add: Mapping[str, AttributeValue] | None = None,
        *,
        condition: Demand = None,
        expected: Expected | None = None,
        return_values: str = "ALL_NEW",
        unmet: str = "",
    ) -> AttributeMap:
        """Change attributes of an item, made if it isn't there and nothing forbids it; the item afterwards.

        ``unmet``: what else than another item's state may keep a ``condition`` from being met, for the refusal.

        In a transaction that isn't known yet: {}. Nothing to change in what must be there is a look, and no write.
        """
        set_, removed = dict(set_ or {}), tuple(remove)
        if condition == "present" and not (set_ or removed or add):
            return self._confirmed(key, expected or {})
        expressions = Expressions()
        expressions.update(set_, removed, add)
        expressions.condition(*self._demands(expressions, condition, expected))
        undoes_itself = not add and any(
            name in set_ and not _equal(set_[name], value) for name, value in (expected or {}).items()
        )

        def applied(stored: AttributeMap | None) -> bool:
            return (
                stored is not None
                and all(_equal(stored.get(name), value) for name, value in set_.items())
                and stored.keys().isdisjoint(removed)
            )

        answer = self._write(
            "UpdateItem",
            {"Key": key, "ReturnValues": return_values, **expressions.parameters()},
            refusal=self._refusal(condition, key, unmet),
            applied=applied if undoes_itself else None,
        )
        item: AttributeMap = answer.get("Attributes", {})
        return item

    def _confirmed(self, key: AttributeMap, expected: Expected) -> AttributeMap:
        """The item with this key, if it has the values ``expected``; StaleItem if not."""
        refusal, transaction = self._refusal("present", key), gathering()
        if transaction is not None:
            expressions = Expressions()
            expressions.condition(*self._demands(expressions, "present", expected))
            self._gather("ConditionCheck", {"Key": key, **expressions.parameters()}, refusal, transaction)
            return {}
        item = self.get_item(key, consistent=True)
        if item is None or not all(_equal(item.get(name), value) for name, value in expected.items()):
            raise refusal
        return item

    def delete_item(self, key: AttributeMap, *, condition: Demand = None, expected: Expected | None = None) -> bool:
        """Delete an item; whether there was one."""
        if _impossible(key):
            return False
        expressions = Expressions()
        expressions.condition(*self._demands(expressions, condition, expected))
        certain = any(value is not None for value in (expected or {}).values())
        answer = self._write(
            "DeleteItem",
            {"Key": key, "ReturnValues": "ALL_OLD", **expressions.parameters()},
            refusal=self._refusal(condition, key),
            applied=(lambda stored: stored is None) if certain else None,
        )
        return "Attributes" in answer

    def batch_write(self, puts: Iterable[AttributeMap] = (), deletes: Iterable[AttributeMap] = ()) -> None:
        """Put and delete without conditions; Throttled with what is left over if DynamoDB never took it."""
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
            for pause in self._pauses():
                answer = self._call_batch("BatchWriteItem", remaining)
                remaining = answer.get("UnprocessedItems", {}).get(self.table_name, [])
                if not remaining:
                    break
                self._wait(pause, "BatchWriteItem", [self._key_of_request(request) for request in remaining])

    # -- calls ---------------------------------------------------------------------------------

    def _demands(self, expressions: Expressions, condition: Demand, expected: Expected | None) -> Iterator[Where]:
        if condition in ("absent", "present"):
            function = "attribute_not_exists" if condition == "absent" else "attribute_exists"
            text = f"{function}({expressions.name(self.hash_key)})"
            yield lambda _: text
        elif condition is not None:
            yield condition  # type: ignore[misc]
        for name, value in (expected or {}).items():
            yield self._expectation(name, value)

    @staticmethod
    def _expectation(name: str, value: AttributeValue | None) -> Where:
        if value is None:
            return lambda expressions: f"attribute_not_exists({expressions.name(name)})"
        return lambda expressions: f"{expressions.name(name)} = {expressions.value(value)}"

    def _refusal(self, condition: Demand, key: AttributeMap, unmet: str = "") -> PyMacaronException:
        if condition == "absent":
            return ItemExists.of(self.kind, describe_key(key))
        if condition not in ("present", None):
            return StaleItem(
                f"The {self.kind} with {describe_key(key)} isn't there, doesn't match the query set{unmet}; "
                "nothing was written."
            )
        return StaleItem(
            f"The {self.kind} with {describe_key(key)} was changed or deleted since it was loaded; nothing was written."
        )

    def _write(
        self, operation: str, parameters: dict[str, Any], *, refusal: PyMacaronException, applied: Applied | None
    ) -> dict[str, Any]:
        transaction = gathering()
        if transaction is not None:
            self._gather(operation, parameters, refusal, transaction)
            return {"Attributes": {}}  # what DynamoDB would answer isn't known before the transaction ends
        call = Call({"TableName": self.table_name, **parameters}, applied)
        return self._dispatch(operation, call, refusal)

    def _gather(
        self, operation: str, parameters: dict[str, Any], refusal: PyMacaronException, transaction: Gathering
    ) -> None:
        key = parameters.get("Key") or self.key_in(parameters["Item"])
        transaction.add(
            GatheredWrite(
                operation,
                {"TableName": self.table_name, **parameters},
                (self.table_name, self._identity(key)),
                f"{self.kind} with {describe_key(key)}",
                refusal,
            )
        )

    def _call_batch(self, operation: str, requests: Any) -> dict[str, Any]:
        return self._dispatch(operation, {"RequestItems": {self.table_name: requests}})

    def _dispatch(
        self,
        operation: str,
        parameters: dict[str, Any],
        refusal: PyMacaronException | None = None,
        *,
        read: ReadMembers = response_members,
    ) -> dict[str, Any]:
        try:
            answer = self._connection.members(operation, parameters, read)
        except FAILURES as error:
            raise translate(error, self.table_name, condition_failed=refusal) from error
        count_capacity(answer)
        return answer

    def _pauses(self) -> Iterator[float | None]:
        """Seconds between the attempts at what DynamoDB left over; None after the last."""
        yield from _BATCH_PAUSES[: max(2, int(settings.DYNAMODB.MAX_ATTEMPTS) * 2)]
        yield None

    def _wait(self, pause: float | None, operation: str, left: Sequence[AttributeMap]) -> None:
        if pause is None:
            named = "; ".join(describe_key(key) for key in left[:5]) + ("; …" if len(left) > 5 else "")
            raise Throttled(
                f"{operation} on {self.table_name}: DynamoDB left {len(left)} items undone through every retry: {named}"
            )
        time.sleep(pause)

    def _key_of_request(self, request: Mapping[str, Any]) -> AttributeMap:
        put = request.get("PutRequest")
        return self.key_in(request["DeleteRequest"]["Key"] if put is None else put["Item"])

    def _identity(self, item: AttributeMap) -> Any:
        return tuple(equality_form(item[name]) for name in self.key_names)


def describe_key(key: AttributeMap) -> str:
    """A key as a person reads it: ``profile_id 'a' and year 2026``."""
    contents = {name: next(iter(value.items())) for name, value in key.items()}
    return " and ".join(f"{name} {text if tag == 'N' else repr(text)}" for name, (tag, text) in contents.items())


def _impossible(key: AttributeMap) -> bool:
    """Whether no item can have this key, so that DynamoDB would call the question an error."""
    for value in key.values():
        for tag, content in value.items():
            if not content and tag in {"S", "B"}:
                return True
    return False


def _equal(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    return one is other if one is None or other is None else same(one, other)


def _chunks(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk
