"""The program that runs an engine's server: it starts the server, restarts it after a crash, and ends it when no
process uses it any more.

The supervisor's argument is a ``SupervisorConfig`` as JSON. The supervisor writes the server's port into a state file,
and must outlive any process that uses the server. It imports only the standard library, so that it starts in a few
milliseconds. It must be run by path with ``python -I -S``, because importing it through the package would import
PynamoDB and Django.

Two file locks coordinate the processes. The kernel releases the locks when a process ends, even if it crashes:

- The supervisor has an exclusive lock on the *state file* as long as it runs. If this file isn't locked, the supervisor
  has ended, even if another process now has the pid in the file.
- Each process that uses the server has a shared lock on the *users file*. The supervisor tries to get an exclusive lock
  on this file. If the supervisor gets the lock, no process uses the server any more, and the supervisor ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if sys.platform != "win32":  # Windows has no flock; `shared_processes` raises an error there
    import fcntl

__all__ = ["LOOPBACK", "SupervisorConfig", "answers", "ask", "main", "read_state", "secret_host", "write_state"]

LOOPBACK = "127.0.0.1"
POLL = 0.2  # seconds between two attempts to get the users' lock
PATIENCE = 10.0  # seconds between SIGTERM and SIGKILL
STABLE = 0.5  # seconds; a server that ends earlier has failed to start
FAILED_STARTS = 10  # after this number in a row, the supervisor gives up
PAUSE = 0.5  # seconds between a failed start and the next start


@dataclasses.dataclass(frozen=True)
class SupervisorConfig:
    """The server to run. Paths are absolute. ``{host}`` and ``{port}`` in ``command`` are replaced by the chosen
    address.
    """

    state_file: str
    state_fd: int  # the state file's descriptor, inherited with its lock from the process that starts the supervisor
    users_file: str
    log_file: str
    command: tuple[str, ...]  # has {host} only if the server can listen on a single address
    token: str  # also in the state, so that the process that starts the supervisor recognizes its own attempt
    ready: str = ""  # the text that the server prints once it listens on its port
    data_file: str = ""  # if it is deleted or replaced, the server is restarted with the new file
    temporary: str = ""  # a folder that is removed at the end
    start_timeout: float = 30.0  # seconds


def read_state(fd: int) -> dict[str, Any]:
    """Returns the content of the state file; {} if the file is empty, half written or damaged.

    Invalid members, such as a pid that can't be a process, are left out.
    """
    with contextlib.suppress(ValueError, RecursionError):
        state = json.loads(os.pread(fd, 65536, 0) or b"{}")
        found = _well_formed(state)
        previous = _well_formed(state.get("previous")) if isinstance(state, dict) else {}
        return {**found, "previous": previous} if previous else found
    return {}


def _well_formed(state: object) -> dict[str, Any]:
    if not isinstance(state, dict):
        return {}
    return {name: state[name] for name, fits in _FIELDS.items() if name in state and fits(state[name])}


def _is_pid(value: object) -> bool:
    return type(value) is int and 1 < value < 2**31  # other numbers mean groups of processes, or aren't pids


def _is_port(value: object) -> bool:
    return type(value) is int and 0 < value < 2**16


def _is_host(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"127(\.\d{1,3}){3}", value) is not None


def _is_command(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_FIELDS: dict[str, Callable[[object], bool]] = {
    "pid": _is_pid,
    "host": _is_host,
    "engine_pid": _is_pid,
    "port": _is_port,
    "engine_command": _is_command,
    "token": _is_text,
    "error": _is_text,
}


def write_state(fd: int, state: dict[str, Any]) -> None:
    """Overwrites the file's content. The file itself can't be replaced, because its lock belongs to the inode."""
    content = json.dumps(state).encode()
    os.ftruncate(fd, 0)
    os.pwrite(fd, content, 0)


def secret_host(known: object = None) -> str:
    """Returns an address in the loopback network that can't be guessed.

    Returns the address ``known`` if it can be used. Otherwise, returns a new address.
    Local engines accept requests from any web page that is open in a browser on this machine. To find the engine, a
    page would have to try 16 million addresses. If the system has only 127.0.0.1, as on macOS, that address is
    returned.
    """
    guessed = "127." + ".".join(str(1 + octet % 254) for octet in os.urandom(3))
    for host in (known, guessed):
        if isinstance(host, str) and host.startswith("127."):
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind((host, 0))
                return host
    return LOOPBACK


def ask(address: tuple[str, int], operation: str, body: dict[str, Any], timeout: float = 2.0) -> dict[str, Any]:
    """Calls ``operation`` of the local engine at ``address``, a host and a port.

    Local engines check only the form of the signature, so no signature is computed. Raises ``OSError`` if no server
    answers. Raises ``ValueError`` if the server isn't DynamoDB, or refuses the call.
    """
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    scope = "local/20200101/eu-west-1/dynamodb/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20200101T000000Z",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }
    try:
        connection.request("POST", "/", json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read(1_000_000)
    except http.client.HTTPException as error:
        raise ValueError(f"port {address[1]} doesn't speak HTTP: {error!r}") from error
    finally:
        connection.close()
    answer = json.loads(text) if response.status == 200 else None
    if not isinstance(answer, dict):
        raise ValueError(f"port {address[1]} answered {operation} with {response.status}: {text[:200]!r}")  # noqa: TRY004
    return answer


def answers(address: tuple[str, int]) -> bool:
    """Returns whether a DynamoDB-compatible server at ``address`` answers a ListTables request."""
    try:
        return "TableNames" in ask(address, "ListTables", {"Limit": 1})
    except (OSError, ValueError):
        return False


def main(argument: str) -> int:
    """Detaches from the process that started the supervisor. Supervises the server until no process uses the server.

    Returns an exit code, which isn't used.
    """
    fields = json.loads(argument)
    order = SupervisorConfig(**{**fields, "command": tuple(fields["command"])})
    if os.fork():  # the starting process waits for the parent, and init adopts the child: no zombie remains
        os._exit(0)
    os.setsid()  # a Ctrl-C or a closed terminal doesn't end the supervisor
    os.chdir("/")
    try:
        return _Supervisor(order).run()
    finally:
        if order.temporary:
            shutil.rmtree(order.temporary, ignore_errors=True)


class _Supervisor:
    def __init__(self, order: SupervisorConfig) -> None:
        self.order = order
        self.server: subprocess.Popen[bytes] | None = None
        self.host, self.port = LOOPBACK, 0
        self.told_to_stop = False
        self.started_at: float | None = None  # None if the last start failed
        self.ended_at: float | None = None  # when the supervisor noticed that the server has ended
        self.failed_starts = 0
        self.failure = ""  # of the last start
        self.users_fd = os.open(order.users_file, os.O_RDWR | os.O_CREAT, 0o600)
        self.data_inode: int | None = None
        self.wakeup = self._wake_on_signals()

    def _wake_on_signals(self) -> socket.socket:
        reader, self._writer = socket.socketpair()
        for end in (reader, self._writer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(ending, self._stop)
        return reader

    def _stop(self, *_: object) -> None:
        self.told_to_stop = True

    def run(self) -> int:
        previous = read_state(self.order.state_fd).get("previous", {})
        try:
            _end_orphan(previous)
            if any("{host}" in part for part in self.order.command):
                self.host = secret_host(previous.get("host"))
            failure = self._start(previous.get("port"))
            while not failure and self._wanted():
                self._sleep()
                failure = self._keep_running()
        except OSError as error:
            failure = str(error)
        finally:
            self._end_server()
        ended = {"host": self.host, "port": self.port, "token": self.order.token}
        write_state(self.order.state_fd, {**ended, "error": failure} if failure else ended)
        return 1 if failure else 0

    def _wanted(self) -> bool:
        if self.told_to_stop:
            return False
        try:
            fcntl.flock(self.users_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A deleted lock file has no effect: the next user would start another server. Two servers must not have the
            # same data file open, so this one ends.
            return same_file(self.order.state_file, self.order.state_fd) and same_file(
                self.order.users_file, self.users_fd
            )
        return False  # no user is left; the lock stays until the exit, so that a new user waits

    def _sleep(self) -> None:
        select.select([self.wakeup], [], [], POLL)
        with contextlib.suppress(BlockingIOError):
            while self.wakeup.recv(512):
                pass

    def _keep_running(self) -> str:
        """Restarts the server if it has crashed, or if its data file was deleted or replaced.

        A failed restart is repeated at the next call. Returns the error if the supervisor gives up, or "".
        """
        server = self.server
        if server is None:
            return "The server was never started."
        now = time.monotonic()
        if server.poll() is None:
            if self.data_inode is None or _inode(self.order.data_file) == self.data_inode:
                return ""
            self._end_server()
            self.failed_starts = 0
        elif self.ended_at is None:
            self.ended_at = now
            lasted = 0 if self.started_at is None else now - self.started_at
            self.failed_starts = self.failed_starts + 1 if lasted < STABLE else 0
            if self.failed_starts >= FAILED_STARTS:
                last = self.failure or f"It ended right after its start with exit code {server.returncode}."
                return f"It failed to start {FAILED_STARTS} times in a row. The last time: {last}"
        if self.failed_starts and now - (self.ended_at or now) < PAUSE:
            return ""
        self.failure = self._start(self.port)
        if self.failure and time.monotonic() - now >= self.order.start_timeout:
            return self.failure  # it doesn't answer, and another attempt would keep users waiting as long again
        return ""

    def _start(self, preferred_port: int | None) -> str:
        """Starts the server, on ``preferred_port`` if that is free. Returns the error if that failed, or ""."""
        failure, self.started_at, self.ended_at = "", None, None
        for _ in range(5):  # another program may take the port before the server does
            self.port = _free_port(self.host, preferred_port)
            preferred_port = None
            failure = self._start_on(self.port)
            if not failure:
                self.started_at = time.monotonic()
                self.data_inode = _inode(self.order.data_file)
                state = {"pid": os.getpid(), "host": self.host, "port": self.port, "token": self.order.token}
                engine = {"engine_pid": self.server.pid, "engine_command": self._command()} if self.server else {}
                write_state(self.order.state_fd, {**state, **engine})
                return ""
            if "in use" not in failure or self.told_to_stop:
                break
        return failure

    def _command(self) -> list[str]:
        return [part.replace("{host}", self.host).replace("{port}", str(self.port)) for part in self.order.command]

    def _start_on(self, port: int) -> str:
        with Path(self.order.log_file).open("ab") as log:
            printed_before = log.tell()
            try:
                self.server = subprocess.Popen(  # noqa: S603 (the command comes from the project's own settings)
                    self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
                )
            except OSError as error:
                return str(error)

        def printed() -> str:
            with Path(self.order.log_file).open("rb") as log:
                log.seek(printed_before)
                return log.read().decode(errors="replace")

        return self._wait_until_ready(self.server, port, printed)

    def _wait_until_ready(self, server: subprocess.Popen[bytes], port: int, printed: Callable[[], str]) -> str:
        deadline = time.monotonic() + self.order.start_timeout
        pause = 0.002
        while time.monotonic() < deadline and not self.told_to_stop:
            if self.order.ready in printed() and answers((self.host, port)) and server.poll() is None:
                return ""
            if server.poll() is not None:
                return f"It ended with exit code {server.returncode}:\n{printed()[-4000:].strip()}"
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)
        self._end_server()
        reason = "It was stopped." if self.told_to_stop else f"No answer in {self.order.start_timeout:g} s."
        return f"{reason}\n{printed()[-4000:].strip()}".strip()

    def _end_server(self) -> None:
        if self.server is None or self.server.poll() is not None:
            return
        self.server.terminate()
        try:
            self.server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()


def _end_orphan(state: dict[str, Any]) -> None:
    """Ends a server whose supervisor was killed, if the process with the server's pid still has the same
    command line.
    """
    pid, command = state.get("engine_pid"), state.get("engine_command")
    if pid is None or command is None:
        return
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE
        while _command_line(pid) == " ".join(command) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
            time.sleep(0.02)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return ""
    listing = subprocess.run(  # noqa: S603 (a number that we wrote ourselves)
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()


def _free_port(host: str, preferred: int | None) -> int:
    for port in (preferred or 0, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    raise OSError("no free port on the loopback interface")


def _inode(path: str) -> int | None:
    try:
        return Path(path).stat().st_ino if path else None
    except OSError:
        return None


def same_file(path: str, fd: int) -> bool:
    """Returns whether ``path`` is still the path of the file that is open as ``fd``."""
    return _inode(path) == os.fstat(fd).st_ino


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
