"""One HTTP/1.1 exchange over a connection that is open already: bytes out, status, headers and body back.

In goes a connected socket with its timeout set; out comes the answer, and whether the connection can be used again.
Apart from the fast lane because this is HTTP (RFC 9112) and knows nothing of DynamoDB. How connections come about
(DNS, TLS, proxies) is urllib3's.
"""

from __future__ import annotations

import re
import socket
from typing import Final, NamedTuple

__all__ = ["BrokenExchangeError", "HTTPAnswer", "exchange"]

_READ_SIZE: Final = 65536
#: Of status line and headers together: what http.client allows for one line.
_MAX_HEAD: Final = 65536
_MAX_BODY: Final = 64 * 1024 * 1024  # DynamoDB's largest answers are 16 MB


class BrokenExchangeError(ConnectionError):
    """The connection ended, or what came isn't HTTP/1.1: nobody knows what became of the request."""


class HTTPAnswer(NamedTuple):
    """``head``: status line and headers as they came; ``keeps_alive``: the connection is fit for the next request."""

    status: int
    head: bytes
    body: bytes
    keeps_alive: bool

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case names."""
        return _headers(self.head.decode("latin-1").split("\r\n")[1:])


def exchange(connection: socket.socket, request: bytes) -> HTTPAnswer:
    """Send ``request`` and read its answer; ``OSError`` if that breaks off (TimeoutError: took too long)."""
    connection.sendall(request)
    received = connection.recv(_READ_SIZE)
    end = received.find(b"\r\n\r\n")
    head = received[: max(end, 0)]
    lowered = head.lower()
    ordinary = _ORDINARY.fullmatch(lowered)
    # A second length is another look's to refuse.
    if ordinary is not None and lowered.count(b"\r\ncontent-length: ") == 1:
        length, body = _length(ordinary[1].decode()), received[end + 4 :]
        if len(body) < length:
            body = _exactly(connection, body, length)
        if len(body) <= length:
            return HTTPAnswer(200, head, body, len(body) == length)
    return _any_answer(connection, received)


#: Nearly every answer: its parts come in one piece, nothing in it can be understood in two ways, and the connection
#: stays open. In lower case; the group is the length.
_ORDINARY: Final = re.compile(
    rb"http/1\.1 200 [^\r\n]*"
    rb"(?:\r\n(?:content-length: ([0-9]{1,8})|connection: keep-alive"
    rb"|(?!content-length|connection|transfer-encoding)[a-z0-9-]+: [!-~][ -~]*))+"
)


def _any_answer(connection: socket.socket, received: bytes) -> HTTPAnswer:
    """The answer that begins with ``received``."""
    if not received:
        raise BrokenExchangeError("the server closed the connection without an answer")
    while True:
        status, version, headers, head, received = _head(connection, received)
        if status >= 200:
            break
        if status == 101:
            raise BrokenExchangeError("the server switched protocols")
    keeps_alive = _keeps_alive(version, headers)
    encoding = headers.get("transfer-encoding")
    if encoding is not None:
        if encoding.lower() != "chunked":
            raise BrokenExchangeError(f"the answer has the transfer encoding {encoding!r}")
        body, rest = _chunks(connection, received)
    elif status in (204, 304):
        body, rest = b"", received
    elif "content-length" in headers:
        length = _length(headers["content-length"])
        body = _exactly(connection, received, length)
        body, rest = (body[:length], body[length:]) if len(body) > length else (body, b"")
        keeps_alive = keeps_alive and len(body) == length
    else:
        body, rest, keeps_alive = _to_the_end(connection, received), b"", False
    # Bytes that nobody asked for would be taken for the next answer.
    return HTTPAnswer(status, head, body, keeps_alive and not rest)


def _head(connection: socket.socket, received: bytes) -> tuple[int, str, dict[str, str], bytes, bytes]:
    """Status, version and headers of the answer, its head as it came, and what was received of what follows."""
    while (end := received.find(b"\r\n\r\n")) < 0:
        if len(received) > _MAX_HEAD:
            raise BrokenExchangeError("the answer's headers don't end")
        more = connection.recv(_READ_SIZE)
        if not more:
            raise BrokenExchangeError("the server closed the connection without an answer")
        received += more
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    version, _, status = first.partition(" ")
    if not version.startswith("HTTP/1.") or not (status[:3].isdecimal() and status[3:4] in ("", " ")):
        raise BrokenExchangeError(f"the answer starts with {first[:60]!r}, which isn't HTTP")
    return int(status[:3]), version, _headers(lines), received[:end], received[end + 4 :]


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise BrokenExchangeError(f"the answer has the header {line[:60]!r}")
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
        raise BrokenExchangeError(f"the answer has the length {text[:60]!r}")
    return int(text)


def _exactly(connection: socket.socket, received: bytes, length: int) -> bytes:
    """``received`` and what follows, until there are ``length`` bytes; fewer if the connection ends before."""
    filled = len(received)
    if filled >= length:
        return received
    # In one place: a list's pieces, each in memory of its own, cost more than what is in them.
    whole = memoryview(bytearray(length))
    whole[:filled] = received
    while filled < length and (more := connection.recv_into(whole[filled:])):
        filled += more
    return bytes(whole[:filled])


def _to_the_end(connection: socket.socket, received: bytes) -> bytes:
    return _exactly(connection, received, _MAX_BODY)


def _chunks(connection: socket.socket, received: bytes) -> tuple[bytes, bytes]:
    parts: list[bytes] = []
    total = 0
    while True:
        line, received = _line(connection, received)
        size_text = line.partition(b";")[0].strip()
        try:
            size = int(size_text, 16) if size_text.isalnum() else -1
        except ValueError:
            size = -1
        total += size
        if size < 0 or total > _MAX_BODY:
            raise BrokenExchangeError(f"the answer has a chunk of the size {line[:20]!r}")
        if size == 0:
            while line:  # trailers, and the empty line after them
                line, received = _line(connection, received)
            return b"".join(parts), received
        received = _exactly(connection, received, size + 2)
        if received[size : size + 2] != b"\r\n":
            raise BrokenExchangeError("the answer broke off within a chunk")
        parts.append(received[:size])
        received = received[size + 2 :]


def _line(connection: socket.socket, received: bytes) -> tuple[bytes, bytes]:
    while (end := received.find(b"\r\n")) < 0:
        more = connection.recv(_READ_SIZE)
        if not more or len(received) > _MAX_HEAD:
            raise BrokenExchangeError("the answer broke off between chunks")
        received += more
    return received[:end], received[end + 2 :]
