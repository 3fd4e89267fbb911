"""Opens the blocking connections of a lane that has no botocore client."""

from __future__ import annotations

import socket
import time

from macaron_django.dynamodb.calls.fast_lane.idle_connections import IdleConnections, OpenConnection, watched
from macaron_django.dynamodb.calls.fast_lane.loop_connections import NotConnectedError, Place

__all__ = ["OpenedConnections"]


class OpenedConnections(IdleConnections):
    """The idle connections to ``place``, for use by threads."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.most)
        self._place = place

    def next_one(self, timeout: float | None) -> OpenConnection:
        """Opens a connection, and returns it. Raises NotConnectedError if the connection can't be opened. The
        exception's cause is an ``OSError``.
        """
        place = self._place
        limits = [each for each in (place.connect_timeout, timeout) if each is not None]
        try:
            opened = _opened(place, min(limits, default=None))
        except OSError as error:
            raise NotConnectedError(str(error)) from error
        return watched(opened, opened, place.read_timeout)


def _opened(place: Place, seconds: float | None) -> socket.socket:
    begun = time.monotonic()
    opened = socket.create_connection((place.host, place.port), seconds)
    try:
        for option in place.socket_options:
            opened.setsockopt(*option)
        if place.tls is None:
            return opened
        if seconds is not None:
            opened.settimeout(max(seconds - (time.monotonic() - begun), 0.001))
        return place.tls.wrap_socket(opened, server_hostname=place.host.rstrip("."))
    except BaseException:
        opened.close()
        raise
