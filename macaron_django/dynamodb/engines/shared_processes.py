"""Joins the server process that all processes of a project share, and starts it if it isn't running.

Joining is a shared ``flock`` on the users file, held until ``leave()`` or until the process ends, however it ends.
Starting is an exclusive ``flock`` on the state file: the process that gets it starts the supervisor and hands the
locked descriptor over, so that no two can start at once and there is no moment without an owner.
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
PAUSE = 0.01  # seconds between looks at the locks


class SharedProcess:
    """The server behind a local engine.

    ``stem`` is the path that the lock and log files are named after; ``command`` is called only when the
    server must be started, and may raise; ``ready`` is what the server prints once the port is its own.
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
        self._called = f"{name} engine over {data_file}" if data_file else f"{name} engine"
        self._mutex = threading.Lock()
        self._users_fd: int | None = None
        self.address: tuple[str, int] | None = None  # host and port, known while this process is a user

    def join(self) -> tuple[str, int]:
        """Becomes a user of the server, starting it if need be, and returns its host and port. Safe to call again."""
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
                if self._temporary:  # a supervisor removes it; there may have been none
                    shutil.rmtree(self._temporary, ignore_errors=True)
                if isinstance(error, OSError):
                    raise EngineUnavailable(
                        f"The {self.name} engine's lock files can't be used: {error}. "
                        "MACARON['DYNAMODB']['PATH'] can move them to a writable local folder."
                    ) from error
                raise
            return self.address

    def look_again(self) -> None:
        """Finds out, after a call without an answer, whether another process has restarted the server, and where.

        A server that was stopped on purpose stays stopped. One whose owner was killed, or lost its lock
        files, is started again by the next ``join()``.
        """
        with self._mutex:
            if self._users_fd is None:
                return
            if not supervisor.same_file(str(self.users_file), self._users_fd):
                self._unlock()  # deleted: it keeps no server alive any more
                return
            if running := self._look():
                _, self.address = running
            elif "pid" in self._state():
                self.address = None

    def leave(self) -> None:
        """Stops being a user; the server ends with its last one."""
        with self._mutex:
            self._unlock()

    def running(self) -> tuple[int, tuple[str, int]] | None:
        """Returns (supervisor's pid, (host, port)) of the server, whichever process started it; ``None`` if no server
        is running.
        """
        found = self._look()
        return found if found and supervisor.answers(found[1]) else None

    def shut_down(self, timeout: float = 15.0) -> bool:
        """Ends the server for all its users, and returns whether there was one."""
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
        """Waits until no supervisor is left. Returns False if that takes more than ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        pause = PAUSE
        while self._supervised():
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)
        return True

    def _unlock(self) -> None:
        # Closed rather than unlocked: children made by fork() share the lock, and may go on using the server.
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
            except BlockingIOError:  # a supervisor that is about to exit
                if time.monotonic() > deadline:
                    os.close(fd)
                    raise EngineUnavailable(f"The {self.name} engine doesn't end: see {self.log_file}.") from None
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
                    # What the last owner wrote isn't about a running server any more, but says what it left behind.
                    last = supervisor.read_state(state_fd)
                    supervisor.write_state(state_fd, {"previous": last.get("previous", last)})
                    self._spawn(state_fd, token)
                elif (address := _address_in_use(state)) is not None:
                    return address
            finally:
                os.close(state_fd)
            time.sleep(PAUSE)
        raise EngineUnavailable(
            f"The {self.name} engine doesn't answer. `manage.py dynamodb --stop` ends it; what it printed is in "
            f"{self.log_file}."
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
            # By path and without site-packages: see the supervisor's docstring.
            subprocess.run(  # noqa: S603 (our own program)
                [_python(), "-I", "-S", supervisor.__file__, json.dumps(dataclasses.asdict(order))],
                pass_fds=(state_fd,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )

    def _look(self) -> tuple[int, tuple[str, int]] | None:
        """Returns (supervisor's pid, (host, port)) of the running server without becoming its user."""
        return _owner(self._state()) if self._supervised() else None

    def _state(self) -> dict[str, Any]:
        """Returns what the server's owner wrote last."""
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
        """Returns whether a supervisor is running: it locks the state file as long as it lives."""
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
    """Returns the name of a new folder, which is made when the server is first used, and removed afterwards."""
    return Path(tempfile.gettempdir()) / f"dynamodb-{uuid.uuid4().hex}"


def _lock_exclusively(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _address_in_use(state: dict[str, Any]) -> tuple[str, int] | None:
    """Returns the host and port in a locked state file, if the process that holds the lock wrote them and the server
    answers.
    """
    owner = _owner(state)
    if owner is None:
        return None
    pid, address = owner
    try:
        os.kill(pid, 0)
    except ProcessLookupError:  # a new owner has the lock, and hasn't written yet
        return None
    except PermissionError:  # it lives, and is another user's
        pass
    return address if supervisor.answers(address) else None


def _owner(state: dict[str, Any]) -> tuple[int, tuple[str, int]] | None:
    """Returns the supervisor's pid and the server's host and port; earlier releases wrote no host."""
    pid, host, port = state.get("pid"), state.get("host", supervisor.LOOPBACK), state.get("port")
    return None if pid is None or port is None else (pid, (host, port))


def _python() -> str:
    # An application server that embeds Python may name itself as sys.executable.
    if Path(sys.executable or "").name.startswith(("python", "pypy")):
        return sys.executable
    return shutil.which("python3") or sys.executable


def _require_flock(name: str) -> None:
    if sys.platform == "win32":
        raise ImproperlyConfigured(
            f"The {name} engine needs flock(), which Windows lacks. Run the project under WSL, or set "
            "MACARON['DYNAMODB']['ENGINE'] to 'moto' or to 'endpoint' with an ENDPOINT."
        )
