"""Conditional writes say why they failed, and send nothing that they needn't."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test.utils import override_settings

from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence, engines, transaction
from macaron_django.dynamodb.calls import call_attempts
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.exceptions import ItemAbsent, ItemChanged, ItemExists, StaleItem, WriteOutcomeUnknown
from macaron_django.testing import Fault, FaultProxy, engine_in_memory

MakePersistence = Callable[..., Persistence]

KEY = {"profile_id": {"S": "a"}}
STORED = {**KEY, "name": {"S": "Ada"}, "version": {"N": "3"}, "photo": {"B": b"\x00\xff"}}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that are sent, each attempt at them."""
    operations: list[str] = []
    block = call_attempts._CallAttempt.block

    def noted(attempt: call_attempts._CallAttempt) -> Any:
        operations.append(attempt.operation)
        return block(attempt)

    monkeypatch.setattr(call_attempts._CallAttempt, "block", noted)
    return operations


@pytest.fixture(params=[True, False], ids=["fast lane", "botocore"])
def lane(request: pytest.FixtureRequest, engine: engines.Engine) -> Iterator[None]:
    """Calls go through the fast lane, or through botocore."""
    own = {**_given(), "FAST_LANE": request.param}
    with override_settings(MACARON={"DYNAMODB": own}):
        yield
    reset()


def _given() -> dict[str, Any]:
    return {"TABLE_PREFIX": settings.DYNAMODB.TABLE_PREFIX, "MAX_ATTEMPTS": 3, "READ_TIMEOUT": 60.0}


@pytest.fixture
def persistence(engine: engines.Engine, lane: None, make_table: MakePersistence, sent: list[str]) -> Persistence:
    persistence = make_table()
    persistence.put_item(STORED)
    sent.clear()
    return persistence


def looks(engine: engines.Engine) -> list[str]:
    """What has to be sent to tell an absent item from a changed one after a refusal that has no item."""
    return [] if engine.returns_refused_items else ["GetItem"]


def test_one_update_sets_removes_and_adds(persistence: Persistence, sent: list[str]) -> None:
    after = persistence.update_item(
        KEY,
        {"name": {"S": "Grace"}},
        ["photo"],
        {"version": {"N": "1"}},
        condition="present",
        expected={"version": {"N": "3"}, "email": None},
    )
    assert after == {**KEY, "name": {"S": "Grace"}, "version": {"N": "4"}}
    assert sent == ["UpdateItem"]


def test_an_update_of_what_has_changed_says_what_is_there(
    persistence: Persistence, sent: list[str], engine: engines.Engine
) -> None:
    with pytest.raises(ItemChanged, match=r"The Profile with profile_id 'a' was changed since it was loaded") as error:
        persistence.update_item(KEY, add={"version": {"N": "1"}}, condition="present", expected={"version": {"N": "2"}})
    assert (error.value.schema, error.value.key, error.value.item) == ("Profile", KEY, STORED)
    assert sent == ["UpdateItem", *looks(engine)]
    assert persistence.get_item(KEY, consistent=True) == STORED


def test_an_attribute_that_must_be_missing_is_a_change(persistence: Persistence) -> None:
    with pytest.raises(ItemChanged):
        persistence.update_item(KEY, {"age": {"N": "1"}}, expected={"name": None})


@pytest.mark.parametrize(("expected", "told"), [({}, True), ({"version": {"N": "3"}}, False)])
def test_an_update_of_an_absent_item_says_so(
    persistence: Persistence, sent: list[str], engine: engines.Engine, expected: Any, told: bool
) -> None:
    absent = {"profile_id": {"S": "b"}}
    with pytest.raises(ItemAbsent, match="There is no Profile with profile_id 'b'") as error:
        persistence.update_item(absent, {"name": {"S": "x"}}, condition="present", expected=expected)
    assert (error.value.schema, error.value.key, error.value.item) == ("Profile", absent, None)
    assert isinstance(error.value, StaleItem)
    # That the item isn't there is the only reason where nothing else was required.
    assert sent == ["UpdateItem", *([] if told else looks(engine))]
    assert persistence.get_item(absent, consistent=True) is None


def test_an_update_that_must_make_the_item_says_that_it_exists(persistence: Persistence, sent: list[str]) -> None:
    with pytest.raises(ItemExists):
        persistence.update_item(KEY, {"name": {"S": "x"}}, condition="absent")
    assert sent == ["UpdateItem"]


def test_an_update_of_nothing_is_one_read(persistence: Persistence, sent: list[str]) -> None:
    assert persistence.update_item(KEY, condition="present", expected={"version": {"N": "3"}}) == STORED
    with pytest.raises(ItemChanged):
        persistence.update_item(KEY, condition="present", expected={"version": {"N": "2"}})
    with pytest.raises(ItemAbsent):
        persistence.update_item({"profile_id": {"S": "b"}}, condition="present")
    assert sent == ["GetItem"] * 3


def test_a_key_that_no_item_can_have_is_absent_without_a_call(persistence: Persistence, sent: list[str]) -> None:
    impossible = {"profile_id": {"S": ""}}
    with pytest.raises(ItemAbsent):
        persistence.update_item(impossible, {"name": {"S": "x"}}, condition="present")
    with pytest.raises(ItemAbsent):
        persistence.delete_item(impossible, condition="present")
    assert persistence.pop_item(impossible) is None
    assert sent == []


def test_a_put_over_what_has_changed_says_what_is_there(persistence: Persistence) -> None:
    with pytest.raises(ItemChanged) as error:
        persistence.put_item({**STORED, "version": {"N": "9"}}, expected={"version": {"N": "8"}})
    assert error.value.item == STORED
    with pytest.raises(ItemAbsent):
        persistence.put_item({"profile_id": {"S": "b"}}, condition="present", expected={"version": {"N": "8"}})


def test_a_deleted_item_is_returned_as_it_was(persistence: Persistence, sent: list[str]) -> None:
    assert persistence.pop_item(KEY, condition="present", expected={"version": {"N": "3"}}) == STORED
    assert persistence.pop_item(KEY) is None
    assert persistence.delete_item(KEY) is False
    assert sent == ["DeleteItem"] * 3


def test_a_delete_says_whether_the_item_is_absent_or_changed(
    persistence: Persistence, sent: list[str], engine: engines.Engine
) -> None:
    with pytest.raises(ItemChanged) as changed:
        persistence.delete_item(KEY, expected={"version": {"N": "2"}})
    assert changed.value.item == STORED
    assert sent == ["DeleteItem", *looks(engine)]
    sent.clear()
    with pytest.raises(ItemAbsent):
        persistence.delete_item({"profile_id": {"S": "b"}}, condition="present")
    assert sent == ["DeleteItem"]


def test_a_condition_of_pynamodbs_is_never_looked_up(
    persistence: Persistence, sent: list[str], engine: engines.Engine
) -> None:
    table: Any = persistence.table
    with pytest.raises(StaleItem, match="doesn't match the query set") as error:
        persistence.delete_item(KEY, condition=table.name == "Grace")
    assert type(error.value) is (ItemChanged if engine.returns_refused_items else StaleItem)
    assert sent == ["DeleteItem"]


def test_in_a_transaction_the_end_of_the_block_raises(persistence: Persistence) -> None:
    with pytest.raises(StaleItem, match="Profile with profile_id 'a'"), transaction():  # noqa: PT012 (at its end)
        changed = persistence.update_item(KEY, add={"version": {"N": "1"}}, expected={"version": {"N": "2"}})
        assert changed == {}
    assert persistence.get_item(KEY, consistent=True) == STORED


@pytest.mark.parametrize("name", ["embedded", "moto"])
def test_an_engine_that_is_said_to_return_refused_items_does(name: str, make_table: MakePersistence) -> None:
    engine = engine_in_memory(name)
    with engines.use(engine):
        assert engine.returns_refused_items
        persistence = make_table(table=f"refused-{name}")
        persistence.put_item(STORED)
        for write in (
            lambda: persistence.put_item(KEY, expected={"version": {"N": "2"}}),
            lambda: persistence.update_item(KEY, add={"version": {"N": "1"}}, expected={"version": {"N": "2"}}),
            lambda: persistence.delete_item(KEY, expected={"version": {"N": "2"}}),
        ):
            with pytest.raises(ItemChanged) as error:
                write()
            assert error.value.item == STORED
        engine.stop()
    reset()


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.TRUNCATE, Fault.SERVER_ERROR_AFTER])
def test_a_version_that_is_added_to_is_added_to_once_under_faults(
    persistence: Persistence, engine: engines.Engine, fault: Fault
) -> None:
    assert engine.endpoint_url is not None
    with FaultProxy(engine.endpoint_url, [fault]) as proxy, engines.use(EndpointEngine(proxy.url)):
        after = persistence.update_item(
            KEY, {"name": {"S": "x"}}, add={"version": {"N": "1"}}, expected={"version": {"N": "3"}}
        )
    reset()
    assert after == persistence.get_item(KEY, consistent=True) == {**STORED, "name": {"S": "x"}, "version": {"N": "4"}}


def test_an_addition_that_no_expectation_guards_is_sent_once(persistence: Persistence, engine: engines.Engine) -> None:
    assert engine.endpoint_url is not None
    with FaultProxy(engine.endpoint_url, [Fault.DROP_AFTER]) as proxy, engines.use(EndpointEngine(proxy.url)):
        with pytest.raises(WriteOutcomeUnknown):
            persistence.update_item(KEY, add={"version": {"N": "1"}}, expected={"name": {"S": "Ada"}})
        assert [exchange.operation for exchange in proxy.exchanges] == ["UpdateItem"]
    reset()
    assert (persistence.get_item(KEY, consistent=True) or {})["version"] == {"N": "4"}
