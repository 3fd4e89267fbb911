"""The engine ``moto``: DynamoDB simulated by the package moto, in threads of this process, with its data in memory.

Each process has its own data, which is lost when the process ends. The children of ``runserver`` find their parent's
server through an environment variable, so that the data survives a reload.
"""

from __future__ import annotations

import logging
import os
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from macaron_django.dynamodb.engines.engine import Engine
from macaron_django.dynamodb.engines.supervisor import answers, secret_host

if TYPE_CHECKING:
    from moto.server import ThreadedMotoServer

__all__ = ["PARENT_URL", "MotoEngine"]

MOTO_MISSING = "The engine 'moto' isn't installed: run `pip install 'macaron_django[moto]'`, or choose another engine."
_MODULES = ("moto", "flask", "flask_cors")
#: Environment variable with the URL of the parent's server.
PARENT_URL = "MACARON_DJANGO_MOTO_URL"


class MotoEngine(Engine):
    """Moto's DynamoDB, as a server on a loopback port. The server starts when it is first needed."""

    name = "moto"
    returns_refused_items = True

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._server: ThreadedMotoServer | None = None
        self._url = ""
        self._ended = threading.Event()

    @classmethod
    def from_settings(cls) -> MotoEngine:
        return cls()

    @classmethod
    def is_here(cls) -> bool:
        return all(find_spec(module) is not None for module in _MODULES)

    @property
    def endpoint_url(self) -> str:
        """The server's URL. The first access to this property starts the server."""
        if not self._url:
            self.start()
        return self._url

    def check(self) -> None:
        if not self.is_here():
            raise ImproperlyConfigured(MOTO_MISSING)

    def start(self) -> None:
        with self._mutex:
            if self._url:
                return
            parent = os.environ.get(PARENT_URL, "")
            parts = urlsplit(parent)
            if parent and answers((parts.hostname or "", parts.port or 0)):
                self._url = parent
                return
            self._ended.clear()
            self._server = _start_server()
            host, port = self._server.get_host_and_port()
            self._url = f"http://{host}:{port}"

    def stop(self) -> None:
        with self._mutex:
            if self._server is not None:
                self._server.stop()
            self._server, self._url = None, ""
            self._ended.set()

    @property
    def running(self) -> bool:
        return bool(self._url)

    def status(self) -> str:
        if not self._url:
            return "moto: not running in this process (moto serves only the process that starts it, and its children)"
        return f"moto: running at {self._url} in this process, data in memory"

    def shut_down(self) -> bool:
        was_running = self._server is not None
        self.stop()
        return was_running

    def wait_for_end(self, timeout: float) -> bool:
        return self._ended.wait(timeout)


def _start_server() -> ThreadedMotoServer:
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        raise ImproperlyConfigured(MOTO_MISSING) from error
    # Moto's HTTP server would log each request, and would add a log handler if there is none.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(secret_host(), port=0, verbose=False)
    server.start()
    return server
