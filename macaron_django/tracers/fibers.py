"""Lets blocking code wait for an awaitable without a separate thread, if greenlet is installed.

A tracer's wrapper is an ordinary function, and it calls another ordinary function. On an event loop, the wrapper runs
in a greenlet. When the wrapped function must wait, the greenlet yields to the loop.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar

__all__ = ["await_in_fiber", "can_await", "run_in_fiber"]

T = TypeVar("T")


@cache
def can_await() -> bool:
    """Returns whether greenlet is installed."""
    return find_spec("greenlet") is not None


async def run_in_fiber(function: Callable[[], T]) -> T:
    """Calls ``function`` in the context of the running task, and returns its result.

    ``function`` can call ``await_in_fiber``.
    """
    from greenlet import getcurrent, greenlet

    driver = getcurrent()
    fiber: Any = greenlet(function, driver)
    fiber.gr_context = driver.gr_context  # the same context, so that the caller sees what the function sets
    result = fiber.switch()
    while not fiber.dead:
        try:
            value = await result
        except BaseException:  # noqa: BLE001, PERF203 (the function must also get the exception of a cancelled task)
            result = fiber.throw(*sys.exc_info())
        else:
            result = fiber.switch(value)
    return result  # type: ignore[no-any-return]  # what the function has returned


def await_in_fiber(awaitable: Awaitable[T]) -> T:
    """Waits for ``awaitable`` inside of ``run_in_fiber``. Returns its result, or raises its exception."""
    from greenlet import getcurrent

    driver: Any = getcurrent().parent
    return driver.switch(awaitable)  # type: ignore[no-any-return]  # the driver sends the value
