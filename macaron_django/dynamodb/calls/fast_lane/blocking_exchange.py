"""Sends one request over an open socket, and blocks until it has read the response."""

from __future__ import annotations

import socket

from macaron_django.dynamodb.calls.fast_lane.http import READ_SIZE, HTTPAnswer, read_answer, whole_answer

__all__ = ["exchange"]


def exchange(connection: socket.socket, request: bytes) -> HTTPAnswer:
    """Returns the response to ``request``. Raises ``OSError`` if the connection fails, and TimeoutError if the
    exchange takes too long.
    """
    try:
        return _exchanged(connection, request)
    except BlockingIOError as error:  # raised when the kernel's timeout ends
        raise TimeoutError("timed out") from error


def _exchanged(connection: socket.socket, request: bytes) -> HTTPAnswer:
    connection.sendall(request)
    received = connection.recv(READ_SIZE)
    answer = whole_answer(received)
    if answer is not None:
        return answer
    reading = read_answer(received)
    try:
        wanted = next(reading)
        while True:
            wanted = reading.send(connection.recv(wanted))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # the generator's return value
