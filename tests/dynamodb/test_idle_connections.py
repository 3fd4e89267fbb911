"""The fast lane's connections: kept while they are open, never used after their end, closed with the lane."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool

from macaron_django.dynamodb.idle_connections import IdleConnections, OpenConnection


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


def taken(idle: IdleConnections) -> OpenConnection:
    kept = idle.take()
    assert kept is not None
    return kept


def test_what_botocore_has_opened_is_taken_and_given_back(pool: Any, server: socket.socket) -> None:
    idle = IdleConnections(pool)
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
    idle = IdleConnections(pool)
    connection, end = opened(pool, server)
    idle.give_back(taken(idle))
    end.close()
    assert idle.take() is None
    assert connection.sock is None


def test_a_connection_with_bytes_that_nobody_asked_for_is_not_used(pool: Any, server: socket.socket) -> None:
    idle = IdleConnections(pool)
    _, end = opened(pool, server)
    with end:
        idle.give_back(taken(idle))
        end.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        assert idle.take() is None


def test_no_more_are_kept_than_the_pool_would(pool: Any, server: socket.socket) -> None:
    idle = IdleConnections(pool)
    made = [(opened(pool, server), taken(idle)) for _ in range(3)]
    for _, kept in made:
        idle.give_back(kept)
    assert [connection.sock is None for (connection, _), _ in made] == [False, False, True]
    for (_, end), _ in made:
        end.close()


def test_they_are_closed_with_the_last_reference(pool: Any, server: socket.socket) -> None:
    idle = IdleConnections(pool)
    connection, end = opened(pool, server)
    with end:
        idle.give_back(taken(idle))
        del idle
        gc.collect()
        assert connection.sock is None
