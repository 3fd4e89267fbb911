"""The open connections of one urllib3 pool that wait for the fast lane's next call.

In goes the pool of a botocore client; out comes, for each call, a connection that is open and that the server hasn't
closed meanwhile, or None where botocore has to open one. Apart from the lane because here is what is known of urllib3's
pools: what the lane has taken out of one it keeps, so that a call needs neither the pool's queue nor its locks.
"""

from __future__ import annotations

import select
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from urllib3.util.connection import is_connection_dropped

__all__ = ["IdleConnections", "OpenConnection"]


class OpenConnection(NamedTuple):
    """``has_ended``: whether the server has closed it, or sent what nobody asked for."""

    connection: Any
    socket: Any
    has_ended: Callable[[], bool]


class IdleConnections:
    """Those of ``pool``; they are closed with the last reference to this."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self._most = pool.pool.maxsize
        self._idle: deque[OpenConnection] = deque()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    def take(self) -> OpenConnection | None:
        """A connection that is the caller's until it gives it back or closes it; None: botocore has to open one."""
        while True:
            try:
                kept = self._idle.pop()  # the one used last
            except IndexError:
                return self._from_pool()
            if not kept.has_ended():
                return kept
            kept.connection.close()

    def _from_pool(self) -> OpenConnection | None:
        connection = self.pool._get_conn()
        opened = getattr(connection, "sock", None)
        if opened is None or type(connection).__module__ != "botocore.awsrequest":
            self.pool._put_conn(connection)
            return None
        return OpenConnection(connection, opened, _watch(connection))

    def give_back(self, kept: OpenConnection) -> None:
        """Have the next call use it."""
        if len(self._idle) < self._most:
            self._idle.append(kept)
        else:
            kept.connection.close()


def _watch(connection: Any) -> Callable[[], bool]:
    if not hasattr(select, "poll"):
        return lambda: bool(is_connection_dropped(connection))
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return lambda: bool(poll.poll(0))


def _close_all(idle: deque[OpenConnection]) -> None:
    while idle:
        idle.pop().connection.close()
