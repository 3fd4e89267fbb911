"""Chooses the cheapest DynamoDB call for a query: GetItem, BatchGetItem, Query or Scan.

The planner decides where each part of the condition is checked: in the key, in DynamoDB's filter, or in this process
after the response. It reads no settings and no items. So tests can check each decision separately, and ``explain()``
can show the decisions without calling DynamoDB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cmp_to_key
from itertools import product

from macaron_django.dynamodb.codec.attribute_values import AttributeMap, compare, equality_form
from macaron_django.dynamodb.planning.conditions import (
    ALL,
    NOTHING,
    And,
    Condition,
    KeyIn,
    Lookup,
    Not,
    conjuncts,
    matches,
    paths,
    simplify,
)
from macaron_django.dynamodb.planning.criteria import Criteria, attributes_of, cannot_order, scan_forbidden
from macaron_django.dynamodb.planning.key_conditions import impossible_key, range_condition
from macaron_django.dynamodb.planning.query_plans import IndexKeySchema, OrderTerm, QueryPlan, TableKeySchema
from macaron_django.dynamodb.planning.selectivity import reason, share
from macaron_django.exceptions import ScanForbidden, UnsupportedQuery

__all__ = ["plan"]


def plan(
    table: TableKeySchema,
    condition: Condition,
    *,
    order: Sequence[OrderTerm] = (),
    backward: bool = False,
    wanted: Iterable[str] | None = None,
    index: str | None = None,
    consistent: bool = False,
) -> QueryPlan:
    """Returns the plan with the cheapest call.

    The rows must be sorted by ``order``. With ``backward``, the order is reversed. ``wanted`` has the attributes to
    read; None means all. ``index`` is the name of the index to use; None means the best one. ``consistent`` requires a
    strongly consistent read, which excludes global indexes.

    Raises ``UnsupportedQuery`` for a query that DynamoDB can't execute, and ``ScanForbidden`` for a filtered scan that
    the schema doesn't permit.

    >>> table = TableKeySchema("profiles", "profile_id", indexes=(IndexKeySchema("by_email", "email"),))
    >>> print(plan(table, Lookup(("email",), "exact", ({"S": "a@b.c"},))).explain())
    Query on index by_email of profiles
      key: email = 'a@b.c'
    """
    by_key = _by_whole_key(table, condition) if index is None else None
    if by_key is not None:
        return by_key
    condition = simplify(_settle_keys(table, simplify(condition)))
    if condition == NOTHING:
        return QueryPlan("empty", table)
    criteria = Criteria(
        table, conjuncts(condition), tuple(order), backward, None if wanted is None else frozenset(wanted), consistent
    )
    chosen = _forced(criteria, index) if index is not None else None
    if index is None:
        chosen = _by_primary_key(criteria) or _by_query(criteria)
    return chosen or _by_scan(criteria, index)


def _by_whole_key(table: TableKeySchema, condition: Condition) -> QueryPlan | None:
    """Returns the plan if the condition is exactly one whole key, so that the general algorithm isn't needed. Returns
    None otherwise.
    """
    if isinstance(condition, KeyIn):
        if len(condition.keys) != 1:
            return None
        key = condition.keys[0]
    else:
        given: AttributeMap = {}
        parts = condition.children if isinstance(condition, And) else (condition,)
        for part in parts:
            if not (isinstance(part, Lookup) and part.operator == "exact" and len(part.path) == 1):
                return None
            given[str(part.path[0])] = part.values[0]
        names = table.key_names
        if len(parts) != len(names) or not all(name in given for name in names):
            return None
        key = {name: given[name] for name in names}
    return QueryPlan("get", table, keys=(key,)) if _possible(table, key) else QueryPlan("empty", table)


def _settle_keys(table: TableKeySchema, condition: Condition) -> Condition:
    """Simplifies conditions on the table's keys, which are never null and never empty."""
    never_null = [Lookup((name,), "isnull") for name in table.key_names]
    settled: list[Condition] = []
    for part in conjuncts(condition):
        if part in never_null:
            return NOTHING
        if isinstance(part, Not) and part.child in never_null:
            continue
        if isinstance(part, Lookup) and part.path[0] in table.key_names and part.operator in {"exact", "in"}:
            is_range_key = part.path[0] == table.range_key
            possible = tuple(value for value in part.values if not impossible_key(value, is_range_key=is_range_key))
            settled.append(Lookup(part.path, "in", possible))
        elif isinstance(part, KeyIn):
            settled.append(KeyIn(tuple(key for key in part.keys if _possible(table, key))))
        else:
            settled.append(part)
    return And(tuple(settled))


def _possible(table: TableKeySchema, key: AttributeMap) -> bool:
    return not any(impossible_key(value, is_range_key=name == table.range_key) for name, value in key.items())


# --- GetItem, BatchGetItem -------------------------------------------------------------------------------------------


def _by_primary_key(criteria: Criteria) -> QueryPlan | None:
    """Returns the plan for GetItem or BatchGetItem if the condition gives complete keys. Returns None otherwise."""
    table = criteria.table
    named = [part for part in criteria.parts if isinstance(part, KeyIn)]
    if named:
        keys = tuple(key for key in named[0].keys if all(matches(other, key) for other in named[1:]))
        consumed: list[Condition] = [*named]
    else:
        values = [criteria.equal_values(name) for name in table.key_names]
        if any(value is None for value, _ in values):
            return None
        combinations = product(*(value or () for value, _ in values))
        keys = tuple(dict(zip(table.key_names, combination, strict=True)) for combination in combinations)
        consumed = [lookup for _, lookups in values for lookup in lookups]
    rest = criteria.without(consumed)
    about_keys = [part for part in rest if paths(part) <= {(name,) for name in table.key_names}]
    keys = tuple(key for key in _distinct(keys) if all(matches(part, key) for part in about_keys))
    remainder = _join(part for part in rest if part not in about_keys)
    if not keys:
        return QueryPlan("empty", table)
    if len(keys) == 1:
        return QueryPlan("get", table, keys=keys, remainder=remainder)
    keys, ordered_by, forward = _sorted_keys(criteria, keys)
    return QueryPlan("batch_get", table, keys=keys, remainder=remainder, ordered_by=ordered_by, forward=forward)


def _distinct(keys: Iterable[AttributeMap]) -> tuple[AttributeMap, ...]:
    return tuple({tuple(map(equality_form, key.values())): key for key in keys}.values())


def _sorted_keys(
    criteria: Criteria, keys: tuple[AttributeMap, ...]
) -> tuple[tuple[AttributeMap, ...], str | None, bool]:
    """Returns the keys in the required order, the range key that sorts them, and whether the order is ascending.

    Without an order, the keys stay in the given order, and the second value is None.
    """
    range_key = criteria.table.range_key
    one_partition = len({equality_form(key[criteria.table.hash_key]) for key in keys}) == 1
    term = _leading_term(criteria, criteria.table.hash_key if one_partition else None, range_key, one_partition)
    if term is None:
        return (keys[::-1] if criteria.backward else keys), None, True
    if not one_partition or term.attribute != range_key:
        raise UnsupportedQuery(cannot_order(criteria, term, "the items of a BatchGetItem"))
    forward = term.descending == criteria.backward
    by_range = cmp_to_key(lambda left, right: compare(left[range_key], right[range_key]) or 0)  # type: ignore[index]
    return tuple(sorted(keys, key=by_range, reverse=not forward)), range_key, forward


# --- Query -----------------------------------------------------------------------------------------------------------


def _by_query(criteria: Criteria) -> QueryPlan | None:
    """Returns the best Query for the condition's equality lookups and the required order.

    Returns None if the lookups allow no Query. Raises UnsupportedQuery if they allow only Queries in a different order.
    """
    usable = (index for index in criteria.table.indexes if index.local or not criteria.consistent)
    indexes = [None, *filter(criteria.finds_all_in, usable)]
    plans = [found for index in indexes if (found := _query(criteria, index)) is not None]
    if len(plans) > 1:
        plans.sort(key=_merit)
    refusal: UnsupportedQuery | None = None
    for place, candidate in enumerate(plans):
        try:
            chosen = _ordered(criteria, candidate)
        except UnsupportedQuery as error:  # noqa: PERF203 (usually the first plan succeeds)
            refusal = refusal or error
        else:
            if len(plans) == 1 or chosen.kind == "empty":
                return chosen
            return replace(chosen, reason=reason(candidate, plans[:place], plans[place + 1 :]))
    if refusal:
        raise refusal
    return None


def _merit(candidate: QueryPlan) -> tuple[float, bool, int, int]:
    """Returns a sort key that puts the best plan first.

    Plans are compared by these criteria, in this order:

    - the share of the table that the plan reads
    - whether the plan must fetch whole items after the Query
    - the number of Queries
    - what the plan queries: the table itself is best, then a local index, then a global index
    """
    place = 0 if candidate.index is None else 1 if candidate.index.local else 2
    left = 0 if candidate.kind == "empty" else share(candidate)
    return left, candidate.fetch, len(candidate.partitions), place


def _query(criteria: Criteria, index: IndexKeySchema | None) -> QueryPlan | None:
    """Returns the Query of an index, or of the table if ``index`` is None.

    Returns None if the condition has no equality lookup on the hash key.
    """
    keys = index or criteria.table
    partitions, consumed = criteria.equal_values(keys.hash_key)
    if partitions is None:
        return None
    partitions = tuple(value for value in partitions if not impossible_key(value, is_range_key=False))
    ranged = criteria.lookups(keys.range_key) if keys.range_key else []
    pinned = [one.values[0] for one in ranged if one.operator == "exact"]
    if not partitions or any(impossible_key(value, is_range_key=True) for value in pinned):
        return QueryPlan("empty", criteria.table)
    key_condition, used = range_condition(ranged)
    rest = criteria.without([*consumed, *used])
    if index and index.range_key:
        # An index has only items that have its range key.
        rest = tuple(part for part in rest if part != Not(Lookup((index.range_key,), "isnull")))
    split = _split(criteria, index, rest, {keys.hash_key, keys.range_key})
    return replace(split, partitions=partitions, range_condition=key_condition)


def _split(
    criteria: Criteria, index: IndexKeySchema | None, rest: Sequence[Condition], queried_by: AbstractSet[str | None]
) -> QueryPlan:
    """Returns a Query whose remaining conditions are divided between DynamoDB's filter and a check after the
    response.
    """
    held = None if index is None else _held(criteria.table, index)
    filters: list[Condition] = []
    remainder: list[Condition] = []
    for part in rest:
        looked_at = attributes_of([part])
        # DynamoDB refuses the queried keys in a filter: "Filter Expression can only contain non-primary key
        # attributes".
        can_filter = looked_at.isdisjoint(queried_by) and (held is None or looked_at <= held)
        (filters if can_filter else remainder).append(part)
    lacking = held is not None and (criteria.wanted is None or not (criteria.wanted | attributes_of(remainder)) <= held)
    return QueryPlan(
        "query",
        criteria.table,
        index=index,
        filter=_join(filters),
        # The index may be older than the table, so all conditions are checked again for fetched items.
        remainder=_join(criteria.parts if lacking else remainder),
        fetch=lacking,
    )


def _held(table: TableKeySchema, index: IndexKeySchema) -> frozenset[str] | None:
    """Returns the attributes that an index has; None means all."""
    if index.projection == "all":
        return None
    extra = () if isinstance(index.projection, str) else index.projection
    keys = (*table.key_names, index.hash_key, *([index.range_key] if index.range_key else []))
    return frozenset((*keys, *extra))


def _join(parts: Iterable[Condition]) -> Condition:
    return simplify(And(tuple(parts)))


# --- order -----------------------------------------------------------------------------------------------------------


def _leading_term(criteria: Criteria, pinned: str | None, range_key: str | None, unique: bool) -> OrderTerm | None:
    """Returns the first term of the order that has an effect; None if there is none. Raises UnsupportedQuery if a
    second term has an effect, too.
    """
    meaningful: list[OrderTerm] = []
    for term in criteria.order:
        values, _ = criteria.equal_values(term.attribute)
        if term.attribute == pinned or (values is not None and len(values) == 1):
            continue
        if term.attribute is None:
            if pinned == criteria.table.hash_key and range_key and not meaningful and unique:
                return OrderTerm(range_key, term.descending)
            continue
        if unique and meaningful and meaningful[0].attribute == range_key:
            continue
        meaningful.append(term)
    if len(meaningful) > 1:
        raise UnsupportedQuery(cannot_order(criteria, meaningful[1], "already ordered items"))
    return meaningful[0] if meaningful else None


def _ordered(criteria: Criteria, candidate: QueryPlan) -> QueryPlan:
    """Returns ``candidate`` with the required order. Raises UnsupportedQuery if its call can't have that order."""
    if candidate.kind != "query":
        return candidate
    range_key = candidate.index.range_key if candidate.index else candidate.table.range_key
    single = len(candidate.partitions) == 1
    term = _leading_term(
        criteria, candidate.hash_key if single else None, range_key, single and candidate.index is None
    )
    if term is not None and (not single or term.attribute != range_key):
        place = (
            "this Query"
            if single
            else f"items that have one of {len(candidate.partitions)} values of {candidate.hash_key}"
        )
        raise UnsupportedQuery(cannot_order(criteria, term, place))
    return replace(
        candidate,
        partitions=candidate.partitions[::-1] if criteria.backward else candidate.partitions,
        forward=criteria.backward == (term is not None and term.descending),
        ordered_by=range_key if single else None,
    )


# --- Scan, and an index that was named -------------------------------------------------------------------------------


def _forced(criteria: Criteria, name: str) -> QueryPlan | None:
    index = next((one for one in criteria.table.indexes if one.name == name), None)
    if index is None:
        known = ", ".join(one.name for one in criteria.table.indexes) or "none"
        raise UnsupportedQuery(f"Table {criteria.table.table} has no index {name!r}; its indexes: {known}.")
    if criteria.consistent and not index.local:
        raise UnsupportedQuery(
            f"Reads of the global index {name} are always eventually consistent: leave consistent() out."
        )
    found = _query(criteria, index)
    return found and _ordered(criteria, found)


def _by_scan(criteria: Criteria, index_name: str | None) -> QueryPlan:
    table = criteria.table
    for term in criteria.order:
        if term.attribute is not None:
            raise UnsupportedQuery(cannot_order(criteria, term, "a Scan"))
    if criteria.backward:
        raise UnsupportedQuery(
            f"DynamoDB can't scan {table.table} backwards: to read backwards, filter by one value of a hash key."
        )
    condition = _join(criteria.parts)
    if condition != ALL and table.scan == "forbidden":
        raise ScanForbidden(scan_forbidden(criteria, condition))
    index = next((one for one in table.indexes if one.name == index_name), None)
    # The filter of a Scan may name keys, unlike the filter of a Query.
    capped = condition != ALL and table.scan == "capped"
    return replace(
        _split(criteria, index, criteria.parts, frozenset()),
        kind="scan",
        read_limit=table.scan_limit if capped else None,
    )
