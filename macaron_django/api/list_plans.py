"""Lists of kept items → which of their filters DynamoDB can't answer: found before a client finds it.

In: a generated list and its store. Out: findings for filters that only a scan would answer, where the schema forbids
one. Apart from ``lists``, which knows schemas only, because it asks for tables and indexes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from macaron_django.api.lists import Filter
from macaron_django.api.lookups import Store
from macaron_django.api.resources import GeneratedOperation, described
from macaron_django.dynamodb.plans import TableKeys
from macaron_django.dynamodb.table_keys import table_keys
from macaron_django.spec import Finding

__all__ = ["scanning_filters"]

_PINNING = frozenset({"exact", "in"})


def scanning_filters(generated: GeneratedOperation, store: Store) -> Iterator[Finding]:
    """A finding for each filter that can't be answered without another one."""
    if generated.action != "list" or not store.is_row:
        return
    table = table_keys(store.model._default_manager.persistence)
    if table.scan != "forbidden":
        return
    operation = generated.operation
    by_path = frozenset(generated.keys.values())
    required = {p.name for p in operation.parameters if p.required}
    always = [narrowing for narrowing in generated.filters if narrowing.parameter in required]
    if by_path and not always and not _is_answerable(table, by_path, ()):
        yield _finding(generated, f"restricts by {_listing(by_path)}", "it is answered with 500")
    for narrowing in generated.filters:
        if not _is_answerable(table, by_path, [*always, narrowing]):
            words = f"filters by {'__'.join(narrowing.path)!r}"
            yield _finding(generated, words, f"a request that sends {narrowing.parameter!r} alone is answered with 400")


def _is_answerable(table: TableKeys, by_path: Collection[str], filters: Collection[Filter]) -> bool:
    """Whether a value for the hash key of the table, or of an index that holds every match, is among them."""
    top_level = [narrowing for narrowing in filters if len(narrowing.path) == 1]
    pinned = {*by_path, *(each.path[0] for each in top_level if each.lookup in _PINNING)}
    named = {*by_path, *(each.path[0] for each in top_level if each.lookup != "isnull")}
    complete = (
        index for index in table.indexes if index.range_key is None or index.range_key in {*table.required, *named}
    )
    return bool(pinned & {table.hash_key, *(index.hash_key for index in complete)})


def _finding(generated: GeneratedOperation, words: str, outcome: str) -> Finding:
    operation = generated.operation
    return Finding(
        id="W304",
        level="warning",
        message=f"{described(operation)} {words}, for which DynamoDB would have to read the whole table: {outcome}.",
        hint="Add an index with that hash_key to x-persist, permit the scan (`scan: capped` or `scan: allowed`), or "
        "require another filter that has an index.",
        location=operation.location,
    )


def _listing(names: Collection[str]) -> str:
    return " and ".join(repr(name) for name in sorted(names))
