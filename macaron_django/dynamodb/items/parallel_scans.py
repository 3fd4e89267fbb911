"""Reads one Scan in parallel segments, each in its own thread, and yields the items as they arrive."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Final, TypeAlias

from macaron_django.dynamodb.items.plan_reader import Match, PlanReader

__all__ = ["parallel_items"]

#: The number of items in each list that a thread passes on, and the number of lists that may wait for each segment.
_HANDFUL: Final = 100
_WAITING: Final = 4

Arrival: TypeAlias = "list[Match] | Exception | None"


def parallel_items(reader: PlanReader, segments: int) -> Iterator[Match]:
    """Yields the items of ``segments`` parallel Scans. A Query has no segments, so its items are read one after
    another.

    If the scan has a ``read_limit``, the limit is divided equally among the segments. Closing the iterator ends the
    threads.
    """
    if reader.plan.kind != "scan" or segments == 1:
        yield from reader.items()
        return
    arrivals: queue.Queue[Arrival] = queue.Queue(_WAITING * segments)
    stopped = threading.Event()
    with ThreadPoolExecutor(segments, thread_name_prefix="scan") as threads:
        try:
            for segment in range(segments):
                threads.submit(_read, _part(reader, segment, segments), arrivals, stopped)
            yield from _arriving(arrivals, segments)
        finally:
            stopped.set()


def _part(reader: PlanReader, segment: int, segments: int) -> PlanReader:
    cap = reader.plan.read_limit
    plan = reader.plan if cap is None else replace(reader.plan, read_limit=max(1, cap // segments))
    return replace(reader, plan=plan, segment=(segment, segments))


def _read(reader: PlanReader, arrivals: queue.Queue[Arrival], stopped: threading.Event) -> None:
    try:
        items = reader.items()
        while handful := list(islice(items, _HANDFUL)):
            _deliver(handful, arrivals, stopped)
            if stopped.is_set():
                return
    except Exception as error:  # noqa: BLE001 (raised again where the items are consumed)
        _deliver(error, arrivals, stopped)
    else:
        _deliver(None, arrivals, stopped)


def _deliver(arrival: Arrival, arrivals: queue.Queue[Arrival], stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            arrivals.put(arrival, timeout=0.1)
        except queue.Full:
            continue
        return


def _arriving(arrivals: queue.Queue[Arrival], segments: int) -> Iterator[Match]:
    running = segments
    while running:
        arrival = arrivals.get()
        if isinstance(arrival, Exception):
            raise arrival
        if arrival is None:
            running -= 1
        else:
            yield from arrival
