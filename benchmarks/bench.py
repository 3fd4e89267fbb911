"""Measures what a request costs: macaron_django and its peers serve the Profile API over one DynamoDB engine.

    python benchmarks/bench.py [--only rows,sweeps,… | all] [--stacks macaron,drf,…] [--rounds 5] [--quick]
                               [--server gthread] [--servers] [--memory 100000] [--out benchmarks/results.json]

Each stack is one file of benchmarks/stacks/, served by one worker. benchmarks/README.md says what is measured, and how.
`make bench` creates the virtualenv of the peers, and runs all benchmarks there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import report
from catalogue import PACKAGES, SERVERS, STACKS
from client import Refused
from halls import Plan, Skipped
from parts import PARTS, SWEEPS

QUICK = 1 / 3
_FAILURES = (Refused, SystemExit, OSError, subprocess.SubprocessError)


class Results:
    """Collects measurements, and writes them to the file after each round. Other measurements in the file stay."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path and path.exists() else {}
        self.found.update(machine=machine(), versions=versions())

    def keep(self, section: Sequence[str], rows: list[dict[str, Any]]) -> None:
        """Replaces the rows that a section has for the stacks of ``rows``."""
        *above, last = section
        place = self.found
        for name in above:
            place = place.setdefault(name, {})
        new = {row["stack"] for row in rows}
        merged = [row for row in place.get(last, []) if row["stack"] not in new] + rows
        order = {name: number for number, name in enumerate(STACKS)}
        place[last] = sorted(merged, key=lambda row: order.get(row["stack"], len(order)))  # a part's own come last
        self.write()

    def note(self, section: str, found: dict[str, Any]) -> None:
        """Replaces a section that doesn't consist of rows."""
        self.found[section] = found
        self.write()

    def took(self, part: str, rounds: int, seconds: float) -> None:
        """Records when a part was measured last, and how long its measurement took."""
        self.found.setdefault("parts", {})[part] = {
            "on": time.strftime("%Y-%m-%d", time.gmtime()),
            "rounds": rounds,
            "minutes": round(seconds / 60, 1),
        }
        self.write()

    def write(self) -> None:
        if self.path:
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(self.found, indent=1) + "\n", "utf-8")
            new.replace(self.path)


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}


def machine() -> dict[str, object]:
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def chosen_parts(text: str) -> list[str]:
    """Returns the parts that `--only` names."""
    groups = {"all": list(PARTS), "sweeps": list(SWEEPS)}
    chosen = [part for name in text.split(",") for part in groups.get(name, [name])]
    if unknown := [part for part in chosen if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {', '.join(unknown)}; the parts are {', '.join([*groups, *PARTS])}")
    return list(dict.fromkeys(chosen))


def chosen_stacks(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := [stack for stack in chosen if stack not in STACKS]:
        raise argparse.ArgumentTypeError(f"no stack {', '.join(unknown)}; the stacks are {', '.join(STACKS)}")
    return [stack for stack in STACKS if stack in chosen]


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])  # type: ignore[union-attr]
    parser.add_argument(
        "--only", type=chosen_parts, metavar="PARTS", help=f"all, sweeps, {', '.join(PARTS)}; default: rows"
    )
    parser.add_argument(
        "--stacks", type=chosen_stacks, default=list(STACKS), help=f"some of {','.join(STACKS)}; default: all"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="send only a third of the requests")
    parser.add_argument("--connections", type=int, default=4, help="kept connections at once; default: %(default)s")
    parser.add_argument(
        "--server",
        choices=[*SERVERS, "granian"],
        help="the server for all stacks that it can serve; default: each stack's server in the catalogue",
    )
    parser.add_argument("--servers", action="store_true", help="compare the servers: the same as --only servers")
    parser.add_argument(
        "--memory",
        type=int,
        metavar="REQUESTS",
        help="measure only memory, up to this number of requests; default: 20000",
    )
    parser.add_argument(
        "--free", type=Path, metavar="PYTHON", help="a free-threaded interpreter, for the part free_threaded"
    )
    parser.add_argument(
        "--out", type=Path, help="the file for the figures; the figures of other parts and stacks stay in it"
    )
    options = parser.parse_args(argv)
    if options.server and options.out:
        parser.error("--server and --out can't be combined: the file has only figures of the default servers.")
    if options.only is None:
        options.only = ["servers"] * options.servers + ["memory"] * bool(options.memory) or ["rows"]
    return options


def interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    signal.signal(signal.SIGTERM, interrupted)  # as Ctrl-C: ends all processes, and keeps the figures
    results = Results(options.out)
    plan = Plan(
        stacks=options.stacks,
        rounds=options.rounds,
        share=QUICK if options.quick else 1.0,
        connections=options.connections,
        server=options.server,
        memory_requests=options.memory or 20_000,
        keep=results.keep,
        note=results.note,
        free=options.free and options.free.absolute(),
    )
    began, failed = time.monotonic(), 0
    try:
        for number, part in enumerate(options.only, 1):
            print(f"{part} ({number} of {len(options.only)})", file=sys.stderr, flush=True)
            since = time.monotonic()
            try:
                PARTS[part](plan)
            except Skipped as reason:
                print(f"{part} is left out: {reason}.", file=sys.stderr)
            except _FAILURES as error:  # other parts may succeed
                print(f"\n{part} failed: {error}", file=sys.stderr)
                failed = 1
            else:
                results.took(part, options.rounds, time.monotonic() - since)
    except KeyboardInterrupt:
        failed = 130
        print("\nStopped. These are the measurements so far.", file=sys.stderr)
    print(report.markdown(results.found))
    print(f"{(time.monotonic() - began) / 60:.1f} minutes", file=sys.stderr)
    if options.out:
        written = options.out.with_suffix(".md")
        written.write_text(report.document(results.found), "utf-8")
        print(f"{options.out} and {written} are written.", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
