"""The fast lane's connections: kept while they are open, never used after their end, closed with the lane."""

from __future__ import annotations

import gc
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool
from urllib3 import Timeout

from macaron_django.dynamodb.calls.fast_lane import idle_connections
from macaron_django.dynamodb.calls.fast_lane.blocking_exchange import exchange
from macaron_django.dynamodb.calls.fast_lane.idle_connections import OpenConnection
from macaron_django.dynamodb.calls.fast_lane.pooled_connections import PooledConnections


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def pool(server: socket.socket) -> Iterator[AWSHTTPConnectionPool]:
    made = AWSHTTPConnectionPool("127.0.0.1", server.getsockname()[1], maxsize=2)
    yield made
    made.close()


def opened(pool: Any, server: socket.socket) -> tuple[AWSHTTPConnection, socket.socket]:
    """A connection as botocore leaves it in the pool, and the server's end."""
    connection = pool._get_conn()
    connection.connect()
    pool._put_conn(connection)
    return connection, server.accept()[0]


def taken(idle: PooledConnections) -> OpenConnection:
    kept = idle.take()
    assert kept is not None
    return kept


def test_what_botocore_has_opened_is_taken_and_given_back(pool: Any, server: socket.socket) -> None:
    idle = PooledConnections(pool)
    assert idle.take() is None
    connection, end = opened(pool, server)
    with end:
        kept = taken(idle)
        assert kept.connection is connection
        assert idle.take() is None  # nobody else gets it
        idle.give_back(kept)
        assert taken(idle) is kept
        kept.connection.close()


def test_a_connection_that_the_server_has_closed_is_not_used(pool: Any, server: socket.socket) -> None:
    idle = PooledConnections(pool)
    connection, end = opened(pool, server)
    idle.give_back(taken(idle))
    end.close()
    assert idle.take() is None
    assert connection.sock is None


def test_a_connection_with_bytes_that_nobody_asked_for_is_not_used_after_a_second(
    pool: Any, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = PooledConnections(pool)
    _, end = opened(pool, server)
    with end:
        idle.give_back(taken(idle))
        end.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        later = time.monotonic() + 1
        monkeypatch.setattr(idle_connections.time, "monotonic", lambda: later)
        assert idle.take() is None


def never() -> bool:
    raise AssertionError("nobody was to ask this")


def test_a_connection_is_polled_only_after_a_second(pool: Any, server: socket.socket) -> None:
    idle = PooledConnections(pool)
    _, end = opened(pool, server)
    with end:
        idle.give_back(taken(idle)._replace(has_ended=never))
        kept = taken(idle)
        idle._idle.append((kept, time.monotonic() - 1))
        with pytest.raises(AssertionError):
            idle.take()
        kept.connection.close()


def test_a_connection_whose_state_nobody_tells_is_polled_at_once(pool: Any, server: socket.socket) -> None:
    idle = PooledConnections(pool)
    connection, end = opened(pool, server)
    kept = taken(idle)
    idle.give_back(kept._replace(is_open=lambda: False))
    assert idle.take() is not None
    idle.give_back(kept._replace(is_open=lambda: False))
    end.close()
    assert idle.take() is None
    assert connection.sock is None


def test_a_connection_that_was_reset_is_not_used(pool: Any, server: socket.socket) -> None:
    idle = PooledConnections(pool)
    connection, end = opened(pool, server)
    idle.give_back(taken(idle))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST in place of FIN
    end.close()
    assert idle.take() is None
    assert connection.sock is None


@pytest.mark.parametrize(("shorter", "expected"), [(None, 0.2), (0.05, 0.05)])
def test_an_answer_is_waited_for_as_long_as_the_client_says(server: socket.socket, shorter: Any, expected: Any) -> None:
    pool: Any = AWSHTTPConnectionPool("127.0.0.1", server.getsockname()[1], timeout=Timeout(connect=2, read=0.2))
    idle = PooledConnections(pool)
    _, end = opened(pool, server)
    with end:
        kept = taken(idle)
        kept.wait_at_most(shorter)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                exchange(kept.socket, b"POST / HTTP/1.1\r\n\r\n")
            assert expected * 0.9 <= time.monotonic() - began < expected + 2
            kept.wait_at_most(None)
            expected = 0.2
        kept.connection.close()
    pool.close()


def test_no_more_are_kept_than_the_pool_would(pool: Any, server: socket.socket) -> None:
    idle = PooledConnections(pool)
    made = [(opened(pool, server), taken(idle)) for _ in range(3)]
    for _, kept in made:
        idle.give_back(kept)
    assert [connection.sock is None for (connection, _), _ in made] == [False, False, True]
    for (_, end), _ in made:
        end.close()


def test_they_are_closed_with_the_last_reference(pool: Any, server: socket.socket) -> None:
    idle = PooledConnections(pool)
    connection, end = opened(pool, server)
    with end:
        idle.give_back(taken(idle))
        del idle
        gc.collect()
        assert connection.sock is None
