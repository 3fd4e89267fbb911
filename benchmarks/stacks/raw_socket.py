"""DynamoDB's wire protocol over a raw blocking socket, with a kept connection in each thread and no error handling."""

import socket
import threading
from typing import Any

import raw_http

_local = threading.local()
_SIZE = 1 << 18


def _connection() -> socket.socket:
    host, _, port = raw_http.HOST.partition(":")
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _local.connection = connection
    return connection


def call(operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Returns the status and the body of DynamoDB's response."""
    connection = getattr(_local, "connection", None) or _connection()
    connection.sendall(raw_http.request(operation, parameters))
    received = connection.recv(_SIZE)
    begin, end = raw_http.answer_size(received)
    while not end or len(received) < end:
        part = connection.recv(_SIZE)
        if not part:
            raise ConnectionError("DynamoDB hung up.")
        received += part
        if not end:
            begin, end = raw_http.answer_size(received)
    return raw_http.answer(received, begin)
