"""Conditions → the cheapest DynamoDB call that answers them. Pure: nothing is read, no settings, no Django.

In go a table's keys and indexes, a condition (``lookups.py``), an ordering and what attributes are wanted; out
comes a ``Plan``: GetItem, BatchGetItem, Query on the table or on an index, or Scan, with each part of the condition
put where it can be checked: in the key, in DynamoDB's filter, or here after the answer. It is apart from the
query set so that each decision can be shown in a table of tests and printed by ``explain()``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cmp_to_key
from itertools import product

from macaron_django.dynamodb.comparisons import AttributeMap, AttributeValue, compare, equality_form, same
from macaron_django.dynamodb.key_conditions import MAX_HASH_KEY, MAX_RANGE_KEY, key_size, range_condition
from macaron_django.dynamodb.lookups import (
    ALL,
    NOTHING,
    Both,
    Condition,
    Keys,
    Lookup,
    Opposite,
    conjuncts,
    describe,
    matches,
    paths,
    simplify,
)
from macaron_django.dynamodb.plans import IndexKeys, Order, Plan, TableKeys
from macaron_django.exceptions import ScanForbidden, UnsupportedQuery

__all__ = ["plan"]


@dataclass(frozen=True)
class _Request:
    """What was asked for."""

    table: TableKeys
    parts: tuple[Condition, ...]
    order: tuple[Order, ...]
    backward: bool
    wanted: frozenset[str] | None
    consistent: bool

    def lookups(self, attribute: str | None) -> list[Lookup]:
        return [part for part in self.parts if isinstance(part, Lookup) and part.path == (attribute,)]

    def without(self, consumed: Iterable[Condition]) -> tuple[Condition, ...]:
        used = list(consumed)
        return tuple(part for part in self.parts if not any(part is one for one in used))


def plan(
    table: TableKeys,
    condition: Condition,
    *,
    order: Sequence[Order] = (),
    backward: bool = False,
    wanted: Iterable[str] | None = None,
    index: str | None = None,
    consistent: bool = False,
) -> Plan:
    """Choose the call.

    ``order``: what the rows must be sorted by; ``backward``: the reverse of whatever order the call has;
    ``wanted``: the attributes that will be looked at, None for all; ``index``: the one to use (None: the best);
    ``consistent``: read what was last written, which rules global indexes out.

    Raises ``UnsupportedQuery`` for what DynamoDB can't do and ``ScanForbidden`` for a filtered scan that the
    schema doesn't permit.

    >>> table = TableKeys("profiles", "profile_id", indexes=(IndexKeys("by_email", "email"),))
    >>> print(plan(table, Lookup(("email",), "exact", ({"S": "a@b.c"},))).explain())
    Query on index by_email of profiles
      key: email = 'a@b.c'
    """
    by_key = _by_whole_key(table, condition) if index is None else None
    if by_key is not None:
        return by_key
    condition = simplify(_settle_keys(table, simplify(condition)))
    if condition == NOTHING:
        return Plan("empty", table)
    request = _Request(
        table, conjuncts(condition), tuple(order), backward, None if wanted is None else frozenset(wanted), consistent
    )
    chosen = _forced(request, index) if index is not None else None
    if index is None:
        chosen = _by_primary_key(request) or _by_query(request)
    return chosen or _by_scan(request, index)


def _by_whole_key(table: TableKeys, condition: Condition) -> Plan | None:
    """What the steps below come to where the condition is one whole key and nothing else, in one step."""
    if isinstance(condition, Keys):
        if len(condition.keys) != 1:
            return None
        key = condition.keys[0]
    else:
        given: AttributeMap = {}
        parts = condition.children if isinstance(condition, Both) else (condition,)
        for part in parts:
            if not (isinstance(part, Lookup) and part.operator == "exact" and len(part.path) == 1):
                return None
            given[str(part.path[0])] = part.values[0]
        names = table.key_names
        if len(parts) != len(names) or not all(name in given for name in names):
            return None
        key = {name: given[name] for name in names}
    return Plan("get", table, keys=(key,)) if _possible(table, key) else Plan("empty", table)


def _settle_keys(table: TableKeys, condition: Condition) -> Condition:
    """Decide what is certain about the table's keys: they are never null and never empty."""
    never_null = [Lookup((name,), "isnull") for name in table.key_names]
    settled: list[Condition] = []
    for part in conjuncts(condition):
        if part in never_null:
            return NOTHING
        if isinstance(part, Opposite) and part.child in never_null:
            continue
        if isinstance(part, Lookup) and part.path[0] in table.key_names and part.operator in {"exact", "in"}:
            is_range_key = part.path[0] == table.range_key
            possible = tuple(value for value in part.values if not _impossible_key(value, is_range_key=is_range_key))
            settled.append(Lookup(part.path, "in", possible))
        elif isinstance(part, Keys):
            settled.append(Keys(tuple(key for key in part.keys if _possible(table, key))))
        else:
            settled.append(part)
    return Both(tuple(settled))


def _possible(table: TableKeys, key: AttributeMap) -> bool:
    return not any(_impossible_key(value, is_range_key=name == table.range_key) for name, value in key.items())


def _impossible_key(value: AttributeValue, *, is_range_key: bool = False) -> bool:
    """No item can have such a key, and DynamoDB answers with an error instead of an empty list."""
    return "N" not in value and not 0 < key_size(value) <= (MAX_RANGE_KEY if is_range_key else MAX_HASH_KEY)


# --- GetItem, BatchGetItem -------------------------------------------------------------------------------------------


def _by_primary_key(request: _Request) -> Plan | None:
    """GetItem or BatchGetItem, where every key is known in full."""
    table = request.table
    named = [part for part in request.parts if isinstance(part, Keys)]
    if named:
        keys = tuple(key for key in named[0].keys if all(matches(other, key) for other in named[1:]))
        consumed: list[Condition] = [*named]
    else:
        values = [_equal_values(request, name) for name in table.key_names]
        if any(value is None for value, _ in values):
            return None
        combinations = product(*(value or () for value, _ in values))
        keys = tuple(dict(zip(table.key_names, combination, strict=True)) for combination in combinations)
        consumed = [lookup for _, lookups in values for lookup in lookups]
    rest = request.without(consumed)
    about_keys = [part for part in rest if paths(part) <= {(name,) for name in table.key_names}]
    keys = tuple(key for key in _distinct(keys) if all(matches(part, key) for part in about_keys))
    remainder = _join(part for part in rest if part not in about_keys)
    if not keys:
        return Plan("empty", table)
    if len(keys) == 1:
        return Plan("get", table, keys=keys, remainder=remainder)
    keys, ordered_by, forward = _sorted_keys(request, keys)
    return Plan("batch_get", table, keys=keys, remainder=remainder, ordered_by=ordered_by, forward=forward)


def _distinct(keys: Iterable[AttributeMap]) -> tuple[AttributeMap, ...]:
    return tuple({tuple(map(equality_form, key.values())): key for key in keys}.values())


def _equal_values(request: _Request, attribute: str | None) -> tuple[tuple[AttributeValue, ...] | None, list[Lookup]]:
    """The values that an attribute is pinned to, and the lookups that say so; None if it isn't pinned."""
    pinning = [lookup for lookup in request.lookups(attribute) if lookup.operator in {"exact", "in"}]
    if not pinning:
        return None, []
    first, *others = pinning
    values = (v for v in first.values if all(any(same(v, w) for w in other.values) for other in others))
    return tuple(values), pinning


def _sorted_keys(
    request: _Request, keys: tuple[AttributeMap, ...]
) -> tuple[tuple[AttributeMap, ...], str | None, bool]:
    """The keys in the order asked for: by the range key within one hash key, or as they were given."""
    range_key = request.table.range_key
    one_partition = len({equality_form(key[request.table.hash_key]) for key in keys}) == 1
    term = _leading_term(request, request.table.hash_key if one_partition else None, range_key, one_partition)
    if term is None:
        return (keys[::-1] if request.backward else keys), None, True
    if not one_partition or term.attribute != range_key:
        raise UnsupportedQuery(_cannot_order(request, term, "items asked for by key"))
    forward = term.descending == request.backward
    by_range = cmp_to_key(lambda left, right: compare(left[range_key], right[range_key]) or 0)  # type: ignore[index]
    return tuple(sorted(keys, key=by_range, reverse=not forward)), range_key, forward


# --- Query -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Path:
    """One way in: the table itself, or an index of it."""

    index: IndexKeys | None
    hash_key: str
    range_key: str | None


def _ways_in(request: _Request) -> list[_Path]:
    table = request.table
    ways = [_Path(None, table.hash_key, table.range_key)]
    usable = (index for index in table.indexes if index.local or not request.consistent)
    return ways + [_Path(one, one.hash_key, one.range_key) for one in usable if _complete(request, one)]


def _complete(request: _Request, index: IndexKeys) -> bool:
    """Whether no match can be missing from the index: it leaves out the items that lack its range key."""
    name = index.range_key
    if name is None or name in request.table.required:
        return True
    present = Opposite(Lookup((name,), "isnull"))
    return any(lookup.operator != "isnull" for lookup in request.lookups(name)) or present in request.parts


def _by_query(request: _Request) -> Plan | None:
    """The best Query that the condition's equalities allow, and whose order is the one asked for."""
    plans = [found for way in _ways_in(request) if (found := _query(request, way)) is not None]
    plans.sort(key=_merit, reverse=True)
    refusal: UnsupportedQuery | None = None
    for candidate in plans:
        try:
            return _ordered(request, candidate)
        except UnsupportedQuery as error:  # noqa: PERF203 (the best one that has the order: rarely a second round)
            refusal = refusal or error
    if refusal:
        raise refusal
    return None


def _merit(candidate: Plan) -> tuple[bool, int, int, int, int]:
    """The narrower key condition first, then whole items, then fewer calls, then the table before its indexes."""
    condition = candidate.range_condition
    narrowness = 0 if condition is None else 2 if condition.operator == "exact" else 1
    place = 2 if candidate.index is None else 1 if candidate.index.local else 0
    return candidate.kind == "empty", narrowness, -candidate.fetch, -len(candidate.partitions), place


def _query(request: _Request, way: _Path) -> Plan | None:
    partitions, consumed = _equal_values(request, way.hash_key)
    if partitions is None:
        return None
    partitions = tuple(value for value in partitions if not _impossible_key(value))
    ranged = request.lookups(way.range_key) if way.range_key else []
    pinned = [one.values[0] for one in ranged if one.operator == "exact"]
    if not partitions or any(_impossible_key(value, is_range_key=True) for value in pinned):
        return Plan("empty", request.table)
    key_condition, used = range_condition(ranged)
    rest = request.without([*consumed, *used])
    if way.index and way.range_key:
        # An index holds only items that have its range key.
        rest = tuple(part for part in rest if part != Opposite(Lookup((way.range_key,), "isnull")))
    split = _split(request, way.index, rest, {way.hash_key, way.range_key})
    return replace(split, partitions=partitions, range_condition=key_condition)


def _split(
    request: _Request, index: IndexKeys | None, rest: Sequence[Condition], queried_by: AbstractSet[str | None]
) -> Plan:
    """Put what the key condition doesn't say into DynamoDB's filter where it may stand there, else check it here."""
    held = None if index is None else _held(request.table, index)
    filters: list[Condition] = []
    remainder: list[Condition] = []
    for part in rest:
        looked_at = _attributes([part])
        # "Filter Expression can only contain non-primary key attributes", says DynamoDB of the keys queried by.
        can_filter = looked_at.isdisjoint(queried_by) and (held is None or looked_at <= held)
        (filters if can_filter else remainder).append(part)
    lacking = held is not None and (request.wanted is None or not (request.wanted | _attributes(remainder)) <= held)
    return Plan(
        "query",
        request.table,
        index=index,
        filter=_join(filters),
        # The index lags behind the table: what was fetched is judged as a whole again.
        remainder=_join(request.parts if lacking else remainder),
        fetch=lacking,
    )


def _attributes(parts: Iterable[Condition]) -> frozenset[str]:
    return frozenset(str(path[0]) for part in parts for path in paths(part))


def _held(table: TableKeys, index: IndexKeys) -> frozenset[str] | None:
    """The attributes that an index holds; None for all."""
    if index.projection == "all":
        return None
    extra = () if isinstance(index.projection, str) else index.projection
    keys = (*table.key_names, index.hash_key, *([index.range_key] if index.range_key else []))
    return frozenset((*keys, *extra))


def _join(parts: Iterable[Condition]) -> Condition:
    return simplify(Both(tuple(parts)))


# --- order -----------------------------------------------------------------------------------------------------------


def _leading_term(request: _Request, pinned: str | None, range_key: str | None, unique: bool) -> Order | None:
    """The first term of the ordering that means something; the terms after it must mean nothing."""
    meaningful: list[Order] = []
    for term in request.order:
        values, _ = _equal_values(request, term.attribute)
        if term.attribute == pinned or (values is not None and len(values) == 1):
            continue
        if term.attribute is None:
            if pinned == request.table.hash_key and range_key and not meaningful and unique:
                return Order(range_key, term.descending)
            continue
        if unique and meaningful and meaningful[0].attribute == range_key:
            continue
        meaningful.append(term)
    if len(meaningful) > 1:
        raise UnsupportedQuery(_cannot_order(request, meaningful[1], "items that are already in another order"))
    return meaningful[0] if meaningful else None


def _ordered(request: _Request, candidate: Plan) -> Plan:
    """``candidate`` in the order asked for; raises UnsupportedQuery where it has no such order."""
    if candidate.kind != "query":
        return candidate
    range_key = candidate.index.range_key if candidate.index else candidate.table.range_key
    single = len(candidate.partitions) == 1
    term = _leading_term(request, candidate.hash_key if single else None, range_key, single and candidate.index is None)
    if term is not None and (not single or term.attribute != range_key):
        place = "this Query" if single else f"items of {len(candidate.partitions)} values of {candidate.hash_key}"
        raise UnsupportedQuery(_cannot_order(request, term, place))
    return replace(
        candidate,
        partitions=candidate.partitions[::-1] if request.backward else candidate.partitions,
        forward=request.backward == (term is not None and term.descending),
        ordered_by=range_key if single else None,
    )


def _cannot_order(request: _Request, term: Order, place: str) -> str:
    name = term.attribute
    for index in request.table.indexes:
        values, _ = _equal_values(request, index.hash_key)
        if index.range_key == name and values and len(values) == 1 and not _complete(request, index):
            return (
                f"DynamoDB can't order {place} in {request.table.table} by {name!r}: index {index.name} finds only "
                f"those that have {name!r}. If these are enough, add {name}__isnull=False or "
                f"using_index({index.name!r})."
            )
    keys = [(request.table.hash_key, request.table.range_key, "the table")]
    keys += [(index.hash_key, index.range_key, f"index {index.name}") for index in request.table.indexes]
    ways = [f"{hash_key} (in {where})" for hash_key, range_key, where in keys if range_key == term.attribute]
    remedy = (
        f"filter by one value of {' or '.join(ways)}"
        if ways
        else f"give an index the range key {term.attribute!r} and filter by its hash key, or sort in Python"
    )
    return f"DynamoDB can't order {place} in {request.table.table} by {term.attribute!r}: {remedy}."


# --- Scan, and an index that was asked for ---------------------------------------------------------------------------


def _forced(request: _Request, name: str) -> Plan | None:
    index = next((one for one in request.table.indexes if one.name == name), None)
    if index is None:
        known = ", ".join(one.name for one in request.table.indexes) or "none"
        raise UnsupportedQuery(f"Table {request.table.table} has no index {name!r}; its indexes: {known}.")
    if request.consistent and not index.local:
        raise UnsupportedQuery(
            f"DynamoDB reads the global index {name} only eventually consistent: leave consistent() out."
        )
    found = _query(request, _Path(index, index.hash_key, index.range_key))
    return found and _ordered(request, found)


def _by_scan(request: _Request, index_name: str | None) -> Plan:
    table = request.table
    for term in request.order:
        if term.attribute is not None:
            raise UnsupportedQuery(_cannot_order(request, term, "a Scan"))
    if request.backward:
        raise UnsupportedQuery(
            f"DynamoDB scans {table.table} only forwards: filter by one value of a hash key to read backwards."
        )
    condition = _join(request.parts)
    if condition != ALL and table.scan == "forbidden":
        raise ScanForbidden(_scan_forbidden(request, condition))
    index = next((one for one in table.indexes if one.name == index_name), None)
    # Unlike a Query's, a Scan's filter may name keys.
    capped = condition != ALL and table.scan == "capped"
    return replace(
        _split(request, index, request.parts, frozenset()), kind="scan", read_limit=table.scan_limit if capped else None
    )


def _scan_forbidden(request: _Request, condition: Condition) -> str:
    table = request.table
    start = f"{describe(condition)} would read all of table {table.table}:"
    lookups = [part for part in request.parts if isinstance(part, Lookup) and len(part.path) == 1]
    equal = next((str(one.path[0]) for one in lookups if one.operator in {"exact", "in"}), None)
    if equal is None:
        return (
            f"{start} DynamoDB finds items by one value of a hash key, and none of these filters gives one. "
            "Add such a filter, or permit the scan with `scan: capped` or `scan: allowed` in x-persist."
        )
    usable = {"lt", "lte", "gt", "gte", "range", "startswith"}
    ranged = next((str(one.path[0]) for one in lookups if one.operator in usable and one.path[0] != equal), None)
    keys = f"hash_key: {equal}" + (f", range_key: {ranged}" if ranged else "")
    existing = next((index for index in table.indexes if index.hash_key == equal and not index.local), None)
    if existing is not None and not request.consistent:
        return (
            f"{start} index {existing.name} finds only those that have {existing.range_key!r}. "
            f"If these are enough, add {existing.range_key}__isnull=False or using_index({existing.name!r})."
        )
    if existing is not None:
        return f"{start} index {existing.name} would find them, but not by a consistent read: leave consistent() out."
    return (
        f"{start} an index would find them: add `indexes: {{by_{equal}: {{{keys}}}}}` to x-persist, "
        "or permit the scan there with `scan: capped` or `scan: allowed`."
    )
