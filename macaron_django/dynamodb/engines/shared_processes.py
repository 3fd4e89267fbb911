"""Joins the server process that all processes of a project share, and starts it if it isn't running.

To join, a process gets a shared ``flock`` on the users file. The kernel releases this lock when the process ends. A
process that wants to start the server needs an exclusive ``flock`` on the state file. The process that gets this lock
starts the supervisor, and passes the locked descriptor to it. The supervisor runs the server. So two supervisors can't
start at once, and the lock always has an owner.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from macaron_django.dynamodb.engines import supervisor
from macaron_django.exceptions import EngineUnavailable

if sys.platform != "win32":
    import fcntl

__all__ = ["SharedProcess", "temporary_folder"]

START_TIMEOUT = 120.0  # seconds for the server to answer; Java takes a minute on a very busy machine
PAUSE = 0.01  # seconds between two attempts to get a lock


class SharedProcess:
    """The server behind a local engine.

    ``stem`` is the path that the lock and log files are named after. ``command`` is called only when the server must be
    started, and can raise an exception. ``ready`` is the text that the server prints once it listens on the port.
    """

    def __init__(
        self,
        name: str,
        stem: Path,
        command: Callable[[], Sequence[str]],
        *,
        ready: str = "",
        data_file: Path | None = None,
        temporary: Path | None = None,
    ) -> None:
        self.name = name
        self.state_file = stem.with_name(f"{stem.name}.dynamodb.lock")
        self.users_file = stem.with_name(f"{stem.name}.users.dynamodb.lock")
        self.log_file = stem.with_name(f"{stem.name}-engine.log")
        self._command, self._ready = command, ready
        self._data_file, self._temporary = data_file, temporary
        self._called = f"{name} engine for {data_file}" if data_file else f"{name} engine"
        self._mutex = threading.Lock()
        self._users_fd: int | None = None
        self.address: tuple[str, int] | None = None  # host and port; None if this process isn't a user

    def join(self) -> tuple[str, int]:
        """Makes this process a user of the server, and starts the server if it isn't running. Returns the host and the
        port. Can be called repeatedly.
        """
        with self._mutex:
            if self._users_fd is not None and self.address is not None and self._supervised():
                return self.address
            _require_flock(self.name)
            try:
                if self._users_fd is None:
                    self._users_fd = self._lock_as_user()
                self.address = self._find_or_start()
            except BaseException as error:
                self._unlock()
                if self._temporary:  # the supervisor removes the folder, unless it didn't start
                    shutil.rmtree(self._temporary, ignore_errors=True)
                if isinstance(error, OSError):
                    raise EngineUnavailable(
                        f"The {self.name} engine's lock files can't be used: {error}. "
                        "To move them to a writable local folder, set MACARON['DYNAMODB']['PATH']."
                    ) from error
                raise
            return self.address

    def look_again(self) -> None:
        """Updates the address after a call that got no answer, because another process may have restarted the server.

        A server that was stopped on purpose stays stopped. If the supervisor was killed, or its lock files were
        deleted, the next ``join()`` starts a new server.
        """
        with self._mutex:
            if self._users_fd is None:
                return
            if not supervisor.same_file(str(self.users_file), self._users_fd):
                self._unlock()  # the users file was deleted, so that its lock has no effect any more
                return
            if running := self._look():
                _, self.address = running
            elif "pid" in self._state():
                self.address = None

    def leave(self) -> None:
        """Stops using the server. The server ends when no process uses it."""
        with self._mutex:
            self._unlock()

    def running(self) -> tuple[int, tuple[str, int]] | None:
        """Returns (supervisor's pid, (host, port)) if the server is running, else ``None``. It doesn't
        matter which process has started the server.
        """
        found = self._look()
        return found if found and supervisor.answers(found[1]) else None

    def shut_down(self, timeout: float = 15.0) -> bool:
        """Ends the server for all its users. Returns True if the server was running and has ended in time."""
        found = self._look()
        if found is None:
            return False
        pid = found[0]
        try:
            os.kill(pid, signal.SIGTERM)
        except PermissionError as error:
            raise EngineUnavailable(
                f"The {self.name} engine belongs to another user (process {pid}): stop it as that user."
            ) from error
        except ProcessLookupError:
            return False
        return self.wait_for_end(timeout)

    def wait_for_end(self, timeout: float) -> bool:
        """Waits until no supervisor is running. Returns False if that takes more than ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        pause = PAUSE
        while self._supervised():
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)
        return True

    def _unlock(self) -> None:
        # The file is closed, not unlocked, because children made by fork() share the lock, and may still use the
        # server.
        if self._users_fd is not None:
            os.close(self._users_fd)
        self._users_fd = self.address = None

    def _lock_as_user(self) -> int:
        self.users_file.parent.mkdir(mode=0o700 if self._temporary else 0o777, parents=True, exist_ok=True)
        fd = os.open(self.users_file, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:  # a supervisor is about to exit
                if time.monotonic() > deadline:
                    os.close(fd)
                    raise EngineUnavailable(
                        f"The {self.name} engine didn't stop in time: see {self.log_file}."
                    ) from None
                time.sleep(PAUSE)
                continue
            except OSError:
                os.close(fd)
                raise
            return fd

    def _find_or_start(self) -> tuple[str, int]:
        deadline = time.monotonic() + START_TIMEOUT + 5
        token = ""
        while time.monotonic() < deadline:
            state_fd = os.open(self.state_file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                state = supervisor.read_state(state_fd)
                if token and state.get("token") == token and "error" in state:
                    raise EngineUnavailable(f"The {self._called} can't start: {state['error']}")
                if _lock_exclusively(state_fd):
                    token = uuid.uuid4().hex
                    # The state that the last supervisor wrote is outdated. The new supervisor needs this state to end a
                    # server that is still running.
                    last = supervisor.read_state(state_fd)
                    supervisor.write_state(state_fd, {"previous": last.get("previous", last)})
                    self._spawn(state_fd, token)
                elif (address := _address_in_use(state)) is not None:
                    return address
            finally:
                os.close(state_fd)
            time.sleep(PAUSE)
        raise EngineUnavailable(
            f"The {self.name} engine doesn't answer. Stop it with `manage.py dynamodb --stop`. The engine's "
            f"output is in {self.log_file}."
        )

    def _spawn(self, state_fd: int, token: str) -> None:
        order = supervisor.SupervisorConfig(
            state_file=str(self.state_file),
            state_fd=state_fd,
            users_file=str(self.users_file),
            log_file=str(self.log_file),
            command=tuple(self._command()),
            token=token,
            ready=self._ready,
            data_file=str(self._data_file or ""),
            temporary=str(self._temporary or ""),
            start_timeout=START_TIMEOUT,
        )
        with self.log_file.open("wb") as log:
            # The supervisor's docstring explains why it is run by path and without site-packages.
            subprocess.run(  # noqa: S603 (our own program)
                [_python(), "-I", "-S", supervisor.__file__, json.dumps(dataclasses.asdict(order))],
                pass_fds=(state_fd,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )

    def _look(self) -> tuple[int, tuple[str, int]] | None:
        """Returns (supervisor's pid, (host, port)) of the running server, without making this process its user."""
        return _owner(self._state()) if self._supervised() else None

    def _state(self) -> dict[str, Any]:
        """Returns the last state that a supervisor has written."""
        try:
            fd = os.open(self.state_file, os.O_RDONLY)
        except OSError:
            return {}
        try:
            return supervisor.read_state(fd)
        except OSError:
            return {}
        finally:
            os.close(fd)

    def _supervised(self) -> bool:
        """Returns whether a supervisor is running. A running supervisor has an exclusive lock on the state file."""
        if sys.platform == "win32":
            return False
        try:
            fd = os.open(self.state_file, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False


def temporary_folder() -> Path:
    """Returns the path of a new folder. The folder is created when the server is first used, and removed when the
    server ends.
    """
    return Path(tempfile.gettempdir()) / f"dynamodb-{uuid.uuid4().hex}"


def _lock_exclusively(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _address_in_use(state: dict[str, Any]) -> tuple[str, int] | None:
    """Returns the host and the port in a locked state file. Returns None if the lock's owner hasn't written them, or if
    the server doesn't answer.
    """
    owner = _owner(state)
    if owner is None:
        return None
    pid, address = owner
    try:
        os.kill(pid, 0)
    except ProcessLookupError:  # a new supervisor has the lock, and hasn't written its state yet
        return None
    except PermissionError:  # the process exists, and belongs to another user
        pass
    return address if supervisor.answers(address) else None


def _owner(state: dict[str, Any]) -> tuple[int, tuple[str, int]] | None:
    """Returns the supervisor's pid and the server's host and port. Earlier releases didn't write the host."""
    pid, host, port = state.get("pid"), state.get("host", supervisor.LOOPBACK), state.get("port")
    return None if pid is None or port is None else (pid, (host, port))


def _python() -> str:
    # In an application server that embeds Python, sys.executable may be the application server.
    if Path(sys.executable or "").name.startswith(("python", "pypy")):
        return sys.executable
    return shutil.which("python3") or sys.executable


def _require_flock(name: str) -> None:
    if sys.platform == "win32":
        raise ImproperlyConfigured(
            f"The {name} engine needs flock(), which Windows lacks. Run the project under WSL, or set "
            "MACARON['DYNAMODB']['ENGINE'] to 'moto' or to 'endpoint' with an ENDPOINT."
        )
