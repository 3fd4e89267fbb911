"""Code that blocks gives way to the event loop that it runs on, and sees what its task sees."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from macaron_django.tracers import await_in_fiber, run_in_fiber

span: ContextVar[str] = ContextVar("span", default="")


def test_others_run_while_it_waits():
    async def main() -> list[str]:
        seen: list[str] = []
        waiting = asyncio.Event()

        async def wait() -> str:
            await waiting.wait()
            return "waited"

        def blocks() -> str:
            seen.append("begun")
            seen.append(await_in_fiber(wait()))
            return "returned"

        task = asyncio.create_task(run_in_fiber(blocks))
        while not seen:
            await asyncio.sleep(0)
        seen.append("meanwhile")
        waiting.set()
        seen.append(await task)
        return seen

    assert asyncio.run(main()) == ["begun", "meanwhile", "waited", "returned"]


def test_what_it_awaits_raises_in_it():
    async def fail() -> None:
        raise LookupError("failed")

    def blocks() -> str:
        try:
            await_in_fiber(fail())
        except LookupError as error:
            return str(error)
        return ""

    assert asyncio.run(run_in_fiber(blocks)) == "failed"


def test_what_it_raises_is_raised():
    def blocks() -> None:
        raise LookupError("failed")

    with pytest.raises(LookupError, match="failed"):
        asyncio.run(run_in_fiber(blocks))


def test_each_task_has_its_own_context():
    async def look() -> str:
        await asyncio.sleep(0)
        return span.get()

    def blocks(name: str) -> tuple[str, str]:
        token = span.set(name)
        seen = await_in_fiber(look()), span.get()
        span.reset(token)
        return seen

    async def one(name: str) -> tuple[str, str, str]:
        return (*await run_in_fiber(lambda: blocks(name)), span.get())

    async def main() -> list[tuple[str, str, str]]:
        return await asyncio.gather(*map(one, "abc"))

    assert asyncio.run(main()) == [("a", "a", ""), ("b", "b", ""), ("c", "c", "")]


def test_a_cancelled_task_cancels_it():
    ended = []

    async def main() -> None:
        begun = asyncio.Event()

        async def wait() -> None:
            begun.set()
            await asyncio.Event().wait()

        def blocks() -> None:
            try:
                await_in_fiber(wait())
            finally:
                ended.append(True)

        task = asyncio.create_task(run_in_fiber(blocks))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended == [True]
