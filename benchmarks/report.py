"""The results as Markdown: what a request cost, and how that compares with the peers and with the targets.

    python benchmarks/report.py [benchmarks/results.json]

In: the results of bench.py, whole or in part. Out: text; nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["markdown"]

OPERATIONS = ("get", "list100", "put", "create")
STACKS = (
    *("macaron", "drf", "ninja", "connexion", "fastapi-threads", "fastapi-async", "flask-boto3"),
    *("django-floor", "wsgi-floor"),
)
#: stack, what it is measured against, the ratio that it may have for each operation; none: only shown
TARGETS: tuple[tuple[str, str, tuple[float, ...]], ...] = (
    ("macaron", "django-floor", (1.4, 1.25, 1.5, 1.5)),
    ("macaron", "fastest peer", (0.60, 0.31, 0.61, 0.60)),
    ("macaron", "drf", (0.29, 0.16, 0.27, 0.29)),
    ("macaron-orm", "drf-orm", (0.6, 0.6, 0.6, 0.6)),
    ("macaron-startproject", "drf-startproject", ()),
)
PEERS = ("drf", "ninja", "connexion", "fastapi-threads", "fastapi-async", "flask-boto3")
JWT_MS = 0.08
MEMORY_RATIO = 1.0
START_RATIO = 1.3

Cpu = dict[tuple[str, str], float]


def markdown(results: dict[str, Any]) -> str:
    """All that the results have, in tables."""
    sections = {
        "Made with": _about(results),
        "Stacks": _stacks(results.get("rows", [])),
        "Targets": _targets(results),
        **{title: _sweep(name, results.get("sweeps", {}).get(name, [])) for name, (title, _) in _SWEEPS.items()},
        "Workers": _workers(results.get("sweeps", {}).get("workers", [])),
        "Servers": _servers(results.get("servers", [])),
        "Memory": _memory(results.get("memory", [])),
    }
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items() if text) + "\n"


def _about(results: dict[str, Any]) -> str:
    machine, versions = results["machine"], results["versions"]
    rows = results.get("parts", {}).get("rows")
    when = f" Stacks: medians of {rows['rounds']} rounds, {rows['on']}." if rows else ""
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"{machine['processor']}, {machine['cores']} cores, {machine['system']}.{when}\n\n{named}."


def _table(head: list[str], rows: list[list[str]], words: int = 1) -> str:
    """A table whose first columns are words, and the others numbers."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * words}{'---:|' * (len(head) - words)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _cpu(rows: list[dict[str, Any]]) -> Cpu:
    return {(row["stack"], row["operation"]): row["cpu_ms"] for row in rows}


def _whole(cpu: Cpu) -> list[str]:
    """The stacks that have been measured with every operation, in their order."""
    return [
        stack for stack in dict.fromkeys(stack for stack, _ in cpu) if all((stack, name) in cpu for name in OPERATIONS)
    ]


def _stacks(rows: list[dict[str, Any]]) -> str:
    cpu = _cpu(rows)
    table = []
    for stack in _whole(cpu):
        of_stack = {row["operation"]: row for row in rows if row["stack"] == stack}
        figures = [f"{cpu[stack, name]:.2f}" for name in OPERATIONS]
        against = "drf-orm" if stack.endswith("-orm") else "drf"
        ratios = [
            f"{cpu[stack, name] / cpu[against, name]:.2f}" if (against, name) in cpu else "" for name in OPERATIONS
        ]
        memory = f"{of_stack['get']['rss_mb']:.0f}"
        ratio = " / ".join(filter(None, ratios))
        served = [f"`{stack}`", of_stack["get"]["server"]]
        table.append([*served, *figures, ratio, f"{of_stack['get']['rps']:.0f}", memory])
    if not table:
        return ""
    head = ["CPU ms a request", "server", *OPERATIONS, "of hand-written DRF", "get, requests/s", "MB"]
    return _table(head, table, words=2)


def _targets(results: dict[str, Any]) -> str:
    cpu = _cpu(results.get("rows", []))
    others = [*_token(cpu), *_start(results.get("start", [])), *_grown(results.get("memory", []))]
    ratios = list(_ratios(cpu))
    tables = [
        _table(["CPU time, ratio", *OPERATIONS], ratios) if ratios else "",
        _table(["", "", "measured", "at most", ""], others, words=2) if others else "",
    ]
    return "\n\n".join(filter(None, tables))


def _row(what: str, which: str, measured: float, limit: float | None, unit: str = "") -> list[str]:
    verdict = "" if limit is None else "holds" if measured <= limit else "missed"
    return [what, which, f"{measured:.2f}{unit}", "" if limit is None else f"{limit:.2f}{unit}", verdict]


def _ratios(cpu: Cpu) -> Iterator[list[str]]:
    """A line for each comparison: the ratio, and whether it is at most what it may be."""
    for stack, against, limits in TARGETS:
        peers = PEERS if against == "fastest peer" else (against,)
        if any((name, operation) not in cpu for name in (stack, *peers) for operation in OPERATIONS):
            continue
        cells = []
        for operation, limit in zip(OPERATIONS, limits or [None] * len(OPERATIONS), strict=True):
            ratio = cpu[stack, operation] / min(cpu[peer, operation] for peer in peers)
            allowed = "" if limit is None else f" ≤ {limit:.2f}" if ratio <= limit else f" > {limit:.2f}, missed"
            cells.append(f"{ratio:.3f}{allowed}")
        name = "the fastest peer for each" if against == "fastest peer" else f"`{against}`"
        yield [f"`{stack}` of {name}", *cells]


def _token(cpu: Cpu) -> Iterator[list[str]]:
    if ("macaron-jwt", "get") in cpu and ("macaron", "get") in cpu:
        more = cpu["macaron-jwt", "get"] - cpu["macaron", "get"]
        yield _row("`macaron-jwt` more than `macaron`", "get", more, JWT_MS, " ms")


def _start(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    of = {row["stack"]: row for row in rows}
    if {"macaron", "drf"} <= of.keys():
        for key, name in (("cpu_s", "CPU until the first answer"), ("rss_mb", "memory then")):
            own, peer = of["macaron"][key], of["drf"][key]
            unit = "s" if key == "cpu_s" else "MB"
            yield _row(f"`macaron` of `drf`: {own:.2f} of {peer:.2f} {unit}", name, own / peer, START_RATIO)


def _grown(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    of = {(row["stack"], row["requests"]): row["rss_mb"] for row in rows}
    last = max((requests for stack, requests in of if stack == "macaron"), default=0)
    if ("macaron", 1000) in of:
        grown = of["macaron", last] / of["macaron", 1000]
        yield _row("`macaron`: memory of the worker, of that after 1,000", f"{last:,} requests", grown, None)
    if ("macaron", last) in of and ("drf", last) in of:
        own, peer = of["macaron", last], of["drf", last]
        which = f"{last:,} requests"
        yield _row(f"`macaron` of `drf`: {own:.0f} of {peer:.0f} MB", which, own / peer, MEMORY_RATIO)


#: sweep → its title, and what its numbers are
_SWEEPS = {
    "page_size": ("Page size", "profiles on a page (list)"),
    "body_kb": ("Body size", "KB of a body (replace)"),
    "operations": ("Size of the spec", "operations in the spec (get)"),
    "clients": ("Clients", "connections at once (get)"),
}


def _sweep(name: str, rows: list[dict[str, Any]]) -> str:
    points = sorted({row["x"] for row in rows})
    table = []
    for stack in dict.fromkeys(row["stack"] for row in rows):
        cpu = {row["x"]: f"{row['cpu_ms']:.2f}" for row in rows if row["stack"] == stack}
        table.append([f"`{stack}`", *(cpu.get(point, "") for point in points)])
    head = [f"CPU ms a request, by {_SWEEPS[name][1]}", *(f"{point:,g}" for point in points)]
    return _table(head, table) if table else ""


def _workers(rows: list[dict[str, Any]]) -> str:
    table = []
    for stack, operation in dict.fromkeys((row["stack"], row["operation"]) for row in rows):
        of = {row["x"]: row for row in rows if (row["stack"], row["operation"]) == (stack, operation)}
        if {1, 2} <= of.keys():
            one, two = of[1], of[2]
            figures = [f"{one['rps']:.0f}", f"{two['rps']:.0f}", f"{two['rps'] / one['rps']:.2f}"]
            costs = [f"{one['cpu_ms']:.2f}", f"{two['cpu_ms']:.2f}", f"{two['beside_ms']:.2f}"]
            table.append([f"`{stack}`", operation, *figures, *costs])
    head = ["stack", "", "requests/s, one worker", "two", "ratio", "CPU ms, one", "two", "of engine and client"]
    return _table(head, table, words=2) if table else ""


def _servers(rows: list[dict[str, Any]]) -> str:
    table = []
    for stack, server in dict.fromkeys((row["stack"], row["server"]) for row in rows):
        of = {row["operation"]: row for row in rows if (row["stack"], row["server"]) == (stack, server)}
        if {"get", "list100"} <= of.keys():
            get, page = of["get"], of["list100"]
            figures = [f"{get['cpu_ms']:.2f}", f"{page['cpu_ms']:.2f}", f"{get['rps']:.0f}", f"{get['p99_ms']:.1f}"]
            table.append([f"`{stack}`", server, *figures, f"{get['rss_mb']:.0f}"])
    head = ["stack", "server", "get, CPU ms", "list100, CPU ms", "get, requests/s", "get, p99 ms", "MB"]
    return _table(head, table, words=2) if table else ""


def _memory(rows: list[dict[str, Any]]) -> str:
    marks = sorted({row["requests"] for row in rows})
    of = {(row["stack"], row["requests"]): f"{row['rss_mb']:.0f}" for row in rows}
    stacks = dict.fromkeys(row["stack"] for row in rows)
    table = [[f"`{stack}`", *(of.get((stack, mark), "") for mark in marks)] for stack in stacks]
    return _table(["MB of the worker after so many requests", *(f"{mark:,}" for mark in marks)], table) if table else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])  # type: ignore[union-attr]
    parser.add_argument("results", type=Path, nargs="?", default=Path(__file__).with_name("results.json"))
    options = parser.parse_args()
    if not options.results.exists():
        parser.error(f"{options.results} isn't there: run `make bench`.")
    print(markdown(json.loads(options.results.read_text("utf-8"))), end="")


if __name__ == "__main__":
    main()
