"""Takes open connections out of botocore's urllib3 pool. Also reads the pool's settings, which the connections of event
loops use, too.

The lane keeps the connections that it takes, so that a call needs neither the pool's queue nor its locks.
"""

from __future__ import annotations

import ssl
from typing import Any

from botocore.httpsession import create_urllib3_context

from macaron_django.dynamodb.calls.fast_lane.idle_connections import IdleConnections, OpenConnection, watched
from macaron_django.dynamodb.calls.fast_lane.loop_connections import Place

__all__ = ["PooledConnections", "place_of"]


class PooledConnections(IdleConnections):
    """The idle connections that come from the urllib3 pool ``pool``."""

    def __init__(self, pool: Any) -> None:
        super().__init__(pool.pool.maxsize)
        self.pool = pool

    def next_one(self, timeout: float | None) -> OpenConnection | None:
        connection = self.pool._get_conn()
        opened = getattr(connection, "sock", None)
        if opened is None or type(connection).__module__ != "botocore.awsrequest":
            self.pool._put_conn(connection)
            return None
        return watched(connection, opened, self.pool.timeout.read_timeout)


def place_of(pool: Any) -> Place:
    """Returns the ``Place`` of a urllib3 pool that uses no proxy. botocore's ``_setup_ssl_cert`` must have set the
    pool's certificates.
    """
    timeout = pool.timeout
    return Place(
        pool.host,
        pool.port,
        _tls(pool) if pool.scheme == "https" else None,
        pool.pool.maxsize,
        timeout.connect_timeout,
        timeout.read_timeout,
        tuple(pool.conn_kw.get("socket_options") or ()),
    )


def _tls(pool: Any) -> ssl.SSLContext:
    """Returns the TLS context that urllib3's ``HTTPSConnection.connect`` and ``ssl_wrap_socket`` would make."""
    context: ssl.SSLContext = create_urllib3_context()
    if pool.cert_reqs == "CERT_NONE":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = True
        context.load_verify_locations(pool.ca_certs)
    if pool.cert_file:
        context.load_cert_chain(pool.cert_file, pool.key_file)
    context.set_alpn_protocols(["http/1.1"])
    return context
