"""Writes the results as Markdown: what a request costs, compared with the peers and with the targets.

    python benchmarks/report.py [benchmarks/results.json]

The results come from bench.py, and may lack parts. This module measures nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hooks

__all__ = ["document", "hook_tables", "markdown"]

OPERATIONS = ("get", "list100", "put", "create")
#: stack, the stack that it is compared with, the limit of the ratio by operation; without limits: only shown
TARGETS: tuple[tuple[str, str, tuple[float | None, ...]], ...] = (
    ("macaron", "blacksheep-dynamoxy", (0.90, 0.75, 0.90, 0.90)),
    ("macaron", "fastest peer", ()),
    ("macaron-handler", "django-raw", (1.35, 1.1, 1.35, 1.35)),
    ("macaron", "macaron-handler", ()),
    ("macaron", "asgi-raw", (None, 1.3, None, None)),
    ("macaron-asgi", "blacksheep-dynamoxy", (0.60, None, 0.70, 0.70)),
    ("macaron", "django-floor", (1.14, 1.15, 1.24, 1.42)),
    ("macaron", "drf", (0.29, 0.16, 0.27, 0.29)),
    ("macaron-orm", "drf-orm", (0.6, 0.6, 0.6, 0.6)),
    ("macaron-startproject", "drf-startproject", ()),
    ("macaron", "macaron-trimmed", ()),
)
PEERS = (
    *("drf", "ninja", "connexion", "fastapi-threads", "fastapi-async", "flask-boto3"),
    *("blacksheep-dynamoxy", "litestar-dynamoxy", "fastapi-dynamoxy", "bolt-dynamoxy"),
    *("blacksheep-pydynox", "litestar-pydynox", "fastapi-pydynox"),
)
JWT_MS = 0.08
LONGEST_PAGE, LONGEST_PAGE_RATIO = 1000, 0.75
MEMORY_RATIO = 1.0
START_RATIO = 1.3
BARE_START_RATIO = 2.2

Cpu = dict[tuple[str, str], float]


def document(results: dict[str, Any]) -> str:
    """Returns the Markdown text with all sections that the documentation shows.

    A section without results says "Not measured."
    """
    return _joined({title: text or "Not measured." for title, text in _sections(results).items()})


def markdown(results: dict[str, Any]) -> str:
    """Returns the Markdown text with the sections that have results."""
    return _joined({title: text for title, text in _sections(results).items() if text})


def _joined(sections: dict[str, str]) -> str:
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items()) + "\n"


def _sections(results: dict[str, Any]) -> dict[str, str]:
    parts = results.get("parts", {})
    sections = {
        "Made with": _about(results),
        "Stacks": _stacks(results.get("rows", [])),
        "Targets": _targets(results),
        "Hooks": hook_tables(results.get("hooks", [])),
        **{title: _sweep(name, results.get("sweeps", {}).get(name, [])) for name, (title, _) in _SWEEPS.items()},
        "Workers": _workers(results.get("sweeps", {}).get("workers", [])),
        "Large specs": _large_spec(results.get("large_spec", [])),
        "Latency": _latency(results.get("latency", []), results.get("distance", {})),
        "Free-threaded": _free_threaded(results.get("free_threaded", [])),
        "Servers": _servers(results.get("servers", [])),
        "Memory": _memory(results.get("memory", [])),
    }
    return {
        title: f"{text}\n\n{when}" if text and (when := _when(title, parts)) else text
        for title, text in sections.items()
    }


def _when(title: str, parts: dict[str, Any]) -> str:
    """Returns a sentence with the date and the number of rounds of a section's measurement."""
    names = {"Stacks": "rows", "Servers": "servers", **{swept: name for name, (swept, _) in _SWEEPS.items()}}
    part = parts.get(names.get(title, title.lower().replace(" ", "_").replace("-", "_")))
    return f"Measured on {part['on']}: {part['rounds']} round{'s' * (part['rounds'] != 1)}." if part else ""


def _about(results: dict[str, Any]) -> str:
    machine, versions = results["machine"], results["versions"]
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"{machine['processor']}, {machine['cores']} cores, {machine['system']}.\n\n{named}."


def _table(head: list[str], rows: list[list[str]], words: int = 1) -> str:
    """Returns a table whose first columns, ``words`` of them, have text and whose other columns have numbers."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * words}{'---:|' * (len(head) - words)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _cpu(rows: list[dict[str, Any]]) -> Cpu:
    return {(row["stack"], row["operation"]): row["cpu_ms"] for row in rows}


def _whole(cpu: Cpu) -> list[str]:
    """Returns the stacks that have been measured with every operation, in the catalogue's order."""
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
    pages = results.get("sweeps", {}).get("page_size", [])
    others = [
        *_token(cpu),
        *_longest_page(pages),
        *_start(results.get("start", [])),
        *_grown(results.get("memory", [])),
    ]
    ratios = list(_ratios(cpu))
    tables = [
        _table(["CPU time, ratio", *OPERATIONS], ratios) if ratios else "",
        _table(["", "", "measured", "at most", ""], others, words=2) if others else "",
    ]
    return "\n\n".join(filter(None, tables))


def _row(what: str, which: str, measured: float, limit: float | None, unit: str = "") -> list[str]:
    verdict = "" if limit is None else "holds" if measured <= limit else "missed"
    return [what, which, f"{measured:.2f}{unit}", "" if limit is None else f"{limit:.2f}{unit}", verdict]


def _allowed(measured: float, limit: float | None, digits: int = 2) -> str:
    if limit is None:
        return ""
    return f" ≤ {limit:.{digits}f}" if measured <= limit else f" > {limit:.{digits}f}, missed"


def _ratios(cpu: Cpu) -> Iterator[list[str]]:
    """Yields a row for each comparison: the ratio, its limit, and whether the limit is met."""
    for stack, against, limits in TARGETS:
        peers = PEERS if against == "fastest peer" else (against,)
        if any((name, operation) not in cpu for name in (stack, *peers) for operation in OPERATIONS):
            continue
        cells = []
        for operation, limit in zip(OPERATIONS, limits or [None] * len(OPERATIONS), strict=True):
            ratio = cpu[stack, operation] / min(cpu[peer, operation] for peer in peers)
            cells.append(f"{ratio:.3f}{_allowed(ratio, limit)}")
        name = "the fastest peer for each" if against == "fastest peer" else f"`{against}`"
        yield [f"`{stack}` of {name}", *cells]


def hook_tables(rows: list[dict[str, Any]]) -> str:
    """Returns two tables of the costs of hooks: one for the four operations, and one for other operations."""
    of = {(row["hook"], row["operation"]): row for row in rows}
    table = []
    for hook in hooks.HOOKS.values():
        measured = [of.get((hook.name, operation), {}) for operation in OPERATIONS]
        if hook.only or not any(measured):
            continue
        if hook.of is None:
            cells = [f"{row['cpu_ms']:.2f} ms" if row else "" for row in measured]
        else:
            limits = [hook.limits.get(operation) for operation in OPERATIONS]
            cells = [
                f"{row['ratio']:.2f}{_allowed(row['ratio'], limit)}" if "ratio" in row else ""
                for row, limit in zip(measured, limits, strict=True)
            ]
        table.append([hook.what, *cells])
    beside = []
    for each in hooks.BESIDE:
        row, other = of.get(each.measured, {}), of.get(each.of)
        if other and "ratio" in row:
            figures = f"{row['cpu_ms']:.2f} of {other['cpu_ms']:.2f} ms"
            beside.append(_row(each.what, figures, row["ratio"], each.limit))
    beside += _throttle(of)
    tables = [
        _table(["CPU time, compared with the plain API", *OPERATIONS], table) if table else "",
        _table(["", "", "measured", "at most", ""], beside, words=2) if beside else "",
    ]
    return "\n\n".join(filter(None, tables))


def _throttle(of: dict[tuple[str, str], dict[str, Any]]) -> Iterator[list[str]]:
    """Yields a row that compares the time that a throttle adds to a request and to a bare view."""
    for operation in OPERATIONS:
        own, bare = (of.get((name, operation), {}).get("more_ms") for name in ("throttled", "bare_throttled"))
        if own is not None and bare is not None and bare > 0:
            figures = f"{operation}: {own:.2f} of {bare:.2f} ms"
            yield _row(
                "time that a throttle adds, compared with a throttle on a bare view", figures, own / bare, hooks.ADDED
            )


def _token(cpu: Cpu) -> Iterator[list[str]]:
    if ("macaron-jwt", "get") in cpu and ("macaron", "get") in cpu:
        more = cpu["macaron-jwt", "get"] - cpu["macaron", "get"]
        yield _row("`macaron-jwt` minus `macaron`", "get", more, JWT_MS, " ms")


def _longest_page(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    of = {row["stack"]: row["cpu_ms"] for row in rows if row["x"] == LONGEST_PAGE}
    if {"macaron", "django-raw"} <= of.keys():
        own, raw = of["macaron"], of["django-raw"]
        what = f"`macaron` of `django-raw`: {own:.2f} of {raw:.2f} ms"
        yield _row(what, f"a list of {LONGEST_PAGE:,} items", own / raw, LONGEST_PAGE_RATIO)


def _start(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    of = {row["stack"]: row for row in rows}
    if {"macaron", "drf"} <= of.keys():
        for key, name in (("cpu_s", "CPU time until the first response"), ("rss_mb", "memory after this response")):
            own, peer = of["macaron"][key], of["drf"][key]
            unit = "s" if key == "cpu_s" else "MB"
            yield _row(f"`macaron` of `drf`: {own:.2f} of {peer:.2f} {unit}", name, own / peer, START_RATIO)
    if {"macaron", "django-bare"} <= of.keys():
        own, bare = of["macaron"]["cpu_s"], of["django-bare"]["cpu_s"]
        what = f"`macaron` of a bare Django view: {own:.2f} of {bare:.2f} s"
        yield _row(what, "CPU time until the first response", own / bare, BARE_START_RATIO)


def _grown(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    of = {(row["stack"], row["requests"]): row["rss_mb"] for row in rows}
    last = max((requests for stack, requests in of if stack == "macaron"), default=0)
    if ("macaron", 1000) in of:
        grown = of["macaron", last] / of["macaron", 1000]
        what = "`macaron`: the worker's memory, compared with its memory after 1,000 requests"
        yield _row(what, f"{last:,} requests", grown, None)
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
    head = [
        "stack",
        "",
        "requests/s, one worker",
        "two workers",
        "ratio",
        "CPU ms, one worker",
        "two workers",
        "engine and client",
    ]
    return _table(head, table, words=2) if table else ""


#: The stack that all others are compared with, by requests a second, if the engine is distant.
RIVAL = "blacksheep-dynamoxy"
#: stack, threads → the share of the rival's requests a second that the stack must reach
RATES = {("macaron", 64): 0.75, ("macaron-asgi", 0): 1.0}
FAR_MEMORY = 130  # MB of a worker
OWN = {stack for stack, _ in RATES}


def _latency(rows: list[dict[str, Any]], distance: dict[str, Any]) -> str:
    """Returns one table for each operation, and a sentence about the distance of the engine."""
    tables = []
    for operation in dict.fromkeys(row["operation"] for row in rows):
        found = [row for row in rows if row["operation"] == operation]
        rival = next((row for row in found if row["stack"] == RIVAL), None)
        table = []
        for row in found:
            served = f"`{row['stack']}`" + (f", {row['threads']} threads" if row["threads"] else "")
            limit = rival["p99_ms"] if rival and row["stack"] == "macaron-asgi" else None
            memory = f"{row['rss_mb']:.0f}" + _allowed(row["rss_mb"], FAR_MEMORY if row["stack"] in OWN else None, 0)
            p99 = f"{row['p99_ms']:.1f}" + _allowed(row["p99_ms"], limit, 1)
            figures = [f"{row['rps']:.0f}", _share(row, rival), f"{row['p50_ms']:.1f}", p99]
            costs = [f"{row['cpu_ms']:.2f}", f"{row['switches']:.1f}", memory]
            table.append([served, row["server"], *figures, *costs])
        head = [operation, "server", "requests/s", f"of `{RIVAL}`", "p50, ms", "p99, ms"]
        tables.append(_table([*head, "CPU ms", "context switches", "MB"], table, words=2))
    if distance and tables:
        tables.append(
            f"The engine is {distance['milliseconds']:g} ms away. Each stack has {distance['connections']} connections "
            f"and one worker. Without a stack, a call takes {distance['call_ms']:.1f} ms, and as many connections get "
            f"{distance['carries_rps']:,} responses a second."
        )
    return "\n\n".join(tables)


def _share(row: dict[str, Any], rival: dict[str, Any] | None) -> str:
    if not rival:
        return ""
    share, wanted = row["rps"] / rival["rps"], RATES.get((row["stack"], row["threads"]))
    return f"{share:.2f}" + (
        "" if wanted is None else f" ≥ {wanted:.2f}" if share >= wanted else f" < {wanted:.2f}, missed"
    )


def _large_spec(rows: list[dict[str, Any]]) -> str:
    """Returns the table of start-up and memory by the number of operations and tables in the spec."""
    table = [
        [f"{row['operations']:,}", str(row["tables"]), f"{row['cpu_s']:.2f}", f"{row['rss_mb']:.0f}"] for row in rows
    ]
    head = ["operations", "tables", "CPU seconds until the first response", "MB after this response"]
    return _table(head, table, words=0) if table else ""


def _free_threaded(rows: list[dict[str, Any]]) -> str:
    """Returns a table that compares two threads without a lock with two processes, by requests a second."""
    of = {(row["stack"], row["free"], row["workers"], row["operation"]): row for row in rows}
    ways = (("no lock, two threads", True, 1), ("no lock, two processes", True, 2), ("a lock, two processes", False, 2))
    table = []
    for stack, operation in dict.fromkeys((row["stack"], row["operation"]) for row in rows):
        for what, free, workers in ways:
            row, usual = of.get((stack, free, workers, operation)), of.get((stack, False, 2, operation))
            if row and usual:
                figures = [f"{row['rps']:.0f}", f"{row['rps'] / usual['rps']:.2f}", f"{row['cpu_ms']:.2f}"]
                memory = f"{workers} of {row['rss_mb']:.0f}" if workers > 1 else f"{row['rss_mb']:.0f}"
                table.append([f"`{stack}`", operation, what, *figures, memory])
    return _table(["stack", "", "", "requests/s", "of usual", "CPU ms", "MB"], table, words=3) if table else ""


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
    return (
        _table(["the worker's memory in MB, by the number of requests", *(f"{mark:,}" for mark in marks)], table)
        if table
        else ""
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])  # type: ignore[union-attr]
    parser.add_argument("results", type=Path, nargs="?", default=Path(__file__).with_name("results.json"))
    options = parser.parse_args()
    if not options.results.exists():
        parser.error(f"{options.results} isn't there: run `make bench`.")
    print(document(json.loads(options.results.read_text("utf-8"))), end="")


if __name__ == "__main__":
    main()
