"""``with monitor(kind=…, method=…):``, PyMacaron's way to measure a part of a program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from macaron_django import events
from macaron_django.events import BLOCKS, BlockBegan, BlockEnded

__all__ = ["monitor", "monitor_init"]


@contextmanager
def monitor(kind: str = "Unknown", method: str = "Unknown") -> Iterator[None]:
    """Tells the subscribers of events how long a block takes. In Prometheus, that is
    ``macaron_block_duration_seconds``.

    ``kind`` says what is measured, such as "mail", and ``method`` what is done, such as "send". Both become labels of
    metrics: give them few different values. An exception passes through, and counts as a failure.

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
        del failure  # it would refer to itself through its traceback


def monitor_init(app: Any = None, config: Any = None, celery: bool = False) -> None:
    """Does nothing: the setting ``OBSERVABILITY["BACKENDS"]`` says where measurements go. PyMacaron's programs call it.

    PyMacaron sent measurements to Scout where the configuration had a ``scout_key``.
    """
