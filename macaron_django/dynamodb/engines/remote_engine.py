"""Base of the engines that this process only connects to, and never starts."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from macaron_django.dynamodb.engines.engine import Engine

__all__ = ["RemoteEngine", "reachable"]


def reachable(url: str, timeout: float = 2.0) -> bool:
    """Returns whether something accepts connections at ``url``."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout):
            return True
    except OSError:
        return False


class RemoteEngine(Engine):
    """An engine that runs elsewhere. This process can't start or stop the engine, and can check the engine's
    configuration only with a call.
    """

    local = False

    @property
    def address(self) -> str:
        raise NotImplementedError

    @property
    def running(self) -> bool:
        return reachable(self.address)

    def status(self) -> str:
        return f"{self.name}: {self.address} {'can be reached' if self.running else 'does not answer'}"
