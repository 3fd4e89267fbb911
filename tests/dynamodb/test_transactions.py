"""Transactions: all or nothing, named refusals, limits, nesting, threads and tasks, on real engines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db.models import F

from macaron_django.dynamodb import Persistence, engines, transaction
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import (
    EngineUnavailable,
    ItemAbsent,
    ItemChanged,
    ItemExists,
    ItemOutOfBounds,
    ItemTooLarge,
    StaleItem,
    TableMissing,
    UnsupportedQuery,
    WriteOutcomeUnknown,
)
from macaron_django.testing import Fault, FaultProxy

MakePersistence = Callable[..., Persistence]


@pytest.fixture
def profiles(engine: engines.Engine, make_rows: MakePersistence) -> Persistence:
    return make_rows(table="profiles", version="version", scan="allowed")


@pytest.fixture
def orders(engine: engines.Engine, make_rows: MakePersistence) -> Persistence:
    return make_rows(table="orders", scan="allowed")


def _held(persistence: Persistence) -> dict[str, Any]:
    """Each item's age by its key."""
    items = persistence.scan(consistent=True).items
    return {item["profile_id"]["S"]: item.get("age", {}).get("N") for item in items}


def test_what_is_written_inside_is_sent_together_at_the_end(profiles: Persistence, orders: Persistence) -> None:
    ada, old = profiles.model(profile_id="ada", age=1), orders.model(profile_id="old")
    ada.save()
    old.save()
    orders.model.objects.create(profile_id="counter", age=5)
    with transaction():
        ada.age = 2
        ada.save()
        old.delete()
        orders.model.objects.create(profile_id="new", age=7)
        assert orders.model.objects.filter(pk="counter").update(age=F("age") + 1) == 1
        assert _held(profiles) == {"ada": "1"}
        assert _held(orders) == {"old": None, "counter": "5"}
    assert _held(profiles) == {"ada": "2"}
    assert _held(orders) == {"new": "7", "counter": "6"}
    ada.age = 3
    ada.save()
    assert (profiles.get_item(profiles.key("ada"), consistent=True) or {})["version"] == {"N": "3"}


def test_a_taken_key_cancels_everything_and_is_named(profiles: Persistence, orders: Persistence) -> None:
    orders.model(profile_id="7", age=1).save()
    ada, order = profiles.model(profile_id="ada"), orders.model(profile_id="7", age=2)
    with pytest.raises(ItemExists, match=r"profile_id '7'.* whole transaction was cancelled"), transaction():  # noqa: PT012 (raised at its end)
        ada.save()
        order.save()
    assert (_held(profiles), _held(orders)) == ({}, {"7": "1"})
    assert ada._state.adding
    assert ada._state.item is None
    ada.save()
    assert _held(profiles) == {"ada": None}


def test_a_stale_row_cancels_everything_and_rows_are_what_they_were(profiles: Persistence, orders: Persistence) -> None:
    profiles.model(profile_id="ada", age=1).save()
    mine, theirs = (profiles.model.objects.get(pk="ada") for _ in range(2))
    theirs.age = 9
    theirs.save()
    mine.age = 2
    before = dict(mine._state.item)
    with pytest.raises(StaleItem, match="Profile with profile_id 'ada'"), transaction():  # noqa: PT012 (raised at its end)
        orders.model(profile_id="7").save()
        mine.save()
    assert (_held(profiles), _held(orders)) == ({"ada": "9"}, {})
    assert mine._state.item == before
    mine.refresh_from_db()
    mine.age = 2
    mine.save()
    assert _held(profiles) == {"ada": "2"}


def test_an_exception_inside_sends_nothing(profiles: Persistence) -> None:
    row = profiles.model(profile_id="ada")
    with pytest.raises(LookupError), transaction():  # noqa: PT012 (raised at its end)
        row.save()
        assert not row._state.adding
        raise LookupError
    assert _held(profiles) == {}
    assert row._state.adding


def test_an_empty_transaction_makes_no_call(profiles: Persistence) -> None:
    with engines.use(EndpointEngine("http://127.0.0.1:9")), transaction():
        pass


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        (lambda p: transaction.check(p.model.objects.filter(pk="ada", age__gte=18)), None),
        (lambda p: transaction.check(p.model.objects.filter(pk="ada", age__lt=18)), ItemChanged),
        (lambda p: transaction.check(p.model.objects.filter(pk="nobody")), ItemAbsent),
        (lambda p: transaction.check(p.model.objects.filter(pk="nobody"), absent=True), None),
        (lambda p: transaction.check(p.model.objects.filter(pk="ada"), absent=True), ItemExists),
        (lambda p: transaction.check(p.model.objects.get(pk="ada")), None),
    ],
)
def test_checks_of_items_that_are_not_written(
    profiles: Persistence, orders: Persistence, check: Callable[[Persistence], None], kind: Any
) -> None:
    profiles.model(profile_id="ada", age=36).save()

    def order() -> None:
        with transaction():
            check(profiles)
            orders.model(profile_id="7").save()

    if kind is None:
        order()
    else:
        with pytest.raises(kind, match=r"Profile with profile_id '\w+'") as refused:
            order()
        assert refused.value.schema == "Profile"
        assert refused.value.key.keys() == {"profile_id"}
    assert _held(orders) == ({"7": None} if kind is None else {})


def test_a_checked_row_must_have_the_version_it_was_loaded_with(profiles: Persistence, orders: Persistence) -> None:
    profiles.model(profile_id="ada", age=1).save()
    ada = profiles.model.objects.get(pk="ada")
    profiles.model.objects.filter(pk="ada").update(age=2)
    with pytest.raises(StaleItem, match="profile_id 'ada'"), transaction():  # noqa: PT012 (raised at its end)
        transaction.check(ada)
        orders.model(profile_id="7").save()
    assert _held(orders) == {}


def test_what_is_no_single_item_cannot_be_checked_or_got(profiles: Persistence) -> None:
    with pytest.raises(UnsupportedQuery, match=r"with transaction\(\)"):
        transaction.check(profiles.model.objects.filter(pk="ada"))
    with pytest.raises(UnsupportedQuery, match="this query set is: Scan of"), transaction():
        transaction.check(profiles.model.objects.filter(age=3))
    with pytest.raises(UnsupportedQuery, match="BatchGetItem of 2 keys"):
        transaction.get(profiles.model.objects.filter(pk__in=["a", "b"]))
    with pytest.raises(TypeError, match="not 'ada'"):
        transaction.get("ada")


def test_limits_are_checked_before_anything_is_sent(profiles: Persistence) -> None:
    with pytest.raises(UnsupportedQuery, match="second one for the Profile"), transaction():  # noqa: PT012 (raised at its end)
        row = profiles.model(profile_id="a")
        row.save()
        row.age = 1
        row.save()
    with pytest.raises(UnsupportedQuery, match=r"at most 100 items, and the Profile .* '100'"), transaction():  # noqa: PT012 (raised at its end)
        for number in range(101):
            profiles.model(profile_id=str(number)).save()
    with pytest.raises(ItemTooLarge, match=r"4194304 bytes in total"), transaction():  # noqa: PT012 (raised at its end)
        for number in range(11):
            profiles.model(profile_id=str(number), name="x" * 390_000).save()
    assert _held(profiles) == {}


@pytest.mark.usefixtures("embedded")  # DynamoDB Local from npm still has AWS's first limit: 10
def test_a_hundred_items_are_one_transaction(make_rows: MakePersistence) -> None:
    orders = make_rows(scan="allowed")
    with transaction():
        orders.model.objects.bulk_create(orders.model(profile_id=f"{number:03}") for number in range(100))
        assert _held(orders) == {}
    assert len(_held(orders)) == 100
    with transaction():
        orders.model.objects.filter(pk__in=[f"{number:03}" for number in range(99)]).delete()
        orders.model.objects.bulk_create([orders.model(profile_id="099", age=3)], update_conflicts=True)
    assert _held(orders) == {"099": "3"}


def test_an_engine_that_takes_fewer_items_says_how_many_and_what_to_do(
    orders: Persistence, engine: engines.Engine
) -> None:
    rows = [orders.model(profile_id=f"{number}") for number in range(11)]
    if engine.name == "embedded":
        with transaction():
            orders.model.objects.bulk_create(rows)
        assert len(_held(orders)) == 11
        return
    with (
        pytest.raises(UnsupportedQuery, match=r"accepts at most 10 items in a transaction \(AWS accepts 100\), so"),
        transaction(),
    ):
        orders.model.objects.bulk_create(rows)
    assert (_held(orders), rows[0]._state.adding) == ({}, True)


def test_what_f_may_not_add_cancels_the_transaction_and_is_named(
    make_rows: MakePersistence, profiles: Persistence
) -> None:
    properties = {"sku": {"type": "string"}, "left": {"type": "integer", "minimum": 0}}
    stock = make_rows({"type": "object", "properties": properties}, hash_key="sku", table="stock").model.objects
    stock.create(sku="pen", left=1)
    what = r"sku 'pen' .* bounds after left = F\(left\) - .*2.*; nothing was written"
    with pytest.raises(ItemOutOfBounds, match=what) as refused, transaction():  # noqa: PT012 (raised at its end)
        profiles.model(profile_id="a").save()
        stock.filter(sku="pen").update(left=F("left") - 2)
    assert (refused.value.schema, refused.value.key) == ("Profile", {"sku": {"S": "pen"}})
    assert refused.value.item == {"sku": {"S": "pen"}, "left": {"N": "1"}}
    assert (stock.get().left, _held(profiles)) == (1, {})


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (lambda stock: stock.filter(sku="none").update(left=F("left") - 1), ItemAbsent),
        (lambda stock: stock.filter(sku="none").update(left=3), ItemAbsent),
        (lambda stock: stock.filter(sku="none").update(left=F("left") * 2), ItemAbsent),
        (lambda stock: stock.filter(sku="").update(left=3), ItemAbsent),
        (lambda stock: stock.filter(sku__in=["none", "neither"]).update(left=3), ItemAbsent),
        (lambda stock: stock.filter(left=9).update(left=3), ItemAbsent),
        (lambda stock: stock.none().update(left=3), ItemAbsent),
        (lambda stock: stock.filter(sku="none").delete(), ItemAbsent),
        (lambda stock: stock.filter(left=9).delete(), ItemAbsent),
        (lambda stock: stock.model(sku="none").delete(), ItemAbsent),
        (lambda stock: stock.filter(sku="pen", left__gt=1).update(left=3), ItemChanged),
        (lambda stock: stock.filter(sku="pen", left__gt=1).update(left=F("left") - 1), ItemChanged),
        (lambda stock: stock.filter(sku="pen", left__gt=1).delete(), ItemChanged),
        (lambda stock: stock.filter(sku="pen").update(left=F("left") - 2), ItemOutOfBounds),
        (lambda stock: stock.filter(sku="pen").update(left=F("left") * 2 - 3), ItemOutOfBounds),
        (lambda stock: stock.filter(sku="free").update(left=F("left") + 1), ItemChanged),
    ],
)
def test_what_a_write_of_a_transaction_does_not_find_makes_it_fail(
    make_rows: MakePersistence, orders: Persistence, write: Callable[[Any], Any], kind: type[StaleItem]
) -> None:
    properties = {"sku": {"type": "string"}, "left": {"type": ["integer", "null"], "minimum": 0}}
    json = {"type": "object", "properties": properties}
    stock = make_rows(json, hash_key="sku", table="stock", scan="allowed").model.objects
    stock.create(sku="pen", left=1)
    stock.create(sku="free", left=None)
    with pytest.raises(StaleItem) as refused, transaction():  # noqa: PT012 (raised at its end)
        orders.model(profile_id="7").save()
        write(stock)
    assert type(refused.value) is kind
    assert refused.value.schema == "Profile"
    assert _held(orders) == {}
    assert {row.sku: row.left for row in stock.all()} == {"pen": 1, "free": None}


def test_many_rows_that_are_too_many_for_the_block_are_not_said_to_be_written(orders: Persistence) -> None:
    with pytest.raises(UnsupportedQuery, match="at most 100 items") as refused, transaction():
        orders.model.objects.bulk_create([orders.model(profile_id=f"{number}") for number in range(120)])
    assert "already been created" not in str(refused.value)
    assert not orders.model.objects.exists()


def test_a_block_inside_another_takes_back_only_its_own_part(profiles: Persistence) -> None:
    second = profiles.model(profile_id="2")
    with transaction():
        profiles.model(profile_id="1").save()
        with pytest.raises(LookupError), transaction():  # noqa: PT012 (raised at its end)
            second.save()
            raise LookupError
        assert second._state.adding
        with transaction():
            profiles.model(profile_id="3").save()
        assert _held(profiles) == {}
        second.save()
    assert _held(profiles).keys() == {"1", "2", "3"}
    with pytest.raises(UnsupportedQuery, match="token"), transaction(), transaction(token="x"):
        pass


def test_a_transaction_is_used_once() -> None:
    used = transaction()
    with used:
        pass
    with pytest.raises(RuntimeError, match="used only once"), used:
        pass
    with pytest.raises(ValueError, match="36"):
        transaction(token="with space")


def test_other_threads_are_not_in_it(profiles: Persistence) -> None:
    with transaction():
        profiles.model(profile_id="mine").save()
        other = threading.Thread(target=profiles.model(profile_id="theirs").save)
        other.start()
        other.join()
        assert _held(profiles).keys() == {"theirs"}
    assert _held(profiles).keys() == {"mine", "theirs"}


def test_tasks_have_transactions_of_their_own(profiles: Persistence) -> None:

    async def write(name: str, *, fails: bool = False) -> None:
        async with transaction():
            await asyncio.gather(profiles.model(profile_id=name).asave(), profiles.model(profile_id=f"{name}2").asave())
            if fails:
                raise LookupError

    async def both() -> list[Any]:
        return await asyncio.gather(write("a"), write("b", fails=True), write("c"), return_exceptions=True)

    answers = async_to_sync(both)()
    assert [type(answer) for answer in answers] == [type(None), LookupError, type(None)]
    assert _held(profiles).keys() == {"a", "a2", "c", "c2"}


def test_a_task_that_outlives_the_block_writes_on_its_own(profiles: Persistence) -> None:
    async def run() -> None:
        ended = asyncio.Event()

        async def later() -> None:
            await ended.wait()
            await profiles.model(profile_id="late").asave()

        async with transaction():
            task = asyncio.create_task(later())
            await asyncio.sleep(0)
        ended.set()
        await task

    async_to_sync(run)()
    assert _held(profiles).keys() == {"late"}


def test_many_items_are_read_as_of_one_moment(profiles: Persistence, orders: Persistence) -> None:
    ada = profiles.model(profile_id="ada", age=36)
    ada.save()
    orders.model(profile_id="7", age=2).save()
    got = transaction.get(
        orders.model.objects.filter(pk="7"),
        profiles.model.objects.filter(pk="nobody"),
        ada,
        orders.model.objects.filter(pk="7", age=3),
        orders.model.objects.filter(pk="7").values_list("age", flat=True),
    )
    assert [got[0].age, got[1], got[2].age, got[3], got[4]] == [2, None, 36, None, 2]
    assert got[2] == ada
    got[2].age = 37
    got[2].save()
    assert transaction.get() == []
    with pytest.raises(UnsupportedQuery, match="at most 100"):
        transaction.get(*(profiles.model.objects.filter(pk=str(number)) for number in range(101)))


class RememberingEngine(EndpointEngine):
    """An engine that is known to remember tokens, as Amazon does."""

    keeps_tokens = True


def test_a_lost_answer_makes_no_second_write(profiles: Persistence, engine: engines.Engine) -> None:
    profiles.model(profile_id="counter", age=1).save()
    assert engine.endpoint_url is not None
    with (
        FaultProxy(engine.endpoint_url, [Fault.DROP_AFTER, Fault.DROP_BEFORE], operations={"TransactWriteItems"}) as p,
        engines.use(RememberingEngine(p.url)),
        transaction(),
    ):
        profiles.model(profile_id="new").save()
        profiles.model.objects.filter(pk="counter").update(age=F("age") + 1)
    assert [exchange.fault for exchange in p.exchanges if exchange.operation == "TransactWriteItems"][:2] == [
        Fault.DROP_AFTER,
        Fault.DROP_BEFORE,
    ]
    assert _held(profiles) == {"counter": "2", "new": None}


def test_a_token_makes_a_second_sending_no_second_write(orders: Persistence) -> None:
    orders.model(profile_id="counter", age=1).save()
    for _ in range(2):
        with transaction(token="order-7"):
            orders.model.objects.filter(pk="counter").update(age=F("age") + 1)
    assert _held(orders) == {"counter": "2"}


@pytest.mark.parametrize(("fault", "error"), [("DROP_AFTER", WriteOutcomeUnknown), ("DROP_BEFORE", None)])
def test_without_an_answer_at_all_nobody_knows(
    profiles: Persistence, engine: engines.Engine, fault: str, error: Any
) -> None:
    row = profiles.model(profile_id="ada")
    assert engine.endpoint_url is not None
    with (
        FaultProxy(engine.endpoint_url, [Fault[fault]] * 3) as proxy,
        engines.use(EndpointEngine(proxy.url)),
        pytest.raises(error or (WriteOutcomeUnknown, EngineUnavailable)),
        transaction(),
    ):
        row.save()
    assert row._state.adding


def test_a_missing_table_is_named(make_persistence: MakePersistence, profiles: Persistence) -> None:
    with pytest.raises(TableMissing, match="synctables"), transaction():
        make_persistence(table="not_there").put_item({"profile_id": {"S": "a"}})


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.SERVER_ERROR_AFTER])
def test_without_an_answer_an_engine_that_forgets_tokens_is_not_asked_again(
    profiles: Persistence, engine: engines.Engine, fault: Fault
) -> None:
    assert engine.endpoint_url is not None
    with (
        FaultProxy(engine.endpoint_url, [fault]) as proxy,
        engines.use(EndpointEngine(proxy.url)),
        pytest.raises(WriteOutcomeUnknown),
        transaction(),
    ):
        profiles.model(profile_id="ada").save()
    assert [exchange.operation for exchange in proxy.exchanges] == ["TransactWriteItems"]
    assert _held(profiles) == ({} if fault is Fault.DROP_BEFORE else {"ada": None})


def test_when_it_cannot_be_read_what_a_repeated_put_met_nobody_knows(
    profiles: Persistence, engine: engines.Engine
) -> None:
    assert engine.endpoint_url is not None
    with (
        FaultProxy(engine.endpoint_url, [Fault.DROP_AFTER], operations={"PutItem"}) as puts,
        FaultProxy(puts.url, [Fault.DROP_BEFORE] * 3, operations={"GetItem"}) as proxy,
        engines.use(EndpointEngine(proxy.url)),
        # DynamoDB Local doesn't send the item along with its refusal, so it has to be read.
        pytest.raises(WriteOutcomeUnknown) if engine.name == "dynamodb-local" else nullcontext(),
    ):
        profiles.model(profile_id="ada").save(force_insert=True)
    assert _held(profiles) == {"ada": None}
