"""Determines how many threads a server's worker needs and how many it has, for ``manage.py check --deploy``.

``docs/explanation/scaling.md`` explains the formula.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["CPU_MS", "configured_threads", "is_starved", "needed_threads"]

#: The CPU time of a generated request, in milliseconds. ``make bench`` shows about this value for getting an item.
CPU_MS: Final = 0.5
#: The interfaces whose servers have an event loop.
_LOOPS: Final = ("asgi", "rsgi", "uvicorn", "gevent", "eventlet")


def needed_threads(waiting_ms: float, cpu_ms: float = CPU_MS) -> int:
    """Returns the number of threads that a worker needs to keep its core busy.

    A request waits ``waiting_ms`` for DynamoDB and computes for ``cpu_ms``, both in milliseconds.

    >>> needed_threads(5, 0.5)
    22
    """
    return math.ceil(2 * (1 + waiting_ms / cpu_ms))


def is_starved(threads: int, waiting_ms: float, cpu_ms: float = CPU_MS) -> bool:
    """Returns whether a worker has too few threads to keep a core busy, even if its threads never wait for each other.

    >>> is_starved(4, 5), is_starved(16, 5)
    (True, False)
    """
    return threads < 1 + waiting_ms / cpu_ms


def configured_threads(environment: Mapping[str, str]) -> int | None:
    """Returns the number of threads in each worker, from the environment variables of granian or gunicorn.

    Returns None if the variables don't set this number, or if the server has an event loop.
    """
    arguments = _words(environment.get("GUNICORN_CMD_ARGS", ""))
    kinds = (environment.get("GRANIAN_INTERFACE", "wsgi"), _option(arguments, "--worker-class", "-k") or "")
    if any(loop in kind for loop in _LOOPS for kind in kinds):
        return None
    given = environment.get("GRANIAN_BLOCKING_THREADS") or _option(arguments, "--threads")
    return int(given) if given and given.isdecimal() else None


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote isn't closed; gunicorn reports that
        return []


def _option(arguments: Sequence[str], *names: str) -> str | None:
    """Returns the last value of an option, which is written as ``--name value`` or ``--name=value``."""
    found = None
    for word, following in zip(arguments, [*arguments, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        if name in names:
            found = value if equals else following
    return found
