"""Executes a query plan, page by page and partition by partition. Reads all attributes of the items, or only some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue, compare, same
from macaron_django.dynamodb.codec.attributes import GIVEN
from macaron_django.dynamodb.items.pynamodb_conditions import condition_expression
from macaron_django.dynamodb.planning.conditions import ALL, bounds, matches, paths
from macaron_django.exceptions import InvalidCursor, ScanForbidden

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.typed_items import TypedItem, TypedItems
    from macaron_django.dynamodb.items.item_operations import PageOptions, ResultPage
    from macaron_django.dynamodb.items.persistence import Persistence
    from macaron_django.dynamodb.planning.query_plans import QueryPlan

__all__ = ["Match", "MatchBatch", "PlanReader"]

#: The most keys of one BatchGetItem call (AWS: "BatchGetItem").
BATCH_SIZE: Final = 100
#: The number of items that the first call reads if a filter may drop some. Each further call reads twice as many.
FIRST_READ: Final = 64


class Match(NamedTuple):
    """An item that matches the query.

    ``source`` is the item or its index entry. ``names`` lists the attributes of ``source`` that make up the item's
    position in the list.
    """

    item: AttributeMap | TypedItem
    source: AttributeMap | TypedItem
    names: tuple[str, ...]

    @property
    def position(self) -> AttributeMap:
        """The item's position in the list: the values of its keys. The list can be continued after this position."""
        source = self.source if isinstance(self.source, dict) else self.source.as_map()
        return {name: source[name] for name in self.names if name in source}


@dataclass(frozen=True)
class MatchBatch:
    """The result of one round of calls.

    If ``last`` has the keys of an item, the next round begins after this item. If ``last`` has only a hash key, the
    next round begins with this partition. None means the end of the list. ``read`` is the number of items that DynamoDB
    has read for the round. ``length`` is the response's length in bytes; None if it isn't known.
    """

    found: Sequence[Match]
    last: AttributeMap | None
    read: int = 0
    length: int | None = None


@dataclass(frozen=True)
class PlanReader:
    """Reads the items of ``plan``, with the attributes ``names``. None means whole items."""

    persistence: Persistence
    plan: QueryPlan
    names: tuple[str, ...] | None = None
    consistent: bool = False
    segment: tuple[int, int] | None = None  # the segment's number, and the number of segments
    typed: TypedItems | None = None  # reads the items if no attribute maps are needed

    def items(self, start: AttributeMap | None = None, wanted: int | None = None) -> Iterator[Match]:
        """Yields the matches after the position ``start``. Stops after ``wanted`` matches, unless ``wanted`` is None.

        Raises ScanForbidden if the plan's ``read_limit`` is reached before the list's end.
        """
        count = 0
        batch: MatchBatch | None = None
        for batch in self.batches(start, wanted):
            for found in batch.found:
                yield found
                count += 1
                if count == wanted:
                    return
        if batch is not None and batch.last is not None:
            raise ScanForbidden(self._capped())

    def batches(self, start: AttributeMap | None = None, wanted: int | None = None) -> Iterator[MatchBatch]:
        """Yields the result of each round of calls, until the list ends or the plan's ``read_limit`` is reached.

        A call that reads no items counts as one item towards this limit, because the call isn't free.
        """
        match self.plan.kind:
            case "empty":
                return iter(())
            case "get":
                return self._get(start)
            case "batch_get":
                return self._batch_get(start)
            case "query":
                return self._query(start, wanted)
            case "scan":
                return self._rounds(None, start, wanted)

    def pages(self) -> Iterator[Sequence[AttributeMap]] | None:
        """If every item that DynamoDB sends belongs to the list, returns an iterator of pages. Returns None if items
        must first be checked or fetched.
        """
        plan = self.plan
        if plan.kind not in {"query", "scan"} or plan.remainder != ALL or plan.fetch or plan.read_limit is not None:
            return None
        return self._pages(plan.partitions or (None,))

    def _pages(self, partitions: Iterable[AttributeValue | None]) -> Iterator[Sequence[AttributeMap]]:
        for partition in partitions:
            page = self._call(partition, None, None)
            yield page.items
            while page.last_key is not None:
                page = self._call(partition, page.last_key, None)
                yield page.items

    def count(self, limit: int | None = None) -> int:
        """Returns the number of items that match, at most ``limit``. DynamoDB must read these items. If
        possible, it sends only their number, not the items.
        """
        plan = self.plan
        if plan.kind not in {"query", "scan"} or plan.remainder != ALL or plan.fetch:
            return sum(1 for _ in self.items(wanted=limit))
        counted = read = 0
        for partition in plan.partitions or (None,):
            last: AttributeMap | None = None
            while True:
                remaining = None if plan.read_limit is None else plan.read_limit - read
                page = self._call(partition, last, remaining, count=True)
                counted, read, last = counted + page.count, read + page.scanned_count, page.last_key
                if limit is not None and counted >= limit:
                    return limit
                if last is None:
                    break
                if plan.read_limit is not None and read >= plan.read_limit:
                    raise ScanForbidden(self._capped())
        return counted

    # -- by key ----------------------------------------------------------------------------------------------------

    def _get(self, start: AttributeMap | None) -> Iterator[MatchBatch]:
        if start is not None:
            return
        item = self._get_item()
        found = [] if item is None or not self._fits(item) else [Match(item, item, self.plan.position_names)]
        yield MatchBatch(found, None, read=int(item is not None))

    def one(self) -> AttributeMap | None:
        """Returns the item that a "get" plan finds; None if no item matches."""
        item = self._get_item()
        return None if item is None or not self._fits(item) else item

    def _get_item(self) -> AttributeMap | None:
        (key,) = self.plan.keys
        return self.persistence.get_item(key, consistent=self.consistent, projection=self._projection())

    def _fits(self, item: AttributeMap) -> bool:
        remainder = self.plan.remainder
        return remainder is ALL or matches(remainder, item)

    def _batch_get(self, start: AttributeMap | None) -> Iterator[MatchBatch]:
        keys = self.plan.keys
        if start is not None:
            keys = keys[_place(_same_key(key, start) for key in keys) + 1 :]
        cap = len(keys) if self.plan.read_limit is None else self.plan.read_limit
        for first in range(0, min(len(keys), cap), BATCH_SIZE):
            end = min(first + BATCH_SIZE, len(keys), cap)
            chunk = keys[first:end]
            items = self._fetch(chunk)
            names = self.plan.position_names
            found = [Match(item, item, names) for item in items if item and matches(self.plan.remainder, item)]
            yield MatchBatch(found, chunk[-1] if end < len(keys) else None, read=len(chunk))

    def _fetch(self, keys: Iterable[Any]) -> list[AttributeMap | None]:
        # Reads whole items if the plan must fetch them, or else only the wanted attributes.
        projection = None if self.plan.fetch else self._projection()
        return self.persistence.batch_get(
            [dict(key) for key in keys], consistent=self.consistent, projection=projection
        )

    # -- Query and Scan --------------------------------------------------------------------------------------------

    def _query(self, start: AttributeMap | None, wanted: int | None) -> Iterator[MatchBatch]:
        partitions = self.plan.partitions
        if start is not None:
            here = start.get(self.plan.hash_key)
            partitions = partitions[_place(here is not None and same(one, here) for one in partitions) :]
            if len(start) < len(self.plan.position_names):
                start = None
            elif self._at_its_end(start):
                partitions, start = partitions[1:], None
        cap = self.plan.read_limit
        read = 0
        for partition, following in zip_longest(partitions, partitions[1:]):
            for batch in self._rounds(partition, start, wanted, following, read):
                read += batch.read or 1
                yield batch
            start = None
            if cap is not None and read >= cap:
                return

    def _at_its_end(self, start: AttributeMap) -> bool:
        """Returns whether the range key of ``start`` is the last value that the key condition allows.

        If it is, there are no more items, because no other item of the table has the same keys. DynamoDB Local would
        refuse a call with this value in its ``ExclusiveStartKey``.
        """
        plan = self.plan
        if plan.index is not None or plan.range_condition is None or plan.table.range_key is None:
            return False
        lowers, uppers = bounds([plan.range_condition])
        return any(compare(start[plan.table.range_key], end) == 0 for end, _ in (uppers if plan.forward else lowers))

    def _rounds(
        self,
        partition: AttributeValue | None,
        start: AttributeMap | None,
        wanted: int | None,
        following: AttributeValue | None = None,
        read: int = 0,
    ) -> Iterator[MatchBatch]:
        """Yields the rounds of one partition, or of a Scan. ``read`` is the number of items that were read before."""
        sizes = self._sizes(wanted)
        cap = self.plan.read_limit
        last = start
        while True:
            size = next(sizes)
            if cap is not None:
                size = cap - read if size is None else min(size, cap - read)
            page = self._call(partition, last, size)
            read += page.scanned_count or 1
            last = page.last_key
            # If another partition follows, the end of this one isn't the end of the list.
            beyond = {self.plan.hash_key: following} if last is None and following is not None else last
            yield from self._matching(page, beyond)
            if last is None or (cap is not None and read >= cap):
                return

    def _sizes(self, wanted: int | None) -> Iterator[int | None]:
        """Yields the `Limit` of each call. DynamoDB counts all items that it reads, including those that the filter
        drops.
        """
        plan = self.plan
        exact = plan.filter == ALL and plan.remainder == ALL
        size = wanted if wanted is None or exact else max(FIRST_READ, 2 * wanted)
        while True:
            yield size
            size = size if size is None or exact else 2 * size

    def _call(
        self, partition: AttributeValue | None, start: AttributeMap | None, limit: int | None, *, count: bool = False
    ) -> ResultPage:
        plan = self.plan
        options: PageOptions = {
            "index": plan.index.name if plan.index else None,
            "filter": condition_expression(plan.filter),
            "limit": limit,
            "start": start,
            "consistent": self.consistent,
            "projection": None if count else self._projection(),
            "count_only": count,
        }
        if self.typed is not None and plan.remainder == ALL and not plan.fetch:
            options["read"] = self.typed.members
        if partition is None:
            segment, segments = self.segment or (None, None)
            return self.persistence.scan(segment=segment, total_segments=segments, **options)
        return self.persistence.query(
            partition,
            range_condition=condition_expression(plan.range_condition or ALL),
            forward=plan.forward,
            **options,
        )

    def _matching(self, page: ResultPage, last: AttributeMap | None) -> Iterator[MatchBatch]:
        """Yields the matches of one response, which ends at ``last``."""
        plan = self.plan
        items, names = page.items, plan.position_names
        if plan.fetch and items:
            yield from self._fetched(page, last)
        elif plan.remainder == ALL:
            yield MatchBatch([Match(item, item, names) for item in items], last, page.scanned_count, page.length)
        else:
            found = [Match(item, item, names) for item in items if matches(plan.remainder, item)]
            yield MatchBatch(found, last, page.scanned_count, page.length)

    def _fetched(self, page: ResultPage, last: AttributeMap | None) -> Iterator[MatchBatch]:
        """Yields the items of an index's entries, one batch at a time, because items may be long even if the entries
        are short.
        """
        plan, entries = self.plan, page.items
        names = plan.position_names
        for first in range(0, len(entries), BATCH_SIZE):
            chunk = entries[first : first + BATCH_SIZE]
            is_last = first + BATCH_SIZE >= len(entries)
            items = self._fetch({name: entry[name] for name in plan.table.key_names} for entry in chunk)
            found = [
                Match(item, entry, names)
                for item, entry in zip(items, chunk, strict=True)
                if item is not None and matches(plan.remainder, item)
            ]
            here = last if is_last else Match(chunk[-1], chunk[-1], names).position
            yield MatchBatch(found, here, page.scanned_count - first if is_last else len(chunk))

    # -- names -----------------------------------------------------------------------------------------------------

    def _projection(self) -> list[str] | None:
        """Returns the names of the attributes to read: those that are wanted, those in the plan's ``remainder``, and
        those that make up a position. None means all attributes.
        """
        plan = self.plan
        if plan.fetch:
            return list(plan.position_names)
        if self.names is None:
            return None
        judged = (str(path[0]) for path in paths(plan.remainder))
        names = dict.fromkeys((*plan.position_names, *self.names, *judged))
        if plan.index is None or plan.index.projection == "all":
            return list(names)
        # DynamoDB refuses names of attributes that an index doesn't have, such as the twin of a key.
        return [name for name in names if name in plan.position_names or self._is_projected(name)]

    def _is_projected(self, name: str) -> bool:
        index = self.plan.index
        return index is None or name.removesuffix(GIVEN) in index.projection

    def _capped(self) -> str:
        plan = self.plan
        return (
            f"The filtered scan of {plan.table.table} stopped after {plan.read_limit:,} items "
            '(MACARON["DYNAMODB"]["SCAN_LIMIT"]) and there are more items: continue with page(limit, cursor), '
            "or filter by a key of the table or of an index."
        )


def _place(found: Iterable[bool]) -> int:
    """Returns the index of the first True. Raises InvalidCursor if there is none."""
    try:
        return list(found).index(True)
    except ValueError:
        raise InvalidCursor("This cursor belongs to another list: start again at the first page.") from None


def _same_key(key: Any, position: Any) -> bool:
    return all(name in position and same(value, position[name]) for name, value in key.items())
