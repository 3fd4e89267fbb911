"""Keeps open connections to one endpoint, so that a thread's next call can reuse one of them.

Subclasses provide further connections: ``PooledConnections`` takes connections that botocore has opened, and
``OpenedConnections`` opens connections itself.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

__all__ = ["IdleConnections", "OpenConnection", "watched"]


#: A connection that was idle for this number of seconds is checked thoroughly before its next request.
_LONG_IDLE: Final = 1.0
#: The first byte of Linux's ``struct tcp_info`` if both sides keep the connection open (``TCP_ESTABLISHED``).
_ESTABLISHED: Final = b"\x01"
#: Only Linux has the socket timeouts of socket(7) and the TCP_INFO of tcp(7).
_IS_LINUX: Final = sys.platform == "linux"


class OpenConnection(NamedTuple):
    """A blocking connection. The client waits ``timeout`` seconds for a response; None waits forever.

    ``has_ended`` returns whether the server has closed the connection, or has sent bytes that belong to no response.
    ``is_open`` returns True if the server hasn't closed the connection, and False if the server has closed it or if the
    state isn't known. ``is_open`` doesn't notice bytes that belong to no response. No other thread can run during its
    check.
    """

    connection: Any
    socket: Any
    timeout: float | None
    has_ended: Callable[[], bool]
    is_open: Callable[[], bool]

    def wait_at_most(self, seconds: float | None) -> None:
        """Limits the next call's wait to ``seconds``, which must be less than ``timeout``.

        If ``seconds`` is None, restores ``timeout``.
        """
        if seconds is not None or not _waits_in_kernel(self.socket):
            self.socket.settimeout(self.timeout if seconds is None else seconds)
        else:
            self.socket.settimeout(None)


class IdleConnections(ABC):
    """Keeps up to ``most`` idle connections. They are closed when the last reference to this object goes away."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: deque[tuple[OpenConnection, float]] = deque()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    @abstractmethod
    def next_one(self, timeout: float | None) -> OpenConnection | None:
        """Called when no connection is idle. Returns a connection; None if botocore must open the connection."""

    def take(self, timeout: float | None = None) -> OpenConnection | None:
        """Returns a connection that the caller must give back or close; None if botocore must open one.

        Opening a connection takes at most ``timeout`` seconds, unless the client's own limit is lower.
        """
        while True:
            try:
                kept, since = self._idle.pop()  # the most recently used one
            except IndexError:
                return self.next_one(timeout)
            if (time.monotonic() - since < _LONG_IDLE and kept.is_open()) or not kept.has_ended():
                return kept
            kept.connection.close()

    def give_back(self, kept: OpenConnection) -> None:
        """Keeps a connection for the next call."""
        if len(self._idle) < self._most:
            self._idle.append((kept, time.monotonic()))
        else:
            kept.connection.close()


def watched(connection: Any, opened: Any, timeout: float | None) -> OpenConnection:
    """Returns an OpenConnection for a new connection. The client waits ``timeout`` seconds for a response.

    ``opened`` is the socket. ``connection`` is an object with ``close()``.
    """
    if timeout is not None and _waits_in_kernel(opened):
        # With a Python timeout, each send and each receive would first poll, and let other threads run.
        time_value = struct.pack("ll", *divmod(max(1, round(timeout * 1_000_000)), 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            opened.setsockopt(socket.SOL_SOCKET, option, time_value)
    kept = OpenConnection(connection, opened, timeout, _end_reader(opened), _state_reader(opened))
    kept.wait_at_most(None)  # a deadline may have made the timeout shorter
    return kept


def _end_reader(opened: Any) -> Callable[[], bool]:
    if not hasattr(select, "poll"):
        return lambda: bool(select.select([opened], [], [], 0)[0])
    poll = select.poll()
    poll.register(opened, select.POLLIN)
    return lambda: bool(poll.poll(0))


def _waits_in_kernel(opened: Any) -> bool:
    """Returns whether the kernel's socket timeouts can be used. With TLS or gevent, they can't be used, because both
    repeat a system call that has timed out.
    """
    kind = type(opened)
    return _IS_LINUX and kind is socket.socket and kind.__module__ == "socket"


def _state_reader(opened: Any) -> Callable[[], bool]:
    """Returns a function that returns True if the server hasn't closed the connection, and False if the server has
    closed it or if the state isn't known.
    """
    if not _IS_LINUX:
        return lambda: False
    ask, level, option = opened.getsockopt, socket.IPPROTO_TCP, socket.TCP_INFO

    def is_open() -> bool:
        try:
            return bool(ask(level, option, 1) == _ESTABLISHED)
        except OSError:
            return False

    return is_open


def _close_all(idle: deque[tuple[OpenConnection, float]]) -> None:
    while idle:
        idle.pop()[0].connection.close()
