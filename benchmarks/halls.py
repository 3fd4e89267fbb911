"""Starts an engine and several stacks over it, for each part of the benchmark.

A hall is one engine with its stacks. When a part of the benchmark starts to measure, each stack already serves
requests, its table has profiles, and its responses have been checked against the spec.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue import STACKS
from measuring import Campaign, Point
from processes import THREADS, Engine, Serving, delayed, engine, serving
from profiles import PROFILES, check, seed
from tqdm import tqdm

__all__ = ["Hall", "Plan", "Row", "Skipped", "hall"]

tqdm.monitor_interval = 0  # no thread of its own: processes are started meanwhile

Row = dict[str, Any]


class Skipped(Exception):
    """The part can't be measured on this machine."""


@dataclass(frozen=True)
class Plan:
    """The options of the command line."""

    stacks: Sequence[str]
    rounds: int
    share: float  # of the requests of a round
    connections: int
    server: str | None  # instead of the default, where the stack's interface is the server's
    memory_requests: int
    keep: Callable[[Sequence[str], list[Row]], object]  # the section's path in the results, its rows
    note: Callable[[str, Row], object]  # a section that has no rows
    free: Path | None = None  # a free-threaded interpreter, in a virtualenv that has what the stacks need

    def of(self, count: int) -> int:
        return max(20, round(count * self.share))

    def among(self, *stacks: str) -> list[str]:
        """Returns the stacks of a part that the command line chooses."""
        return [stack for stack in stacks if stack in self.stacks]

    def campaign(self, part: str, points: Sequence[Point], *path: str) -> None:
        with tqdm(total=len(points) * self.rounds, desc=part, unit="step", mininterval=1) as progress:

            def step(name: str) -> None:
                progress.set_postfix_str(name)
                progress.update()

            Campaign(points).run(self.rounds, step, lambda rows: self.keep(path or (part,), rows))


class Hall:
    """An engine and the stacks over it, each with its own profiles."""

    def __init__(self, opened: ExitStack, of: Engine, connections: int) -> None:
        self._opened, self.engine, self._connections = opened, of, connections
        self._count = 0

    def serve(
        self,
        name: str,
        server: str | None = None,
        *,
        workers: int = 1,
        operations: int = 0,
        threads: int = THREADS,
        python: Path | None = None,
    ) -> Serving:
        """Starts a stack, fills its table, and checks its responses against the spec."""
        self._count += 1
        print(f"  {name} starts, and gets {PROFILES} profiles", file=sys.stderr, flush=True)
        started = self._opened.enter_context(
            serving(
                *(STACKS[name], self.engine, server),
                name=f"t{self._count}",
                workers=workers,
                operations=operations,
                threads=threads,
                python=python,
            )
        )
        seed(started, self._connections)
        check(started)
        return started


@contextmanager
def hall(plan: Plan, milliseconds: float = 0, connections: int = 0) -> Iterator[Hall]:
    """Yields an engine for stacks. ``milliseconds`` is the delay of requests to the engine."""
    with ExitStack() as opened:
        of = opened.enter_context(engine())
        if milliseconds:
            of = opened.enter_context(delayed(of, milliseconds))
        yield Hall(opened, of, connections or plan.connections)
