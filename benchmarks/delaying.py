"""Runs a proxy that simulates a distant DynamoDB engine: each request reaches the engine some milliseconds later.

    python benchmarks/delaying.py PORT ENGINE_PORT MILLISECONDS

The proxy delays requests, and passes responses on at once. It has one thread with epoll, and takes about 20 µs of CPU
for a request and its response. All requests wait equally long, so a queue is enough: no heap of timers is needed.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections import deque

__all__ = ["serve"]

_SIZE = 1 << 18


class _Peer:
    """One side of a connection, with a reference to the other side."""

    __slots__ = ("held_back", "other", "socket")

    def __init__(self, own: socket.socket, held_back: bool) -> None:
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket, self.held_back = own, held_back
        self.other: _Peer = self


class _Proxy:
    def __init__(self, listener: socket.socket, engine: tuple[str, int], seconds: float) -> None:
        self.listener, self.engine, self.seconds = listener, engine, seconds
        self.waiting: deque[tuple[float, socket.socket, bytes]] = deque()
        self.peers: dict[int, _Peer] = {}
        self.poll = select.epoll()
        self.poll.register(listener, select.EPOLLIN)

    def accept(self) -> None:
        ours, _ = self.listener.accept()
        client, engine = _Peer(ours, True), _Peer(socket.create_connection(self.engine), False)
        client.other, engine.other = engine, client
        for peer in (client, engine):
            self.peers[peer.socket.fileno()] = peer
            self.poll.register(peer.socket, select.EPOLLIN)

    def close(self, peer: _Peer) -> None:
        for each in (peer, peer.other):
            if self.peers.pop(each.socket.fileno(), None):
                self.poll.unregister(each.socket)
                each.socket.close()

    def pass_on(self, peer: _Peer) -> None:
        """Reads the bytes that have arrived, and sends them to the other side at once or queues them."""
        try:
            content = peer.socket.recv(_SIZE)
            if content and not peer.held_back:
                peer.other.socket.sendall(content)
        except OSError:  # either side hung up
            content = b""
        if not content:
            self.close(peer)
        elif peer.held_back:
            self.waiting.append((time.monotonic() + self.seconds, peer.other.socket, content))

    def release(self) -> float | None:
        """Sends the bytes that have waited long enough, and returns the seconds until more bytes can be sent."""
        while self.waiting:
            due, engine, content = self.waiting[0]
            if (left := due - time.monotonic()) > 0:
                return left
            self.waiting.popleft()
            try:
                engine.sendall(content)
            except OSError:  # closed meanwhile; epoll reports that
                continue
        return None

    def run(self) -> None:
        listening = self.listener.fileno()
        while True:
            # epoll's own timeout is in milliseconds, but select's is in seconds.
            select.select([self.poll], [], [], self.release())
            for number, _ in self.poll.poll(0):
                if number == listening:
                    self.accept()
                elif number in self.peers:
                    self.pass_on(self.peers[number])


def serve(port: int, engine_port: int, milliseconds: float) -> None:
    """Runs the proxy, and never returns."""
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    _Proxy(listener, ("127.0.0.1", engine_port), milliseconds / 1000).run()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
