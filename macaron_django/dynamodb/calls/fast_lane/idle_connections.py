"""Keeps threads' open connections to one endpoint ready for a lane's next call.

A subclass says where the next connection comes from: ``PooledConnections`` takes what botocore has opened,
``OpenedConnections`` opens one.
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


#: Seconds without use after which a connection is checked thoroughly before another request.
_LONG_IDLE: Final = 1.0
#: The first byte of Linux's ``struct tcp_info``: a connection that both sides keep open (``TCP_ESTABLISHED``).
_ESTABLISHED: Final = b"\x01"
#: Where the kernel's socket timeouts are those of socket(7), and tcp(7) has TCP_INFO.
_IS_LINUX: Final = sys.platform == "linux"


class OpenConnection(NamedTuple):
    """A blocking connection. ``timeout``: the seconds that the client waits for an answer; None waits forever.

    ``has_ended``: whether the server has closed the connection, or sent bytes that belong to no request. ``is_open``:
    whether the server surely hasn't closed it, without looking for such bytes, and without letting another thread run
    meanwhile.
    """

    connection: Any
    socket: Any
    timeout: float | None
    has_ended: Callable[[], bool]
    is_open: Callable[[], bool]

    def wait_at_most(self, seconds: float | None) -> None:
        """Limits the next call to fewer seconds than ``timeout``; None restores ``timeout``."""
        if seconds is not None or not _waits_in_kernel(self.socket):
            self.socket.settimeout(self.timeout if seconds is None else seconds)
        else:
            self.socket.settimeout(None)


class IdleConnections(ABC):
    """At most ``most`` idle connections. They are closed with the last reference to this object."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: deque[tuple[OpenConnection, float]] = deque()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    @abstractmethod
    def next_one(self, timeout: float | None) -> OpenConnection | None:
        """Returns another connection, for when none is idle; None if botocore must open it."""

    def take(self, timeout: float | None = None) -> OpenConnection | None:
        """Returns a connection that the caller must return or close; None if botocore must open one.

        ``timeout``: the seconds that opening one may take, if that is less than the client's timeout.
        """
        while True:
            try:
                kept, since = self._idle.pop()  # the one used last
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
    """Returns a new connection as the lane needs it: it waits ``timeout`` seconds for an answer.

    ``opened`` is its socket; ``connection`` has ``close()``.
    """
    if timeout is not None and _waits_in_kernel(opened):
        # Python would poll before it sends and before it receives, and let other threads run each time.
        time_value = struct.pack("ll", *divmod(max(1, round(timeout * 1_000_000)), 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            opened.setsockopt(socket.SOL_SOCKET, option, time_value)
    kept = OpenConnection(connection, opened, timeout, _end_reader(opened), _state_reader(opened))
    kept.wait_at_most(None)  # a deadline may have made it shorter
    return kept


def _end_reader(opened: Any) -> Callable[[], bool]:
    if not hasattr(select, "poll"):
        return lambda: bool(select.select([opened], [], [], 0)[0])
    poll = select.poll()
    poll.register(opened, select.POLLIN)
    return lambda: bool(poll.poll(0))


def _waits_in_kernel(opened: Any) -> bool:
    """Returns whether the kernel itself ends a call that takes too long. TLS and gevent would repeat the call."""
    kind = type(opened)
    return _IS_LINUX and kind is socket.socket and kind.__module__ == "socket"


def _state_reader(opened: Any) -> Callable[[], bool]:
    """Returns a function that returns True if the server surely hasn't closed a connection, and False if that can't be
    known.
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
