"""Steps run the same whether a thread blocks or an event loop goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest

from macaron_django import drivers
from macaron_django.drivers import BlockingCall, Steps, blocking, in_thread, run, run_on_loop

RUN: dict[str, Callable[[Any], Any]] = {
    "thread": run,
    "event loop": lambda steps: asyncio.run(run_on_loop(steps)),
}
name: ContextVar[str] = ContextVar("name", default="nobody")


@pytest.fixture(params=RUN)
def drive(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return RUN[request.param]


def _adding(*numbers: int) -> Steps[int]:
    total = 0
    for number in numbers:
        total = yield BlockingCall(int.__add__, total, number)
    return total


def test_each_step_is_sent_its_answer(drive: Callable[[Any], Any]) -> None:
    assert drive(_adding(1, 2, 3)) == 6
    assert drive(_adding()) == 0


def test_a_step_may_handle_what_its_call_raises(drive: Callable[[Any], Any]) -> None:
    def steps() -> Steps[str]:
        try:
            yield BlockingCall(int, "x")
        except ValueError:
            return (yield BlockingCall(str, "handled"))
        return "not raised"

    assert drive(steps()) == "handled"


def test_what_no_step_handles_is_raised(drive: Callable[[Any], Any]) -> None:
    ended = []

    def steps() -> Steps[None]:
        try:
            yield BlockingCall(int, "x")
        finally:
            ended.append(True)

    with pytest.raises(ValueError, match="invalid literal"):
        drive(steps())
    assert ended == [True]


def test_a_blocking_twin_does_what_its_objects_steps_do() -> None:
    class Adder:
        def add_steps(self, one: int, other: int) -> Steps[int]:
            return (yield BlockingCall(int.__add__, one, other))  # type: ignore[no-any-return]

        add = blocking(add_steps)

    class Doubler(Adder):
        def add_steps(self, one: int, other: int) -> Steps[int]:
            return 2 * (yield from super().add_steps(one, other))

    assert Adder().add(4, 5) == 9
    assert Doubler().add(4, 5) == 18


def test_on_a_loop_what_blocks_has_a_thread_and_the_tasks_context() -> None:
    def look() -> tuple[int, str]:
        return threading.get_ident(), name.get()

    async def main() -> tuple[int, str]:
        name.set("Ada")
        return await in_thread(look)

    thread, seen = asyncio.run(main())
    assert thread != threading.get_ident()
    assert seen == "Ada"


def test_a_cancelled_task_cancels_its_steps() -> None:
    class Never:
        def block(self) -> None: ...

        async def wait(self) -> None:
            await asyncio.sleep(60)

    seen: list[type[BaseException]] = []

    def steps() -> Steps[None]:
        try:
            yield Never()
        except BaseException as error:
            seen.append(type(error))
            raise

    async def main() -> None:
        task = asyncio.ensure_future(run_on_loop(steps()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen == [asyncio.CancelledError]


def test_a_thread_of_an_event_loop_closes_its_old_connections_around_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[str, int]] = []

    def note(what: str) -> None:
        noted.append((what, threading.get_ident()))

    def fail() -> None:
        note("call")
        raise ValueError("broken")

    monkeypatch.setattr(drivers, "close_old_connections", partial(note, "close"))
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(in_thread(fail))
    assert [what for what, _ in noted] == ["close", "call", "close"]
    assert {thread for _, thread in noted} != {threading.get_ident()}
    assert len({thread for _, thread in noted}) == 1
