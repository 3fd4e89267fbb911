"""Measures points in turns, round by round, and returns rows of the results with medians of the rounds.

A point is a running stack and the requests that it gets. parts.py defines the points. All points are measured in the
same way.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from client import Exchange
from processes import Engine, Serving

__all__ = ["Campaign", "Point"]


@dataclass(frozen=True)
class Point:
    """A running stack with its requests. ``labels`` identify the point in the results."""

    serving: Serving
    labels: Mapping[str, object]
    requests: Sequence[Exchange]
    status: int = 200
    connections: int = 4
    engine: Engine | None = None  # if the costs of the engine and the client are measured, too
    memory: bool = False  # if the worker's memory is measured, too
    switches: bool = False  # if context switches are measured, too


def measure(point: Point) -> dict[str, float]:
    """Measures one round of one point."""
    serving, count = point.serving, len(point.requests)
    others = (lambda: time.process_time() + point.engine.cpu_seconds()) if point.engine else time.process_time  # type: ignore[union-attr]
    switched = serving.switches() if point.switches else 0
    beside, cpu, began = others(), serving.cpu_seconds(), time.perf_counter()
    seconds = serving.send(point.requests, point.status, point.connections)
    elapsed, cpu = time.perf_counter() - began, serving.cpu_seconds() - cpu
    ordered = sorted(seconds)
    figures = {
        "cpu_ms": cpu * 1000 / count,
        "rps": count / elapsed,
        "p50_ms": ordered[count // 2] * 1000,
        "p99_ms": ordered[int(count * 0.99)] * 1000,
    }
    if point.switches:
        figures["switches"] = (serving.switches() - switched) / count
    if point.engine:
        figures["beside_ms"] = (others() - beside) * 1000 / count
    return figures


class Campaign:
    """Measures all points in turn in each round, so that other work of the machine slows all of them."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = points
        self.measured: dict[int, list[dict[str, float]]] = defaultdict(list)

    def run(
        self, rounds: int, step: Callable[[str], object], keep: Callable[[list[dict[str, object]]], object]
    ) -> None:
        """Calls ``step`` with a point's name before measuring it, and ``keep`` with all rows after each round."""
        for point in self.points:  # creates the objects that only the first request needs
            point.serving.send(point.requests[:40], point.status, point.connections)
        for _ in range(rounds):
            try:
                for number, point in enumerate(self.points):
                    step(" ".join(map(str, point.labels.values())))
                    self.measured[number].append(measure(point))
            finally:
                keep(self.rows())

    def rows(self) -> list[dict[str, object]]:
        rows = []
        for number, rounds in self.measured.items():
            point = self.points[number]
            medians = {name: round(statistics.median(each[name] for each in rounds), 3) for name in rounds[0]}
            memory = {"rss_mb": round(point.serving.rss_mb(), 1)} if point.memory else {}
            rows.append({**point.labels, **medians, **memory})
        return rows
