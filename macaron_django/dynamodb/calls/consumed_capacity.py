"""Adds up the capacity units that DynamoDB reports for the calls in a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

__all__ = ["Meter", "count_capacity", "metered"]


@dataclass
class Meter:
    """``units`` is the number of capacity units that a block has consumed. ``units`` is None until a response reports
    capacity units. Some engines never report capacity units.
    """

    units: float | None = None


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Adds up the units that the calls of this thread or task consume inside the block.

    >>> with metered() as meter:
    ...     count_capacity({"ConsumedCapacity": {"CapacityUnits": 0.5}})
    ...     count_capacity({"ConsumedCapacity": [{"CapacityUnits": 2.0}]})
    >>> meter.units
    2.5
    """
    meter = Meter()
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


def count_capacity(answer: Mapping[str, Any]) -> None:
    """Adds the capacity units of a response to the innermost ``metered`` block."""
    meter, consumed = _meter.get(), answer.get("ConsumedCapacity")
    if meter is None or not consumed:
        return
    tables = consumed if isinstance(consumed, list) else [consumed]
    meter.units = (meter.units or 0.0) + sum(table.get("CapacityUnits", 0.0) for table in tables)
