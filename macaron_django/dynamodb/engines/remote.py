"""What the engines have in common that run elsewhere: there is nothing to start or stop, only to reach.

In goes an address; out comes the ``Engine`` interface over it, and whether a server answers there.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

__all__ = ["RemoteEngine", "reachable"]


def reachable(url: str, timeout: float = 2.0) -> bool:
    """Whether something accepts connections at ``url``."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout):
            return True
    except OSError:
        return False


class RemoteEngine:
    """An engine that somebody else runs."""

    name: str
    local = False
    keeps_data_in: str | None = None

    @property
    def address(self) -> str:
        raise NotImplementedError

    @property
    def running(self) -> bool:
        return reachable(self.address)

    def check(self) -> None:
        """Being made, it has an address: nothing else can be known without calling it."""

    def start(self) -> None:
        """Nothing to do."""

    def look_again(self) -> None:
        pass

    def stop(self) -> None:
        """Nothing to do."""

    def status(self) -> str:
        return f"{self.name}: {self.address} {'can be reached' if self.running else 'does not answer'}"

    def shut_down(self) -> bool:
        return False

    def wait_for_end(self, timeout: float) -> bool:
        return False
