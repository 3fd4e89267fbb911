"""A plan → items, as DynamoDB gives them: page by page, partition by partition, whole or projected.

In go a ``Plan`` and a position to start after; out come batches of items with their positions, and how many were
read. Apart from the query set because here are the calls and nothing of Django, and from the planner because
that makes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from macaron_django.dynamodb.attributes import GIVEN
from macaron_django.dynamodb.comparisons import AttributeMap, AttributeValue, compare, same
from macaron_django.dynamodb.conditions import condition_expression
from macaron_django.dynamodb.lookups import ALL, bounds, matches, paths
from macaron_django.exceptions import InvalidCursor, ScanForbidden

if TYPE_CHECKING:
    from macaron_django.dynamodb.items import Page
    from macaron_django.dynamodb.persistence import Persistence
    from macaron_django.dynamodb.plans import Plan
    from macaron_django.dynamodb.typed_items import TypedItem, TypedItems

__all__ = ["Batch", "Found", "Reader"]

#: Keys of one BatchGetItem call; AWS: "BatchGetItem".
BATCH_SIZE: Final = 100
#: Items that the first call asks for where a filter may drop some; each further call asks for twice as many.
FIRST_READ: Final = 64


class Found(NamedTuple):
    """An item that matches, and where it stands in the list: at ``names`` of ``source``, itself or its index entry."""

    item: AttributeMap | TypedItem
    source: AttributeMap | TypedItem
    names: tuple[str, ...]

    @property
    def position(self) -> AttributeMap:
        source = self.source if isinstance(self.source, dict) else self.source.as_map()
        return {name: source[name] for name in self.names if name in source}


@dataclass(frozen=True)
class Batch:
    """What one round of calls brought. ``last`` is how far it got; None at the end of the list."""

    found: Sequence[Found]
    last: AttributeMap | None
    read: int = 0


@dataclass(frozen=True)
class Reader:
    """Reads what ``plan`` says. ``names``: the attributes that are wanted, None for whole items."""

    persistence: Persistence
    plan: Plan
    names: tuple[str, ...] | None = None
    consistent: bool = False
    segment: tuple[int, int] | None = None  # this one, of so many
    typed: TypedItems | None = None  # reads items of which nobody wants the attribute maps

    def items(self, start: AttributeMap | None = None, wanted: int | None = None) -> Iterator[Found]:
        """Every match after ``start``, at most ``wanted``; ScanForbidden where a capped scan may read no further."""
        count = 0
        batch: Batch | None = None
        for batch in self.batches(start, wanted):
            for found in batch.found:
                yield found
                count += 1
                if count == wanted:
                    return
        if batch is not None and batch.last is not None:
            raise ScanForbidden(self._capped())

    def batches(self, start: AttributeMap | None = None, wanted: int | None = None) -> Iterator[Batch]:
        """Rounds of calls; ends with the list, or where a capped scan may read no further."""
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
                return self._scan(start, wanted)

    def pages(self) -> Iterator[Sequence[AttributeMap]] | None:
        """All items, page by page, where each that is read is one of the list as it is; None where they need a look."""
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
        """How many match, up to ``limit``; every one is read, but DynamoDB sends only their number where it can."""
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

    def _get(self, start: AttributeMap | None) -> Iterator[Batch]:
        if start is not None:
            return
        item = self._get_item()
        found = [] if item is None or not self._fits(item) else [Found(item, item, self.plan.position_names)]
        yield Batch(found, None, read=int(item is not None))

    def one(self) -> AttributeMap | None:
        """The item of a plan for GetItem, None if there is none that matches."""
        item = self._get_item()
        return None if item is None or not self._fits(item) else item

    def _get_item(self) -> AttributeMap | None:
        (key,) = self.plan.keys
        return self.persistence.get_item(key, consistent=self.consistent, projection=self._projection())

    def _fits(self, item: AttributeMap) -> bool:
        remainder = self.plan.remainder
        return remainder is ALL or matches(remainder, item)

    def _batch_get(self, start: AttributeMap | None) -> Iterator[Batch]:
        keys = self.plan.keys
        if start is not None:
            place = next((n for n, key in enumerate(keys) if _same_key(key, start)), None)
            if place is None:
                raise InvalidCursor("This cursor belongs to another list: start again at the first page.")
            keys = keys[place + 1 :]
        for first in range(0, len(keys), BATCH_SIZE):
            chunk = keys[first : first + BATCH_SIZE]
            items = self._fetch(chunk)
            names = self.plan.position_names
            found = [Found(item, item, names) for item in items if item and matches(self.plan.remainder, item)]
            last = chunk[-1] if first + BATCH_SIZE < len(keys) else None
            yield Batch(found, last, read=len(chunk))

    def _fetch(self, keys: Iterable[Any]) -> list[AttributeMap | None]:
        # Whole items, where the plan had to fetch them; else what is wanted of each.
        projection = None if self.plan.fetch else self._projection()
        return self.persistence.batch_get(
            [dict(key) for key in keys], consistent=self.consistent, projection=projection
        )

    # -- Query and Scan --------------------------------------------------------------------------------------------

    def _query(self, start: AttributeMap | None, wanted: int | None) -> Iterator[Batch]:
        partitions = self.plan.partitions
        if start is not None:
            here = start.get(self.plan.hash_key)
            place = next((n for n, one in enumerate(partitions) if here and same(one, here)), None)
            if place is None:
                raise InvalidCursor("This cursor belongs to another list: start again at the first page.")
            partitions = partitions[place:]
            if self._at_its_end(start):
                partitions, start = partitions[1:], None
        for number, partition in enumerate(partitions, 1):
            yield from self._rounds(partition, start, wanted, more=number < len(partitions))
            start = None

    def _at_its_end(self, start: AttributeMap) -> bool:
        """Whether the range key has reached the last value that the key condition allows.

        No two items of a table have the same keys, so nothing follows; and DynamoDB Local refuses to look.
        """
        plan = self.plan
        if plan.index is not None or plan.range_condition is None or plan.table.range_key is None:
            return False
        lowers, uppers = bounds([plan.range_condition])
        return any(compare(start[plan.table.range_key], end) == 0 for end, _ in (uppers if plan.forward else lowers))

    def _scan(self, start: AttributeMap | None, wanted: int | None) -> Iterator[Batch]:
        return self._rounds(None, start, wanted, more=False)

    def _rounds(self, partition: Any, start: AttributeMap | None, wanted: int | None, *, more: bool) -> Iterator[Batch]:
        sizes = self._sizes(wanted)
        cap = self.plan.read_limit
        read = 0
        last = start
        while True:
            size = next(sizes)
            if cap is not None:
                size = cap - read if size is None else min(size, cap - read)
            page = self._call(partition, last, size)
            read += page.scanned_count
            batch = Batch(self._matching(page.items), page.last_key, page.scanned_count)
            if page.last_key is None and more:
                # Not the end of the list: the next partition follows.
                yield Batch(batch.found, {}, batch.read)
                return
            yield batch
            last = page.last_key
            if last is None or (cap is not None and read >= cap):
                return

    def _sizes(self, wanted: int | None) -> Iterator[int | None]:
        """What `Limit` to give to each call: DynamoDB counts the items read, not those that pass the filter."""
        plan = self.plan
        exact = plan.filter == ALL and plan.remainder == ALL
        size = wanted if wanted is None or exact else max(FIRST_READ, 2 * wanted)
        while True:
            yield size
            size = size if size is None or exact else 2 * size

    def _call(
        self, partition: AttributeValue | None, start: AttributeMap | None, limit: int | None, *, count: bool = False
    ) -> Page:
        plan = self.plan
        options: dict[str, Any] = {
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

    def _matching(self, items: Sequence[AttributeMap]) -> list[Found]:
        plan = self.plan
        names = plan.position_names
        if plan.remainder == ALL and not plan.fetch:
            return [Found(item, item, names) for item in items]
        whole: Sequence[AttributeMap | None] = items
        if plan.fetch:
            keys = [{name: item[name] for name in plan.table.key_names} for item in items]
            whole = self._fetch(keys) if keys else []
        return [
            Found(item, source, names)
            for item, source in zip(whole, items, strict=True)
            if item is not None and matches(plan.remainder, item)
        ]

    # -- names -----------------------------------------------------------------------------------------------------

    def _projection(self) -> list[str] | None:
        """The attributes to ask for: the wanted ones, those judged here, and the position's."""
        plan = self.plan
        if plan.fetch:
            return list(plan.position_names)
        if self.names is None:
            return None
        judged = (str(path[0]) for path in paths(plan.remainder))
        names = dict.fromkeys((*plan.position_names, *self.names, *judged))
        if plan.index is None or plan.index.projection == "all":
            return list(names)
        # DynamoDB refuses names that an index doesn't hold, such as that of a key's original spelling.
        return [name for name in names if name in plan.position_names or self._is_projected(name)]

    def _is_projected(self, name: str) -> bool:
        index = self.plan.index
        return index is None or name.removesuffix(GIVEN) in index.projection

    def _capped(self) -> str:
        plan = self.plan
        return (
            f"The filtered scan of {plan.table.table} stopped after {plan.read_limit:,} items "
            '(MACARON["DYNAMODB"]["SCAN_LIMIT"]) and there are more: read on with page(limit, cursor), '
            "or filter by a key of the table or of an index."
        )


def _same_key(key: Any, position: Any) -> bool:
    return all(name in position and same(value, position[name]) for name, value in key.items())
