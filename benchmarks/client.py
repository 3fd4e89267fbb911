"""Sends HTTP/1.1 requests over kept connections from one thread, and returns the seconds that each request took.

The requests are encoded beforehand, because on two cores the client takes processor time from the server. http.client
would cost more than some of the stacks that are measured.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Exchange", "Refused", "send"]

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"  # no JSON has a line break of this kind in it
_TIMEOUT = 60  # seconds without any answer


class Exchange(NamedTuple):
    """One HTTP request."""

    method: str
    path: str
    body: bytes | None = None

    def encoded(self, headers: Mapping[str, str]) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (self.body or b"")


class Refused(Exception):
    """The server answered with an unexpected status."""


class _Connection:
    """One kept connection, with the part of a response that has arrived."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        self.wanted: int | None = None  # bytes of the whole response, once its head has arrived
        self.chunked = self.closing = False
        self.began = 0.0

    def ask(self, request: bytes) -> None:
        self.received.clear()
        self.wanted, self.chunked = None, False
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def complete(self) -> bool:
        """Reads the bytes that have arrived, and returns whether the response is complete."""
        part = self.socket.recv(1 << 18)
        self.received += part
        if self.wanted is None and not self.chunked:
            end = self.received.find(b"\r\n\r\n")
            if end >= 0:
                head = bytes(self.received[: end + 2])
                length = _LENGTH.search(head)
                self.chunked, self.closing = bool(_CHUNKED.search(head)), bool(_CLOSE.search(head))
                self.wanted = end + 4 + int(length[1]) if length else None
        if self.wanted is not None:
            whole = len(self.received) >= self.wanted
        else:
            whole = self.chunked and self.received.endswith(_LAST_CHUNK)
        if not part and not whole:
            raise Refused(f"the connection was closed after {bytes(self.received[:300])!r}")
        return whole


def send(
    port: int, requests: Sequence[Exchange], status: int, connections: int = 1, headers: Mapping[str, str] | None = None
) -> list[float]:
    """Sends the requests over this number of connections, and returns the seconds that each request took.

    An unexpected status raises Refused.
    """
    encoded: dict[Exchange, bytes] = {}  # most requests are equal
    queue = [encoded.setdefault(request, request.encoded(headers or {})) for request in requests]
    expected = str(status).encode()
    seconds: list[float] = []
    sent = 0
    poll = select.epoll()
    opened: dict[int, _Connection] = {}

    def open_one() -> _Connection:
        made = _Connection(port)
        opened[made.socket.fileno()] = made
        poll.register(made.socket, select.EPOLLIN)
        return made

    def close_one(connection: _Connection) -> None:
        poll.unregister(connection.socket)
        del opened[connection.socket.fileno()]
        connection.socket.close()

    try:
        for request in queue[:connections]:
            open_one().ask(request)
            sent += 1
        while opened:
            events = poll.poll(_TIMEOUT)
            if not events:
                raise Refused(f"no answer within {_TIMEOUT} seconds")
            for number, _ in events:
                connection = opened[number]
                if not connection.complete():
                    continue
                seconds.append(time.perf_counter() - connection.began)
                if connection.received[9:12] != expected:
                    raise Refused(f"{status} was expected, not {bytes(connection.received[:600])!r}")
                if sent == len(queue):
                    close_one(connection)
                    continue
                if connection.closing:
                    close_one(connection)
                    connection = open_one()
                connection.ask(queue[sent])
                sent += 1
    finally:
        for connection in opened.values():
            connection.socket.close()
        poll.close()
    return seconds
