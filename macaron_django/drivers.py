"""Runs generators of the type ``Steps``. Such a generator yields each call that it must wait for, and receives the
call's result.

The same generator works in threads and on event loops: ``run`` blocks its thread during each call, and ``run_on_loop``
awaits each call.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import cache, partial, wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeAlias, TypeVar

from django.db import close_old_connections

__all__ = ["BlockingCall", "StepCall", "Steps", "blocking", "in_thread", "run", "run_on_loop"]

P = ParamSpec("P")
R = TypeVar("R")

#: The greatest number of threads for calls that can't be awaited. A thread starts when it is needed.
_MOST_THREADS: Final = 64


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """Returns the thread pool of a process. Each process has its own pool, because a fork doesn't inherit threads."""
    return ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="macaron_django")


class StepCall(Protocol):
    """A call that a ``Steps`` generator yields.

    Both methods return the call's result or raise its exception. The generator then receives this result or exception.
    """

    def block(self) -> Any: ...

    async def wait(self) -> Any: ...


#: A generator that yields calls, receives their results, and returns an ``R``.
Steps: TypeAlias = Generator[StepCall, Any, R]


def run(steps: Steps[R]) -> R:
    """Runs steps to their end and blocks during each call."""
    try:
        waiting = next(steps)
        while True:
            try:
                answer = waiting.block()
            except Exception as error:  # noqa: BLE001, PERF203 (the steps decide what an error means)
                waiting = steps.throw(error)
            else:
                waiting = steps.send(answer)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # as the generator is typed


async def run_on_loop(steps: Steps[R]) -> R:
    """Runs steps to their end and awaits each call.

    If a call is cancelled, the steps receive the ``CancelledError``, so that they can clean up.
    """
    try:
        waiting = next(steps)
        while True:
            try:
                answer = await waiting.wait()
            except BaseException as error:  # noqa: BLE001, PERF203 (the steps decide what an error means)
                waiting = steps.throw(error)
            else:
                waiting = steps.send(answer)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # as the generator is typed


def blocking(method: Callable[Concatenate[Any, P], Steps[R]]) -> Callable[Concatenate[Any, P], R]:
    """Returns a method that blocks while it runs the steps of ``method``. If a subclass overrides ``method``, the steps
    of the override run instead.
    """
    name = method.__name__

    @wraps(method)
    def blocks(self: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        return run(getattr(self, name)(*args, **kwargs))  # type: ignore[no-any-return]  # as the method is typed

    return blocks  # type: ignore[return-value]  # its first parameter is positional


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls ``function`` in a thread, with this task's context variables, and returns its result.

    Before and after the call, the thread closes its old and broken database connections. Django does this before
    and after each request, but uses signals that don't reach these threads.
    """
    call = partial(copy_context().run, partial(_between_requests, function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_threads(os.getpid()), call)


def _between_requests(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    _close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        _close_old_connections()


def _close_old_connections() -> None:
    # Some test cases of Django forbid databases. They raise this if an earlier test has left a connection in this
    # thread.
    with suppress(RuntimeError):
        close_old_connections()


class BlockingCall:
    """A call to a blocking function. On an event loop, the function runs in its own thread."""

    __slots__ = ("_call",)

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._call = partial(function, *args, **kwargs)

    def block(self) -> Any:
        return self._call()

    async def wait(self) -> Any:
        return await in_thread(self._call)
