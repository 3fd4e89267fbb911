"""One open connection of an event loop. It sends a request and reads the response on the loop, and needs no thread."""

from __future__ import annotations

import asyncio
import select
from typing import Any

from macaron_django.dynamodb.calls.fast_lane.http import (
    BrokenExchangeError,
    HTTPAnswer,
    Reading,
    read_answer,
    whole_answer,
)

__all__ = ["LoopConnection"]


class LoopConnection(asyncio.Protocol):
    """An open connection. ``idle_since`` is the time of the last response, by the loop's clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: Any = None
        self._answer: asyncio.Future[HTTPAnswer] | None = None
        self._reading: Reading[HTTPAnswer] | None = None
        self._wanted = 0
        self._seconds: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ends_at = 0.0  # when the exchange times out, by the loop's clock
        self.idle_since = 0.0

    async def exchange(self, request: bytes, seconds: float | None) -> HTTPAnswer:
        """Returns the response to ``request``. Raises ``OSError`` if the connection fails.

        Raises TimeoutError if no bytes arrive for ``seconds``. After any exception, the caller must close the
        connection, because the response may still arrive.
        """
        answer: asyncio.Future[HTTPAnswer] = self._loop.create_future()
        self._answer = answer
        self._seconds = seconds
        self._start_timer()
        try:
            if self._transport is None or self._transport.is_closing():
                raise BrokenExchangeError("the server closed the connection")
            self._transport.write(request)
            return await answer
        finally:
            self._answer = self._reading = None
            self.idle_since = self._loop.time()

    def has_ended(self) -> bool:
        """Returns whether the server has closed the connection, as far as the loop knows."""
        return self._transport is None or bool(self._transport.is_closing())

    def is_readable(self) -> bool:
        """Returns whether the connection has ended, or has received bytes that belong to no response. Asks the
        operating system, because the loop may not have noticed yet.
        """
        opened = self._transport.get_extra_info("socket")
        if opened is None or not hasattr(select, "poll"):
            return self.has_ended()
        poll = select.poll()
        poll.register(opened.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Closes the connection at once."""
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()

    # -- called by the loop --------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None or answer.done():
            self.close()  # the bytes would be read as the next response
            return
        try:
            if self._reading is None:
                whole = whole_answer(data)
                if whole is not None:
                    answer.set_result(whole)
                    return
                self._reading, data = read_answer(data), b""
                self._wanted = next(self._reading)
            while data:
                piece, data = data[: self._wanted], data[self._wanted :]
                self._wanted = self._reading.send(piece)
        except StopIteration as done:
            read: HTTPAnswer = done.value
            answer.set_result(read._replace(keeps_alive=False) if data else read)
        except OSError as error:
            answer.set_exception(error)
        else:
            self._start_timer()

    def eof_received(self) -> None:
        answer = self._answer
        if answer is None or answer.done():
            return
        try:
            if self._reading is None:
                raise BrokenExchangeError("the server closed the connection without a response")
            self._reading.send(b"")
            raise BrokenExchangeError("the response broke off")
        except StopIteration as done:
            answer.set_result(done.value._replace(keeps_alive=False))
        except OSError as error:
            answer.set_exception(error)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._stop_timer()
        answer = self._answer
        if answer is not None and not answer.done():
            broken = BrokenExchangeError("the server closed the connection without a response")
            answer.set_exception(error if isinstance(error, OSError) else broken)

    # -- time ----------------------------------------------------------------------------------

    def _start_timer(self) -> None:
        """Starts a timer that ends the exchange after ``_seconds``.

        If an earlier timer is running, it isn't replaced. When it fires, it starts another timer for the remaining
        time.
        """
        if self._seconds is None:
            return
        self._ends_at = ends_at = self._loop.time() + self._seconds
        if self._timer is None or self._timer.when() > ends_at:
            self._stop_timer()
            self._timer = self._loop.call_at(ends_at, self._time_out)

    def _time_out(self) -> None:
        self._timer = None
        answer = self._answer
        if answer is None or answer.done() or self._seconds is None:
            return
        if self._loop.time() < self._ends_at:
            self._timer = self._loop.call_at(self._ends_at, self._time_out)
        else:
            answer.set_exception(TimeoutError("timed out"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
