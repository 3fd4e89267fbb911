"""What is measured: the rows of the results, the sweeps, the servers, memory and start-up.

In: what the command line asks for. Out: sections of the results, kept after each round. How one point is measured is
measuring.py's; how a stack is served, processes.py's.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue import PLAIN, SERVERS, STACKS, Stack
from measuring import Campaign, Point
from processes import Engine, Serving, engine, environment, serving
from profiles import EXPECTED, OPERATIONS, PROFILES, body_of, check, exchanges, large, mixed, pages, seed
from tqdm import tqdm

__all__ = ["PARTS", "SWEEPS", "Plan"]

tqdm.monitor_interval = 0  # no thread of its own: processes are started meanwhile

Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What the command line asks for."""

    stacks: Sequence[str]
    rounds: int
    share: float  # of the requests of a round
    connections: int
    server: str | None  # instead of the default, where the stack's interface is the server's
    memory_requests: int
    keep: Callable[[Sequence[str], list[Row]], object]  # the section's path in the results, its rows

    def of(self, count: int) -> int:
        return max(20, round(count * self.share))

    def among(self, *stacks: str) -> list[str]:
        """Those that a part is for, if asked for."""
        return [stack for stack in stacks if stack in self.stacks]

    def campaign(self, part: str, points: Sequence[Point], *path: str) -> None:
        with tqdm(total=len(points) * self.rounds, desc=part, unit="step", mininterval=1) as progress:

            def step(name: str) -> None:
                progress.set_postfix_str(name)
                progress.update()

            Campaign(points).run(self.rounds, step, lambda rows: self.keep(path or (part,), rows))


class _Hall:
    """An engine, and stacks beside each other over it, each with profiles of its own."""

    def __init__(self, opened: ExitStack, of: Engine, connections: int) -> None:
        self._opened, self.engine, self._connections = opened, of, connections
        self._count = 0

    def serve(self, name: str, server: str | None = None, *, workers: int = 1, operations: int = 0) -> Serving:
        """Start a stack, seed it, and see that it does what the spec says."""
        self._count += 1
        print(f"  {name} starts, and gets {PROFILES} profiles", file=sys.stderr, flush=True)
        started = self._opened.enter_context(
            serving(STACKS[name], self.engine, server, name=f"t{self._count}", workers=workers, operations=operations)
        )
        seed(started, self._connections)
        check(started)
        return started


@contextmanager
def _hall(plan: Plan) -> Iterator[_Hall]:
    with ExitStack() as opened:
        yield _Hall(opened, opened.enter_context(engine()), plan.connections)


def _server_for(stack: Stack, wanted: str | None) -> str | None:
    """The server asked for, its variant for the stack's interface, or None: the default."""
    if wanted == "granian":
        return f"granian-{stack.interface}"
    return wanted if wanted and SERVERS[wanted].interface == stack.interface else None


def rows(plan: Plan) -> None:
    """Each stack, each operation."""
    with _hall(plan) as hall:
        served = [hall.serve(name, _server_for(STACKS[name], plan.server)) for name in plan.stacks]
        points = [
            Point(
                each,
                {"stack": each.stack.name, "server": each.server, "operation": operation},
                exchanges(operation, plan.of(count)),
                EXPECTED[operation],
                plan.connections,
                memory=True,
            )
            for operation, count in OPERATIONS.items()
            for each in served
        ]
        plan.campaign("rows", points)


#: page size → requests of a round; body's KB → the same
PAGES = {1: 600, 10: 400, 100: 120, 1000: 20}
BODIES = {0.25: 400, 2: 300, 20: 150, 100: 50, 300: 20}
MANY = (10, 100, 1000)
CLIENTS = (1, 4, 16, 64)
WORKERS = (1, 2)


def page_size(plan: Plan) -> None:
    with _hall(plan) as hall:
        served = [hall.serve(name) for name in plan.among("macaron", "drf", "fastapi-async", "django-floor")]
        points = [
            Point(each, {"stack": each.stack.name, "x": size}, pages(size, plan.of(count)))
            for size, count in PAGES.items()
            for each in served
        ]
        plan.campaign("page_size", points, "sweeps", "page_size")


def body_kb(plan: Plan) -> None:
    with _hall(plan) as hall:
        served = [hall.serve(name) for name in plan.among("macaron", "drf", "fastapi-async", "django-floor")]
        points = [
            Point(each, {"stack": each.stack.name, "x": size}, large(size, plan.of(count)))
            for size, count in BODIES.items()
            for each in served
        ]
        plan.campaign("body_kb", points, "sweeps", "body_kb")


def operations(plan: Plan) -> None:
    with _hall(plan) as hall:
        points = [
            Point(hall.serve(name, operations=number), {"stack": name, "x": number}, exchanges("get", plan.of(800)))
            for number in MANY
            for name in plan.among("macaron", "drf")
        ]
        plan.campaign("operations", points, "sweeps", "operations")


def clients(plan: Plan) -> None:
    with _hall(plan) as hall:
        served = [hall.serve(name) for name in plan.among("macaron", "drf", "fastapi-async", "django-floor")]
        points = [
            Point(each, {"stack": each.stack.name, "x": number}, exchanges("get", plan.of(800)), connections=number)
            for number in CLIENTS
            for each in served
        ]
        plan.campaign("clients", points, "sweeps", "clients")


def workers(plan: Plan) -> None:
    """Requests a second with one worker and with two; enough connections that each worker has some."""
    with _hall(plan) as hall:
        served = {
            (name, number): hall.serve(name, workers=number)
            for number in WORKERS
            for name in plan.among("macaron", "drf", "fastapi-async")
        }
        points = [
            Point(
                each,
                {"stack": name, "operation": operation, "x": number},
                exchanges(operation, plan.of(count)),
                connections=16,
                engine=hall.engine,
            )
            for operation, count in {"get": 1500, "list100": 200}.items()
            for (name, number), each in served.items()
        ]
        plan.campaign("workers", points, "sweeps", "workers")


#: interface → the servers that each stack is tried on: what most use, and what costs least
RIVALS = {"wsgi": ["gthread", "granian-wsgi"], "asgi": ["uvicorn", "granian-asgi"]}
TRIED = {name: list(SERVERS) if name == "macaron" else RIVALS[STACKS[name].interface] for name in PLAIN}


def servers(plan: Plan) -> None:
    with _hall(plan) as hall:
        served = [hall.serve(name, server) for name in plan.among(*TRIED) for server in TRIED[name]]
        points = [
            Point(
                each,
                {"stack": each.stack.name, "server": each.server, "operation": operation},
                exchanges(operation, plan.of(count)),
                memory=True,
            )
            for operation, count in {"get": 1000, "list100": 150}.items()
            for each in served
        ]
        plan.campaign("servers", points)


def memory(plan: Plan) -> None:
    """The worker's memory after 1,000 requests of all four operations, and on to the end, in tenths."""
    found: list[Row] = []
    tenths = [plan.memory_requests * tenth // 10 for tenth in range(1, 11)]
    marks = sorted({1000, *(tenth for tenth in tenths if tenth > 1000)})
    with _hall(plan) as hall:
        served = [hall.serve(name) for name in plan.among("macaron", "drf")]
        with tqdm(total=marks[-1] * len(served), desc="memory", unit="request", mininterval=1) as progress:
            for before, mark in zip([0, *marks], marks, strict=False):
                for each in served:
                    progress.set_postfix_str(each.stack.name)
                    for operation, requests in mixed(mark - before).items():
                        each.send(requests, EXPECTED[operation], plan.connections)
                    found.append({"stack": each.stack.name, "requests": mark, "rss_mb": round(each.rss_mb(), 1)})
                    progress.update(mark - before)
                    plan.keep(("memory",), found)


def start(plan: Plan) -> None:
    """From the start of Python to the first answer, without a server: importing, setting up, answering one get."""
    starts: dict[str, list[Row]] = {}
    command = [sys.executable, str(Path(__file__).resolve().parent / "stacks" / "first_answer.py")]
    with engine() as of:
        told = {name: environment(STACKS[name], of, f"start{name}") for name in plan.among("macaron", "drf")}
        for name in told:
            told[name].pop("PYTHONDONTWRITEBYTECODE", None)
            told[name]["PYTHONPYCACHEPREFIX"] = str(of.folder / "bytecode")  # as installed packages have it
            _put(of.url, told[name]["STACK_TABLE"], body_of(0, with_id=True))
        for number in tqdm(range(1 + max(5, plan.rounds)), desc="start", unit="round"):
            for name, variables in told.items():
                done = subprocess.run(
                    [*command, STACKS[name].module], env=variables, capture_output=True, text=True, check=False
                )
                if done.returncode:
                    sys.exit(f"{name} didn't answer:\n{done.stderr}")
                if number:  # the first leaves bytecode and the spec's cache, as any start but the first finds them
                    starts.setdefault(name, []).append(json.loads(done.stdout))
    plan.keep(
        ("start",),
        [
            {"stack": name, **{key: round(statistics.median(each[key] for each in found), 3) for key in found[0]}}
            for name, found in starts.items()
        ],
    )


def _put(url: str, table: str, body: bytes) -> None:
    import boto3

    resource = boto3.resource(
        "dynamodb", endpoint_url=url, region_name="eu-west-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    resource.Table(table).put_item(Item={**json.loads(body), "created": "2026-01-02T03:04:05.000000+0000"})


SWEEPS = {
    "page_size": page_size,
    "body_kb": body_kb,
    "operations": operations,
    "clients": clients,
    "workers": workers,
}
PARTS: dict[str, Callable[[Plan], None]] = {
    "rows": rows,
    "start": start,
    **SWEEPS,
    "servers": servers,
    "memory": memory,
}
