"""Measures how much of a request's CPU time each part of the code takes, in one process.

    python benchmarks/micro/request_stages.py [--requests N] [--operations get,list100,put,create] [--stack NAME]

``--stack`` names a WSGI stack of the benchmarks: ``macaron`` goes through the front (the default), ``macaron-handler``
through Django's handler, and ``django-raw`` is a plain Django view.

The script calls the WSGI application as a server would. The DynamoDB engine is another process. First, requests are
timed without a profiler. The result is the kernel's time, mostly for sending and receiving, and the code's time. Then
cProfile runs the same requests, and the code's time is divided between the parts in the proportions that cProfile
shows. Functions of sockets, which wait, are left out, and built-in functions count for the code that calls them. The
results are estimates, because cProfile makes small functions look more expensive than they are.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import importlib
import os
import pstats
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "stacks")]

import catalogue  # noqa: E402 (of benchmarks/)
from client import Exchange  # noqa: E402
from hook_turns import Caller, environ_of  # noqa: E402
from processes import Engine, engine, environment  # noqa: E402
from profiles import EXPECTED, OPERATIONS, PROFILES, body_of, exchanges  # noqa: E402

#: Part → texts in the paths of its files. The first match counts.
PARTS = {
    "DynamoDB: signing, HTTP, checks, retries": ("macaron_django/dynamodb/calls/",),
    "DynamoDB: keys, conditions, items to JSON and back": (
        "macaron_django/dynamodb/",
        "<string>",
    ),  # code that is generated
    "the body: parsing and validation": ("macaron_django/schemas/", "macaron_django/api/requests/"),
    "authentication and settings": ("macaron_django/auth/", "macaron_django/conf/"),
    "the front and its routes": ("macaron_django/api/front/", "macaron_django/api/routing/", "tracers/"),
    "the plan, its checks and the answer": ("macaron_django/",),
    "Django REST framework": ("/rest_framework/",),
    "Django: request, response, signals, settings": ("/django/", "/asgiref/"),
    "the stack's own code, with its DynamoDB client": ("benchmarks/stacks/", "/msgspec/"),
}
OTHER = "Python's library, and what calls the application"
KERNEL = "the kernel, mostly for sending and receiving"
WARM = 200


def part_of(file: str) -> str:
    """Returns the part of the code that a file belongs to."""
    return next((part for part, marks in PARTS.items() if any(mark in file for mark in marks)), OTHER)


def shares(profile: cProfile.Profile) -> tuple[Counter[str], Counter[str]]:
    """Returns the seconds and the calls of each part."""
    seconds: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for (file, _, name), (_, called, own, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if "_socket.socket" in name:
            calls[KERNEL] += called
        elif file != "~" or not callers:
            seconds[part_of(file)] += own
            calls[part_of(file)] += called
        else:
            for (caller, _, _), (_, its_calls, its_own, _) in callers.items():
                seconds[part_of(caller)] += its_own
                calls[part_of(caller)] += its_calls
    return seconds, calls


def asked(caller: Caller, requests: Sequence[Exchange], status: int) -> tuple[float, float]:
    """Returns the CPU seconds of these requests, in total and in the kernel. A wrong response ends the run."""
    environs = [environ_of(request, {}) for request in requests]
    caller.statuses.clear()
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF)
    for environ in environs:
        caller.answer(environ)
    took, after = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF)
    if wrong := [each for each in caller.statuses if not each.startswith(str(status))]:
        sys.exit(f"{requests[0].method} {requests[0].path}: {status} was expected, not {wrong[0]}")
    return took, after.ru_stime - before.ru_stime


def measure(of: Engine, stack: str, operations: Sequence[str], count: int) -> None:
    os.environ.update(environment(catalogue.STACKS[stack], of, "stages"))
    caller = Caller(importlib.import_module(catalogue.STACKS[stack].module).application)
    asked(caller, [Exchange("POST", "/profiles", body_of(n, with_id=True)) for n in range(PROFILES)], 201)
    found = {}
    for operation in operations:
        status = EXPECTED[operation]
        asked(caller, exchanges(operation, WARM), status)
        gc.collect()
        gc.freeze()
        took, in_kernel = asked(caller, exchanges(operation, count), status)
        profile = cProfile.Profile()
        requests = exchanges(operation, count)
        profile.enable()
        asked(caller, requests, status)
        profile.disable()
        seconds, calls = shares(profile)
        each = (took - in_kernel) / seconds.total()
        spent = {part: each * share / count for part, share in seconds.items()} | {KERNEL: in_kernel / count}
        found[operation] = Counter(spent), calls
    print("| CPU µs (calls) | " + " | ".join(found) + " |\n|---|" + "---:|" * len(found))
    for part in (KERNEL, *PARTS, OTHER):
        cells = (f"{1e6 * spent[part]:.0f} ({calls[part] / count:.0f})" for spent, calls in found.values())
        print(f"| {part} | " + " | ".join(cells) + " |")
    totals = (f"{1e6 * spent.total():.0f} ({calls.total() / count:.0f})" for spent, calls in found.values())
    print("| in all | " + " | ".join(totals) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how much of a request's CPU time each part of the code takes")
    parser.add_argument("--requests", type=int, default=2000, help="requests of each operation: %(default)s")
    parser.add_argument("--operations", default=",".join(OPERATIONS), help="operations to measure: %(default)s")
    wsgi = [name for name, stack in catalogue.STACKS.items() if stack.interface == "wsgi"]
    parser.add_argument("--stack", default="macaron", choices=wsgi, metavar="NAME", help="the stack: %(default)s")
    given = parser.parse_args()
    with engine() as of:
        measure(of, given.stack, given.operations.split(","), given.requests)


if __name__ == "__main__":
    main()
