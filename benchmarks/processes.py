"""Starts the processes of a measurement, the DynamoDB engine and the stacks on their servers, and reads their costs.

Context managers start the processes and always end them. If the parent of a process dies, the kernel ends the process.
This works on Linux only, because CPU time and memory are read from /proc.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import catalogue
import specs
from catalogue import Stack
from client import Exchange, Refused, send

__all__ = [
    *("THREADS", "Engine", "Serving", "delayed", "engine", "environment", "is_free_threaded", "make_table", "serving"),
]

HERE = Path(__file__).resolve().parent
CODE = HERE / "stacks"
BIN = Path(sys.executable).parent
DYNOXIDE = HERE.parent / "node_modules/@dynoxide/linux-x64/dynoxide"
TICK = os.sysconf("SC_CLK_TCK")
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # prctl(2)
_START = 60  # seconds until a server must answer
THREADS = 4  # of a WSGI server's worker, unless another number is given


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(frozen=True)
class Engine:
    """A running DynamoDB engine."""

    process: subprocess.Popen[bytes]
    url: str
    folder: Path  # for files that are deleted afterwards

    def cpu_seconds(self) -> float:
        return _cpu_seconds(self.process.pid)


@dataclass(frozen=True)
class Serving:
    """A running stack."""

    stack: Stack
    server: str  # of catalogue.SERVERS
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, requests: Sequence[Exchange], status: int, connections: int) -> list[float]:
        """Sends the requests, and returns the seconds that each request took.

        A wrong response raises Refused, with the end of the stack's log.
        """
        try:
            return send(self.port, requests, status, connections, self.headers)
        except Refused as error:
            raise Refused(f"{self.stack.name}: {error}\n{self.log.read_text()[-3000:]}") from None

    def pids(self) -> list[int]:
        """Returns the ids of the stack's processes: all processes of the session that the stack was started in."""
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
        return sum(map(_cpu_seconds, self.pids()))

    def switches(self) -> int:
        """Returns how often the stack's threads have left a core so far, voluntarily or not."""
        found = 0
        for pid in self.pids():
            for thread in Path(f"/proc/{pid}/task").iterdir():
                try:
                    lines = (thread / "status").read_text().splitlines()
                except OSError:  # it has ended
                    continue
                found += sum(int(line.split()[1]) for line in lines if "voluntary_ctxt_switches" in line)
        return found

    def rss_mb(self) -> float:
        """Returns the resident memory, in MB, of the worker, which is the largest of the stack's processes."""
        found = [
            int(line.split()[1]) / 1024
            for pid in self.pids()
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith("VmRSS")
        ]
        return max(found, default=0.0)


def _cpu_seconds(pid: int) -> float:
    """Returns utime + stime of a process, including its ended threads (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def is_free_threaded(python: Path) -> bool:
    """Returns whether an interpreter can run without its lock."""
    code = "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "1"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], what: str, log: Path) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{what} ended with {process.returncode} instead of serving:\n{log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"{what} didn't answer within a minute:\n{log.read_text()[-2000:]}")


def _log(folder: Path, port: int) -> Path:
    return folder / f"{port}.log"


@contextmanager
def _running(
    command: list[str], port: int, what: str, folder: Path, **options: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a process and its children, in a separate session, until the block ends."""
    log = _log(folder, port)
    with log.open("wb") as output:
        process = subprocess.Popen(  # type: ignore[call-overload]
            command,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_end_with_parent,
            **options,
        )
    try:
        _wait_for(port, process, what, log)
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            pass
        return


@contextmanager
def engine() -> Iterator[Engine]:
    """Runs a DynamoDB engine. Its file is in memory if possible, so that the disk isn't measured."""
    if not DYNOXIDE.exists():
        sys.exit(f"{DYNOXIDE} isn't there: run `npm ci`.")
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    port = free_port()
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        folder = Path(name)
        command = [str(DYNOXIDE), "--db-path", f"{folder}/dynamodb.sqlite3", "--port", str(port)]
        with _running(command, port, "The engine", folder) as process:
            yield Engine(process, f"http://127.0.0.1:{port}", folder)


@contextmanager
def delayed(of: Engine, milliseconds: float) -> Iterator[Engine]:
    """Runs a proxy to the engine that delays each request, and yields the engine with the proxy's port."""
    port = free_port()
    command = [sys.executable, str(HERE / "delaying.py"), str(port), of.url.rpartition(":")[2], str(milliseconds)]
    with _running(command, port, "The delaying proxy", of.folder):
        yield replace(of, url=f"http://127.0.0.1:{port}")


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


def environment(
    stack: Stack, of: Engine, name: str, operations: int = 0, threads: int = THREADS, *, many_tables: bool = False
) -> dict[str, str]:
    """Creates a stack's table, spec and database, and returns the environment variables that name them.

    Each server has its own ``name``, so that two servers of one stack share only the engine.
    """
    table = f"profiles_{name}"
    make_table(of.url, table)
    spec, database = of.folder / f"{name}.yaml", of.folder / f"{name}.sqlite3"
    spec.write_text(specs.spec_text(stack.spec, table, operations, many_tables), "utf-8")
    told = catalogue.own_python(
        {
            "STACK_ENDPOINT": of.url,
            "STACK_TABLE": table,
            "STACK_SPEC": str(spec),
            "STACK_OPERATIONS": str(operations),
            "STACK_THREADS": str(threads),
            "XDG_CACHE_HOME": str(of.folder / "cache"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH")])),
            **stack.environment,
        }
    )
    if stack.database:
        told["STACK_DATABASE"] = str(database)
        subprocess.run([sys.executable, str(CODE / "make_database.py")], env=told, check=True)
    return told


@contextmanager
def serving(
    stack: Stack,
    of: Engine,
    server: str | None = None,
    *,
    name: str,
    workers: int = 1,
    operations: int = 0,
    threads: int = THREADS,
    python: Path | None = None,
    told: dict[str, str] | None = None,
) -> Iterator[Serving]:
    """Runs a stack on the named server, by default on the server where the stack costs least.

    ``told`` is the stack's environment; by default `environment` creates it. ``python`` is the interpreter of another
    virtualenv. If this interpreter can run without its lock, it does.
    """
    server = server or stack.server
    program = catalogue.SERVERS[server]
    module = stack.module if program.interface == stack.interface else f"{stack.module}_{program.interface}"
    target = f"{module}:{'application' if program.interface == 'wsgi' else 'app'}"
    port = free_port()
    told = told or environment(stack, of, name, operations, threads)
    filled = {"port": port, "workers": workers, "threads": threads, "target": target}
    command = [part.format(**filled) for part in program.command]
    if python is None:
        command[0] = str(BIN / command[0])
    else:
        command[0] = str(python.parent / command[0])
        # An extension module that doesn't support free threading, such as orjson, would switch the lock on again.
        told = {**told, "PYTHON_GIL": "0"} if is_free_threaded(python) else told
    with _running(command, port, stack.name, of.folder, cwd=CODE, env=told) as process:
        yield Serving(stack, server, process, port, _log(of.folder, port), _headers(stack))


def _headers(stack: Stack) -> dict[str, str]:
    if not stack.token:
        return {}
    import jwt

    claims = {"sub": "benchmark", "iat": int(time.time()), "exp": int(time.time()) + 24 * 3600}
    return {"Authorization": f"Bearer {jwt.encode(claims, catalogue.JWT_SECRET, algorithm='HS256')}"}
