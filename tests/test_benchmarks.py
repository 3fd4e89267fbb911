"""The benchmarks' results: what is in the file, and what tables and pictures are made of it."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import jsonschema_rs
import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
OPERATIONS = ("get", "list100", "put", "create")
STACKS = {
    "macaron": 0.5,
    "macaron-handler": 0.55,
    "macaron-asgi": 0.3,
    "drf": 2.0,
    "ninja": 1.5,
    "connexion": 1.6,
    "fastapi-threads": 1.3,
    "fastapi-async": 1.0,
    "flask-boto3": 1.4,
    "blacksheep-dynamoxy": 0.6,
    "litestar-dynamoxy": 0.7,
    "fastapi-dynamoxy": 0.8,
    "bolt-dynamoxy": 0.7,
    "blacksheep-pydynox": 0.7,
    "litestar-pydynox": 0.8,
    "fastapi-pydynox": 0.9,
    "django-raw": 0.4,
    "asgi-raw": 0.2,
    "wsgi-raw": 0.2,
    "django-floor": 0.4,
    "wsgi-floor": 0.3,
    "macaron-trimmed": 0.4,
    "macaron-jwt": 0.6,
    "macaron-startproject": 0.7,
    "drf-startproject": 2.2,
    "macaron-orm": 0.5,
    "drf-orm": 1.0,
}
FIGURES = {name: {"type": "number", "exclusiveMinimum": 0} for name in ("cpu_ms", "rps", "p50_ms", "p99_ms", "rss_mb")}
ROW = {
    "stack": {"enum": list(STACKS)},
    "server": {"enum": ["gthread", "granian-wsgi", "granian-asgi", "uvicorn", "runbolt"]},
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
        "hooks": {
            "type": "array",
            "items": {
                "properties": {"stack": {"const": "macaron"}, "hook": {"type": "string"}, "cpu_ms": FIGURES["cpu_ms"]},
                "required": ["stack", "hook", "operation", "cpu_ms"],
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
    """A module of the benchmarks, with what it finds beside it."""
    found = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    module = sys.modules[found.name] = importlib.util.module_from_spec(found)  # where dataclasses look
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(BENCHMARKS))
        found.loader.exec_module(module)
    return module


def figures(cost: float) -> dict[str, float]:
    return {"cpu_ms": cost, "rps": 1000 / cost, "p50_ms": cost * 4, "p99_ms": cost * 9}


def turns() -> dict[tuple[str, str], list[float]]:
    """Seconds of each hook and operation in three rounds, of which the second was twice as slow: an API costs 1 ms."""
    hooks = by_path("hooks")
    costs = {"bare": 0.0002, "bare_throttled": 0.0004, "throttled": 0.0013, "open": 0.0012, "permission": 0.0012}
    found = {
        (hook.name, operation): [costs.get(hook.name, 0.001) * slow for slow in (1, 2, 1)]
        for hook in hooks.HOOKS.values()
        for operation in hook.operations
    }
    found["plain", "patch"] = [0.0015, 0.003, 0.0015]
    return found


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
                    for stack, cost in (("macaron", 0.5), ("drf", 2.0), ("django-raw", 0.6))
                ]
                for name, points in swept.items()
            },
            "workers": workers,
        },
        "hooks": by_path("hooks").rows(turns()),
        "latency": [
            {
                "stack": stack,
                "server": "granian-wsgi",
                "threads": threads,
                "operation": operation,
                **figures(cost),
                "rss_mb": 140.0 if stack == "macaron-asgi" else 100.0,
                "switches": 2.5,
            }
            for operation in ("get", "create")
            for stack, threads, cost in (
                *(("macaron", 4, 1.0), ("macaron", 64, 0.5), ("macaron-asgi", 0, 0.32)),
                ("blacksheep-dynamoxy", 0, 0.4),
            )
        ],
        "large_spec": [
            {
                "stack": "macaron",
                "operations": number,
                "tables": tables,
                "cpu_s": 0.5 + tables / 1000,
                "rss_mb": 90.0 + tables,
            }
            for number, tables in ((4, 1), (1002, 500))
        ],
        "free_threaded": [
            {
                "stack": "macaron",
                "free": free,
                "workers": workers,
                "threads": 3 - workers,
                "operation": "get",
                **figures(cost),
                "rss_mb": 100.0,
                "beside_ms": 0.2,
            }
            for free, workers, cost in ((True, 1, 0.8), (True, 2, 0.6), (False, 2, 0.4))
        ],
        "distance": {"milliseconds": 5.0, "connections": 64, "call_ms": 5.3, "carries_rps": 9000},
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
    assert (BENCHMARKS / "results.md").read_text("utf-8") == by_path("report").document(shipped)


def test_a_stack_is_set_beside_the_one_that_it_competes_with(results):
    text = by_path("report").markdown(results)
    assert table_rows(text, "`macaron`")[0] == [
        *("`macaron`", "granian-wsgi", "0.50", "0.50", "0.50", "0.50", "0.25 / 0.25 / 0.25 / 0.25", "2000", "100"),
    ]
    assert table_rows(text, "`macaron-orm`")[0][6] == "0.50 / 0.50 / 0.50 / 0.50"


def test_each_target_says_whether_it_holds(results):
    text = by_path("report").markdown(results)
    ratios = {row[0]: row[1:] for row in table_rows(text, "`macaron") if len(row) == 5}
    assert ratios["`macaron` of `django-floor`"] == [
        *("1.250 > 1.14, missed", "1.250 > 1.15, missed", "1.250 > 1.24, missed", "1.250 ≤ 1.42"),
    ]
    assert ratios["`macaron` of `blacksheep-dynamoxy`"][:2] == ["0.833 ≤ 0.90", "0.833 > 0.75, missed"]
    assert ratios["`macaron` of the fastest peer for each"] == ["0.833"] * 4
    assert ratios["`macaron-handler` of `django-raw`"][:2] == ["1.375 > 1.35, missed", "1.375 > 1.10, missed"]
    assert ratios["`macaron` of `asgi-raw`"] == ["2.500", "2.500 > 1.30, missed", "2.500", "2.500"]
    assert ratios["`macaron` of `drf`"][1] == "0.250 > 0.16, missed"
    assert ratios["`macaron-orm` of `drf-orm`"][2] == "0.500 ≤ 0.60"
    assert ratios["`macaron-startproject` of `drf-startproject`"] == ["0.318"] * 4
    verdicts = {(row[0], row[1]): row[2:] for row in table_rows(text, "`macaron")}
    assert verdicts["`macaron` of `django-raw`: 500.00 of 600.00 ms", "a list of 1,000 items"] == [
        "0.83",
        "0.75",
        "missed",
    ]
    assert verdicts["`macaron-jwt` minus `macaron`", "get"] == ["0.10 ms", "0.08 ms", "missed"]
    assert verdicts["`macaron` of `drf`: 0.60 of 0.50 s", "CPU time until the first response"][2] == "holds"
    assert verdicts["`macaron` of `drf`: 90.00 of 60.00 MB", "memory after this response"][2] == "missed"
    assert verdicts["`macaron` of `drf`: 110 of 100 MB", "20,000 requests"] == ["1.10", "1.00", "missed"]


def test_without_all_peers_none_is_called_the_fastest(results):
    results["rows"] = [row for row in results["rows"] if row["stack"] != "ninja"]
    assert "fastest peer" not in by_path("report").markdown(results)


def test_a_ratio_is_that_within_rounds():
    hooks = by_path("hooks")
    assert hooks.ratio([3.0, 30.0, 2.0], [2.0, 20.0, 1.0]) == 1.5
    assert hooks.added([3.0, 30.0, 2.0], [2.0, 20.0, 1.0]) == 1.0


def test_a_hook_is_set_beside_what_it_is_compared_with():
    found = {(row["hook"], row["operation"]): row for row in by_path("hooks").rows(turns())}
    own = found["open", "put"]
    assert (own["cpu_ms"], own["ratio"], own["more_ms"]) == (1.2, 1.2, 0.2)
    assert found["plain", "patch"]["ratio"] == 1.5  # of PUT
    assert found["bare_throttled", "get"]["ratio"] == 2.0  # of the bare view
    assert found["handler", "view"]["ratio"] == 1.0
    assert "ratio" not in found["plain", "get"]
    assert "ratio" not in found["bare", "get"]


def test_without_what_it_is_compared_with_a_hook_has_no_ratio():
    alone = {place: seconds for place, seconds in turns().items() if place[0] == "open"}
    assert all("ratio" not in row for row in by_path("hooks").rows(alone))


def test_each_hook_says_whether_its_target_holds(results):
    text = by_path("report").markdown(results)
    rows = {row[0]: row[1:] for row in table_rows(text.partition("## Hooks")[2].partition("## ")[0], "")}
    assert rows["plain"] == ["1.00 ms"] * 4
    assert rows["no `additionalProperties: false`"] == ["1.20 > 1.15, missed"] * 4
    assert rows["an overridden permission class"] == ["1.20 ≤ 1.25"] * 4
    assert rows["an overridden `perform_create`"] == [*["1.00 ≤ 1.05"] * 3, "1.00 ≤ 1.30"]
    assert rows["a JWT"] == ["1.00"] * 4
    assert rows["PATCH, compared with PUT"] == ["1.50 of 1.00 ms", "1.50", "1.40", "missed"]
    assert rows["time that a throttle adds, compared with a throttle on a bare view"] == [
        "create: 0.30 of 0.20 ms",
        "1.50",
        "1.00",
        "missed",
    ]


def test_a_spec_has_the_changes_that_its_variant_names():
    spec_text = by_path("specs").spec_text
    assert "additionalProperties: false" not in spec_text("plain", "t")
    assert spec_text("trimmed+jwt", "t").count("additionalProperties: false") == 2
    assert "table: t, hash_key: profile_id, version: version}" in spec_text("versioned", "t")
    with pytest.raises(ValueError, match="no variant nonsense"):
        spec_text("trimmed+nonsense", "t")


@pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks are Linux's")
def test_each_hook_answers_as_it_should_before_it_is_measured():
    """hook_runs.py ends with 1 where an answer is another, or a hook wasn't called."""
    command = [sys.executable, str(BENCHMARKS / "hook_runs.py"), "--rounds", "1", "--share", "0.01", "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {(row["hook"], row["operation"]) for row in json.loads(done.stdout)} == set(turns())


@pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks are Linux's")
def test_each_tracer_is_measured_beside_djangos_handler():
    command = [sys.executable, str(BENCHMARKS / "tracing.py"), "--rounds", "1", "--share", "0.01"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cells = table_rows(done.stdout, "")[2:]
    assert cells[0][0] == "Django's handler, without tracing"
    assert len(cells) == 10
    assert all(float(each) > 0 for row in cells[1:] for each in row[1:5])


@pytest.mark.parametrize("part", ["rows", "sweeps", "hooks", "latency", "free_threaded", "servers", "memory", "start"])
def test_a_table_is_made_of_any_part_alone(results, part):
    alone = {name: results[name] for name in ("machine", "versions", part)}
    assert ("perform_create" if part == "hooks" else "`macaron`") in by_path("report").markdown(alone)


def test_what_serves_a_distant_engine_is_set_beside_the_fastest_peer(results):
    text = by_path("report").markdown(results).partition("## Latency")[2].partition("## ")[0]
    rows = {row[0]: row[1:] for row in table_rows(text, "`macaron")}
    assert rows["`macaron`, 4 threads"][1:3] == ["1000", "0.40"]
    assert rows["`macaron`, 64 threads"] == [
        "granian-wsgi",
        "2000",
        "0.80 ≥ 0.75",
        "2.0",
        "4.5",
        "0.50",
        "2.5",
        "100 ≤ 130",
    ]
    assert rows["`macaron-asgi`"][2:5:2] == ["1.25 ≥ 1.00", "2.9 ≤ 3.6"]
    assert rows["`macaron-asgi`"][-1] == "140 > 130, missed"
    assert "5 ms away. Each stack has 64 connections" in text
    assert "a call takes 5.3 ms, and as many connections get 9,000 responses a second" in text
    del results["distance"], results["latency"][3], results["latency"][-1]
    text = by_path("report").markdown(results).partition("## Latency")[2].partition("## ")[0]
    assert {row[3] for row in table_rows(text, "`macaron`")} == {""}


def test_a_large_spec_is_set_beside_a_small_one(results):
    text = by_path("report").markdown(results).partition("## Large specs")[2].partition("## ")[0]
    assert table_rows(text, "4", "1,002") == [["4", "1", "0.50", "91"], ["1,002", "500", "1.00", "590"]]


def test_a_large_spec_has_a_table_for_each_four_operations_or_for_each_two():
    spec_text = by_path("specs").spec_text
    for operations, many_tables, tables in ((4, True, 1), (1000, False, 250), (1002, True, 500)):
        text = spec_text("plain", "profiles", operations, many_tables)
        assert text.count("x-persist:") == tables
        assert text.count("operationId:") == operations


def test_threads_without_a_lock_are_set_beside_processes_with_one(results):
    text = by_path("report").markdown(results).partition("## Free-threaded")[2].partition("## ")[0]
    assert table_rows(text, "`macaron`") == [
        ["`macaron`", "get", "no lock, two threads", "1250", "0.50", "0.80", "100"],
        ["`macaron`", "get", "no lock, two processes", "1667", "0.67", "0.60", "2 of 100"],
        ["`macaron`", "get", "a lock, two processes", "2500", "1.00", "0.40", "2 of 100"],
    ]


def test_the_documentation_has_a_section_of_what_was_not_measured(results):
    del results["latency"]
    report = by_path("report")
    assert "## Latency\n\nNot measured." in report.document(results)
    assert "## Latency" not in report.markdown(results)


@pytest.fixture
def far_echo():
    """A connection to a server that sends back what it gets, 50 ms away."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, str(BENCHMARKS / "delaying.py"), str(port), str(server.getsockname()[1]), "50"]
        proxy = subprocess.Popen(command)
        try:
            client = connected(port)
            server.settimeout(10)
            answering, _ = server.accept()
            thread = threading.Thread(target=echo, args=(answering,))
            thread.start()
            with client:
                yield client
            thread.join(10)
            assert not thread.is_alive(), "the proxy keeps a connection whose client has hung up"
        finally:
            proxy.kill()
            proxy.wait()


def connected(port: int) -> socket.socket:
    for _ in range(200):
        client = socket.socket()
        if client.connect_ex(("127.0.0.1", port)) == 0:
            client.settimeout(10)
            return client
        client.close()
        time.sleep(0.05)
    pytest.fail("the proxy doesn't listen")


def echo(connection: socket.socket) -> None:
    with connection:
        while content := connection.recv(1 << 16):
            connection.sendall(content)


@pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks are Linux's")
def test_a_distant_engine_gets_each_request_later_and_whole(far_echo):
    for size in (10, 200_000):
        began = time.monotonic()
        sent = bytes(range(250)) * (size // 250 + 1)
        thread = threading.Thread(target=far_echo.sendall, args=(sent,))
        thread.start()
        received = far_echo.recv(1 << 16)
        assert time.monotonic() - began >= 0.05
        while len(received) < len(sent):
            received += far_echo.recv(1 << 16)
        thread.join()
        assert received == sent


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
