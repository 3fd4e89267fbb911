"""Defines the parts of the benchmark: the rows of the results, the sweeps, the servers, memory and start-up.

Each part gets the options of the command line, and saves its section of the results after each round. measuring.py
measures a point, halls.py and processes.py serve the stacks, and distance.py has the part `latency`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from catalogue import PLAIN, SERVERS, STACKS, Stack
from distance import latency
from halls import Plan, Row, Skipped, hall
from hook_runs import in_process, through_server
from hooks import rows as hook_rows
from measuring import Point
from processes import Engine, engine, environment, is_free_threaded
from profiles import EXPECTED, OPERATIONS, body_of, exchanges, large, mixed, pages
from tqdm import tqdm

__all__ = ["PARTS", "SWEEPS"]


def _server_for(stack: Stack, wanted: str | None) -> str | None:
    """Returns the named server or its variant for the stack's interface, or None for the default server."""
    if wanted == "granian":
        wanted = f"granian-{stack.interface}"
    return wanted if wanted in SERVERS and SERVERS[wanted].interface == stack.interface else None


def rows(plan: Plan) -> None:
    """Measures each operation of each stack."""
    with hall(plan) as opened:
        served = [opened.serve(name, _server_for(STACKS[name], plan.server)) for name in plan.stacks]
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


#: page size → requests of a round; body size in KB → requests of a round
PAGES = {1: 600, 10: 400, 100: 120, 1000: 20}
BODIES = {0.25: 400, 2: 300, 20: 150, 100: 50, 300: 20}
MANY = (10, 100, 1000)
CLIENTS = (1, 4, 16, 64)
WORKERS = (1, 2)


#: The stacks of most sweeps.
SWEPT = ("macaron", "drf", "fastapi-async", "django-floor")


def page_size(plan: Plan) -> None:
    with hall(plan) as opened:
        served = [opened.serve(name) for name in plan.among(*SWEPT, "blacksheep-dynamoxy", "django-raw", "asgi-raw")]
        points = [
            Point(each, {"stack": each.stack.name, "x": size}, pages(size, plan.of(count)))
            for size, count in PAGES.items()
            for each in served
        ]
        plan.campaign("page_size", points, "sweeps", "page_size")


def body_kb(plan: Plan) -> None:
    with hall(plan) as opened:
        served = [opened.serve(name) for name in plan.among(*SWEPT)]
        points = [
            Point(each, {"stack": each.stack.name, "x": size}, large(size, plan.of(count)))
            for size, count in BODIES.items()
            for each in served
        ]
        plan.campaign("body_kb", points, "sweeps", "body_kb")


def operations(plan: Plan) -> None:
    with hall(plan) as opened:
        points = [
            Point(opened.serve(name, operations=number), {"stack": name, "x": number}, exchanges("get", plan.of(800)))
            for number in MANY
            for name in plan.among("macaron", "drf")
        ]
        plan.campaign("operations", points, "sweeps", "operations")


def clients(plan: Plan) -> None:
    with hall(plan) as opened:
        served = [opened.serve(name) for name in plan.among(*SWEPT)]
        points = [
            Point(each, {"stack": each.stack.name, "x": number}, exchanges("get", plan.of(800)), connections=number)
            for number in CLIENTS
            for each in served
        ]
        plan.campaign("clients", points, "sweeps", "clients")


def workers(plan: Plan) -> None:
    """Measures requests a second with one worker and with two. There are enough connections for both workers."""
    with hall(plan) as opened:
        served = {
            (name, number): opened.serve(name, workers=number)
            for number in WORKERS
            for name in plan.among("macaron", "drf", "fastapi-async")
        }
        points = [
            Point(
                each,
                {"stack": name, "operation": operation, "x": number},
                exchanges(operation, plan.of(count)),
                connections=16,
                engine=opened.engine,
            )
            for operation, count in {"get": 1500, "list100": 200}.items()
            for (name, number), each in served.items()
        ]
        plan.campaign("workers", points, "sweeps", "workers")


#: The number of workers, and of threads in each, to keep two cores busy.
WAYS = ((1, 2), (2, 1))
UNLOCKED = ("macaron", "django-raw", "wsgi-raw")


def free_threaded(plan: Plan) -> None:
    """Measures two threads of a process without Python's lock, two processes without it, and two processes with it."""
    if plan.free is None:
        raise Skipped("it takes a free-threaded Python: `make bench-free FREE_PYTHON=python3.14t`")
    if not is_free_threaded(plan.free):
        raise Skipped(f"{plan.free} has a lock")
    with hall(plan) as opened:
        served = [
            (opened.serve(name, workers=workers, threads=threads, python=python), python, workers, threads)
            for name in plan.among(*UNLOCKED)
            for python, (workers, threads) in ((plan.free, WAYS[0]), (plan.free, WAYS[1]), (None, WAYS[1]))
        ]
        points = [
            Point(
                each,
                {
                    "stack": each.stack.name,
                    "free": python is not None,
                    "workers": workers,
                    "threads": threads,
                    "operation": operation,
                },
                exchanges(operation, plan.of(count)),
                EXPECTED[operation],
                connections=16,
                engine=opened.engine,
                memory=True,
            )
            for operation, count in {"get": 1500, "list100": 200, "create": 800}.items()
            for each, python, workers, threads in served
        ]
        plan.campaign("free_threaded", points)


#: interface → the servers on which each stack is tried: the most common server, and the cheapest server
RIVALS = {"wsgi": ["gthread", "granian-wsgi"], "asgi": ["uvicorn", "granian-asgi"], "bolt": ["runbolt"]}
TRIED = {name: RIVALS[STACKS[name].interface] for name in PLAIN} | {
    "macaron": [name for name, server in SERVERS.items() if server.interface in ("wsgi", "asgi")]
}


def servers(plan: Plan) -> None:
    with hall(plan) as opened:
        served = [opened.serve(name, server) for name in plan.among(*TRIED) for server in TRIED[name]]
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
    """Measures the worker's memory after 1,000 requests of all four operations, and after each tenth of the rest."""
    found: list[Row] = []
    tenths = [plan.memory_requests * tenth // 10 for tenth in range(1, 11)]
    marks = sorted({1000, *(tenth for tenth in tenths if tenth > 1000)})
    with hall(plan) as opened:
        served = [opened.serve(name) for name in plan.among("macaron", "drf")]
        with tqdm(total=marks[-1] * len(served), desc="memory", unit="request", mininterval=1) as progress:
            for before, mark in zip([0, *marks], marks, strict=False):
                for each in served:
                    progress.set_postfix_str(each.stack.name)
                    for operation, requests in mixed(mark - before).items():
                        each.send(requests, EXPECTED[operation], plan.connections)
                    found.append({"stack": each.stack.name, "requests": mark, "rss_mb": round(each.rss_mb(), 1)})
                    progress.update(mark - before)
                    plan.keep(("memory",), found)


#: Stacks whose start is measured → the stack's module in stacks/. Bare Django answers from memory.
STARTED = {"macaron": "macaron", "drf": "drf", "django-bare": "django_bare"}


def start(plan: Plan) -> None:
    """Measures the start of Python up to the first response, without a server: imports, set-up and one get."""
    with engine() as of:
        told = {name: environment(STACKS[name], of, f"start{name}") for name in plan.among("macaron", "drf")}
        told["django-bare"] = environment(STACKS["drf"], of, "startbare")
        found = _starts(plan, "start", of, told)
    plan.keep(("start",), [{"stack": name, **medians} for name, medians in found.items()])


#: The number of operations → of tables, for each spec whose start is measured. The smallest has only the profiles.
LARGE = {4: 1, 102: 50, 1002: 500}


def large_spec(plan: Plan) -> None:
    """Measures starts with specs of up to 1,000 operations and 500 tables."""
    with engine() as of:
        told = {
            number: environment(STACKS["macaron"], of, f"large{number}", number, many_tables=True)
            for number in LARGE
            if "macaron" in plan.stacks
        }
        found = _starts(plan, "large_spec", of, told)
    rows = [{"stack": "macaron", "operations": x, "tables": LARGE[x], **medians} for x, medians in found.items()]
    plan.keep(("large_spec",), rows)


def _starts(plan: Plan, part: str, of: Engine, told: Mapping[Any, dict[str, str]]) -> dict[Any, dict[str, float]]:
    """Returns the medians of a start's figures for each key of ``told``. Its values are environment variables."""
    starts: dict[Any, list[dict[str, float]]] = {}
    command = [sys.executable, str(Path(__file__).resolve().parent / "stacks" / "first_answer.py")]
    for variables in told.values():
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        variables["PYTHONPYCACHEPREFIX"] = str(of.folder / "bytecode")  # as installed packages have it
        _put(of.url, variables["STACK_TABLE"], body_of(0, with_id=True))
    for number in tqdm(range(1 + max(5, plan.rounds)), desc=part, unit="round"):
        for name, variables in told.items():
            module = STARTED.get(name, "macaron")
            done = subprocess.run([*command, module], env=variables, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{name} didn't answer:\n{done.stderr}")
            if number:  # the first start writes bytecode and the spec's cache, and isn't measured
                starts.setdefault(name, []).append(json.loads(done.stdout))
    return {
        name: {key: round(statistics.median(each[key] for each in found), 3) for key in found[0]}
        for name, found in starts.items()
    }


#: The number of turns in a round. Turns of this part are short, and in one process.
HOOK_TURNS = 3


def hooks(plan: Plan) -> None:
    """Measures what a hook costs, compared with the API without it.

    The APIs run in one process, or on a server if one is named.
    """
    server = _server_for(STACKS["macaron"], plan.server)
    if server:
        found = through_server(plan.rounds, plan.share, server, plan.connections)
    else:
        found = in_process(plan.rounds * HOOK_TURNS, plan.share)
    plan.keep(("hooks",), hook_rows(found))


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
    "hooks": hooks,
    "start": start,
    "large_spec": large_spec,
    **SWEEPS,
    "latency": latency,
    "free_threaded": free_threaded,
    "servers": servers,
    "memory": memory,
}
