"""HTTP/1.1 over an open connection: every way in which an answer may come, and in which it may not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable

import pytest

from macaron_django.dynamodb.calls.fast_lane.blocking_exchange import exchange
from macaron_django.dynamodb.calls.fast_lane.http import BrokenExchangeError, HTTPAnswer

OK = b"HTTP/1.1 200 OK\r\n"


def answered(*pieces: bytes, ends: bool = True, timeout: float = 60.0) -> HTTPAnswer:
    """What is read of an answer that comes in these pieces; ``ends``: the server closes the connection after it."""
    ours, servers = socket.socketpair()
    ours.settimeout(timeout)

    def serve(pieces: Iterable[bytes]) -> None:
        servers.recv(65536)
        for piece in pieces:
            servers.sendall(piece)
            time.sleep(0.002)  # so that pieces come one by one
        if ends:
            servers.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=serve, args=(pieces,))
    thread.start()
    try:
        return exchange(ours, b"POST / HTTP/1.1\r\n\r\n")
    finally:
        thread.join()
        ours.close()
        servers.close()


def test_an_answer_with_a_length_leaves_the_connection_open() -> None:
    answer = answered(OK + b"Content-Length: 5\r\nX-Amz-Crc32: 7\r\n\r\nhello", ends=False)
    assert (answer.status, answer.body, answer.keeps_alive) == (200, b"hello", True)
    assert answer.headers == {"content-length": "5", "x-amz-crc32": "7"}


def test_an_answer_may_come_byte_by_byte() -> None:
    whole = OK + b"content-length:3\r\n\r\nabc"
    assert answered(*(bytes([octet]) for octet in whole), ends=False).body == b"abc"


def test_a_large_body_is_read_whole() -> None:
    body = bytes(range(256)) * 8192
    assert answered(OK + b"Content-Length: %d\r\n\r\n" % len(body), body, ends=False).body == body


def test_chunks_are_put_together() -> None:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = answered(head + b"3\r\nabc\r\n", b"A;x=y\r\n0123456789", b"\r\n0\r\nTrailer: t\r\n\r\n", ends=False)
    assert (answer.body, answer.keeps_alive) == (b"abc0123456789", True)


def test_interim_answers_are_passed_over() -> None:
    answer = answered(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"Content-Length: 0\r\n\r\n"
    )
    assert (answer.status, answer.body) == (200, b"")


def test_a_chunked_answer_is_read_by_its_chunks_even_if_it_has_a_length() -> None:
    head = OK + b"Content-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert answered(head + b"3\r\nabc\r\n0\r\n\r\n", ends=False).body == b"abc"


def test_headers_of_one_name_are_joined() -> None:
    assert answered(OK + b"A: 1\r\na: 2\r\nContent-Length: 0\r\n\r\n").headers["a"] == "1, 2"


@pytest.mark.parametrize(
    ("head", "keeps_alive"),
    [
        (OK + b"Connection: keep-alive\r\n", True),
        (OK + b"Connection: Close\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", True),
    ],
)
def test_the_server_says_whether_the_connection_stays_open(head: bytes, keeps_alive: bool) -> None:
    assert answered(head + b"Content-Length: 2\r\n\r\n{}", ends=False).keeps_alive == keeps_alive


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    answer = answered(OK + b"\r\n{", b"}")
    assert (answer.body, answer.keeps_alive) == (b"{}", False)


def test_a_body_that_breaks_off_is_handed_on_as_it_came() -> None:
    """As botocore does: the checksum, or the JSON, tells."""
    answer = answered(OK + b"Content-Length: 10\r\n\r\nhalf")
    assert (answer.body, answer.keeps_alive) == (b"half", False)


def test_bytes_after_an_answer_are_not_taken_for_the_next() -> None:
    answer = answered(OK + b"Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n", ends=False)
    assert (answer.body, answer.keeps_alive) == (b"{}", False)


def test_an_answer_that_has_no_body_is_read_as_such() -> None:
    assert answered(b"HTTP/1.1 204 No Content\r\n\r\n", ends=False).body == b""


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"Content-Length : 1\r\n\r\n1",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n1",
        OK + b"Content-Length: 1\r\nContent-Length:2\r\n\r\n12",
        OK + b"Content-Length: 1\r\nA\r\n\r\n1",
        OK + b"Content-Length: 99999999999\r\n\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        OK + b"X: " + b"x" * 140_000,
    ],
)
def test_what_is_no_answer_breaks_the_exchange(nonsense: bytes) -> None:
    with pytest.raises(BrokenExchangeError):
        answered(nonsense)


def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        answered(OK, ends=False, timeout=0.05)
