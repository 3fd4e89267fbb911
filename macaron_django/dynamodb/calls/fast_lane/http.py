"""Parses an HTTP/1.1 response (RFC 9112) from the bytes that a connection receives. This module does no I/O."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Final, NamedTuple, TypeAlias, TypeVar

__all__ = ["READ_SIZE", "BrokenExchangeError", "HTTPAnswer", "Reading", "read_answer", "whole_answer"]

T = TypeVar("T")

#: The number of bytes to receive at once while the response's length isn't known.
READ_SIZE: Final = 65536
_LARGEST_READ: Final = 1024 * 1024
#: The limit for the status line and the headers together. http.client has the same limit for one line.
_MAX_HEAD: Final = 65536
_MAX_BODY: Final = 64 * 1024 * 1024  # DynamoDB's largest responses have 16 MB


class BrokenExchangeError(ConnectionError):
    """The connection ended, or the response isn't HTTP/1.1. The server may have executed the request."""


class HTTPAnswer(NamedTuple):
    """A response. ``head`` has the status line and the headers as received. ``keeps_alive`` is True if the connection
    can be used for another request.
    """

    status: int
    head: bytes
    body: bytes
    keeps_alive: bool

    @property
    def headers(self) -> dict[str, str]:
        """The headers, with lower-case names."""
        return _headers(self.head.decode("latin-1").split("\r\n")[1:])


#: A generator that parses the bytes of a response. It yields the greatest number of bytes that it accepts next. The
#: caller sends it the received bytes, or b"" if the connection has ended. It returns ``T``.
Reading: TypeAlias = Generator[int, bytes, T]


def whole_answer(received: bytes) -> HTTPAnswer | None:
    """Returns the response if ``received`` is a complete, ordinary response (see ``_ORDINARY``).

    Otherwise returns None, and the caller must use ``read_answer``. Raises BrokenExchangeError.
    """
    ordinary = _ordinary(received)
    if ordinary is None:
        return None
    head, rest, length = ordinary
    return HTTPAnswer(200, head, rest, True) if len(rest) == length else None


def read_answer(received: bytes) -> Reading[HTTPAnswer]:
    """Reads the response that begins with ``received``. Raises BrokenExchangeError."""
    ordinary = _ordinary(received)
    if ordinary is not None:
        head, rest, length = ordinary
        if len(rest) <= length:
            body = yield from _exactly(rest, length)
            return HTTPAnswer(200, head, body, len(body) == length)
    return (yield from _any_answer(received))


def _ordinary(received: bytes) -> tuple[bytes, bytes, int] | None:
    """Returns the head of an ordinary response, the bytes received after the head, and the length of the body."""
    end = received.find(b"\r\n\r\n")
    head = received[:end] if end > 0 else b""
    lowered = head.lower()
    ordinary = _ORDINARY.fullmatch(lowered)
    # ``_any_answer`` refuses a second Content-Length.
    if ordinary is None or lowered.count(b"\r\ncontent-length: ") != 1:
        return None
    return head, received[end + 4 :], _length(ordinary[1].decode())


#: The head of nearly every response: no transfer encoding, nothing ambiguous, and the connection stays open. The
#: pattern is for lower-case text, and its group is the body's length.
_ORDINARY: Final = re.compile(
    rb"http/1\.1 200 [^\r\n]*"
    rb"(?:\r\n(?:content-length: ([0-9]{1,8})|connection: keep-alive"
    rb"|(?!content-length|connection|transfer-encoding)[a-z0-9-]+: [!-~][ -~]*))+"
)


def _any_answer(received: bytes) -> Reading[HTTPAnswer]:
    """Returns the response that begins with ``received``."""
    if not received:
        raise BrokenExchangeError("the server closed the connection without a response")
    while True:
        status, version, headers, head, received = yield from _head(received)
        if status >= 200:
            break
        if status == 101:
            raise BrokenExchangeError("the server switched protocols")
    keeps_alive = _keeps_alive(version, headers)
    encoding = headers.get("transfer-encoding")
    if encoding is not None:
        if encoding.lower() != "chunked":
            raise BrokenExchangeError(f"the response has an unknown transfer encoding: {encoding!r}")
        body, rest = yield from _chunks(received)
    elif status in (204, 304):
        body, rest = b"", received
    elif "content-length" in headers:
        length = _length(headers["content-length"])
        body = yield from _exactly(received, length)
        body, rest = (body[:length], body[length:]) if len(body) > length else (body, b"")
        keeps_alive = keeps_alive and len(body) == length
    else:
        body, rest, keeps_alive = (yield from _exactly(received, _MAX_BODY)), b"", False
    # Surplus bytes would be read as the next response.
    return HTTPAnswer(status, head, body, keeps_alive and not rest)


def _head(received: bytes) -> Reading[tuple[int, str, dict[str, str], bytes, bytes]]:
    """Returns the response's status, version and headers, its head as received, and the bytes received after
    the head.
    """
    while (end := received.find(b"\r\n\r\n")) < 0:
        if len(received) > _MAX_HEAD:
            raise BrokenExchangeError("the response's headers are too long")
        more = yield READ_SIZE
        if not more:
            raise BrokenExchangeError("the server closed the connection without a response")
        received += more
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    version, _, status = first.partition(" ")
    if not version.startswith("HTTP/1.") or not (status[:3].isdecimal() and status[3:4] in ("", " ")):
        raise BrokenExchangeError(f"the response starts with {first[:60]!r}, which isn't HTTP")
    return int(status[:3]), version, _headers(lines), received[:end], received[end + 4 :]


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise BrokenExchangeError(f"the response has a malformed header: {line[:60]!r}")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _keeps_alive(version: str, headers: dict[str, str]) -> bool:
    wanted = headers.get("connection")
    if wanted is None:
        return version == "HTTP/1.1"
    tokens = {token.strip().lower() for token in wanted.split(",")}
    return "close" not in tokens and (version == "HTTP/1.1" or "keep-alive" in tokens)


def _length(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > _MAX_BODY:
        raise BrokenExchangeError(f"the response's Content-Length isn't valid: {text[:60]!r}")
    return int(text)


def _exactly(received: bytes, length: int) -> Reading[bytes]:
    """Returns ``received`` and the bytes that follow, ``length`` bytes in all. Returns fewer if the connection ends."""
    filled = len(received)
    if filled >= length:
        return received
    # One buffer for all pieces, because a list of separate bytes objects would cost more than copying.
    whole = memoryview(bytearray(length))
    whole[:filled] = received
    while filled < length and (more := (yield min(length - filled, _LARGEST_READ))):
        whole[filled : filled + len(more)] = more
        filled += len(more)
    return bytes(whole[:filled])


def _chunks(received: bytes) -> Reading[tuple[bytes, bytes]]:
    parts: list[bytes] = []
    total = 0
    while True:
        line, received = yield from _line(received)
        size_text = line.partition(b";")[0].strip()
        try:
            size = int(size_text, 16) if size_text.isalnum() else -1
        except ValueError:
            size = -1
        total += size
        if size < 0 or total > _MAX_BODY:
            raise BrokenExchangeError(f"a chunk of the response has a size that isn't valid: {line[:20]!r}")
        if size == 0:
            while line:  # trailers, and the empty line after them
                line, received = yield from _line(received)
            return b"".join(parts), received
        received = yield from _exactly(received, size + 2)
        if received[size : size + 2] != b"\r\n":
            raise BrokenExchangeError("the response broke off within a chunk")
        parts.append(received[:size])
        received = received[size + 2 :]


def _line(received: bytes) -> Reading[tuple[bytes, bytes]]:
    while (end := received.find(b"\r\n")) < 0:
        more = yield READ_SIZE
        if not more or len(received) > _MAX_HEAD:
            raise BrokenExchangeError("the response broke off between chunks")
        received += more
    return received[:end], received[end + 2 :]
