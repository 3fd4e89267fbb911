"""What a request costs: the Profile API over one DynamoDB engine, by macaron_django and by its peers.

    python benchmarks/bench.py [--quick] [--stacks macaron,drf,…] [--rounds 3] [--out benchmarks/results.json]

Each stack is one file of benchmarks/stacks/, served by one worker. benchmarks/README.md says what is measured, and how.
`make bench` makes the virtualenv that holds the peers and runs this in it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
STACKS = Path(__file__).resolve().parent / "stacks"
BIN = Path(sys.executable).parent
DYNOXIDE = ROOT / "node_modules/@dynoxide/linux-x64/dynoxide"
TICK = os.sysconf("SC_CLK_TCK")

#: stack → (module of benchmarks/stacks, the name of the application in it, the server's kind)
SERVERS = {
    "macaron": ("macaron", "application", "wsgi"),
    "drf": ("drf", "application", "wsgi"),
    "ninja": ("ninja_stack", "application", "wsgi"),
    "connexion": ("connexion_stack", "app", "asgi"),
    "fastapi-threads": ("fastapi_threads", "app", "asgi"),
    "fastapi-async": ("fastapi_async", "app", "asgi"),
    "flask-boto3": ("flask_boto3", "application", "wsgi"),
    "django-floor": ("django_floor", "application", "wsgi"),
    "wsgi-floor": ("wsgi_floor", "application", "wsgi"),
}
FLOORS = {"django-floor", "wsgi-floor"}
PROFILES = 1000

#: operation → how many requests a round makes
OPERATIONS = {"get": 2000, "list100": 300, "put": 1200, "create": 1200}

PACKAGES = (
    *(
        "macaron_django",
        "Django",
        "djangorestframework",
        "pynamodb",
        "botocore",
        "boto3",
        "aiobotocore",
        "django-ninja",
    ),
    *("connexion", "fastapi", "pydantic", "Flask", "gunicorn", "uvicorn", "uvloop", "orjson"),
)


class Exchange(NamedTuple):
    """One HTTP request."""

    method: str
    path: str
    body: bytes | None = None


class Figures(NamedTuple):
    """What a round of one operation cost one stack."""

    cpu_ms: float
    rps: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Server:
    """A running stack."""

    name: str
    process: subprocess.Popen[bytes]
    port: int

    def pids(self) -> list[int]:
        """The server's processes: all of the session that it was started in."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    session = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
                except OSError:
                    continue
                if session == self.process.pid:
                    found.append(int(entry.name))
        return found

    def cpu_seconds(self) -> float:
        """utime + stime of the server's processes (proc(5))."""
        total = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def rss_mb(self) -> float:
        """Resident memory of the largest of the server's processes, in MB: the worker."""
        return max(
            int(line.split()[1]) / 1024
            for pid in self.pids()
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith("VmRSS")
        )


def body_of(number: int, *, with_id: bool) -> bytes:
    """A valid profile of 250 bytes, as JSON."""
    profile = {
        "name": f"Person {number}",
        "email": f"person{number}@example.com",
        "age": number % 100,
        "tags": ["mathematics", "engines", "poetry"],
        "address": {"street": f"{number} Long Street", "city": "London", "zip": "N1 9GU"},
        "view_count": number,
    }
    if with_id:
        profile = {"profile_id": f"person-{number}", **profile}
    return json.dumps(profile).encode()


def exchanges(operation: str, count: int) -> list[Exchange]:
    """The requests of one round; the same for every stack."""
    choose = random.Random(operation).randrange
    if operation == "get":
        return [Exchange("GET", f"/profiles/person-{choose(PROFILES)}") for _ in range(count)]
    if operation == "list100":
        return [Exchange("GET", "/profiles?limit=100")] * count
    if operation == "put":
        return [
            Exchange("PUT", f"/profiles/person-{choose(PROFILES)}", body_of(number, with_id=False))
            for number in range(count)
        ]
    return [Exchange("POST", "/profiles", body_of(number, with_id=False)) for number in range(count)]


EXPECTED = {"get": 200, "list100": 200, "put": 200, "create": 201}


def send(port: int, requests: list[Exchange], status: int, connections: int) -> list[float]:
    """Send requests over some kept connections at once; the seconds that each took. Another status is an error."""
    seconds: list[float] = []
    failures: list[str] = []
    waiting = iter(requests)
    lock = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not failures:
            with lock:
                request = next(waiting, None)
            if request is None:
                break
            began = time.perf_counter()
            headers = {"Content-Type": "application/json"} if request.body else {}
            connection.request(request.method, request.path, request.body, headers)
            response = connection.getresponse()
            content = response.read()
            seconds.append(time.perf_counter() - began)
            if response.status != status:
                failures.append(f"{request.method} {request.path}: {response.status} {content[:300]!r}")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(failures[0])
    return seconds


def measure(server: Server, operation: str, count: int, connections: int) -> Figures:
    """One round of one operation on one stack."""
    requests = exchanges(operation, count)
    cpu, began = server.cpu_seconds(), time.perf_counter()
    seconds = send(server.port, requests, EXPECTED[operation], connections)
    elapsed, cpu = time.perf_counter() - began, server.cpu_seconds() - cpu
    ordered = sorted(seconds)
    return Figures(
        cpu * 1000 / count, count / elapsed, ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.99)] * 1000
    )


def check(server: Server) -> None:
    """Show that a stack does the work: it answers all of a profile, and refuses what the spec refuses."""

    def ask(method: str, path: str, body: object = None) -> tuple[int, object, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read()), response.headers["Link"]

    def demand(holds: bool, what: str, got: object) -> None:
        if not holds:
            sys.exit(f"{server.name}: {what}; it answered {got}")

    status, profile, _ = ask("GET", "/profiles/person-7")
    expected = json.loads(body_of(7, with_id=True))
    kept = isinstance(profile, dict) and {name: profile.get(name) for name in expected} == expected
    demand(status == 200 and kept and "created" in profile, "GET answers the profile as it was sent", profile)  # type: ignore[operator]
    status, page, link = ask("GET", "/profiles?limit=100")
    demand(status == 200 and len(page) == 100, "a page has 100 profiles", status)  # type: ignore[arg-type]
    demand('rel="next"' in (link or ""), "a page leads to the next", link)
    demand(ask("GET", "/profiles/nobody")[0] == 404, "an unknown id is 404", ask("GET", "/profiles/nobody"))
    if server.name in FLOORS:
        return
    for wrong in (
        {"age": 3},
        {"name": "x" * 201},
        {"name": "x", "age": 200},
        {"name": "x", "address": {"zip": "!"}},
        {"name": "x", "unknown": 1},
        {"name": "x", "tags": "one"},
    ):
        status, answer, _ = ask("PUT", "/profiles/person-7", wrong)
        demand(status in (400, 422), f"{wrong} is refused", (status, answer))
    demand(ask("PUT", "/profiles/nobody", {"name": "x"})[0] == 404, "PUT on an absent profile is 404", None)
    demand(ask("POST", "/profiles", {"name": "x", "profile_id": "person-7"})[0] == 409, "a taken key is 409", None)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], what: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{what} ended with {process.returncode} instead of serving.")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"{what} didn't answer within a minute.")


@contextmanager
def running(command: list[str], port: int, what: str, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process and its children, in a session of their own, until the end of the block."""
    process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    try:
        wait_for(port, process, what)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def engine() -> Iterator[str]:
    """A DynamoDB engine on disk; its URL."""
    if not DYNOXIDE.exists():
        sys.exit(f"{DYNOXIDE} isn't there: run `npm ci`.")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [str(DYNOXIDE), "--db-path", f"{folder}/dynamodb.sqlite3", "--port", str(port)]
        with running(command, port, "The engine", stdout=subprocess.DEVNULL):
            yield f"http://127.0.0.1:{port}"


def make_table(url: str, name: str) -> None:
    import boto3

    client = boto3.client(
        "dynamodb", endpoint_url=url, region_name="eu-west-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "profile_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "profile_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


@contextmanager
def serving(stack: str, url: str, workers: int = 1) -> Iterator[Server]:
    """A stack behind its server, with an empty table of its own."""
    module, name, kind = SERVERS[stack]
    table, port = f"profiles_{module}", free_port()
    make_table(url, table)
    if kind == "wsgi":
        command = [str(BIN / "gunicorn"), "--worker-class", "gthread", "--threads", "4", "--keep-alive", "75"]
        command += ["--workers", str(workers), "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    else:
        command = [str(BIN / "uvicorn"), "--port", str(port), "--log-level", "warning", "--no-access-log"]
        command += ["--workers", str(workers)] if workers > 1 else []
    environment = {
        **os.environ,
        "STACK_ENDPOINT": url,
        "STACK_TABLE": table,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(STACKS),
    }
    with running([*command, f"{module}:{name}"], port, stack, cwd=STACKS, env=environment) as process:
        yield Server(stack, process, port)


def medians(rounds: list[Figures]) -> Figures:
    return Figures(*(statistics.median(values) for values in zip(*rounds, strict=True)))


def run(stacks: list[str], rounds: int, share: float, connections: int) -> list[dict[str, object]]:
    """Serve the stacks side by side over one engine, and measure them in turn, round by round."""
    measured: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    memory: dict[str, float] = {}
    with ExitStack() as opened:
        url = opened.enter_context(engine())
        servers = [opened.enter_context(serving(stack, url)) for stack in stacks]
        progress = opened.enter_context(tqdm(total=len(servers) * (1 + rounds * len(OPERATIONS)), unit="step"))
        for server in servers:
            progress.set_postfix_str(f"{server.name}: seeding")
            seeds = [Exchange("POST", "/profiles", body_of(number, with_id=True)) for number in range(PROFILES)]
            send(server.port, seeds, 201, connections)
            check(server)
            for operation in OPERATIONS:
                send(server.port, exchanges(operation, 60), EXPECTED[operation], connections)
            progress.update()
        for _ in range(rounds):
            for operation, count in OPERATIONS.items():
                for server in servers:
                    progress.set_postfix_str(f"{server.name}: {operation}")
                    measured[server.name, operation].append(
                        measure(server, operation, max(20, round(count * share)), connections)
                    )
                    progress.update()
        for server in servers:
            memory[server.name] = server.rss_mb()
    return [
        {
            "stack": stack,
            "operation": operation,
            **{name: round(value, 3) for name, value in medians(measured[stack, operation])._asdict().items()},
            "rss_mb": round(memory[stack], 1),
        }
        for stack in stacks
        for operation in OPERATIONS
    ]


def markdown(rows: list[dict[str, object]]) -> str:
    """CPU milliseconds a request, and in brackets how that compares with the hand-written DRF."""
    cpu = {(row["stack"], row["operation"]): float(str(row["cpu_ms"])) for row in rows}
    stacks = list(dict.fromkeys(str(row["stack"]) for row in rows))
    base = "drf" if "drf" in stacks else stacks[0]
    lines = [
        "| stack | " + " | ".join(OPERATIONS) + f" | of {base} | MB |",
        "|---|" + "---:|" * (len(OPERATIONS) + 2),
    ]
    for stack in stacks:
        ratios = " / ".join(f"{cpu[stack, operation] / cpu[base, operation]:.2f}" for operation in OPERATIONS)
        figures = " | ".join(f"{cpu[stack, operation]:.2f}" for operation in OPERATIONS)
        memory = next(row["rss_mb"] for row in rows if row["stack"] == stack)
        lines.append(f"| {stack} | {figures} | {ratios} | {memory} |")
    return "\n".join(lines)


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


def main(argv: list[str] | None = None, report: Callable[[str], object] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests")
    parser.add_argument("--stacks", default=",".join(SERVERS), help="comma-separated; %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; %(default)s")
    parser.add_argument("--connections", type=int, default=4, help="kept connections at once; %(default)s")
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args(argv)
    stacks = options.stacks.split(",")
    if unknown := [stack for stack in stacks if stack not in SERVERS]:
        parser.error(f"There is no stack {', '.join(unknown)}; there are {', '.join(SERVERS)}.")
    rows = run(stacks, options.rounds, 0.2 if options.quick else 1.0, options.connections)
    if options.out:
        results = {"machine": machine(), "versions": versions(), "rows": rows}
        options.out.write_text(json.dumps(results, indent=1) + "\n")
    report(markdown(rows))


if __name__ == "__main__":
    main()
