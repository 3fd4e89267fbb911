"""The planner, decision by decision: nothing here calls DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macaron_django.dynamodb.planning.conditions import (
    ALL,
    NOTHING,
    And,
    KeyIn,
    Lookup,
    Not,
    Or,
    conjuncts,
    describe,
    matches,
    simplify,
)
from macaron_django.dynamodb.planning.planner import plan
from macaron_django.dynamodb.planning.query_plans import IndexKeySchema, OrderTerm, TableKeySchema
from macaron_django.exceptions import ScanForbidden, UnsupportedQuery


def value(python: Any) -> dict[str, Any]:
    if isinstance(python, bytes):
        return {"B": python}
    return {"N": str(python)} if isinstance(python, int) else {"S": python}


def where(**lookups: Any) -> And:
    """``where(age__gte=3)``: the lookups, all of which must hold."""
    parts: list[Any] = []
    for name, given_value in lookups.items():
        *path, operator = name.split("__") if "__" in name else (name, "exact")
        if operator not in {"exact", "in", "lt", "lte", "gt", "gte", "range", "startswith", "contains", "isnull"}:
            path, operator = [*path, operator], "exact"
        if operator == "isnull":
            null = Lookup(tuple(path), "isnull")
            parts.append(null if given_value else Not(null))
        else:
            values = given_value if isinstance(given_value, list | tuple) else (given_value,)
            parts.append(Lookup(tuple(path), operator, tuple(map(value, values))))
    return And(tuple(parts))


PROFILES = TableKeySchema(
    "profiles",
    "id",
    indexes=(
        IndexKeySchema("by_email", "email"),
        IndexKeySchema("by_city", "city", "age", projection="keys"),
        IndexKeySchema("by_team", "team", "joined", projection=("name",)),
    ),
    required=frozenset({"id", "age", "joined"}),
)
ORDERS = TableKeySchema(
    "orders",
    "customer",
    "placed",
    indexes=(
        IndexKeySchema("by_total", "customer", "total", local=True, projection="keys"),
        IndexKeySchema("by_status", "status", "placed"),
    ),
    required=frozenset({"customer", "placed"}),
)

#: Not every order has a total: the index leaves those out.
TOTALS = TableKeySchema("totals", "id", indexes=(IndexKeySchema("by_total", "status", "total"),), scan="allowed")

#: The orders of tenants, each of which its own key names.
TENANTS = TableKeySchema(
    "tenants",
    "tenant_id",
    "order_id",
    indexes=(
        IndexKeySchema("by_customer", "customer", "placed"),
        IndexKeySchema("by_status", "status", "tenant_id"),
        IndexKeySchema("by_reference", "reference", projection="keys"),
    ),
    required=frozenset({"placed"}),
    listed={"status": 5, "urgent": 2},
    identifiers=frozenset({"order_id", "reference"}),
)

DECISIONS = [
    # a table with a hash key
    (PROFILES, {"id": "a"}, "GetItem from profiles"),
    (PROFILES, {"id": "a", "age__gt": 3}, "GetItem from profiles | here: age > 3"),
    (PROFILES, {"id__in": ["a", "b"]}, "BatchGetItem of 2 keys from profiles"),
    (PROFILES, {"id__in": ["a", "a"]}, "GetItem from profiles"),
    (PROFILES, {"id__in": ["a", "b"], "id": "b"}, "GetItem from profiles"),
    (PROFILES, {"id__in": ["a", "b", "c"], "id__gte": "b"}, "BatchGetItem of 2 keys from profiles"),
    (PROFILES, {}, "Scan of profiles"),
    # its indexes
    (PROFILES, {"email": "e"}, "Query on index by_email of profiles"),
    (PROFILES, {"email": "e", "name": "n"}, "Query on index by_email of profiles | filter: name = 'n'"),
    (PROFILES, {"email__in": ["e", "f"]}, "2 Queries on index by_email of profiles"),
    (PROFILES, {"email": "e", "city": "c"}, "Query on index by_email of profiles | filter: city = 'c'"),
    (
        PROFILES,
        {"email": "e", "city": "c", "age__gt": 3},
        "Query on index by_city of profiles | range: age > 3 | fetch | here: email = 'e' and city = 'c' and age > 3",
    ),
    # a table with both keys
    (ORDERS, {"customer": "c"}, "Query on orders"),
    (ORDERS, {"customer": "c", "placed": "p"}, "GetItem from orders"),
    (ORDERS, {"customer": "c", "placed__in": ["p", "q"]}, "BatchGetItem of 2 keys from orders"),
    (ORDERS, {"customer__in": ["c", "d"], "placed__in": ["p", "q"]}, "BatchGetItem of 4 keys from orders"),
    (ORDERS, {"customer": "c", "placed__gte": "p"}, "Query on orders | range: placed >= 'p'"),
    (ORDERS, {"customer": "c", "placed__startswith": "p"}, "Query on orders | range: placed begins with 'p'"),
    (ORDERS, {"customer": "c", "placed__range": ["p", "q"]}, "Query on orders | range: placed between 'p' and 'q'"),
    (
        ORDERS,
        {"customer": "c", "placed__gte": "p", "placed__lte": "q"},
        "Query on orders | range: placed between 'p' and 'q'",
    ),
    (
        ORDERS,
        {"customer": "c", "placed__gte": "p", "placed__lt": "q"},
        "Query on orders | range: placed between 'p' and 'q' | here: placed < 'q'",
    ),
    (
        ORDERS,
        {"customer": "c", "placed__gt": "p", "placed__gte": "o"},
        "Query on orders | range: placed > 'p'",
    ),
    (
        ORDERS,
        {"customer": "c", "placed__startswith": "p", "placed__lt": "px"},
        "Query on orders | range: placed begins with 'p' | here: placed < 'px'",
    ),
    (ORDERS, {"customer": "c", "placed__contains": "p"}, "Query on orders | here: placed contains 'p'"),
    (ORDERS, {"customer": "c", "note__contains": "p"}, "Query on orders | filter: note contains 'p'"),
    (ORDERS, {"customer": "c", "placed__range": ["p", "p"]}, "GetItem from orders"),
    (
        ORDERS,
        {"status": "s", "placed__gte": "p", "placed__lte": "p"},
        "Query on index by_status of orders | range: placed = 'p'",
    ),
    (ORDERS, {"customer": "c", "placed__gte": ""}, "Query on orders | here: placed >= ''"),
    (ORDERS, {"customer": "c", "placed__isnull": False}, "Query on orders"),
    # a local index, when it is the narrower way
    (
        ORDERS,
        {"customer": "c", "total__gte": 5},
        "Query on index by_total of orders | range: total >= 5 | fetch | here: customer = 'c' and total >= 5",
    ),
    (
        ORDERS,
        {"customer": "c", "total": 5, "placed__gte": "p"},
        "Query on index by_total of orders | range: total = 5 | filter: placed >= 'p' | fetch"
        " | here: customer = 'c' and total = 5 and placed >= 'p'",
    ),
    (ORDERS, {"customer": "c", "address__zip": "1"}, "Query on orders | filter: address.zip = '1'"),
    (ORDERS, {"status": "s"}, "Query on index by_status of orders"),
    (ORDERS, {"status": "s", "customer": "c"}, "Query on orders | filter: status = 's'"),
    (
        ORDERS,
        {"status": "s", "placed__in": ["p", "r", "q"]},
        "Query on index by_status of orders | range: placed between 'p' and 'r' | here: placed in ('p', 'r', 'q')",
    ),
    # the index whose keys leave the least to be read
    (TENANTS, {"tenant_id": "t", "customer": "c"}, "Query on index by_customer of tenants | filter: tenant_id = 't'"),
    (
        TENANTS,
        {"tenant_id": "t", "customer": "c", "order_id__gt": "o"},
        "Query on index by_customer of tenants | filter: tenant_id = 't' and order_id > 'o'",
    ),
    (TENANTS, {"tenant_id": "t", "order_id": "o", "customer": "c"}, "GetItem from tenants | here: customer = 'c'"),
    (TENANTS, {"customer": "c", "status": "s"}, "Query on index by_customer of tenants | filter: status = 's'"),
    (
        TENANTS,
        {"customer": "c", "reference": "r"},
        "Query on index by_reference of tenants | fetch | here: customer = 'c' and reference = 'r'",
    ),
    (TENANTS, {"tenant_id": "t", "urgent": 1}, "Query on tenants | filter: urgent = 1"),
    # what has a key of the table is in each index that is ordered by it
    (TENANTS, {"status": "s"}, "Query on index by_status of tenants"),
    (TENANTS, {"status": "s", "tenant_id": "t"}, "Query on index by_status of tenants | range: tenant_id = 't'"),
    # nothing can match
    (PROFILES, {"id": "a", "id__in": ["b", "c"]}, "No call: nothing can match"),
    (PROFILES, {"id": ""}, "No call: nothing can match"),
    (PROFILES, {"id__isnull": True}, "No call: nothing can match"),
    (PROFILES, {"id__in": []}, "No call: nothing can match"),
    (PROFILES, {"email": ""}, "No call: nothing can match"),
    (PROFILES, {"age__gt": 3, "age__lt": 3}, "No call: nothing can match"),
    (PROFILES, {"age__gte": 3, "age__lt": 3}, "No call: nothing can match"),
    (PROFILES, {"age__range": [4, 3]}, "No call: nothing can match"),
    (PROFILES, {"age": 3, "age__gt": 3}, "No call: nothing can match"),
    (PROFILES, {"age": 3, "age__isnull": True}, "No call: nothing can match"),
    (PROFILES, {"name": "a", "name__startswith": "b"}, "No call: nothing can match"),
    (PROFILES, {"age__gt": 3, "age__lt": "x"}, "No call: nothing can match"),
    (ORDERS, {"customer": "c", "placed": ""}, "No call: nothing can match"),
]


def told(chosen: Any) -> str:
    parts = [chosen.summary()]
    if chosen.range_condition:
        parts.append(f"range: {describe(chosen.range_condition)}")
    if chosen.filter != ALL:
        parts.append(f"filter: {describe(chosen.filter)}")
    if chosen.fetch:
        parts.append("fetch")
    if chosen.remainder != ALL:
        parts.append(f"here: {describe(chosen.remainder)}")
    return " | ".join(parts)


@pytest.mark.parametrize(("table", "lookups", "decision"), DECISIONS, ids=[f"{d[0].table}-{d[1]}" for d in DECISIONS])
def test_each_condition_gets_its_call(table: TableKeySchema, lookups: dict[str, Any], decision: str) -> None:
    assert told(plan(table, where(**lookups))) == decision


def test_an_index_that_holds_what_is_wanted_needs_no_second_read() -> None:
    condition = where(team="t")

    assert plan(PROFILES, condition).fetch
    assert plan(PROFILES, condition, wanted=["name", "email"]).fetch
    assert not plan(PROFILES, condition, wanted=["name", "id", "joined"]).fetch
    assert not plan(PROFILES, condition, wanted=[]).fetch


def test_an_index_is_left_alone_where_it_may_lack_matches() -> None:
    table = replace(PROFILES, required=frozenset({"id"}))

    with pytest.raises(ScanForbidden, match=r"index by_team finds only items that have 'joined'.*joined__isnull=False"):
        plan(table, where(team="t"))
    assert plan(table, where(team="t", joined__isnull=False)).index == table.indexes[2]
    assert plan(table, where(team="t", joined__gt="2020")).index == table.indexes[2]
    assert plan(table, where(team="t"), index="by_team").index == table.indexes[2]


def test_equalities_joined_by_or_are_one_lookup() -> None:
    either = Or((where(id="a"), where(id="b")))

    assert plan(PROFILES, either).summary() == "BatchGetItem of 2 keys from profiles"


def test_named_keys_are_read_by_key_in_the_order_given() -> None:
    keys = tuple({"customer": {"S": "c"}, "placed": {"S": placed}} for placed in "bac")

    assert plan(ORDERS, KeyIn(keys)).keys == keys
    assert plan(ORDERS, And((KeyIn(keys), KeyIn(keys[1:2])))).keys == keys[1:2]
    assert [key["placed"]["S"] for key in plan(ORDERS, KeyIn(keys), order=[OrderTerm("placed")]).keys] == [
        "a",
        "b",
        "c",
    ]
    assert [key["placed"]["S"] for key in plan(ORDERS, KeyIn(keys), order=[OrderTerm(None, True)]).keys] == [
        "c",
        "b",
        "a",
    ]


def test_alternatives_that_mention_a_key_are_judged_after_a_query() -> None:
    either = Or((where(placed="p"), where(note="n")))
    chosen = plan(ORDERS, And((where(customer="c"), either)))

    assert told(chosen) == "Query on orders | here: placed = 'p' or note = 'n'"


def test_excluding_by_key_filters_a_scan_there_and_a_query_here() -> None:
    table = replace(ORDERS, scan="allowed")
    other = Not(where(placed="p"))

    assert told(plan(table, other)) == "Scan of orders | filter: not (placed = 'p')"
    assert told(plan(table, And((where(customer="c"), other)))) == "Query on orders | here: not (placed = 'p')"


@pytest.mark.parametrize(
    ("lookups", "order", "forward", "index"),
    [
        ({"customer": "c"}, [OrderTerm("placed")], True, None),
        ({"customer": "c"}, [OrderTerm("placed", True)], False, None),
        ({"customer": "c"}, [OrderTerm(None, True)], False, None),
        ({"customer": "c"}, [OrderTerm("customer"), OrderTerm("placed", True)], False, None),
        ({"customer": "c"}, [OrderTerm("placed", True), OrderTerm(None)], False, None),
        ({"customer": "c"}, [OrderTerm("placed", True), OrderTerm("note")], False, None),
        ({"customer": "c", "note": "n"}, [OrderTerm("note")], True, None),
        ({"customer": "c", "total__gt": 1}, [OrderTerm("total", True)], False, "by_total"),
        ({"customer": "c", "total__gt": 1}, [OrderTerm("placed")], True, None),
        ({"status": "s"}, [OrderTerm("placed", True), OrderTerm(None, True)], False, "by_status"),
    ],
)
def test_the_order_asked_for_decides_the_index_and_the_direction(
    lookups: dict[str, Any], order: list[OrderTerm], forward: bool, index: str | None
) -> None:
    chosen = plan(ORDERS, where(**lookups), order=order)

    assert (chosen.forward, chosen.index.name if chosen.index else None) == (forward, index)
    assert plan(ORDERS, where(**lookups), order=order, backward=True).forward is not forward


@pytest.mark.parametrize(
    ("condition", "options", "sentence"),
    [
        (
            ALL,
            {"order": [OrderTerm("age")]},
            "can't order a Scan in profiles by 'age': filter by one value of city (in",
        ),
        (ALL, {"order": [OrderTerm("name")]}, "by 'name': give an index the range key 'name'"),
        (ALL, {"backward": True}, "can't scan profiles backwards"),
        (
            where(email__in=["a", "b"]),
            {"order": [OrderTerm("age")]},
            "can't order items that have one of 2 values of email in profiles",
        ),
        (where(city="c"), {"order": [OrderTerm("age"), OrderTerm("name")]}, "already ordered items"),
        (
            where(status="open"),
            {"order": [OrderTerm("total")], "table": TOTALS},
            "index by_total finds only items that have 'total'. If you need only these items, add total__isnull=False",
        ),
        (where(id__in=["a", "b"]), {"order": [OrderTerm("name")]}, "can't order the items of a BatchGetItem"),
        (ALL, {"index": "by_zip"}, "has no index 'by_zip'; its indexes: by_email, by_city, by_team"),
        (where(email="e"), {"index": "by_email", "consistent": True}, "by_email are always eventually consistent"),
    ],
)
def test_what_dynamodb_cannot_do_is_refused_in_a_sentence(condition: Any, options: Any, sentence: str) -> None:
    with pytest.raises(UnsupportedQuery) as refusal:
        plan(options.pop("table", PROFILES), condition, **options)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("condition", "options", "sentence"),
    [
        (where(name="n"), {}, "add `indexes: {by_name: {hash_key: name}}` to x-persist"),
        (where(name="n", age__gt=3), {}, "add `indexes: {by_name: {hash_key: name, range_key: age}}`"),
        (where(age__gt=3), {}, "none of these filters gives such a value"),
        (Not(where(name="n")), {}, "not (name = 'n') would read all of table profiles"),
        (where(email="e"), {"consistent": True}, "index by_email would find the items, but not with a consistent read"),
        (where(name="n"), {"index": "by_email"}, "would read all of table profiles"),
    ],
)
def test_a_filtered_scan_needs_permission_and_the_refusal_names_the_index(
    condition: Any, options: Any, sentence: str
) -> None:
    with pytest.raises(ScanForbidden) as refusal:
        plan(PROFILES, condition, **options)
    assert sentence in str(refusal.value)


def test_a_capped_scan_stops_and_an_unfiltered_one_does_not() -> None:
    table = replace(PROFILES, scan="capped", scan_limit=1000)

    assert plan(table, where(name="n")).read_limit == 1000
    assert plan(table, where(name="n")).summary() == "Scan of profiles, at most 1,000 items read"
    assert plan(table, ALL).read_limit is None
    assert plan(replace(table, scan="allowed"), where(name="n")).read_limit is None


def test_a_consistent_read_avoids_global_indexes() -> None:
    condition = where(customer="c", status="s", placed__gt="p")

    assert plan(ORDERS, condition, consistent=True).index is None
    assert plan(ORDERS, where(customer="c", total__gt=1), consistent=True).index == ORDERS.indexes[0]


def test_an_index_without_its_hash_key_is_scanned() -> None:
    chosen = plan(PROFILES, ALL, index="by_city")

    assert told(chosen) == "Scan of index by_city of profiles | fetch"
    assert not plan(PROFILES, ALL, index="by_city", wanted=["id"]).fetch


def test_explain_prints_each_part_of_the_decision() -> None:
    chosen = plan(PROFILES, where(city="c", age__gte=3, age__lt=9), order=[OrderTerm("age", True)], wanted=["name"])

    assert chosen.explain().splitlines() == [
        "Query on index by_city of profiles",
        "  key: city = 'c' and age between 3 and 9",
        "  order: age, descending",
        "  then BatchGetItem for the items found, because index by_city doesn't have all the required attributes",
        "  filter in this process, after DynamoDB's response: city = 'c' and age >= 3 and age < 9",
    ]


@pytest.mark.parametrize(
    ("table", "lookups", "order", "why"),
    [
        (
            TENANTS,
            {"tenant_id": "t", "customer": "c"},
            [],
            "a Query on the table would probably read more, because in that Query, one tenant_id has several items, "
            "each identified by order_id, whereas in this Query, customer can have any value",
        ),
        (
            TENANTS,
            {"customer": "c", "status": "s", "placed__gt": "p"},
            [],
            "a Query on index by_status would probably read more, because in that Query, status has 5 values, "
            "whereas in this Query, customer can have any value, and the filter limits placed to a range",
        ),
        (
            TENANTS,
            {"customer": "c", "reference": "r"},
            [],
            "a Query on index by_customer would probably read more, because in that Query, customer can have any "
            "value, whereas in this Query, reference identifies an item",
        ),
        (
            TENANTS,
            {"tenant_id": "t", "customer": "c"},
            ["order_id"],
            "index by_customer can't return items in this order",
        ),
        (
            ORDERS,
            {"customer": "c", "status": "s"},
            [],
            "the schema doesn't show that a Query on index by_status would read less",
        ),
        (ORDERS, {"status": "s"}, [], None),
    ],
)
def test_explain_says_why_one_of_several_indexes_is_read(
    table: TableKeySchema, lookups: dict[str, Any], order: list[str], why: str | None
) -> None:
    lines = plan(table, where(**lookups), order=[OrderTerm(name) for name in order]).explain().splitlines()
    assert [line.strip() for line in lines if "why" in line] == ([] if why is None else [f"why: {why}"])


SCALARS = st.one_of(st.integers(-3, 3).map(value), st.sampled_from(["", "a", "ab", "b"]).map(value))
COMPARISONS = ["exact", "lt", "lte", "gt", "gte"]
NAMES = st.sampled_from(["customer", "placed", "total", "status", "note"])
LEAVES = st.one_of(
    st.builds(
        lambda n, o, v: Lookup((n,), o, (v,)), NAMES, st.sampled_from(["exact", "lt", "lte", "gt", "gte"]), SCALARS
    ),
    st.builds(lambda n, v: Lookup((n,), "in", tuple(v)), NAMES, st.lists(SCALARS, max_size=3)),
    st.builds(lambda n, a, b: Lookup((n,), "range", (a, b)), NAMES, SCALARS, SCALARS),
    st.builds(lambda n, v: Lookup((n,), "startswith", (value(v),)), NAMES, st.sampled_from(["", "a", "ab"])),
    st.builds(lambda n: Lookup((n,), "isnull"), NAMES),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: And(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=8,
)
TEXT = st.sampled_from(["a", "ab", "b"]).map(value)
ITEMS = st.builds(
    lambda keys, rest: {**keys, **rest},
    st.fixed_dictionaries({"customer": TEXT, "placed": TEXT}),
    st.dictionaries(st.sampled_from(["total", "status", "note"]), st.one_of(SCALARS, st.just({"NULL": True}))),
)


@given(CONDITIONS, ITEMS)
def test_simplifying_never_changes_what_matches(condition: Any, item: Any) -> None:
    assert matches(simplify(condition), item) == matches(condition, item)


def found_by(chosen: Any, item: dict[str, Any]) -> bool:
    """Whether running ``chosen`` would come upon ``item`` and keep it."""
    if chosen.kind == "empty":
        return False
    if chosen.keys and not matches(KeyIn(chosen.keys), item):
        return False
    if chosen.partitions:
        there = Lookup((chosen.hash_key,), "in", chosen.partitions)
        if not matches(there, item) or (chosen.range_condition and not matches(chosen.range_condition, item)):
            return False
    if chosen.index and chosen.index.range_key not in item:
        return False
    return matches(chosen.filter, item) and matches(chosen.remainder, item)


@given(st.lists(CONDITIONS, max_size=4).map(lambda parts: And(tuple(parts))), ITEMS, st.booleans())
def test_no_plan_finds_more_or_less_than_its_condition(condition: Any, item: Any, consistent: bool) -> None:
    for index in ({}, {"index": "by_status"}):
        chosen = plan(replace(ORDERS, scan="allowed"), condition, consistent=consistent and not index, **index)
        reachable = not index or {"status", "placed"} <= item.keys()
        if reachable:
            assert found_by(chosen, item) == matches(condition, item), chosen.explain()


def test_a_condition_with_itself_is_itself() -> None:
    condition = where(name="n")

    assert simplify(And((condition, condition))) == simplify(condition)
    assert simplify(And((NOTHING, condition))) == NOTHING


@pytest.mark.parametrize(
    "key",
    [
        {"author": {"S": "a"}, "created": {"S": "b"}},
        {"author": {"S": ""}, "created": {"S": "b"}},
        {"author": {"S": "a"}, "created": {"S": "b" * 1025}},
        {"author": {"N": "1"}, "created": {"B": b"x"}},
    ],
)
def test_a_whole_key_is_planned_as_it_is_among_conditions_that_say_nothing(key: dict[str, Any]) -> None:
    table = TableKeySchema("t", "author", "created")
    lookups = tuple(Lookup((name,), "exact", (value,)) for name, value in key.items())
    more = Not(Lookup(("author",), "isnull"))  # certain of a key: it takes the long way
    for condition in (And(lookups), And(lookups[::-1]), KeyIn((key,))):
        assert plan(table, condition) == plan(table, And((*conjuncts(condition), more)))
