"""Finds out where and how an event loop connects, from the pool that botocore would use."""

from __future__ import annotations

import ssl
from typing import Any

from botocore.httpsession import create_urllib3_context

from macaron_django.dynamodb.calls.fast_lane.loop_connections import Place

__all__ = ["place_of"]


def place_of(pool: Any) -> Place:
    """The place of a urllib3 pool without a proxy, after ``_setup_ssl_cert`` has told it its certificates."""
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
    """As urllib3's ``HTTPSConnection.connect`` and ``ssl_wrap_socket`` make it."""
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
