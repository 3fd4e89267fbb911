"""Measures how long reading, normalising and routing a spec takes, compared with parsing it.

    python benchmarks/load_spec.py [--check] FILE-OR-FOLDER…
    python benchmarks/load_spec.py --small FOLDER
    python benchmarks/load_spec.py --processes FILE-OR-FOLDER…

Without arguments the script measures the built-in and the example specs and, if MACARON_SPEC_CORPUS is set, the large
documents in its folder giants/. With --small it measures all documents of 5 to 50 KiB in a folder, and prints medians
for YAML and for JSON. With --processes it starts a process for each reading, without and with a cache of parsed YAML.

The parser and this package both read the file from disk. The parser runs with as little code as possible and without
limits: ``orjson.loads(path.read_bytes())``, or ``ryaml.loads`` of the decoded text. This package runs ``load``, with
its limits on size, depth and long integers. Then it lists each operation's route, method and object, and the persisted
components. The time to free the trees isn't measured. benchmarks/README.md explains the measurement in detail.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import orjson
import ryaml

from macaron_django.openapi import Document, SpecError, load, quick_check

ROOT = Path(__file__).parents[1]
GIANT = 400 * 1024
SMALL = range(5 * 1024, 50 * 1024 + 1)
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})
TARGETS = {"small": 1.5, "giant": 3.0}


class Measured(NamedTuple):
    """Seconds of CPU time, and ratios. All are medians of rounds, and each round measures all columns."""

    parser: float
    visited: float
    routed: float
    cold: float
    warm: float
    visited_ratio: float
    routed_ratio: float
    ratio: float
    warm_ratio: float


def is_json(raw: bytes) -> bool:
    return raw.lstrip()[:1] in (b"{", b"[")


def parsed(path: Path) -> object:
    raw = path.read_bytes()
    return orjson.loads(raw) if is_json(raw) else ryaml.loads(raw.decode("utf-8-sig"))


def visited(path: Path) -> list[tuple[str, str, object]]:
    """Parses a spec, and looks up each operation and each schema's x- attributes, as any router must do."""
    tree = parsed(path)
    assert isinstance(tree, dict)
    items = tree.get("paths") or {}
    operations = [
        (route, method, operation)
        for route, item in items.items()
        if isinstance(item, dict)
        for method, operation in item.items()
        if method in METHODS and isinstance(operation, dict) and operation.get("x-no-bind-server") is None
    ]
    schemas = (tree.get("components") or {}).get("schemas") or tree.get("definitions") or {}
    kept = [name for name, schema in schemas.items() if isinstance(schema, dict) and "x-persist" in schema]
    assert isinstance(kept, list)
    return operations


def routed(path: Path, cache: Path | None = None) -> Document:
    """Loads a spec, and lists all routes and all persisted schemas."""
    document = load(path, cache=cache)
    routes = [(operation.route, operation.method, operation) for operation in document.operations]
    assert isinstance(routes, list)
    assert isinstance(list(document.persisted), list)
    return document


def loaded(path: Path, cache: Path | None = None) -> Document:
    """Loads and checks a spec, as a server does when it starts. Steps that need Django are left out."""
    document = routed(path, cache)
    assert all(found.level in ("error", "warning") for found in quick_check(document))
    return document


def seconds(action: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    result = action()
    taken = time.process_time() - started
    del result
    return taken


def measured(path: Path, rounds: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        loaded(path, cache)
        taken = [
            (
                seconds(lambda: parsed(path)),
                seconds(lambda: visited(path)),
                seconds(lambda: routed(path)),
                seconds(lambda: loaded(path)),
                seconds(lambda: loaded(path, cache)),
            )
            for _ in range(rounds)
        ]
    return Measured(
        *(statistics.median(column) for column in zip(*taken, strict=True)),
        visited_ratio=statistics.median(known / floor for _, floor, known, _, _ in taken),
        routed_ratio=statistics.median(known / parser for parser, _, known, _, _ in taken),
        ratio=statistics.median(cold / parser for parser, _, _, cold, _ in taken),
        warm_ratio=statistics.median(warm / cold for _, _, _, cold, warm in taken),
    )


def specs(given: list[Path]) -> Iterator[Path]:
    if not given:
        given = [ROOT / "macaron_django" / "apis", ROOT / "example_project" / "apis"]
        if corpus := os.environ.get("MACARON_SPEC_CORPUS"):
            given.append(Path(corpus, "giants"))
    for path in given:
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (each for each in found if each.suffix in (".yaml", ".yml", ".json") and each.is_file())


def row(size: float, found: Measured, target: float, name: str) -> str:
    return (
        f"{size / 1024:6.0f} {found.parser * 1e3:9.2f} {found.visited * 1e3:9.2f} "
        f"{found.routed * 1e3:9.2f} {found.routed_ratio:6.2f} {found.visited_ratio:6.2f} "
        f"{found.cold * 1e3:9.2f} {found.ratio:6.2f} {target:6.1f} "
        f"{found.warm * 1e3:9.2f} {found.warm_ratio:7.0%}  {name}"
    )


def small(folder: Path, rounds: int) -> None:
    """Measures the documents of 5 to 50 KiB that consist of one file, because the parser reads only one file."""
    found: dict[str, list[tuple[int, Measured]]] = {"YAML": [], "JSON": []}
    for path in specs([folder]):
        size = path.stat().st_size
        try:
            if size in SMALL and len(loaded(path).files) == 1:
                taken = measured(path, rounds)
                found["JSON" if is_json(path.read_bytes()) else "YAML"].append((size, taken))
                print(row(size, taken, TARGETS["small"], path.name))
        except (SpecError, ValueError):
            continue
    for form, documents in found.items():
        if documents:
            sizes, taken_by_each = zip(*documents, strict=True)
            medians = Measured(*(statistics.median(column) for column in zip(*taken_by_each, strict=True)))
            met = sum(each.routed_ratio <= TARGETS["small"] for each in taken_by_each)
            name = f"median of {len(documents)} in {form}; routed meets the target with {met}"
            print(row(statistics.median(sizes), medians, TARGETS["small"], name))


#: The code of a process: start, import, read. It prints its CPU time since its start. The process's end isn't included.
START = "import time; print(time.process_time())"
IMPORT = f"import macaron_django.openapi; {START}"
READ = f"""import macaron_django.openapi, sys
document = macaron_django.openapi.load(sys.argv[1], cache=sys.argv[2])
assert document.persisted is not None and all(operation.route for operation in document.operations)
assert macaron_django.openapi.quick_check(document) is not None
{START}"""


def process_seconds(bytecode: str, code: str, *arguments: str) -> float:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", code, *arguments]
    return float(subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True).stdout)


def processes(path: Path, rounds: int) -> str:
    """Returns a line with the CPU times of whole processes.

    A cold process writes the cache entry that a warm process reads.
    """
    taken = []
    with tempfile.TemporaryDirectory() as bytecode:
        process_seconds(bytecode, READ, str(path), bytecode)  # leaves bytecode, as installing a package does
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as cache:
                read = (READ, str(path), cache)
                codes = ((START,), (IMPORT,), read, read)
                taken.append([process_seconds(bytecode, *code) for code in codes])
    bare, imported, cold, warm = (statistics.median(column) * 1e3 for column in zip(*taken, strict=True))
    ratios = (warm / cold, (warm - bare) / (cold - bare), (warm - imported) / (cold - imported))
    return (
        f"{path.stat().st_size / 1024:6.0f} {bare:8.0f} {imported:8.0f} {cold:8.0f} {warm:8.0f} "
        f"{' '.join(f'{ratio:10.0%}' for ratio in ratios)}  {path.name}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how long specs take to load.")
    parser.add_argument("specs", nargs="*", type=Path, metavar="FILE-OR-FOLDER")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument(
        "--small", type=Path, metavar="FOLDER", help="measure documents of 5 to 50 KiB, and print medians"
    )
    parser.add_argument("--processes", action="store_true", help="start a process for each reading")
    parser.add_argument("--rounds", type=int, default=101, help="the rounds for each small file")
    arguments = parser.parse_args()
    if arguments.processes:
        print("   KiB   Python   import     cold     warm    of cold  no Python  no import  (milliseconds of CPU time)")
        for path in specs(arguments.specs):
            print(processes(path, min(arguments.rounds, 11)))
        return 0
    print(
        f"{'KiB':>6} {'parser':>9} {'visited':>9} {'routed':>9} {'ratio':>6} {'of vis':>6} "
        f"{'cold':>9} {'ratio':>6} {'target':>6} {'warm':>9} "
        f"{'of cold':>7}"
        "  (milliseconds of CPU time)"
    )
    if arguments.small:
        small(arguments.small, arguments.rounds)
        return 0
    missed = False
    for path in specs(arguments.specs):
        size = path.stat().st_size
        try:
            found = measured(path, rounds=7 if size > GIANT else arguments.rounds)
        except (SpecError, ValueError):
            continue  # no spec, or one of several documents
        target = TARGETS["giant" if size > GIANT else "small"]
        missed = missed or found.routed_ratio > target or (size > GIANT and found.ratio > target)
        print(row(size, found, target, path.name))
    return int(missed and arguments.check)


if __name__ == "__main__":
    sys.exit(main())
