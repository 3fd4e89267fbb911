"""A progress bar for a terminal: how much is done, how fast, and how long the rest will take.

In go counts; out comes one line that is written over again and again, or nothing where nobody watches. Small enough
that it is no reason for a dependency.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

__all__ = ["ProgressBar"]

_WIDTH = 24
_INTERVAL = 0.2  # seconds between two lines


class ProgressBar:
    """``update`` it as often as you like; ``part``: how much of the whole is done, from 0 to 1, None if unknown."""

    def __init__(self, stream: TextIO, unit: str = "items", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._unit, self._clock = stream, unit, clock
        self._visible = stream.isatty()
        self._started = clock()
        self._shown = float("-inf")
        self._first: tuple[int, float] | None = None
        self._length = 0

    def update(self, count: int, part: float | None) -> None:
        now = self._clock()
        if self._first is None:  # what an earlier run has done says nothing about this one's speed
            self._first = count, part or 0.0
        if self._visible and now - self._shown >= _INTERVAL:
            self._shown = now
            self._write(self._line(count, part, now - self._started))

    def clear(self) -> None:
        """Leave an empty line, for whatever is printed next."""
        if self._length:
            self._stream.write("\r" + " " * self._length + "\r")
            self._stream.flush()
            self._length = 0

    def summary(self, count: int) -> str:
        """``12,345 items in 0:12 (1,028/s)``."""
        seconds = self._clock() - self._started
        return f"{count:,} {self._unit} in {_clock_text(seconds)} ({self._rate(count, seconds):,.0f}/s)"

    def _rate(self, count: int, seconds: float) -> float:
        first = self._first[0] if self._first is not None else 0
        return (count - first) / seconds if seconds > 0 else 0.0

    def _line(self, count: int, part: float | None, seconds: float) -> str:
        told = f"{count:,} {self._unit}, {self._rate(count, seconds):,.0f}/s"
        if part is None or self._first is None:
            return told
        part = min(max(part, 0.0), 1.0)
        bar = "#" * int(part * _WIDTH)
        fresh = part - self._first[1]
        left = f", {_clock_text(seconds / fresh * (1 - part))} left" if fresh > 0 else ""
        return f"[{bar:.<{_WIDTH}}] {part:4.0%}  {told}{left}"

    def _write(self, line: str) -> None:
        self._stream.write("\r" + line.ljust(self._length))
        self._stream.flush()
        self._length = len(line)


def _clock_text(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> _clock_text(75), _clock_text(3725)
    ('1:15', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
