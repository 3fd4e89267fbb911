"""What the engines have in common that are a server process on this machine: its life, its URL, its status.

In goes, from each engine's own module, a ``SharedProcess``; out comes the ``Engine`` interface over it.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from macaron_django.dynamodb.engines.local_accounts import LOCAL_CREDENTIALS, local_region
from macaron_django.dynamodb.engines.processes import SharedProcess
from macaron_django.dynamodb.engines.supervisor import LOOPBACK

__all__ = ["LocalProcessEngine"]


class LocalProcessEngine(ABC):
    """An engine in a process of its own, shared with the project's other processes."""

    name: str
    local = True
    credentials: tuple[str, str] | None = LOCAL_CREDENTIALS
    keeps_data_in: str | None = None
    _process: SharedProcess | None = None
    _making = threading.Lock()

    @abstractmethod
    def make_process(self) -> SharedProcess:
        """Describe the server process; nothing is started yet."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that starts the server on ``{port}``; raise ``ImproperlyConfigured`` if it isn't here."""

    def check(self) -> None:
        self.command()

    @property
    def process(self) -> SharedProcess:
        with self._making:
            if self._process is None:
                self._process = self.make_process()
            return self._process

    @property
    def region(self) -> str:
        return local_region()

    @property
    def endpoint_url(self) -> str:
        """The server's URL; reading it starts the server if this process doesn't use it yet."""
        port = self._process.port if self._process else None
        return f"http://{LOOPBACK}:{port or self.process.join()}"

    def start(self) -> None:
        """Use the server from this process, starting it if it isn't running; safe to call again."""
        self.process.join()

    def look_again(self) -> None:
        if self._process:
            self._process.look_again()

    def stop(self) -> None:
        """Stop using the server; it ends with the last process that does."""
        if self._process:
            self._process.leave()

    @property
    def running(self) -> bool:
        return self.process.running() is not None

    def status(self) -> str:
        running = self.process.running()
        data = f", data in {self.keeps_data_in}" if self.keeps_data_in else ", data in memory"
        if running is None:
            return f"{self.name}: not running{data}"
        pid, port = running
        return f"{self.name}: running at http://{LOOPBACK}:{port} (process {pid}){data}"

    def shut_down(self) -> bool:
        """End the server for every process that uses it; whether it was running."""
        return self.process.shut_down()

    def wait_for_end(self, timeout: float) -> bool:
        """After ``stop()``: whether the server ended within ``timeout`` seconds, other processes not using it."""
        return self.process.wait_for_end(timeout)
