"""Finds generated lists that need a forbidden scan, and lists for which DynamoDB reads more items than it returns.

The query planner determines how DynamoDB would read a list with each filter alone, and with pairs of filters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from macaron_django.api.plans.item_accesses import planned
from macaron_django.api.rules.list_parameters import Filter
from macaron_django.api.rules.resources import GeneratedOperation, described
from macaron_django.api.views.operation_viewsets import OperationViewSet
from macaron_django.api.views.pagination import CursorPages
from macaron_django.conf import settings
from macaron_django.dynamodb.items.key_schemas import key_schema_of
from macaron_django.dynamodb.planning.conditions import ALL, OPERATORS
from macaron_django.dynamodb.planning.query_plans import QueryPlan, TableKeySchema
from macaron_django.exceptions import ScanForbidden
from macaron_django.openapi import Finding
from macaron_django.schemas.models.stores import Store

__all__ = ["costly_lists"]

_PINNING = frozenset({"exact", "in"})
#: The lookups that the key condition of a Query supports.
_OF_KEYS = _PINNING | {"lt", "lte", "gt", "gte", "range", "startswith"}


def costly_lists(generated: GeneratedOperation, store: Store, viewset: type[OperationViewSet]) -> Iterator[Finding]:
    """Yields warnings about a list: filters that need a scan, filters that are applied only after the items have been
    read, and requests that read all items.
    """
    if generated.action != "list" or not store.is_row:
        return
    table = key_schema_of(store.model._default_manager.persistence)
    # The attributes in an index don't matter for this check, because missing attributes are fetched afterwards.
    table = replace(table, indexes=tuple(replace(index, projection="all") for index in table.indexes))
    by_path = [Filter("", (name,)) for name in sorted(generated.given)]
    required = {p.name for p in generated.operation.parameters if p.required}
    answered = [narrowing for narrowing in generated.filters if narrowing.lookup in OPERATORS]
    always = [narrowing for narrowing in answered if narrowing.parameter in required]
    # The filters that are applied after reading. The key is what is read (a table or an index) and its hash key.
    dropping: dict[tuple[str, str | None], list[Filter]] = {}
    for narrowing in (None, *answered):
        filters = [*by_path, *always, *([narrowing] if narrowing is not None and narrowing not in always else [])]
        try:
            found = planned(table, filters)
        except ScanForbidden:
            # If the list has required filters, each of them yields this warning in a later iteration.
            if narrowing is not None or (by_path and not always):
                yield _scanning(generated, table, filters, narrowing)
            continue
        # With x-read-limit and `scan: capped`, the spec itself limits the items that are read.
        if found.read_limit is not None or generated.operation.extensions.read_limit is not None:
            continue
        dropped = list(_dropped(found, filters))
        dropping.setdefault(_reading(found), []).extend(dropped)
        if found.kind == "query" and narrowing is not None and narrowing not in dropped:
            for other in answered:
                beside = planned(table, [*filters, other])
                dropping.setdefault(_reading(beside), []).extend(_dropped(beside, [*filters, other]))
    for (reading, hash_key), filters in dropping.items():
        if filters:
            yield _dropping(generated, reading, hash_key, list(dict.fromkeys(filters)))
    yield from _unbounded(generated, viewset)


def _dropped(found: QueryPlan, filters: Sequence[Filter]) -> Iterator[Filter]:
    """Yields the filters that don't reduce the number of items that DynamoDB reads: they are applied afterwards."""
    if found.kind not in {"query", "scan"} or found.filter == found.remainder == ALL:
        return
    keys = {found.hash_key}
    if found.range_condition is not None:
        keys.add(str(found.range_condition.path[0]))
    for each in filters:
        by_key = found.kind == "query" and len(each.path) == 1 and each.path[0] in keys and each.lookup in _OF_KEYS
        # If "in" has several values of a range key, DynamoDB reads all items between the first and the last value.
        if not by_key or (each.lookup == "in" and each.path[0] != found.hash_key):
            yield each


def _reading(found: QueryPlan) -> tuple[str, str | None]:
    if found.kind == "scan":
        return "the whole table", None
    place = f" of index {found.index.name}" if found.index else ""
    return f"every item{place} with the same {found.hash_key}", found.hash_key


def _dropping(generated: GeneratedOperation, reading: str, hash_key: str | None, filters: Sequence[Filter]) -> Finding:
    operation = generated.operation
    names = {"__".join(each.path) for each in filters}
    keyable = next((each.path[0] for each in filters if len(each.path) == 1 and each.lookup in _OF_KEYS), None)
    remedy = "Require a narrower filter"
    if keyable is not None:
        keys = f"hash_key: {keyable}" if hash_key in {None, keyable} else f"hash_key: {hash_key}, range_key: {keyable}"
        remedy = f"Add an index to x-persist: {{{keys}}}"
    return Finding(
        id="W307",
        level="warning",
        message=f"{described(operation)} {_verb(filters)} {_listing(names)} after reading {reading}. To fill one "
        f"page, DynamoDB can read {settings.DYNAMODB.READ_LIMIT:,} items and return none of them.",
        hint=f"{remedy}. If such lists are intended, set x-read-limit to the number of items that DynamoDB may read "
        "for one page.",
        location=operation.location,
    )


def _verb(filters: Sequence[Filter]) -> str:
    return "filters by" if any(each.parameter for each in filters) else "restricts the list by"


def _scanning(
    generated: GeneratedOperation, table: TableKeySchema, filters: Sequence[Filter], narrowing: Filter | None
) -> Finding:
    operation = generated.operation
    if narrowing is None:
        words, outcome = f"restricts the list by {_listing(generated.given)}", "Every request gets a 500."
    else:
        words = f"filters by {'__'.join(narrowing.path)!r}"
        outcome = f"A request with {narrowing.parameter!r} alone gets a 400."
    pinned = {each.path[0] for each in filters if len(each.path) == 1 and each.lookup in _PINNING}
    # The planner can't use these indexes, because matching items may be missing from them.
    incomplete = next((index for index in table.indexes if index.hash_key in pinned and index.range_key), None)
    why, hint = "", "Add an index with this property as hash_key to x-persist"
    if incomplete is not None:
        name = incomplete.range_key
        why = f" (index {incomplete.name} leaves out the items without {name!r}, which the schema doesn't require)"
        hint = f"Make {name!r} required and not nullable in the schema, add an index without this range_key"
    return Finding(
        id="W304",
        level="warning",
        message=f"{described(operation)} {words}, for which DynamoDB would have to read the whole table{why}. "
        f"{outcome}",
        hint=f"{hint}, permit the scan (`scan: capped` or `scan: allowed`), or require another filter that has an "
        "index.",
        location=operation.location,
    )


def _unbounded(generated: GeneratedOperation, viewset: type[OperationViewSet]) -> Iterator[Finding]:
    """Yields a warning if each request reads all items of the list."""
    envelope, paging = generated.envelope, viewset.pagination_class
    if paging is None or not issubclass(paging, CursorPages):
        has = "no pagination_class" if paging is None else f"the pagination_class {paging.__name__}"
        reason, hint = (
            f"{viewset.__name__} has {has}",
            "Remove pagination_class, or set it to a subclass of CursorPages.",
        )
    elif envelope is not None and envelope.total is not None and envelope.total in envelope.required:
        reason = f"its response requires {envelope.total!r}, so DynamoDB must count all items"
        hint = f"Remove {envelope.total!r} from `required`, or bind the operation with x-bind-server."
    else:
        return
    yield Finding(
        id="W308",
        level="warning",
        message=f"{described(generated.operation)} reads the whole list for each request: {reason}.",
        hint=hint,
        location=generated.operation.location,
    )


def _listing(names: Collection[str]) -> str:
    return " and ".join(repr(name) for name in sorted(names))
