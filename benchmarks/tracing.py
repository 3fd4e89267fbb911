"""Measures the cost of a request with tracing or error tracking, as a ratio to the same request without them.

    python benchmarks/tracing.py [--check] [--rounds 15] [--share 1.0] [--only NAME,…]

Each tracer has its own process, because a tracer patches Django and botocore as long as the process runs. Another
process has Django's handler without tracing. All processes use one engine. For each operation, they take turns.
benchmarks/README.md explains the measurement.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import catalogue
import specs
from processes import CODE, Engine, engine, make_table

TURNS = Path(__file__).with_name("tracing_turns.py")
#: operation → how many requests a turn makes
OPERATIONS = {"get": 200, "list100": 50, "put": 120, "create": 120}


@dataclass(frozen=True)
class Tracer:
    """The tracer that a process installs.

    ``limit`` is the highest allowed ratio to the same request through Django's handler.
    """

    name: str
    what: str
    limit: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


_OURS = {"STACK_OBSERVABILITY": "opentelemetry"}
BASE = Tracer("handler", "Django's handler, without tracing", environment={"STACK_FRONT": ""})
TRACERS = (
    BASE,
    Tracer("again", "the same process again: the error of the measurement", environment={"STACK_FRONT": ""}),
    Tracer("front", "the front, without tracing"),
    Tracer("ours-1", "this package's OpenTelemetry spans, 1%", 1.15, {**_OURS, "STACK_SAMPLED": "0.01"}),
    Tracer(
        "ours-100",
        "this package's OpenTelemetry spans, 100%, to an exporter that does nothing",
        1.8,
        {**_OURS, "STACK_SAMPLED": "1"},
    ),
    Tracer(
        *("django-1", "this package's spans and OpenTelemetry's Django instrumentation, 1%", 1.4),
        {**_OURS, "STACK_SAMPLED": "0.01", "STACK_TRACER": "django"},
    ),
    Tracer(
        *("theirs-1", "OpenTelemetry's instrumentation of Django and botocore, 1%", None),
        {"STACK_SAMPLED": "0.01", "STACK_TRACER": "django,botocore"},
    ),
    Tracer(
        *("theirs-100", "OpenTelemetry's instrumentation of Django and botocore, 100%", None),
        {"STACK_SAMPLED": "1", "STACK_TRACER": "django,botocore"},
    ),
    Tracer("sentry", "`sentry_sdk.init(dsn)`, without tracing", 1.3, {"STACK_TRACER": "sentry"}),
    Tracer(
        *("sentry-alone", "this package's Sentry backend instead of Sentry's integrations, without tracing", 1.3),
        {"STACK_TRACER": "sentry-alone", "STACK_OBSERVABILITY": "sentry"},
    ),
)


class Process:
    """A process with a tracer, which gets its commands as lines of text."""

    def __init__(self, tracer: Tracer, of: Engine, spec: Path) -> None:
        table = f"tracing_{tracer.name.replace('-', '_')}"
        make_table(of.url, table)
        text = specs.spec_text("plain", table)
        own = spec.with_name(f"{tracer.name}.yaml")
        own.write_text(text, "utf-8")
        told = {
            "STACK_ENDPOINT": of.url,
            "STACK_TABLE": table,
            "STACK_SPEC": str(own),
            "STACK_FRONT": "1",
            "XDG_CACHE_HOME": str(of.folder / "cache"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH")])),
            **tracer.environment,
        }
        self.tracer = tracer
        self._process = subprocess.Popen(
            [sys.executable, str(TURNS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=catalogue.own_python(told),
        )

    def ask(self, *what: object) -> str:
        """Sends a command and returns the line that the process answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(*what, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit(f"{self.tracer.name} has ended.")
        return answer.strip()

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def measured(chosen: Sequence[Tracer], rounds: int, share: float) -> dict[tuple[str, str], list[float]]:
    """Returns the CPU seconds of a request in each round, by tracer and operation."""
    found: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as opened:
        of = opened.enter_context(engine())
        spec = of.folder / "spec.yaml"
        processes = [Process(tracer, of, spec) for tracer in chosen]
        for each in processes:
            opened.callback(each.end)
        for each in processes:
            each.ask("seed", 0)
        for number in range(1 + rounds):
            for operation, count in OPERATIONS.items():
                random.Random(number).shuffle(processes)
                for each in processes:
                    seconds = float(each.ask(operation, max(2, round(count * share))))
                    if number:
                        found.setdefault((each.tracer.name, operation), []).append(seconds)
            print(f"tracing: round {number} of {rounds}", file=sys.stderr, flush=True)
    return found


def ratio(own: Sequence[float], others: Sequence[float]) -> float:
    """Returns the median of the ratios within rounds, because other work of the machine slows both sides of a round."""
    return statistics.median(mine / other for mine, other in zip(own, others, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what tracing costs: CPU time, as a ratio to Django's handler")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each process; default: %(default)s")
    parser.add_argument(
        "--share", type=float, default=1.0, help="the share of a turn's requests that is sent; default: %(default)s"
    )
    parser.add_argument("--only", default="", help="names of tracers, separated by commas")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    given = parser.parse_args()
    wanted = given.only.split(",") if given.only else [each.name for each in TRACERS]
    chosen = [each for each in TRACERS if each is BASE or each.name in wanted]
    found = measured(chosen, given.rounds, given.share)
    missed = 0
    print(f"| tracing | {' | '.join(OPERATIONS)} | target |\n|---|{'---:|' * len(OPERATIONS)}---:|")
    for each in chosen:
        cells = []
        for operation in OPERATIONS:
            own, others = found[each.name, operation], found[BASE.name, operation]
            value = ratio(own, others)
            missed += each.limit is not None and value > each.limit
            cells.append(f"{statistics.median(own) * 1000:.2f} ms" if each is BASE else f"{value:.2f}")
        print(f"| {each.what} | {' | '.join(cells)} | {each.limit or ''} |")
    return int(given.check and missed > 0)


if __name__ == "__main__":
    sys.exit(main())
