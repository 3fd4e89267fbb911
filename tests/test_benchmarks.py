"""The benchmarks' results: what is in the file, and what tables and pictures are made of it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import jsonschema_rs
import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
OPERATIONS = ("get", "list100", "put", "create")
STACKS = {
    "macaron": 0.5,
    "drf": 2.0,
    "ninja": 1.5,
    "connexion": 1.6,
    "fastapi-threads": 1.3,
    "fastapi-async": 1.0,
    "flask-boto3": 1.4,
    "django-floor": 0.4,
    "wsgi-floor": 0.3,
    "macaron-jwt": 0.6,
    "macaron-startproject": 0.7,
    "drf-startproject": 2.2,
    "macaron-orm": 0.5,
    "drf-orm": 1.0,
}
FIGURES = {name: {"type": "number", "exclusiveMinimum": 0} for name in ("cpu_ms", "rps", "p50_ms", "p99_ms", "rss_mb")}
ROW = {
    "stack": {"enum": list(STACKS)},
    "server": {"enum": ["gthread", "granian-wsgi", "granian-asgi", "uvicorn"]},
    "operation": {"enum": list(OPERATIONS)},
}
SCHEMA = {
    "type": "object",
    "required": ["machine", "versions", "rows"],
    "properties": {
        "machine": {"type": "object"},
        "versions": {"type": "object", "additionalProperties": {"type": "string"}},
        "rows": {
            "type": "array",
            "items": {
                "properties": {**ROW, **FIGURES},
                "required": [*ROW, *FIGURES],
                "additionalProperties": False,
            },
        },
        "sweeps": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {"properties": {**ROW, **FIGURES}, "required": ["stack", "x", "cpu_ms", "rps"]},
            },
        },
    },
}


def by_path(name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def figures(cost: float) -> dict[str, float]:
    return {"cpu_ms": cost, "rps": 1000 / cost, "p50_ms": cost * 4, "p99_ms": cost * 9}


@pytest.fixture
def results():
    """A file as bench.py writes it, with round numbers."""
    swept = {"page_size": (1, 1000), "body_kb": (0.25, 300), "operations": (10, 1000), "clients": (1, 64)}
    workers = [
        {"stack": "macaron", "operation": "get", "x": number, **figures(0.5), "rps": 900 * number, "beside_ms": 0.2}
        for number in (1, 2)
    ]
    return {
        "machine": {"processor": "a processor", "cores": 2, "system": "Linux"},
        "versions": {"python": "3.11.7", "Django": "5.2"},
        "rows": [
            {"stack": stack, "server": "granian-wsgi", "operation": operation, **figures(cost), "rss_mb": 100.0}
            for stack, cost in STACKS.items()
            for operation in OPERATIONS
        ],
        "sweeps": {
            **{
                name: [
                    {"stack": stack, "x": x, **figures(cost * x)}
                    for x in points
                    for stack, cost in (("macaron", 0.5), ("drf", 2.0))
                ]
                for name, points in swept.items()
            },
            "workers": workers,
        },
        "servers": [
            {"stack": "macaron", "server": server, "operation": operation, **figures(cost), "rss_mb": 100.0}
            for server, cost in (("gthread", 0.5), ("granian-wsgi", 0.4))
            for operation in ("get", "list100")
        ],
        "memory": [
            {"stack": stack, "requests": requests, "rss_mb": rss}
            for requests in (1000, 20_000)
            for stack, rss in (("macaron", 110.0), ("drf", 100.0))
        ],
        "start": [
            {"stack": "macaron", "cpu_s": 0.6, "rss_mb": 90.0},
            {"stack": "drf", "cpu_s": 0.5, "rss_mb": 60.0},
        ],
    }


def table_rows(text: str, *starts: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if row[0].startswith(starts)]


def test_the_file_that_is_shipped_has_the_rows_that_the_documentation_promises(results):
    shipped = json.loads((BENCHMARKS / "results.json").read_text("utf-8"))
    validator = jsonschema_rs.Draft202012Validator(SCHEMA)
    for document in (results, shipped):
        validator.validate(document)
        assert {(row["stack"], row["operation"]) for row in document["rows"]} == {
            (stack, operation) for stack in STACKS for operation in OPERATIONS
        }


def test_the_shipped_table_is_that_of_the_shipped_figures():
    shipped = json.loads((BENCHMARKS / "results.json").read_text("utf-8"))
    assert (BENCHMARKS / "results.md").read_text("utf-8") == by_path("report").markdown(shipped)


def test_a_stack_is_set_beside_the_one_that_it_competes_with(results):
    text = by_path("report").markdown(results)
    assert table_rows(text, "`macaron`")[0] == [
        *("`macaron`", "granian-wsgi", "0.50", "0.50", "0.50", "0.50", "0.25 / 0.25 / 0.25 / 0.25", "2000", "100"),
    ]
    assert table_rows(text, "`macaron-orm`")[0][6] == "0.50 / 0.50 / 0.50 / 0.50"


def test_each_target_says_whether_it_holds(results):
    text = by_path("report").markdown(results)
    ratios = {row[0]: row[1:] for row in table_rows(text, "`macaron") if len(row) == 5}
    assert ratios["`macaron` of `django-floor`"] == ["1.250 ≤ 1.40", "1.250 ≤ 1.25", "1.250 ≤ 1.50", "1.250 ≤ 1.50"]
    assert ratios["`macaron` of the fastest peer for each"][:2] == ["0.500 ≤ 0.60", "0.500 > 0.31, missed"]
    assert ratios["`macaron` of `drf`"][1] == "0.250 > 0.16, missed"
    assert ratios["`macaron-orm` of `drf-orm`"][2] == "0.500 ≤ 0.60"
    assert ratios["`macaron-startproject` of `drf-startproject`"] == ["0.318"] * 4
    verdicts = {(row[0], row[1]): row[2:] for row in table_rows(text, "`macaron")}
    assert verdicts["`macaron-jwt` more than `macaron`", "get"] == ["0.10 ms", "0.08 ms", "missed"]
    assert verdicts["`macaron` of `drf`: 0.60 of 0.50 s", "CPU until the first answer"][2] == "holds"
    assert verdicts["`macaron` of `drf`: 90.00 of 60.00 MB", "memory then"][2] == "missed"
    assert verdicts["`macaron` of `drf`: 110 of 100 MB", "20,000 requests"] == ["1.10", "1.00", "missed"]


def test_without_all_peers_none_is_called_the_fastest(results):
    results["rows"] = [row for row in results["rows"] if row["stack"] != "ninja"]
    assert "fastest peer" not in by_path("report").markdown(results)


@pytest.mark.parametrize("part", ["rows", "sweeps", "servers", "memory", "start"])
def test_a_table_is_made_of_any_part_alone(results, part):
    alone = {name: results[name] for name in ("machine", "versions", part)}
    assert "macaron" in by_path("report").markdown(alone)


def test_the_same_figures_give_the_same_pictures(results, tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(results), "utf-8")
    drawn = []
    for folder in ("once", "again"):
        command = [sys.executable, str(BENCHMARKS / "plots.py"), "results.json", "--out", folder]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        drawn.append({path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()})
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {
        *("cpu-by-stack.svg", "cost-by-size.svg", "cost-by-load.svg"),
        *("throughput-by-workers.svg", "memory-by-requests.svg"),
    }
    assert all(picture.startswith(b"<?xml") for picture in drawn[0].values())
