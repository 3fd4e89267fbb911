"""A service that the clients call: a real server on a port of its own, which answers as a test says."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from macaron_django.registry import registry

SPEC = Path(__file__).parent.parent / "fixtures" / "clients" / "parcels.yaml"
PARCEL = {"parcel_id": "p1", "weight": 1.5}


@dataclass
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass
class Reply:
    status: int = 200
    value: Any = None  # JSON; bytes as they are
    headers: dict[str, str] = field(default_factory=dict)
    #: Called before the answer is sent; False breaks the connection off instead.
    first: Callable[[], Any] = lambda: None


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:  # a client has hung up
        pass


class Service:
    """What was received, and what is to be answered: the replies in order, the last one again and again."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.replies: deque[Reply] = deque([Reply(200, [])])
        self.server = _QuietServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answers(self, *replies: Reply) -> None:
        self.replies = deque(replies)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _handler(service) -> type[BaseHTTPRequestHandler]:  # noqa: N805 (the handler has a self of its own)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.received.append(Received(self.command, self.path, headers, body))
                reply = service.replies[0] if len(service.replies) == 1 else service.replies.popleft()
                if reply.first() is False:
                    self.close_connection = True
                    return
                content = reply.value if isinstance(reply.value, bytes) else json.dumps(reply.value).encode()
                if reply.value is None:
                    content = b""
                self.send_response(reply.status)
                headers = {"content-type": "application/json", "content-length": str(len(content))}
                for name, value in {**headers, **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer  # noqa: N815 (its names)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    fresh_clients()
    made.stop()


@contextmanager
def client_settings(api: str = "parcels", /, **options: Any) -> Iterator[None]:
    """Calls the API of the parcels, with these options."""
    given = {"SPEC": SPEC, "BACKOFF": 0.001, **options}
    with override_settings(MACARON={**settings.MACARON, "CLIENTS": {api: given}}):
        yield


@pytest.fixture
def parcels(service: Service) -> Iterator[Any]:
    """The client of the service, and a token for it."""
    from macaron_django import apipool

    with client_settings(BASE_URL=service.url, CREDENTIALS={"token": "s3cret-token"}):
        yield apipool.parcels.client


def fresh_clients() -> None:
    """Forgets the circuits, budgets, tokens and connections of earlier tests."""
    registry.clients.close()
    del registry.clients
