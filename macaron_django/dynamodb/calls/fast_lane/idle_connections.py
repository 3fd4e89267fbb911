"""Keeps the open connections of a urllib3 pool that wait for the fast lane's next call.

The lane keeps the connections that it has taken out of the pool, so that a call needs neither the pool's queue nor its
locks.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from urllib3.util.connection import is_connection_dropped

__all__ = ["IdleConnections", "OpenConnection"]


#: Seconds after which a connection is asked thoroughly whether it is fit for another request.
_LONG_IDLE: Final = 1.0
#: The first byte of Linux's ``struct tcp_info``: a connection that both sides keep open (``TCP_ESTABLISHED``).
_ESTABLISHED: Final = b"\x01"
#: Where the kernel's socket timeouts are those of socket(7), and tcp(7) has TCP_INFO.
_IS_LINUX: Final = sys.platform == "linux"


class OpenConnection(NamedTuple):
    """``timeout``: the seconds that the client waits for an answer; None: as long as it takes.

    ``has_ended``: whether the server has closed it, or sent bytes that belong to no request. ``is_open``: whether the
    server surely hasn't closed it, which says nothing about bytes and lets no other thread run in between.
    """

    connection: Any
    socket: Any
    timeout: float | None
    has_ended: Callable[[], bool]
    is_open: Callable[[], bool]

    def wait_at_most(self, seconds: float | None) -> None:
        """Bound the next call by fewer seconds than ``timeout``; None: by ``timeout`` again."""
        if seconds is not None or not _waits_in_kernel(self.socket):
            self.socket.settimeout(self.timeout if seconds is None else seconds)
        else:
            self.socket.settimeout(None)


class IdleConnections:
    """The idle connections of ``pool``. They are closed with the last reference to this object."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self._most = pool.pool.maxsize
        self._idle: deque[tuple[OpenConnection, float]] = deque()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    def take(self) -> OpenConnection | None:
        """A connection for the caller to return or close; None if botocore must open one."""
        while True:
            try:
                kept, since = self._idle.pop()  # the one used last
            except IndexError:
                return self._from_pool()
            if (time.monotonic() - since < _LONG_IDLE and kept.is_open()) or not kept.has_ended():
                return kept
            kept.connection.close()

    def _from_pool(self) -> OpenConnection | None:
        connection = self.pool._get_conn()
        opened = getattr(connection, "sock", None)
        if opened is None or type(connection).__module__ != "botocore.awsrequest":
            self.pool._put_conn(connection)
            return None
        timeout = self.pool.timeout.read_timeout
        if timeout is not None and _waits_in_kernel(opened):
            # Python would poll before it sends and before it receives, and let other threads run each time.
            time_value = struct.pack("ll", *divmod(max(1, round(timeout * 1_000_000)), 1_000_000))
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                opened.setsockopt(socket.SOL_SOCKET, option, time_value)
        kept = OpenConnection(connection, opened, timeout, _watch(connection), _state_reader(opened))
        kept.wait_at_most(None)  # a deadline may have made it shorter
        return kept

    def give_back(self, kept: OpenConnection) -> None:
        """Keep a connection for the next call."""
        if len(self._idle) < self._most:
            self._idle.append((kept, time.monotonic()))
        else:
            kept.connection.close()


def _watch(connection: Any) -> Callable[[], bool]:
    if not hasattr(select, "poll"):
        return lambda: bool(is_connection_dropped(connection))
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return lambda: bool(poll.poll(0))


def _waits_in_kernel(opened: Any) -> bool:
    """Whether the kernel itself ends a call that takes too long. TLS would begin such a call again."""
    return _IS_LINUX and type(opened) is socket.socket


def _state_reader(opened: Any) -> Callable[[], bool]:
    """Returns a function that tells whether the server surely hasn't closed a connection; it always returns False if
    nothing can tell.
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
