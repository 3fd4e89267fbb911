"""Signals and functions that wait for a transaction: in their order, after it, and never for one that failed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from macaron_django.dynamodb import Persistence, engines, on_commit, transaction
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import ItemExists, StaleItem, WriteOutcomeUnknown
from macaron_django.testing import Fault, FaultProxy

MakePersistence = Callable[..., Persistence]


class Announced:
    """The signals of a model, and whether the table then held what they announce."""

    def __init__(self, persistence: Persistence) -> None:
        self.persistence = persistence
        self.rows = persistence.model
        self.heard: list[tuple[str, str, Any]] = []

    def early(self, signal: Any, instance: Any, **_: Any) -> None:
        self.heard.append(("pre_save" if signal is pre_save else "pre_delete", instance.pk, self.held(instance.pk)))

    def late(self, signal: Any, instance: Any, created: bool | None = None, **_: Any) -> None:
        name = {True: "created", False: "saved", None: "deleted"}[created]
        self.heard.append((name, instance.pk, self.held(instance.pk)))

    def held(self, key: str) -> Any:
        """The age of the item that the table holds; None without an item."""
        item = self.persistence.get_item(self.persistence.key(key), consistent=True)
        return None if item is None else int(item.get("age", {"N": "0"})["N"])

    def __call__(self) -> list[tuple[str, str, Any]]:
        heard, self.heard = self.heard, []
        return [each for each in heard if not each[0].startswith("pre_")]


@pytest.fixture
def announced(engine: engines.Engine, make_rows: MakePersistence) -> Iterator[Announced]:
    made = Announced(make_rows(scan="allowed"))
    for signal in (pre_save, pre_delete):
        signal.connect(made.early, sender=made.rows)
    for signal in (post_save, post_delete):
        signal.connect(made.late, sender=made.rows)
    yield made
    for signal in (pre_save, pre_delete):
        signal.disconnect(made.early, sender=made.rows)
    for signal in (post_save, post_delete):
        signal.disconnect(made.late, sender=made.rows)


def test_a_single_write_is_announced_when_the_table_holds_it(announced: Announced) -> None:
    ada = announced.rows(profile_id="ada", age=1)
    ada.save()
    assert announced.heard == [("pre_save", "ada", None), ("created", "ada", 1)]
    announced()
    ada.age = 2
    ada.save()
    announced.rows.objects.create(profile_id="bo", age=5)
    ada.delete()
    announced.rows.objects.filter(pk="bo").delete()
    assert announced() == [("saved", "ada", 2), ("created", "bo", 5), ("deleted", "ada", None), ("deleted", "bo", None)]


def test_a_new_row_whose_key_is_taken_is_announced_as_saved_not_created(announced: Announced) -> None:
    announced.rows(profile_id="ada", age=1).save()
    announced.rows(profile_id="ada", age=2).save()
    assert announced() == [("created", "ada", 1), ("saved", "ada", 2)]


def test_a_refused_write_is_not_announced(announced: Announced) -> None:
    announced.rows(profile_id="ada", age=1).save()
    announced()
    with pytest.raises(ItemExists):
        announced.rows.objects.create(profile_id="ada", age=2)
    gone = announced.rows.objects.get(pk="ada")
    announced.rows.objects.filter(pk="ada").delete()
    announced()
    with pytest.raises(StaleItem):
        gone.save(force_update=True)
    assert announced() == []


def test_in_a_transaction_everything_is_announced_after_it_in_its_order(announced: Announced) -> None:
    old = announced.rows.objects.create(profile_id="old", age=1)
    other = announced.rows.objects.create(profile_id="other", age=1)
    announced()
    told: list[Any] = []
    with transaction():
        announced.rows(profile_id="ada", age=7).save()
        on_commit(lambda: told.append(announced.held("ada")))
        other.age = 2
        other.save()
        old.delete()
        assert announced() == []
        assert told == []
    assert announced() == [("created", "ada", 7), ("saved", "other", 2), ("deleted", "old", None)]
    assert told == [7]


def test_rows_of_a_query_set_are_announced_after_the_transaction_too(announced: Announced) -> None:
    for name in ("a", "b"):
        announced.rows.objects.create(profile_id=name, age=1)
    announced()
    with transaction():
        announced.rows.objects.all().delete()
        assert announced() == []
    assert sorted(announced()) == [("deleted", "a", None), ("deleted", "b", None)]


@pytest.mark.parametrize("how", ["taken", "raised", "stale"])
def test_a_transaction_that_fails_announces_nothing(announced: Announced, how: str) -> None:
    kept = announced.rows.objects.create(profile_id="kept", age=1)
    announced.rows.objects.filter(pk="kept").delete()
    announced.rows.objects.create(profile_id="taken", age=1)
    announced()
    with pytest.raises((ItemExists, StaleItem, LookupError)), transaction():  # noqa: PT012 (raised at its end)
        announced.rows(profile_id="ada").save()
        on_commit(lambda: pytest.fail("called for a transaction that failed"))
        if how == "taken":
            announced.rows(profile_id="taken").save()
        elif how == "stale":
            kept.delete()
        else:
            raise LookupError
    assert announced() == []
    with transaction():  # which has nothing of the one before
        pass
    assert announced() == []


def test_a_block_inside_another_waits_for_the_outer_one(announced: Announced) -> None:
    told: list[str] = []
    with transaction():
        announced.rows(profile_id="outer", age=1).save()
        with transaction():
            announced.rows(profile_id="inner", age=1).save()
            on_commit(lambda: told.append("inner"))
        on_commit(lambda: told.append("outer"))
        assert (announced(), told) == ([], [])
    assert announced() == [("created", "outer", 1), ("created", "inner", 1)]
    assert told == ["inner", "outer"]


def test_a_block_inside_another_that_fails_announces_nothing_of_its_own(announced: Announced) -> None:
    told: list[str] = []
    with transaction():
        announced.rows(profile_id="outer", age=1).save()
        with pytest.raises(LookupError), transaction():  # noqa: PT012 (all of it is one transaction)
            announced.rows(profile_id="inner", age=1).save()
            on_commit(lambda: told.append("inner"))
            raise LookupError
        on_commit(lambda: told.append("outer"))
    assert announced() == [("created", "outer", 1)]
    assert told == ["outer"]


def test_asynchronous_writes_are_announced_alike(announced: Announced) -> None:
    async def write() -> list[Any]:
        await announced.rows(profile_id="single", age=1).asave()
        async with transaction():
            await announced.rows.objects.acreate(profile_id="ada", age=2)
            await announced.rows(profile_id="bo", age=3).asave()
            on_commit(lambda: told.append(announced.held("bo")))
            before = list(told)
        async with transaction():
            bo = await announced.rows.objects.aget(pk="bo")
            await bo.adelete()
        with pytest.raises(ItemExists):  # noqa: PT012 (raised at its end)
            async with transaction():
                await announced.rows.objects.acreate(profile_id="new")
                await announced.rows.objects.acreate(profile_id="ada")
        return before

    told: list[Any] = []
    assert async_to_sync(write)() == []
    assert told == [3]
    created = [("created", "single", 1), ("created", "ada", 2), ("created", "bo", 3)]
    assert announced() == [*created, ("deleted", "bo", None)]


def test_a_task_that_outlives_the_transaction_it_was_started_in_commits_its_own(announced: Announced) -> None:
    told: list[str] = []

    async def late(entered: asyncio.Event, left: asyncio.Event) -> None:
        async with transaction():
            await announced.rows.objects.acreate(profile_id="late", age=1)
            on_commit(lambda: told.append("late"))
            entered.set()
            await left.wait()

    async def both() -> None:
        entered, left = asyncio.Event(), asyncio.Event()
        async with transaction():
            task = asyncio.create_task(late(entered, left))
            await entered.wait()
        assert announced() == []
        left.set()
        await task

    async_to_sync(both)()
    assert announced() == [("created", "late", 1)]
    assert told == ["late"]


def test_other_threads_announce_their_writes_at_once(announced: Announced) -> None:
    with transaction():
        thread = threading.Thread(target=lambda: announced.rows(profile_id="thread", age=1).save())
        thread.start()
        thread.join()
        assert announced() == [("created", "thread", 1)]


def test_bulk_writes_announce_what_django_does(announced: Announced) -> None:
    rows = announced.rows.objects.bulk_create([announced.rows(profile_id=str(number), age=1) for number in range(3)])
    assert announced() == []  # as in Django
    with transaction():
        for row in rows:
            row.age = 2
        announced.rows.objects.bulk_update(rows, ["age"])
        assert announced() == []
    assert announced() == [("saved", str(number), 2) for number in range(3)]


def test_a_function_that_raises_leaves_what_was_written_and_lets_the_others_run(
    announced: Announced, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(why: str) -> Callable[[], object]:
        def function() -> object:
            raise LookupError(why)

        return function

    told: list[str] = []
    ada = announced.rows(profile_id="ada", age=1)
    with pytest.raises(LookupError, match="first"), transaction():  # noqa: PT012 (raised at its end)
        ada.save()
        on_commit(fail("first"))
        on_commit(lambda: told.append("between"))
        on_commit(fail("second"))
    assert told == ["between"]
    assert not ada._state.adding
    assert announced() == [("created", "ada", 1)]
    assert "LookupError: second" in caplog.text


def test_a_function_may_write_in_a_transaction_of_its_own(announced: Announced) -> None:
    def next_one() -> None:
        with transaction():
            announced.rows(profile_id="second", age=2).save()

    with transaction():
        announced.rows(profile_id="first", age=1).save()
        on_commit(next_one)
    assert announced() == [("created", "first", 1), ("created", "second", 2)]


def test_outside_of_a_transaction_a_function_is_called_at_once(engine: engines.Engine) -> None:
    told: list[str] = []
    on_commit(lambda: told.append("now"))
    assert told == ["now"]
    with transaction():
        on_commit(lambda: told.append("without a write"))
        assert told == ["now"]
    assert told == ["now", "without a write"]


def test_a_transaction_of_unknown_outcome_announces_nothing(announced: Announced, engine: engines.Engine) -> None:
    assert engine.endpoint_url is not None
    with (  # noqa: PT012 (raised at its end)
        FaultProxy(engine.endpoint_url, [Fault.DROP_AFTER], operations={"TransactWriteItems"}) as proxy,
        engines.use(EndpointEngine(proxy.url)),
        pytest.raises(WriteOutcomeUnknown),
        transaction(),
    ):
        announced.rows(profile_id="ada", age=1).save()
        on_commit(lambda: pytest.fail("called for a transaction that got no answer"))
    assert announced() == []
    assert announced.held("ada") == 1
