"""Determines which accesses to DynamoDB's tables the generated operations need.

This module plans a list operation for each combination of filters and order that a client can send. If there are many
filters, it plans only some of the combinations. It doesn't find accesses by handlers, overridden hooks or signal
receivers. A recorded test run shows these accesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import Any, Final

from macaron_django.api.rules.list_parameters import ORDERING, Filter
from macaron_django.api.rules.resources import GeneratedOperation
from macaron_django.dynamodb.items.key_schemas import key_schema_of
from macaron_django.dynamodb.planning.conditions import OPERATORS, And, Lookup
from macaron_django.dynamodb.planning.planner import plan
from macaron_django.dynamodb.planning.query_plans import OrderTerm, QueryPlan, TableKeySchema
from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.exceptions import ScanForbidden, UnsupportedQuery
from macaron_django.schemas.models.stores import Store

__all__ = ["generated_accesses", "planned"]

#: DynamoDB's actions for each generated operation except lists. A request with If-Match may read the item first.
_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "create": ("PutItem",),
    "destroy": ("DeleteItem", "GetItem"),
    "merge_patch": ("GetItem", "UpdateItem"),
    "replace": ("GetItem", "UpdateItem"),
    "retrieve": ("GetItem",),
}
_OF_PLANS: Final = {"batch_get": "BatchGetItem", "get": "GetItem", "query": "Query", "scan": "Scan"}
#: If a list has at most this many filters, every set of filters is planned. If it has more, only the sets of up to
#: three filters and the set of all filters are planned.
_MOST_FILTERS: Final = 8
#: Example values for each lookup, such that one item can satisfy all lookups. "in" has two values. Plans are also made
#: with a single value.
_TEXTS: Final = {"in": "mn", "range": "az", "lt": "z", "lte": "z", "gt": "a", "gte": "a", "isnull": ""}


def generated_accesses(generated: GeneratedOperation, store: Store) -> frozenset[TableAccess]:
    """Returns the accesses that an operation's requests might need. If the ORM stores the items, the set is empty."""
    if not store.is_row:
        return frozenset()
    persistence = store.model._default_manager.persistence
    if generated.action == "list":
        return frozenset(_list_accesses(generated, persistence))
    actions = _ACTIONS[generated.action]
    if generated.action == "replace" and "201" in generated.operation.responses:
        actions = (*actions, "PutItem")
    return frozenset(TableAccess(persistence.table_name, "", action) for action in actions)


def planned(
    table: TableKeySchema,
    filters: Iterable[Filter],
    *,
    order: Sequence[OrderTerm] = (),
    wanted: Iterable[str] | None = None,
    texts: Mapping[str, str] = _TEXTS,
) -> QueryPlan:
    """Returns the plan for a request that uses ``filters`` with values that don't contradict one another."""
    lookups = (
        Lookup(each.path, each.lookup, tuple({"S": text} for text in texts.get(each.lookup, "m"))) for each in filters
    )
    return plan(table, And(tuple(lookups)), order=order, wanted=wanted)


def _list_accesses(generated: GeneratedOperation, persistence: Any) -> Iterator[TableAccess]:
    table = key_schema_of(persistence)
    of_indexes = (name for index in table.indexes for name in (index.hash_key, index.range_key))
    keys = {name for name in (*table.key_names, *of_indexes) if name is not None}
    given = [Filter("", (name,)) for name in sorted(generated.given)]
    filters = [each for each in generated.filters if each.lookup in OPERATORS]
    required = {each.name for each in generated.operation.parameters if each.required}
    always = [each for each in filters if each.parameter in required]
    optional = [each for each in filters if each.parameter not in required]
    by_key = [each for each in optional if each.path[0] in keys]
    # Several filters by properties that aren't keys lead to the same plan as one such filter.
    others = [each for each in optional if each.path[0] not in keys][:1]
    orders: list[Sequence[OrderTerm]] = [()]
    if ORDERING in generated.paging:
        orders += [(OrderTerm(name),) for name in sorted(keys)]
    wanted: list[Iterable[str] | None] = [None, persistence.attributes]
    if generated.envelope is not None and generated.envelope.total is not None:
        wanted.append(())  # the response has a total, so the items are counted
    found = {
        each
        for sent in _subsets([*by_key, *others])
        for order in orders
        for names in wanted
        for texts in (_TEXTS, {**_TEXTS, "in": "m"})
        for each in _plan_accesses(table, [*given, *always, *sent], order=order, wanted=names, texts=texts)
    }
    yield from found


def _subsets(filters: Sequence[Filter]) -> Iterator[tuple[Filter, ...]]:
    sizes = range(len(filters) + 1) if len(filters) <= _MOST_FILTERS else (0, 1, 2, 3, len(filters))
    return chain.from_iterable(combinations(filters, size) for size in sizes)


def _plan_accesses(table: TableKeySchema, filters: Sequence[Filter], **options: Any) -> Iterator[TableAccess]:
    try:
        found = planned(table, filters, **options)
    except (ScanForbidden, UnsupportedQuery):
        return  # the request would be refused
    if found.kind == "empty":
        return
    yield TableAccess(table.table, found.index.name if found.index else "", _OF_PLANS[found.kind])
    if found.fetch:
        yield TableAccess(table.table, "", "BatchGetItem")
