"""Defines PyMacaron's ``with monitor(kind=…, method=…):``, which measures a part of a program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from macaron_django import events
from macaron_django.events import BLOCKS, BlockBegan, BlockEnded

__all__ = ["monitor", "monitor_init"]


@contextmanager
def monitor(kind: str = "Unknown", method: str = "Unknown") -> Iterator[None]:
    """Sends the duration of a block to the subscribers of events.

    ``kind`` is the name of the measured part, such as "mail". ``method`` is the name of the action, such as "send".
    Both names become labels of metrics, so use few different values. An exception in the block counts as a failure, and
    is raised unchanged. Prometheus's metric is ``macaron_block_duration_seconds``.

    >>> with monitor(kind="mail", method="send"):
    ...     ...
    """
    if not BLOCKS.subscribers:
        yield
        return
    within = events.within()
    observed = BLOCKS.begin(BlockBegan(kind, method, within))
    failure: BaseException | None = None
    try:
        yield
    except BaseException as error:
        failure = error
        raise
    finally:
        observed.leave()
        observed.end(BlockEnded(kind, method, within, observed.duration, failure))
        del failure  # the exception would refer to itself through its traceback


def monitor_init(app: Any = None, config: Any = None, celery: bool = False) -> None:
    """Does nothing, because the setting ``OBSERVABILITY["BACKENDS"]`` says where measurements go.

    PyMacaron's programs call this function. PyMacaron sent measurements to Scout if the configuration had a
    ``scout_key``.
    """
