"""Keeps connections to one endpoint open, for each event loop. Each loop has a limited number of connections, and
closes connections that have been idle for a long time.

Connections are opened as urllib3 would open them for botocore, with the same server names, certificates and socket
options.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from macaron_django.dynamodb.calls.fast_lane.http import HTTPAnswer
from macaron_django.dynamodb.calls.fast_lane.loop_protocol import LoopConnection

__all__ = ["LoopConnections", "NotConnectedError", "Place"]

#: A connection that was idle for this number of seconds is used only if the server hasn't closed it.
_ASKED_AFTER: Final = 1.0
#: After this number of idle seconds, a connection is closed.
_LONGEST_IDLE: Final = 60.0


class NotConnectedError(Exception):
    """There was no connection, so nothing was sent. The exception's cause is an ``OSError`` with the reason."""


@dataclass(frozen=True)
class Place:
    """The server to connect to, and the timeouts in seconds. None means that there is no timeout.

    Each loop has at most ``most`` connections at once. ``read_timeout`` also limits the wait for a connection.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    most: int
    connect_timeout: float | None
    read_timeout: float | None
    socket_options: tuple[tuple[Any, ...], ...] = ()


class LoopConnections:
    """The connections of each event loop to one server, which is described by a ``Place``."""

    def __init__(self, find_place: Callable[[], Place]) -> None:
        self._find_place = find_place
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}

    @cached_property
    def place(self) -> Place:
        return self._find_place()

    async def exchange(self, request: Callable[[], bytes], timeout: float | None = None) -> HTTPAnswer:
        """Returns the response to a request. ``request`` returns the request's bytes, and is called when a connection
        is available.

        A ``timeout`` in seconds applies if it is shorter than the timeouts in ``place``. Raises ``NotConnectedError``
        if there is no connection, and ``OSError`` if the connection fails. If an exchange is cancelled, its connection
        is closed.
        """
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop) or await self._new_pool(loop)
        connection = pool.idle()
        if connection is None:
            begun = loop.time()
            connection = await pool.connected(timeout)
            if timeout is not None:
                timeout -= loop.time() - begun
                if timeout <= 0:
                    pool.give_back(connection)
                    raise NotConnectedError("timed out") from TimeoutError()
        is_kept = False
        try:
            answer = await connection.exchange(request(), _shorter(self.place.read_timeout, timeout))
            is_kept = answer.keeps_alive
        finally:
            if is_kept:
                pool.give_back(connection)
            else:
                pool.drop(connection)
        return answer

    async def _new_pool(self, loop: asyncio.AbstractEventLoop) -> _Pool:
        self._pools = {each: pool for each, pool in self._pools.items() if not each.is_closed()}
        pool = self._pools[loop] = _Pool(loop, self.place)
        await pool.close_with_loop()
        return pool


class _Pool:
    """The connections of one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, place: Place) -> None:
        self._loop, self._place = loop, place
        self._idle: deque[LoopConnection] = deque()  # the most recently used one is the last
        self._places = place.most  # the number of connections that may still be opened
        #: The exchanges that wait for a connection. The result of each future is a connection, or None if the exchange
        #: may open one.
        self._waiting: deque[asyncio.Future[LoopConnection | None]] = deque()

    def idle(self) -> LoopConnection | None:
        """Returns an idle connection, which the caller must give back or drop; None if there isn't one."""
        while self._idle:
            connection = self._idle.pop()
            age = self._loop.time() - connection.idle_since
            if not connection.has_ended() and (
                age < _ASKED_AFTER or (age < _LONGEST_IDLE and not connection.is_readable())
            ):
                return connection
            self.drop(connection)
        return None

    async def connected(self, timeout: float | None) -> LoopConnection:
        """Returns a new connection. If the limit is reached, waits until another exchange gives back its connection,
        and returns this connection.
        """
        place = self._place
        if self._places and not self._waiting:
            self._places -= 1
        else:
            given = await self._next(_shorter(place.read_timeout, timeout))
            if given is not None:
                return given
        try:
            return await asyncio.wait_for(self._connect(), _shorter(place.connect_timeout, timeout))
        except asyncio.TimeoutError as error:
            self._free_place()
            raise NotConnectedError("timed out") from TimeoutError(str(error))
        except OSError as error:
            self._free_place()
            raise NotConnectedError(str(error)) from error
        except BaseException:
            self._free_place()
            raise

    async def _next(self, seconds: float | None) -> LoopConnection | None:
        waiting: asyncio.Future[LoopConnection | None] = self._loop.create_future()
        self._waiting.append(waiting)
        timer = None if seconds is None else self._loop.call_later(seconds, _time_out, waiting)
        try:
            return await waiting
        except TimeoutError as error:
            raise NotConnectedError(f"all {self._place.most} connections stayed in use") from error
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                given = waiting.result()
                if given is None:
                    self._free_place()
                else:
                    self.give_back(given)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def _connect(self) -> LoopConnection:
        place = self._place
        transport, connection = await self._loop.create_connection(
            lambda: LoopConnection(self._loop),
            place.host,
            place.port,
            ssl=place.tls,
            server_hostname=None if place.tls is None else place.host.rstrip("."),
        )
        opened = transport.get_extra_info("socket")
        for option in place.socket_options:
            opened.setsockopt(*option)
        return connection

    def give_back(self, connection: LoopConnection) -> None:
        """Keeps a connection for the next request."""
        if connection.has_ended():
            self.drop(connection)
        elif not self._wake(connection):
            self._idle.append(connection)
            if self._idle[0].idle_since < self._loop.time() - _LONGEST_IDLE:
                self.drop(self._idle.popleft())

    def drop(self, connection: LoopConnection) -> None:
        """Closes a connection, so that another one can be opened."""
        connection.close()
        self._free_place()

    def _free_place(self) -> None:
        if not self._wake(None):
            self._places += 1

    def _wake(self, given: LoopConnection | None) -> bool:
        """Gives a connection, or the permission to open one, to the first exchange that waits. Returns whether any
        exchange waited.
        """
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(given)
                return True
        return False

    async def close_with_loop(self) -> None:
        """Makes the idle connections close when the loop shuts down its asynchronous generators, or when this pool
        isn't used any more.
        """
        self._closing = _closing(self._idle)
        await anext(self._closing)


async def _closing(idle: deque[LoopConnection]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        while idle:
            idle.pop().close()
        await asyncio.sleep(0)  # transports close their sockets in the loop's next iteration


def _time_out(waiting: asyncio.Future[LoopConnection | None]) -> None:
    if not waiting.done():
        waiting.set_exception(TimeoutError("timed out"))


def _shorter(seconds: float | None, other: float | None) -> float | None:
    if seconds is None or other is None:
        return other if seconds is None else seconds
    return min(seconds, other)
