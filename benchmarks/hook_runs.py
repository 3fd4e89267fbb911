"""Starts the process that serves and measures all APIs of hooks.py, with its own engine.

    python benchmarks/hook_runs.py [--rounds 15] [--share 1.0] [--json]
    python benchmarks/hook_runs.py --bounds [--rounds 15]

The module's functions return CPU seconds by hook, operation and round. The program prints the report's tables of these
figures, or with `--json` the rows of the results. With `--bounds`, it prints what two hooks would cost without parts of
a row's work (hook_bounds.py). The packages of bench.py's peers aren't needed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import catalogue
import report
import specs
from client import Exchange
from hook_requests import EXPECTED, check, exchanges, headers, seeds
from hooks import HOOKS, Place, rows
from processes import CODE, Engine, Serving, engine, serving

__all__ = ["in_process", "through_server"]

TURNS = Path(__file__).with_name("hook_turns.py")
BOUNDS = Path(__file__).with_name("hook_bounds.py")
STACK = catalogue.Stack("hooks", "hook_stack")
#: A server's CPU time has a resolution of 10 ms, so more requests are needed than in one process.
SERVED = 10


def _environment(of: Engine) -> dict[str, str]:
    """Writes the specs that stacks/hook_stack.py reads, and returns the script's environment variables."""
    folder = of.folder / "specs"
    folder.mkdir()
    for hook in HOOKS.values():
        if hook.spec is not None:
            (folder / f"{hook.name}.yaml").write_text(specs.spec_text(hook.spec, f"hook_{hook.name}"), "utf-8")
    return catalogue.own_python(
        {
            "STACK_ENDPOINT": of.url,
            "STACK_TABLE": "",
            "STACK_SPECS": str(folder),
            "STACK_DATABASE": str(of.folder / "hooks.sqlite3"),
            "STACK_JWT_SECRET": catalogue.JWT_SECRET,
            "STACK_MIDDLEWARE": "1",
            "XDG_CACHE_HOME": str(of.folder / "cache"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH")])),
        }
    )


def _turns(told: Mapping[str, str], *arguments: str, script: Path = TURNS) -> str:
    done = subprocess.run(
        [sys.executable, str(script), *arguments], env=told, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{script.name} {arguments[0]} ended with {done.returncode}.")
    return done.stdout


def in_process(rounds: int, share: float) -> dict[Place, list[float]]:
    """Returns the CPU time of the application, called without a server."""
    with engine() as of:
        found = json.loads(_turns(_environment(of), "measure", str(rounds), str(share)))
    return {(hook, operation): seconds for hook, operation, seconds in found}


def bounds(rounds: int) -> str:
    """Returns a table of what hooks cost without parts of a row's work, compared with the plain API's operation."""
    with engine() as of:
        found = json.loads(_turns(_environment(of), str(rounds), script=BOUNDS))
    lines = []
    plain: list[float] = []
    for (hook, operation, without), seconds in found:
        plain = seconds if hook == "plain" else plain
        ratio = statistics.median(one / other for one, other in zip(seconds, plain, strict=True))
        parts = f" without {', '.join(without)}" if without else ""
        lines.append(f"{ratio:.2f}  {statistics.median(seconds) * 1e6:4.0f} µs  {hook}, {operation}{parts}")
    return "\n".join(lines)


def through_server(rounds: int, share: float, server: str, connections: int) -> dict[Place, list[float]]:
    """Returns the CPU time of a server with the application, which is more realistic but varies more."""
    found: dict[Place, list[float]] = {}
    with ExitStack() as opened:
        of = opened.enter_context(engine())
        told = _environment(of)
        _turns(told, "prepare")
        served = opened.enter_context(serving(STACK, of, server, name="hooks", told=told))
        asked = {hook.name: replace(served, headers=headers(hook)) for hook in HOOKS.values()}
        for hook in HOOKS.values():
            if wanted := seeds(hook):
                asked[hook.name].send(wanted, 201, connections)
        check(lambda request, own: _ask(served, request, own))
        turns = [
            (hook, operation, exchanges(hook, operation, max(20, round(hook.operations[operation] * share * SERVED))))
            for operation in EXPECTED
            for hook in HOOKS.values()
            if operation in hook.operations and not hook.backend
        ]
        for number in range(1 + rounds):
            for hook, operation, requests in turns:
                before = served.cpu_seconds()
                asked[hook.name].send(requests, EXPECTED[operation], connections)
                if number:
                    seconds = (served.cpu_seconds() - before) / len(requests)
                    found.setdefault((hook.name, operation), []).append(seconds)
            print(f"hooks: round {number} of {rounds}", file=sys.stderr, flush=True)
    return found


def _ask(served: Serving, request: Exchange, own: Mapping[str, str]) -> tuple[int, Mapping[str, str], Any]:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    more = {"Content-Type": "application/json"} if request.body is not None else {}
    connection.request(request.method, request.path, request.body, {"Accept": "application/json", **more, **own})
    response = connection.getresponse()
    told = {name.lower(): value for name, value in response.getheaders()}
    return response.status, told, json.loads(response.read())


def main() -> None:
    parser = argparse.ArgumentParser(description="What a hook costs: CPU time in one process")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each API; default: %(default)s")
    parser.add_argument(
        "--share", type=float, default=1.0, help="the share of a turn's requests that is sent; default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="print rows as results.json has them")
    parser.add_argument("--bounds", action="store_true", help="leave out parts of a row's work")
    given = parser.parse_args()
    if given.bounds:
        print(bounds(given.rounds))
        return
    found = rows(in_process(given.rounds, given.share))
    print(json.dumps(found) if given.json else report.hook_tables(found))


if __name__ == "__main__":
    main()
