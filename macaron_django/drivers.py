"""Runs reads and writes as steps: generators that yield each call they wait for and receive its answer.

One generator serves both kinds of callers: ``run`` blocks its thread during a call, and ``run_on_loop`` leaves the
event loop to others.
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

#: The most threads for calls that can't be awaited. They are started as they are needed.
_MOST_THREADS: Final = 64


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """Returns the threads of a process. A forked process doesn't inherit them."""
    return ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="macaron_django")


class StepCall(Protocol):
    """A call that a step waits for. Both methods return the answer, or raise the exception for the step."""

    def block(self) -> Any: ...

    async def wait(self) -> Any: ...


#: What a method does in steps; it returns ``R`` in the end.
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
    """Runs steps to their end and awaits each call. A cancelled call cancels the steps, which then clean up."""
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
    """Returns a method that runs the steps of ``method`` and blocks. Subclasses may override ``method``."""
    name = method.__name__

    @wraps(method)
    def blocks(self: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        return run(getattr(self, name)(*args, **kwargs))  # type: ignore[no-any-return]  # as the method is typed

    return blocks  # type: ignore[return-value]  # its first parameter is positional


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Returns what ``function`` returns in a thread, with this task's context variables.

    Before and after, the thread closes its database connections that are too old or broken. Django does that before and
    after a request, but no signal of a request reaches these threads.
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
    # Django's tests without databases raise it if an earlier test has left this thread a connection.
    with suppress(RuntimeError):
        close_old_connections()


class BlockingCall:
    """A call of a function that blocks: on an event loop it has a thread to itself."""

    __slots__ = ("_call",)

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._call = partial(function, *args, **kwargs)

    def block(self) -> Any:
        return self._call()

    async def wait(self) -> Any:
        return await in_thread(self._call)
