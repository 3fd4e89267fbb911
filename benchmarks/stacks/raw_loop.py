"""DynamoDB's wire protocol on an event loop, over kept connections. Each connection has one call at a time."""

import asyncio
from typing import Any

import raw_http

_idle: list["_Exchange"] = []


class _Exchange(asyncio.Protocol):
    """One connection, and the response that a call awaits on it."""

    transport: asyncio.Transport
    answered: "asyncio.Future[tuple[int, dict[str, Any]]]"

    def __init__(self) -> None:
        self.received = b""
        self.begin = self.end = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, received: bytes) -> None:
        self.received = received = self.received + received if self.received else received
        if not self.end:
            self.begin, self.end = raw_http.answer_size(received)
        if self.end and len(received) >= self.end:
            begin, self.received, self.end = self.begin, b"", 0
            if not self.answered.cancelled():
                self.answered.set_result(raw_http.answer(received, begin))


async def call(operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Returns the status and the body of DynamoDB's response."""
    loop = asyncio.get_running_loop()
    if _idle:
        exchange = _idle.pop()
    else:
        host, _, port = raw_http.HOST.partition(":")
        _, exchange = await loop.create_connection(_Exchange, host, int(port))
    exchange.answered = loop.create_future()
    exchange.transport.write(raw_http.request(operation, parameters))
    found = await exchange.answered
    _idle.append(exchange)
    return found
