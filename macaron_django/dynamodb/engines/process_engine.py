"""Base of the engines that run a server process on this machine."""

from __future__ import annotations

import threading
from abc import abstractmethod

from macaron_django.dynamodb.engines.engine import Engine
from macaron_django.dynamodb.engines.shared_processes import SharedProcess

__all__ = ["LocalProcessEngine"]


class LocalProcessEngine(Engine):
    """An engine in a separate process, shared with the project's other processes."""

    _process: SharedProcess | None = None
    _making = threading.Lock()

    @abstractmethod
    def make_process(self) -> SharedProcess:
        """Returns the description of the server process, without starting it."""

    @abstractmethod
    def command(self) -> list[str]:
        """Returns the command that starts the server on ``{port}``. Raises ``ImproperlyConfigured`` if a program is
        missing.
        """

    def check(self) -> None:
        self.command()

    @property
    def process(self) -> SharedProcess:
        with self._making:
            if self._process is None:
                self._process = self.make_process()
            return self._process

    @property
    def endpoint_url(self) -> str:
        """The server's URL. If this process isn't a user of the server yet, reading the URL calls ``start()``."""
        host, port = self.process.address or self.process.join()
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Makes this process a user of the server, and starts the server if it isn't running. Can be called
        repeatedly.
        """
        self.process.join()

    def look_again(self) -> None:
        if self._process:
            self._process.look_again()

    def stop(self) -> None:
        """Stops using the server. The server ends when no process uses it any more."""
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
        pid, (host, port) = running
        return f"{self.name}: running at http://{host}:{port} (process {pid}){data}"

    def shut_down(self) -> bool:
        """Ends the server for all processes that use it. Returns whether it was running."""
        return self.process.shut_down()

    def wait_for_end(self, timeout: float) -> bool:
        """Waits for the server to end after ``stop()``. Returns False if the server is still running after ``timeout``
        seconds.
        """
        return self.process.wait_for_end(timeout)
